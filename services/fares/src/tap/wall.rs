//! Wall clocks as terminals write them: RFC 3339 with seconds, a fraction of any length, and `Z` or an offset.
//!
//! What is not of this form is no time, and no fault of its tap: the wall clock is only one witness of three.

use gtfs::Timestamp;

/// Digits of a microsecond.
const MICRO_DIGITS: usize = 6;

/// The instant of `2025-11-20T07:28:59.858+07:00`; `None` for anything else.
#[must_use]
pub fn instant(text: &str) -> Option<Timestamp> {
    let (date_time, zone_s) = zone(text)?;
    let bytes = date_time.as_bytes();
    if bytes.len() < 19 || !matches!(bytes[10], b'T' | b't' | b' ') {
        return None;
    }
    if [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')].iter().any(|&(at, mark)| bytes[at] != mark) {
        return None;
    }
    let part = |from: usize, to: usize| digits(&bytes[from..to]);
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    // 60 is a leap second.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let date = days_since_1970(year, month, day)?;
    let s = date * 86_400 + hour * 3_600 + minute * 60 + second - zone_s;
    Some(Timestamp(s * gtfs::time::MICROS + micros(&bytes[19..])?))
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar; `None` for a date that is none.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    const MONTH_DAYS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let at = usize::try_from(month - 1).ok()?;
    let length = MONTH_DAYS.get(at)? + i64::from(leap && month == 2);
    if !(1..=length).contains(&day) {
        return None;
    }
    let before: i64 = MONTH_DAYS[..at].iter().sum::<i64>() + i64::from(leap && month > 2);
    let years = year - 1;
    let since_year_1 = years * 365 + years.div_euclid(4) - years.div_euclid(100) + years.div_euclid(400);
    // 719,162 days lie before 1970-01-01.
    Some(since_year_1 + before + day - 1 - 719_162)
}

fn zone(text: &str) -> Option<(&str, i64)> {
    if let Some(front) = text.strip_suffix(['Z', 'z']) {
        return Some((front, 0));
    }
    let at = text.len().checked_sub(6).filter(|&at| text.is_char_boundary(at))?;
    let (front, offset) = text.split_at(at);
    let bytes = offset.as_bytes();
    let sign = match bytes[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = (digits(&bytes[1..3])?, digits(&bytes[4..6])?);
    (bytes[3] == b':' && hours < 24 && minutes < 60).then_some((front, sign * (hours * 3_600 + minutes * 60)))
}

fn micros(rest: &[u8]) -> Option<i64> {
    let Some((&b'.', fraction)) = rest.split_first() else { return rest.is_empty().then_some(0) };
    if fraction.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let kept = fraction.iter().copied().chain(std::iter::repeat(b'0')).take(MICRO_DIGITS);
    Some(kept.fold(0, |micros, digit| micros * 10 + i64::from(digit - b'0')))
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_offset_fraction_or_z_are_instants() {
        let t = Timestamp(1_763_598_539_858_000);
        assert_eq!(instant("2025-11-20T07:28:59.858+07:00"), Some(t));
        assert_eq!(instant("2025-11-20T00:28:59.858Z"), Some(t));
        assert_eq!(instant("2025-11-19T19:28:59.8580009-05:00"), Some(t));
        assert_eq!(instant("1970-01-01T00:00:00Z"), Some(Timestamp(0)));
        assert_eq!(instant("2000-02-29T12:00:00Z"), Some(Timestamp::from_s(951_825_600)));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "Z",
            "yesterday",
            "2025-11-20",
            "2025-11-20T07:28:59",
            "2025-02-29T07:28:59Z",
            "2025-13-01T07:28:59Z",
            "2025-11-20T24:00:00Z",
            "2025-11-20T07:28:59.Z",
            "2025-11-20T07:28:59+0700",
            "๒๐๒๕-11-20T07:28:59Z",
            "x๒:๒๒",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
