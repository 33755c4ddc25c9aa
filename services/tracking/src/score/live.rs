//! The scorer that never stops: running figures per route while vehicles run, and whether to trust them.
//!
//! The same bands and tallies as the scorer of logs; the moments are those at which predictions are
//! sampled to learn from, once a minute and call (once in three beyond six minutes). Over the last half
//! hour, the service day, and up to 28 finished days; they are saved with what was learned, and outlive
//! the process.
//! What always holds: memory is bounded per route; a route that lost trust gets it back only by
//! predictions that were scored good again, never by time passing.

use super::tally::share;
use super::{Mbta, Tally};
use crate::DatedTrip;
use gtfs::{RouteIdx, ServiceDay, Timestamp, Timetable};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Length of a slot of the last half hour, seconds.
const SLOT_S: i64 = 300;
/// Slots of the last half hour, and the one that is being filled.
const SLOTS: usize = 7;
/// Finished days that are remembered.
const DAYS_MAX: usize = 28;
/// Fewer arrivals in the last half hour prove nothing (tracking design, 16),
const ARRIVALS_MIN: u64 = 30;
/// nor do those of fewer trips: one bus that breaks down passes thirty stops late (start).
const TRIPS_MIN: usize = 3;
/// Trust is lost when the error is this many times its usual, and regained below the second.
const WORSE: (f64, f64) = (2.0, 1.5);
/// Trust is lost when a smaller share of 80 % intervals holds, and regained above the second.
const HELD_MIN: (f64, f64) = (0.5, 0.6);

/// What became of one sampled prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Seconds from the moment to the actual arrival.
    pub to_go_s: f64,
    /// Seconds from the moment to the arrival as told.
    pub to_predicted_s: f64,
    /// Actual less told, seconds.
    pub error_s: f64,
    /// The arrival fell between p10 and p90 as told.
    pub inside: bool,
}

/// Figures of one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Errors and intervals by time to the actual arrival.
    pub tally: Tally,
    /// MBTA's score.
    pub mbta: Mbta,
    /// Arrivals seen.
    pub arrivals: u64,
    /// Of those, without any prediction sampled before.
    pub unpredicted: u64,
    /// Calls told within ten minutes whose vehicle did not come, nor to the call before or any after.
    pub ghosts: u64,
}

impl Score {
    /// Adds everything of another window.
    pub fn merge(&mut self, other: &Self) {
        self.tally.merge(&other.tally);
        for bucket in 0..self.mbta.n.len() {
            self.mbta.n[bucket] += other.mbta.n[bucket];
            self.mbta.right[bucket] += other.mbta.right[bucket];
        }
        self.arrivals += other.arrivals;
        self.unpredicted += other.unpredicted;
        self.ghosts += other.ghosts;
    }

    /// Share of arrivals without a prediction; `None` without arrivals.
    #[must_use]
    pub fn unpredicted_share(&self) -> Option<f64> {
        share(self.unpredicted, self.arrivals)
    }

    fn judge(&mut self, judged: &Judged) {
        self.tally.add(judged.to_go_s, judged.error_s);
        self.tally.within(judged.to_go_s, judged.inside);
        self.mbta.add(judged.to_predicted_s, Some(judged.error_s));
    }
}

/// The windows of a route, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Windows {
    /// The last half hour.
    pub recent: Score,
    /// The service day so far.
    pub today: Score,
    /// Up to 28 finished days.
    pub days: Score,
}

/// How a route does.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteScore {
    /// The route.
    pub route: RouteIdx,
    /// Its predictions are told; otherwise the timetable is.
    pub trusted: bool,
    /// Its figures.
    pub windows: Windows,
}

/// How predictions do, at an instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accuracy {
    /// All routes together.
    pub all: Windows,
    /// Routes with any figures, in the order of the timetable.
    pub routes: Vec<RouteScore>,
}

/// Running figures of every route.
#[derive(Clone, Debug, Default)]
pub(crate) struct LiveScores {
    routes: Vec<Option<Box<Running>>>,
    day: Option<ServiceDay>,
}

