//! Which taps belong together (fares design, section 4): what each tap means, given what those before it
//! meant.

use crate::leg::LegStatus;
use crate::rate::Facts;
use crate::ride::{PlacedTap, Ride};
use crate::tap::TapKind;
use gtfs::time::MICROS;
use gtfs::{ServiceDay, Timestamp};

/// Taps on one vehicle of which the trip is not known are of one run for this long, seconds.
const RUN_S_MAX: i64 = 3_600;

/// What a tap means. Numbers are places in the list of taps: of the first tap of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The rider was not let in.
    Denied,
    /// A whole leg: one tap is enough.
    Rides,
    /// The rider is on the way from here.
    Boards,
    /// The rider got off, nobody knows where he had got on.
    Alights,
    /// The first tap of that leg once more.
    Repeats(usize),
    /// The rider got off.
    Ends(usize),
    /// The rider got off where he had got on.
    EndsAtOnce(usize),
    /// The rider changed his mind.
    Voids(usize),
}

/// One journey on one vehicle, of all that were on its taps.
#[derive(Clone, Debug)]
pub(super) struct Passage<'a> {
    pub(super) first: &'a PlacedTap,
    pub(super) off: Option<&'a PlacedTap>,
    pub(super) riders: u8,
    /// Before anything was filled in.
    pub(super) status: LegStatus,
    pub(super) is_one_tap: bool,
    pub(super) is_at_once: bool,
    pub(super) day: ServiceDay,
    pub(super) ride: Option<&'a Ride>,
}

pub(super) fn ride_of<'a>(tap: &PlacedTap, facts: Facts<'a>) -> Option<&'a Ride> {
    tap.place.ride.as_ref().and_then(|key| facts.rides.get(&**key))
}

fn day_of(tap: &PlacedTap, facts: Facts<'_>) -> ServiceDay {
    let own = tap.place.ride.as_ref().map(|key| key.day);
    own.unwrap_or_else(|| facts.tariffs.at(tap.t).service_day_of(tap.t))
}

fn is_same_run(a: &PlacedTap, b: &PlacedTap) -> bool {
    let one_vehicle = !a.place.vehicle.is_empty() && a.place.vehicle == b.place.vehicle;
    one_vehicle
        && match (&a.place.ride, &b.place.ride) {
            (Some(a), Some(b)) => a == b,
            _ => (b.t.0 - a.t.0).abs() <= RUN_S_MAX * MICROS,
        }
}

fn is_same_stop(a: &PlacedTap, b: &PlacedTap) -> bool {
    match (a.place.sequence, b.place.sequence) {
        (Some(a), Some(b)) => a == b,
        _ => !a.place.stop.is_empty() && a.place.stop == b.place.stop,
    }
}

fn is_pier(a: &PlacedTap, b: &PlacedTap) -> bool {
    (a.place.vehicle.is_empty() || b.place.vehicle.is_empty()) && a.place.network == b.place.network
}

/// What each tap means.
pub(super) fn parts(taps: &[PlacedTap], facts: Facts<'_>) -> Vec<Part> {
    taps.iter().enumerate().fold(Vec::new(), |before, (at, tap)| {
        let part = part(tap, taps, &before, facts);
        debug_assert_eq!(at, before.len());
        [before, vec![part]].concat()
    })
}

fn part(tap: &PlacedTap, taps: &[PlacedTap], before: &[Part], facts: Facts<'_>) -> Part {
    if tap.denied {
        return Part::Denied;
    }
    if !facts.tariffs.at(tap.t).rule(&tap.place.network).tap_off {
        return paid_before(tap, taps, before, facts).map_or(Part::Rides, Part::Repeats);
    }
    let fresh = if tap.kind == TapKind::Off { Part::Alights } else { Part::Boards };
    on_the_way(before).and_then(|on| second(tap, on, taps, before, facts)).unwrap_or(fresh)
}

/// The first tap of the leg on which the rider is.
fn on_the_way(before: &[Part]) -> Option<usize> {
    let counts = |part: &Part| !matches!(part, Part::Denied | Part::Repeats(_));
    before.iter().rposition(counts).filter(|at| before[*at] == Part::Boards)
}

/// The newest one-tap leg on this vehicle and trip.
fn paid_before(tap: &PlacedTap, taps: &[PlacedTap], before: &[Part], facts: Facts<'_>) -> Option<usize> {
    (0..before.len()).rev().filter(|at| before[*at] == Part::Rides).find(|at| {
        let longest_s = facts.tariffs.at(taps[*at].t).limits().journey_s_max;
        tap.t.0 - taps[*at].t.0 <= i64::from(longest_s) * MICROS && is_same_run(&taps[*at], tap)
    })
}

