//! What the timetable says will call at a stop, or run, between two instants.
//!
//! Nothing here knows about vehicles. A service day's times may run past midnight, so calls of
//! yesterday's service day come up today; on the days when clocks change, a service day begins at
//! 23:00 or 01:00 by the wall. Both are taken care of here, so that nobody else has to.

use crate::time::MICROS;
use crate::timetable::{Timetable, as_usize};
use crate::{BlockIdx, PatternIdx, ServiceDay, StopIdx, Timestamp, TripIdx};
use std::ops::Range;

/// One aimed call of a trip on a service day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AimedCall {
    /// The trip.
    pub trip: TripIdx,
    /// Its service day.
    pub day: ServiceDay,
    /// Position in the calls of the trip's pattern.
    pub call: u16,
    /// Aimed arrival.
    pub arrival: Timestamp,
    /// Aimed departure. For a template (see `every`): when the first of its vehicles may leave, but
    /// not before the start of the window asked for.
    pub departure: Timestamp,
    /// Set for a frequency template: no single departure is known, only how often.
    pub every: Option<Every>,
}

/// A frequency template at a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Every {
    /// Aimed seconds between two vehicles.
    pub headway_s: u32,
    /// Exclusive end of the time in which vehicles leave this stop.
    pub until: Timestamp,
}

/// How far the times of trips reach, so that a search can stop early. Made with the timetable.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Seconds of a service day at which its last trip ends, in any service.
    pub latest_s: i32,
    /// For each entry of [`Timetable::stop_calls`]: the span of departures, in seconds after the start
    /// of a trip; a template's whole duration counts.
    pub stop_calls: Vec<Range<i32>>,
    /// For each pattern: from the first arrival to the last departure, in seconds after the start of
    /// a trip; a template's whole duration counts.
    pub patterns: Vec<Range<i32>>,
}

impl Timetable {
    /// Calls at a stop whose aimed departure lies in `window`, sorted by it; also those where nobody
    /// may board. A template is listed once for each of its bands that overlaps the window.
    #[must_use]
    pub fn calls_between(&self, stop: StopIdx, window: Range<Timestamp>) -> Vec<AimedCall> {
        let mut calls = Vec::new();
        for day in self.days_of(&window) {
            let midnight = day.start(self.tz);
            let range = as_usize(&self.stop_call_ranges[stop.at()]);
            for (&(pattern, call), span) in
                self.stop_calls[range.clone()].iter().zip(&self.reach.stop_calls[range])
            {
                for trip in self.started(pattern, &seconds(&window, midnight, span)) {
                    let at = self.call_at(trip, day, midnight, call, window.start);
                    if window.contains(&at.departure) && self.runs_on(self.trips[trip.at()].service, day) {
                        calls.push(at);
                    }
                }
            }
        }
        calls.sort_by_key(|c| (c.departure, c.trip, c.call));
        calls
    }

    /// Departures from a stop in `window`, sorted: calls where riders may board.
    #[must_use]
    pub fn departures(&self, stop: StopIdx, window: Range<Timestamp>) -> Vec<AimedCall> {
        let mut calls = self.calls_between(stop, window);
        calls.retain(|c| self.is_departure(self.trips[c.trip.at()].pattern, c.call));
        calls
    }

    /// Whether riders may board at a call: not at the last of a pattern, nor where pickup is forbidden.
    #[must_use]
    pub fn is_departure(&self, pattern: PatternIdx, call: u16) -> bool {
        let calls = self.calls(pattern);
        usize::from(call) + 1 < calls.len() && calls[usize::from(call)].pickup
    }

    /// Trips that run at some moment of `window`, from their first arrival to their last departure,
    /// with their service days; sorted by day and trip. Templates are among them.
    #[must_use]
    pub fn running(&self, window: Range<Timestamp>) -> Vec<(ServiceDay, TripIdx)> {
        let mut running = Vec::new();
        for day in self.days_of(&window) {
            let midnight = day.start(self.tz);
            for (at, span) in self.reach.patterns.iter().enumerate() {
                for trip in self.started(PatternIdx::new(at), &seconds(&window, midnight, span)) {
                    let (from, to) = self.duration(trip, midnight);
                    let overlaps = from < window.end && to >= window.start;
                    if overlaps && self.runs_on(self.trips[trip.at()].service, day) {
                        running.push((day, trip));
                    }
                }
            }
        }
        running.sort_unstable();
        running
    }

    /// The trips of a block that run on a service day, in time order.
    pub fn block_on(&self, block: BlockIdx, day: ServiceDay) -> impl Iterator<Item = TripIdx> {
        let all = self.blocks[block.at()].trips.iter().copied();
        all.filter(move |t| self.runs_on(self.trips[t.at()].service, day))
    }

    /// Service days of which something may still or already run in `window`, in order.
    pub fn days_of(&self, window: &Range<Timestamp>) -> impl Iterator<Item = ServiceDay> + use<> {
        // A day more at both ends: a service day may begin an hour off midnight, and `latest_s` may end in one.
        let back = 1 + self.reach.latest_s.max(0) / DAY_S;
        let mut first = ServiceDay::of(window.start, self.tz);
        for _ in 0..back {
            first = first.previous();
        }
        let last = ServiceDay::of(window.end, self.tz).next();
        let empty = window.is_empty();
        std::iter::successors(Some(first), |day| Some(day.next()))
            .take_while(move |day| !empty && *day <= last)
    }