/// The running figures outside the process, by route_id: they say nothing of any other feed's routes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SavedScores {
    /// The service day that is being scored, `YYYYMMDD`; empty before any.
    day: String,
    routes: BTreeMap<String, Box<Running>>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Running {
    /// Which slot since the epoch each is of, and its figures.
    slots: [(i64, Score); SLOTS],
    today: Score,
    days: VecDeque<Score>,
    distrusted: bool,
    /// The trips that arrived last, and when: so many as a verdict needs. After a start they are others.
    #[serde(skip)]
    trips: [Option<(DatedTrip, Timestamp)>; TRIPS_MIN],
}

/// A route's trust changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trust {
    pub(crate) route: RouteIdx,
    pub(crate) trusted: bool,
    /// Mean absolute error and share of intervals that held over the last half hour.
    pub(crate) mae_s: f64,
    pub(crate) held: f64,
}

impl LiveScores {
    /// A sampled prediction met its arrival.
    pub(crate) fn judge(&mut self, route: RouteIdx, now: Timestamp, judged: &Judged) {
        self.add(route, now, |score| score.judge(judged));
    }

    /// A vehicle arrived at a call of a trip; whether any prediction of it had been sampled.
    pub(crate) fn arrived(&mut self, route: RouteIdx, trip: DatedTrip, now: Timestamp, predicted: bool) {
        self.add(route, now, |score| {
            score.arrivals += 1;
            score.unpredicted += u64::from(!predicted);
        });
        if let Some(running) = self.routes[route.at()].as_mut() {
            running.remember(trip, now);
        }
    }

    /// A call that was told within ten minutes never came.
    pub(crate) fn ghost(&mut self, route: RouteIdx, now: Timestamp) {
        self.add(route, now, |score| score.ghosts += 1);
    }

    /// Whether a route's predictions are told.
    pub(crate) fn trusts(&self, route: RouteIdx) -> bool {
        self.routes.get(route.at()).and_then(Option::as_ref).is_none_or(|running| !running.distrusted)
    }

    /// Goes on to a new service day, and looks whose trust changed. Once a minute is enough.
    pub(crate) fn check(&mut self, now: Timestamp, day: ServiceDay) -> Vec<Trust> {
        let ended = self.day.replace(day).is_some_and(|before| before != day);
        let mut changed = Vec::new();
        for (at, running) in self.routes.iter_mut().enumerate() {
            let Some(running) = running else { continue };
            if ended {
                running.end_day();
            }
            changed.extend(running.check(RouteIdx::new(at), now));
        }
        changed
    }

    /// The figures as they stand.
    pub(crate) fn accuracy(&self, now: Timestamp) -> Accuracy {
        let mut accuracy = Accuracy::default();
        for (at, running) in self.routes.iter().enumerate() {
            let Some(running) = running else { continue };
            let windows = running.windows(now);
            accuracy.all.recent.merge(&windows.recent);
            accuracy.all.today.merge(&windows.today);
            accuracy.all.days.merge(&windows.days);
            let (route, trusted) = (RouteIdx::new(at), !running.distrusted);
            accuracy.routes.push(RouteScore { route, trusted, windows });
        }
        accuracy
    }

    /// The same figures under a new timetable: routes are known by their route_id.
    pub(crate) fn carried(&mut self, old: &Timetable, new: &Timetable) -> Self {
        let mut carried = Self { routes: vec![None; new.routes.len()], day: self.day };
        for (route, running) in old.routes.iter().zip(&mut self.routes) {
            if let Some(place) = new.route(&route.id).and_then(|at| carried.routes.get_mut(at.at())) {
                *place = running.take();
                // Trips have other indices now.
                place.iter_mut().for_each(|running| running.trips = Default::default());
            }
        }
        carried
    }

    /// Everything, to be saved.
    pub(crate) fn saved(&self, timetable: &Timetable) -> SavedScores {
        let routes = timetable.routes.iter().zip(&self.routes);
        let known = routes.filter_map(|(route, running)| Some((route.id.to_string(), running.clone()?)));
        SavedScores { day: self.day.map_or_else(String::new, |day| day.to_string()), routes: known.collect() }
    }

    /// What was saved, under the timetable in force. Half hours and days end as the clock says.
    pub(crate) fn recalled(saved: &SavedScores, timetable: &Timetable) -> Self {
        let known = timetable.routes.iter().map(|route| saved.routes.get(&*route.id).cloned());
        Self { routes: known.collect(), day: ServiceDay::parse(&saved.day) }
    }

