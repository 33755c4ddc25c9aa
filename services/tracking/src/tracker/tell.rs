//! Telling: from what is known of a vehicle to trip updates and board rows.

use super::Tracker;
use crate::boards::{Holder, LiveRow, Passage};
use crate::job::Job;
use crate::learned::calibration::Curve;
use crate::params::Params;
use crate::predict::{Expected, Known, predict};
use crate::publish::{self, Changed, Order, Told};
use crate::vehicle::{Freshness, Vehicle};
use crate::visit::Seen;
use crate::{CallUpdate, DatedTrip, Effect, TripState, TripUpdate};
use gtfs::Timestamp;
use std::sync::Arc;

/// A vehicle is at a stop on the board only when it is about to leave; before that its time says more.
const BOARDING_S: f64 = 60.0;

/// An expected time that has passed is told anew this often, seconds.
const RETELL_S: f64 = 5.0;

impl Tracker {
    /// Predicts for one vehicle and tells what changed.
    pub(super) fn tell(&mut self, at: u32, now: Timestamp, effects: &mut Vec<Effect>) {
        let vehicle = &self.vehicles[at as usize];
        let Some(job) = &vehicle.job else { return };
        if vehicle.freshness == Freshness::Silent || !job.is_predictable(now, &self.params) {
            return self.withdraw(at, now, effects);
        }
        if job.closed && job.runs.len() < 2 {
            return;
        }
        self.ahead.clear();
        let known = Known { timetable: &self.timetable, learned: &self.learned, params: &self.params };
        predict(&known, &job.runs, &job.present(), &mut self.ahead);
        self.widen(at);
        let ahead = std::mem::take(&mut self.ahead);
        let runs = ahead.last().map_or(1, |last| last.run + 1);
        let sampled = self.vehicles[at as usize].pledges.is_due(now) && self.is_followed(at);
        let trusted =
            self.vehicles[at as usize].job.as_ref().and_then(Job::run).is_none_or(|r| self.trusts(r));
        for run in 0..runs {
            let of_run = &ahead[ahead.partition_point(|e| e.run < run)..];
            let of_run = &of_run[..of_run.partition_point(|e| e.run == run)];
            if !trusted {
                if sampled {
                    self.follow(at, run, of_run, now);
                }
                continue;
            }
            if run > 0 && !self.plans(at, run) {
                self.forget(at, run);
                break;
            }
            self.tell_run(at, run, of_run, now, effects);
            if sampled {
                self.follow(at, run, of_run, now);
            }
        }
        self.ahead = ahead;
        if !trusted {
            return self.withdraw(at, now, effects);
        }
        let vehicle = &mut self.vehicles[at as usize];
        vehicle.news = false;
        vehicle.due = vehicle.job.as_ref().and_then(first_expected).map(|due| due.max(now.plus_s(RETELL_S)));
        let look = &mut self.looks[at as usize];
        *look = vehicle.due.map_or(*look, |due| due.min(*look));
    }

    /// A vehicle off its line is less and less sure.
    fn widen(&mut self, at: u32) {
        let off_s = self.vehicles[at as usize].job.as_ref().and_then(|job| job.off_s(&self.params));
        let Some(off_s) = off_s else { return };
        for expected in &mut self.ahead {
            expected.arrival.var_s2 += off_s * off_s;
            expected.departure.var_s2 += off_s * off_s;
        }
    }

    /// Whether the vehicle is due to run this one of its runs: nobody else has it.
    fn plans(&mut self, at: u32, run: usize) -> bool {
        let Some(dated) =
            self.vehicles[at as usize].job.as_ref().and_then(|job| job.runs.get(run)).map(|r| r.dated)
        else {
            return false;
        };
        let planned = Holder { vehicle: at, present: false, told: true, next: 0 };
        let holder = self.trips.holders.entry(dated).or_insert(planned);
        holder.vehicle == at && !self.trips.over.contains_key(&dated)
    }

    /// Another vehicle has taken a run that this one had planned: its rows are the other's now.
    fn forget(&mut self, at: u32, run: usize) {
        if let Some(job) = &mut self.vehicles[at as usize].job {
            job.told.truncate(run);
        }
    }

