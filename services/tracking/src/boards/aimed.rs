//! Rows of the timetable: trips that no vehicle speaks for.

use super::{Trips, World};
use crate::board::BOARD_AHEAD_S;
use crate::days;
use crate::{CallSource, CallState, DatedTrip, MonitoredCall};
use gtfs::time::MICROS;
use gtfs::{PatternIdx, ServiceDay, ServiceTime, StopIdx, Timestamp, Timetable, TripIdx};

/// How long a stop's list of aimed calls serves before it is made anew, seconds.
pub(super) const REFRESH_S: f64 = 300.0;
/// Aimed calls kept per stop.
const ROWS_MAX: usize = 96;

/// One aimed call. There are many of them: 40 bytes, times counted from the start of the trip.
#[derive(Clone, Copy, Debug)]
pub(super) struct AimedRow {
    pub(super) dated: DatedTrip,
    pub(super) call: u16,
    /// Start of the trip.
    origin: Timestamp,
    arrival_s: i32,
    departure_s: i32,
    /// Headway of a template of a frequency-based service; 0 for any other trip.
    headway_s: u32,
    /// When the template ends.
    ends_s: i32,
}

/// The longest trip of each pattern, seconds: how far back a start can lie.
pub(super) fn spans_s(timetable: &Timetable) -> Vec<i32> {
    let mut spans_s = vec![0; timetable.patterns.len()];
    for (at, trip) in timetable.trips.iter().enumerate() {
        let lasts_s = timetable.times(TripIdx::new(at)).last().map_or(0, |time| time.departure_s);
        let span_s = &mut spans_s[trip.pattern.at()];
        *span_s = lasts_s.max(*span_s);
    }
    spans_s
}

/// The aimed calls at a stop from ten minutes ago to the end of the board's horizon, by departure.
/// Calls where nobody can board are no rows.
pub(super) fn rows(timetable: &Timetable, stop: StopIdx, now: Timestamp, spans_s: &[i32]) -> Vec<AimedRow> {
    let mut rows = Vec::new();
    for day in days::around(timetable, now) {
        let day_start = day.start(timetable.tz);
        for &(pattern, call) in timetable.calls_at(stop) {
            let calls = timetable.calls(pattern);
            if usize::from(call) + 1 < calls.len() && calls[usize::from(call)].pickup {
                of_pattern(timetable, pattern, call, day, day_start, now, spans_s[pattern.at()], &mut rows);
            }
        }
    }
    rows.sort_by_key(|row: &AimedRow| (row.departure(), row.dated, row.call));
    rows.truncate(ROWS_MAX);
    rows.shrink_to_fit();
    rows
}

#[expect(clippy::too_many_arguments, reason = "one pattern on one day at one stop: the loop body of `rows`")]
fn of_pattern(
    timetable: &Timetable,
    pattern: PatternIdx,
    call: u16,
    day: ServiceDay,
    day_start: Timestamp,
    now: Timestamp,
    span_s: i32,
    rows: &mut Vec<AimedRow>,
) {
    let trips = gtfs::timetable::as_usize(&timetable.patterns[pattern.at()].trips);
    let since_s = now.since_s(day_start) as i64;
    let (from_s, until_s) = (since_s - 600, since_s + BOARD_AHEAD_S + REFRESH_S as i64);
    let starts = &timetable.trips[trips.clone()];
    // A template's start is only the start of its period, so it is looked at however old.
    let has_templates = starts.first().is_some_and(|trip| trip.frequency.is_some_and(|f| !f.exact));
    let earliest = if has_templates { i64::MIN } else { from_s - i64::from(span_s) };
    let first = starts.partition_point(|trip| i64::from(trip.start.0) < earliest);
    for (at, trip) in starts.iter().enumerate().skip(first) {
        if i64::from(trip.start.0) > until_s {
            return;
        }
        if !timetable.runs_on(trip.service, day) {
            continue;
        }
        let index = TripIdx::new(trips.start + at);
        let time = timetable.times(index)[usize::from(call)];
        let every = trip.frequency.filter(|f| !f.exact);
        let starts_at = every.map_or(trip.start, |f| {
            next_start(trip.start, f.headway_s, since_s - i64::from(time.departure_s))
        });
        let leaves_s = i64::from(starts_at.0) + i64::from(time.departure_s);
        if every.is_some_and(|f| starts_at >= f.end) || leaves_s < from_s || leaves_s > until_s {
            continue;
        }
        rows.push(AimedRow {
            dated: DatedTrip { trip: index, day, start: starts_at },
            call,
            origin: day_start.plus_s(f64::from(starts_at.0)),
            arrival_s: time.arrival_s,
            departure_s: time.departure_s,
            headway_s: every.map_or(0, |f| f.headway_s.max(1)),
            ends_s: every.map_or(0, |f| f.end.0 - starts_at.0),
        });
    }
}

