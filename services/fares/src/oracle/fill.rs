//! Where a rider got off who did not say so (fares design, section 5).

use super::pairing::Passage;
use super::pricing::{rider, to_stop, unfilled};
use crate::card::Profile;
use crate::leg::LegStatus;
use crate::rate::Facts;
use crate::ride::{Ride, RideCall};
use chrono::Datelike;
use gtfs::Timestamp;
use gtfs::time::MICROS;
use std::sync::Arc;

/// A ferry that left this long before the tap may have been the rider's, seconds.
const LEFT_BEFORE_S_MAX: i64 = 120;
/// And one that leaves this long after it, seconds.
const LEAVES_AFTER_S_MAX: i64 = 5_400;
/// Metres that a rider walks in a minute.
const WALK_M_PER_MIN: i64 = 72;
const SECONDS_PER_DAY: i64 = 86_400;

/// Where a rider is taken to have got off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    None,
    Inferred(Arc<str>),
    Confirmed(Arc<str>),
}

/// A stop at which the rider could have got off.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) stop: Arc<str>,
    arrival: Timestamp,
}

/// What is filled in for each passage, given what was filled in for those before it.
pub(super) fn fills(passages: &[Passage<'_>], profile: &Profile, facts: Facts<'_>) -> Vec<Fill> {
    (0..passages.len()).fold(Vec::new(), |before, at| {
        let fill = fill(at, passages, &before, profile, facts);
        [before, vec![fill]].concat()
    })
}

fn fill(at: usize, passages: &[Passage<'_>], before: &[Fill], profile: &Profile, facts: Facts<'_>) -> Fill {
    let passage = &passages[at];
    if passage.status != LegStatus::MissingOff {
        return Fill::None;
    }
    if let Some(said) = profile.confirmed.iter().rev().find(|said| said.tap == passage.first.id) {
        return Fill::Confirmed(Arc::clone(&said.stop));
    }
    let tariff = facts.tariffs.at(passage.first.t);
    let month = |passage: &Passage<'_>| {
        let day = facts.tariffs.at(passage.first.t).service_day_of(passage.first.t);
        (day.0.year(), day.0.month())
    };
    let used = before
        .iter()
        .zip(passages)
        .filter(|(fill, other)| matches!(fill, Fill::Inferred(_)) && month(other) == month(passage));
    if used.count() >= tariff.limits().autofills_per_month as usize {
        return Fill::None;
    }
    let could = candidates(passage, facts);
    let found = near_the_next(at, passages, &could, facts)
        .or_else(|| habit(at, passages, facts).filter(|stop| could.iter().any(|other| other.stop == *stop)));
    let Some(stop) = found else { return Fill::None };
    let holder = rider(passage, 0, profile);
    let default = unfilled(passage, holder, tariff, facts);
    match to_stop(passage, &stop, holder, tariff) {
        Some(filled) if filled.alone < default.alone => Fill::Inferred(stop),
        _ => Fill::None,
    }
}

/// Where the rider could have got off, as far as the ride is known, or what it could have been.
pub(super) fn candidates(passage: &Passage<'_>, facts: Facts<'_>) -> Vec<Candidate> {
    let (place, t) = (&passage.first.place, passage.first.t);
    if let Some(ride) = passage.ride {
        let by_sequence =
            place.sequence.and_then(|wanted| ride.calls.iter().position(|call| call.sequence == wanted));
        let by_stop = || ride.calls.iter().position(|call| call.stop == place.stop);
        return calls_after(ride, by_sequence.or_else(by_stop).unwrap_or(0));
    }
    if !place.vehicle.is_empty() || place.stop.is_empty() || place.ride.is_some() {
        return Vec::new();
    }
    let tariff = facts.tariffs.at(t);
    let (earliest, latest) = (t.0 - LEFT_BEFORE_S_MAX * MICROS, t.0 + LEAVES_AFTER_S_MAX * MICROS);
    let of = |ride: &Ride| {
        let at = ride.calls.iter().position(|call| call.stop == place.stop)?;
        let leaves = ride.calls[at].left.unwrap_or(ride.calls[at].aimed).0;
        let could_be = earliest <= leaves && leaves <= latest;
        (could_be && tariff.network_of(&ride.route) == Some(&place.network)).then(|| calls_after(ride, at))
    };
    facts.rides.values().filter_map(of).flatten().collect()
}

fn calls_after(ride: &Ride, boarded: usize) -> Vec<Candidate> {
    let is_seen = |call: &RideCall| call.arrived.is_some() || call.left.is_some();
    let any_seen = ride.calls.iter().any(is_seen);
    let later = ride.calls.iter().skip(boarded + 1).filter(|call| !any_seen || is_seen(call));
    let candidate = |call: &RideCall| Candidate {
        stop: Arc::clone(&call.stop),
        arrival: call.arrived.or(call.left).unwrap_or(call.aimed),
    };
    later.map(candidate).collect()
}

/// The candidate from which it is the shortest walk to where the rider boarded next.
fn near_the_next(
    at: usize,
    passages: &[Passage<'_>],
    could: &[Candidate],
    facts: Facts<'_>,
) -> Option<Arc<str>> {
    let passage = &passages[at];
    let boards = |other: &&Passage<'_>| !matches!(other.status, LegStatus::Void | LegStatus::MissingOn);
    let next = passages[at + 1..].iter().find(boards)?;
    let is_timed = next.day <= passage.day;
    if !is_timed && next.day != passage.day.next() {
        return None;
    }
    let there = facts.stops.get(&next.first.place.stop)?;
    let walk_m_max = i64::from(facts.tariffs.at(passage.first.t).limits().autofill_walk_m);
    let near = could.iter().filter_map(|candidate| {
        let walk_m = meters(*facts.stops.get(&candidate.stop)?, *there);
        let arrives = candidate.arrival.0 + walk_m * 60 * MICROS / WALK_M_PER_MIN;
        let fits = walk_m <= walk_m_max && (!is_timed || arrives <= next.first.t.0);
        fits.then_some((walk_m, &candidate.stop, candidate.arrival))
    });
    near.min().map(|(_, stop, _)| Arc::clone(stop))
}

/// Whole metres between two places.
fn meters(a: (i32, i32), b: (i32, i32)) -> i64 {
    let (x, y) = (i64::from(a.0) - i64::from(b.0), i64::from(a.1) - i64::from(b.1));
    (x * x + y * y).isqrt()
}

/// Where the holder mostly gets off when he boards here.
fn habit(at: usize, passages: &[Passage<'_>], facts: Facts<'_>) -> Option<Arc<str>> {
    let passage = &passages[at];
    let (place, t) = (&passage.first.place, passage.first.t);
    let limits = facts.tariffs.at(t).limits();
    let earliest = Timestamp(t.0 - i64::from(limits.habit_days) * SECONDS_PER_DAY * MICROS);
    if place.stop.is_empty() {
        return None;
    }
    let alike = passages[..at].iter().filter(|other| {
        let there = &other.first.place;
        other.status == LegStatus::Complete
            && (&there.route, &there.stop) == (&place.route, &place.stop)
            && earliest <= other.first.t
    });
    let ends = alike.filter_map(|other| other.off.map(|off| &off.place.stop));
    let ends: Vec<&Arc<str>> = ends.filter(|stop| !stop.is_empty()).collect();
    let times = |stop: &Arc<str>| ends.iter().filter(|other| **other == stop).count();
    let most = ends.iter().map(|stop| times(stop)).max()?;
    let favourite = ends.iter().copied().filter(|stop| times(stop) == most).min()?;
    let enough = ends.len() >= limits.habit_legs_min as usize;
    let often = most * 100 >= limits.habit_percent_min as usize * ends.len();
    (enough && often).then(|| Arc::clone(favourite))
}
