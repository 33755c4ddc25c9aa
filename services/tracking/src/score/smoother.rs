//! What happened, from the pings alone: arrivals and departures by a two-sided smoother.
//!
//! Arrival is the first crossing of 15 m before the stop, departure the last crossing of 15 m after it
//! (a bus that halts a little short has arrived), in proportion between the two fixes around it. Where
//! those are too far apart the event is kept as blurred: it still wants a prediction, and measures no
//! error. The trips are those that the vehicles claimed.

use super::cell::quantile;
use super::ground::{Ground, Place, Way};
use super::{Truth, Visit};
use gtfs::Timestamp;

/// A stop begins and ends this far from its point, metres.
const NEAR_M: f32 = 15.0;
/// With fixes farther apart nothing is known of what happened between, seconds (start).
const UNSEEN_S: f64 = 300.0;
/// Fixes at most this far apart measure an error, seconds.
pub const TRUTH_GAP_S: f64 = 60.0;
/// The same for recordings in which vehicles report about twice a minute.
pub const TRUTH_GAP_SLOW_S: f64 = 90.0;

impl Truth {
    /// Derives the visits of every trip on the ground. Fixes more than `gap_s` apart blur an event.
    #[must_use]
    pub fn derive(ground: &Ground<'_>, gap_s: f64) -> Self {
        let mut truth = Self::default();
        for (trip, way) in &ground.ways {
            let mut visits: Vec<Visit> = Vec::new();
            for (vehicle, track) in &way.tracks {
                let seen = (0..way.calls.len()).filter_map(|call| visit(way, vehicle, track, call, gap_s));
                for visit in seen {
                    if visits.iter().all(|other| other.sequence != visit.sequence) {
                        visits.push(visit);
                    }
                }
            }
            visits.sort_by_key(|visit| (visit.arrival, visit.sequence));
            if !visits.is_empty() {
                truth.trips.insert(trip.clone(), visits);
            }
        }
        truth
    }
}

fn visit(way: &Way<'_>, vehicle: &str, track: &[Place], call: usize, gap_s: f64) -> Option<Visit> {
    let along_m = way.calls[call].along_m;
    let (before, after) = (along_m - NEAR_M, along_m + NEAR_M);
    let arrives = |pair: &&[Place]| pair[0].really_m < before && pair[1].really_m >= before;
    let leaves = |pair: &&[Place]| pair[0].really_m <= after && pair[1].really_m > after;
    let arrival = track.windows(2).find(arrives)?;
    let departure = track.windows(2).rfind(leaves).filter(|pair| spread_s(pair) <= gap_s);
    if spread_s(arrival) > UNSEEN_S {
        return None;
    }
    let arrived = crossed(arrival, before);
    Some(Visit {
        sequence: way.calls[call].sequence,
        vehicle: vehicle.to_owned(),
        aimed: Some(way.origin.plus_s(f64::from(way.times[call].arrival_s))),
        arrival: arrived,
        departure: departure.map(|pair| crossed(pair, after).max(arrived)),
        blurred: spread_s(arrival) > gap_s,
    })
}

fn spread_s(pair: &[Place]) -> f64 {
    pair[1].t.since_s(pair[0].t)
}

fn crossed(pair: &[Place], at_m: f32) -> Timestamp {
    let share = (at_m - pair[0].really_m) / (pair[1].really_m - pair[0].really_m);
    pair[0].t.plus_s(f64::from(share) * spread_s(pair))
}

/// How well two truths agree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Arrivals of the first.
    pub given: u64,
    /// Of those, in the second too.
    pub found: u64,
    /// Arrivals that only the second has.
    pub more: u64,
    /// Median of the differences' sizes, seconds.
    pub median_s: Option<f64>,
    /// Nine tenths are at most this large, seconds.
    pub p90_s: Option<f64>,
}

impl Agreement {
    /// Compares arrivals that are not blurred.
    #[must_use]
    pub fn of(given: &Truth, derived: &Truth) -> Self {
        let mut sizes = Vec::new();
        let sharp = |truth: &Truth| {
            let all = truth.trips.values().flatten();
            all.filter(|visit| !visit.blurred).count() as u64
        };
        for (trip, visits) in &given.trips {
            let Some(others) = derived.trips.get(trip) else { continue };
            for visit in visits.iter().filter(|visit| !visit.blurred) {
                let same = |other: &&Visit| other.sequence == visit.sequence && !other.blurred;
                if let Some(other) = others.iter().find(same) {
                    sizes.push(other.arrival.since_s(visit.arrival).abs() as f32);
                }
            }
        }
        sizes.sort_by(f32::total_cmp);
        let found = sizes.len() as u64;
        Self {
            given: sharp(given),
            found,
            more: sharp(derived).saturating_sub(found),
            median_s: quantile(&sizes, 0.5),
            p90_s: quantile(&sizes, 0.9),
        }
    }
}
