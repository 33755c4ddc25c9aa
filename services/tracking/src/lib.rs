//! Pings go in; positions, stop visits, predictions and boards come out.
//!
//! Pure: [`Tracker::step`] is the only way in, [`Effect`]s are the only way out, and `now` is an
//! argument. No clock, no randomness, no IO; the same events give the same effects, to the byte.

pub mod board;
pub mod check;
pub mod effect;
pub mod event;
pub mod ping;
pub mod quirks;

pub use board::{CallSource, CallState, MonitoredCall, StopBoard};
pub use effect::{CallUpdate, DatedTrip, Effect, OperatorAlert, TripState, TripUpdate, VehiclePosition};
pub use event::{Command, Event};
pub use ping::{Claim, Ev, Occupancy, Ping, Provenance, Tier};

use gtfs::{Timestamp, Timetable};
use std::sync::Arc;

/// The tracking core of one feed.
#[derive(Debug)]
pub struct Tracker {
    timetable: Arc<Timetable>,
}

impl Tracker {
    /// A tracker with no vehicles.
    #[must_use]
    pub fn new(timetable: Arc<Timetable>) -> Self {
        Self { timetable }
    }

    /// The timetable in force.
    #[must_use]
    pub fn timetable(&self) -> &Arc<Timetable> {
        &self.timetable
    }

    /// Takes one event at `now` and appends what follows from it to `effects`.
    pub fn step(&mut self, now: Timestamp, event: Event, effects: &mut Vec<Effect>) {
        let _ = (now, effects);
        if let Event::Timetable(timetable) = event {
            self.timetable = timetable;
        }
    }
}
