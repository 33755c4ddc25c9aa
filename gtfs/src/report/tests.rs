use super::*;
use crate::{Source, fixture, load};
use expect_test::expect;

const NETWORK: &str = "
    service daily 20261101..20261130
    stop A 0 0
    stop B 500 0
    stop C 1000 0
    shape s 0,0 1000,0
    route R bus
    route F ferry
    trip t1 route=R block=1 shape=s : A 08:00 B 08:02 C 08:05
    trip t2 route=R block=1 shape=s : A 25:00 B 25:02 C 25:05
    trip often route=F : A 06:00 C 06:20
    every often 06:00-09:00 600
";

fn report(feed: &str, today: Option<&str>) -> String {
    render("town.zip", &load(Source::Text(feed)), today.and_then(ServiceDay::parse), Style::default())
}

#[test]
fn a_usable_feed_is_counted_in_words() {
    let feed = fixture::feed_text(NETWORK).unwrap();
    expect![[r#"
        town.zip: USABLE, with 1 warning

          Feed       content 9c6dafedc5c3ed1d
          Agencies   Fixture; times in Asia/Bangkok
          Days       2026-11-01 to 2026-11-30, 30 with trips; most on 2026-11-01, 20 trips
          Today      2026-11-14, 20 trips
          Routes     2: 1 bus, 1 ferry
          Stops      3
          Trips      3 on 2 patterns with 2 time profiles; 1 block; until 25:05:00
                     1 with "every n minutes", for about 18 departures
          Calls      8
          Shapes     2, 1 of straight lines between stops

        Warnings: riders or operators may be misled (1)

          shapes.txt: missing_recommended_shape, once
            draw the lines of these trips in shapes.txt: without them a vehicle off its route is seen late
              trips without a shape: 1

        Worth knowing (1)

          feed_info.txt: missing_recommended_file, once
            say in feed_info.txt who publishes the feed, its language and its version
    "#]]
    .assert_eq(&report(&feed, Some("20261114")));
}

#[test]
fn a_feed_that_is_over_says_so_first() {
    let feed = fixture::feed_text(NETWORK).unwrap();
    let first = report(&feed, Some("20261201")).lines().next().unwrap().to_owned();
    assert_eq!(first, "town.zip: USABLE, but over: nothing runs after 2026-11-30; ask for a newer feed");
}

#[test]
fn mistakes_are_grouped_with_examples_and_what_to_do() {
    let feed = fixture::feed_text(NETWORK).unwrap();
    let bad = feed.replace("08:02:00", "8 o'clock").replace("t2,2,B", "t2,2,Q").replace("t1,3,C", "t1,3,Q");
    let report = report(&bad, None);
    let from = report.find("Errors").unwrap();
    expect![[r#"
        Errors: rows left out, or rules of the specification broken (5)

          stop_times.txt: foreign_key_violation, 2 times
            add this stop to stops.txt, or correct the id; the row is left out
              line 4, stop_id: Q
              line 6, stop_id: Q

          stop_times.txt: invalid_time, 2 times
            write the time as HH:MM:SS, past 24:00:00 when it is after midnight
              line 3, arrival_time: 8 o'clock
              line 3, departure_time: 8 o'clock

          stop_times.txt: missing_trip_edge, once
            give the first and the last stop of a trip their times; the stops beyond the known times are left out
              line 3, arrival_time: trip t1

        Warnings: riders or operators may be misled (2)

          shapes.txt: missing_recommended_shape, once
            draw the lines of these trips in shapes.txt: without them a vehicle off its route is seen late
              trips without a shape: 1

          trips.txt: unusable_trip, once
            a trip needs at least two stops, with times at the first and the last; it is left out
              line 2, trip_id: t1

        Worth knowing (2)

          feed_info.txt: missing_recommended_file, once
            say in feed_info.txt who publishes the feed, its language and its version

          stops.txt: stop_without_stop_time, once
            no trip calls at this stop; remove it if it is not used any more
              line 3: B (Stop B)
    "#]].assert_eq(&report[from..]);
}

#[test]
fn a_refused_feed_says_what_stops_it() {
    expect![[r#"
        town.zip: REFUSED: this feed can not be used; the one in force stays

        What stops it (4)

          agency.txt: missing_required_file, once
            add this file; a feed needs agency, stops, routes, trips, stop_times and a calendar

          routes.txt: missing_required_file, once
            add this file; a feed needs agency, stops, routes, trips, stop_times and a calendar

          stop_times.txt: missing_required_file, once
            add this file; a feed needs agency, stops, routes, trips, stop_times and a calendar

          trips.txt: missing_required_file, once
            add this file; a feed needs agency, stops, routes, trips, stop_times and a calendar
    "#]]
    .assert_eq(&report("# stops.txt\nstop_id\n", None));
}

#[test]
fn colour_is_only_there_when_asked_for() {
    let feed = fixture::feed_text(NETWORK).unwrap();
    let read = load(Source::Text(&feed));
    let painted = render("x", &read, None, Style { color: true, all: false });
    let plain = render("x", &read, None, Style::default());
    assert!(painted.contains("\u{1b}[1;33m") && !plain.contains('\u{1b}'));
    let stripped = painted
        .split('\u{1b}')
        .map(|part| part.trim_start_matches(|c: char| c == '[' || c == ';' || c.is_ascii_digit()))
        .map(|part| part.strip_prefix('m').unwrap_or(part));
    assert_eq!(stripped.collect::<String>(), plain);
}
