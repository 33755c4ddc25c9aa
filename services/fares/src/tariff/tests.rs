//! Pricing by rows written out in the test.

use super::*;
use gtfs::fares::{
    FareLegRule, FareMedia, FareProduct, FareTransferRule, LimitKind, MediaKind, Money, Named, RiderCategory,
    TransferKind,
};
use rows::Network;

fn product(id: &str, rider: &str, amount: &str) -> FareProduct {
    let amount = Money::parse(amount, "THB").expect("an amount");
    FareProduct { id: id.into(), name: "".into(), rider_category: rider.into(), media: "card".into(), amount }
}

fn leg(group: &str, network: &str, from: &str, to: &str, product: &str) -> FareLegRule {
    FareLegRule {
        leg_group: group.into(),
        network: network.into(),
        from_area: from.into(),
        to_area: to.into(),
        from_timeframe: "".into(),
        to_timeframe: "".into(),
        product: product.into(),
        priority: None,
    }
}

fn change(from: &str, to: &str, limit_s: u32, kind: TransferKind, product: &str) -> FareTransferRule {
    FareTransferRule {
        from_leg_group: from.into(),
        to_leg_group: to.into(),
        count: None,
        limit: Some((limit_s, LimitKind::ArrivalToDeparture)),
        kind,
        product: product.into(),
    }
}

/// Bus 15, ferry 10 and 15, 10 off for a change within 60 and 90 minutes; half of all that for seniors.
fn rows() -> Rows {
    let add = TransferKind::BothLegsPlusTransfer;
    let prices = [("bus", "15", "7.5"), ("near", "10", "5"), ("far", "15", "7.5"), ("change", "-10", "-5")];
    let network = |id: &str, tap_off| Network { id: id.into(), tap_off, ..Network::default() };
    let rider = |id: &str| RiderCategory { id: id.into(), name: id.into(), is_default: id == "adult" };
    Rows {
        version: "1".into(),
        riders: vec![rider("senior"), rider("adult")],
        media: vec![FareMedia { id: "card".into(), name: "".into(), kind: MediaKind::TransitCard }],
        networks: vec![network("bus", false), network("ferry", true)],
        route_networks: vec![("bus".into(), "1".into()), ("ferry".into(), "F1".into())],
        areas: ["a", "b", "c"].map(|id| Named { id: id.into(), name: "".into() }).to_vec(),
        stop_areas: ["a", "b", "c"].map(|id| (id.into(), format!("pier-{id}").into())).to_vec(),
        products: prices
            .iter()
            .flat_map(|(id, adult, senior)| [product(id, "adult", adult), product(id, "senior", senior)])
            .collect(),
        leg_rules: vec![
            leg("leg-bus", "bus", "", "", "bus"),
            leg("leg-ferry", "ferry", "a", "b", "near"),
            leg("leg-ferry", "ferry", "b", "c", "near"),
            leg("leg-ferry", "ferry", "a", "c", "far"),
        ],
        transfer_rules: vec![
            change("leg-bus", "leg-bus", 3600, add, "change"),
            change("leg-bus", "leg-ferry", 5400, add, "change"),
            change("leg-ferry", "leg-bus", 5400, add, "change"),
        ],
        same_route_changes: false,
        limit_from_first: false,
        ..Rows::default()
    }
}

fn ask<'a>(network: &'a str, from: &'a str, to: &'a str, rider: &'a str) -> Ask<'a> {
    Ask { network, from, to, start: Timestamp(0), end: Timestamp(0), rider, medium: "card" }
}

fn ridden<'a>(fare: &Fare, route: &'a str, start_min: i64, end_min: i64, rider: &'a str) -> Ridden<'a> {
    let at = |minutes: i64| Timestamp::from_s(minutes * 60);
    let (start, end) = (at(start_min), at(end_min));
    Ridden { group: fare.group, route, start, end, alone: fare.alone, rider, medium: "card" }
}

