//! What is said of a tariff that can be used but should not be.

use crate::help::{shared, timetable};
use crate::sample::{FILE, feed};
use fares::Tariff;
use fares::tariff::check::check;

/// The doubts about the sample tariff after some changes to its text, with its feed: not that the feed
/// says otherwise then, nor that it may pay to leave out a tap, which follows from other doubts.
fn doubts(changes: &[(&str, &str)]) -> Vec<String> {
    let mut doubts = all_doubts(changes);
    doubts.retain(|doubt| !doubt.contains("published_differs") && !doubt.contains("leaving_out_a_tap_pays"));
    doubts
}

fn all_doubts(changes: &[(&str, &str)]) -> Vec<String> {
    let mut text = FILE.to_owned();
    for (old, new) in changes {
        assert!(text.contains(old), "{old} is not in the tariff");
        text = text.replace(old, new);
    }
    let tariff = Tariff::from_file("tariff.toml", &text).expect("a usable tariff");
    check(&tariff, Some(&feed())).iter().map(ToString::to_string).collect()
}

/// What the sample says of itself: the ferry has one route, so nobody changes from ferry to ferry.
const ALWAYS: &str = "info: transfer rule 4 (leg-ferry to leg-ferry) never matches: F1 is the only route of both legs, and \
                      from a route to itself is no change (transfer_never_matches)";

#[track_caller]
fn says(changes: &[(&str, &str)], expected: &[&str]) {
    let mut all = doubts(changes);
    all.retain(|doubt| doubt != ALWAYS);
    assert_eq!(all, expected);
}

#[test]
fn the_sample_tariff_is_in_order() {
    assert_eq!(all_doubts(&[]), [ALWAYS]);
}

