//! What was told against what happened: visits missed, ghosts, skips, cancellations.
//!
//! By the exact truth, so nothing here is an estimate. A *ghost* is a call that somebody was told to be
//! at most ten minutes away, of a trip that did not come within half an hour after (design §18.3).

use crate::day::Day;
use crate::network::Network;
use gtfs::{ServiceDay, ServiceTime, Timestamp, Timetable};
use std::collections::{BTreeMap, BTreeSet};
use tracking::{DatedTrip, Effect, TripState};

/// Told to be this near, seconds.
const SOON_S: f64 = 600.0;
/// And not there this long after, seconds.
const NEVER_S: f64 = 1_800.0;
/// A call by names: trip_id, service day, start, position.
type Key = (String, ServiceDay, ServiceTime, u16);

/// What was told on one day.
#[derive(Debug, Default)]
pub struct Told {
    soon: BTreeMap<(DatedTrip, u16), Timestamp>,
    visited: BTreeMap<(DatedTrip, u32), Option<Timestamp>>,
    skipped: BTreeMap<(DatedTrip, u16), bool>,
    /// Trips told to be cancelled; nobody cancelled any.
    pub cancelled: u64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Calls that really were served.
    pub served: u64,
    /// Of those, without a visit.
    pub unvisited: u64,
    /// Visits with an arrival, and the sum of how far off it was, seconds.
    pub arrivals: u64,
    /// See `arrivals`.
    pub off_s: f64,
    /// Calls ever told to be at most ten minutes away.
    pub soon: u64,
    /// Of those, never served within half an hour after.
    pub ghosts: u64,
    /// Of those, at stops that a closed street cut off: nobody could have known ten minutes before.
    pub cut_off: u64,
    /// Calls told to be skipped at the end that were served.
    pub wrong_skips: u64,
    /// Calls passed round.
    pub passed_round: u64,
    /// Of those, told to be skipped.
    pub known_skips: u64,
    /// Trips told to be cancelled.
    pub cancelled: u64,
}

impl std::ops::AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.served += other.served;
        self.unvisited += other.unvisited;
        self.arrivals += other.arrivals;
        self.off_s += other.off_s;
        self.soon += other.soon;
        self.ghosts += other.ghosts;
        self.cut_off += other.cut_off;
        self.wrong_skips += other.wrong_skips;
        self.passed_round += other.passed_round;
        self.known_skips += other.known_skips;
        self.cancelled += other.cancelled;
    }
}

impl Outcome {
    /// Share of calls told to be near that never came, closed streets aside.
    #[must_use]
    pub fn ghost_share(&self) -> f64 {
        (self.ghosts - self.cut_off) as f64 / (self.soon.max(1)) as f64
    }

    /// Share of served calls that were not seen.
    #[must_use]
    pub fn unvisited_share(&self) -> f64 {
        self.unvisited as f64 / (self.served.max(1)) as f64
    }

    /// How far visits were off, seconds in the mean.
    #[must_use]
    pub fn visit_off_s(&self) -> f64 {
        self.off_s / (self.arrivals.max(1)) as f64
    }
}

impl Told {
    /// Looks at one effect.
    pub fn see(&mut self, now: Timestamp, effect: &Effect) {
        match effect {
            Effect::TripUpdate(update) => {
                self.cancelled += u64::from(update.state == TripState::Cancelled);
                for call in &update.calls {
                    self.skipped.insert((update.trip, call.call), call.skipped);
                    let away_s = call.arrival.since_s(now);
                    if !call.arrived
                        && !call.skipped
                        && away_s <= SOON_S
                        && update.state == TripState::Running
                    {
                        self.soon.insert((update.trip, call.call), call.arrival.max(now));
                    }
                }
            }
            Effect::Visit(visit) => {
                let trip = DatedTrip { trip: visit.trip, day: visit.day, start: visit.start };
                self.visited.insert((trip, visit.stop_sequence), visit.arrival);
            }
            _ => {}
        }
    }

    /// Holds what was told beside what happened. Runs of headway lines are told apart by the start that
    /// their vehicles claim.
    #[must_use]
    pub fn outcome(&self, timetable: &Timetable, network: &Network, day: &Day) -> Outcome {
        let mut outcome = Outcome { cancelled: self.cancelled, ..Outcome::default() };
        let visited =
            named(timetable, self.visited.iter().map(|((trip, n), at)| ((*trip, *n as u16 - 1), *at)));
        let skipped = named(timetable, self.skipped.iter().map(|(call, skip)| (*call, *skip)));
        let mut came: BTreeMap<Key, Timestamp> = BTreeMap::new();
        let mut cut_off: BTreeSet<Key> = BTreeSet::new();
        for visit in &day.visits {
            let trip = &network.trips[visit.trip];
            let key = (trip.id.clone(), day.date, ServiceTime(trip.start_s), visit.call as u16);
            let told_skipped = skipped.get(&key).copied().unwrap_or(false);
            if !visit.served {
                outcome.passed_round += 1;
                outcome.known_skips += u64::from(told_skipped);
                cut_off.insert(key);
                continue;
            }
            outcome.served += 1;
            outcome.wrong_skips += u64::from(told_skipped);
            outcome.unvisited += u64::from(!visited.contains_key(&key));
            if let (Some(seen), Some(real_s)) = (visited.get(&key).copied().flatten(), visit.arrival_s) {
                outcome.arrivals += 1;
                outcome.off_s += seen.since_s(day.midnight.plus_s(real_s)).abs();
            }
            if let Some(last_s) = visit.departure_s.or(visit.arrival_s) {
                came.insert(key, day.midnight.plus_s(last_s));
            }
        }
        for (key, told) in named(timetable, self.soon.iter().map(|(call, told)| (*call, *told))) {
            outcome.soon += 1;
            let there = came.get(&key).is_some_and(|came| came.since_s(told) <= NEVER_S);
            outcome.ghosts += u64::from(!there);
            outcome.cut_off += u64::from(cut_off.contains(&key));
        }
        outcome
    }
}

/// Calls by their names.
fn named<T>(timetable: &Timetable, calls: impl Iterator<Item = ((DatedTrip, u16), T)>) -> BTreeMap<Key, T> {
    let name = |trip: DatedTrip, call: u16| {
        (timetable.trips[trip.trip.at()].id.to_string(), trip.day, trip.start, call)
    };
    calls.map(|((trip, call), value)| (name(trip, call), value)).collect()
}
