//! A second pricing, straight from the text of the specification: rows, strings, loops. It shares no code
//! with the first, and dice say whether the two agree.

use fares::tariff::frames::{Days, Frame};
use fares::tariff::rows::Network;
use fares::tariff::{Ask, Fare, GroupIdx, Limits, Ridden, Rows};
use fares::{Satang, Tariff};
use gtfs::fares::{
    FareLegRule, FareMedia, FareProduct, FareTransferRule, LimitKind, MediaKind, Money, Named, RiderCategory,
    TransferKind,
};
use gtfs::{ServiceDay, ServiceTime, Timestamp};
use proptest::prelude::*;

// ---- the second pricing ----

/// GTFS reference, fare_leg_rules.txt: a field that is filled in must be the leg's. One that is left empty
/// is any with a rule_priority column, and otherwise all that no rule lists.
fn field_fits(rows: &Rows, field: &str, of_leg: &[&str], column: impl Fn(&FareLegRule) -> &str) -> bool {
    if !field.is_empty() {
        return of_leg.contains(&field);
    }
    rows.priorities
        || !rows.leg_rules.iter().any(|rule| of_leg.iter().any(|id| !id.is_empty() && column(rule) == *id))
}

fn areas_of<'a>(rows: &'a Rows, stop: &str) -> Vec<&'a str> {
    rows.stop_areas.iter().filter(|(_, id)| **id == *stop).map(|(area, _)| &**area).collect()
}

/// timeframes.txt: some row of the group holds on the local date, at the local time of day.
fn frame_fits(rows: &Rows, group: &str, t: Timestamp) -> bool {
    let local = t.utc().expect("a time").with_timezone(&rows.tz).naive_local();
    let clock = ServiceTime::parse(local.format("%H:%M:%S").to_string().as_bytes()).expect("a time");
    let date = ServiceDay(local.date());
    group.is_empty()
        || rows.frames.iter().any(|frame| {
            let days = rows.days.iter().find(|days| days.service == frame.service).expect("days");
            *frame.group == *group && clock >= frame.start && clock < frame.end && days.also.contains(&date)
        })
}

/// A product's rows for a rider and a medium.
fn sold<'a>(rows: &'a Rows, product: &str, rider: &str, medium: &str) -> Vec<&'a FareProduct> {
    let fits = |row: &&FareProduct| {
        *row.id == *product
            && (row.rider_category.is_empty() || *row.rider_category == *rider)
            && (row.media.is_empty() || medium.is_empty() || *row.media == *medium)
    };
    rows.products.iter().filter(fits).collect()
}

/// The category that counts for a rider: his own when it is known, else the default one.
fn category<'a>(rows: &'a Rows, rider: &'a str) -> &'a str {
    if rows.riders.iter().any(|there| *there.id == *rider) {
        return rider;
    }
    rows.riders.iter().find(|there| there.is_default).map_or("", |there| &there.id)
}

/// The cheapest of the matching rules of the highest priority: amount, leg group, words.
fn at_once(rows: &Rows, ask: &Ask<'_>, rider: &str) -> Option<(i64, String, String)> {
    let (from, to) = (areas_of(rows, ask.from), areas_of(rows, ask.to));
    let known = rows.networks.iter().any(|network| *network.id == *ask.network);
    let network = if known { ask.network } else { "" };
    let matching: Vec<&FareLegRule> = (rows.leg_rules.iter())
        .filter(|rule| field_fits(rows, &rule.network, &[network], |rule| &rule.network))
        .filter(|rule| field_fits(rows, &rule.from_area, &from, |rule| &rule.from_area))
        .filter(|rule| field_fits(rows, &rule.to_area, &to, |rule| &rule.to_area))
        .filter(|rule| frame_fits(rows, &rule.from_timeframe, ask.start))
        .filter(|rule| frame_fits(rows, &rule.to_timeframe, ask.end))
        .collect();
    let priority = |rule: &FareLegRule| if rows.priorities { rule.priority.unwrap_or(0) } else { 0 };
    let highest = matching.iter().map(|rule| priority(rule)).max()?;
    let default = category(rows, "");
    for rider in [rider, default] {
        let mut best: Option<(i64, String, String)> = None;
        for rule in matching.iter().filter(|rule| priority(rule) == highest) {
            for row in sold(rows, &rule.product, rider, ask.medium) {
                if best.as_ref().is_none_or(|best| row.amount.minor < best.0) {
                    let words = format!("{} {}", row.id, row.rider_category).trim_end().to_owned();
                    best = Some((row.amount.minor, rule.leg_group.to_string(), words));
                }
            }
        }
        if best.is_some() {
            return best;
        }
    }
    None
}

