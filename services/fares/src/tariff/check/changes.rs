//! Transfer rules: credits above the fare, changes dearer than the leg, rules that never match.

use super::Doubts;
use crate::money::Satang;
use crate::tariff::Tariff;
use crate::tariff::rows::Rows;
use gtfs::fares::{FareProduct, FareTransferRule, LimitKind, TransferKind};
use std::collections::BTreeSet;

pub(super) fn check(tariff: &Tariff, doubts: &mut Doubts) {
    let rows = tariff.rows();
    for (at, rule) in rows.transfer_rules.iter().enumerate() {
        let from = groups(rows, &rule.from_leg_group, |rule| &rule.from_leg_group);
        let to = groups(rows, &rule.to_leg_group, |rule| &rule.to_leg_group);
        let name = format!(
            "transfer rule {} ({} to {})",
            at + 1,
            said(&rule.from_leg_group),
            said(&rule.to_leg_group)
        );
        if from.is_empty() || to.is_empty() {
            let what = format!("{name} never matches: other rules list every leg group that it leaves open");
            doubts.warning("transfer_never_matches", what);
            continue;
        }
        if let Some(route) = only_route(rows, &from, &to) {
            let what = format!(
                "{name} never matches: {route} is the only route of both legs, and from a route to itself is no change"
            );
            doubts.info("transfer_never_matches", what);
        }
        against_fares(rows, rule, &name, &to, doubts);
        against_tapping(rows, rule, &name, doubts);
    }
}

/// Only a flat credit within a time from alighting to boarding is known never to make a missed tap pay
/// (fares design, section 7: law I12).
fn against_tapping(rows: &Rows, rule: &FareTransferRule, name: &str, doubts: &mut Doubts) {
    let flat = rule.kind == TransferKind::BothLegsPlusTransfer;
    let gap = rule.limit.is_none_or(|(_, kind)| kind == LimitKind::ArrivalToDeparture);
    if rows.networks.iter().any(|network| network.tap_off) && !(flat && gap) {
        let what = format!(
            "{name} is not a flat credit within a time from alighting to boarding: now and then a rider will pay less \
             by leaving out a tap"
        );
        doubts.info("tap_may_cost", what);
    }
}

fn said(group: &str) -> &str {
    if group.is_empty() { "all others" } else { group }
}

/// The leg groups that a field stands for.
fn groups<'a>(
    rows: &'a Rows,
    field: &'a str,
    column: impl Fn(&FareTransferRule) -> &str,
) -> BTreeSet<&'a str> {
    let defined = rows.leg_rules.iter().map(|rule| &*rule.leg_group).filter(|group| !group.is_empty());
    let listed = |group: &str| rows.transfer_rules.iter().any(|rule| column(rule) == group);
    if field.is_empty() { defined.filter(|group| !listed(group)).collect() } else { BTreeSet::from([field]) }
}

/// The route that all legs of these groups are on, where there is just one and it may not be changed from.
fn only_route<'a>(rows: &'a Rows, from: &BTreeSet<&str>, to: &BTreeSet<&str>) -> Option<&'a str> {
    if rows.same_route_changes {
        return None;
    }
    let mut routes = BTreeSet::new();
    for rule in &rows.leg_rules {
        if from.contains(&*rule.leg_group) || to.contains(&*rule.leg_group) {
            if rule.network.is_empty() {
                return None;
            }
            routes.extend(
                rows.route_networks.iter().filter(|(n, _)| *n == rule.network).map(|(_, route)| &**route),
            );
        }
    }
    if routes.len() == 1 { routes.pop_first() } else { None }
}

/// Compares what a rule adds with what the legs cost that it joins.
fn against_fares(rows: &Rows, rule: &FareTransferRule, name: &str, to: &BTreeSet<&str>, doubts: &mut Doubts) {
    let own = rows.products.iter().filter(|row| row.id == rule.product);
    for price in own {
        let Some((leg, cheapest)) = cheapest(rows, to, price) else { continue };
        let (amount, rider) = (Satang(price.amount.minor), &price.rider_category);
        let what = match rule.kind {
            TransferKind::BothLegsPlusTransfer if amount.0 < -cheapest.0 => format!(
                "{name} takes {} off, more than {leg} costs {rider} ({cheapest}): the rest is lost",
                Satang(-amount.0)
            ),
            TransferKind::BothLegsPlusTransfer if amount.0 > 0 => {
                format!(
                    "{name} adds {amount} for {rider}: two legs apart are cheaper, so it is never charged"
                )
            }
            TransferKind::FirstLegPlusTransfer if amount > cheapest => format!(
                "{name} costs {rider} {amount}, more than {leg} alone ({cheapest}): it is never charged for that leg"
            ),
            _ => continue,
        };
        let code = if amount.0 < 0 { "credit_above_fare" } else { "transfer_above_fare" };
        doubts.warning(code, what);
    }
}

/// The cheapest leg of some groups for the rider and medium of a row.
fn cheapest<'a>(rows: &'a Rows, groups: &BTreeSet<&str>, of: &FareProduct) -> Option<(&'a str, Satang)> {
    let legs = rows.leg_rules.iter().filter(|rule| groups.contains(&*rule.leg_group));
    let priced = legs.flat_map(|rule| {
        rows.products.iter().filter(move |row| {
            let rider = row.rider_category == of.rider_category || row.rider_category.is_empty();
            row.id == rule.product && rider && (row.media == of.media || row.media.is_empty())
        })
    });
    priced.map(|row| (&*row.id, Satang(row.amount.minor))).min_by_key(|(_, amount)| *amount)
}
