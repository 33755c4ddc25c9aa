//! Single field values: dates, colours, coordinates, zones. Nothing here knows about files.

use crate::{ServiceDay, ServiceTime};
use chrono_tz::Tz;

pub(super) const DATE: &str = "write the date as YYYYMMDD";
pub(super) const TIME: &str = "write the time as HH:MM:SS, past 24:00:00 when it is after midnight";
pub(super) const NUMBER: &str = "write a number";
pub(super) const WHOLE: &str = "write a whole number";

pub(super) fn time(text: &str) -> Option<ServiceTime> {
    ServiceTime::parse(text.as_bytes())
}

/// `YYYYMMDD`, nothing else: `20260101` is a date, `2026-01-01` and `1` are not.
pub(super) fn date(text: &str) -> Option<ServiceDay> {
    (text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit())).then(|| ServiceDay::parse(text)).flatten()
}

/// A zone of the tz database.
pub(super) fn zone(text: &str) -> Option<Tz> {
    text.parse().ok()
}

/// Six hex digits.
pub(super) fn color(text: &str) -> Option<[u8; 6]> {
    let bytes: [u8; 6] = text.as_bytes().try_into().ok()?;
    bytes.iter().all(u8::is_ascii_hexdigit).then(|| bytes.map(|b| b.to_ascii_uppercase()))
}

/// Degrees north and east, when they are on Earth.
pub(super) fn place(lat: &str, lon: &str) -> Option<(f64, f64)> {
    let (lat, lon): (f64, f64) = (lat.parse().ok()?, lon.parse().ok()?);
    ((-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon)).then_some((lat, lon))
}

/// Nearer to 0, 0 than this (degrees) is a missing coordinate, not the Gulf of Guinea
/// (canonical validator, `point_near_origin`).
pub(super) const ORIGIN_DEG: f64 = 1.0;
/// Nearer to a pole than this (degrees) is a mistake (canonical validator, `point_near_pole`).
pub(super) const POLE_DEG: f64 = 1.0;

/// The canonical code of a place where no stop can be.
pub(super) fn impossible(lat: f64, lon: f64) -> Option<&'static str> {
    if lat.abs() <= ORIGIN_DEG && lon.abs() <= ORIGIN_DEG {
        Some("point_near_origin")
    } else if lat.abs() >= 90.0 - POLE_DEG {
        Some("point_near_pole")
    } else {
        None
    }
}

/// A whole number up to 999,999,999, in ASCII digits with white space around.
pub(super) fn whole(text: &[u8]) -> Option<u32> {
    let digits = text.trim_ascii();
    let fits = (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    fits.then(|| digits.iter().fold(0, |n, digit| n * 10 + u32::from(digit - b'0')))
}

/// A finite number that is not negative.
pub(super) fn distance(text: &str) -> Option<f32> {
    text.parse::<f32>().ok().filter(|d| d.is_finite() && *d >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_eight_digits_that_are_a_day_are_a_date() {
        assert!(date("20280229").is_some());
        for bad in ["2026-01-01", "20260229", "2026011", "202601011", "25690101x", ""] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }

    #[test]
    fn whole_numbers_are_digits_and_nothing_else() {
        assert_eq!(whole(b" 0042 "), Some(42));
        assert_eq!(whole(b"999999999"), Some(999_999_999));
        for bad in [&b""[..], b" ", b"-1", b"+1", b"1.0", b"1 2", b"4294967296", b"\xe0\xb9\x91"] {
            assert_eq!(whole(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn colours_are_six_hex_digits() {
        assert_eq!(color("c8102e"), Some(*b"C8102E"));
        assert_eq!(color("#C8102E"), None);
        assert_eq!(color("กข"), None);
    }

    #[test]
    fn a_place_off_the_earth_or_without_coordinates_is_known() {
        assert_eq!(place("13.69", "101.07"), Some((13.69, 101.07)));
        assert_eq!(place("101.07", "13.69"), None, "swapped");
        assert_eq!(place("nan", "1"), None);
        assert_eq!(impossible(0.0, 0.0), Some("point_near_origin"));
        assert_eq!(impossible(-89.5, 10.0), Some("point_near_pole"));
        assert_eq!(impossible(13.69, 101.07), None);
    }
}
