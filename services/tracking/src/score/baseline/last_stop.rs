//! The timetable shifted by the delay at the last stop reached.

use crate::score::predictor::Predictor;
use crate::score::{Trip, Visit};
use gtfs::Timestamp;
use gtfs::time::MICROS;

/// How finely delays are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::score) enum Rounding {
    /// As they are.
    Exact,
    /// Times in whole minutes, rounded down, as nigiri keeps them (`unixtime_t` in minutes).
    Minutes,
}

/// The aimed time plus the delay at the last stop reached, or the aimed time before any.
pub(in crate::score) struct AtLastStop<'a> {
    rounding: Rounding,
    visits: &'a [Visit],
    delay_s: f64,
}

impl AtLastStop<'_> {
    pub(in crate::score) fn new(rounding: Rounding) -> Self {
        Self { rounding, visits: &[], delay_s: 0.0 }
    }

    fn rounded(&self, t: Timestamp) -> Timestamp {
        match self.rounding {
            Rounding::Exact => t,
            Rounding::Minutes => Timestamp(t.0 - t.0.rem_euclid(60 * MICROS)),
        }
    }
}

impl<'a> Predictor<'a> for AtLastStop<'a> {
    fn enter(&mut self, _trip: &'a Trip, visits: &'a [Visit]) {
        self.visits = visits;
    }

    fn look(&mut self, moment: Timestamp) {
        let reached = self.visits.partition_point(|visit| visit.arrival <= moment);
        let last = reached.checked_sub(1).map(|at| &self.visits[at]);
        let delay_s = |visit: &Visit| Some(self.rounded(visit.arrival).since_s(self.rounded(visit.aimed?)));
        self.delay_s = last.and_then(delay_s).unwrap_or(0.0);
    }

    fn tell(&self, at: usize, moment: Timestamp) -> Option<Timestamp> {
        Some(self.rounded(self.visits[at].aimed?).plus_s(self.delay_s).max(moment))
    }
}
