//! Do vehicles wait at time points when they are early? Learned per route, from what they did.
//!
//! Some agencies hold to the minute and some never do; a prediction that assumes either is wrong by
//! minutes at the other. What always holds: the share is between 0 and 1, and moves only by visits.

use super::names::{Bound, Names, Naming, RouteRef};
use super::part::{Part, Taken};
use super::show::{Cell, Section};
use gtfs::{RouteIdx, Timetable};

/// Before anything is seen nine of ten wait: a time point is marked to be held (start).
const PRIOR_HELD: f64 = 3.6;
/// Weight of that belief, visits.
const PRIOR_SEEN: f64 = 4.0;
/// A vehicle less early than this has nothing to wait for, seconds.
const EARLY_S_MIN: f64 = 60.0;
/// From this share on a route is said to hold, and no departure is told before it is aimed.
const HOLDS_MIN: f64 = 0.5;

/// How much of their earliness vehicles wait off, by route.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holding {
    routes: Vec<(f64, f64)>,
}

/// What is believed of one route.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Compliance(f64);

impl Holding {
    /// Nothing seen yet.
    pub(crate) fn new(timetable: &Timetable) -> Self {
        Self { routes: vec![(0.0, 0.0); timetable.routes.len()] }
    }

    /// What is believed of a route.
    pub(crate) fn of(&self, route: RouteIdx) -> Compliance {
        let (held, seen) = self.routes.get(route.at()).copied().unwrap_or_default();
        Compliance((held + PRIOR_HELD) / (seen + PRIOR_SEEN))
    }

    /// A vehicle came to a time point `early_s` before its aimed departure and stayed `stayed_s`.
    pub(crate) fn learn(&mut self, route: RouteIdx, early_s: f64, stayed_s: f64) {
        if early_s < EARLY_S_MIN {
            return;
        }
        if let Some((held, seen)) = self.routes.get_mut(route.at()) {
            *held += (stayed_s / early_s).clamp(0.0, 1.0);
            *seen += 1.0;
        }
    }
}

/// A route: how much of their earliness vehicles waited off, and how many were early.
type Row = (RouteRef, f32, f32);

impl Part for Holding {
    const NAME: &'static str = "holding";
    const VERSION: u32 = 1;
    type Saved = Vec<Row>;

    fn save(&self, names: &mut Naming<'_>) -> Vec<Row> {
        let seen = self.routes.iter().enumerate().filter(|(_, (_, seen))| *seen > 0.0);
        seen.map(|(at, (held, seen))| (names.route(RouteIdx::new(at)), *held as f32, *seen as f32)).collect()
    }

    fn load(&mut self, saved: Vec<Row>, bound: &Bound) -> Taken {
        let mut taken = Taken::default();
        self.routes.fill((0.0, 0.0));
        for (route, held, seen) in saved {
            let cell = bound.route(route).and_then(|route| self.routes.get_mut(route.at()));
            let in_range = seen.is_finite() && (0.0..=seen).contains(&held);
            if let (true, Some(cell)) = (taken.row(cell.is_some(), in_range), cell) {
                *cell = (f64::from(held), f64::from(seen));
            }
        }
        taken
    }

    fn fade(&mut self, share: f64) {
        for (held, seen) in &mut self.routes {
            *held *= share;
            *seen *= share;
        }
    }

    fn show(saved: &Vec<Row>, names: &Names, route: Option<RouteRef>) -> Vec<Section> {
        let rows = saved.iter().filter(|row| route.is_none_or(|route| row.0 == route));
        let believed = |held: f64, seen: f64| (held + PRIOR_HELD) / (seen + PRIOR_SEEN);
        vec![Section {
            title: "waiting at time points".into(),
            prior: format!(
                "a vehicle waits off {:.0} % of its earliness; that weighs {PRIOR_SEEN:.0} visits",
                100.0 * believed(0.0, 0.0)
            ),
            columns: vec!["route", "early visits", "waited off"],
            rows: rows
                .map(|&(route, held, seen)| {
                    vec![
                        Cell::Text(names.route(route).into()),
                        Cell::Number(f64::from(seen), 1),
                        Cell::Share(believed(f64::from(held), f64::from(seen))),
                    ]
                })
                .collect(),
            note: String::new(),
        }]
    }

    fn forget(saved: &mut Vec<Row>, route: RouteRef) -> u64 {
        let before = saved.len();
        saved.retain(|row| row.0 != route);
        (before - saved.len()) as u64
    }
}

impl Compliance {
    /// When a vehicle leaves a time point that it could leave at `free_s`.
    pub(crate) fn leaves_s(self, free_s: f64, aimed_s: f64) -> f64 {
        free_s + self.0 * (aimed_s - free_s).max(0.0)
    }

    /// Whether vehicles of the route wait at all.
    pub(crate) fn holds(self) -> bool {
        self.0 >= HOLDS_MIN
    }

    /// A route whose vehicles always wait.
    #[cfg(test)]
    pub(crate) const ALWAYS: Self = Self(1.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route() -> Holding {
        Holding { routes: vec![(0.0, 0.0)] }
    }

    #[test]
    fn a_route_whose_vehicles_drive_on_is_no_longer_said_to_hold() {
        let mut holding = route();
        assert!(holding.of(RouteIdx(0)).holds());
        for _ in 0..8 {
            holding.learn(RouteIdx(0), 120.0, 10.0);
        }
        let compliance = holding.of(RouteIdx(0));
        assert!(!compliance.holds());
        assert!(compliance.leaves_s(0.0, 100.0) < 40.0);
        assert_eq!(Compliance::ALWAYS.leaves_s(0.0, 100.0), 100.0);
    }

    #[test]
    fn a_vehicle_on_time_teaches_nothing() {
        let mut holding = route();
        let before = holding.of(RouteIdx(0));
        holding.learn(RouteIdx(0), 20.0, 0.0);
        assert_eq!(holding.of(RouteIdx(0)), before);
    }
}
