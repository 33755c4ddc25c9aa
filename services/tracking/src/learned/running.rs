//! Running times of a timetable that is written in whole minutes.
//!
//! Such a timetable says 0, 60, 0, 120 s between stops 300 m apart: differences of rounded times. Aimed
//! times stay what they are for riders; for driving, a trip whose times are all whole minutes gets the
//! shortest path in time over distance that stays within the published minute at every stop (a taut
//! string): the smoothest running that gives these times when rounded down, as is done so that nobody
//! comes too late for a bus. Where it begins, ends or stands it is exact. Other trips run as aimed.
//! What always holds: no leg takes less than no time; from one stop where the timetable stands to the
//! next the legs add up to the aimed time.

use gtfs::timetable::{CallTime, PatternCall};
use gtfs::{Timetable, TripIdx};
use rustc_hash::FxHashMap;

/// Half of what rounding down to a minute hides, seconds.
const HALF_MINUTE_S: f32 = 30.0;
/// Fewer calls than this say nothing of how a timetable was written.
const CALLS_MIN: usize = 5;
/// A trip that runs as aimed.
const AS_AIMED: u32 = u32::MAX;

/// Running times of the trips that need their own.
#[derive(Debug, Default)]
pub(crate) struct Running {
    /// Per trip: where its legs begin in `legs_s`, or [`AS_AIMED`].
    trips: Vec<u32>,
    /// One per call, of the leg that ends there, seconds.
    legs_s: Vec<f32>,
}

impl Running {
    /// Of every trip.
    pub(crate) fn of(timetable: &Timetable) -> Self {
        let mut running = Self::default();
        let mut known = FxHashMap::default();
        for (at, trip) in timetable.trips.iter().enumerate() {
            let from = *known.entry((trip.pattern, trip.profile)).or_insert_with(|| {
                running.add(timetable.calls(trip.pattern), timetable.times(TripIdx::new(at)))
            });
            running.trips.push(from);
        }
        running
    }

    /// Seconds from leaving call `to - 1` to reaching call `to`, `to` at least 1.
    pub(crate) fn leg_s(&self, trip: TripIdx, times: &[CallTime], to: usize) -> f64 {
        match self.trips.get(trip.at()) {
            Some(&from) if from != AS_AIMED => f64::from(self.legs_s[from as usize + to]),
            _ => f64::from(times[to].arrival_s - times[to - 1].departure_s),
        }
    }

    fn add(&mut self, calls: &[PatternCall], times: &[CallTime]) -> u32 {
        let whole = |time: &CallTime| time.arrival_s % 60 == 0 && time.departure_s % 60 == 0;
        if times.len() < CALLS_MIN || !times.iter().all(whole) {
            return AS_AIMED;
        }
        let from = self.legs_s.len();
        self.legs_s.resize(from + times.len(), 0.0);
        // A stop where the timetable stands is known on both sides: a string ends, another begins.
        let mut begin = 0;
        for end in 1..times.len() {
            if end + 1 == times.len() || times[end].departure_s > times[end].arrival_s {
                let points = points(&calls[begin..=end], &times[begin..=end]);
                tighten(&points, &mut self.legs_s[from + begin + 1..=from + end]);
                begin = end;
            }
        }
        from as u32
    }
}

/// A stop in distance and time (the middle of its minute), and how far from that the string may be.
#[derive(Clone, Copy, Debug)]
struct Point {
    along_m: f32,
    at_s: f32,
    slack_s: f32,
}

fn points(calls: &[PatternCall], times: &[CallTime]) -> Vec<Point> {
    let last = calls.len() - 1;
    let point = |at: usize| {
        let slack_s = if at == 0 || at == last { 0.0 } else { HALF_MINUTE_S };
        let aimed_s = if at == 0 { times[at].departure_s } else { times[at].arrival_s };
        Point { along_m: calls[at].along_m, at_s: aimed_s as f32 + slack_s, slack_s }
    };
    (0..=last).map(point).collect()
}

