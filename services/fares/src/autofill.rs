//! Where a rider got off who did not tap off; only ever lowers a charge (fares design, section 5).
//!
//! In this order: what the rider or an agent confirmed; the stop nearest to his next boarding of the day; nearest to
//! the first of the next day; where he nearly always gets off. At most a few in a month, confirmed ones not counted.

use crate::card::Profile;
use crate::journey::{InForce, Passage, service_day};
use crate::leg::LegStatus;
use crate::rate::Facts;
use crate::ride::{Place, PlacedTap, Ride};
use crate::tariff::Tariff;
use chrono::Datelike;
use gtfs::Timestamp;
use gtfs::time::MICROS;
use std::sync::Arc;

/// How fast people walk, metres a minute: 1.2 m/s, the design speed of pedestrian crossings (MUTCD 2009, section 4E.06,
/// 3.5 to 4 ft/s).
const WALK_M_PER_MIN: i64 = 72;
/// A pier's departures are looked for from this long before the tap, seconds: boarding goes on while boats leave late.
const DEPARTED_S_MAX: i64 = 120;
/// And up to this long after it, seconds.
const DEPARTS_S_MAX: i64 = 5_400;
/// Seconds in a day.
const DAY_S: i64 = 86_400;

/// A stop that a rider may have got off at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) stop: Arc<str>,
    pub(crate) arrived: Timestamp,
}

/// Where he got off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) stop: Arc<str>,
    pub(crate) is_confirmed: bool,
}

/// A leg with both taps.
#[derive(Clone, Debug)]
struct Ridden {
    route: Arc<str>,
    from: Arc<str>,
    to: Arc<str>,
    t: Timestamp,
}

/// What a card did before, as far as it teaches where it gets off, and how often that was used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Habits {
    /// Legs with both taps, oldest first.
    rides: Vec<Ridden>,
    /// Year and month of each autofill.
    filled: Vec<(i32, u32)>,
}

impl Habits {
    /// Remembers a leg with both ends.
    pub(crate) fn note(&mut self, place: &Place, to: &Arc<str>, t: Timestamp, status: LegStatus) {
        if status == LegStatus::Complete && !to.is_empty() && !place.stop.is_empty() {
            let (route, from, to) = (Arc::clone(&place.route), Arc::clone(&place.stop), Arc::clone(to));
            self.rides.push(Ridden { route, from, to, t });
        }
    }

    /// Counts an autofill.
    pub(crate) fn filled(&mut self, t: Timestamp, found: &Found, tariff: &Tariff) {
        if !found.is_confirmed {
            self.filled.push(month(t, tariff));
        }
    }

    fn may_fill(&self, t: Timestamp, tariff: &Tariff) -> bool {
        let month = month(t, tariff);
        let used = self.filled.iter().filter(|&&filled| filled == month).count();
        used < tariff.limits().autofills_per_month as usize
    }

    /// The one stop at which nearly all rides like this one ended.
    fn usual(&self, on: &PlacedTap, tariff: &Tariff) -> Option<&Arc<str>> {
        let limits = tariff.limits();
        let oldest = Timestamp(on.t.0 - i64::from(limits.habit_days) * DAY_S * MICROS);
        let like =
            |ride: &&Ridden| ride.t >= oldest && ride.route == on.place.route && ride.from == on.place.stop;
        let ends: Vec<&Arc<str>> = self.rides.iter().filter(like).map(|ride| &ride.to).collect();
        if ends.len() < limits.habit_legs_min as usize {
            return None;
        }
        let count = |end: &Arc<str>| ends.iter().filter(|other| **other == end).count();
        let usual = ends.iter().max_by_key(|end| (count(end), std::cmp::Reverse(**end)))?;
        (count(usual) * 100 >= ends.len() * limits.habit_percent_min as usize).then_some(*usual)
    }
}

fn month(t: Timestamp, tariff: &Tariff) -> (i32, u32) {
    let day = tariff.service_day_of(t).0;
    (day.year(), day.month())
}

/// The next boarding after `on`, and whether it was on the same service day.
pub(crate) fn next_boarding<'a>(
    on: &PlacedTap,
    later: &[Passage],
    taps: &'a [PlacedTap],
    tariffs: InForce<'_>,
) -> Option<(&'a PlacedTap, bool)> {
    let next = &taps[later.iter().find(|passage| passage.is_boarding())?.first];
    let tariff = tariffs.at(on.t);
    let (today, then) = (service_day(on, tariff), service_day(next, tariffs.at(next.t)));
    (then <= today.next()).then_some((next, then <= today))
}

