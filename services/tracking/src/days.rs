//! Which runs there are: of a trip on a day, of a block on a day, near an instant.

use crate::run::Run;
use gtfs::{PatternIdx, ServiceDay, ServiceTime, Timestamp, Timetable, TripIdx};

/// The service days that can have a trip running at `now`: times run to 47:59:59, so the day before
/// yesterday's latest end yesterday's midnight; tomorrow's first may be under way to their start.
pub(crate) fn around(timetable: &Timetable, now: Timestamp) -> [ServiceDay; 3] {
    let today = ServiceDay::of(now, timetable.tz);
    [today.previous(), today, today.next()]
}

/// The run of a trip that best fits `now`, among the days it runs on.
pub(crate) fn nearest(
    timetable: &Timetable,
    trip: TripIdx,
    start: Option<ServiceTime>,
    now: Timestamp,
) -> Option<Run> {
    let row = &timetable.trips[trip.at()];
    let start = start.unwrap_or(row.start);
    around(timetable, now)
        .into_iter()
        .filter(|&day| timetable.runs_on(row.service, day))
        .map(|day| Run::new(timetable, trip, day, start))
        .min_by(|a, b| distance_s(timetable, a, now).total_cmp(&distance_s(timetable, b, now)))
}

/// Seconds from `now` to the time in which a run is under way; 0 within it.
fn distance_s(timetable: &Timetable, run: &Run, now: Timestamp) -> f64 {
    run.origin.since_s(now).max(now.since_s(run.aimed_end(timetable))).max(0.0)
}

/// All runs of a run's block on its day, by start; the run alone when it has no block.
pub(crate) fn block_of(timetable: &Timetable, run: &Run) -> Vec<Run> {
    let template = timetable.trips[run.dated.trip.at()].frequency.is_some_and(|f| !f.exact);
    match timetable.trips[run.dated.trip.at()].block.filter(|_| !template) {
        None => vec![*run],
        Some(block) => of_block(timetable, block, run.dated.day),
    }
}

/// All runs of a block on a day, by start.
pub(crate) fn of_block(timetable: &Timetable, block: gtfs::BlockIdx, day: ServiceDay) -> Vec<Run> {
    timetable.blocks[block.at()]
        .trips
        .iter()
        .filter(|trip| timetable.runs_on(timetable.trips[trip.at()].service, day))
        .filter(|trip| timetable.trips[trip.at()].frequency.is_none_or(|f| f.exact))
        .map(|&trip| Run::new(timetable, trip, day, timetable.trips[trip.at()].start))
        .collect()
}

/// The runs of a pattern that can be under way at `now`: started at most `late_s` after their end,
/// and at most `early_s` before their start.
pub(crate) fn of_pattern(
    timetable: &Timetable,
    pattern: PatternIdx,
    now: Timestamp,
    early_s: f64,
    late_s: f64,
) -> Vec<Run> {
    let rows = gtfs::timetable::as_usize(&timetable.patterns[pattern.at()].trips);
    let mut runs = Vec::new();
    for day in around(timetable, now) {
        let since_s = now.since_s(day.start(timetable.tz));
        let latest = (since_s + early_s) as i32;
        let first = rows.start;
        let starts = &timetable.trips[rows.clone()];
        let until = starts.partition_point(|trip| trip.start.0 <= latest);
        for (at, trip) in starts[..until].iter().enumerate() {
            let index = TripIdx::new(first + at);
            let lasts_s = timetable.times(index).last().map_or(0, |time| time.arrival_s);
            let ended = f64::from(trip.start.0 + lasts_s) + late_s < since_s;
            let template = trip.frequency.is_some_and(|f| !f.exact);
            if !ended && !template && timetable.runs_on(trip.service, day) {
                runs.push(Run::new(timetable, index, day, trip.start));
            }
        }
    }
    runs
}