/// As it is, and as it would be a little earlier or later: the cheapest.
fn with_grace(rows: &Rows, ask: &Ask<'_>, rider: &str) -> Option<(i64, String, String)> {
    let grace = i64::from(rows.limits.peak_grace_s) * 1_000_000;
    let mut best: Option<(i64, String, String)> = None;
    for by_start in [0, -grace, grace] {
        for by_end in [0, -grace, grace] {
            let ask =
                Ask { start: Timestamp(ask.start.0 + by_start), end: Timestamp(ask.end.0 + by_end), ..*ask };
            let price = at_once(rows, &ask, rider);
            if let Some(price) = price
                && best.as_ref().is_none_or(|best| price.0 < best.0)
            {
                best = Some(price);
            }
        }
    }
    best
}

/// What the leg costs in full, what it costs this rider, leg group, words.
fn fare(rows: &Rows, ask: &Ask<'_>) -> Option<(i64, i64, String, String)> {
    let (alone, group, words) = with_grace(rows, ask, category(rows, ask.rider))?;
    let full = with_grace(rows, ask, category(rows, "")).map_or(alone, |full| full.0);
    Some((full, alone, group, words))
}

/// A leg as the second pricing sees it.
struct Leg<'a> {
    group: String,
    route: &'a str,
    start: Timestamp,
    end: Timestamp,
    alone: i64,
}

/// fare_transfer_rules.txt: a group that is filled in must be the leg's, one that is left empty is every
/// group (of those that leg rules define) that no rule lists in that column.
fn group_fits(rows: &Rows, field: &str, group: &str, column: impl Fn(&FareTransferRule) -> &str) -> bool {
    if group.is_empty() {
        return false;
    }
    if field.is_empty() {
        !rows.transfer_rules.iter().any(|rule| column(rule) == group)
    } else {
        field == group
    }
}

fn transfer(
    rows: &Rows,
    before: &Leg<'_>,
    next: &Leg<'_>,
    rider: &str,
    medium: &str,
    hops: u32,
) -> Option<i64> {
    if !rows.same_route_changes && !next.route.is_empty() && before.route == next.route {
        return None;
    }
    let mut best: Option<(u32, i64)> = None;
    for rule in &rows.transfer_rules {
        let span = match rule.limit {
            None => None,
            Some((limit_s, LimitKind::DepartureToArrival)) => Some((limit_s, next.end.0 - before.start.0)),
            Some((limit_s, LimitKind::DepartureToDeparture)) => {
                Some((limit_s, next.start.0 - before.start.0))
            }
            Some((limit_s, LimitKind::ArrivalToDeparture)) => Some((limit_s, next.start.0 - before.end.0)),
            Some((limit_s, LimitKind::ArrivalToArrival)) => Some((limit_s, next.end.0 - before.end.0)),
        };
        // A count is only for transfers within one leg group.
        let count = if rule.from_leg_group == rule.to_leg_group { rule.count } else { None };
        let price = if rule.product.is_empty() {
            Some(0)
        } else {
            sold(rows, &rule.product, category(rows, rider), medium).iter().map(|row| row.amount.minor).min()
        };
        let fits = group_fits(rows, &rule.from_leg_group, &before.group, |rule| &rule.from_leg_group)
            && group_fits(rows, &rule.to_leg_group, &next.group, |rule| &rule.to_leg_group)
            && span.is_none_or(|(limit_s, span)| span <= i64::from(limit_s) * 1_000_000)
            && count.is_none_or(|count| hops < count);
        if let (true, Some(price)) = (fits, price) {
            // A is paid already, so what the journey costs with the next leg, less A.
            let paid = match (rule.kind, hops) {
                (TransferKind::FirstLegPlusTransfer, _) => before.alone + price - before.alone,
                (TransferKind::BothLegsPlusTransfer, _) => before.alone + price + next.alone - before.alone,
                (TransferKind::TransferOnly, 0) => price - before.alone,
                (TransferKind::TransferOnly, _) => price,
            };
            let key = (count.unwrap_or(u32::MAX), paid);
            best = Some(best.map_or(key, |best| best.min(key)));
        }
    }
    let (_, paid) = best?;
    Some(paid.max(0).min(next.alone) - next.alone)
}

// ---- the dice ----

const BEGIN_S: i64 = 1_770_000_000;

fn one_of(ids: &'static [&'static str]) -> impl Strategy<Value = Box<str>> {
    proptest::sample::select(ids).prop_map(Box::from)
}

fn money(range: std::ops::Range<i64>) -> impl Strategy<Value = Money> {
    range.prop_map(|steps| Money { minor: steps * 25, currency: *b"THB" })
}