    /// Trips of a pattern that start within `starts`, seconds of the service day.
    fn started(&self, pattern: PatternIdx, starts: &Range<i64>) -> impl Iterator<Item = TripIdx> + use<> {
        let all = &self.patterns[pattern.at()].trips;
        let trips = &self.trips[as_usize(all)];
        let first = trips.partition_point(|t| i64::from(t.start.0) < starts.start) as u32;
        let end = trips.partition_point(|t| i64::from(t.start.0) < starts.end) as u32;
        (all.start + first..all.start + end.max(first)).map(TripIdx)
    }

    fn call_at(
        &self,
        trip: TripIdx,
        day: ServiceDay,
        midnight: Timestamp,
        call: u16,
        from: Timestamp,
    ) -> AimedCall {
        let (row, time) = (&self.trips[trip.at()], self.times(trip)[usize::from(call)]);
        let instant = |s: i32| Timestamp(midnight.0 + i64::from(s) * MICROS);
        let (arrival, departure) =
            (instant(row.start.0 + time.arrival_s), instant(row.start.0 + time.departure_s));
        match row.frequency {
            Some(f) if !f.exact => {
                let every = Every { headway_s: f.headway_s, until: instant(f.end.0 + time.departure_s) };
                // A band that is over keeps its own time, which is outside the window.
                let now = if every.until > from { from } else { departure };
                let (arrival, departure) = (arrival.max(now), departure.max(now));
                AimedCall { trip, day, call, arrival, departure, every: Some(every) }
            }
            _ => AimedCall { trip, day, call, arrival, departure, every: None },
        }
    }

    /// First arrival and last departure; a template lasts until its last vehicle is through.
    fn duration(&self, trip: TripIdx, midnight: Timestamp) -> (Timestamp, Timestamp) {
        let (row, times) = (&self.trips[trip.at()], self.times(trip));
        let last_start = row.frequency.filter(|f| !f.exact).map_or(row.start, |f| f.end);
        let (first_s, last_s) = ends(times);
        let instant = |s: i32| Timestamp(midnight.0 + i64::from(s) * MICROS);
        (instant(row.start.0 + first_s), instant(last_start.0 + last_s))
    }

    /// Measures how far the trips reach; called once, when all else is in place.
    pub(crate) fn measure_reach(&mut self) {
        let mut reach = Reach::default();
        for pattern in &self.patterns {
            let mut span = NEVER;
            for trip in as_usize(&pattern.trips).map(TripIdx::new) {
                let (lasts_s, times) = (self.lasts_s(trip), self.times(trip));
                let (first_s, last_s) = ends(times);
                span = span.start.min(first_s)..span.end.max(last_s + lasts_s);
                reach.latest_s = reach.latest_s.max(self.trips[trip.at()].start.0 + last_s + lasts_s);
            }
            reach.patterns.push(span);
        }
        reach.stop_calls =
            self.stop_calls.iter().map(|&(pattern, call)| self.departure_span(pattern, call)).collect();
        self.reach = reach;
    }

    fn departure_span(&self, pattern: PatternIdx, call: u16) -> Range<i32> {
        let mut span = NEVER;
        let mut last_profile = None;
        for trip in as_usize(&self.patterns[pattern.at()].trips).map(TripIdx::new) {
            let row = &self.trips[trip.at()];
            if last_profile == Some(row.profile) && row.frequency.is_none() {
                continue;
            }
            last_profile = Some(row.profile);
            let s = self.times(trip)[usize::from(call)].departure_s;
            span = span.start.min(s)..span.end.max(s + self.lasts_s(trip));
        }
        span
    }

    /// Seconds for which a template sends off vehicles; 0 for any other trip.
    fn lasts_s(&self, trip: TripIdx) -> i32 {
        let row = &self.trips[trip.at()];
        row.frequency.filter(|f| !f.exact).map_or(0, |f| f.end.0 - row.start.0)
    }
}

const DAY_S: i32 = 86_400;

/// The span of no trips: every other span widens it.
const NEVER: Range<i32> = Range { start: i32::MAX, end: i32::MIN };

fn ends(times: &[crate::timetable::CallTime]) -> (i32, i32) {
    (times.first().map_or(0, |t| t.arrival_s), times.last().map_or(0, |t| t.departure_s))
}

/// The starts, in seconds of a service day, of trips that can have an event in `window` when their
/// events lie `span` seconds after the start.
fn seconds(window: &Range<Timestamp>, midnight: Timestamp, span: &Range<i32>) -> Range<i64> {
    if span.start > span.end {
        return 0..0;
    }
    let from_s = (window.start.0 - midnight.0).div_euclid(MICROS);
    let to_s = (window.end.0 - midnight.0).div_euclid(MICROS) + 1;
    from_s - i64::from(span.end)..to_s - i64::from(span.start)
}

#[cfg(test)]
mod tests;
