//! From the vehicle's place on, link by link, by what earlier vehicles took.

use super::travel::{Travelled, Travels};
use crate::score::ground::{Ground, Way};
use crate::score::predictor::Predictor;
use crate::score::{Trip, Visit};
use gtfs::Timestamp;

/// How the time of a link is told from what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::score) enum By {
    /// 0.62 of the mean of at most three earlier days of the same trip, or of the timetable, and 0.38
    /// of the last vehicle, however long ago: what TheTransitClock's filter settles at.
    Blend,
    /// The mean of this half hour of the day, else of all seen so far, else the timetable.
    HalfHour,
}

/// Share of history in the blend: (√5 − 1)/2, rounded as its users do.
const HISTORY: f64 = 0.62;
/// Half an hour, seconds.
const BIN_S: i64 = 1_800;
/// Half hours in a day.
const BINS: i64 = 48;

/// A chain of link times.
pub(in crate::score) struct ByLinks<'a> {
    by: By,
    ground: &'a Ground<'a>,
    travels: &'a Travels,
    way: Option<&'a Way<'a>>,
    seen: Vec<&'a [Travelled]>,
    days_before: Vec<&'a [Option<f64>]>,
    /// For each visit its call.
    calls: Vec<Option<usize>>,
    /// For each call what is told now.
    told: Vec<Option<Timestamp>>,
}

impl<'a> ByLinks<'a> {
    pub(in crate::score) fn new(by: By, ground: &'a Ground<'a>, travels: &'a Travels) -> Self {
        let none = Vec::new();
        Self {
            by,
            ground,
            travels,
            way: None,
            seen: Vec::new(),
            days_before: Vec::new(),
            calls: Vec::new(),
            told: none,
        }
    }

    fn link_s(&self, way: &Way<'_>, link: usize, moment: Timestamp) -> f64 {
        let aimed_s = f64::from(way.times[link + 1].arrival_s - way.times[link].arrival_s);
        let seen = &self.seen[link][..self.seen[link].partition_point(|travelled| travelled.over <= moment)];
        match self.by {
            By::Blend => {
                let history = self.days_before.iter().filter_map(|links| links.get(link).copied().flatten());
                let history_s = mean(history).unwrap_or(aimed_s);
                seen.last().map_or(history_s, |last| HISTORY * history_s + (1.0 - HISTORY) * last.took_s)
            }
            By::HalfHour => {
                let now = bin(moment);
                let same = seen.iter().filter(|travelled| bin(travelled.over) == now);
                let all = || mean(seen.iter().map(|travelled| travelled.took_s));
                mean(same.map(|travelled| travelled.took_s)).or_else(all).unwrap_or(aimed_s)
            }
        }
    }
}

impl<'a> Predictor<'a> for ByLinks<'a> {
    fn enter(&mut self, trip: &'a Trip, visits: &'a [Visit]) {
        self.way = self.ground.ways.get(trip);
        self.seen = self.way.map_or_else(Vec::new, |way| self.travels.along(way));
        self.days_before = self.travels.days_before(trip);
        let call = |visit: &Visit| self.way.and_then(|way| way.call(visit.sequence));
        self.calls = visits.iter().map(call).collect();
        self.told.clear();
    }

    fn look(&mut self, moment: Timestamp) {
        self.told.clear();
        let Some(way) = self.way else { return };
        self.told.resize(way.calls.len(), None);
        let aimed = way.origin.plus_s(f64::from(way.times[0].departure_s));
        let (mut t, at, mut left) = match way.known(moment) {
            None => (aimed.max(moment), 0, 1.0),
            Some(place) if way.waits_at_start(place.known_m) => (aimed.max(place.t), 0, 1.0),
            Some(place) => {
                let (at, share) = way.link(place.known_m);
                (place.t, at, 1.0 - share)
            }
        };
        // What it seems to have passed is due at once.
        self.told[..=at].fill(Some(moment));
        for link in at..way.calls.len() - 1 {
            t = t.plus_s(left * self.link_s(way, link, moment));
            left = 1.0;
            self.told[link + 1] = Some(t);
        }
    }

    fn tell(&self, at: usize, moment: Timestamp) -> Option<Timestamp> {
        self.told.get(self.calls[at]?).copied().flatten().map(|told| told.max(moment))
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0u32), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / f64::from(n))
}

/// The half hour of the day, counted in universal time: it only tells hours apart.
fn bin(t: Timestamp) -> i64 {
    t.s().div_euclid(BIN_S).rem_euclid(BINS)
}
