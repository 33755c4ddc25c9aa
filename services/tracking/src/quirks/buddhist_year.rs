//! Trackers set up for Thailand send the Buddhist year: 2569 for 2026. Seen on GT06 clones whose
//! vendor localises the date before it is encoded.

use chrono::Datelike;
use gtfs::Timestamp;

/// The Buddhist Era counts from 543 BC.
const YEARS: i32 = 543;

/// `t` with 543 years taken off its calendar date; 29 February becomes the 28th where it must.
#[must_use]
pub fn corrected(t: Timestamp) -> Option<Timestamp> {
    let utc = t.utc()?;
    let year = utc.year().checked_sub(YEARS)?;
    let moved = utc.with_year(year).or_else(|| utc.with_day(28)?.with_year(year))?;
    Some(Timestamp(moved.timestamp_micros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros())
    }

    #[test]
    fn the_buddhist_year_2569_is_2026() {
        assert_eq!(corrected(at("2569-11-20T01:02:03Z")), Some(at("2026-11-20T01:02:03Z")));
    }

    #[test]
    fn a_leap_day_of_the_wrong_era_lands_in_february() {
        assert_eq!(corrected(at("2568-02-29T12:00:00Z")), Some(at("2025-02-28T12:00:00Z")));
    }
}
