//! How long do vehicles stand at a stop when they do not wait for their time?
//!
//! Timetables mostly give a stop no time of its own: arrival is departure, and boarding, or docking and
//! lying at a pier, hides in the running time of the leg. Pace learns the leg whole, from arrival to
//! arrival; this says which part of it is standing at its beginning, so that a vehicle that has left is
//! not given that part again. What always holds: legs stay as long as pace says; standing is never more
//! than [`LEG_SHARE_MAX`] of one.

use super::names::{Bound, Names, Naming, RouteRef, StopRef};
use super::part::{Part, Taken};
use super::places::{Place, Places};
use super::show::{Cell, Section};
use gtfs::timetable::Mode;
use std::sync::Arc;

/// On the road, and at piers, seconds (tracking.md §11: 8 s where somebody boards; §14: 120 s; start).
const PRIOR_S: [f64; 2] = [8.0, 120.0];
/// What that is worth against the network, visits (start).
const PRIOR_WEIGHT: f64 = 8.0;
/// What the network is worth against a stop, visits (start).
const NETWORK_WEIGHT: f64 = 4.0;
/// Who stands longer waits or has broken down, seconds (tracking.md §11: learn from dwell up to 2 min).
const STOOD_S_MAX: [f64; 2] = [120.0, 900.0];
/// Standing is at most this share of the leg that begins with it.
pub(crate) const LEG_SHARE_MAX: f64 = 0.5;

/// Seconds stood, and visits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Stands {
    stood_s: f64,
    seen: f64,
}

/// Standing at stops.
#[derive(Clone, Debug)]
pub(crate) struct Dwell {
    places: Arc<Places>,
    at: Vec<Stands>,
    /// Sums of the above: on the road, at piers.
    network: [Stands; 2],
}

impl Stands {
    fn mean_s(&self, parent_s: f64, weight: f64) -> f64 {
        (self.stood_s + parent_s * weight) / (self.seen + weight)
    }

    fn add(&mut self, other: Self) {
        self.stood_s += other.stood_s;
        self.seen += other.seen;
    }
}

impl Dwell {
    /// Nothing seen yet.
    pub(crate) fn new(places: Arc<Places>) -> Self {
        Self {
            at: vec![Stands::default(); places.stops.all().len()],
            network: [Stands::default(); 2],
            places,
        }
    }

    /// A vehicle stood for `stood_s` at the call at `at` in `Timetable::pattern_calls`.
    pub(crate) fn learn(&mut self, at: usize, mode: Mode, stood_s: f64) {
        if stood_s <= STOOD_S_MAX[kind(mode)] {
            let stop = self.places.stop(at);
            self.add(stop, kind(mode), Stands { stood_s: stood_s.max(0.0), seen: 1.0 });
        }
    }

    /// How long a vehicle is expected to stand at the call at `at`, seconds.
    pub(crate) fn mean_s(&self, at: usize, mode: Mode) -> f64 {
        let kind = kind(mode);
        let network_s = self.network[kind].mean_s(PRIOR_S[kind], PRIOR_WEIGHT);
        let stop = self.places.stop(at);
        self.at.get(stop).map_or(network_s, |stands| stands.mean_s(network_s, NETWORK_WEIGHT))
    }

    fn add(&mut self, stop: usize, kind: usize, stands: Stands) {
        if let Some(at) = self.at.get_mut(stop) {
            at.add(stands);
            self.network[kind].add(stands);
        }
    }
}

fn kind(mode: Mode) -> usize {
    usize::from(mode == Mode::Ferry)
}

/// A stop of a route, at a pier or not, seconds stood, visits.
type Row = (RouteRef, StopRef, bool, f32, f32);

impl Part for Dwell {
    const NAME: &'static str = "dwell";
    const VERSION: u32 = 1;
    type Saved = Vec<Row>;

