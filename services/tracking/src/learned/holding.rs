//! Do vehicles that are early wait for their time? Learned per stop of a route, from what they did.
//!
//! Some agencies hold to the minute at their time points and some never do; some wait where no feed
//! says so. What is seen at one stop is shrunk to its route, the route to the network, the network to
//! the prior; time points and other stops apart, so that a few early vehicles anywhere tell what an
//! agency does. What always holds: a share is between 0 and 1, and moves only by visits.

use super::names::{Bound, Names, Naming, RouteRef, StopRef};
use super::part::{Part, Taken};
use super::places::{Place, Places};
use super::show::{Cell, Section};
use gtfs::RouteIdx;
use std::sync::Arc;

/// Before anything is seen, at other stops and at time points: the share of its earliness that a
/// vehicle waits off. A time point is marked to be waited at, but practice differs too much to say
/// more than half (start); elsewhere nobody has a reason to.
const PRIOR: [f64; 2] = [0.0, 0.8];
/// What that is worth against the network, visits of early vehicles (start).
const PRIOR_WEIGHT: f64 = 4.0;
/// What the network is worth against a route, visits (start).
const NETWORK_WEIGHT: f64 = 4.0;
/// What the route is worth against a stop, visits (start).
const ROUTE_WEIGHT: f64 = 3.0;
/// A vehicle less early than this has nothing to wait for (at other stops, at time points), seconds.
const EARLY_S_MIN: [f64; 2] = [120.0, 60.0];
/// One this early or earlier counts in full, one less early in proportion: traffic adds or takes half a
/// minute, whatever the vehicle waits.
const EARLY_S_FULL: f64 = 180.0;
/// Doors and boarding take this long without any waiting, seconds (TCQSM 3rd edition: dwell at an
/// ordinary stop is 10 to 20 s, at a busy one 30 s).
const DWELL_S: f64 = 25.0;
/// From this share on a stop is said to hold, and no departure is told before it is aimed.
const HOLDS_MIN: f64 = 0.5;

/// Earliness waited off, in visits, and visits of early vehicles.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Waits {
    held: f64,
    seen: f64,
}

/// What an early vehicle did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wait {
    /// How long before its aimed departure it came, seconds.
    pub(crate) early_s: f64,
    /// How long it took beyond dwell and drive, seconds; may be negative, so that noise cancels out.
    pub(crate) waited_s: f64,
}

/// How much of their earliness vehicles wait off.
#[derive(Clone, Debug)]
pub(crate) struct Holding {
    places: Arc<Places>,
    at: Vec<Waits>,
    /// Sums of the above by route, at other stops and at time points.
    on: Vec<[Waits; 2]>,
    network: [Waits; 2],
}

/// What is believed of a route.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Custom<'a> {
    holding: &'a Holding,
    share: [f64; 2],
}

/// What is believed of one stop of a route: the share of its earliness that a vehicle waits off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Compliance(f64);

impl Waits {
    fn share(&self, parent: f64, weight: f64) -> f64 {
        ((self.held + parent * weight) / (self.seen + weight)).clamp(0.0, 1.0)
    }

    fn add(&mut self, other: Self) {
        self.held += other.held;
        self.seen += other.seen;
    }
}

impl Holding {
    /// Nothing seen yet.
    pub(crate) fn new(places: Arc<Places>, routes: usize) -> Self {
        Self {
            at: vec![Waits::default(); places.stops.all().len()],
            on: vec![[Waits::default(); 2]; routes],
            network: [Waits::default(); 2],
            places,
        }
    }

