//! What is written is read back: every kind of row, through a feed.

use fares::Tariff;
use fares::tariff::check::check;
use gtfs::{Severity, Source};

const FEED: &str = "
service daily 20260101..20261231
service weekend 20260103 20260104
stop A 0 0
stop B 500 0
stop C 1200 300
route R bus
route F ferry
trip t1 route=R service=daily : A 08:00 B 08:02 C 08:05
trip f1 route=F service=weekend : A 08:00 B 08:20 C 08:40
trip f2 route=F service=weekend : C 09:00 B 09:20 A 09:40
";

const TARIFF: &str = "
version = \"v\"
valid_from = 2026-01-01
same_route_changes = true
rider = [{ id = \"adult\", name = \"A, B\", default = true }, { id = \"child\", name = \"\\\"kid\\\"\", percent = 33 }]
medium = [{ id = \"cash\", kind = \"none\" }, { id = \"card\", kind = \"card\" }, { id = \"app\", kind = \"app\" }]
network = [{ id = \"bus\", name = \"bus\", routes = [\"R\"] }, { id = \"ferry\", routes = [\"F\"], tap_off = true }]
area = [{ id = \"a\", stops = [\"A\"] }, { id = \"b\", stops = [\"B\"] }, { id = \"c\", stops = [\"C\"] }]
service = [{ id = \"weekend\", also = [2026-01-03, 2026-01-04] }]
timeframe = [{ group = \"sunny\", start = \"10:00:00\", end = \"24:00:00\", service = \"weekend\" }]
product = [
    { id = \"bus\", amount = \"10.00\" },
    { id = \"near\", amount = \"7.00\", media = [\"card\", \"app\"] },
    { id = \"far\", amount = \"9.99\", media = [\"card\"], riders = { child = \"4.00\" } },
    { id = \"half\", amount = \"5.00\" },
    { id = \"off\", amount = \"-3.33\" },
]
leg = [
    { group = \"b\", network = \"bus\", product = \"bus\" },
    { group = \"h\", network = \"bus\", from_timeframe = \"sunny\", product = \"half\", priority = 2 },
]
ladder = [{ group = \"f\", network = \"ferry\", areas = [\"a\", \"b\", \"c\"], products = [\"near\", \"far\"] }]
transfer = [
    { from = \"b\", to = \"f\", within_s = 60, counted = \"start-to-end\", pays = \"both-legs-and-transfer\", product = \"off\" },
    { from = \"f\", to = \"f\", count = 2, within_s = 61, counted = \"end-to-end\", pays = \"first-leg-and-transfer\" },
    { to = \"b\", pays = \"transfer\", product = \"half\" },
]
cap = [{ id = \"week\", networks = [\"bus\", \"ferry\"], period = \"week\", amount = \"90.00\", counts_default = false }]
";

#[test]
fn every_kind_of_row_comes_back_from_a_feed_as_it_was_charged() {
    let tariff = Tariff::from_file("t.toml", TARIFF).unwrap();
    let mut feed = gtfs::fixture::feed_text(FEED).unwrap();
    for table in tariff.export() {
        feed += &format!("# {}\n{}", table.name, table.text);
    }
    let loaded = gtfs::load(Source::Text(&feed)).unwrap();
    let wrong: Vec<String> = (loaded.findings.examples().iter())
        .filter(|finding| finding.severity <= Severity::Error)
        .map(ToString::to_string)
        .collect();
    assert_eq!(wrong, [""; 0]);
    // The tariff finds nothing in the feed that says otherwise, and neither does the feed's own tariff.
    let doubts = |tariff: &Tariff| -> Vec<String> {
        let all = check(tariff, Some(&loaded.timetable));
        // Made to have every kind of row, not to be fair.
        let all = all.iter().filter(|doubt| doubt.code != "leaving_out_a_tap_pays");
        all.filter(|doubt| doubt.severity < Severity::Info).map(ToString::to_string).collect()
    };
    assert_eq!(doubts(&tariff), [""; 0]);
    let read = Tariff::from_feed(&loaded.timetable, None).unwrap();
    let (ours, theirs) = (tariff.rows(), read.rows());
    assert_eq!(ours.products, theirs.products);
    assert!(theirs.priorities);
    assert_eq!(ours.transfer_rules, theirs.transfer_rules);
    assert_eq!(ours.frames, theirs.frames);
    assert_eq!(ours.days, theirs.days);
    assert_eq!(ours.leg_rules, theirs.leg_rules);
    // Twice written is the same.
    let again: Vec<_> = read.export().into_iter().filter(|table| table.name != "networks.txt").collect();
    let first: Vec<_> = (tariff.export().into_iter())
        .filter(|table| !["networks.txt", "fare_caps.txt"].contains(&table.name))
        .collect();
    assert_eq!(first, again);
}

#[test]
fn caps_are_written_a_row_for_each_category_and_network() {
    let tariff = Tariff::from_file("t.toml", TARIFF).unwrap();
    let caps = tariff.export().into_iter().find(|table| table.name == "fare_caps.txt").unwrap();
    let expected = "\
fare_cap_id,rider_category_id,network_id,period,amount,currency,counts_default
week,adult,bus,week,90.00,THB,0
week,adult,ferry,week,90.00,THB,0
week,child,bus,week,29.70,THB,0
week,child,ferry,week,29.70,THB,0
";
    assert_eq!(caps.text, expected);
}
