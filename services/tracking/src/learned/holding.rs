//! Do vehicles wait at time points when they are early? Learned per route, from what they did.
//!
//! Some agencies hold to the minute and some never do; a prediction that assumes either is wrong by
//! minutes at the other. What always holds: the share is between 0 and 1, and moves only by visits.

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
#[derive(Debug, Default)]
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