    /// What is believed of a route.
    pub(crate) fn of(&self, route: RouteIdx) -> Custom<'_> {
        let on = self.on.get(route.at()).copied().unwrap_or_default();
        let share = |kind: usize| {
            let network = self.network[kind].share(PRIOR[kind], PRIOR_WEIGHT);
            on[kind].share(network, NETWORK_WEIGHT)
        };
        Custom { holding: self, share: [share(0), share(1)] }
    }

    /// A vehicle came early to the call at `at` in `Timetable::pattern_calls`.
    pub(crate) fn learn(&mut self, at: usize, wait: Wait) {
        let stop = self.places.stop(at);
        let least_s = EARLY_S_MIN[usize::from(self.places.is_timed(stop))];
        if wait.early_s < least_s {
            return;
        }
        let seen = (wait.early_s / EARLY_S_FULL).min(1.0);
        let held = seen * (wait.waited_s / wait.early_s).clamp(-1.0, 1.0);
        self.add(stop, Waits { held, seen });
    }

    /// What is believed of the second call of a route's first pattern.
    #[cfg(test)]
    pub(crate) fn second(&self, timetable: &gtfs::Timetable, route: &str) -> Compliance {
        let route = timetable.route(route).unwrap_or(RouteIdx(0));
        self.of(route).at(second_call(timetable, route))
    }

    /// Teaches what vehicles did at the second call of a route's first pattern.
    #[cfg(test)]
    pub(crate) fn learn_second(&mut self, timetable: &gtfs::Timetable, route: &str, wait: Wait) {
        let route = timetable.route(route).unwrap_or(RouteIdx(0));
        self.learn(second_call(timetable, route), wait);
    }

    fn add(&mut self, stop: usize, waits: Waits) {
        let Some(place) = self.places.stops.all().get(stop) else { return };
        let kind = usize::from(self.places.is_timed(stop));
        let Some(on) = self.on.get_mut(place.route.at()) else { return };
        self.at[stop].add(waits);
        on[kind].add(waits);
        self.network[kind].add(waits);
    }
}

#[cfg(test)]
fn second_call(timetable: &gtfs::Timetable, route: RouteIdx) -> usize {
    let pattern = timetable.patterns.iter().find(|pattern| pattern.route == route);
    pattern.map_or(0, |pattern| pattern.calls.start as usize + 1)
}

impl Custom<'_> {
    /// What is believed of the call at `at` in `Timetable::pattern_calls`.
    pub(crate) fn at(&self, at: usize) -> Compliance {
        let stop = self.holding.places.stop(at);
        let share = self.share[usize::from(self.holding.places.is_timed(stop))];
        let waits = self.holding.at.get(stop).copied().unwrap_or_default();
        Compliance(waits.share(share, ROUTE_WEIGHT))
    }
}

impl Compliance {
    /// Share of its earliness that a vehicle waits off.
    pub(crate) fn share(self) -> f64 {
        self.0
    }

    /// The same, for a prediction that is to have as much before it as after it: vehicles wait or they
    /// do not, and the middle lies with the likelier, not between the two.
    pub(crate) fn middle(self) -> f64 {
        let (held, free) = (self.0 * self.0, (1.0 - self.0) * (1.0 - self.0));
        held / (held + free)
    }

    /// The same, of a vehicle that has stood for `stood_s` without having left: the longer, the surer
    /// it waits, as no boarding takes that long.
    pub(crate) fn given(self, stood_s: f64) -> Self {
        let boards = libm::exp(-stood_s.max(0.0) / DWELL_S);
        Self(self.0 / (self.0 + (1.0 - self.0) * boards).max(1e-9))
    }

    /// Whether vehicles wait here at all.
    pub(crate) fn holds(self) -> bool {
        self.0 >= HOLDS_MIN
    }
}

/// A stop of a route: earliness waited off, and visits of early vehicles.
type Row = (RouteRef, StopRef, f32, f32);

impl Part for Holding {
    const NAME: &'static str = "holding";
    const VERSION: u32 = 2;
    type Saved = Vec<Row>;

    fn save(&self, names: &mut Naming<'_>) -> Vec<Row> {
        let seen = self.places.stops.all().iter().zip(&self.at).filter(|(_, waits)| waits.seen > 0.0);
        seen.map(|(place, waits)| {
            (names.route(place.route), names.stop(place.stop), waits.held as f32, waits.seen as f32)
        })
        .collect()
    }

