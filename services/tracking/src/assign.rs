//! Which trip is a vehicle on? Dispatcher, then claim, then the evidence of position, heading, time.
//!
//! This module only decides; the tracker keeps the book of who holds what. What always holds: one
//! vehicle per dated trip; a parked vehicle is never put on a trip by itself.

use crate::days;
use crate::grid::Grid;
use crate::job::Bound;
use crate::matching::{Sight, Track};
use crate::params::Params;
use crate::run::Run;
use crate::vehicle::Vehicle;
use crate::{Claim, DatedTrip};
use gtfs::{PatternIdx, ServiceTime, Timestamp, Timetable, TripIdx};

/// Fixes that automatic assignment weighs together.
const FIXES: usize = 5;
/// Patterns tried for one vehicle.
const PATTERNS_MAX: usize = 64;
/// A line that can not explain one of the fixes is out, nats below the best possible per fix.
const LN_FIT_PER_FIX_MIN: f64 = -8.0;

/// What a claim comes to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Claimed {
    /// Nothing is claimed.
    Nothing,
    /// Something is claimed that the timetable does not know.
    Unknown,
    /// These runs, the present one first.
    Runs(Vec<Run>, Bound),
}

/// Reads a claim: a trip, else a block.
pub(crate) fn claimed(
    timetable: &Timetable,
    claim: &Claim,
    sights: &[Sight],
    now: Timestamp,
    params: &Params,
) -> Claimed {
    if let Some(id) = &claim.trip {
        return match run_of(timetable, id, claim, now) {
            Some(run) => Claimed::Runs(from_run(timetable, run), Bound::Trip),
            None => Claimed::Unknown,
        };
    }
    let Some(id) = &claim.block else { return Claimed::Nothing };
    let Some(&block) = timetable.index.blocks.get(&**id) else { return Claimed::Unknown };
    let days = match claim.day {
        Some(day) => vec![day],
        None => days::around(timetable, now).to_vec(),
    };
    let runs: Vec<Vec<Run>> = days.into_iter().map(|day| days::of_block(timetable, block, day)).collect();
    let best = runs
        .iter()
        .flat_map(|runs| runs.iter().map(move |run| (runs, *run)))
        .map(|(runs, run)| (block_fit(timetable, &run, sights, now, params), runs, run))
        .max_by(|(a, ..), (b, ..)| a.total_cmp(b));
    match best {
        Some((_, runs, run)) => Claimed::Runs(from(runs.clone(), run), Bound::Block),
        None => Claimed::Unknown,
    }
}

/// The run a trip claim means; the day is the claim's, else the one that fits the time.
fn run_of(timetable: &Timetable, id: &str, claim: &Claim, now: Timestamp) -> Option<Run> {
    let trip = match claim.start {
        None => earliest_fit(timetable, id, now)?,
        start => timetable.trip(id, start)?,
    };
    let row = &timetable.trips[trip.at()];
    let template = row.frequency.is_some_and(|f| !f.exact);
    let start = if template { Some(claim.start.unwrap_or_else(|| born(timetable, trip, now))) } else { None };
    match claim.day {
        Some(day) => Some(Run::new(timetable, trip, day, start.unwrap_or(row.start))),
        None => days::nearest(timetable, trip, start, now),
    }
}

/// Among the expanded departures of a trip id the one nearest in time.
fn earliest_fit(timetable: &Timetable, id: &str, now: Timestamp) -> Option<TripIdx> {
    let first = timetable.trip(id, None)?;
    let rows = timetable.index.trips.get(id)?;
    if rows.len() == 1 {
        return Some(first);
    }
    timetable.index.trips_by_id[gtfs::timetable::as_usize(rows)]
        .iter()
        .filter_map(|&trip| days::nearest(timetable, trip, None, now))
        .min_by_key(|run| (run.origin.0 - now.0).abs())
        .map(|run| run.dated.trip)
}

/// A frequency-based run is born when a vehicle is bound to it: its start is now, within the period.
fn born(timetable: &Timetable, trip: TripIdx, now: Timestamp) -> ServiceTime {
    let row = &timetable.trips[trip.at()];
    let end = row.frequency.map_or(row.start, |f| f.end);
    let fits = |since_s: f64| since_s >= f64::from(row.start.0) && since_s < f64::from(end.0);
    days::around(timetable, now)
        .into_iter()
        .filter(|&day| timetable.runs_on(row.service, day))
        .map(|day| now.since_s(day.start(timetable.tz)))
        .find(|&since_s| fits(since_s))
        .map_or(row.start, |since_s| ServiceTime(since_s as i32))
}

/// A run and those after it in its block.
pub(crate) fn from_run(timetable: &Timetable, run: Run) -> Vec<Run> {
    from(days::block_of(timetable, &run), run)
}

