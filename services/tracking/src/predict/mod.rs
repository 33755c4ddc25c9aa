//! The prediction: when will a vehicle be at each stop it has ahead?
//!
//! One function, [`predict`], of what is known now; everything it returns is a mean and a variance
//! in seconds after the fix. It is a recurrence over the calls of the block: [`drive`] from stop to
//! stop, [`halt`] at each. It keeps nothing; what it is told was learned elsewhere ([`crate::learned`]).
//! Matching, publishing and boards need not know.

mod drive;
pub(crate) mod halt;

use crate::boarding::Boarding;
use crate::gamma::Gamma;
use crate::learned::Learned;
use crate::learned::current::Sailing;
use crate::learned::dwell::LEG_SHARE_MAX;
use crate::learned::holding::{Compliance, Custom};
use crate::params::Params;
use crate::run::{Line, Run};
use crate::visit::Seen;
use gtfs::timetable::Mode;
use gtfs::{Timestamp, Timetable};

/// What is known of the world, apart from the vehicle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    pub(crate) timetable: &'a Timetable,
    pub(crate) learned: &'a Learned,
    pub(crate) params: &'a Params,
}

/// Where a vehicle is on the first of its runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Present<'a> {
    /// When that was.
    pub(crate) t: Timestamp,
    /// Metres along the line; `None` while it is on its way to the first stop.
    pub(crate) along_m: Option<f32>,
    /// The next or present call.
    pub(crate) next: usize,
    /// What has been seen of the calls.
    pub(crate) seen: &'a [Seen],
    /// When it came to the first stop, or to the end of the run before; `None` when nobody saw.
    pub(crate) came: Option<Timestamp>,
    /// Taps and doors at the present call.
    pub(crate) boarding: Boarding,
    /// It stands, and no call after the first stop has been observed yet.
    pub(crate) waits: bool,
}

/// One call ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Expected {
    /// Which run: 0 is the present one.
    pub(crate) run: usize,
    /// Position in its calls.
    pub(crate) call: u16,
    /// Time to arrival, after the fix.
    pub(crate) arrival: Gamma,
    /// Time to departure, after the fix.
    pub(crate) departure: Gamma,
    /// No departure earlier than this: terminals and time points.
    pub(crate) not_before: Option<Timestamp>,
}

/// A moment to come: seconds after the fix, and how unsure.
pub(crate) type Moment = Gamma;

/// From stop to stop this much of an unusual gap is left: the vehicle before changes its own (start).
const GAP_KEPT: f64 = 0.9;

/// What one run's pace shares over all its legs (driver, load, weather), standard deviation as a share
/// of its time: of the variance of ten minutes 10 % (Washington) and 20 % (Kingston) come back in the
/// next ten, which is 5 to 7 % of the time. Legs add their own variances; this one adds up unaveraged.
const SHARED_SD: f64 = 0.07;

/// The present moment, of which one is sure.
const NOW: Moment = Moment { mean_s: 0.0, var_s2: 0.0 };

/// Appends an [`Expected`] for every call ahead: all of the present run, and those of the next runs
/// of the block that begin within the horizon.
pub(crate) fn predict(known: &Known<'_>, runs: &[Run], present: &Present<'_>, ahead: &mut Vec<Expected>) {
    let Some((now, later)) = runs.split_first() else { return };
    let mut course = Course::new(known, 0, now, present.t);
    let mut arrived = course.present(present, ahead);
    let mut ended_s = course.aimed_end_s();
    for (at, run) in later.iter().enumerate() {
        course = Course::new(known, at + 1, run, present.t);
        if course.to_start_s.min(arrived.mean_s) > known.params.ahead_s {
            return;
        }
        arrived = course.next(arrived, ended_s, ahead);
        ended_s = course.aimed_end_s();
    }
}

/// The calls of one run, seen from the fix.
struct Course<'a> {
    known: &'a Known<'a>,
    at: usize,
    run: &'a Run,
    line: Line<'a>,
    /// Seconds from the fix to the run's aimed start.
    to_start_s: f64,
    /// Seconds from the fix to where its driving begins: now, or the end of the layover.
    begins_s: f64,
    /// Where vehicles of this route wait when they are early.
    custom: Custom<'a>,
}

