//! The timetable shifted by the delay at the vehicle's place between stops (OneBusAway).
//!
//! A vehicle that waits at its first stop before its time is not early.

use crate::score::ground::{Ground, Way};
use crate::score::predictor::Predictor;
use crate::score::{Trip, Visit};
use gtfs::Timestamp;

/// The aimed time plus the delay at the last fix; the aimed time before any.
pub(in crate::score) struct AtPosition<'a> {
    ground: &'a Ground<'a>,
    way: Option<&'a Way<'a>>,
    visits: &'a [Visit],
    delay_s: f64,
}

impl<'a> AtPosition<'a> {
    pub(in crate::score) fn new(ground: &'a Ground<'a>) -> Self {
        Self { ground, way: None, visits: &[], delay_s: 0.0 }
    }
}

impl<'a> Predictor<'a> for AtPosition<'a> {
    fn enter(&mut self, trip: &'a Trip, visits: &'a [Visit]) {
        self.way = self.ground.ways.get(trip);
        self.visits = visits;
    }

    fn look(&mut self, moment: Timestamp) {
        let known = self.way.and_then(|way| Some((way, way.known(moment)?)));
        self.delay_s = known.map_or(0.0, |(way, place)| {
            let delay_s = place.t.since_s(way.origin) - way.aimed_s(place.known_m);
            if way.waits_at_start(place.known_m) { delay_s.max(0.0) } else { delay_s }
        });
    }

    fn tell(&self, at: usize, moment: Timestamp) -> Option<Timestamp> {
        Some(self.visits[at].aimed?.plus_s(self.delay_s).max(moment))
    }
}