/// The runs of a block from one on.
fn from(mut runs: Vec<Run>, first: Run) -> Vec<Run> {
    match runs.iter().position(|run| run.dated == first.dated) {
        Some(at) => {
            runs.drain(..at);
            runs
        }
        None => vec![first],
    }
}

/// How well a run of the claimed block fits: by place and time when it is on the line, by time alone
/// before it is.
fn block_fit(timetable: &Timetable, run: &Run, sights: &[Sight], now: Timestamp, params: &Params) -> f64 {
    let before_s = run.origin.since_s(now).max(0.0);
    let after_s = now.since_s(run.aimed_end(timetable)).max(0.0);
    let time = -(before_s + after_s) / 300.0;
    let near = before_s <= params.early_s_max && after_s <= params.late_s_max;
    time + if near { fit(timetable, run, sights, params).unwrap_or(-12.0).max(-12.0) } else { -12.0 }
}

/// ln of how well the last fixes fit a run, with the deviation prior in it.
fn fit(timetable: &Timetable, run: &Run, sights: &[Sight], params: &Params) -> Option<f64> {
    let line = run.line(timetable);
    let (first, rest) = sights.split_first()?;
    let mut track = Track::place(&line, run.origin, first, params)?;
    let start_m = track.along_m;
    let on_line = rest.iter().filter(|sight| track.advance(&line, run.origin, sight, params)).count();
    let moved = track.along_m - start_m >= params.moved_m_min / 2.0 || rest.is_empty();
    (on_line == rest.len() && moved).then_some(track.ln_fit)
}

/// Looks for the trip of a vehicle that claims none. `free` says whether nobody has a run yet.
pub(crate) fn automatic(
    timetable: &Timetable,
    grid: &Grid,
    vehicle: &Vehicle,
    now: Timestamp,
    params: &Params,
    free: impl Fn(&DatedTrip) -> bool,
) -> Option<Run> {
    if vehicle.moved_m() < params.moved_m_min {
        return None;
    }
    let sights = &vehicle.sights[vehicle.sights.len().saturating_sub(FIXES)..];
    let (first, last) = (sights.first()?, sights.last()?);
    let far = grid.near(first.xy);
    let both = grid.near(last.xy).iter().filter(|pattern| far.contains(pattern));
    let mut lines: Vec<Vec<(f64, Run)>> = Vec::new();
    for &pattern in both.take(PATTERNS_MAX) {
        let fits = of_pattern(timetable, pattern, sights, now, params, &free);
        if !fits.is_empty() {
            lines.push(fits);
        }
    }
    lines.sort_by(|a, b| b[0].0.total_cmp(&a[0].0).then(a[0].1.dated.cmp(&b[0].1.dated)));
    decide(timetable, &lines, sights.len(), params)
}

/// The free runs of a pattern that fit, best first.
fn of_pattern(
    timetable: &Timetable,
    pattern: PatternIdx,
    sights: &[Sight],
    now: Timestamp,
    params: &Params,
    free: &impl Fn(&DatedTrip) -> bool,
) -> Vec<(f64, Run)> {
    let mut fits: Vec<(f64, Run)> =
        days::of_pattern(timetable, pattern, now, params.early_s_max, params.late_s_max)
            .into_iter()
            .filter(|run| free(&run.dated))
            .filter_map(|run| Some((fit(timetable, &run, sights, params)?, run)))
            .collect();
    fits.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.dated.cmp(&b.1.dated)));
    fits
}

/// Whether the best line is far enough ahead of the others, and its best departure of the next.
///
/// Patterns of one route and direction differ in a stop or two: they are not rivals, the likeliest
/// is taken.
fn decide(timetable: &Timetable, lines: &[Vec<(f64, Run)>], fixes: usize, params: &Params) -> Option<Run> {
    let best = lines.first()?;
    let (top, run) = *best.first()?;
    if top < LN_FIT_PER_FIX_MIN * fixes as f64 {
        return None;
    }
    let way = |run: &Run| {
        let pattern = &timetable.patterns[run.pattern.at()];
        (pattern.route, pattern.direction)
    };
    let rivals = lines.iter().filter(|line| way(&line[0].1) != way(&run)).map(|line| line[0].0);
    let rival = rivals.fold(f64::NEG_INFINITY, f64::max);
    let share = 1.0 / (1.0 + libm::exp(rival - top));
    let next_departure = best.get(1).map_or(f64::NEG_INFINITY, |(fit, _)| *fit);
    let wins = share >= params.posterior_min
        && top - rival >= params.margin_nats
        && top - next_departure >= params.departure_margin_nats;
    wins.then_some(run)
}
