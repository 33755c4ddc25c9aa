//! What a vehicle that claims nothing may be doing: every duty that its last fixes fit, and how well.
//!
//! A duty is a block on a day (a trip that has no block is one of its own), because that is what one
//! vehicle keeps. Its worth is how much better its line explains the fixes than no line does, how
//! usual the delay would be, and what was believed before. This module compares the duties of one
//! vehicle; that two want the same is settled elsewhere ([`crate::auction`]).
//!
//! What always holds: a vehicle that has not moved along a line bids for nothing new, but for a ferry that
//! is moored where its trip is about to begin.

use crate::DatedTrip;
use crate::days;
use crate::gamma::ln_student;
use crate::grid::Grid;
use crate::matching::{Ended, Sight, trial};
use crate::params::Params;
use crate::run::{Line, Run};
use crate::vehicle::Vehicle;
use gtfs::timetable::Mode;
use gtfs::{BlockIdx, PatternIdx, ServiceDay, Timestamp, Timetable};

/// Patterns tried for one vehicle.
const PATTERNS_MAX: usize = 64;
/// Duties that one vehicle bids for.
const BIDS_MAX: usize = 12;
/// A line can not be likelier than no line by more than this, nats: the fixes along one street are
/// not so many witnesses (start).
const FIT_MAX: f64 = 15.0;
/// What the duty that a vehicle has is worth more for that, nats (start).
const KEPT: f64 = 2.0;
/// What a duty is worth to its vehicle before the first departure of the next trip, nats (start):
/// vehicles wait, shunt and fetch coffee then, and still do their next trip.
const WAITING: f64 = 6.0;
/// A vehicle that waits for its next trip is given up this long after its departure, seconds.
const WAITING_S_MAX: f64 = 600.0;
/// What a line can be worth to a vehicle that stands, nats: it wins nothing, but may well be there.
const STANDING_MAX: f64 = 6.0;
/// What standing where vehicles lay over is worth, nats (start),
const AT_START: f64 = 6.0;
/// which is this near to the first stop, metres (OBA-NYC).
const LAYOVER_M: f32 = 250.0;
/// A ferry this near to its first pier, metres,
const PIER_M: f32 = 50.0;
/// from this long before a departure until this long after it, seconds, registers for it (the rule of
/// HSL's Suomenlinna ferry, tracking design 14; who is later sails later or not at all).
const REGISTERS_S: std::ops::RangeInclusive<f64> = -240.0..=60.0;
/// Usual delay under way, seconds (start; both recorded fleets had a median near 85).
const DELAY_S: f64 = 60.0;
/// Scale of running before that, seconds: at the first stop, and what half an hour under way adds
/// (start). Drivers are told not to, so it is rarer than late, and a vehicle that has just set out has
/// hardly had the time: a few minutes late there is much likelier than as many before the next
/// departure.
const EARLY_SCALE_S: [f64; 2] = [60.0, 90.0];
/// Scale of running after it, seconds: at the first stop, and what half an hour under way adds (start).
const LATE_SCALE_S: [f64; 2] = [160.0, 120.0];
/// Under way for this long, delays have spread as far as they will, seconds (start).
const SPREAD_S: f64 = 1800.0;
/// Degrees of freedom of the delay: 1 in 50 was beyond 2.5 scales.
const DELAY_NU: f64 = 4.0;
/// A delay less usual than this is not believed, nats: some 20 min early or 35 min late (start).
const LN_DELAY_MIN: f64 = -7.0;
/// A vehicle near the start of its line before the trip has begun is this unusual at most, nats
/// (start): in some towns they wait at a stand beyond the first stops.
const LN_BEFORE_START: f64 = -3.0;
/// As long as it is neither longer before the start nor further under way than this, seconds.
const BEFORE_START_S: f64 = 900.0;
/// Beyond this much progress from the first stop a vehicle has left it, metres.
const LEFT_M: f32 = 100.0;
/// Of departures it may be waiting for the next is the likeliest: e-folding time, seconds (start).
const WAIT_S: f64 = 600.0;
/// Delays this far apart in time are separate witnesses, seconds (start): who is late stays late to the
/// end of the trip, and only the next departure says something new.
const WITNESS_S: f64 = 1800.0;
/// A vehicle heard again is on its block still if its delay there is as usual as this, nats: some 12 min
/// early or 20 min late (start).
const LN_RESUMED_MIN: f64 = -4.0;
/// What was seen before counts at most this many nats against a duty.
const BELIEF_MIN: f64 = -12.0;
/// A duty that was not thought of before has this against it, where others were, nats.
const BELIEF_NEW: f64 = -3.0;

