//! Leg rules and what they name: rules that never match, products that nobody sells or nobody can buy.

use super::Doubts;
use crate::tariff::Tariff;
use crate::tariff::rows::Rows;
use gtfs::fares::FareLegRule;
use std::collections::BTreeSet;

pub(super) fn check(tariff: &Tariff, doubts: &mut Doubts) {
    let rows = tariff.rows();
    for (at, rule) in rows.leg_rules.iter().enumerate() {
        if let Some(why) = never_matches(rows, at, rule) {
            let what = format!("leg rule {} ({}) never matches: {why}", at + 1, described(rule));
            doubts.warning("rule_never_matches", what);
        }
    }
    products(rows, doubts);
    riders(rows, doubts);
    frames(rows, doubts);
    networks(rows, doubts);
}

/// A rule in words: `network ferry, a-sothon to a-banmai, product ferry3`.
pub(super) fn described(rule: &FareLegRule) -> String {
    let or_any = |id: &str| if id.is_empty() { "any".to_owned() } else { id.to_owned() };
    let mut words = format!("network {}", or_any(&rule.network));
    if !rule.from_area.is_empty() || !rule.to_area.is_empty() {
        words += &format!(", {} to {}", or_any(&rule.from_area), or_any(&rule.to_area));
    }
    for frame in [&rule.from_timeframe, &rule.to_timeframe].into_iter().filter(|frame| !frame.is_empty()) {
        words += &format!(", {frame}");
    }
    format!("{words}, product {}", rule.product)
}

fn never_matches(rows: &Rows, at: usize, rule: &FareLegRule) -> Option<String> {
    let has_route = |network: &str| rows.route_networks.iter().any(|(id, _)| **id == *network);
    if !rule.network.is_empty() && !has_route(&rule.network) {
        return Some(format!("network {} has no routes; give it some", rule.network));
    }
    for area in [&rule.from_area, &rule.to_area].into_iter().filter(|area| !area.is_empty()) {
        if !rows.stop_areas.iter().any(|(id, _)| id == area) {
            return Some(format!("area {area} has no stops; give it some"));
        }
    }
    for group in [&rule.from_timeframe, &rule.to_timeframe].into_iter().filter(|group| !group.is_empty()) {
        let holds = rows.frames.iter().filter(|frame| frame.group == *group).any(|frame| {
            let days = rows.days.iter().find(|days| days.service == frame.service);
            frame.end > frame.start && days.is_some_and(|days| days.weekdays != 0 || !days.also.is_empty())
        });
        if !holds {
            return Some(format!("timeframe group {group} holds at no time; give it days and hours"));
        }
    }
    if !rows.priorities {
        let listed = |id: &str| rows.leg_rules.iter().any(|other| *other.network == *id);
        let all = !rows.networks.is_empty() && rows.networks.iter().all(|network| listed(&network.id));
        let why = "other rules list every network, so that only routes in no network are left for it";
        return (rule.network.is_empty() && all).then(|| why.to_owned());
    }
    let covers = |wide: &str, narrow: &str| wide.is_empty() || wide == narrow;
    let shadow = rows.leg_rules.iter().enumerate().find(|(_, other)| {
        other.priority.unwrap_or(0) > rule.priority.unwrap_or(0)
            && covers(&other.network, &rule.network)
            && covers(&other.from_area, &rule.from_area)
            && covers(&other.to_area, &rule.to_area)
            && covers(&other.from_timeframe, &rule.from_timeframe)
            && covers(&other.to_timeframe, &rule.to_timeframe)
    });
    shadow.filter(|(other, _)| *other != at).map(|(other, by)| {
        format!(
            "rule {} ({}) matches whenever it does, with a higher rule_priority",
            other + 1,
            described(by)
        )
    })
}

fn products(rows: &Rows, doubts: &mut Doubts) {
    let for_legs: BTreeSet<&str> = rows.leg_rules.iter().map(|rule| &*rule.product).collect();
    let for_changes: BTreeSet<&str> = rows.transfer_rules.iter().map(|rule| &*rule.product).collect();
    let ids: BTreeSet<&str> = rows.products.iter().map(|product| &*product.id).collect();
    for id in ids {
        if !for_legs.contains(id) && !for_changes.contains(id) {
            let what =
                format!("product {id} is in no leg rule and no transfer rule: nobody is ever charged it");
            doubts.warning("product_never_sold", what);
        }
    }
    let default = rows.riders.iter().find(|rider| rider.is_default).map_or("", |rider| &*rider.id);
    for group in rows.leg_rules.iter().map(|rule| (&rule.leg_group, &rule.network)).collect::<BTreeSet<_>>() {
        let sold_to_default =
            rows.leg_rules.iter().filter(|rule| (&rule.leg_group, &rule.network) == group).any(|rule| {
                let for_default = |rider: &str| rider.is_empty() || rider == default;
                rows.products.iter().any(|row| row.id == rule.product && for_default(&row.rider_category))
            });
        if !sold_to_default {
            let what = format!(
                "nothing in leg group {} is sold to the default rider category: riders without a row of their own \
                 have no fare",
                group.0
            );
            doubts.error("no_default_fare", what);
        }
    }
}

fn riders(rows: &Rows, doubts: &mut Doubts) {
    let defaults: Vec<&str> = rows.riders.iter().filter(|r| r.is_default).map(|r| &*r.id).collect();
    if !rows.riders.is_empty() && defaults.len() != 1 {
        let what = format!(
            "{} rider categories are the default ({}): mark exactly one, or nobody knows what a card without a \
             profile pays",
            defaults.len(),
            defaults.join(", ")
        );
        doubts.error("default_rider_unclear", what);
    }
    for rider in &rows.riders {
        let own =
            rows.products.iter().any(|row| row.rider_category == rider.id || row.rider_category.is_empty());
        if !own {
            let what =
                format!("{} has no product of its own: it pays as the default category does", rider.id);
            doubts.info("rider_without_product", what);
        }
    }
}

fn frames(rows: &Rows, doubts: &mut Doubts) {
    for (at, frame) in rows.frames.iter().enumerate() {
        let overlap = rows.frames[at + 1..].iter().find(|other| {
            other.group == frame.group
                && other.service == frame.service
                && other.start < frame.end
                && frame.start < other.end
        });
        if let Some(other) = overlap {
            let what = format!(
                "timeframe group {} has {}-{} and {}-{} on service {}: let them not overlap",
                frame.group, frame.start, frame.end, other.start, other.end, frame.service
            );
            doubts.warning("timeframe_overlap", what);
        }
    }
}

fn networks(rows: &Rows, doubts: &mut Doubts) {
    for network in &rows.networks {
        let by_end = rows.leg_rules.iter().any(|rule| rule.network == network.id && !rule.to_area.is_empty());
        if by_end && !network.tap_off {
            let what = format!(
                "network {} is priced by where a leg ends, but riders do not tap off: say tap_off = true",
                network.id
            );
            doubts.error("end_not_known", what);
        }
        if network.ends_anywhere && !network.tap_off {
            let what =
                format!("network {} has ends_anywhere without tap_off: nobody ends a leg there", network.id);
            doubts.warning("end_not_known", what);
        }
    }
}