    fn tell_run(
        &mut self,
        at: u32,
        run_at: usize,
        ahead: &[Expected],
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(job) = &self.vehicles[at as usize].job else { return };
        let (run, next) = (job.runs[run_at], if run_at == 0 { job.next } else { 0 });
        let (_, curve) = self.reading(&run, run_at, next);
        let vehicle = &mut self.vehicles[at as usize];
        let fix = vehicle.ping.t;
        let Some(job) = &mut vehicle.job else { return };
        let calls = self.timetable.calls(run.pattern);
        if job.told.len() <= run_at {
            job.told.push(vec![Told::default(); calls.len()]);
        }
        let mut told = std::mem::take(&mut job.told[run_at]);
        let open = if run_at == 0 { job.first_open(&told) } else { 0 };
        let mut changed = Changed::default();
        let mut teller = Teller { fix, now, order: Order::new(), along: false, curve, params: &self.params };
        let mut ahead = ahead.iter().peekable();
        for (call, told) in told.iter_mut().enumerate().skip(open) {
            let seen = (run_at == 0 && call <= next).then(|| &job.seen[call]);
            let expected = ahead.next_if(|e| usize::from(e.call) == call);
            let closed = self.trips.closed.contains(&calls[call].stop);
            let here = teller.tell(told, seen, expected, closed);
            self.counters.predictions += u64::from(here.feed && expected.is_some());
            if here.board && told.known && call + 1 < calls.len() && calls[call].pickup {
                self.boards.set(calls[call].stop, live_row(&run, &self.timetable, call, told, at, now, fix));
            }
            changed |= here;
        }
        if run_at == 0 && job.is_complete() && !job.closed {
            job.closed = true;
            self.trips.over.insert(run.dated, now.plus_s(super::tick::OVER_S));
            self.ended.push_back((now.plus_s(self.params.passed_s), run.dated));
        }
        if changed.feed {
            effects.push(Effect::TripUpdate(trip_update(
                vehicle,
                &self.timetable,
                run_at,
                run.dated,
                &told,
                now,
            )));
        }
        if let Some(job) = &mut vehicle.job {
            job.told[run_at] = told;
            job.open = if run_at == 0 { open } else { job.open };
        }
        if let Some(holder) = self.trips.holders.get_mut(&run.dated) {
            (holder.told, holder.next) = (true, next as u16);
        }
    }

    /// Withdraws a vehicle's predictions: the timetable stands, with what has been passed.
    pub(super) fn withdraw(&mut self, at: u32, now: Timestamp, effects: &mut Vec<Effect>) {
        let vehicle = &mut self.vehicles[at as usize];
        vehicle.due = None;
        let Some(job) = &mut vehicle.job else { return };
        let told = std::mem::take(&mut job.told);
        let runs: Vec<_> = job.runs.iter().take(told.len()).copied().collect();
        let next = job.next as u16;
        for (index, (run, told)) in runs.iter().zip(&told).enumerate() {
            let calls = self.timetable.calls(run.pattern);
            for (call, _) in told.iter().enumerate().filter(|(_, told)| told.known && !told.departed) {
                self.boards.remove(calls[call].stop, run.dated, call as u16);
            }
            let Some(holder) = self.trips.holders.get_mut(&run.dated).filter(|holder| holder.vehicle == at)
            else {
                continue;
            };
            (holder.told, holder.next) = (false, next);
            if index > 0 {
                self.trips.holders.remove(&run.dated);
                effects.push(Effect::TripUpdateGone(run.dated));
            } else {
                let vehicle = &self.vehicles[at as usize];
                let passed: Vec<Told> = told.iter().map(Told::observed_only).collect();
                let mut update = trip_update(vehicle, &self.timetable, index, run.dated, &passed, now);
                update.state = TripState::NoData;
                effects.push(Effect::TripUpdate(update));
            }
        }
    }

    /// Marks the boards of every stop that a vehicle has rows at.
    pub(super) fn mark_stops_of(&mut self, at: u32) {
        let Some(job) = &self.vehicles[at as usize].job else { return };
        for (run, told) in job.runs.iter().zip(&job.told) {
            let calls = self.timetable.calls(run.pattern);
            for (call, _) in told.iter().enumerate().filter(|(_, told)| told.known && !told.departed) {
                self.boards.mark(calls[call].stop);
            }
        }
    }
}

