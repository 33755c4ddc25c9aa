//! How long vehicles took from stop to stop, as the truth shows it, and when that became known.

use crate::score::ground::{Ground, Way};
use crate::score::{Trip, Truth, Visit};
use gtfs::{StopIdx, Timestamp};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Two stops, one after the other.
type Link = (StopIdx, StopIdx);

/// One travel: when it was over, and how long it took, seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Travelled {
    pub(super) over: Timestamp,
    pub(super) took_s: f64,
}

/// Every travel of a truth.
#[derive(Debug, Default)]
pub(in crate::score) struct Travels {
    /// By link, in the order known. Never iterated.
    by_link: FxHashMap<Link, Vec<Travelled>>,
    /// By trip and position of the link in it.
    by_trip: BTreeMap<Trip, Vec<Option<f64>>>,
}

impl Travels {
    pub(in crate::score) fn of(ground: &Ground<'_>, truth: &Truth) -> Self {
        let mut travels = Self::default();
        for (trip, visits) in &truth.trips {
            if let Some(way) = ground.ways.get(trip) {
                travels.add(trip, way, visits);
            }
        }
        for seen in travels.by_link.values_mut() {
            seen.sort_by_key(|travelled| travelled.over);
        }
        travels
    }

    fn add(&mut self, trip: &Trip, way: &Way<'_>, visits: &[Visit]) {
        let own = self.by_trip.entry(trip.clone()).or_insert_with(|| vec![None; way.calls.len()]);
        for pair in visits.windows(2) {
            let (Some(from), Some(to)) = (way.call(pair[0].sequence), way.call(pair[1].sequence)) else {
                continue;
            };
            if to <= from {
                continue;
            }
            let took_s = pair[1].arrival.since_s(pair[0].arrival);
            // Over several links it is parted as their lengths are.
            let length_m = way.calls[to].along_m - way.calls[from].along_m;
            for (links, own) in way.calls[from..=to].windows(2).zip(&mut own[from..to]) {
                let took_s = took_s * f64::from((links[1].along_m - links[0].along_m) / length_m);
                *own = Some(took_s);
                let travelled = Travelled { over: pair[1].arrival, took_s };
                self.by_link.entry((links[0].stop, links[1].stop)).or_default().push(travelled);
            }
        }
    }

    /// The travels over each link of a way.
    pub(super) fn along(&self, way: &Way<'_>) -> Vec<&[Travelled]> {
        let of = |pair: &[gtfs::timetable::PatternCall]| self.by_link.get(&(pair[0].stop, pair[1].stop));
        way.calls.windows(2).map(|pair| of(pair).map_or(&[][..], Vec::as_slice)).collect()
    }

    /// What the same trip took on the up to three service days before, by link.
    pub(super) fn days_before(&self, trip: &Trip) -> Vec<&[Option<f64>]> {
        let first = Trip { id: trip.id.clone(), day: String::new(), start: None };
        let same = self.by_trip.range(first..trip.clone()).rev().filter(|(past, _)| past.start == trip.start);
        same.take(3).map(|(_, links)| links.as_slice()).collect()
    }
}