/// A block on a day, or a trip without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Lot {
    Block(BlockIdx, ServiceDay),
    Trip(DatedTrip),
}

impl Lot {
    /// The duty that a run is part of.
    pub(crate) fn of(timetable: &Timetable, run: &Run) -> Self {
        match timetable.trips[run.dated.trip.at()].block {
            Some(block) => Self::Block(block, run.dated.day),
            None => Self::Trip(run.dated),
        }
    }
}

/// A duty that a vehicle may be on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bid {
    pub(crate) lot: Lot,
    /// The run of it that it would be on.
    pub(crate) run: Run,
    /// Nats by which that is likelier than being on none.
    pub(crate) worth: f64,
    /// Nats by which this run is likelier than the other runs of the duty.
    pub(crate) lead: f64,
    /// The vehicle has not moved: it may be there, but wins nothing.
    pub(crate) stands: bool,
}

/// What a vehicle was seen to fit before: nats against each duty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beliefs {
    of: Vec<(Lot, f64)>,
    t: Option<Timestamp>,
}

/// A run that the fixes fit.
#[derive(Clone, Copy, Debug)]
struct Fit {
    run: Run,
    ln_fit: f64,
    ln_delay: f64,
    /// It stands, and is surely there for this departure all the same.
    registers: bool,
}

/// The duties that a vehicle may be on, best first.
pub(crate) fn bids(timetable: &Timetable, grid: &Grid, vehicle: &mut Vehicle, params: &Params) -> Vec<Bid> {
    let Some(last) = vehicle.sights.last() else { return Vec::new() };
    let (now, here) = (last.t, grid.near(last.xy));
    let stands = vehicle.moved_m() < params.moved_m_min;
    let mut fits = Vec::new();
    for &pattern in here.iter().take(PATTERNS_MAX) {
        of_pattern(timetable, pattern, vehicle, now, stands, params, &mut fits);
    }
    let best = fits.iter().map(|fit| fit.ln_fit).fold(0.0, f64::max);
    let beyond = (best - if stands { STANDING_MAX } else { FIT_MAX }).max(0.0);
    let mut bids = by_lot(timetable, &fits, beyond, stands);
    let own = own(timetable, vehicle, now);
    if let Some(own) = own {
        match bids.iter_mut().find(|bid| bid.lot == own.lot) {
            Some(bid) => bid.worth = bid.worth.max(own.worth),
            None => bids.push(own),
        }
    }
    if !stands {
        vehicle.beliefs.recall(now, &mut bids);
    }
    for bid in &mut bids {
        bid.worth += if own.is_some_and(|own| own.lot == bid.lot) { KEPT } else { 0.0 };
    }
    bids.sort_by(|a, b| b.worth.total_cmp(&a.worth).then(a.run.dated.cmp(&b.run.dated)));
    bids.truncate(BIDS_MAX);
    bids
}

/// What the duty that a vehicle has is worth by what is known of it there: on its line it has shown
/// where it is, and before its next trip it may be anywhere.
fn own(timetable: &Timetable, vehicle: &Vehicle, now: Timestamp) -> Option<Bid> {
    let job = vehicle.job.as_ref()?;
    let run = *job.run()?;
    let rides = job.track.as_ref().filter(|_| job.on_line && job.next > 0).map(|track| {
        FIT_MAX + ln_usual(job.delay_s(timetable), run.line(timetable).aimed_s_at(track.along_m))
    });
    let waits = job.next == 0 && now.since_s(run.origin) < WAITING_S_MAX;
    let worth = rides.unwrap_or(if waits { WAITING } else { 0.0 });
    Some(Bid { lot: Lot::of(timetable, &run), run, worth, lead: f64::INFINITY, stands: false })
}

