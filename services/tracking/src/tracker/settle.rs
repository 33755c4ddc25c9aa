//! Holding predictions to their word: which are followed, what came of them, and what is done about it.

use super::Tracker;
use crate::learned::calibration::{Curve, Phase};
use crate::pledge::{Reaped, Said};
use crate::predict::Expected;
use crate::publish::{self, Told};
use crate::run::Run;
use crate::score::Accuracy;
use crate::{Effect, OperatorAlert};
use gtfs::time::MICROS;
use gtfs::{ServiceDay, Timestamp};

/// Vehicles whose predictions are followed, about: of a greater fleet every second, third, ... vehicle
/// is. The figures of a thousand vehicles are as good as those of ten thousand, and need a tenth of the
/// memory (start).
const VEHICLES_FOLLOWED: usize = 1_000;

impl Tracker {
    /// Whether predictions of a vehicle are followed.
    pub(super) fn is_followed(&self, at: u32) -> bool {
        let every = self.vehicles.len() / VEHICLES_FOLLOWED + 1;
        (at as usize).is_multiple_of(every)
    }

    /// How predictions do: figures per route over the last half hour, today, and the days before.
    #[must_use]
    pub fn accuracy(&self, now: Timestamp) -> Accuracy {
        self.live.accuracy(now)
    }

    /// How to read what is expected of one run of a vehicle, and in which phase that is.
    pub(super) fn reading(&self, run: &Run, run_at: usize, next: usize) -> (Phase, Curve) {
        let mode = self.timetable.routes[self.timetable.route_of(run.dated.trip).at()].mode;
        let phase = Phase::of(mode, run_at, next);
        (phase, self.learned.calibration.curve(phase))
    }

    /// Whether the run's route has its predictions told.
    pub(super) fn trusts(&self, run: &Run) -> bool {
        self.live.trusts(self.timetable.route_of(run.dated.trip))
    }

    /// Follows what is expected of one run of a vehicle: as it was told or, of a route that is not
    /// trusted, as it would have been.
    pub(super) fn follow(&mut self, at: u32, run_at: usize, ahead: &[Expected], now: Timestamp) {
        let Some(job) = &self.vehicles[at as usize].job else { return };
        let next = if run_at == 0 { job.next } else { 0 };
        let run = job.runs[run_at];
        let (phase, curve) = self.reading(&run, run_at, next);
        let vehicle = &mut self.vehicles[at as usize];
        let (age_s, fix) = (vehicle.age_s(now), vehicle.ping.t);
        let told = vehicle.job.as_ref().and_then(|job| job.told.get(run_at));
        // Coming to the first stop is no promise: there the departure is what is told.
        for expected in ahead.iter().filter(|expected| expected.call > 0) {
            let moments = told.and_then(|told| told.get(usize::from(expected.call)).and_then(Told::standing));
            let moments = moments.unwrap_or_else(|| publish::moments(expected, &curve, fix, now));
            let [p10, _, p90] = moments.quantiles;
            vehicle.pledges.follow(&Said {
                dated: run.dated,
                call: expected.call,
                phase,
                arrival: expected.arrival,
                age_s,
                made: now,
                told: [p10, moments.arrival, p90],
            });
        }
    }

    /// A vehicle reached a call: scores what was told of it.
    pub(super) fn settle(&mut self, at: u32, run: &Run, call: usize, arrival: Timestamp, now: Timestamp) {
        let Some(before) = call.checked_sub(1) else { return };
        let times = self.timetable.times(run.dated.trip);
        let gap_s = f64::from(times[call].arrival_s - times[before].departure_s);
        let route = self.timetable.route_of(run.dated.trip);
        let live = &mut self.live;
        let mut predicted = false;
        self.vehicles[at as usize].pledges.settle(run.dated, call as u16, arrival, gap_s, |judged| {
            predicted = true;
            live.judge(route, now, judged);
        });
        live.arrived(route, run.dated, now, predicted);
    }

    /// Once a minute: learns what is ripe, counts who never came, and looks whom to trust.
    pub(super) fn take_stock(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let minute = now.0.div_euclid(60 * MICROS);
        if std::mem::replace(&mut self.stock_minute, minute) == minute {
            return;
        }
        let (live, calibration) = (&mut self.live, &mut self.learned.calibration);
        for vehicle in &mut self.vehicles {
            vehicle.pledges.reap(now, |reaped| match reaped {
                Reaped::Fell(fell) => calibration.learn(fell),
                Reaped::Ghost(dated) => live.ghost(self.timetable.route_of(dated.trip), now),
            });
        }
        calibration.renew();
        for trust in self.live.check(now, ServiceDay::of(now, self.timetable.tz)) {
            let route = &self.timetable.routes[trust.route.at()];
            let name = if route.short_name.plain.is_empty() { &route.id } else { &route.short_name.plain };
            let figures = format!(
                "in the last half hour {:.0} % of its 80 % intervals held and arrivals were {:.0} s off in the mean",
                100.0 * trust.held,
                trust.mae_s
            );
            let (code, text) = if trust.trusted {
                ("predictions_return", format!("route {name}: its predictions are told again, {figures}"))
            } else {
                (
                    "predictions_withdrawn",
                    format!("route {name}: the timetable is told instead of predictions, {figures}"),
                )
            };
            effects.push(Effect::Alert(OperatorAlert { code, vehicle: None, trip: None, text }));
            self.mark_route(trust.route);
        }
    }

    /// Every vehicle on a route is to be told anew.
    fn mark_route(&mut self, route: gtfs::RouteIdx) {
        for at in 0..self.vehicles.len() as u32 {
            let run = self.vehicles[at as usize].job.as_ref().and_then(crate::job::Job::run);
            if run.is_some_and(|run| self.timetable.route_of(run.dated.trip) == route) {
                self.mark(at);
            }
        }
    }
}