    fn save(&self, names: &mut Naming<'_>) -> Vec<Row> {
        let seen = self.places.stops.all().iter().zip(&self.at).filter(|(_, stands)| stands.seen > 0.0);
        seen.map(|(place, stands)| {
            let pier = self.places.is_ferry(place.route);
            let (route, stop) = (names.route(place.route), names.stop(place.stop));
            (route, stop, pier, stands.stood_s as f32, stands.seen as f32)
        })
        .collect()
    }

    fn load(&mut self, saved: Vec<Row>, bound: &Bound) -> Taken {
        let mut taken = Taken::default();
        *self = Self::new(Arc::clone(&self.places));
        for (route, stop, pier, stood_s, seen) in saved {
            let place = bound.route(route).zip(bound.stop(stop));
            let stop = place.and_then(|(route, stop)| self.places.stops.find(Place { route, stop }));
            let most_s = STOOD_S_MAX[usize::from(pier)] as f32 * seen;
            let in_range = seen.is_finite() && seen >= 0.0 && (0.0..=most_s).contains(&stood_s);
            if let (true, Some(stop)) = (taken.row(stop.is_some(), in_range), stop) {
                let stands = Stands { stood_s: f64::from(stood_s), seen: f64::from(seen) };
                self.add(stop, usize::from(pier), stands);
            }
        }
        taken
    }

    fn fade(&mut self, share: f64) {
        for stands in self.at.iter_mut().chain(&mut self.network) {
            stands.stood_s *= share;
            stands.seen *= share;
        }
    }

    fn show(saved: &Vec<Row>, names: &Names, route: Option<RouteRef>) -> Vec<Section> {
        let mut rows: Vec<&Row> =
            saved.iter().filter(|row| route.is_none_or(|route| row.0 == route)).collect();
        rows.sort_by(|a, b| (b.3 / b.4.max(0.1)).total_cmp(&(a.3 / a.4.max(0.1))));
        vec![Section {
            title: "standing at stops".into(),
            prior: format!(
                "{:.0} s on the road and {:.0} s at a pier, which weighs {PRIOR_WEIGHT:.0} visits",
                PRIOR_S[0], PRIOR_S[1]
            ),
            columns: vec!["route", "stop", "visits", "mean s"],
            rows: rows
                .iter()
                .map(|&&(route, stop, _, stood_s, seen)| {
                    vec![
                        Cell::Text(names.route(route).into()),
                        Cell::Text(names.stop(stop).into()),
                        Cell::Number(f64::from(seen), 1),
                        Cell::Number(f64::from(stood_s / seen.max(f32::MIN_POSITIVE)), 0),
                    ]
                })
                .collect(),
            note: "longest first; waiting for the aimed time is not in it".into(),
        }]
    }

    fn forget(saved: &mut Vec<Row>, route: RouteRef) -> u64 {
        let before = saved.len();
        saved.retain(|row| row.0 != route);
        (before - saved.len()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_stop_is_soon_known_for_it_and_a_breakdown_is_no_dwell() {
        let town =
            "stop A 0 0\nstop B 900 0\nstop C 2000 0\nroute R bus\ntrip t route=R : A 08:00 B 08:04 C 08:08";
        let timetable = gtfs::fixture::timetable(town).unwrap();
        let mut dwell = Dwell::new(Arc::new(Places::of(&timetable)));
        assert_eq!(dwell.mean_s(1, Mode::Bus), PRIOR_S[0]);
        assert_eq!(dwell.mean_s(1, Mode::Ferry), PRIOR_S[1]);
        dwell.learn(1, Mode::Bus, 900.0);
        assert_eq!(dwell.mean_s(1, Mode::Bus), PRIOR_S[0]);
        for _ in 0..12 {
            dwell.learn(1, Mode::Bus, 40.0);
        }
        assert!(dwell.mean_s(1, Mode::Bus) > 34.0);
        assert!(dwell.mean_s(2, Mode::Bus) < dwell.mean_s(1, Mode::Bus));
    }
}
