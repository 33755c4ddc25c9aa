//! Local clock time and date from epoch seconds and a list of UTC offsets: no time zone database.

use crate::words::{Words, fill};

/// The offset when a snapshot names none: Thailand, UTC+7 the whole year.
pub const OFFSET_DEFAULT_S: i64 = 7 * 3600;

const DAY_S: i64 = 86_400;

/// Seconds east of UTC in force at `t`.
#[must_use]
pub fn offset_s(tz: &[(i64, i32)], t: i64) -> i64 {
    let in_force = tz.iter().rev().find(|(from, _)| *from <= t).or_else(|| tz.first());
    in_force.map_or(OFFSET_DEFAULT_S, |(_, offset)| i64::from(*offset))
}

/// `HH:MM` at `t`.
#[must_use]
pub fn hhmm(tz: &[(i64, i32)], t: i64) -> String {
    let minute = (t + offset_s(tz, t)).rem_euclid(DAY_S) / 60;
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Days since 1970-01-01 in local time at `t`.
#[must_use]
pub fn local_day(tz: &[(i64, i32)], t: i64) -> i64 {
    (t + offset_s(tz, t)).div_euclid(DAY_S)
}

/// The date at `t` as a rider reads it, in the Buddhist era in Thai.
#[must_use]
pub fn date(tz: &[(i64, i32)], t: i64, words: &Words) -> String {
    let day = local_day(tz, t);
    let (y, m, d) = civil(day);
    // 1970-01-01 was a Thursday, day 4 of a week that starts on Sunday.
    let weekday = usize::try_from((day + 4).rem_euclid(7)).unwrap_or(0);
    let text = fill(&words.date, "w", &words.days[weekday]);
    let text = fill(&text, "d", &d.to_string());
    let text = fill(&text, "m", &words.months[m]);
    fill(&text, "y", &(y + words.year_add).to_string())
}

/// Year, month from 0 and day of month of a day number
/// (Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`).
fn civil(day: i64) -> (i64, usize, i64) {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let d = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 2 } else { mp - 10 };
    let y = yoe + era * 400 + i64::from(month <= 1);
    (y, usize::try_from(month).unwrap_or(0), d)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::words;

    #[test]
    fn a_date_is_buddhist_in_thai_and_gregorian_in_english() {
        let t = 1_795_136_530; // 2026-11-20 00:22:10 UTC
        assert_eq!(date(&[], t, words("th")), "วันศุกร์ที่ 20 พฤศจิกายน 2569");
        assert_eq!(date(&[], t, words("en")), "Friday 20 November 2026");
        assert_eq!(hhmm(&[], t), "08:02");
    }

    #[test]
    fn leap_days_and_the_epoch_are_right() {
        assert_eq!(civil(0), (1970, 0, 1));
        assert_eq!(civil(19_782), (2024, 1, 29));
        assert_eq!(civil(-1), (1969, 11, 31));
        assert_eq!(civil(20_819), (2027, 0, 1));
    }

    #[test]
    fn an_offset_holds_from_its_own_second_on() {
        let tz = [(1_000, 3_600), (2_000, 7_200)];
        assert_eq!((offset_s(&tz, 0), offset_s(&tz, 1_999), offset_s(&tz, 2_000)), (3_600, 3_600, 7_200));
    }
}