/// `p` products are sold for legs, `x` ones for changes, and may be credits.
fn product() -> impl Strategy<Value = FareProduct> {
    let leg = (one_of(&["p0", "p1", "p2"]), money(0..12));
    let change = (one_of(&["x0", "x1"]), money(-8..8));
    let what = prop_oneof![3 => leg, 2 => change];
    (what, one_of(&["", "r0", "r1"]), one_of(&["", "m0", "m1"])).prop_map(
        |((id, amount), rider_category, media)| FareProduct {
            id,
            name: "".into(),
            rider_category,
            media,
            amount,
        },
    )
}

fn leg_rule() -> impl Strategy<Value = FareLegRule> {
    let place = (one_of(&["", "n0", "n1"]), one_of(&["", "", "a0", "a1"]), one_of(&["", "", "a0", "a2"]));
    let frames = (one_of(&["", "", "f0", "f1"]), one_of(&["", "", "", "f1"]));
    let rest =
        (one_of(&["", "g0", "g0", "g0", "g1"]), one_of(&["p0", "p1", "p2"]), proptest::option::of(0u32..3));
    (place, frames, rest).prop_map(|((network, from_area, to_area), (from_timeframe, to_timeframe), rest)| {
        let (leg_group, product, priority) = rest;
        FareLegRule {
            leg_group,
            network,
            from_area,
            to_area,
            from_timeframe,
            to_timeframe,
            product,
            priority,
        }
    })
}

fn transfer_rule() -> impl Strategy<Value = FareTransferRule> {
    let groups = (one_of(&["", "g0", "g0", "g0", "g1"]), one_of(&["", "g0", "g0", "g0", "g1"]));
    let kinds =
        [TransferKind::FirstLegPlusTransfer, TransferKind::BothLegsPlusTransfer, TransferKind::TransferOnly];
    let limits = [
        LimitKind::DepartureToArrival,
        LimitKind::DepartureToDeparture,
        LimitKind::ArrivalToDeparture,
        LimitKind::ArrivalToArrival,
    ];
    let limit = proptest::option::of((0u32..5400, proptest::sample::select(limits.to_vec())));
    let kind = proptest::sample::select(kinds.to_vec());
    (groups, proptest::option::of(1u32..4), limit, kind, one_of(&["", "x0", "x1"])).prop_map(
        |((from_leg_group, to_leg_group), count, limit, kind, product)| FareTransferRule {
            from_leg_group,
            to_leg_group,
            count,
            limit,
            kind,
            product,
        },
    )
}

fn frame() -> impl Strategy<Value = Frame> {
    (one_of(&["f0", "f1"]), 0i32..24, 1i32..12, one_of(&["s0", "s1"])).prop_map(
        |(group, from_h, hours, service)| {
            let (start, end) = (ServiceTime(from_h * 3600), ServiceTime((from_h + hours).min(24) * 3600));
            Frame { group, start, end, service }
        },
    )
}

fn rows() -> impl Strategy<Value = Rows> {
    let area = one_of(&["a0", "a1", "a2"]);
    let stop_areas = proptest::collection::vec((area, one_of(&["s0", "s1", "s2"])), 0..5);
    let lists = (
        proptest::collection::vec(product(), 1..14),
        proptest::collection::vec(leg_rule(), 1..8),
        proptest::collection::vec(transfer_rule(), 0..10),
        proptest::collection::vec(frame(), 0..5),
        stop_areas,
    );
    (lists, any::<[bool; 3]>(), proptest::sample::select(&[0u32, 180, 3600][..])).prop_map(
        |((products, leg_rules, transfer_rules, frames, stop_areas), flags, peak_grace_s)| {
            closed(Rows {
                products,
                leg_rules,
                transfer_rules,
                frames,
                stop_areas,
                priorities: flags[0],
                same_route_changes: flags[1],
                limit_from_first: flags[2],
                limits: Limits { peak_grace_s, ..Limits::default() },
                ..Rows::default()
            })
        },
    )
}

/// Adds what the rolled rows point to, and takes away what points nowhere.
fn closed(mut rows: Rows) -> Rows {
    let named = |id: &str| Named { id: id.into(), name: "".into() };
    let day = |n: i64| ServiceDay::of(Timestamp::from_s(BEGIN_S + n * 86_400), rows.tz);
    let days =
        |service: &str, also: Vec<ServiceDay>| Days { service: service.into(), also, ..Days::default() };
    rows.days = vec![days("s0", vec![day(0)]), days("s1", vec![day(0), day(1)])];
    rows.areas = ["a0", "a1", "a2"].map(named).to_vec();
    rows.networks = ["n0", "n1", "n2"].map(|id| Network { id: id.into(), ..Network::default() }).to_vec();
    rows.media = ["m0", "m1"]
        .map(|id| FareMedia { id: id.into(), name: "".into(), kind: MediaKind::TransitCard })
        .to_vec();
    rows.riders = ["r0", "r1"]
        .map(|id| RiderCategory { id: id.into(), name: "".into(), is_default: id == "r0" })
        .to_vec();
    let (products, frames) = (rows.products.clone(), rows.frames.clone());
    let product = |id: &str| id.is_empty() || products.iter().any(|product| *product.id == *id);
    let frame = |id: &str| id.is_empty() || frames.iter().any(|frame| *frame.group == *id);
    rows.leg_rules
        .retain(|rule| product(&rule.product) && frame(&rule.from_timeframe) && frame(&rule.to_timeframe));
    let legs = rows.leg_rules.clone();
    let group = |id: &str| id.is_empty() || legs.iter().any(|rule| *rule.leg_group == *id);
    rows.transfer_rules
        .retain(|rule| product(&rule.product) && group(&rule.from_leg_group) && group(&rule.to_leg_group));
    rows
}

