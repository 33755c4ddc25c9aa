//! Stop times become patterns (which stops) and profiles (at which times after the start).

use super::draft::{Draft, Run};
use super::spec::{STOP_TIMES, TRIPS};
use super::stop_times::{BLANK_S, Call, DROP_OFF, PICKUP, TIMEPOINT};
use super::table::about_row;
use crate::findings::{Findings, Severity};
use crate::timetable::{CallTime, JourneyPattern, PatternCall};
use crate::{PatternIdx, ServiceTime, ShapeIdx};
use std::collections::HashMap;
use std::ops::Range;

/// Calls of one trip.
pub const CALLS_PER_TRIP_MAX: usize = 10_000;

/// Patterns without places, and profiles that may have blank times.
#[derive(Default)]
pub(super) struct Patterns {
    by_key: HashMap<Box<[u32]>, PatternIdx>,
    /// The feed's shape of each pattern, into [`super::draft::Trips::shapes`].
    pub(super) shapes: Vec<Option<u32>>,
    /// shape_dist_traveled of each call of each pattern, as its first trip has it.
    pub(super) distances: Vec<f32>,
    /// A profile of each pattern: its first trip's.
    pub(super) samples: Vec<u32>,
    profiles_by_times: HashMap<Box<[CallTime]>, u32>,
    pub(super) profiles: Vec<Range<u32>>,
    pub(super) times: Vec<CallTime>,
    key: Vec<u32>,
}

/// Groups `calls` (sorted by trip and sequence) and gives each trip its pattern, profile and start.
pub(super) fn patterns(mut calls: Vec<Call>, draft: &mut Draft, findings: &mut Findings) -> Patterns {
    let mut patterns = Patterns::default();
    let mut seen = vec![false; draft.trips.rows.len()];
    for group in calls.chunk_by_mut(|a, b| a.trip == b.trip) {
        let trip = group[0].trip as usize;
        seen[trip] = true;
        let group = usable(group, &draft.trips.rows[trip].id, findings);
        if group.len() < 2 {
            report_unusable(draft, trip, findings);
            continue;
        }
        let (start, profile) = patterns.profile(group);
        let pattern = patterns.pattern(trip, group, profile, draft);
        draft.trips.rows[trip].run = Some(Run { pattern, profile, start });
    }
    for trip in (0..seen.len()).filter(|&trip| !seen[trip]) {
        let (row, id) = (&draft.trips.rows[trip], &draft.trips.rows[trip].id);
        let advice = "give the trip stop times, or remove it";
        findings.push(about_row(
            &TRIPS,
            Severity::Warning,
            "unused_trip",
            u64::from(row.line),
            "trip_id",
            id,
            advice,
        ));
    }
    patterns
}

fn report_unusable(draft: &Draft, trip: usize, findings: &mut Findings) {
    let (line, id) = (u64::from(draft.trips.rows[trip].line), &draft.trips.rows[trip].id);
    let advice = "a trip needs at least two stops, with times at the first and the last; it is left out";
    findings.push(about_row(&TRIPS, Severity::Warning, "unusable_trip", line, "trip_id", id, advice));
}

/// Puts the times of one trip in order, in place; returns the calls that can be used.
fn usable<'c>(group: &'c mut [Call], trip: &str, findings: &mut Findings) -> &'c mut [Call] {
    let count = drop_repeated(group, trip, findings);
    let group = &mut group[..count];
    if group.len() > CALLS_PER_TRIP_MAX {
        let advice = "keep a trip under 10,000 calls; it is left out";
        let line = u64::from(group[0].line);
        findings.push(about_row(
            &STOP_TIMES,
            Severity::Error,
            "too_many_calls",
            line,
            "trip_id",
            trip,
            advice,
        ));
        return &mut [];
    }
    check_distances(group, trip, findings);
    for call in group.iter_mut() {
        complete(call, trip, findings);
    }
    let timed = |call: &Call| call.departure_s != BLANK_S;
    let (first, last) = (group.iter().position(timed), group.iter().rposition(timed));
    let Some((first, last)) = first.zip(last) else { return &mut [] };
    for end in
        [(first > 0).then_some(0), (last + 1 < group.len()).then_some(group.len() - 1)].into_iter().flatten()
    {
        let advice = "give the first and the last stop of a trip their times; the stops beyond the known times are left out";
        say(&group[end], "missing_trip_edge", "arrival_time", trip, advice, findings);
    }
    let group = &mut group[first..=last];
    order(group, trip, findings);
    group
}

/// Keeps the first call of each sequence number.
fn drop_repeated(group: &mut [Call], trip: &str, findings: &mut Findings) -> usize {
    let mut kept = 1;
    for at in 1..group.len() {
        if group[at].sequence == group[kept - 1].sequence {
            let advice = "number the calls of a trip without repeating a number; the first is kept";
            say(&group[at], "duplicate_key", "stop_sequence", trip, advice, findings);
        } else {
            group[kept] = group[at];
            kept += 1;
        }
    }
    kept
}

fn check_distances(group: &[Call], trip: &str, findings: &mut Findings) {
    for pair in group.windows(2) {
        if pair[1].distance <= pair[0].distance {
            let advice = "distances must grow from stop to stop; they are only a hint here";
            say(
                &pair[1],
                "decreasing_or_equal_stop_time_distance",
                "shape_dist_traveled",
                trip,
                advice,
                findings,
            );
        }
    }
}

