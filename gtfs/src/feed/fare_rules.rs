//! `fare_rules.txt`, `fare_leg_rules.txt` and `fare_transfer_rules.txt`: what applies where.

use super::draft::Draft;
use super::fares::{link, text, unknown};
use super::source::Archive;
use super::spec::{FARE_LEG_RULES, FARE_RULES, FARE_TRANSFER_RULES};
use super::table::Row;
use super::value;
use crate::fares::{FareLegRule, FareRule, FareTables, FareTransferRule, LimitKind, TransferKind};
use crate::findings::{Findings, Severity};
use std::collections::BTreeSet;

/// Reads the rules; what they point to has been read.
pub(super) fn rules(archive: &Archive<'_>, draft: &Draft, tables: &mut FareTables, findings: &mut Findings) {
    let fares: BTreeSet<Box<str>> = tables.attributes.iter().map(|a| a.id.clone()).collect();
    archive.each_row(&FARE_RULES, findings, |row, findings| {
        tables.rules.extend(rule(row, draft, &fares, findings))
    });
    let known = Known::of(tables);
    archive.each_row(&FARE_LEG_RULES, findings, |row, findings| {
        tables.leg_rules.extend(leg_rule(row, &known, findings))
    });
    let groups: BTreeSet<Box<str>> = tables.leg_rules.iter().map(|r| r.leg_group.clone()).collect();
    archive.each_row(&FARE_TRANSFER_RULES, findings, |row, findings| {
        tables.transfer_rules.extend(transfer_rule(row, &known, &groups, findings));
    });
}

fn rule(
    row: &Row<'_>,
    draft: &Draft,
    fares: &BTreeSet<Box<str>>,
    findings: &mut Findings,
) -> Option<FareRule> {
    let fare = row.required("fare_id", findings)?;
    if !fares.contains(fare) {
        unknown(row, "fare_id", findings);
        return None;
    }
    let route = draft.timetable.route(row.get("route_id"));
    if route.is_none() && !row.get("route_id").is_empty() {
        unknown(row, "route_id", findings);
        return None;
    }
    Some(FareRule {
        fare: fare.into(),
        route,
        origin: text(row, "origin_id"),
        destination: text(row, "destination_id"),
        contains: text(row, "contains_id"),
    })
}

/// The ids that leg and transfer rules may point to.
struct Known {
    products: BTreeSet<Box<str>>,
    networks: BTreeSet<Box<str>>,
    areas: BTreeSet<Box<str>>,
    timeframes: BTreeSet<Box<str>>,
}

impl Known {
    fn of(tables: &FareTables) -> Self {
        let of_routes = tables.route_networks.iter().map(|(id, _)| id.clone());
        Self {
            products: tables.products.iter().map(|p| p.id.clone()).collect(),
            networks: tables.networks.iter().map(|n| n.id.clone()).chain(of_routes).collect(),
            areas: tables.areas.iter().map(|a| a.id.clone()).collect(),
            timeframes: tables.timeframes.iter().map(|t| t.group.clone()).collect(),
        }
    }
}

fn leg_rule(row: &Row<'_>, known: &Known, findings: &mut Findings) -> Option<FareLegRule> {
    row.required("fare_product_id", findings)?;
    Some(FareLegRule {
        leg_group: text(row, "leg_group_id"),
        network: link(row, "network_id", &known.networks, findings)?,
        from_area: link(row, "from_area_id", &known.areas, findings)?,
        to_area: link(row, "to_area_id", &known.areas, findings)?,
        from_timeframe: link(row, "from_timeframe_group_id", &known.timeframes, findings)?,
        to_timeframe: link(row, "to_timeframe_group_id", &known.timeframes, findings)?,
        product: link(row, "fare_product_id", &known.products, findings)?,
        // The column changes the meaning of empty areas, even where it is empty itself.
        priority: row
            .parsed("rule_priority", findings, "invalid_integer", value::WHOLE, |v| v.parse().ok())
            .or(row.has("rule_priority").then_some(0)),
    })
}

fn transfer_rule(
    row: &Row<'_>,
    known: &Known,
    groups: &BTreeSet<Box<str>>,
    findings: &mut Findings,
) -> Option<FareTransferRule> {
    row.required("fare_transfer_type", findings)?;
    let kinds =
        [TransferKind::FirstLegPlusTransfer, TransferKind::BothLegsPlusTransfer, TransferKind::TransferOnly];
    let from = link(row, "from_leg_group_id", groups, findings)?;
    let to = link(row, "to_leg_group_id", groups, findings)?;
    Some(FareTransferRule {
        count: count(row, from == to, findings)?,
        limit: limit(row, findings)?,
        kind: kinds[usize::from(row.choice("fare_transfer_type", 2, 0, findings))],
        product: link(row, "fare_product_id", &known.products, findings)?,
        from_leg_group: from,
        to_leg_group: to,
    })
}

/// transfer_count: asked for between legs of one group, forbidden otherwise.
#[expect(clippy::option_option, reason = "the outer None leaves the row out, the inner means any number")]
fn count(row: &Row<'_>, one_group: bool, findings: &mut Findings) -> Option<Option<u32>> {
    let mut say = |code, advice| row.report(findings, Severity::Error, code, "transfer_count", advice);
    match (row.get("transfer_count"), one_group) {
        ("", true) => {
            let advice = "say how many transfers a group allows, or -1 for any number; any number is assumed";
            say("fare_transfer_rule_missing_transfer_count", advice);
            Some(None)
        }
        ("", false) | ("-1", true) => Some(None),
        (_, false) => {
            let advice = "a count is only for transfers within one leg group; it is not used";
            say("fare_transfer_rule_with_forbidden_transfer_count", advice);
            Some(None)
        }
        (text, true) => match text.parse::<u32>() {
            Ok(n) if n > 0 => Some(Some(n)),
            _ => {
                let advice = "write -1 or a number from 1; the row is left out";
                say("fare_transfer_rule_invalid_transfer_count", advice);
                None
            }
        },
    }
}

#[expect(clippy::option_option, reason = "the outer None leaves the row out, the inner means no limit")]
fn limit(row: &Row<'_>, findings: &mut Findings) -> Option<Option<(u32, LimitKind)>> {
    let kinds = [
        LimitKind::DepartureToArrival,
        LimitKind::DepartureToDeparture,
        LimitKind::ArrivalToDeparture,
        LimitKind::ArrivalToArrival,
    ];
    let (limit, kind) = (row.get("duration_limit"), row.get("duration_limit_type"));
    let mut say = |code, field, advice| row.report(findings, Severity::Error, code, field, advice);
    match (limit.is_empty(), kind.is_empty()) {
        (true, true) => return Some(None),
        (true, false) => {
            let code = "fare_transfer_rule_duration_limit_type_without_duration_limit";
            say(code, "duration_limit_type", "give the limit too, or remove its type; no limit is assumed");
            return Some(None);
        }
        (false, true) => {
            let code = "fare_transfer_rule_duration_limit_without_type";
            say(code, "duration_limit", "say how the limit counts (0 to 3); the row is left out");
            return None;
        }
        (false, false) => {}
    }
    let kind = kinds[usize::from(row.choice("duration_limit_type", 3, 0, findings))];
    let limit_s =
        row.parsed("duration_limit", findings, "invalid_integer", value::WHOLE, |v| v.parse::<u32>().ok())?;
    Some(Some((limit_s, kind)))
}
