//! How long ago did the last vehicle of the route leave here, and how long is that usually?
//!
//! After a long gap more riders wait, and every stop takes longer; a vehicle close behind another finds
//! nobody. It lives for the day: it is not saved. What always holds: gaps over an hour are none.

use super::places::Places;
use gtfs::Timestamp;
use std::sync::Arc;

/// A longer gap is none: boarding grows no more (tracking.md §11, cap 60 min), seconds.
const GAP_S_MAX: f64 = 3_600.0;
/// The usual gap is a mean over about this many.
const GAPS_MAX: f32 = 16.0;
/// Before this many gaps nothing is usual.
const GAPS_MIN: f32 = 2.0;
/// A stop takes this much longer for each second of a longer gap: 2.5 s a boarding, some fourteen
/// boardings an hour and stop (start).
const DWELL_PER_S: f64 = 0.01;
/// But not by more than this, seconds.
const LONGER_S_MAX: f64 = 6.0;

/// What the headway of the timetable weighs, gaps (start).
const AIMED_WEIGHT: f32 = 2.0;
/// Usual gaps are told in steps of this, seconds: a board should not flicker.
const ROUND_S: f32 = 30.0;

#[derive(Clone, Copy, Debug, Default)]
struct Gaps {
    last: Option<Timestamp>,
    mean_s: f32,
    seen: f32,
}

/// Departures by (route, stop).
#[derive(Clone, Debug)]
pub(crate) struct Headways {
    places: Arc<Places>,
    at: Vec<Gaps>,
}

impl Headways {
    /// Nothing seen yet.
    pub(crate) fn new(places: Arc<Places>) -> Self {
        Self { at: vec![Gaps::default(); places.stops.all().len()], places }
    }

    /// A vehicle left the call at `at` in `Timetable::pattern_calls`.
    pub(crate) fn left(&mut self, at: usize, t: Timestamp) {
        let Some(gaps) = self.at.get_mut(self.places.stop(at)) else { return };
        let gap_s = gaps.last.map_or(f64::MAX, |last| t.since_s(last));
        if gap_s <= 0.0 {
            return;
        }
        gaps.last = Some(t);
        if gap_s <= GAP_S_MAX {
            gaps.seen = (gaps.seen + 1.0).min(GAPS_MAX);
            gaps.mean_s += (gap_s as f32 - gaps.mean_s) / gaps.seen;
        }
    }

    /// The usual gap there, where the timetable says `aimed_s`; in half minutes, seconds.
    pub(crate) fn usual_s(&self, at: usize, aimed_s: u32) -> u32 {
        let gaps = self.at.get(self.places.stop(at)).copied().unwrap_or_default();
        let total = AIMED_WEIGHT * aimed_s as f32 + gaps.seen * gaps.mean_s;
        let usual_s = total / (AIMED_WEIGHT + gaps.seen);
        (usual_s / ROUND_S).round() as u32 * ROUND_S as u32
    }

    /// How much longer than usual a vehicle stands that comes there at `t`, seconds; may be negative.
    pub(crate) fn longer_s(&self, at: usize, t: Timestamp) -> f64 {
        let Some(gaps) = self.at.get(self.places.stop(at)).filter(|gaps| gaps.seen >= GAPS_MIN) else {
            return 0.0;
        };
        let Some(gap_s) = gaps.last.map(|last| t.since_s(last)).filter(|gap_s| *gap_s > 0.0) else {
            return 0.0;
        };
        let longer_s = gap_s.min(GAP_S_MAX) - f64::from(gaps.mean_s);
        (DWELL_PER_S * longer_s).clamp(-LONGER_S_MAX, LONGER_S_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_long_gap_a_stop_takes_longer_and_close_behind_another_vehicle_less_long() {
        let town = "stop A 0 0\nstop B 900 0\nroute R bus\ntrip t route=R : A 08:00 B 08:04";
        let timetable = gtfs::fixture::timetable(town).unwrap();
        let mut headways = Headways::new(Arc::new(Places::of(&timetable)));
        let t = Timestamp::from_s(1_795_000_000);
        assert_eq!(headways.longer_s(0, t), 0.0);
        for vehicle in 0..5 {
            headways.left(0, t.plus_s(600.0 * f64::from(vehicle)));
        }
        assert_eq!(headways.usual_s(0, 600), 600);
        assert_eq!(headways.usual_s(0, 300), 510, "(2 * 300 + 4 * 600) / 6 is 500");
        let last = t.plus_s(2_400.0);
        assert!((headways.longer_s(0, last.plus_s(600.0))).abs() < 1e-6);
        assert!((headways.longer_s(0, last.plus_s(900.0)) - 3.0).abs() < 1e-6);
        assert!((headways.longer_s(0, last.plus_s(100.0)) + 5.0).abs() < 1e-6);
    }
}