/// The first start of a template not before `from_s`, in whole headways from its beginning.
fn next_start(begin: ServiceTime, headway_s: u32, from_s: i64) -> ServiceTime {
    let headway_s = i64::from(headway_s.max(1));
    let waited_s = (from_s - i64::from(begin.0)).max(0);
    let headways = (waited_s + headway_s - 1) / headway_s;
    ServiceTime(begin.0 + i32::try_from(headways * headway_s).unwrap_or(i32::MAX / 2))
}

impl AimedRow {
    fn arrival(&self) -> Timestamp {
        Timestamp(self.origin.0 + i64::from(self.arrival_s) * MICROS)
    }

    pub(super) fn departure(&self) -> Timestamp {
        Timestamp(self.origin.0 + i64::from(self.departure_s) * MICROS)
    }

    pub(super) fn is_template(&self) -> bool {
        self.headway_s > 0
    }

    /// What the row says, and which one it is by now if a template has moved on; `None` when a vehicle
    /// speaks for it, or its time is over. Lowers `due` to when that changes by itself.
    pub(super) fn read(
        &self,
        world: &World<'_>,
        closed: bool,
        due: &mut Timestamp,
    ) -> Option<(Self, CallState, CallSource)> {
        let World { now, trips, params, .. } = *world;
        let mut by = |t: Timestamp| *due = (*due).min(t);
        let silent = match trips.holders.get(&self.dated) {
            Some(holder) if holder.told => return None,
            Some(holder) if holder.present && holder.next > self.call => return None,
            Some(_) => true,
            None => false,
        };
        if trips.over.contains_key(&self.dated) {
            return None;
        }
        let off = self.departure().plus_s(params.unconfirmed_off_s);
        if now >= off || self.departure().since_s(now) > BOARD_AHEAD_S as f64 {
            if self.departure() > now {
                by(self.departure().plus_s(-(BOARD_AHEAD_S as f64)));
            }
            return None;
        }
        let doubtful_from = self.origin.plus_s(params.unconfirmed_s);
        let doubtful = !self.is_template() && (silent || trips.any_heard) && now >= doubtful_from;
        by(off);
        if !doubtful && trips.any_heard && !self.is_template() {
            by(doubtful_from);
        }
        // A template's row moves on to the next headway when its time has come.
        if self.is_template() {
            if self.departure() <= now {
                return self.next(now).and_then(|row| row.read(world, closed, due));
            }
            by(self.departure());
        }
        let source = if doubtful { CallSource::Unconfirmed } else { CallSource::Timetable };
        Some((*self, self.state(trips, closed), source))
    }

    fn next(&self, now: Timestamp) -> Option<Self> {
        let headway_s = f64::from(self.headway_s.max(1));
        let by_s = ((now.since_s(self.departure()) / headway_s).floor() + 1.0) * headway_s;
        let dated = DatedTrip { start: ServiceTime(self.dated.start.0 + by_s as i32), ..self.dated };
        let (origin, ends_s) = (self.origin.plus_s(by_s), self.ends_s - by_s as i32);
        (ends_s > 0).then_some(Self { dated, origin, ends_s, ..*self })
    }

    fn state(&self, trips: &Trips, closed: bool) -> CallState {
        if trips.cancelled.contains(&self.dated) {
            CallState::Cancelled
        } else if closed {
            CallState::Skipped
        } else {
            CallState::Ok
        }
    }

    /// The row written down.
    pub(super) fn call(&self, state: CallState, source: CallSource, trips: &Trips) -> MonitoredCall {
        MonitoredCall {
            trip: self.dated,
            call: self.call,
            vehicle: None,
            aimed_arrival: self.arrival(),
            aimed_departure: self.departure(),
            expected_arrival: None,
            expected_departure: None,
            arrival_q: None,
            actual_departure: None,
            source,
            position_t: None,
            state,
            occupancy: None,
            soc_pct: None,
            simulated: false,
            headway_s: self.is_template().then(|| {
                trips.headways.get(&(self.dated.trip, self.call)).copied().unwrap_or(self.headway_s)
            }),
        }
    }
}