/// Fills a lone arrival or departure from the other; an arrival after its departure is taken back.
fn complete(call: &mut Call, trip: &str, findings: &mut Findings) {
    match (call.arrival_s, call.departure_s) {
        (BLANK_S, BLANK_S) if call.flags & TIMEPOINT == 0 => {}
        (BLANK_S, BLANK_S) => {
            let advice = "a time point needs its times; they are interpolated";
            say(call, "stop_time_timepoint_without_times", "timepoint", trip, advice, findings);
        }
        (BLANK_S, s) | (s, BLANK_S) => {
            let advice = "give both times or none; the other one is taken for both";
            say(
                call,
                "stop_time_with_only_arrival_or_departure_time",
                "arrival_time",
                trip,
                advice,
                findings,
            );
            (call.arrival_s, call.departure_s) = (s, s);
        }
        (arrival_s, departure_s) if arrival_s > departure_s => {
            let advice = "a vehicle can not leave before it arrives; the departure is taken for both";
            say(
                call,
                "stop_time_with_departure_before_arrival_time",
                "departure_time",
                trip,
                advice,
                findings,
            );
            call.arrival_s = departure_s;
        }
        _ => {}
    }
}

/// Blanks every time before the one it follows, so that it is interpolated.
fn order(group: &mut [Call], trip: &str, findings: &mut Findings) {
    let mut latest_s = i32::MIN;
    let last = group.len() - 1;
    for (at, call) in group.iter_mut().enumerate() {
        if call.departure_s == BLANK_S {
            continue;
        }
        if call.arrival_s < latest_s {
            let advice = "times must not go back along a trip; past midnight count on from 24:00:00. It is interpolated";
            let code = "stop_time_with_arrival_before_previous_departure_time";
            say(call, code, "arrival_time", trip, advice, findings);
            let s = if at == last { latest_s } else { BLANK_S };
            (call.arrival_s, call.departure_s) = (s, s);
        } else {
            latest_s = call.departure_s;
        }
    }
}

fn say(
    call: &Call,
    code: &'static str,
    field: &'static str,
    trip: &str,
    advice: &'static str,
    findings: &mut Findings,
) {
    let time = match (field, call.arrival_s) {
        ("arrival_time", s) if s != BLANK_S => format!("{} in trip {trip}", ServiceTime(s)),
        _ => format!("trip {trip}"),
    };
    findings.push(about_row(&STOP_TIMES, Severity::Error, code, u64::from(call.line), field, &time, advice));
}

impl Patterns {
    fn profile(&mut self, group: &[Call]) -> (ServiceTime, u32) {
        let start_s = group[0].departure_s;
        let relative = |s| if s == BLANK_S { BLANK_S } else { s - start_s };
        let times: Vec<CallTime> = group
            .iter()
            .map(|c| CallTime { arrival_s: relative(c.arrival_s), departure_s: relative(c.departure_s) })
            .collect();
        let number = self.profiles_by_times.get(times.as_slice()).copied().unwrap_or_else(|| {
            let (number, first) = (self.profiles.len() as u32, self.times.len() as u32);
            self.times.extend_from_slice(&times);
            self.profiles.push(first..self.times.len() as u32);
            self.profiles_by_times.insert(times.into_boxed_slice(), number);
            number
        });
        (ServiceTime(start_s), number)
    }

    fn pattern(&mut self, trip: usize, group: &[Call], profile: u32, draft: &mut Draft) -> PatternIdx {
        let row = &draft.trips.rows[trip];
        self.key.clear();
        self.key.extend([
            row.route.0,
            row.direction.map_or(u32::MAX, u32::from),
            row.shape.unwrap_or(u32::MAX),
        ]);
        self.key.extend(group.iter().flat_map(|c| [c.stop.0, c.sequence, u32::from(c.flags)]));
        if let Some(&pattern) = self.by_key.get(self.key.as_slice()) {
            return pattern;
        }
        let timetable = &mut draft.timetable;
        let pattern = PatternIdx::new(timetable.patterns.len());
        let first = timetable.pattern_calls.len() as u32;
        timetable.pattern_calls.extend(group.iter().map(|c| PatternCall {
            stop: c.stop,
            sequence: c.sequence,
            along_m: 0.0,
            pickup: c.flags & PICKUP != 0,
            drop_off: c.flags & DROP_OFF != 0,
            timepoint: c.flags & TIMEPOINT != 0,
        }));
        let calls = first..timetable.pattern_calls.len() as u32;
        let (route, direction) = (row.route, row.direction);
        timetable.patterns.push(JourneyPattern { route, direction, calls, shape: ShapeIdx(0), trips: 0..0 });
        self.distances.extend(group.iter().map(|c| c.distance));
        self.shapes.push(row.shape);
        self.samples.push(profile);
        self.by_key.insert(self.key.as_slice().into(), pattern);
        pattern
    }

    /// The times of a profile.
    pub(super) fn times_of(&self, profile: u32) -> &[CallTime] {
        &self.times[crate::timetable::as_usize(&self.profiles[profile as usize])]
    }
}
