//! Which runs does a claim mean?
//!
//! This module only reads claims; what a vehicle without one may be doing is weighed in
//! [`crate::bid`], and the tracker keeps the book of who holds what.

use crate::Claim;
use crate::days;
use crate::job::Bound;
use crate::matching::{Sight, Track};
use crate::params::Params;
use crate::run::Run;
use gtfs::{ServiceTime, Timestamp, Timetable, TripIdx};

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
