//! A dated trip with its pattern and its instant of start: what every part of the tracker asks for.

use crate::DatedTrip;
use gtfs::timetable::{CallTime, Mode, PatternCall, Shape};
use gtfs::{PatternIdx, ServiceDay, ServiceTime, Timestamp, Timetable, TripIdx};

/// A trip on a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) dated: DatedTrip,
    pub(crate) pattern: PatternIdx,
    /// The instant that the trip's relative times count from.
    pub(crate) origin: Timestamp,
}

impl Run {
    pub(crate) fn new(timetable: &Timetable, trip: TripIdx, day: ServiceDay, start: ServiceTime) -> Self {
        let origin = day.at(timetable.tz, start);
        let pattern = timetable.trips[trip.at()].pattern;
        Self { dated: DatedTrip { trip, day, start }, pattern, origin }
    }

    /// Its line on the ground and its calls.
    pub(crate) fn line<'a>(&self, timetable: &'a Timetable) -> Line<'a> {
        let pattern = &timetable.patterns[self.pattern.at()];
        Line {
            trip: self.dated.trip,
            shape: &timetable.shapes[pattern.shape.at()],
            first: pattern.calls.start as usize,
            calls: timetable.calls(self.pattern),
            times: timetable.times(self.dated.trip),
            mode: timetable.routes[pattern.route.at()].mode,
        }
    }

    /// An instant of this run, from seconds after its start.
    pub(crate) fn at(&self, relative_s: f64) -> Timestamp {
        self.origin.plus_s(relative_s)
    }

    /// Aimed arrival and departure of a call.
    pub(crate) fn aimed(&self, timetable: &Timetable, call: u16) -> (Timestamp, Timestamp) {
        let time = timetable.times(self.dated.trip)[usize::from(call)];
        (self.plus(time.arrival_s), self.plus(time.departure_s))
    }

    /// Aimed arrival at its last call.
    pub(crate) fn aimed_end(&self, timetable: &Timetable) -> Timestamp {
        self.plus(timetable.times(self.dated.trip).last().map_or(0, |time| time.arrival_s))
    }

    fn plus(&self, seconds: i32) -> Timestamp {
        Timestamp(self.origin.0 + i64::from(seconds) * gtfs::time::MICROS)
    }
}

/// The line of a run: shape, calls, and their aimed times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    pub(crate) trip: TripIdx,
    pub(crate) shape: &'a Shape,
    /// Where its calls are in [`Timetable::pattern_calls`].
    pub(crate) first: usize,
    pub(crate) calls: &'a [PatternCall],
    pub(crate) times: &'a [CallTime],
    pub(crate) mode: Mode,
}

/// Speed assumed where the timetable says nothing: before the first and after the last stop,
/// metres per second.
const OUTSIDE_MPS: f32 = 6.0;

/// Zone of the first stop of a trip, metres.
const TERMINAL_ZONE_M: f32 = 60.0;

impl Line<'_> {
    /// Metres from the start of the shape to the last stop.
    pub(crate) fn end_m(&self) -> f32 {
        self.calls.last().map_or(0.0, |call| call.along_m)
    }

    /// Aimed seconds after the start at which the vehicle is `along_m` along the line; between two
    /// stops in proportion to the distance.
    pub(crate) fn aimed_s_at(&self, along_m: f32) -> f64 {
        let after = self.calls.partition_point(|call| call.along_m <= along_m);
        let (Some(first), Some(last)) = (self.calls.first(), self.calls.last()) else { return 0.0 };
        if after == 0 {
            return f64::from(self.times[0].arrival_s) - f64::from((first.along_m - along_m) / OUTSIDE_MPS);
        }
        if after == self.calls.len() {
            return f64::from(self.times[after - 1].arrival_s)
                + f64::from((along_m - last.along_m) / OUTSIDE_MPS);
        }
        let (from, to) = (&self.calls[after - 1], &self.calls[after]);
        let (left_s, reached_s) = (self.times[after - 1].departure_s, self.times[after].arrival_s);
        let share = (along_m - from.along_m) / (to.along_m - from.along_m).max(0.1);
        f64::from(left_s) + f64::from(share) * f64::from(reached_s - left_s)
    }

    /// How near to call `at` a vehicle is at it: the zone, but at most half the gap to a neighbour.
    /// At the first stop vehicles shuffle while they wait, so there the zone is wider.
    pub(crate) fn zone_m(&self, at: usize, widest_m: f32) -> f32 {
        let here_m = self.calls[at].along_m;
        let before_m = at.checked_sub(1).map_or(f32::MAX, |prior| here_m - self.calls[prior].along_m);
        let after_m = self.calls.get(at + 1).map_or(f32::MAX, |next| next.along_m - here_m);
        let widest_m = if at == 0 { widest_m.max(TERMINAL_ZONE_M) } else { widest_m };
        widest_m.min(0.5 * before_m).min(0.5 * after_m)
    }
}