#[test]
fn a_leg_costs_what_the_rule_for_its_network_and_piers_says() {
    let tariff = Tariff::new(rows()).unwrap();
    let fare = tariff.fare(&ask("bus", "", "", "senior")).unwrap();
    assert_eq!((fare.full, fare.alone, &*fare.product), (Satang(1500), Satang(750), "bus senior"));
    let fare = tariff.fare(&ask("ferry", "pier-a", "pier-c", "nobody")).unwrap();
    assert_eq!((fare.full, fare.alone, &*fare.product), (Satang(1500), Satang(1500), "far adult"));
    assert_eq!(tariff.fare(&ask("ferry", "pier-a", "", "adult")), None);
    assert_eq!(tariff.fare(&ask("rail", "", "", "adult")), None);
    let (fare, at) = tariff.dearest("ferry", "pier-a", &["pier-b", "pier-c"], Timestamp(0), "", "").unwrap();
    assert_eq!((fare.alone, at), (Satang(1500), 1));
    assert_eq!(tariff.minimum("ferry", "senior"), Satang(500));
    assert_eq!(
        tariff.rule("ferry"),
        NetworkRule { tap_off: true, ends_anywhere: false, minimum: Satang(1000) }
    );
    assert_eq!(tariff.network_of("F1").map(|id| &**id), Some("ferry"));
}

#[test]
fn changing_takes_ten_baht_off_but_never_more_than_the_leg_costs() {
    let tariff = Tariff::new(rows()).unwrap();
    let bus = tariff.fare(&ask("bus", "", "", "adult")).unwrap();
    let ferry = tariff.fare(&ask("ferry", "pier-a", "pier-b", "adult")).unwrap();
    let first = ridden(&bus, "1", 0, 20, "adult");
    let change = |fare: &Fare, route, start| {
        tariff.transfer(&first, &ridden(fare, route, start, start + 9, "adult"), 0)
    };
    assert_eq!(change(&bus, "2", 80), Some(Satang(-1000)), "60 minutes after getting off is in time");
    assert_eq!(change(&bus, "2", 81), None);
    assert_eq!(change(&bus, "1", 30), None, "not from a route to itself");
    assert_eq!(change(&ferry, "F1", 110), Some(Satang(-1000)));
    assert_eq!(change(&ferry, "F1", 111), None);
    let senior = tariff.fare(&ask("ferry", "pier-a", "pier-b", "senior")).unwrap();
    let next = Ridden { alone: Satang(300), ..ridden(&senior, "F1", 30, 40, "senior") };
    assert_eq!(tariff.transfer(&first, &next, 0), Some(Satang(-300)));
    let back = ridden(&ferry, "F1", 30, 40, "adult");
    assert_eq!(tariff.transfer(&back, &back, 0), None, "no rule from ferry to ferry");
}

#[test]
fn each_kind_of_transfer_rule_says_what_the_next_leg_costs() {
    let priced = |kind, product: &str, hops| {
        let mut rows = rows();
        rows.transfer_rules = vec![change("leg-bus", "leg-bus", 3600, kind, product)];
        rows.products.push(self::product("four", "", "4"));
        rows.products.push(self::product("twenty", "", "20"));
        let tariff = Tariff::new(rows).unwrap();
        let bus = tariff.fare(&ask("bus", "", "", "adult")).unwrap();
        let (first, next) = (ridden(&bus, "1", 0, 20, "adult"), ridden(&bus, "2", 30, 40, "adult"));
        tariff.transfer(&first, &next, hops).map(|off| off.0 / 100)
    };
    use TransferKind::{BothLegsPlusTransfer, FirstLegPlusTransfer, TransferOnly};
    assert_eq!(priced(FirstLegPlusTransfer, "", 0), Some(-15), "15 + 0");
    assert_eq!(priced(FirstLegPlusTransfer, "four", 0), Some(-11), "15 + 4");
    assert_eq!(priced(FirstLegPlusTransfer, "twenty", 0), Some(0), "15 + 20 is dearer than 15 + 15");
    assert_eq!(priced(BothLegsPlusTransfer, "four", 0), Some(0), "15 + 4 + 15 is dearer than 15 + 15");
    assert_eq!(priced(TransferOnly, "twenty", 0), Some(-10), "20 for both, of which 15 are paid");
    assert_eq!(priced(TransferOnly, "four", 0), Some(-15), "the first leg has cost more already");
    assert_eq!(priced(TransferOnly, "four", 1), Some(-11), "S + 4");
}