/// Tells the calls of one run, one after the other.
struct Teller<'a> {
    fix: Timestamp,
    now: Timestamp,
    order: Order,
    /// A call before this one is told to the feed.
    along: bool,
    curve: Curve,
    params: &'a Params,
}

impl Teller<'_> {
    /// What was seen of a call, what is expected of it, whether its stop is closed: says what changed.
    fn tell(
        &mut self,
        told: &mut Told,
        seen: Option<&Seen>,
        expected: Option<&Expected>,
        closed: bool,
    ) -> Changed {
        let mut changed = seen.map_or(Changed::default(), |seen| publish::observe(told, seen, self.fix));
        if let Some(expected) = expected.filter(|_| !told.departed) {
            let mut fresh = publish::moments(expected, &self.curve, self.fix, self.now);
            if told.arrived && told.known {
                fresh = publish::Moments { departure: fresh.departure.max(told.feed.arrival), ..told.feed };
            }
            let sd_s = libm::sqrt(expected.arrival.var_s2);
            changed |= publish::tell(told, fresh, sd_s, self.along, self.now, self.params);
        }
        let round = seen.is_some_and(|seen| seen.skipped);
        if told.skipped != (closed || round) {
            told.skipped = closed || round;
            // Also of a call whose prediction was withdrawn on the way.
            told.known |= round;
            changed |= Changed { feed: told.known, board: told.known };
        }
        if told.known && !told.unseen {
            changed |= self.order.put(told);
        }
        self.along |= changed.feed;
        changed
    }
}

/// The earliest time told of a call that has not been reached.
fn first_expected(job: &Job) -> Option<Timestamp> {
    let first = |(run, told): (usize, &Vec<Told>)| {
        let ahead = &told[if run == 0 { job.open.min(told.len()) } else { 0 }..];
        ahead.iter().find(|told| told.known && !told.arrived).map(|told| told.feed.arrival)
    };
    job.told.iter().enumerate().filter_map(first).min()
}

fn live_row(
    run: &crate::run::Run,
    timetable: &gtfs::Timetable,
    call: usize,
    told: &Told,
    vehicle: u32,
    now: Timestamp,
    fix: Timestamp,
) -> LiveRow {
    let passage = if told.departed && told.skipped && told.unseen {
        Passage::Round(fix)
    } else if told.departed {
        Passage::Left(told.board.departure.min(fix))
    } else if told.arrived && told.board.departure.since_s(now) <= BOARDING_S {
        Passage::AtStop
    } else if told.skipped {
        Passage::Skipped
    } else {
        Passage::Coming
    };
    let aimed = run.aimed(timetable, call as u16);
    LiveRow {
        dated: run.dated,
        call: call as u16,
        vehicle,
        aimed,
        moments: told.board,
        passage,
        latched: None,
    }
}

fn trip_update(
    vehicle: &Vehicle,
    timetable: &gtfs::Timetable,
    run_at: usize,
    dated: DatedTrip,
    told: &[Told],
    now: Timestamp,
) -> TripUpdate {
    let known = told.iter().enumerate().filter(|(_, told)| told.known && (!told.unseen || told.skipped));
    let mut calls = Vec::with_capacity(told.len());
    calls.extend(known.map(|(call, told)| CallUpdate {
        call: call as u16,
        arrival: told.feed.arrival,
        departure: told.feed.departure,
        arrival_q: told.feed.quantiles,
        arrived: told.arrived && !told.unseen,
        departed: told.departed && !told.unseen,
        skipped: told.skipped,
    }));
    let delay_s = vehicle.job.as_ref().filter(|_| run_at == 0).map_or(0.0, |job| job.delay_s(timetable));
    TripUpdate {
        trip: dated,
        state: TripState::Running,
        vehicle: Some(Arc::clone(&vehicle.id)),
        made: if vehicle.news { vehicle.ping.received } else { now },
        position_t: vehicle.ping.t,
        delay_s: delay_s as i32,
        calls,
    }
}