#[derive(Clone, Debug)]
struct Roll {
    network: Box<str>,
    from: Box<str>,
    to: Box<str>,
    route: Box<str>,
    start_s: i64,
    lasts_s: i64,
}

fn roll() -> impl Strategy<Value = Roll> {
    let place = (
        one_of(&["n0", "n1", "n2", "nowhere"]),
        one_of(&["s0", "s1", "s2", "", "far"]),
        one_of(&["s0", "s1", "s2", ""]),
    );
    (place, one_of(&["", "1", "2"]), 0i64..2 * 86_400, 0i64..2700).prop_map(
        |((network, from, to), route, start_s, lasts_s)| Roll { network, from, to, route, start_s, lasts_s },
    )
}

fn ask<'a>(roll: &'a Roll, start_s: i64, rider: &'a str, medium: &'a str) -> Ask<'a> {
    let (start, end) = (Timestamp::from_s(start_s), Timestamp::from_s(start_s + roll.lasts_s));
    Ask { network: &roll.network, from: &roll.from, to: &roll.to, start, end, rider, medium }
}

fn as_text(tariff: &Tariff, fare: Fare) -> (i64, i64, String, String) {
    (fare.full.0, fare.alone.0, tariff.group_id(fare.group).to_owned(), fare.product.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_leg_costs_what_the_specification_read_aloud_says(
        rows in rows(),
        rolls in proptest::collection::vec(roll(), 1..8),
        rider in one_of(&["r0", "r1", "", "stranger"]),
        medium in one_of(&["m0", "m1", "", "shell"]),
    ) {
        let tariff = Tariff::new(rows.clone()).expect("rows that point somewhere");
        for roll in &rolls {
            let ask = ask(roll, BEGIN_S + roll.start_s, &rider, &medium);
            let told = tariff.fare(&ask).map(|fare| as_text(&tariff, fare));
            prop_assert_eq!(told, fare(&rows, &ask), "{:?}", ask);
        }
    }

    #[test]
    fn changing_costs_what_the_specification_read_aloud_says(
        rows in rows(),
        rolls in proptest::collection::vec((roll(), 0i64..1800), 2..8),
        rider in one_of(&["r0", "r1", ""]),
        medium in one_of(&["m0", "m1", ""]),
    ) {
        let tariff = Tariff::new(rows.clone()).expect("rows that point somewhere");
        // A chain as the first pricing carries it on, and as the second does.
        let mut chain: Option<(Ridden<'_>, Leg<'_>, u32)> = None;
        let mut start_s = BEGIN_S + rolls[0].0.start_s;
        for (roll, gap_s) in &rolls {
            let ask = ask(roll, start_s, &rider, &medium);
            start_s += roll.lasts_s + gap_s;
            let Some(priced) = tariff.fare(&ask) else { continue };
            let group = tariff.group_id(priced.group).to_owned();
            prop_assert_eq!(group.is_empty(), priced.group == GroupIdx::NONE);
            let Ask { start, end, .. } = ask;
            let (route, alone) = (&*roll.route, priced.alone);
            let next = Ridden { group: priced.group, route, start, end, alone, rider: &rider, medium: &medium };
            let leg = Leg { group, route, start, end, alone: alone.0 };
            let joined = match &chain {
                None => None,
                Some((ridden, before, hops)) => {
                    let told = tariff.transfer(ridden, &next, *hops);
                    let read = transfer(&rows, before, &leg, &rider, &medium, *hops);
                    prop_assert_eq!(told.map(|off| off.0), read);
                    prop_assert!(told.is_none_or(|off| off <= Satang(0) && off.0 + alone.0 >= 0));
                    told
                }
            };
            chain = Some(match (chain, joined) {
                (Some((ridden, before, hops)), Some(_)) => {
                    // "Measured starting from the first matched leg", within one leg group.
                    let from_first = rows.limit_from_first && before.group == leg.group;
                    let (start, end) = if from_first { (before.start, before.end) } else { (start, end) };
                    (tariff.joined(&ridden, &next), Leg { start, end, ..leg }, hops + 1)
                }
                _ => (next, leg, 0),
            });
        }
    }
}
