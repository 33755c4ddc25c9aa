//! Whoever can be asked "when does it come?": a log, or a baseline computed on the spot.
//!
//! A predictor is led through the trips and moments in order and only ever told of the past: what it
//! answers at a moment follows from what had happened by then.

use super::{Kind, Made, Predictions, Trip, Visit};
use gtfs::Timestamp;

/// One predictor at work.
pub(super) trait Predictor<'a> {
    /// Turns to a trip. `visits` are its calls to be asked for, in the order they happened.
    fn enter(&mut self, trip: &'a Trip, visits: &'a [Visit]);

    /// Turns to a moment, later than the last one of this trip.
    fn look(&mut self, _moment: Timestamp) {}

    /// What it says of the visit `at`, standing at `moment`.
    fn tell(&self, at: usize, moment: Timestamp) -> Option<Timestamp>;
}

/// A log: what stood at the moment counts.
pub(super) struct Logged<'a> {
    log: &'a Predictions,
    calls: Vec<&'a [Made]>,
    median: bool,
}

impl<'a> Logged<'a> {
    pub(super) fn of(log: &'a Predictions) -> Self {
        Self { log, calls: Vec::new(), median: false }
    }

    /// The same log, judged by its median.
    pub(super) fn median_of(log: &'a Predictions) -> Self {
        Self { median: true, ..Self::of(log) }
    }

    /// The prediction standing.
    pub(super) fn standing(&self, at: usize, moment: Timestamp) -> Option<&'a Made> {
        standing(self.calls[at], moment)
    }

    /// The kind of situation in which visit `at` is at a moment: that of what was told last, else of
    /// what is told next.
    pub(super) fn kind(&self, at: usize, moment: Timestamp) -> Kind {
        let calls = self.calls[at];
        let after = calls.partition_point(|made| made.at <= moment);
        let told = calls[..after].iter().rev().chain(&calls[after..]).find(|made| !made.withdrawn);
        told.map_or(Kind::MidTrip, |made| made.kind)
    }
}

impl<'a> Predictor<'a> for Logged<'a> {
    fn enter(&mut self, trip: &'a Trip, visits: &'a [Visit]) {
        self.calls.clear();
        self.calls.extend(visits.iter().map(|visit| self.log.of(trip, visit.sequence)));
    }

    fn tell(&self, at: usize, moment: Timestamp) -> Option<Timestamp> {
        let made = self.standing(at, moment)?;
        if self.median { made.quantiles.map(|quantiles| quantiles[1]) } else { Some(made.arrival) }
    }
}

/// The latest prediction made by a moment; `None` when it has been withdrawn.
pub(super) fn standing(calls: &[Made], moment: Timestamp) -> Option<&Made> {
    let after = calls.partition_point(|made| made.at <= moment);
    after.checked_sub(1).map(|at| &calls[at]).filter(|made| !made.withdrawn)
}