/// What a tap means to a rider on the way; `None` when it has nothing to do with that leg.
fn second(tap: &PlacedTap, at: usize, taps: &[PlacedTap], before: &[Part], facts: Facts<'_>) -> Option<Part> {
    let on = &taps[at];
    let limits = facts.tariffs.at(on.t).limits();
    let dt_us = tap.t.0 - on.t.0;
    let within = |s: u32| dt_us < i64::from(s) * MICROS;
    let (same_run, same_stop, pier) = (is_same_run(on, tap), is_same_stop(on, tap), is_pier(on, tap));
    if tap.kind != TapKind::Off {
        let on_board = same_run && (within(limits.repeat_s) || same_stop);
        let at_pier = !same_run && pier && same_stop && within(limits.repeat_s);
        if on_board || at_pier {
            return Some(Part::Repeats(at));
        }
    }
    let aimed_s = ride_of(on, facts)
        .map_or(u32::MAX, |ride| u32::try_from(ride.aimed_us() / MICROS).unwrap_or(u32::MAX));
    let in_time = dt_us <= i64::from(limits.journey_s(aimed_s)) * MICROS;
    let is_off = tap.kind == TapKind::Off || tap.kind == TapKind::Tap && pier;
    if !in_time || !(same_run || pier && is_off) {
        return None;
    }
    if !(is_off && same_stop) {
        return Some(Part::Ends(at));
    }
    let day = day_of(on, facts);
    let voids = before.iter().filter(|part| match part {
        Part::Voids(other) => day_of(&taps[*other], facts) == day,
        _ => false,
    });
    let may_void = voids.count() < limits.voids_per_day as usize;
    Some(if within(limits.void_s) && may_void { Part::Voids(at) } else { Part::EndsAtOnce(at) })
}

/// The journeys that taps make, in the order of their first taps.
pub(super) fn passages<'a>(taps: &'a [PlacedTap], parts: &[Part], facts: Facts<'a>) -> Vec<Passage<'a>> {
    let begins = |at: &usize| matches!(parts[*at], Part::Rides | Part::Boards | Part::Alights);
    (0..taps.len()).filter(begins).map(|at| passage(at, taps, parts, facts)).collect()
}

fn passage<'a>(at: usize, taps: &'a [PlacedTap], parts: &[Part], facts: Facts<'a>) -> Passage<'a> {
    let first = &taps[at];
    let (day, ride) = (day_of(first, facts), ride_of(first, facts));
    let ended = parts.iter().position(|part| {
        *part == Part::Ends(at) || *part == Part::EndsAtOnce(at) || *part == Part::Voids(at)
    });
    let status = match (parts[at], ended.map(|off| parts[off])) {
        (Part::Rides, _) => LegStatus::Complete,
        (Part::Alights, _) => LegStatus::MissingOn,
        (_, Some(Part::Voids(_))) => LegStatus::Void,
        (_, Some(_)) => LegStatus::Complete,
        (_, None) if on_the_way(parts) == Some(at) && !is_over(first, day, ride, facts) => LegStatus::Open,
        (_, None) => LegStatus::MissingOff,
    };
    let repeats = parts.iter().zip(taps).filter(|(part, _)| **part == Part::Repeats(at));
    Passage {
        first,
        off: ended.map(|off| &taps[off]),
        riders: repeats.map(|(_, tap)| tap.pax).fold(first.pax, u8::max),
        status,
        is_one_tap: parts[at] == Part::Rides,
        is_at_once: ended.is_some_and(|off| parts[off] == Part::EndsAtOnce(at)),
        day,
        ride,
    }
}

/// Whether nobody can tap off any more.
fn is_over(on: &PlacedTap, day: ServiceDay, ride: Option<&Ride>, facts: Facts<'_>) -> bool {
    let limits = facts.tariffs.at(on.t).limits();
    let plus = |t: Timestamp, s: u32| Timestamp(t.0.saturating_add(i64::from(s) * MICROS));
    let last =
        ride.map_or(plus(on.t, limits.journey_s_max), |ride| plus(ride.end(), limits.trip_end_grace_s));
    facts.horizon.closed.is_some_and(|closed| closed >= day) || facts.horizon.now >= last
}