#[test]
fn rows_that_lead_nowhere_are_refused_with_what_to_change() {
    let refused = |change: fn(&mut Rows)| {
        let mut rows = rows();
        change(&mut rows);
        Tariff::new(rows).map(|_| ()).unwrap_err().to_string()
    };
    assert_eq!(
        refused(|rows| rows.leg_rules[0].product = "tram".into()),
        "product \"tram\" is not defined: add it, or correct the id"
    );
    assert_eq!(
        refused(|rows| rows.leg_rules[1].to_area = "z".into()),
        "area \"z\" is not defined: add it, or correct the id"
    );
    let mixed = refused(|rows| rows.products[0].amount = Money::parse("1", "USD").unwrap());
    assert_eq!(mixed, "product \"bus\" costs 1.00 USD, but the tariff is in THB: use one currency");
    let negative = refused(|rows| rows.leg_rules[0].product = "change".into());
    assert_eq!(negative, "product \"change\" is below zero and sold for a leg: use it for changes only");
}

#[test]
fn a_cap_names_networks_and_categories_of_its_tariff() {
    let capped = |network: &str, rider: &str| {
        let mut rows = rows();
        rows.caps = vec![Cap {
            id: "day".into(),
            networks: vec![network.into()],
            amounts: vec![(rider.into(), Satang(4000))],
            period: Period::Day,
            counts_default: true,
        }];
        Tariff::new(rows).map_err(|refused| refused.to_string())
    };
    let tariff = capped("bus", "adult").unwrap();
    // A card without a profile has the default category's cap.
    let most = |rider| tariff.caps()[0].amount(tariff.category(rider));
    assert_eq!(
        [most("adult"), most("stranger"), most(""), most("senior")].map(|most| most.is_some()),
        [true, true, true, false]
    );
    assert_eq!(
        capped("tram", "adult").unwrap_err(),
        "network \"tram\" is not defined: add it, or correct the id"
    );
    assert_eq!(
        capped("bus", "monk").unwrap_err(),
        "rider category \"monk\" is not defined: add it, or correct the id"
    );
}

#[test]
fn near_the_edge_of_the_peak_the_rider_has_the_cheaper_side() {
    let mut rows = rows();
    let at = |h: i32, m: i32| gtfs::ServiceTime(h * 3600 + m * 60);
    let frame =
        |group: &str, start, end| frames::Frame { group: group.into(), start, end, service: "daily".into() };
    rows.frames = vec![
        frame("peak", at(7, 0), at(9, 0)),
        frame("quiet", at(0, 0), at(7, 0)),
        frame("quiet", at(9, 0), at(24, 0)),
    ];
    rows.days = vec![frames::Days { service: "daily".into(), weekdays: 127, ..frames::Days::default() }];
    rows.leg_rules[0].from_timeframe = "peak".into();
    rows.leg_rules
        .push(FareLegRule { from_timeframe: "quiet".into(), ..leg("leg-quiet", "bus", "", "", "near") });
    let tariff = Tariff::new(rows).unwrap();
    let day = gtfs::ServiceDay::parse("2026-02-02").unwrap();
    let fare = |h, m, s: i64| {
        let start = Timestamp(day.at(tariff.tz(), at(h, m)).0 + s * 1_000_000);
        tariff.fare(&Ask { start, end: start, ..ask("bus", "", "", "adult") }).unwrap()
    };
    let baht = |h, m, s| fare(h, m, s).alone.0 / 100;
    assert_eq!(
        [baht(6, 59, 59), baht(7, 0, 0), baht(7, 2, 59), baht(7, 3, 0), baht(7, 3, 1)],
        [10, 10, 10, 15, 15]
    );
    assert_eq!([baht(8, 56, 59), baht(8, 57, 0), baht(9, 0, 0)], [15, 10, 10]);
    assert_eq!(
        tariff.group_id(fare(8, 57, 0).group),
        "leg-quiet",
        "its changes are those of the cheaper side"
    );
}