#[test]
fn fares_that_fall_along_a_trip_are_found() {
    let far_is_cheap = [(
        "id = \"ferry3\"\nname = \"เรือ 3 ท่าขึ้นไป\"\namount = \"20.00\"",
        "id = \"ferry3\"\namount = \"12.00\"",
    )];
    let found = doubts(&far_is_cheap);
    assert!(found[0].starts_with("error: network ferry: fares fall along a trip"), "{found:?}");
    assert!(found[0].contains("costs 12.00, but") && found[0].contains("already 15.00"), "{found:?}");
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn credits_that_reward_leaving_out_a_tap_are_found_with_both_prices() {
    let found = all_doubts(&[("counted = \"end-to-start\"", "counted = \"end-to-end\"")]);
    let paid = found.iter().find(|doubt| doubt.contains("leaving_out_a_tap_pays"));
    let paid = paid.unwrap_or_else(|| panic!("{found:?}"));
    assert!(paid.starts_with("error: ") && paid.contains("leaves out the tap off"), "{paid}");
    assert!(paid.contains("with it:") && paid.contains("without:") && paid.contains("no tap-off"), "{paid}");
}

#[test]
fn rides_that_no_rule_covers_are_found() {
    let found = doubts(&[("areas = [\"a-sothon\", \"a-marupong\",", "areas = [\"a-sothon\",")]);
    assert!(
        found[0].contains("network ferry") && found[0].contains("kinds of ride have no fare"),
        "{found:?}"
    );
    assert!(found[0].contains("pier-marupong"), "{found:?}");
}

#[test]
fn a_credit_above_the_fare_is_found() {
    says(
        &[("amount = \"-10.00\"", "amount = \"-15.00\"")],
        &[
            "warning: transfer rule 2 (leg-bus to leg-ferry) takes 15.00 off, more than ferry1 costs adult (10.00): the \
             rest is lost (credit_above_fare)",
            "warning: transfer rule 2 (leg-bus to leg-ferry) takes 7.50 off, more than ferry1 costs senior (5.00): the \
             rest is lost (credit_above_fare)",
            "warning: transfer rule 2 (leg-bus to leg-ferry) takes 13.50 off, more than ferry1 costs student (9.00): the \
             rest is lost (credit_above_fare)",
            "warning: transfer rule 4 (leg-ferry to leg-ferry) takes 15.00 off, more than ferry1 costs adult (10.00): the \
             rest is lost (credit_above_fare)",
            "warning: transfer rule 4 (leg-ferry to leg-ferry) takes 7.50 off, more than ferry1 costs senior (5.00): the \
             rest is lost (credit_above_fare)",
            "warning: transfer rule 4 (leg-ferry to leg-ferry) takes 13.50 off, more than ferry1 costs student (9.00): \
             the rest is lost (credit_above_fare)",
        ],
    );
}

#[test]
fn a_rule_that_can_never_match_is_found() {
    says(
        &[(
            "group = \"leg-bus\"\nnetwork = \"bus\"\nproduct = \"bus\"",
            "group = \"leg-bus\"\nnetwork = \"bus\"\nproduct = \"bus\"\npriority = 1\n\n[[leg]]\ngroup = \"leg-bus\"\nnetwork = \"bus\"\nfrom = \"a-sothon\"\nproduct = \"bus\"",
        )],
        &[
            "warning: leg rule 2 (network bus, a-sothon to any, product bus) never matches: rule 1 (network bus, product \
           bus) matches whenever it does, with a higher rule_priority (rule_never_matches)",
        ],
    );
    says(
        &[(
            "group = \"leg-bus\"\nnetwork = \"bus\"\nproduct = \"bus\"",
            "group = \"leg-bus\"\nnetwork = \"bus\"\nproduct = \"bus\"\n\n[[leg]]\ngroup = \"leg-bus\"\nproduct = \"bus\"",
        )],
        &[
            "warning: leg rule 2 (network any, product bus) never matches: other rules list every network, so that only \
           routes in no network are left for it (rule_never_matches)",
        ],
    );
    says(
        &[(
            "[[leg]]\n",
            "[[area]]\nid = \"a-moon\"\nstops = []\n\n[[leg]]\ngroup = \"leg-ferry\"\nnetwork = \"ferry\"\nfrom = \"a-moon\"\nto = \"a-saman\"\nproduct = \"ferry3\"\n\n[[leg]]\n",
        )],
        &[
            "warning: leg rule 1 (network ferry, a-moon to a-saman, product ferry3) never matches: area a-moon has no \
             stops; give it some (rule_never_matches)",
            "warning: leg rule 1 (network ferry, a-moon to a-saman, product ferry3) never matches: no trip of the feed \
             goes from a-moon to a-saman (rule_never_matches)",
        ],
    );
}

#[test]
fn ids_that_the_feed_does_not_have_are_found() {
    let found = doubts(&[
        ("stops = [\"pier-saman\"]", "stops = [\"pier-mars\"]"),
        ("routes = [\"F1\"]", "routes = [\"F1\", \"F9\"]"),
    ]);
    assert!(
        found.iter().any(|d| d.contains("stop pier-mars of area a-saman is not in the feed")),
        "{found:?}"
    );
    assert!(found.iter().any(|d| d.contains("route F9 of network ferry is not in the feed")), "{found:?}");
    let found = doubts(&[("routes = [\"1\", ", "routes = [")]);
    assert!(found.iter().any(|d| d.contains("route 1 is in no network")), "{found:?}");
}

#[test]
fn a_network_priced_by_its_ends_asks_for_tapping_off() {
    says(
        &[("tap_off = true\n", ""), ("ends_anywhere = true\n", "")],
        &[
            "error: network ferry is priced by where a leg ends, but riders do not tap off: say tap_off = true \
           (end_not_known)",
        ],
    );
}

#[test]
fn a_cap_within_a_lower_one_is_found() {
    says(
        &[("amount = \"50.00\"", "amount = \"40.00\"")],
        &[
            "warning: cap day-bus never lowers a fare of adult, senior, student: cap day-all holds all its rides and is no \
           higher (cap_never_bites)",
        ],
    );
}

#[test]
fn a_timeframe_that_the_feed_does_not_have_is_found() {
    let service = "[[service]]\nid = \"weekday\"\nweekdays = [\"mon\", \"tue\"]\n\n[[timeframe]]\ngroup = \"peak\"\nstart = \"07:00:00\"\nend = \"09:00:00\"\nservice = \"weekday\"\n\n[[timeframe]]\ngroup = \"peak\"\nstart = \"08:00:00\"\nend = \"10:00:00\"\nservice = \"weekday\"\n\n[[product]]\nid = \"bus\"";
    let found = doubts(&[("[[product]]\nid = \"bus\"", service)]);
    assert!(
        found
            .iter()
            .any(|d| d.contains("service weekday holds") || d.contains("service weekday does not hold")),
        "{found:?}"
    );
    assert!(
        found.iter().any(|d| d.contains("timeframe group peak has 07:00:00-09:00:00 and 08:00:00-10:00:00")),
        "{found:?}"
    );
}

#[test]
fn what_is_odd_in_published_feeds_is_said() {
    let Some(folder) = shared("gtfs_fares_v2/ctran-fares-v2") else { return };
    let timetable = timetable(&folder);
    let tariff = Tariff::from_feed(&timetable, None).expect("a tariff");
    let found: Vec<String> = check(&tariff, Some(&timetable)).iter().map(ToString::to_string).collect();
    for product in ["HC_EXPRESS_SINGLE_RIDE_MIDDAY", "MIDDAY_EXPRESS_LOCAL_HC_TRANSFER"] {
        assert!(found.iter().any(|d| d.contains(product) && d.contains("product_never_sold")), "{found:#?}");
    }
    let Some(folder) = shared("gtfs_fares_v2/sandy-flex-fares-v2") else { return };
    let timetable = self::timetable(&folder);
    let tariff = Tariff::from_feed(&timetable, None).expect("a tariff");
    let found: Vec<String> = check(&tariff, Some(&timetable)).iter().map(ToString::to_string).collect();
    assert!(
        found.iter().any(|d| d.contains("leg rule 2 (network 188, product 818) never matches")),
        "{found:#?}"
    );
    assert!(
        found.iter().any(|d| d.contains("leg rule 4 (network 86, product 1848) never matches")),
        "{found:#?}"
    );
}

#[test]
fn a_feed_that_publishes_other_prices_is_found() {
    let all = all_doubts(&[("amount = \"15.00\"", "amount = \"16.00\"")]);
    let expected = "warning: planners would show other prices than are charged: the feed's fare_products.txt say \
                    otherwise; write them with padriew tariff export (published_differs)";
    assert_eq!(all, [expected, ALWAYS]);
}

#[test]
fn riders_without_a_fare_are_found() {
    let text = "
version = \"t\"
valid_from = 2026-01-01
rider = [{ id = \"adult\", default = true }, { id = \"child\" }, { id = \"monk\", percent = 0 }]
network = [{ id = \"bus\", routes = [\"1\"] }]
product = [{ id = \"bus\", amount = \"15.00\" }]
leg = [{ group = \"b\", network = \"bus\", product = \"bus\" }]
cap = [{ id = \"day\", networks = [\"bus\"], period = \"day\", amount = \"40.00\" }]
";
    let tariff = Tariff::from_file("t.toml", text).expect("a tariff");
    let found: Vec<String> = check(&tariff, None).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "info: child has no product of its own: it pays as the default category does (rider_without_product)",
            "info: child ride without cap day: give an amount, or a percentage (rider_without_cap)",
        ]
    );
    let mut rows = tariff.rows().clone();
    rows.products.retain(|row| &*row.rider_category != "adult");
    let found: Vec<String> =
        check(&Tariff::new(rows).expect("a tariff"), None).iter().map(ToString::to_string).collect();
    assert_eq!(
        found[0],
        "error: nothing of network bus in leg group b is sold to the default rider category: riders without a row of \
         their own have no fare (no_default_fare)"
    );
    let mut rows = tariff.rows().clone();
    rows.riders.iter_mut().for_each(|rider| rider.is_default = true);
    let found: Vec<String> =
        check(&Tariff::new(rows).expect("a tariff"), None).iter().map(ToString::to_string).collect();
    assert!(found[0].contains("3 rider categories are the default (adult, child, monk)"), "{found:?}");
}

#[test]
fn changes_that_may_make_a_missed_tap_pay_are_found() {
    let found = doubts(&[("counted = \"end-to-start\"", "counted = \"start-to-start\"")]);
    assert_eq!(found.iter().filter(|doubt| doubt.contains("tap_may_cost")).count(), 4, "{found:?}");
}
