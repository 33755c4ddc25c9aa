//! Leg rules and what they name: rules that never match, products that nobody sells or nobody can buy.

use super::Doubts;
use crate::tariff::Tariff;
use crate::tariff::frames::Frame;
use crate::tariff::rows::Rows;
use gtfs::fares::{FareLegRule, FareProduct};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(tariff: &Tariff, doubts: &mut Doubts) {
    let rows = tariff.rows();
    let living = Living::of(rows);
    for (at, rule) in rows.leg_rules.iter().enumerate() {
        if let Some(why) = living.never_matches(rule) {
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

/// The fields by which a rule matches: network, areas, timeframes.
type Fields<'a> = [&'a str; 5];

fn fields(rule: &FareLegRule) -> Fields<'_> {
    [&rule.network, &rule.from_area, &rule.to_area, &rule.from_timeframe, &rule.to_timeframe]
}

/// What rules need so that some ride can match them.
struct Living<'a> {
    rows: &'a Rows,
    networks_with_routes: BTreeSet<&'a str>,
    areas_with_stops: BTreeSet<&'a str>,
    frames_that_hold: BTreeSet<&'a str>,
    /// Without priorities: every network is named by some rule.
    every_network_listed: bool,
    /// With priorities: the highest of the rules with some fields, and which one it is.
    highest: BTreeMap<Fields<'a>, (u32, usize)>,
}

impl<'a> Living<'a> {
    fn of(rows: &'a Rows) -> Self {
        let holds = |frame: &&Frame| {
            let days = rows.days.iter().find(|days| days.service == frame.service);
            frame.end > frame.start && days.is_some_and(|days| days.weekdays != 0 || !days.also.is_empty())
        };
        let listed: BTreeSet<&str> = rows.leg_rules.iter().map(|rule| &*rule.network).collect();
        let mut highest: BTreeMap<Fields<'_>, (u32, usize)> = BTreeMap::new();
        for (at, rule) in rows.leg_rules.iter().enumerate() {
            let there = highest.entry(fields(rule)).or_insert((rule.priority.unwrap_or(0), at));
            if rule.priority.unwrap_or(0) > there.0 {
                *there = (rule.priority.unwrap_or(0), at);
            }
        }
        Self {
            rows,
            networks_with_routes: rows.route_networks.iter().map(|(network, _)| &**network).collect(),
            areas_with_stops: rows.stop_areas.iter().map(|(area, _)| &**area).collect(),
            frames_that_hold: rows.frames.iter().filter(holds).map(|frame| &*frame.group).collect(),
            every_network_listed: !rows.networks.is_empty()
                && rows.networks.iter().all(|network| listed.contains(&*network.id)),
            highest,
        }
    }

    fn never_matches(&self, rule: &FareLegRule) -> Option<String> {
        let [network, areas @ .., _, _] = fields(rule);
        if !network.is_empty() && !self.networks_with_routes.contains(network) {
            return Some(format!("network {network} has no routes; give it some"));
        }
        if let Some(area) =
            areas.iter().find(|area| !area.is_empty() && !self.areas_with_stops.contains(*area))
        {
            return Some(format!("area {area} has no stops; give it some"));
        }
        let groups = [&*rule.from_timeframe, &*rule.to_timeframe];
        if let Some(group) = groups.iter().find(|id| !id.is_empty() && !self.frames_that_hold.contains(*id)) {
            return Some(format!("timeframe group {group} holds at no time; give it days and hours"));
        }
        if self.rows.priorities {
            return self.shadow(rule);
        }
        let why = "other rules list every network, so that only routes in no network are left for it";
        (network.is_empty() && self.every_network_listed).then(|| why.to_owned())
    }

    /// A rule that matches whenever this one does, and comes first: each of its fields is the same or empty.
    fn shadow(&self, rule: &FareLegRule) -> Option<String> {
        let own = fields(rule);
        let wider = (0..1u32 << own.len()).map(|emptied| {
            let mut wide = own;
            for (bit, field) in wide.iter_mut().enumerate() {
                *field = if emptied >> bit & 1 == 1 { "" } else { *field };
            }
            wide
        });
        let above = wider
            .filter_map(|wide| self.highest.get(&wide))
            .find(|(priority, _)| *priority > rule.priority.unwrap_or(0));
        above.map(|(_, at)| {
            let by = described(&self.rows.leg_rules[*at]);
            format!("rule {} ({by}) matches whenever it does, with a higher rule_priority", at + 1)
        })
    }
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
    let for_default = |row: &&FareProduct| row.rider_category.is_empty() || *row.rider_category == *default;
    let sold: BTreeSet<&str> = rows.products.iter().filter(for_default).map(|row| &*row.id).collect();
    let mut groups: BTreeMap<(&str, &str), bool> = BTreeMap::new();
    for rule in &rows.leg_rules {
        *groups.entry((&rule.leg_group, &rule.network)).or_default() |= sold.contains(&*rule.product);
    }
    for ((group, network), _) in groups.into_iter().filter(|(_, sold)| !sold) {
        let what = format!(
            "nothing of network {network} in leg group {group} is sold to the default rider category: riders without \
             a row of their own have no fare"
        );
        doubts.error("no_default_fare", what);
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