impl<'a> Course<'a> {
    fn new(known: &'a Known<'a>, at: usize, run: &'a Run, fix: Timestamp) -> Self {
        let route = known.timetable.route_of(run.dated.trip);
        Self {
            known,
            at,
            run,
            line: run.line(known.timetable),
            to_start_s: run.origin.since_s(fix),
            begins_s: 0.0,
            custom: known.learned.holding.of(route),
        }
    }

    fn aimed_end_s(&self) -> f64 {
        self.to_start_s + self.line.times.last().map_or(0.0, |time| f64::from(time.arrival_s))
    }

    fn aimed_departure_s(&self, call: usize) -> f64 {
        self.to_start_s + f64::from(self.line.times[call].departure_s)
    }

    fn compliance(&self, call: usize) -> Compliance {
        self.custom.at(self.line.first + call)
    }

    /// The run the vehicle is on; returns its arrival at the last call.
    fn present(&self, present: &Present<'_>, ahead: &mut Vec<Expected>) -> Moment {
        let next = present.next;
        let Some(time) = self.line.times.get(next) else { return NOW };
        let seen = present.seen[next];
        let aimed_departure_s = self.aimed_departure_s(next);
        let arrival = match present.along_m {
            _ if seen.arrived => NOW,
            Some(along_m) if next > 0 => {
                let drive = drive::from_place(self.known, &self.line, along_m, next);
                let drive = self.without_standing(drive, next);
                let aimed_s = self.to_start_s + self.line.aimed_s_at(along_m);
                if present.waits { self.after_wait(aimed_s, drive) } else { drive }
            }
            _ => {
                let aimed_arrival_s = self.to_start_s + f64::from(time.arrival_s);
                halt::comes_to_start(self.known, aimed_arrival_s, aimed_departure_s)
            }
        };
        if seen.arrived && next + 1 == self.line.calls.len() {
            return arrival;
        }
        let compliance = self.compliance(next);
        let leaving = if next == 0 {
            let came_s = present.came.map(|came| came.since_s(present.t)).filter(|_| seen.arrived);
            let habit = self.known.learned.terminals.of(self.run.pattern);
            halt::starts(&habit, seen.arrived, came_s, arrival, aimed_departure_s)
        } else {
            let stood_s = seen.arrival.map_or(0.0, |arrival| present.t.since_s(arrival));
            let needed_s = halt::dwell_s(&self.line, next) + self.folded_s(next);
            let boards_s = present.boarding.least_s(next, present.t, stood_s);
            let needed_s =
                if seen.arrived { halt::still_s(needed_s, stood_s).max(boards_s) } else { needed_s };
            halt::leaves(arrival, needed_s, aimed_departure_s, compliance.given(stood_s))
        };
        self.push(next, arrival, leaving, compliance, ahead);
        self.onward(next, leaving, self.longer_s(next, arrival, present.t), ahead)
    }

    /// The arrival at the next call of a vehicle that stands beyond its first stop, where it is aimed to
    /// be `aimed_s` after the fix, and then has to `drive`.
    fn after_wait(&self, aimed_s: f64, drive: Moment) -> Moment {
        let habit = self.known.learned.terminals.of(self.run.pattern);
        let leaves = halt::starts(&habit, true, None, NOW, aimed_s);
        Moment { mean_s: leaves.mean_s + drive.mean_s, var_s2: leaves.var_s2 + drive.var_s2 }
    }

    /// A later run of the block, after the vehicle has `arrived` at the end of the one before, whose
    /// aimed end was `ended_s` after the fix.
    fn next(&mut self, arrived: Moment, ended_s: f64, ahead: &mut Vec<Expected>) -> Moment {
        let habit = self.known.learned.terminals.of(self.run.pattern);
        let leaving = halt::turns_round(self.known, &habit, arrived, ended_s, self.to_start_s);
        let comes_s = arrived.mean_s.max(leaving.mean_s - self.known.params.recovery_s);
        self.begins_s = leaving.mean_s;
        self.push(0, Moment { mean_s: comes_s, ..arrived }, leaving, self.compliance(0), ahead);
        self.onward(0, leaving, 0.0, ahead)
    }

