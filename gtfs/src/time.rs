//! Instants, service days and the seconds of a service day.
//!
//! GTFS times count from "noon minus 12 h" of the service day in the agency's zone (GTFS reference,
//! field type *Time*), which differs from midnight on the two days a year when clocks change.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use chrono_tz::Tz;
use std::fmt;

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// Microseconds in a second.
pub const MICROS: i64 = 1_000_000;

impl Timestamp {
    /// From whole epoch seconds.
    #[must_use]
    pub const fn from_s(epoch_s: i64) -> Self {
        Self(epoch_s * MICROS)
    }

    /// From epoch seconds with a fraction, to the nearest microsecond.
    #[must_use]
    pub fn from_s_f64(epoch_s: f64) -> Self {
        Self((epoch_s * 1e6).round() as i64)
    }

    /// Whole epoch seconds, rounded down.
    #[must_use]
    pub const fn s(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// Seconds from `earlier` to `self`; negative when `self` is the earlier.
    #[must_use]
    pub fn since_s(self, earlier: Self) -> f64 {
        (self.0 - earlier.0) as f64 / 1e6
    }

    /// This instant moved by `seconds`, which may be negative.
    #[must_use]
    pub fn plus_s(self, seconds: f64) -> Self {
        Self(self.0 + (seconds * 1e6).round() as i64)
    }

    /// As a chrono instant in UTC; `None` outside chrono's range.
    #[must_use]
    pub fn utc(self) -> Option<chrono::DateTime<chrono::Utc>> {
        chrono::DateTime::from_timestamp_micros(self.0)
    }
}

/// A day of service, named by its calendar date; its times may run past midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceDay(pub NaiveDate);

impl ServiceDay {
    /// The instant that the day's times count from: noon minus 12 h in `tz`.
    ///
    /// Noon exists once on every day in every zone of the tz database in use today; where a zone
    /// skipped a whole day, the day has no service and UTC noon stands in.
    #[must_use]
    pub fn start(self, tz: Tz) -> Timestamp {
        let noon = NaiveDateTime::new(self.0, NaiveTime::MIN) + chrono::Duration::hours(12);
        let noon_utc = tz.from_local_datetime(&noon).earliest().map_or(noon.and_utc(), |t| t.to_utc());
        Timestamp(noon_utc.timestamp_micros() - 12 * 3600 * MICROS)
    }

    /// The instant of `time` on this day.
    #[must_use]
    pub fn at(self, tz: Tz, time: ServiceTime) -> Timestamp {
        Timestamp(self.start(tz).0 + i64::from(time.0) * MICROS)
    }

    /// The calendar date at `t` in `tz`.
    #[must_use]
    pub fn of(t: Timestamp, tz: Tz) -> Self {
        let utc = t.utc().unwrap_or_default();
        Self(utc.with_timezone(&tz).date_naive())
    }

    /// The day before.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.checked_sub_days(Days::new(1)).unwrap_or(self.0))
    }

    /// The day after.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add_days(Days::new(1)).unwrap_or(self.0))
    }

    /// Reads `YYYYMMDD`, or `YYYY-MM-DD`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let format = if text.contains('-') { "%Y-%m-%d" } else { "%Y%m%d" };
        NaiveDate::parse_from_str(text, format).ok().map(Self)
    }
}

/// Writes `YYYYMMDD`, as GTFS does.
impl fmt::Display for ServiceDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y%m%d"))
    }
}

/// Seconds from the start of a service day; may pass 24 h (86,400).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceTime(pub i32);

impl ServiceTime {
    /// Reads `H:MM:SS` or `HH:MM:SS`, hours up to 99; spaces around are allowed.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii();
        let (hours, rest) = match text.iter().position(|&b| b == b':')? {
            at @ 1..=2 => (&text[..at], &text[at + 1..]),
            _ => return None,
        };
        if rest.len() != 5 || rest[2] != b':' {
            return None;
        }
        let number = |digits: &[u8]| {
            digits.iter().try_fold(0i32, |n, b| b.is_ascii_digit().then(|| n * 10 + i32::from(b - b'0')))
        };
        let (minutes, seconds) = (number(&rest[..2])?, number(&rest[3..])?);
        (minutes < 60 && seconds < 60).then_some(Self(number(hours)? * 3600 + minutes * 60 + seconds))
    }
}

/// Writes `HH:MM:SS`, as GTFS does.
impl fmt::Display for ServiceTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.0 / 3600, self.0 / 60 % 60, self.0 % 60)
    }
}

#[cfg(test)]
mod tests;
