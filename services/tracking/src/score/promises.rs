//! Promises not kept: arrivals told that never came, and tellings withdrawn before the arrival.
//!
//! A ghost needs evidence. A call counts only when the recording ran unbroken for half an hour beyond
//! what was told, and it counts as a ghost only when its trip was never seen at the call before it or later, nor
//! its vehicle on the trip after it was due: a row missing from the truth between two that are there, or
//! just behind the last one, is a gap in the truth.

use super::tally::share;
use super::{Call, Made, Moments, Predictions, Trip, Truth};
use gtfs::Timestamp;

/// A promise: told to come within this, seconds.
const PROMISED_S: f64 = 600.0;
/// It is a ghost when nothing came this long after, seconds.
const WAITED_S: f64 = 1_800.0;
/// A telling withdrawn this long before the arrival was withdrawn too early, seconds.
const WITHDRAWN_S: f64 = 60.0;

/// Counts of (trip, stop).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Promises {
    /// Ever told to be at most ten minutes away, and observed for long enough.
    pub promised: u64,
    /// Of those, that never came.
    pub ghosts: u64,
    /// The ghosts by trip and stop_sequence, the first [`GHOSTS_LISTED_MAX`].
    pub listed: Vec<(Trip, Call)>,
    /// Arrivals with anything told before.
    pub told: u64,
    /// Of those, with nothing told from more than a minute before on.
    pub vanished: u64,
}

/// Ghosts that are listed by name.
pub const GHOSTS_LISTED_MAX: usize = 100;

pub(super) fn of(log: &Predictions, truth: &Truth, pings: &Moments) -> Promises {
    let mut promises = Promises::default();
    for (trip, calls) in log.by_trip() {
        let visits = truth.trips.get(trip).map_or(&[][..], Vec::as_slice);
        let seen_to = visits.iter().map(|visit| visit.sequence).max();
        let mut before = None;
        for (&call, made) in calls {
            let came = seen_to.is_some_and(|seen_to| seen_to >= before.replace(call).unwrap_or(call));
            promises.due(trip, call, made, came, pings);
            if let Some(visit) = visits.iter().find(|visit| visit.sequence == call) {
                promises.arrival(made, visit.arrival);
            }
        }
    }
    promises
}

impl Promises {
    /// Share of promises that are ghosts.
    #[must_use]
    pub fn ghost_share(&self) -> Option<f64> {
        share(self.ghosts, self.promised)
    }

    /// Share of arrivals whose telling vanished.
    #[must_use]
    pub fn vanished_share(&self) -> Option<f64> {
        share(self.vanished, self.told)
    }

    fn due(&mut self, trip: &Trip, call: Call, made: &[Made], came: bool, pings: &Moments) {
        let due = promised(made).filter(|due| pings.ran(*due, due.plus_s(WAITED_S)));
        let Some(due) = due else { return };
        self.promised += 1;
        let still_on_it = pings.of_trip(trip).last().is_some_and(|heard| *heard > due);
        if !came && !still_on_it {
            self.ghosts += 1;
            if self.listed.len() < GHOSTS_LISTED_MAX {
                self.listed.push((trip.clone(), call));
            }
        }
    }

    fn arrival(&mut self, made: &[Made], arrival: Timestamp) {
        let before = &made[..made.partition_point(|made| made.at < arrival)];
        if before.iter().all(|made| made.withdrawn) {
            return;
        }
        self.told += 1;
        let withdrawn =
            before.last().is_some_and(|made| made.withdrawn && arrival.since_s(made.at) > WITHDRAWN_S);
        self.vanished += u64::from(withdrawn);
    }
}

/// The last arrival told that came to be at most ten minutes away while it stood.
fn promised(made: &[Made]) -> Option<Timestamp> {
    let near = |at: &usize| {
        let told = made[*at].arrival;
        let stood_until = made.get(*at + 1).map_or(told, |next| next.at);
        !made[*at].withdrawn && told.since_s(stood_until) <= PROMISED_S
    };
    (0..made.len()).rev().find(near).map(|at| made[at].arrival)
}