    /// How much longer than usual every stop takes a vehicle that comes to call `next` so long after the
    /// one before it, seconds. Ferries keep to their piers' own time, and who waits at a terminal sets its
    /// own gap.
    fn longer_s(&self, next: usize, arrival: Moment, fix: Timestamp) -> f64 {
        if self.line.mode == Mode::Ferry || next == 0 {
            return 0.0;
        }
        self.known.learned.headways.longer_s(self.line.first + next, fix.plus_s(arrival.mean_s))
    }

    /// From the departure at call `from` to the end of the run, standing `longer_s` more than usual at
    /// the next call, and less and less at those after it; returns the arrival there.
    fn onward(&self, from: usize, leaving: Moment, longer_s: f64, ahead: &mut Vec<Expected>) -> Moment {
        let (mut leaving, mut arrival) = (leaving, leaving);
        let (mut folded_s, mut longer_s) = (self.folded_s(from), longer_s);
        for call in from + 1..self.line.calls.len() {
            arrival = drive::onward(self.known, &self.line, leaving, call);
            arrival.mean_s -= folded_s;
            if self.line.mode == Mode::Ferry {
                arrival.mean_s += self.stream_s(call, 1.0, leaving.mean_s);
            }
            folded_s = self.folded_s(call);
            let needed_s = halt::dwell_s(&self.line, call) + folded_s + longer_s;
            longer_s *= GAP_KEPT;
            let (aimed_s, compliance) = (self.aimed_departure_s(call), self.compliance(call));
            leaving = halt::leaves(arrival, needed_s, aimed_s, compliance);
            self.push(call, arrival, leaving, compliance, ahead);
        }
        arrival
    }

    fn folded_s(&self, call: usize) -> f64 {
        self.known.learned.folded_s(&self.line, call)
    }

    /// The rest of the way to call `to`, of a vehicle that has left the call before it, given the rest
    /// at the pace of the whole leg: the standing is over.
    fn without_standing(&self, rest: Moment, to: usize) -> Moment {
        let folded_s = self.folded_s(to - 1);
        let leg_s = self.known.learned.pace.leg(&self.line, to).mean_s.max(1.0);
        let mut mean_s = rest.mean_s * (1.0 - folded_s / leg_s).max(1.0 - LEG_SHARE_MAX);
        if self.line.mode == Mode::Ferry {
            mean_s += self.stream_s(to, (rest.mean_s / leg_s).clamp(0.0, 1.0), 0.0);
        }
        Moment { mean_s, ..rest }
    }

    /// How much longer the stream makes the last `share` of the leg to call `to`, sailed from `from_s`
    /// after the fix, seconds; negative when it is behind.
    fn stream_s(&self, to: usize, share: f64, from_s: f64) -> f64 {
        let learned = self.known.learned;
        let leg = learned.sailing(&self.line, to);
        let sailing = Sailing { length_m: share * leg.length_m, still_s: share * leg.still_s };
        let halfway = self.run.at(from_s + 0.5 * sailing.still_s - self.to_start_s);
        sailing.with_s(learned.currents.behind_mps(self.line.first + to, halfway)) - sailing.still_s
    }

    fn push(
        &self,
        call: usize,
        arrival: Moment,
        departure: Moment,
        compliance: Compliance,
        ahead: &mut Vec<Expected>,
    ) {
        let held = call == 0 || compliance.holds();
        let shared_s = SHARED_SD * (arrival.mean_s - self.begins_s).max(0.0);
        let with_shared = |m: Moment| Moment { var_s2: m.var_s2 + shared_s * shared_s, ..m };
        ahead.push(Expected {
            run: self.at,
            call: call as u16,
            arrival: with_shared(arrival),
            departure: with_shared(departure),
            not_before: held.then(|| self.run.at(f64::from(self.line.times[call].departure_s))),
        });
    }
}
