//! Experienced wait: what a rider waits at a stop beyond what was told when they came.
//!
//! Riders come every minute and take the next vehicle of their route and direction, whichever trip it
//! is: a wrong trip that comes at the told time costs them nothing. Looked at for every stop whenever the
//! next vehicle comes within half an hour and had been heard.

use super::cell::quantile;
use super::coverage::HEARD_S;
use super::ground::Ground;
use super::predictor::standing;
use super::sample::minutes_before;
use super::tally::{mean, share};
use super::{Made, Moments, Predictions, Truth, Visit};
use gtfs::{RouteIdx, StopIdx, Timestamp};
use std::collections::BTreeMap;

/// What riders waited beyond what they were told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WaitDelay {
    /// Minutes in which a rider came and was told something.
    pub riders: u64,
    /// Minutes in which nothing was told of any vehicle to come.
    pub untold: u64,
    /// Mean of next actual less next told, seconds.
    pub mean_s: Option<f64>,
    /// Mean of its size, seconds.
    pub mean_abs_s: Option<f64>,
    /// One rider in ten waits longer beyond the told time, seconds.
    pub p90_s: Option<f64>,
}

impl WaitDelay {
    /// Share of riders who were told nothing.
    #[must_use]
    pub fn untold_share(&self) -> Option<f64> {
        share(self.untold, self.riders + self.untold)
    }
}

/// Where a rider waits.
type Place = (RouteIdx, Option<u8>, StopIdx);

/// A vehicle that came there, and what was told of it.
struct Came<'a> {
    visit: &'a Visit,
    made: &'a [Made],
}

pub(super) fn of(log: &Predictions, truth: &Truth, pings: &Moments, ground: &Ground<'_>) -> WaitDelay {
    let Some(begun) = pings.begun() else { return WaitDelay::default() };
    let mut waited_s: Vec<f32> = Vec::new();
    let mut untold = 0;
    for came in places(log, truth, ground).into_values() {
        let mut before = begun;
        for (at, next) in came.iter().enumerate() {
            for moment in minutes_before(next.visit.arrival, before) {
                if next.visit.blurred || !pings.was_heard(&next.visit.vehicle, moment, HEARD_S) {
                    continue;
                }
                match next_told(&came[at..], moment) {
                    Some(told) => waited_s.push(next.visit.arrival.since_s(told) as f32),
                    None => untold += 1,
                }
            }
            before = next.visit.arrival;
        }
    }
    let riders = waited_s.len() as u64;
    let sum = |of: fn(f64) -> f64| waited_s.iter().map(|s| of(f64::from(*s))).sum::<f64>();
    let (mean_s, mean_abs_s) = (mean(sum(|s| s), riders), mean(sum(f64::abs), riders));
    waited_s.sort_by(f32::total_cmp);
    WaitDelay { riders, untold, mean_s, mean_abs_s, p90_s: quantile(&waited_s, 0.9) }
}

/// Who came where, in the order they came.
fn places<'a>(log: &'a Predictions, truth: &'a Truth, ground: &Ground<'_>) -> BTreeMap<Place, Vec<Came<'a>>> {
    let mut places: BTreeMap<Place, Vec<Came<'a>>> = BTreeMap::new();
    for (trip, visits) in &truth.trips {
        let Some(way) = ground.ways.get(trip) else { continue };
        for visit in visits {
            let Some(call) = way.call(visit.sequence) else { continue };
            let place = (way.route, way.direction, way.calls[call].stop);
            places.entry(place).or_default().push(Came { visit, made: log.of(trip, visit.sequence) });
        }
    }
    for came in places.values_mut() {
        came.sort_by_key(|came| came.visit.arrival);
    }
    places
}

/// The earliest arrival told of those still to come; one that is overdue is due at once.
fn next_told(to_come: &[Came<'_>], moment: Timestamp) -> Option<Timestamp> {
    to_come.iter().filter_map(|came| standing(came.made, moment)).map(|made| made.arrival.max(moment)).min()
}
