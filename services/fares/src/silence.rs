//! A terminal that says nothing, or takes hardly a tap, while its vehicle carries riders (fares design, section 13).

use gtfs::Timestamp;
use gtfs::time::MICROS;

/// A terminal that was not heard for this long is silent, seconds; its heartbeat comes every 60 s.
pub const SILENT_S: i64 = 600;
/// A vehicle carries riders while it was seen at a stop of its trip within this time, seconds.
pub const ON_TRIP_S: i64 = 900;
/// Taps are counted over this long, seconds.
pub const WINDOW_S: i64 = 3_600;
/// What is expected is the least of the same hour of the last weeks: of so many at most,
pub const WEEKS_MAX: u32 = 4;
/// and so many at least. The least and not the mean: a holiday among them must raise no alarm.
pub const WEEKS_MIN: usize = 2;
/// Fewer taps expected than this tell nothing.
pub const EXPECTED_MIN: u32 = 20;
/// Below this share of what is expected a reader has probably failed, percent.
pub const SHARE_PERCENT: u32 = 20;

/// What is known of a terminal on a vehicle.
#[derive(Clone, Copy, Debug)]
pub struct Watched<'a> {
    /// When it was last heard; when it was enrolled, if never.
    pub heard: Timestamp,
    /// When its vehicle was last seen at a stop of its trip.
    pub on_trip: Option<Timestamp>,
    /// Taps that came from it within [`WINDOW_S`].
    pub taps: u32,
    /// The same at this hour of the last weeks, as far as it was there.
    pub weeks: &'a [u32],
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is heard of it although its vehicle is on a trip.
    Silent,
    /// It is heard, but takes hardly a tap of those expected.
    FewTaps {
        /// So many were expected.
        expected: u32,
    },
    /// It is heard; of its taps nothing can be said.
    Heard,
    /// It takes taps as it should.
    Works,
    /// It is not heard, and need not be.
    Off,
}

/// Judges a terminal. What is said of when it was heard is itself up to `late_s` old.
#[must_use]
pub fn judge(now: Timestamp, late_s: i64, terminal: Watched<'_>) -> Verdict {
    let ago_s = |t: Timestamp| (now.0 - t.0) / MICROS;
    let is_on_trip = terminal.on_trip.is_some_and(|seen| ago_s(seen) <= ON_TRIP_S);
    if ago_s(terminal.heard) > SILENT_S + late_s {
        return if is_on_trip { Verdict::Silent } else { Verdict::Off };
    }
    let has_history = terminal.weeks.len() >= WEEKS_MIN;
    let expected = terminal.weeks.iter().min().copied().filter(|_| has_history).unwrap_or_default();
    let is_few = |of: u32| u64::from(terminal.taps) * 100 < u64::from(of) * u64::from(SHARE_PERCENT);
    match expected >= EXPECTED_MIN {
        true if is_few(expected) && is_on_trip => Verdict::FewTaps { expected },
        _ if is_few(expected.max(EXPECTED_MIN)) => Verdict::Heard,
        _ => Verdict::Works,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(heard_ago_s: i64, on_trip_ago_s: Option<i64>, taps: u32, weeks: &[u32]) -> Verdict {
        let now = Timestamp::from_s(1_000_000);
        let ago = |seconds: i64| Timestamp::from_s(now.s() - seconds);
        judge(now, 0, Watched { heard: ago(heard_ago_s), on_trip: on_trip_ago_s.map(ago), taps, weeks })
    }

    #[test]
    fn ten_minutes_without_a_word_on_a_vehicle_that_drives_are_silence() {
        assert_eq!(verdict(601, Some(60), 0, &[]), Verdict::Silent);
        assert_eq!(verdict(600, Some(60), 0, &[]), Verdict::Heard);
        assert_eq!(verdict(601, Some(901), 0, &[]), Verdict::Off, "the vehicle is in its depot");
        assert_eq!(verdict(86_400, None, 0, &[50; 4]), Verdict::Off);
    }

    #[test]
    fn less_than_a_fifth_of_the_poorest_week_is_a_failed_reader() {
        assert_eq!(verdict(5, Some(60), 7, &[60, 40, 55]), Verdict::FewTaps { expected: 40 });
        assert_eq!(verdict(5, Some(60), 8, &[60, 40, 55]), Verdict::Works);
        assert_eq!(verdict(5, Some(60), 0, &[60]), Verdict::Heard, "one week is no history");
        assert_eq!(verdict(5, Some(60), 0, &[60, 3]), Verdict::Heard, "a holiday among them");
        assert_eq!(verdict(5, None, 0, &[60, 40]), Verdict::Heard, "its vehicle stands");
        assert_eq!(verdict(5, Some(60), 4, &[]), Verdict::Works);
    }
}