    fn load(&mut self, saved: Vec<Row>, bound: &Bound) -> Taken {
        let mut taken = Taken::default();
        *self = Self::new(Arc::clone(&self.places), self.on.len());
        for (route, stop, held, seen) in saved {
            let place = bound.route(route).zip(bound.stop(stop));
            let stop = place.and_then(|(route, stop)| self.places.stops.find(Place { route, stop }));
            let in_range = seen.is_finite() && seen >= 0.0 && held.abs() <= seen;
            if let (true, Some(stop)) = (taken.row(stop.is_some(), in_range), stop) {
                self.add(stop, Waits { held: f64::from(held), seen: f64::from(seen) });
            }
        }
        taken
    }

    fn fade(&mut self, share: f64) {
        for waits in self.at.iter_mut().chain(self.on.as_flattened_mut()).chain(&mut self.network) {
            waits.held *= share;
            waits.seen *= share;
        }
    }

    fn show(saved: &Vec<Row>, names: &Names, route: Option<RouteRef>) -> Vec<Section> {
        let mut rows: Vec<&Row> =
            saved.iter().filter(|row| route.is_none_or(|route| row.0 == route)).collect();
        rows.sort_by(|a, b| b.3.total_cmp(&a.3));
        vec![Section {
            title: "waiting when early".into(),
            prior: format!(
                "a vehicle waits off {:.0} % of its earliness at time points and none elsewhere; that weighs {PRIOR_WEIGHT:.0} visits",
                100.0 * PRIOR[1]
            ),
            columns: vec!["route", "stop", "early visits", "waited off"],
            rows: rows
                .iter()
                .map(|&&(route, stop, held, seen)| {
                    vec![
                        Cell::Text(names.route(route).into()),
                        Cell::Text(names.stop(stop).into()),
                        Cell::Number(f64::from(seen), 1),
                        Cell::Share(f64::from(held / seen.max(f32::MIN_POSITIVE))),
                    ]
                })
                .collect(),
            note: "as seen at each stop; predictions weigh it with the rest of the route and the network"
                .into(),
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

    /// Stop B is a time point, C is not.
    const TOWN: &str = "stop A 0 0\nstop B 900 0\nstop C 2000 0\nstop D 3000 0\nroute R bus\nroute S bus\n\
        trip t1 route=R : A 08:00 B 08:04* C 08:08 D 08:12\ntrip t2 route=S : A 08:00 B 08:04* C 08:08 D 08:12";
    const B: usize = 1;
    const C: usize = 2;

    fn town() -> Holding {
        let timetable = gtfs::fixture::timetable(TOWN).unwrap();
        Holding::new(Arc::new(Places::of(&timetable)), timetable.routes.len())
    }

    fn share(holding: &Holding, route: u32, call: usize) -> f64 {
        holding.of(RouteIdx(route)).at(call + 4 * route as usize).share()
    }

    #[test]
    fn where_vehicles_drive_on_nobody_is_said_to_hold_any_more() {
        let mut holding = town();
        assert!(share(&holding, 0, B) >= HOLDS_MIN);
        for _ in 0..8 {
            holding.learn(B, Wait { early_s: 200.0, waited_s: 5.0 });
        }
        assert!(share(&holding, 0, B) < 0.1);
        assert!(share(&holding, 1, B) < 0.3, "the other route learns from it");
    }

    #[test]
    fn a_stop_that_is_no_time_point_is_found_out_when_vehicles_wait_there() {
        let mut holding = town();
        assert_eq!(share(&holding, 0, C), 0.0);
        for _ in 0..6 {
            holding.learn(C, Wait { early_s: 600.0, waited_s: 590.0 });
        }
        assert!(share(&holding, 0, C) > 0.6);
        assert!(share(&holding, 1, C) < 0.6);
    }

    #[test]
    fn a_vehicle_on_time_teaches_nothing() {
        let mut holding = town();
        let before = share(&holding, 0, B);
        holding.learn(B, Wait { early_s: 20.0, waited_s: 0.0 });
        assert_eq!(share(&holding, 0, B), before);
    }

    #[test]
    fn the_longer_an_early_vehicle_stands_the_surer_it_waits() {
        let here = Compliance(0.2);
        assert_eq!(here.given(0.0), here);
        assert!(here.given(60.0).share() > 0.6 && here.given(120.0).share() > 0.95);
        assert_eq!(Compliance(0.0).given(300.0).share(), 0.0);
    }
}