/// Where the rider of `on` got off, if that can be told.
pub(crate) fn alighting(
    on: &PlacedTap,
    next: Option<(&PlacedTap, bool)>,
    profile: &Profile,
    habits: &Habits,
    tariff: &Tariff,
    facts: Facts<'_>,
) -> Option<Found> {
    if let Some(confirmed) = profile.confirmed.iter().rev().find(|confirmed| confirmed.tap == on.id) {
        return Some(Found { stop: Arc::clone(&confirmed.stop), is_confirmed: true });
    }
    if !habits.may_fill(on.t, tariff) {
        return None;
    }
    let candidates = candidates(on, facts);
    let near_next = match next {
        Some((boarding, true)) => nearest(&candidates, boarding, Some(boarding.t), tariff, facts),
        Some((boarding, false)) => nearest(&candidates, boarding, None, tariff, facts),
        None => None,
    };
    let usual = || {
        let usual = habits.usual(on, tariff)?;
        candidates.iter().any(|candidate| candidate.stop == *usual).then(|| Arc::clone(usual))
    };
    let stop = near_next.or_else(usual)?;
    Some(Found { stop, is_confirmed: false })
}

/// The candidate with the shortest walk to the boarding, not too far, and in time where that is asked.
fn nearest(
    candidates: &[Candidate],
    boarding: &PlacedTap,
    by: Option<Timestamp>,
    tariff: &Tariff,
    facts: Facts<'_>,
) -> Option<Arc<str>> {
    let there = facts.stops.get(&boarding.place.stop)?;
    let reach_m = i64::from(tariff.limits().autofill_walk_m);
    let walk = |candidate: &Candidate| {
        let walk_m = distance_m(*facts.stops.get(&candidate.stop)?, *there);
        let there_at = candidate.arrived.0 + walk_m * 60 * MICROS / WALK_M_PER_MIN;
        (walk_m <= reach_m && by.is_none_or(|by| there_at <= by.0)).then_some(walk_m)
    };
    let walks = candidates.iter().filter_map(|candidate| Some((walk(candidate)?, candidate)));
    walks
        .min_by_key(|(walk_m, candidate)| (*walk_m, &candidate.stop, candidate.arrived))
        .map(|(_, c)| Arc::clone(&c.stop))
}

/// Whole metres, rounded down.
fn distance_m(a: (i32, i32), b: (i32, i32)) -> i64 {
    let (dx, dy) = (i64::from(a.0) - i64::from(b.0), i64::from(a.1) - i64::from(b.1));
    (dx * dx + dy * dy).isqrt()
}

/// The stops that the vehicle served after the boarding; at a pier, those of every departure it could have been.
pub(crate) fn candidates(on: &PlacedTap, facts: Facts<'_>) -> Vec<Candidate> {
    if let Some(ride) = on.place.ride.as_deref().and_then(|key| facts.rides.get(key)) {
        let boarded = on.place.sequence.and_then(|sequence| ride.at(sequence));
        let boarded = boarded.or_else(|| ride.calls.iter().position(|call| call.stop == on.place.stop));
        return served_after(ride, boarded.unwrap_or(0));
    }
    if !on.place.vehicle.is_empty() || on.place.stop.is_empty() {
        return Vec::new();
    }
    let (from, until) = (on.t.0 - DEPARTED_S_MAX * MICROS, on.t.0 + DEPARTS_S_MAX * MICROS);
    let mut found = Vec::new();
    for ride in facts.rides.values() {
        let leaves = |at: &usize| {
            let call = &ride.calls[*at];
            let left = call.left.unwrap_or(call.aimed).0;
            call.stop == on.place.stop && from <= left && left <= until
        };
        let is_here =
            facts.tariffs.at(on.t).network_of(&ride.route).is_some_and(|net| *net == on.place.network);
        if is_here && let Some(at) = (0..ride.calls.len()).find(leaves) {
            found.extend(served_after(ride, at));
        }
    }
    found
}

/// Calls after `at`; once the vehicle was seen, only those at which it was.
fn served_after(ride: &Ride, at: usize) -> Vec<Candidate> {
    let was_seen = ride.calls.iter().any(|call| call.arrived.is_some() || call.left.is_some());
    let after = ride.calls.iter().skip(at + 1);
    let served = after.filter(|call| !was_seen || call.arrived.is_some() || call.left.is_some());
    let candidate = |call: &crate::ride::RideCall| Candidate {
        stop: Arc::clone(&call.stop),
        arrived: call.arrived.or(call.left).unwrap_or(call.aimed),
    };
    served.map(candidate).collect()
}