/// The run of its block that a vehicle is on after a silence, by its newest fix alone: the likeliest of
/// those on whose line it is with no unusual delay. A block goes on while nobody hears of it, and by
/// chance a vehicle is hardly ever where that puts it.
pub(crate) fn resumed(
    timetable: &Timetable,
    vehicle: &Vehicle,
    of_block: &Run,
    params: &Params,
) -> Option<Run> {
    let newest = vehicle.sights.last()?;
    let fit = |run: &Run| {
        let line = run.line(timetable);
        let worth = |ended: &Ended| {
            let ln_delay = ln_delay(&line, run, ended.along_m, newest.t, true)?;
            (ended.ln_better > 0.0 && ln_delay >= LN_RESUMED_MIN).then_some(ended.ln_better + ln_delay)
        };
        trial(&line, std::slice::from_ref(newest), params).iter().filter_map(worth).max_by(f64::total_cmp)
    };
    let runs = days::block_of(timetable, of_block);
    let fits = runs.into_iter().filter_map(|run| Some((fit(&run)?, run)));
    fits.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, run)| run)
}

/// Adds the runs of a pattern that the fixes fit.
fn of_pattern(
    timetable: &Timetable,
    pattern: PatternIdx,
    vehicle: &Vehicle,
    now: Timestamp,
    stands: bool,
    params: &Params,
    fits: &mut Vec<Fit>,
) {
    let runs = days::of_pattern(timetable, pattern, now, params.early_s_max, params.late_s_max);
    let Some(any) = runs.first() else { return };
    let line = any.line(timetable);
    let start_m = from_start_m(&line, vehicle);
    if stands && start_m <= LAYOVER_M {
        let moored = line.mode == Mode::Ferry && start_m <= PIER_M;
        let waits = |run: &Run| Fit {
            run: *run,
            ln_fit: AT_START,
            ln_delay: ln_waiting(run, now),
            registers: moored && REGISTERS_S.contains(&now.since_s(run.origin)),
        };
        return fits.extend(runs.iter().map(waits));
    }
    let mut ended = trial(&line, &vehicle.sights, params);
    let went = |ended: &Ended| stands || ended.along_m - ended.from_m >= params.moved_m_min / 2.0;
    ended.retain(|ended| ended.ln_better > 0.0 && went(ended));
    if ended.is_empty() {
        return;
    }
    for run in runs {
        let line = run.line(timetable);
        let at = |ended: &Ended| {
            let ln_delay = ln_delay(&line, &run, ended.along_m, now, stands)?;
            (ln_delay >= LN_DELAY_MIN).then_some((ended.ln_better, ln_delay))
        };
        let likelier = |a: &(f64, f64), b: &(f64, f64)| (a.0 + a.1).total_cmp(&(b.0 + b.1));
        if let Some((ln_fit, ln_delay)) = ended.iter().filter_map(at).max_by(likelier) {
            fits.push(Fit { run, ln_fit, ln_delay, registers: false });
        }
    }
}

/// How far it is from the first stop of a line, metres.
fn from_start_m(line: &Line<'_>, vehicle: &Vehicle) -> f32 {
    let start = line.calls.first().and_then(|first| line.shape.point_at(first.along_m));
    let apart_m =
        |(start, last): ([f32; 2], &Sight)| libm::hypotf(start[0] - last.xy[0], start[1] - last.xy[1]);
    start.zip(vehicle.sights.last()).map_or(f32::INFINITY, apart_m)
}

