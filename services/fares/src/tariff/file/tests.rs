//! What a tariff file may say, and what is said of mistakes in it.

use super::{empty, read};
use crate::money::Satang;
use crate::tariff::{Period, Tariff};
use gtfs::Timestamp;
use gtfs::fares::LimitKind;

/// A small tariff; lines are counted from the first.
const SMALL: &str = "\
version = \"v1\"
valid_from = 2026-01-01
currency = \"THB\"

[[rider]]
id = \"adult\"
default = true

[[rider]]
id = \"senior\"
percent = 50

[[network]]
id = \"bus\"
routes = [\"1\", \"2\"]
minimum = \"10.00\"

[[product]]
id = \"bus\"
amount = \"15.55\"

[[product]]
id = \"change\"
amount = \"-10.01\"

[[leg]]
group = \"leg-bus\"
network = \"bus\"
product = \"bus\"

[[transfer]]
from = \"leg-bus\"
to = \"leg-bus\"
within_s = 3600
counted = \"end-to-start\"
pays = \"both-legs-and-transfer\"
product = \"change\"

[[cap]]
id = \"month\"
networks = [\"bus\"]
period = \"30 days\"
amount = \"600.00\"
riders = { senior = \"250.00\" }
counts_default = false

[limits]
peak_grace_s = 0
pax_max = 2
";

#[test]
fn a_small_file_is_a_whole_tariff() {
    let tariff = Tariff::from_file("t.toml", SMALL).unwrap();
    assert_eq!(&**tariff.version(), "v1");
    // Midnight in Bangkok is 17:00 UTC; the service day begins three hours later.
    assert_eq!(tariff.valid_from().utc().unwrap().to_rfc3339(), "2025-12-31T20:00:00+00:00");
    let rows = tariff.rows();
    let amounts: Vec<_> =
        rows.products.iter().map(|p| (&*p.id, &*p.rider_category, p.amount.minor)).collect();
    assert_eq!(
        amounts,
        [
            ("bus", "adult", 1555),
            ("bus", "senior", 777),
            ("change", "adult", -1001),
            ("change", "senior", -501)
        ],
        "down to whole satang"
    );
    assert_eq!(rows.transfer_rules[0].limit, Some((3600, LimitKind::ArrivalToDeparture)));
    assert_eq!(
        [tariff.minimum("bus", "adult"), tariff.minimum("bus", "senior")],
        [Satang(1000), Satang(500)]
    );
    let cap = &tariff.caps()[0];
    assert_eq!((cap.period, cap.counts_default), (Period::Rolling(30), false));
    assert_eq!([cap.amount("adult"), cap.amount("senior")], [Some(Satang(60_000)), Some(Satang(25_000))]);
    assert_eq!((tariff.limits().peak_grace_s, tariff.limits().pax_max, tariff.limits().void_s), (0, 2, 120));
}

/// What is said of the small file with one text replaced.
#[track_caller]
fn refused(old: &str, new: &str) -> String {
    assert!(SMALL.contains(old), "{old}");
    read("t.toml", &SMALL.replacen(old, new, 1), empty()).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_mistake_names_the_file_the_line_the_key_and_what_to_change() {
    for (old, new, said) in [
        (
            "amount = \"15.55\"",
            "amount = 15.55",
            "t.toml line 20: invalid type: floating point `15.55`, expected an amount as text, such as \"15.00\"",
        ),
        (
            "amount = \"15.55\"",
            "amount = \"15,55\"",
            "t.toml line 20, product.amount: \"15,55\" is no amount of THB: write it like \"15.00\"",
        ),
        (
            "amount = \"15.55\"",
            "amount = \"15.555\"",
            "t.toml line 20, product.amount: \"15.555\" is no amount of THB: write it like \"15.00\"",
        ),
        (
            "product = \"bus\"",
            "product = \"buss\"",
            "t.toml line 29, leg.product: \"buss\" is not defined: add it, or correct the id",
        ),
        (
            "network = \"bus\"",
            "network = \"tram\"",
            "t.toml line 28, leg.network: \"tram\" is not defined: add it, or correct the id",
        ),
        (
            "percent = 50",
            "percent = 150",
            "t.toml line 11, rider.percent: a concession is at most 100 percent",
        ),
        (
            "default = true",
            "default = false",
            "t.toml line 6, rider.default: 0 categories are the default: write default = true in exactly one",
        ),
        (
            "pays = \"both-legs-and-transfer\"",
            "pays = \"both\"",
            "t.toml line 36, transfer.pays: \"both\" is not known: write one of first-leg-and-transfer, both-legs-and-transfer, transfer",
        ),
        (
            "counted = \"end-to-start\"\n",
            "",
            "t.toml line 34, transfer.within_s: say how it counts: counted = \"end-to-start\" for the time between two legs",
        ),
        (
            "period = \"30 days\"",
            "period = \"year\"",
            "t.toml line 42, cap.period: write day, week, month or a number such as 30 days",
        ),
        (
            "senior = \"250.00\"",
            "monk = \"0.00\"",
            "t.toml line 44, cap.riders: rider category \"monk\" is not defined: add it, or correct the id",
        ),
        (
            "valid_from = 2026-01-01\n",
            "",
            "t.toml line 1, valid_from: say from which day on it applies, such as 2026-01-01",
        ),
        (
            "valid_from = 2026-01-01",
            "valid_from = 2026-01-01T03:00:00",
            "t.toml line 2, valid_from: write a date such as 2026-01-01, or a time with its offset",
        ),
        (
            "version = \"v1\"\n",
            "",
            "t.toml line 1, version: give the tariff a name that no other version has",
        ),
        (
            "currency = \"THB\"",
            "currency = \"baht\"",
            "t.toml line 3, currency: write three letters such as THB",
        ),
        (
            "currency = \"THB\"",
            "timezone = \"Bangkok\"",
            "t.toml line 3, timezone: write a name such as Asia/Bangkok",
        ),
        (
            "id = \"change\"",
            "id = \"bus\"",
            "t.toml line 23, product.id: \"bus\" is defined twice: give each its own id",
        ),
        (
            "routes = [\"1\", \"2\"]",
            "routes = [\"1\", \"1\"]",
            "t.toml line 15, network.routes: \"1\" is defined twice: give each its own id",
        ),
        ("pax_max = 2", "pax_max = 9", "t.toml line 49, limits.pax_max: it is from 1 to 4"),
        ("peak_grace_s = 0", "late_days = 60", "t.toml line 48, limits.late_days: it is at most 56"),
    ] {
        assert_eq!(refused(old, new).lines().next(), Some(said), "{new}");
    }
}

#[test]
fn an_unknown_key_is_a_mistake() {
    let said = refused("minimum = \"10.00\"", "minimal = \"10.00\"");
    assert!(said.starts_with("t.toml line 16: unknown field `minimal`, expected one of `id`"), "{said}");
    let said = refused("[limits]", "[limit]");
    assert!(said.starts_with("t.toml line 47: unknown field `limit`"), "{said}");
}

#[test]
fn every_mistake_is_named_at_once() {
    let text = SMALL.replace("15.55", "x").replace("600.00", "y").replace("percent = 50", "percent = 101");
    let said = read("t.toml", &text, empty()).map(|_| ()).unwrap_err();
    assert_eq!(said.0.len(), 3, "{said}");
}

#[test]
fn caps_that_cross_are_refused_by_name() {
    let crossing = SMALL.replace(
        "[limits]",
        "[[network]]\nid = \"ferry\"\nroutes = [\"F\"]\n\n[[cap]]\nid = \"all\"\nnetworks = [\"bus\", \"ferry\"]\nperiod = \"day\"\namount = \"1.00\"\n\n[limits]",
    );
    let said = Tariff::from_file("t.toml", &crossing).map(|_| ()).unwrap_err().to_string();
    assert!(said.starts_with("the caps all (bus+ferry, day) and month (bus, 30 days) overlap"), "{said}");
}

#[test]
fn a_moment_may_be_given_with_its_offset() {
    let text = SMALL.replace("2026-01-01", "2026-01-01T00:00:00+07:00");
    let rows = read("t.toml", &text, empty()).unwrap();
    assert_eq!(rows.valid_from, Timestamp::from_s(1_767_200_400));
}

#[test]
fn a_file_over_a_feed_adds_what_gtfs_has_no_place_for() {
    let feed = read("feed", SMALL, empty()).unwrap();
    let over = "
version = \"v2\"
rider = [{ id = \"monk\", percent = 0 }, { id = \"senior\", percent = 10 }]
network = [{ id = \"bus\", tap_off = true }]
cap = [{ id = \"day\", networks = [\"bus\"], period = \"day\", amount = \"40.00\" }]
";
    let tariff = Tariff::new(read("over.toml", over, feed).unwrap()).unwrap();
    assert_eq!(&**tariff.version(), "v2");
    assert!(tariff.rule("bus").tap_off);
    let ask = |rider| crate::tariff::Ask {
        network: "bus",
        from: "",
        to: "",
        start: Timestamp(0),
        end: Timestamp(0),
        rider,
        medium: "",
    };
    let fare = |rider| tariff.fare(&ask(rider)).map(|fare| (fare.full.0, fare.alone.0));
    assert_eq!(fare("monk"), Some((1555, 0)));
    assert_eq!(fare("senior"), Some((1555, 777)), "the feed has a price for seniors");
    assert_eq!(tariff.caps()[0].amount("senior"), Some(Satang(400)));
    assert_eq!(tariff.caps().iter().map(|cap| &*cap.id).collect::<Vec<_>>(), ["day", "month"]);
    let twice = read(
        "over.toml",
        "product = [{ id = \"bus\", amount = \"1.00\" }]",
        read("feed", SMALL, empty()).unwrap(),
    );
    assert_eq!(
        twice.map(|_| ()).unwrap_err().to_string(),
        "over.toml line 1, product.id: \"bus\" is defined twice: give each its own id"
    );
}

#[test]
fn no_text_makes_the_reader_panic() {
    // Every prefix of the file, and the file with every line left out.
    for end in (0..SMALL.len()).step_by(7) {
        let _ = Tariff::from_file("t.toml", &SMALL[..end]);
    }
    let lines: Vec<&str> = SMALL.lines().collect();
    for out in 0..lines.len() {
        let rest: Vec<&str> =
            lines.iter().enumerate().filter(|(at, _)| *at != out).map(|(_, line)| *line).collect();
        let _ = Tariff::from_file("t.toml", &rest.join("\n"));
    }
}
