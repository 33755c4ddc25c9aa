//! Days and times of day: when a timeframe holds, and which service day an instant belongs to.
//!
//! Local wall-clock time decides, and the calendar date at that moment, not the service day of a trip
//! (GTFS reference, timeframes.txt, "Timeframe Local Time Semantics").

use chrono::{Datelike, Timelike};
use chrono_tz::Tz;
use gtfs::{ServiceDay, ServiceTime, Timestamp};

/// A row of `timeframes.txt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// timeframe_group_id.
    pub group: Box<str>,
    /// From, inclusive.
    pub start: ServiceTime,
    /// Until, exclusive; 24:00:00 at the latest.
    pub end: ServiceTime,
    /// service_id: one of [`Days`].
    pub service: Box<str>,
}

/// The days of a service_id: some weekdays, and days named one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Days {
    /// service_id.
    pub service: Box<str>,
    /// Monday is bit 0.
    pub weekdays: u8,
    /// Days besides, sorted.
    pub also: Vec<ServiceDay>,
    /// Days on which the weekday does not count, sorted.
    pub except: Vec<ServiceDay>,
}

impl Days {
    /// Whether a date is among them.
    #[must_use]
    pub fn contains(&self, day: ServiceDay) -> bool {
        let weekday = self.weekdays >> day.0.weekday().num_days_from_monday() & 1 == 1;
        self.also.binary_search(&day).is_ok() || weekday && self.except.binary_search(&day).is_err()
    }
}

/// The local date of an instant, and seconds on the wall clock since midnight.
#[must_use]
pub fn local(t: Timestamp, tz: Tz) -> (ServiceDay, i32) {
    let local = t.utc().unwrap_or_default().with_timezone(&tz).naive_local();
    (ServiceDay(local.date()), i32::try_from(local.num_seconds_from_midnight()).unwrap_or(i32::MAX))
}

/// The service day of an instant, when days begin `boundary_s` after midnight on the wall clock.
#[must_use]
pub fn service_day_of(t: Timestamp, tz: Tz, boundary_s: u32) -> ServiceDay {
    let (day, second) = local(t, tz);
    if i64::from(second) < i64::from(boundary_s) { day.previous() } else { day }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros())
    }

    #[test]
    fn a_service_day_lasts_until_three_in_the_night() {
        let day = |text| service_day_of(at(text), Tz::Asia__Bangkok, 3 * 3600).to_string();
        assert_eq!(day("2026-01-02T02:59:59+07:00"), "20260101");
        assert_eq!(day("2026-01-02T03:00:00+07:00"), "20260102");
        assert_eq!(day("2026-01-02T00:00:00+00:00"), "20260102");
    }

    #[test]
    fn days_are_weekdays_but_for_those_named() {
        let day = |text| ServiceDay::parse(text).unwrap();
        let days = Days {
            service: "weekday".into(),
            weekdays: 0b001_1111,
            also: vec![day("20260103")],
            except: vec![day("20260101")],
        };
        // 1 January 2026 is a Thursday.
        let holds =
            ["20260101", "20260102", "20260103", "20260104", "20260105"].map(|d| days.contains(day(d)));
        assert_eq!(holds, [false, true, true, false, true]);
    }

    #[test]
    fn the_wall_clock_decides_when_clocks_change() {
        // 9 March 2025, America/Los_Angeles: 02:00 becomes 03:00.
        let (day, second) = local(at("2025-03-09T10:30:00Z"), Tz::America__Los_Angeles);
        assert_eq!((day.to_string(), second), ("20250309".to_owned(), 3 * 3600 + 1800));
    }
}
