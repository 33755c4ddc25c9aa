use super::*;
use crate::fixture::timetable;
use chrono::NaiveDate;

fn network() -> Timetable {
    timetable(
        "zone Europe/Berlin
         service daily 20260101..20261231
         service saturday 20261024
         stop A 0 0
         stop B 500 0
         stop C 1000 0
         route R bus
         trip early route=R : A 08:00 B 08:02 C 08:05
         trip slow route=R : A 07:50 B 08:10 C 08:20
         trip night route=R service=saturday : A 25:30 B 25:40 C 25:50
         trip late route=R service=saturday : A 47:50:00 B 47:59:59 C 48:10:00
         trip often route=R : A 00:00 B 00:02 C 00:04
         every often 10:00-11:00 600",
    )
    .unwrap()
}

fn at(timetable: &Timetable, date: &str, time: &str) -> Timestamp {
    let day = ServiceDay::parse(date).unwrap();
    day.at(timetable.tz, crate::ServiceTime::parse(time.as_bytes()).unwrap())
}

fn listed(timetable: &Timetable, stop: &str, from: Timestamp, to: Timestamp) -> Vec<String> {
    let calls = timetable.departures(timetable.stop(stop).unwrap(), from..to);
    let local = |t: Timestamp| t.utc().unwrap().with_timezone(&timetable.tz).format("%H:%M:%S").to_string();
    calls
        .iter()
        .map(|c| {
            let every =
                c.every.map_or(String::new(), |e| format!(" every {} until {}", e.headway_s, local(e.until)));
            format!("{} {} {}{every}", timetable.trips[c.trip.at()].id, c.day, local(c.departure))
        })
        .collect()
}

#[test]
fn a_slow_trip_that_started_earlier_is_listed_after_a_fast_one() {
    let t = network();
    let (from, to) = (at(&t, "20261110", "08:00:00"), at(&t, "20261110", "09:00:00"));
    assert_eq!(listed(&t, "B", from, to), ["early 20261110 08:02:00", "slow 20261110 08:10:00"]);
    assert_eq!(listed(&t, "C", from, to), [] as [&str; 0], "nobody boards at the last stop");
    assert_eq!(t.calls_between(t.stop("C").unwrap(), from..to).len(), 2, "but vehicles call there");
}

#[test]
fn the_window_begins_inclusive_and_ends_exclusive() {
    let t = network();
    let (from, to) = (at(&t, "20261110", "08:02:00"), at(&t, "20261110", "08:10:00"));
    assert_eq!(listed(&t, "B", from, to), ["early 20261110 08:02:00"]);
}

#[test]
fn trips_past_midnight_belong_to_yesterday_and_run_through_the_hour_that_comes_twice() {
    let t = network();
    // Clocks go back from 03:00 to 02:00 on Sunday 25 October 2026, after the night trip.
    let (from, to) = (at(&t, "20261025", "00:00:00"), at(&t, "20261025", "04:00:00"));
    assert_eq!(listed(&t, "B", from, to), ["night 20261024 01:40:00"]);
}

#[test]
fn a_trip_may_call_two_days_after_its_service_day() {
    let t = network();
    let call = at(&t, "20261024", "47:59:59");
    assert_eq!(listed(&t, "B", call, call.plus_s(1.0)), ["late 20261024 22:59:59"], "the day had 25 hours");
    let (start, end) = (at(&t, "20261024", "47:50:00"), at(&t, "20261024", "48:10:00"));
    let running = |t0: Timestamp| t.running(t0..t0.plus_s(1.0)).len();
    assert_eq!(
        [running(start.plus_s(-2.0)), running(start), running(end), running(end.plus_s(1.0))],
        [0, 1, 1, 0]
    );
}

#[test]
fn a_template_says_how_often_and_not_when() {
    let t = network();
    let all_day = listed(&t, "B", at(&t, "20261110", "09:00:00"), at(&t, "20261110", "20:00:00"));
    assert_eq!(all_day, ["often 20261110 10:02:00 every 600 until 11:02:00"]);
    let amid = listed(&t, "B", at(&t, "20261110", "10:30:00"), at(&t, "20261110", "20:00:00"));
    assert_eq!(amid, ["often 20261110 10:30:00 every 600 until 11:02:00"]);
    let over = listed(&t, "B", at(&t, "20261110", "11:02:00"), at(&t, "20261110", "20:00:00"));
    assert_eq!(over, [] as [&str; 0]);
}

#[test]
fn a_search_agrees_with_looking_at_every_call_of_every_day() {
    let t = network();
    let stop = t.stop("B").unwrap();
    let mut from = at(&t, "20261023", "00:00:00");
    let end = at(&t, "20261027", "00:00:00");
    while from < end {
        let to = from.plus_s(4_321.0);
        let found: Vec<_> = t.calls_between(stop, from..to).iter().map(|c| (c.departure, c.trip)).collect();
        assert_eq!(found, by_hand(&t, stop, from, to), "{from:?}");
        from = from.plus_s(1_777.0);
    }
}

/// Every call at a stop, found without any index.
fn by_hand(t: &Timetable, stop: StopIdx, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, TripIdx)> {
    let mut all = Vec::new();
    for date in NaiveDate::from_ymd_opt(2026, 10, 20).unwrap().iter_days().take(10) {
        let day = ServiceDay(date);
        for (at, trip) in t.trips.iter().enumerate().filter(|(_, trip)| t.runs_on(trip.service, day)) {
            let trip_idx = TripIdx::new(at);
            for (call, time) in t.calls(trip.pattern).iter().zip(t.times(trip_idx)) {
                let instant = |s: i32| day.at(t.tz, crate::ServiceTime(s + time.departure_s));
                let mut departure = instant(trip.start.0);
                if let Some(f) = trip.frequency.filter(|f| instant(f.end.0) > from && !f.exact) {
                    assert_eq!(f.headway_s, 600);
                    departure = departure.max(from);
                }
                if call.stop == stop && from <= departure && departure < to {
                    all.push((departure, trip_idx));
                }
            }
        }
    }
    all.sort();
    all
}
