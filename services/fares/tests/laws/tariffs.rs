//! The tariff of the design's section 19, and some dozens that are otherwise in everything that can differ.

use crate::dice::Dice;
use crate::town::{LINES, day};
use fares::Satang;
use fares::tariff::frames::{Days, Frame};
use fares::tariff::rows::Network;
use fares::tariff::{Cap, Limits, Period, Rows, Tariff};
use gtfs::fares::{
    FareLegRule, FareProduct, FareTransferRule, LimitKind, Money, Named, RiderCategory, TransferKind,
};
use gtfs::{ServiceTime, Timestamp};
use std::sync::{Arc, LazyLock};

/// Tariffs; the first is that of section 19.
pub(crate) const TARIFFS: usize = 48;

pub(crate) static ALL: LazyLock<Vec<Arc<Tariff>>> = LazyLock::new(|| {
    (0..TARIFFS as u64).map(|number| Arc::new(Tariff::new(rows(number)).unwrap())).collect()
});

/// What each category pays of the full fare, percent.
const RIDERS: [(&str, i64); 4] = [("adult", 100), ("senior", 50), ("student", 90), ("monk", 0)];
const PIERS: [&str; 8] = ["P0", "P1", "P2", "P3", "P4", "P5", "P6", "P7"];
const CANAL: [&str; 4] = ["Q0", "P0", "Q1", "Q2"];

/// The rows of a tariff; 0 is that of section 19.
pub(crate) fn rows(number: u64) -> Rows {
    let mut rows = plain();
    rows.version = format!("tariff-{number}").into();
    if number > 0 {
        vary(&mut rows, &mut Dice(number));
    }
    rows
}

/// The same, from another moment on.
pub(crate) fn from(number: usize, valid_from: Timestamp) -> Arc<Tariff> {
    let rows = Rows { valid_from, ..ALL[number].rows().clone() };
    Arc::new(Tariff::new(rows).unwrap())
}

fn plain() -> Rows {
    let network =
        |id: &str, tap_off| Network { id: id.into(), tap_off, ends_anywhere: tap_off, ..Network::default() };
    let mut rows = Rows {
        riders: RIDERS
            .map(|(id, _)| RiderCategory { id: id.into(), name: id.into(), is_default: id == "adult" })
            .to_vec(),
        networks: vec![network("bus", false), network("ferry", true), network("canal", true)],
        same_route_changes: false,
        limit_from_first: false,
        ..Rows::default()
    };
    for line in LINES.iter().filter(|line| !line.network.is_empty()) {
        let row = (line.network.into(), line.route.into());
        if !rows.route_networks.contains(&row) {
            rows.route_networks.push(row);
        }
    }
    for stop in PIERS.iter().chain(CANAL.iter().filter(|stop| **stop != "P0")) {
        rows.areas.push(Named { id: (*stop).into(), name: "".into() });
        rows.stop_areas.push(((*stop).into(), (*stop).into()));
    }
    for (id, satang) in
        [("bus", 1500), ("near", 1000), ("mid", 1500), ("far", 2000), ("canal", 1200), ("change", -1000)]
    {
        product(&mut rows, id, satang);
    }
    rows.leg_rules.push(leg("g-bus", "bus", "", "", "bus"));
    for (a, from) in PIERS.iter().enumerate() {
        for (b, to) in PIERS.iter().enumerate().filter(|(b, _)| *b != a) {
            let product = ["near", "mid", "far"][(a.abs_diff(b) - 1).min(2)];
            rows.leg_rules.push(leg("g-ferry", "ferry", from, to, product));
        }
    }
    for (a, from) in CANAL.iter().enumerate() {
        for (_, to) in CANAL.iter().enumerate().filter(|(b, _)| *b != a) {
            rows.leg_rules.push(leg("g-canal", "canal", from, to, "canal"));
        }
    }
    for (from, to, minutes) in
        [("bus", "bus", 60), ("ferry", "ferry", 60), ("bus", "ferry", 90), ("ferry", "bus", 90)]
    {
        rows.transfer_rules.push(FareTransferRule {
            from_leg_group: format!("g-{from}").into(),
            to_leg_group: format!("g-{to}").into(),
            count: None,
            limit: Some((minutes * 60, LimitKind::ArrivalToDeparture)),
            kind: TransferKind::BothLegsPlusTransfer,
            product: "change".into(),
        });
    }
    rows.caps = vec![
        cap("bus-day", &["bus"], Period::Day, 4000),
        cap("town-day", &["bus", "ferry"], Period::Day, 5000),
    ];
    rows
}

