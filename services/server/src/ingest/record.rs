//! What every adapter ends in: records of one device, readable or not, on their way to the rules.

use gtfs::Timestamp;
use tracking::check::{Detail, Reject, RejectCode, Report};

/// The `boot` of protocols without a sequence; their `seq` is the time in microseconds.
pub const NO_BOOT: &str = "-";

/// One record of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Rises by one per record of a boot; absent only when the record can not be read or its
    /// protocol has none.
    pub seq: Option<i64>,
    /// What it says, or why it can not be read.
    pub content: Result<Content, Reject>,
}

/// What a readable record says.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Where the vehicle is.
    Position(Report),
    /// Only how the vehicle is: battery, doors, passengers. Its coordinates mean nothing.
    Heartbeat(Report),
}

impl Content {
    /// The report inside.
    #[must_use]
    pub fn report(&self) -> &Report {
        match self {
            Self::Position(report) | Self::Heartbeat(report) => report,
        }
    }
}

/// A record whose field can not be read.
#[must_use]
pub fn unreadable(field: &'static str) -> Reject {
    Reject { code: RejectCode::Format, detail: Detail::Field(field) }
}

/// Largest epoch time that is believed to be in seconds (`t` of `POST /v1/pings`).
const EPOCH_S_MAX: f64 = 1e11;

/// An epoch number: seconds below 1e11, milliseconds from there.
#[must_use]
pub fn from_epoch(number: f64) -> Option<Timestamp> {
    let s = if number.abs() < EPOCH_S_MAX { number } else { number / 1_000.0 };
    // Beyond this the microseconds would not fit; such a time is nonsense, not a date.
    (s.abs() < 9e12).then(|| Timestamp::from_s_f64(s))
}

/// RFC 3339, or ISO 8601 without a zone, which is taken as UTC.
#[must_use]
pub fn from_iso(text: &str) -> Option<Timestamp> {
    if let Ok(t) = chrono::DateTime::parse_from_rfc3339(text) {
        return Some(Timestamp(t.timestamp_micros()));
    }
    let plain = text.trim();
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f%z"]
        .iter()
        .find_map(|format| {
            let zoned = chrono::DateTime::parse_from_str(plain, format).map(|t| t.to_utc());
            zoned.or_else(|_| chrono::NaiveDateTime::parse_from_str(plain, format).map(|t| t.and_utc())).ok()
        })
        .map(|t| Timestamp(t.timestamp_micros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_each_form_that_trackers_send() {
        let t = Timestamp::from_s(1_795_136_523);
        for text in [
            "2026-11-20T01:02:03Z",
            "2026-11-20T08:02:03+07:00",
            "2026-11-20T08:02:03+0700",
            "2026-11-20 01:02:03",
            "2026-11-20T01:02:03.000",
        ] {
            assert_eq!(from_iso(text), Some(t), "{text}");
        }
        assert_eq!(from_iso("yesterday"), None);
        assert_eq!(from_epoch(1_795_136_523.0), Some(t));
        assert_eq!(from_epoch(1_795_136_523_000.0), Some(t));
        assert_eq!(from_epoch(f64::INFINITY), None);
    }
}
