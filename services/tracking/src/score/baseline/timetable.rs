//! The timetable as it is.

use crate::score::predictor::Predictor;
use crate::score::{Trip, Visit};
use gtfs::Timestamp;

/// The aimed time, whatever happens.
#[derive(Default)]
pub(in crate::score) struct Aimed<'a> {
    visits: &'a [Visit],
}

impl<'a> Predictor<'a> for Aimed<'a> {
    fn enter(&mut self, _trip: &'a Trip, visits: &'a [Visit]) {
        self.visits = visits;
    }

    fn tell(&self, at: usize, _moment: Timestamp) -> Option<Timestamp> {
        self.visits[at].aimed
    }
}