/// How usual it is to stand at the first stop at this time: the next departure is the likeliest.
fn ln_waiting(run: &Run, now: Timestamp) -> f64 {
    let since_start_s = now.since_s(run.origin);
    ln_usual(since_start_s.max(DELAY_S), 0.0) - (-since_start_s).max(0.0) / WAIT_S
}

/// How usual it is to be here now on this run: 0 for the most usual delay. `None` for a vehicle at
/// the first stop, unless it stands there: one that moves about may be going anywhere.
fn ln_delay(line: &Line<'_>, run: &Run, along_m: f32, now: Timestamp, stands: bool) -> Option<f64> {
    let since_start_s = now.since_s(run.origin);
    let under_way_s = line.aimed_s_at(along_m);
    let late_s = since_start_s - under_way_s;
    if along_m < line.calls[0].along_m + LEFT_M {
        return stands.then(|| ln_waiting(run, now));
    }
    let ln = ln_usual(late_s, under_way_s);
    let at_stand = (-BEFORE_START_S..0.0).contains(&since_start_s) && under_way_s < BEFORE_START_S;
    Some(if at_stand { ln.max(LN_BEFORE_START) } else { ln })
}

fn ln_usual(late_s: f64, under_way_s: f64) -> f64 {
    let off_s = late_s - DELAY_S;
    let [first_s, more_s] = if off_s < 0.0 { EARLY_SCALE_S } else { LATE_SCALE_S };
    ln_student(off_s / (first_s + more_s * (under_way_s / SPREAD_S).clamp(0.0, 1.0)), DELAY_NU)
}

/// The best run of each duty, and by how much it is the best.
fn by_lot(timetable: &Timetable, fits: &[Fit], beyond: f64, stands: bool) -> Vec<Bid> {
    let mut all: Vec<Bid> = fits
        .iter()
        .map(|fit| Bid {
            lot: Lot::of(timetable, &fit.run),
            run: fit.run,
            worth: fit.ln_fit - beyond + fit.ln_delay,
            lead: f64::INFINITY,
            stands: stands && !fit.registers,
        })
        .collect();
    all.sort_by(|a, b| {
        a.lot.cmp(&b.lot).then(b.worth.total_cmp(&a.worth)).then(a.run.dated.cmp(&b.run.dated))
    });
    let mut bids: Vec<Bid> = Vec::new();
    for bid in all {
        match bids.last_mut().filter(|best| best.lot == bid.lot) {
            Some(best) => best.lead = best.lead.min(best.worth - bid.worth),
            None => bids.push(bid),
        }
    }
    bids
}

impl Beliefs {
    /// Adds what was believed to the worth of each bid, then lets this moment count for later ones:
    /// by the time since the last, because delays that follow each other say the same.
    fn recall(&mut self, now: Timestamp, bids: &mut [Bid]) {
        let since_s = self.t.map_or(0.0, |t| now.since_s(t)).clamp(0.0, WITNESS_S);
        self.t = Some(now);
        let best = bids.iter().map(|bid| bid.worth).fold(f64::NEG_INFINITY, f64::max);
        let unknown = if self.of.is_empty() { 0.0 } else { BELIEF_NEW };
        let known = std::mem::take(&mut self.of);
        let before = |lot: Lot| known.iter().find(|(of, _)| *of == lot).map_or(unknown, |(_, ln)| *ln);
        for bid in bids.iter_mut() {
            let ln = before(bid.lot);
            let after = ln + (bid.worth - best) * since_s / WITNESS_S;
            self.of.push((bid.lot, after.max(BELIEF_MIN)));
            bid.worth += ln;
        }
        let top = self.of.iter().map(|(_, ln)| *ln).fold(f64::NEG_INFINITY, f64::max);
        for (_, ln) in &mut self.of {
            *ln -= top;
        }
    }

    /// Forgets everything but that it had this duty.
    pub(crate) fn only(&mut self, lot: Option<Lot>) {
        self.t = None;
        self.of.clear();
        self.of.extend(lot.map(|lot| (lot, 0.0)));
    }
}
