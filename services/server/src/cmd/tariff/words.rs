//! A tariff and a journey in words and columns.

use super::legs::Leg;
use fares::tariff::check::Doubt;
use fares::tariff::journey::{Ride, Step};
use fares::tariff::{Ask, Rows};
use fares::{Satang, Tariff};
use gtfs::fares::{FareTransferRule, LimitKind, TransferKind};
use gtfs::{ServiceDay, Timestamp};
use std::collections::BTreeMap;
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// Width of an amount's column.
const AMOUNT_WIDTH: usize = 9;

/// Cells under each other; the first `left` columns are words, the rest figures.
fn columns(rows: &[Vec<String>], left: usize) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width()).max().unwrap_or(0);
    let widths: Vec<usize> =
        (0..count).map(|at| if at < left { width(at) } else { width(at).max(AMOUNT_WIDTH) }).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::from("  ");
        for (at, cell) in row.iter().enumerate() {
            let space = " ".repeat(widths[at].saturating_sub(cell.width()));
            let (before, after) = if at < left { ("", &*space) } else { (&*space, "") };
            let _ = write!(line, "{before}{cell}{after}  ");
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// What is doubtful, one thing a line.
pub(super) fn doubts(doubts: &[Doubt]) -> String {
    if doubts.is_empty() {
        return "nothing to find fault with\n".to_owned();
    }
    doubts.iter().map(|doubt| format!("{doubt}\n")).collect()
}

/// What a tariff means.
pub(super) fn summary(tariff: &Tariff) -> String {
    let rows = tariff.rows();
    let mut text = format!(
        "tariff {}, amounts in {}, from {} ({})\n\nNetworks\n",
        tariff.version(),
        String::from_utf8_lossy(&rows.currency),
        local(tariff, tariff.valid_from(), "%A %-d %B %Y %H:%M"),
        tariff.tz()
    );
    text += &columns(&networks(tariff), 3);
    text += "\nFares\n";
    text += &columns(&fares(rows), 4);
    if !rows.transfer_rules.is_empty() {
        text += "\nChanges\n";
        text += &columns(&changes(rows), 4);
        if !rows.same_route_changes {
            text += "  from a route to itself is no change\n";
        }
    }
    if !rows.caps.is_empty() {
        text += "\nCaps: nobody pays more\n";
        text += &columns(&caps(tariff), 3);
    }
    if !rows.frames.is_empty() {
        let grace = minutes(i64::from(rows.limits.peak_grace_s));
        let _ = writeln!(text, "\nTimeframes (within {grace} of an edge the rider has the cheaper side)");
        text += &columns(&frames(rows), 3);
    }
    text
}

fn local(tariff: &Tariff, t: Timestamp, format: &str) -> String {
    t.utc().unwrap_or_default().with_timezone(&tariff.tz()).format(format).to_string()
}

/// A head for columns of amounts: the words, then the rider categories.
fn head(words: &[&str], rows: &Rows) -> Vec<String> {
    let riders = rows.riders.iter().map(|rider| rider.id.to_string());
    let riders: Vec<String> = if rows.riders.is_empty() { vec!["all".to_owned()] } else { riders.collect() };
    words.iter().map(|word| (*word).to_owned()).chain(riders).collect()
}

fn networks(tariff: &Tariff) -> Vec<Vec<String>> {
    let of = |network: &fares::tariff::rows::Network| {
        let routes: Vec<&str> = tariff
            .rows()
            .route_networks
            .iter()
            .filter(|(id, _)| *id == network.id)
            .map(|(_, route)| &**route)
            .collect();
        let taps = match (network.tap_off, network.ends_anywhere) {
            (false, _) => "one tap",
            (true, false) => "tap on and off",
            (true, true) => "tap on and off, at any terminal of the network",
        };
        let many = if routes.len() == 1 { "route" } else { "routes" };
        let shown = if routes.len() > 8 {
            format!("{} routes", routes.len())
        } else {
            format!("{many} {}", routes.join(" "))
        };
        vec![
            network.id.to_string(),
            shown,
            taps.to_owned(),
            format!("from {}", tariff.rule(&network.id).minimum),
        ]
    };
    tariff.rows().networks.iter().map(of).collect()
}

/// Amounts of a product, a column for each category; a range where media differ.
fn amounts(rows: &Rows, product: &str) -> Vec<String> {
    let of = |rider: &str| {
        let own = rows.products.iter().filter(|row| {
            *row.id == *product && (row.rider_category.is_empty() || *row.rider_category == *rider)
        });
        let amounts: Vec<Satang> = own.map(|row| Satang(row.amount.minor)).collect();
        match (amounts.iter().min(), amounts.iter().max()) {
            (Some(low), Some(high)) if low == high => low.to_string(),
            (Some(low), Some(high)) => format!("{low}-{high}"),
            _ => "-".to_owned(),
        }
    };
    if rows.riders.is_empty() {
        vec![of("")]
    } else {
        rows.riders.iter().map(|rider| of(&rider.id)).collect()
    }
}

/// One line for each network, timeframe and product; how many pairs of areas it is for.
fn fares(rows: &Rows) -> Vec<Vec<String>> {
    let mut lines = vec![head(&["network", "when", "product", "for"], rows)];
    let mut kinds: Vec<(&str, String, &str)> = Vec::new();
    let mut counts: BTreeMap<(&str, String, &str), (usize, String)> = BTreeMap::new();
    for rule in &rows.leg_rules {
        let frames: Vec<&str> = [&*rule.from_timeframe, &*rule.to_timeframe]
            .into_iter()
            .filter(|frame| !frame.is_empty())
            .collect();
        let kind = (&*rule.network, frames.join(" to "), &*rule.product);
        let everywhere = rule.from_area.is_empty() && rule.to_area.is_empty();
        let any = |area: &str| if area.is_empty() { "any".to_owned() } else { area.to_owned() };
        let pair = if everywhere {
            "all rides".to_owned()
        } else {
            format!("{} to {}", any(&rule.from_area), any(&rule.to_area))
        };
        let count = counts.entry(kind.clone()).or_insert_with(|| {
            kinds.push(kind);
            (0, pair)
        });
        count.0 += 1;
    }
    for kind in kinds {
        let (count, pair) = &counts[&kind];
        let (network, when, product) = kind;
        let network = if network.is_empty() { "any" } else { network };
        let when = if when.is_empty() { "always".to_owned() } else { when };
        let shown =
            if *count == 1 { pair.clone() } else { format!("{count} pairs of areas, such as {pair}") };
        let mut line = vec![network.to_owned(), when, product.to_owned(), shown];
        line.extend(amounts(rows, product));
        lines.push(line);
    }
    lines
}

fn changes(rows: &Rows) -> Vec<Vec<String>> {
    let mut lines = vec![head(&["from", "to", "within", "the next leg"], rows)];
    for rule in &rows.transfer_rules {
        let any = |group: &str| if group.is_empty() { "others".to_owned() } else { group.to_owned() };
        let pays = match rule.kind {
            TransferKind::FirstLegPlusTransfer => "costs",
            TransferKind::BothLegsPlusTransfer => "costs its fare and",
            TransferKind::TransferOnly => "costs with the first",
        };
        let mut line =
            vec![any(&rule.from_leg_group), any(&rule.to_leg_group), within(rows, rule), pays.to_owned()];
        let free = || head(&[], rows).iter().map(|_| Satang(0).to_string()).collect();
        line.extend(if rule.product.is_empty() { free() } else { amounts(rows, &rule.product) });
        lines.push(line);
    }
    lines
}

fn within(rows: &Rows, rule: &FareTransferRule) -> String {
    let first = rows.limit_from_first && rule.from_leg_group == rule.to_leg_group;
    let (on, off) = if first { ("first boarding", "first alighting") } else { ("boarding", "alighting") };
    let mut words = match rule.limit {
        None => "any time".to_owned(),
        Some((limit_s, kind)) => {
            let (from, to) = match kind {
                LimitKind::DepartureToArrival => (on, "alighting"),
                LimitKind::DepartureToDeparture => (on, "boarding"),
                LimitKind::ArrivalToDeparture => (off, "boarding"),
                LimitKind::ArrivalToArrival => (off, "alighting"),
            };
            format!("{} from {from} to {to}", minutes(i64::from(limit_s)))
        }
    };
    if let Some(count) = rule.count {
        let _ = write!(words, ", {count} times");
    }
    words
}

fn minutes(seconds: i64) -> String {
    if seconds % 60 == 0 {
        format!("{} min", seconds / 60)
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

fn caps(tariff: &Tariff) -> Vec<Vec<String>> {
    let rows = tariff.rows();
    let mut lines = vec![head(&["cap", "on", "in"], rows)];
    for cap in tariff.caps() {
        let counts = if cap.counts_default { "" } else { ", but for missing taps" };
        let mut line =
            vec![cap.id.to_string(), cap.networks.join(" + "), format!("a {}{counts}", cap.period)];
        let riders: Vec<&str> =
            if rows.riders.is_empty() { vec![""] } else { rows.riders.iter().map(|r| &*r.id).collect() };
        line.extend(
            riders.iter().map(|rider| cap.amount(rider).map_or("-".to_owned(), |amount| amount.to_string())),
        );
        lines.push(line);
    }
    lines
}

fn frames(rows: &Rows) -> Vec<Vec<String>> {
    let of = |frame: &fares::tariff::frames::Frame| {
        let span = format!("{} to {}", frame.start, frame.end);
        vec![frame.group.to_string(), span, format!("service {}", frame.service)]
    };
    rows.frames.iter().map(of).collect()
}

/// The arithmetic of a journey, a line for each leg and each change.
pub(super) fn journey(tariff: &Tariff, legs: &[Leg], day: ServiceDay, rider: &str, medium: &str) -> String {
    let shown_rider = if rider.is_empty() { tariff.default_rider() } else { rider };
    let rides: Vec<Ride<'_>> = (legs.iter())
        .map(|Leg { network, route, from, to, start, end }| {
            let ask = Ask { network, from, to, start: *start, end: *end, rider, medium };
            Ride { ask, route }
        })
        .collect();
    let steps = tariff.journey(&rides);
    let mut lines = Vec::new();
    let mut before: Option<(&Leg, &Step)> = None;
    for (leg, step) in legs.iter().zip(&steps) {
        let (start, end) = (local(tariff, leg.start, "%H:%M"), local(tariff, leg.end, "%H:%M"));
        let times = if leg.start == leg.end { start } else { format!("{start}-{end}") };
        let Some(step) = step else {
            lines.push(vec![
                times,
                place(leg),
                "no fare: no rule of the tariff covers it".to_owned(),
                "?".to_owned(),
            ]);
            before = None;
            continue;
        };
        lines.push(vec![times, place(leg), step.fare.product.to_string(), step.fare.alone.to_string()]);
        if let (Some(change), Some((left, other))) = (step.change, before) {
            let gap = minutes((leg.start.0 - left.end.0) / gtfs::time::MICROS);
            let groups =
                format!("{} to {}", tariff.group_id(other.fare.group), tariff.group_id(step.fare.group));
            lines.push(vec![String::new(), format!("change after {gap}"), groups, change.to_string()]);
        } else if let Some((left, _)) = before {
            let again = !leg.route.is_empty() && left.route == leg.route && !tariff.rows().same_route_changes;
            let why = if again { "the same route again" } else { "too late, or no rule for it" };
            lines.push(vec![String::new(), "no change".to_owned(), why.to_owned(), Satang(0).to_string()]);
        }
        before = Some((leg, step));
    }
    let total = steps.iter().flatten().map(|step| step.pays).sum::<Option<Satang>>().unwrap_or_default();
    lines.push(vec![String::new(), String::new(), "together".to_owned(), total.to_string()]);
    let date = day.0.format("%A %-d %B %Y");
    let medium = if medium.is_empty() { "any medium" } else { medium };
    let mut text = format!("tariff {}, {date}, {shown_rider}, {medium}\n\n", tariff.version());
    text += &columns(&lines, 3);
    text += &toward_caps(tariff, legs, &steps, shown_rider);
    text
}

fn place(leg: &Leg) -> String {
    let line =
        if leg.route.is_empty() { leg.network.clone() } else { format!("{} {}", leg.network, leg.route) };
    match (&*leg.from, &*leg.to) {
        ("", "") => line,
        (from, "") => format!("{line}, from {from}"),
        ("", to) => format!("{line}, to {to}"),
        (from, to) => format!("{line}, {from} to {to}"),
    }
}

/// How far the journey goes towards each cap; what earlier rides left of it is not known here.
fn toward_caps(tariff: &Tariff, legs: &[Leg], steps: &[Option<Step>], rider: &str) -> String {
    let mut text = String::new();
    for cap in tariff.caps() {
        let Some(most) = cap.amount(rider) else { continue };
        let own = legs
            .iter()
            .zip(steps)
            .filter(|(leg, _)| cap.covers(&leg.network))
            .filter_map(|(_, step)| step.as_ref());
        let sum = own.map(|step| step.pays).sum::<Option<Satang>>().unwrap_or_default();
        if sum > Satang(0) {
            let reached =
                if sum > most { format!(", so that {most} is paid for them") } else { String::new() };
            let _ = write!(text, "\n  {sum} of it count to cap {}, {most} a {}{reached}", cap.id, cap.period);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::tariff::legs;

    const SAMPLE: &str = include_str!("../../../../../ops/sample-network/facts/tariff.toml");

    #[test]
    fn a_journey_is_a_sum_that_can_be_checked_by_hand() {
        let tariff = Tariff::from_file("tariff.toml", SAMPLE).unwrap();
        let day = ServiceDay::parse("2026-02-02").unwrap();
        let legs: Vec<Leg> =
            ["1@07:00-07:20", "F1:pier-sothon..pier-banmai@08:10-09:00", "2@09:20-09:40", "2@10:00"]
                .iter()
                .map(|leg| legs::parse(leg, &tariff, day).unwrap())
                .collect();
        let expected = "\
tariff sample-2026-01, Monday 2 February 2026, senior, card

  07:00-07:20  bus 1                                 bus senior                 7.50
  08:10-09:00  ferry F1, pier-sothon to pier-banmai  ferry3 senior             10.00
               change after 50 min                   leg-bus to leg-ferry      -5.00
  09:20-09:40  bus 2                                 bus senior                 7.50
               change after 20 min                   leg-ferry to leg-bus      -5.00
  10:00        bus 2                                 bus senior                 7.50
               no change                             the same route again       0.00
                                                     together                  22.50

  17.50 of it count to cap day-bus, 20.00 a day
  22.50 of it count to cap day-all, 25.00 a day
";
        assert_eq!(journey(&tariff, &legs, day, "senior", "card"), expected.trim_end());
    }

    #[test]
    fn the_summary_shows_every_category_change_and_cap() {
        let text = summary(&Tariff::from_file("tariff.toml", SAMPLE).unwrap());
        for line in [
            "  ferry  route F1          tap on and off, at any terminal of the network  from 10.00",
            "  ferry    always  ferry2   8 pairs of areas, such as a-sothon to a-pitula          15.00       7.50      13.50       0.00",
            "  leg-bus    leg-ferry  90 min from alighting to boarding  costs its fare and     -10.00      -5.00      -9.00       0.00",
            "  day-all  bus + ferry  a day      50.00      25.00      45.00       0.00",
        ] {
            assert!(text.lines().any(|there| there == line), "{line}\n{text}");
        }
    }
}