    fn add(&mut self, route: RouteIdx, now: Timestamp, to: impl Fn(&mut Score)) {
        if self.routes.len() <= route.at() {
            self.routes.resize(route.at() + 1, None);
        }
        let running = self.routes[route.at()].get_or_insert_default();
        let slot = now.s().div_euclid(SLOT_S);
        let place = &mut running.slots[slot.rem_euclid(SLOTS as i64) as usize];
        if place.0 != slot {
            *place = (slot, Score::default());
        }
        to(&mut place.1);
        to(&mut running.today);
    }
}

impl Running {
    fn windows(&self, now: Timestamp) -> Windows {
        let mut windows = Windows { recent: self.recent(now), today: self.today, days: Score::default() };
        self.days.iter().for_each(|day| windows.days.merge(day));
        windows
    }

    fn recent(&self, now: Timestamp) -> Score {
        let newest = now.s().div_euclid(SLOT_S);
        let mut recent = Score::default();
        let young = self.slots.iter().filter(|(slot, _)| newest - slot < SLOTS as i64);
        young.for_each(|(_, score)| recent.merge(score));
        recent
    }

    fn end_day(&mut self) {
        if self.days.len() == DAYS_MAX {
            self.days.pop_front();
        }
        self.days.push_back(std::mem::take(&mut self.today));
    }

    /// Notes a trip that arrived, in place of the one that arrived longest ago.
    fn remember(&mut self, trip: DatedTrip, now: Timestamp) {
        let known = self.trips.iter().flatten().position(|(known, _)| *known == trip);
        let oldest = || (0..TRIPS_MIN).min_by_key(|at| self.trips[*at].map(|(_, when)| when));
        if let Some(at) = known.or_else(oldest) {
            self.trips[at] = Some((trip, now));
        }
    }

    /// Whether so many trips arrived in the last half hour that they say something of the route.
    fn is_judged(&self, recent: &Score, now: Timestamp) -> bool {
        let young = |(_, when): &(DatedTrip, Timestamp)| now.since_s(*when) < (SLOTS as i64 * SLOT_S) as f64;
        recent.arrivals >= ARRIVALS_MIN
            && self.trips.iter().flatten().filter(|trip| young(trip)).count() == TRIPS_MIN
    }