fn product(rows: &mut Rows, id: &str, satang: i64) {
    for (rider, percent) in RIDERS {
        let amount = Money { minor: satang * percent / 100, currency: rows.currency };
        let (id, rider_category) = (id.into(), rider.into());
        rows.products.push(FareProduct { id, name: "".into(), rider_category, media: "".into(), amount });
    }
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

pub(crate) fn cap(id: &str, networks: &[&str], period: Period, satang: i64) -> Cap {
    Cap {
        id: id.into(),
        networks: networks.iter().map(|id| Arc::from(*id)).collect(),
        amounts: RIDERS.map(|(id, percent)| (id.into(), Satang(satang * percent / 100))).to_vec(),
        period,
        counts_default: true,
    }
}

fn vary(rows: &mut Rows, dice: &mut Dice) {
    vary_prices(rows, dice);
    vary_changes(rows, dice);
    vary_caps(rows, dice);
    vary_limits(rows, dice);
    if dice.percent(30) {
        peak(rows, dice);
    }
    rows.networks[0].tap_off = dice.percent(35);
    rows.networks[2].tap_off = dice.percent(80);
    if dice.percent(20) {
        rows.networks[1].minimum = vec![("adult".into(), Satang(777)), ("senior".into(), Satang(333))];
    }
}

fn vary_prices(rows: &mut Rows, dice: &mut Dice) {
    rows.products.clear();
    for id in ["bus", "near", "mid", "far", "canal"] {
        let satang = dice.of(&[100, 700, 995, 1000, 1000, 1500, 2000, 2333]);
        product(rows, id, satang);
    }
    product(rows, "change", dice.of(&[-1000, -500, -1, -1700, 0, 300]) as i64);
    if dice.percent(30) {
        rows.products.retain(|product| &*product.rider_category != "student");
    }
    if dice.percent(25) {
        rows.leg_rules.retain(|rule| &*rule.network == "bus" || dice.percent(75));
    }
    if dice.percent(20) {
        rows.riders.iter_mut().for_each(|rider| rider.is_default = &*rider.id == "student");
    }
    if dice.percent(15) {
        rows.riders.iter_mut().for_each(|rider| rider.is_default = false);
    }
    if dice.percent(20) {
        // Far and near are of groups of their own.
        for rule in rows.leg_rules.iter_mut().filter(|rule| &*rule.product == "far") {
            rule.leg_group = "g-far".into();
        }
    }
}

fn vary_changes(rows: &mut Rows, dice: &mut Dice) {
    rows.same_route_changes = dice.percent(40);
    rows.limit_from_first = dice.percent(40);
    let limits = [
        LimitKind::DepartureToArrival,
        LimitKind::DepartureToDeparture,
        LimitKind::ArrivalToDeparture,
        LimitKind::ArrivalToArrival,
    ];
    let kinds =
        [TransferKind::FirstLegPlusTransfer, TransferKind::BothLegsPlusTransfer, TransferKind::TransferOnly];
    for rule in &mut rows.transfer_rules {
        rule.limit = Some((dice.of(&[600, 3600, 5400, 7200, 14400]), dice.of(&limits)));
        rule.kind = if dice.percent(60) { TransferKind::BothLegsPlusTransfer } else { dice.of(&kinds) };
        let is_within = rule.from_leg_group == rule.to_leg_group;
        rule.count = (is_within && dice.percent(40)).then(|| dice.below(3) as u32 + 1);
        if dice.percent(20) {
            rule.product = "".into();
        }
    }
    if dice.percent(25) {
        rows.transfer_rules.pop();
    }
}

fn vary_caps(rows: &mut Rows, dice: &mut Dice) {
    let (bus, town, all): (&[&str], &[&str], &[&str]) =
        (&["bus"], &["bus", "ferry"], &["bus", "ferry", "canal"]);
    let mut amount = |low: u64| (low + dice.below(low)) as i64;
    let sets = [
        vec![],
        vec![cap("day", town, Period::Day, amount(1800)), cap("week", all, Period::Week, amount(6000))],
        vec![
            cap("day", bus, Period::Day, amount(1800)),
            cap("week", town, Period::Week, amount(5000)),
            cap("month", all, Period::Month, amount(9000)),
        ],
        vec![cap("roll", town, Period::Rolling(7), amount(4000)), cap("day", bus, Period::Day, amount(2000))],
        vec![cap("roll", all, Period::Rolling(30), amount(7000))],
        vec![
            cap("week", bus, Period::Week, amount(4000)),
            cap("ferries", &["ferry"], Period::Month, amount(5000)),
        ],
        vec![cap("a", town, Period::Day, amount(2000)), cap("b", town, Period::Day, amount(2000))],
    ];
    rows.caps = sets[dice.below(sets.len() as u64) as usize].clone();
    for cap in &mut rows.caps {
        cap.counts_default = dice.percent(60);
        if dice.percent(20) {
            cap.amounts.remove(dice.below(3) as usize);
        }
    }
}

fn vary_limits(rows: &mut Rows, dice: &mut Dice) {
    let limits = Limits::default();
    rows.limits = Limits {
        repeat_s: dice.of(&[60, 60, 0, 150]),
        void_s: dice.of(&[120, 120, 30, 0, 600]),
        voids_per_day: dice.of(&[2, 2, 0, 1]),
        journey_s_max: dice.of(&[14_400, 14_400, 3600, 1200]),
        chain_end_s_max: dice.of(&[3600, 600, 0]),
        day_boundary_s: dice.of(&[10_800, 10_800, 0, 16_200]),
        autofills_per_month: dice.of(&[3, 3, 1, 0, 50]),
        autofill_walk_m: dice.of(&[750, 750, 100, 3000]),
        habit_legs_min: dice.of(&[3, 1, 2]),
        habit_percent_min: dice.of(&[80, 50, 100]),
        habit_days: dice.of(&[60, 5]),
        peak_grace_s: dice.of(&[180, 0, 900]),
        ..limits
    };
}

/// Fares are dearer in the morning and on the way home; of that network or those piers only.
fn peak(rows: &mut Rows, dice: &mut Dice) {
    rows.priorities = true;
    let service: Box<str> = "weekday".into();
    let frame = |start: i32, end: i32| Frame {
        group: "peak".into(),
        start: ServiceTime(start * 3600),
        end: ServiceTime(end * 3600),
        service: service.clone(),
    };
    rows.frames = vec![frame(6, 9), frame(15, 19)];
    rows.days = vec![Days { service, weekdays: 0b001_1111, also: vec![day("20260201")], except: Vec::new() }];
    let at_start = dice.percent(50);
    product(rows, "peak", dice.of(&[1800, 2500, 400]));
    for rule in rows.leg_rules.clone() {
        if dice.percent(60) {
            let peak: Box<str> = "peak".into();
            rows.leg_rules.push(FareLegRule {
                from_timeframe: if at_start { peak.clone() } else { "".into() },
                to_timeframe: if at_start { "".into() } else { peak.clone() },
                product: peak,
                priority: Some(2),
                ..rule
            });
        }
    }
}
