//! The sample network: what the tariff file says, what its feed says, what the design says.

use crate::help::{compare, timetable};
use fares::tariff::{Ask, Period};
use fares::{Satang, Tariff};
use gtfs::{Timestamp, Timetable};
use std::collections::BTreeSet;
use std::path::Path;

pub(crate) const FILE: &str = include_str!("../../../../ops/sample-network/facts/tariff.toml");
/// What GTFS has no place for, said again over the feed.
const OVER: &str = "
same_route_changes = false
limit_from_first = false
network = [{ id = \"ferry\", tap_off = true, ends_anywhere = true }]
";

fn tariff() -> Tariff {
    Tariff::from_file("tariff.toml", FILE).expect("a tariff")
}

pub(crate) fn feed() -> Timetable {
    timetable(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ops/sample-network/feed"))
}

/// Fares design, section 19.
const CASES: &str = "
adult card   | 2026-02-02 bus/1 07:00-07:20                                           | 15.00                       | bus, flat
senior card  | 2026-02-02 bus/1 07:00-07:20                                           | 7.50                        | half
student card | 2026-02-02 bus/1 07:00-07:20                                           | 13.50                       | 90 %
free card    | 2026-02-02 bus/1 07:00-07:20                                           | 0.00                        | monk, novice, disabled
adult card   | 2026-02-02 ferry:pier-pitula>pier-marupong/F1 07:00-07:20              | 10.00                       | one pier apart
adult card   | 2026-02-02 ferry:pier-sothon>pier-pitula/F1 07:00-07:20                | 15.00                       | two
adult card   | 2026-02-02 ferry:pier-sothon>pier-sampokong/F1 07:00-07:20             | 20.00                       | three
adult card   | 2026-02-02 ferry:pier-saman>pier-sothon/F1 07:00-07:20                 | 20.00                       | five
senior card  | 2026-02-02 ferry:pier-sothon>pier-pitula/F1 07:00-07:20                | 7.50                        | half
student card | 2026-02-02 ferry:pier-sothon>pier-pitula/F1 07:00-07:20                | 13.50                       | 90 %
free card    | 2026-02-02 ferry:pier-saman>pier-sothon/F1 07:00-07:20                 | 0.00                        | free
adult card   | 2026-02-02 ferry:pier-saman>/F1 07:00-07:20                            | ?                           | a pier without the other one has no price
adult card   | 2026-02-02 bus/1 07:00-07:20, bus/2 08:20-08:40                        | 15.00 + 5.00 = 20.00        | bus to bus: 15 - 10
adult card   | 2026-02-02 bus/1 07:00-07:20, bus/2 08:21-08:40                        | 15.00 + 15.00 = 30.00       | 61 minutes between
adult card   | 2026-02-02 bus/1 07:00-07:20, bus/1 07:30-07:50                        | 15.00 + 15.00 = 30.00       | the same route is no change
adult card   | 2026-02-02 bus/1 07:00-07:20, ferry:pier-sothon>pier-banmai/F1 08:50-09:40 | 15.00 + 10.00 = 25.00       | bus to ferry, 90 minutes: 20 - 10
adult card   | 2026-02-02 ferry:pier-sothon>pier-marupong/F1 07:00-07:20, bus/1 08:50-09:40 | 10.00 + 5.00 = 15.00        | ferry to bus: 15 - 10
senior card  | 2026-02-02 bus/1 07:00-07:20, bus/2 08:20-08:40                        | 7.50 + 2.50 = 10.00         | half of all that
student card | 2026-02-02 bus/1 07:00-07:20, bus/2 08:20-08:40                        | 13.50 + 4.50 = 18.00        | 13.50 - 9.00
free card    | 2026-02-02 bus/1 07:00-07:20, bus/2 08:20-08:40                        | 0.00 + 0.00 = 0.00          | free stays free
adult card   | 2026-02-02 bus/1 07:00-07:20, bus/2 08:20-08:40, bus/3 09:40-10:00     | 15.00 + 5.00 + 5.00 = 25.00 | each gap counts by itself
";

#[test]
fn the_sample_tariff_is_the_table_of_the_design() {
    let tariff = tariff();
    compare(&tariff, CASES);
    let caps: Vec<_> = (tariff.caps().iter())
        .map(|cap| {
            let amounts =
                ["adult", "senior", "student", "free"].map(|rider| cap.amount(rider).map(|a| a.0 / 100));
            (&*cap.id, cap.covers("ferry"), cap.period, cap.counts_default, amounts)
        })
        .collect();
    assert_eq!(
        caps,
        [
            ("day-bus", false, Period::Day, true, [Some(40), Some(20), Some(36), Some(0)]),
            ("day-all", true, Period::Day, true, [Some(50), Some(25), Some(45), Some(0)]),
        ]
    );
    assert!(
        tariff.rule("ferry").tap_off && tariff.rule("ferry").ends_anywhere && !tariff.rule("bus").tap_off
    );
    assert_eq!(
        [tariff.minimum("ferry", "adult"), tariff.minimum("ferry", "senior")],
        [Satang(1000), Satang(500)]
    );
    assert_eq!(tariff.valid_from().utc().expect("a time").to_rfc3339(), "2025-12-31T20:00:00+00:00");
}

#[test]
fn the_feed_has_the_rows_that_are_charged() {
    let (ours, theirs) = (tariff(), Tariff::from_feed(&feed(), Some(("over.toml", OVER))).expect("a tariff"));
    let (ours, theirs) = (ours.rows(), theirs.rows());
    assert_eq!(ours.riders, theirs.riders);
    assert_eq!(ours.media, theirs.media);
    assert_eq!(ours.products, theirs.products);
    assert_eq!(ours.leg_rules, theirs.leg_rules);
    assert_eq!(ours.transfer_rules, theirs.transfer_rules);
    assert_eq!(ours.areas, theirs.areas);
    assert_eq!(ours.route_networks, theirs.route_networks);
    let sorted = |rows: &[(Box<str>, Box<str>)]| rows.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(sorted(&ours.stop_areas), sorted(&theirs.stop_areas));
    assert_eq!(ours.networks, theirs.networks);
}

/// The boarding and alighting stops of every pattern, with its route's network.
fn rides(timetable: &Timetable, tariff: &Tariff) -> Vec<(String, String, String)> {
    let mut rides = BTreeSet::new();
    for pattern in &timetable.patterns {
        let route = &timetable.routes[pattern.route.at()].id;
        let network = tariff.network_of(route).expect("a network");
        let calls = &timetable.pattern_calls[gtfs::timetable::as_usize(&pattern.calls)];
        for (at, from) in calls.iter().enumerate().filter(|(_, call)| call.pickup) {
            for to in calls[at + 1..].iter().filter(|call| call.drop_off) {
                let id = |stop: gtfs::StopIdx| timetable.stops[stop.at()].id.to_string();
                rides.insert((network.to_string(), id(from.stop), id(to.stop)));
            }
        }
    }
    rides.into_iter().collect()
}

#[test]
fn the_planner_prices_every_ride_of_the_sample_as_the_card_does() {
    let timetable = feed();
    // A planner has the feed alone, and GTFS's meaning of it.
    let (card, planner) = (tariff(), Tariff::from_feed(&timetable, None).expect("a tariff"));
    let rides = rides(&timetable, &card);
    assert!(rides.len() > 900, "{} rides", rides.len());
    let start = Timestamp::from_s(1_770_000_000);
    for (network, from, to) in &rides {
        for rider in ["adult", "senior", "student", "free", ""] {
            let ask = Ask { network, from, to, start, end: start, rider, medium: "card" };
            let (charged, planned) = (card.fare(&ask), planner.fare(&ask));
            assert!(charged.is_some(), "{ask:?} has no price");
            assert_eq!(charged, planned, "{ask:?}");
        }
    }
}

#[test]
fn the_planner_prices_every_change_of_the_sample_as_the_card_does() {
    use fares::tariff::journey::Ride;
    let timetable = feed();
    let (card, planner) = (tariff(), Tariff::from_feed(&timetable, None).expect("a tariff"));
    let at = |minutes: i64| Timestamp::from_s(1_770_000_000 + 60 * minutes);
    // Bus routes, and the ferry by one, two and three piers.
    let legs = [
        ("bus", "1", "", ""),
        ("bus", "2", "", ""),
        ("ferry", "F1", "pier-sothon", "pier-marupong"),
        ("ferry", "F1", "pier-sothon", "pier-pitula"),
        ("ferry", "F1", "pier-saman", "pier-marupong"),
    ];
    let mut compared = 0;
    for gap in [0, 10, 59, 60, 61, 89, 90, 91] {
        for first in legs {
            for second in legs.iter().filter(|second| second.1 != first.1) {
                for rider in ["adult", "senior", "student", "free"] {
                    let ride = |(network, route, from, to): (
                        &'static str,
                        &'static str,
                        &'static str,
                        &'static str,
                    ),
                                start| {
                        let ask = Ask {
                            network,
                            from,
                            to,
                            start: at(start),
                            end: at(start + 20),
                            rider,
                            medium: "card",
                        };
                        Ride { ask, route }
                    };
                    let journey = [ride(first, 0), ride(*second, 20 + gap)];
                    assert_eq!(card.journey(&journey), planner.journey(&journey), "{journey:?}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 400, "{compared}");
}