    fn check(&mut self, route: RouteIdx, now: Timestamp) -> Option<Trust> {
        let Windows { recent, days, .. } = self.windows(now);
        if !self.is_judged(&recent, now) {
            return None;
        }
        let (mae_s, held) = (recent.tally.mae_all_s()?, recent.tally.interval_coverage()?);
        let usual_s = days.tally.mae_all_s();
        let worse = |times: f64| usual_s.is_some_and(|usual_s| mae_s > times * usual_s);
        let trusted = if self.distrusted {
            !worse(WORSE.1) && held >= HELD_MIN.1
        } else {
            !worse(WORSE.0) && held >= HELD_MIN.0
        };
        let changed = trusted == self.distrusted;
        self.distrusted = !trusted;
        changed.then_some(Trust { route, trusted, mae_s, held })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gtfs::{ServiceTime, TripIdx};

    const ROUTE: RouteIdx = RouteIdx(2);

    fn noon() -> Timestamp {
        Timestamp::from_s(1_795_500_000)
    }

    fn day(text: &str) -> ServiceDay {
        ServiceDay::parse(text).unwrap()
    }

    fn trip(nth: u32) -> DatedTrip {
        DatedTrip { trip: TripIdx(nth), day: day("20261124"), start: ServiceTime(0) }
    }

    /// An hour of arrivals of three trips in turn.
    fn hour(scores: &mut LiveScores, from: Timestamp, error_s: f64, inside: bool) -> Timestamp {
        hour_of(scores, from, error_s, inside, 3)
    }

    fn hour_of(
        scores: &mut LiveScores,
        from: Timestamp,
        error_s: f64,
        inside: bool,
        trips: u32,
    ) -> Timestamp {
        for minute in 0..60 {
            let now = from.plus_s(60.0 * f64::from(minute));
            scores.arrived(ROUTE, trip(minute % trips), now, minute % 10 > 0);
            let judged = Judged { to_go_s: 300.0, to_predicted_s: 300.0 - error_s, error_s, inside };
            scores.judge(ROUTE, now, &judged);
        }
        from.plus_s(3_600.0)
    }

    #[test]
    fn the_last_half_hour_forgets_and_the_day_does_not() {
        let mut scores = LiveScores::default();
        let now = hour(&mut scores, noon(), 20.0, true);
        let accuracy = scores.accuracy(now);
        assert_eq!(accuracy.routes[0].route, ROUTE);
        assert!((30..=35).contains(&accuracy.all.recent.arrivals), "{}", accuracy.all.recent.arrivals);
        assert_eq!((accuracy.all.today.arrivals, accuracy.all.today.unpredicted), (60, 6));
        assert_eq!(accuracy.all.today.tally.mae_s(1), Some(20.0));
        assert_eq!(accuracy.all.today.mbta.right[1], 60);
        assert_eq!(scores.accuracy(now.plus_s(2_400.0)).all.recent, Score::default());
    }

    #[test]
    fn intervals_that_do_not_hold_cost_a_route_its_trust_until_they_hold_again() {
        let mut scores = LiveScores::default();
        let mut now = hour(&mut scores, noon(), 20.0, false);
        let lost = scores.check(now, day("20261124"));
        assert_eq!(lost, [Trust { route: ROUTE, trusted: false, mae_s: 20.0, held: 0.0 }]);
        assert!(!scores.trusts(ROUTE) && scores.trusts(RouteIdx(0)));
        assert_eq!(scores.check(now, day("20261124")), [], "said once");
        assert_eq!(scores.check(now.plus_s(86_400.0), day("20261125")), [], "silence is no proof");
        now = hour(&mut scores, now.plus_s(86_400.0), 20.0, true);
        assert!(scores.check(now, day("20261125"))[0].trusted);
        assert!(scores.trusts(ROUTE));
    }

    #[test]
    fn a_bus_or_two_that_break_down_say_nothing_of_their_route() {
        let mut scores = LiveScores::default();
        let now = hour_of(&mut scores, noon(), 900.0, false, 2);
        assert_eq!(scores.check(now, day("20261124")), []);
        let now = hour_of(&mut scores, now, 900.0, false, 5);
        assert!(!scores.check(now, day("20261124"))[0].trusted);
    }

    #[test]
    fn a_trip_that_goes_on_under_a_new_timetable_is_not_two() {
        let town = "stop A 0 0\nstop B 600 0\nroute P bus\nroute Q bus\nroute R bus\n\
                    trip t route=R : A 08:00 B 08:02";
        let timetable = gtfs::fixture::timetable(town).unwrap();
        let mut scores = LiveScores::default();
        let now = hour_of(&mut scores, noon(), 900.0, false, 2);
        let mut scores = scores.carried(&timetable, &timetable);
        scores.arrived(ROUTE, trip(7), now, true);
        assert_eq!(scores.check(now, day("20261124")), []);
        assert!(scores.accuracy(now).all.today.arrivals > 60);
    }

    #[test]
    fn errors_are_held_against_what_is_usual_on_the_route() {
        let mut scores = LiveScores::default();
        let mut now = hour(&mut scores, noon(), 40.0, true);
        assert_eq!(scores.check(now, day("20261124")), [], "nothing is usual yet");
        now = now.plus_s(86_400.0);
        scores.check(now, day("20261125"));
        now = hour(&mut scores, now, -90.0, true);
        assert!(!scores.check(now, day("20261125"))[0].trusted);
        now = hour(&mut scores, now, 70.0, true);
        assert_eq!(scores.check(now, day("20261125")), [], "better, but not yet good");
        now = hour(&mut scores, now, 50.0, true);
        assert!(scores.check(now, day("20261125"))[0].trusted);
    }

    #[test]
    fn a_month_of_days_is_remembered_and_no_more() {
        let mut scores = LiveScores::default();
        let mut on = day("20261101");
        for at in 0..40 {
            scores.check(noon().plus_s(86_400.0 * f64::from(at)), on);
            scores.arrived(ROUTE, trip(0), noon().plus_s(86_400.0 * f64::from(at)), true);
            on = on.next();
        }
        assert_eq!(scores.accuracy(noon()).all.days.arrivals, 28);
    }
}
