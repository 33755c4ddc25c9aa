use super::*;
use chrono::{DateTime, Utc};
use proptest::prelude::*;

/// Zones whose clocks change by an hour, by half an hour, backwards in winter, at midnight, or never.
const ZONES: [Tz; 10] = [
    Tz::Asia__Bangkok,
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::America__St_Johns,
    Tz::Australia__Lord_Howe,
    Tz::Africa__Casablanca,
    Tz::Africa__Cairo,
    Tz::America__Santiago,
    Tz::Pacific__Chatham,
    Tz::Asia__Kathmandu,
];

/// The instant at which the clocks of `tz` show noon of `date`, found by trying all of them.
fn noon(tz: Tz, date: NaiveDate) -> DateTime<Utc> {
    const STEP_S: i64 = 15 * 60;
    let wanted = date.and_hms_opt(12, 0, 0).unwrap();
    let around = date.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp();
    (-60..160)
        .map(|step| DateTime::from_timestamp(around + step * STEP_S, 0).unwrap())
        .find(|t| t.with_timezone(&tz).naive_local() == wanted)
        .unwrap()
}

#[test]
fn a_service_day_counts_from_noon_less_twelve_hours_in_ten_zones_all_year() {
    for tz in ZONES {
        for date in NaiveDate::from_ymd_opt(2028, 1, 1).unwrap().iter_days().take(366) {
            let day = ServiceDay(date);
            let start_s = noon(tz, date).timestamp() - 12 * 3600;
            assert_eq!(day.start(tz), Timestamp::from_s(start_s), "{tz} {date}");
            let last = ServiceTime::parse(b"47:59:59").unwrap();
            assert_eq!(day.at(tz, last), Timestamp::from_s(start_s + 172_799), "{tz} {date}");
        }
    }
}

#[test]
fn a_day_with_a_clock_change_starts_an_hour_off_midnight() {
    let local = |day: &str| {
        let start = ServiceDay::parse(day).unwrap().start(Tz::Europe__Berlin).utc().unwrap();
        start.with_timezone(&Tz::Europe__Berlin).format("%d %H:%M").to_string()
    };
    assert_eq!(
        [local("20260329"), local("20260330"), local("20261025")],
        ["28 23:00", "30 00:00", "25 01:00"]
    );
}

#[test]
fn only_times_of_the_specification_are_times() {
    let read = |text: &str| ServiceTime::parse(text.as_bytes()).map(|t| t.0);
    assert_eq!(read("5:30:00"), Some(19_800));
    assert_eq!(read(" 27:05:01 "), Some(97_501));
    assert_eq!(read("99:59:59"), Some(359_999));
    for bad in [
        "",
        "5:30",
        "05:60:00",
        "05:00:60",
        "-1:00:00",
        "100:00:00",
        "05:0:000",
        "๐๕:๐๐:๐๐",
        "05-00-00",
        ":00:00",
    ] {
        assert_eq!(read(bad), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn every_time_is_read_as_it_is_written(s in 0i32..360_000) {
        let time = ServiceTime(s);
        prop_assert_eq!(ServiceTime::parse(time.to_string().as_bytes()), Some(time));
    }

    #[test]
    fn no_bytes_make_the_reader_of_times_panic(bytes in proptest::collection::vec(any::<u8>(), 0..16)) {
        if let Some(time) = ServiceTime::parse(&bytes) {
            prop_assert!((0..360_000).contains(&time.0));
        }
    }

    #[test]
    fn a_day_and_its_neighbours_agree(days in -30_000i32..60_000) {
        let day = ServiceDay(NaiveDate::from_num_days_from_ce_opt(730_000 + days).unwrap());
        prop_assert_eq!(day.next().previous(), day);
        prop_assert_eq!(ServiceDay::parse(&day.to_string()), Some(day));
    }
}