/// Pulls a string tight through the points; writes the time of each leg to `legs_s`.
///
/// From each knot the string goes straight on as far as some slope passes every point; there it bends
/// at the point that last bounded the slope.
fn tighten(points: &[Point], legs_s: &mut [f32]) {
    let (mut knot, mut knot_s) = (0, points[0].at_s);
    while knot + 1 < points.len() {
        let slope =
            |to: usize, at_s: f32| (at_s - knot_s) / (points[to].along_m - points[knot].along_m).max(1.0);
        let (mut least, mut most) = ((f32::MIN, knot), (f32::MAX, knot));
        let mut bend = None;
        for (to, point) in points.iter().enumerate().skip(knot + 1) {
            let (low, high) = (slope(to, point.at_s - point.slack_s), slope(to, point.at_s + point.slack_s));
            if low > most.0 {
                bend = Some((most.1, points[most.1].at_s + points[most.1].slack_s));
                break;
            }
            if high < least.0 {
                bend = Some((least.1, points[least.1].at_s - points[least.1].slack_s));
                break;
            }
            least = if low > least.0 { (low, to) } else { least };
            most = if high < most.0 { (high, to) } else { most };
        }
        let (next, next_s) = bend.unwrap_or((points.len() - 1, points[points.len() - 1].at_s));
        let per_m = slope(next, next_s).max(0.0);
        for to in knot + 1..=next {
            legs_s[to - 1] = per_m * (points[to].along_m - points[to - 1].along_m);
        }
        (knot, knot_s) = (next, next_s);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn legs_s(trip: &str) -> Vec<f64> {
        let stops: String = (0..7).map(|at| format!("stop S{at} {} 0\n", at * 300)).collect();
        let timetable =
            gtfs::fixture::timetable(&format!("{stops}route R bus\ntrip t route=R : {trip}")).unwrap();
        let running = Running::of(&timetable);
        let trip = timetable.trip("t", None).unwrap();
        let times = timetable.times(trip);
        (1..times.len()).map(|to| running.leg_s(trip, times, to)).collect()
    }

    #[test]
    fn whole_minutes_over_even_distances_become_an_even_pace() {
        let legs_s = legs_s("S0 08:00 S1 08:00 S2 08:01 S3 08:02 S4 08:02 S5 08:03 S6 08:04");
        assert!(legs_s.iter().all(|leg_s| (leg_s - 40.0).abs() < 0.1), "{legs_s:?}");
    }

    #[test]
    fn a_slow_stretch_stays_slow_and_no_time_leaves_its_minute() {
        let legs_s = legs_s("S0 08:00 S1 08:01 S2 08:02 S3 08:09 S4 08:10 S5 08:11 S6 08:12");
        assert!(legs_s[2] > 330.0, "{legs_s:?}");
        let mut at_s = 0.0;
        for (leg_s, aimed_s) in legs_s.iter().zip([60.0, 120.0, 540.0, 600.0, 660.0, 720.0]) {
            at_s += leg_s;
            assert!((-0.1..=60.1).contains(&(at_s - aimed_s)), "{at_s} for {aimed_s}");
        }
        assert!((at_s - 720.0).abs() < 0.1, "the end stays");
    }

    #[test]
    fn a_stop_where_the_timetable_stands_is_kept() {
        let legs_s = legs_s("S0 08:00 S1 08:00 S2 08:01 S3 08:02-08:10 S4 08:10 S5 08:11 S6 08:12");
        assert!((legs_s[..3].iter().sum::<f64>() - 120.0).abs() < 0.1, "{legs_s:?}");
        assert!((legs_s[3..].iter().sum::<f64>() - 120.0).abs() < 0.1, "{legs_s:?}");
    }

    #[test]
    fn a_timetable_with_seconds_runs_as_aimed() {
        let legs_s = legs_s("S0 08:00 S1 08:00:17 S2 08:01 S3 08:02 S4 08:02 S5 08:03 S6 08:04");
        assert_eq!(legs_s, [17.0, 43.0, 60.0, 0.0, 60.0, 60.0]);
    }
}
