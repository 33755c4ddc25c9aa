//! What changing takes off: GTFS reference, `fare_transfer_rules.txt`, "To process the cost of a
//! multi-leg journey".
//!
//! Legs are charged one after the other, so a rule says what the *next* leg costs. It is never below zero
//! and never above what it costs alone.

use super::{Ridden, Tariff};
use crate::money::Satang;
use gtfs::Timestamp;
use gtfs::fares::{LimitKind, TransferKind};
use gtfs::time::MICROS;

impl Tariff {
    /// What changing takes off the next leg: 0 or less, and no more than that leg costs alone. `None`
    /// when no rule joins the two, so that a new chain begins with `next`.
    ///
    /// `hops` is how often the chain has been joined before: 0 when `before` is its first leg. For legs
    /// after that, [`Tariff::joined`] gives what stands for the chain.
    ///
    /// Of several rules the one with the smallest sufficient transfer_count, then the cheapest. A rule of
    /// fare_transfer_type 2 (the transfer alone is paid) can not give back what the leg before has cost:
    /// the next leg is free where that was more.
    #[must_use]
    pub fn transfer(&self, before: &Ridden<'_>, next: &Ridden<'_>, hops: u32) -> Option<Satang> {
        let same_route = !next.route.is_empty() && before.route == next.route;
        if same_route && !self.rows.same_route_changes {
            return None;
        }
        let mut best: Option<(u32, i64)> = None;
        self.compiled.each_transfer_rule(before.group, next.group, |number| {
            let rule = &self.compiled.transfer_rules[number as usize];
            let in_time = rule.limit.is_none_or(|limit| in_time(limit, before, next));
            if !in_time || rule.count.is_some_and(|count| hops >= count) {
                return;
            }
            let price = match &rule.product {
                None => Some(Satang(0)),
                Some(product) => self.product_price(product, next.rider, next.medium),
            };
            let Some(price) = price else { return };
            let next_pays = match rule.kind {
                TransferKind::FirstLegPlusTransfer => price.0,
                TransferKind::BothLegsPlusTransfer => price.0.saturating_add(next.alone.0),
                // S + BC after the first change; AB alone at the first, of which A is paid.
                TransferKind::TransferOnly if hops > 0 => price.0,
                TransferKind::TransferOnly => price.0.saturating_sub(before.alone.0),
            };
            let key = (rule.count.unwrap_or(u32::MAX), next_pays);
            best = Some(best.map_or(key, |best| best.min(key)));
        });
        let (_, next_pays) = best?;
        Some(Satang(next_pays.clamp(0, next.alone.0.max(0)) - next.alone.0.max(0)))
    }

    /// What stands for a chain of legs once `next` has joined it: the leg `next`, and, where the time to
    /// change counts from the first leg of its group, the times of that.
    #[must_use]
    pub fn joined<'a>(&self, before: &Ridden<'a>, next: &Ridden<'a>) -> Ridden<'a> {
        if self.rows.limit_from_first && before.group == next.group {
            Ridden { start: before.start, end: before.end, ..*next }
        } else {
            *next
        }
    }
}

/// Whether the change was quick enough; the limit itself is.
fn in_time((limit_s, kind): (u32, LimitKind), before: &Ridden<'_>, next: &Ridden<'_>) -> bool {
    let (from, until): (Timestamp, Timestamp) = match kind {
        LimitKind::DepartureToArrival => (before.start, next.end),
        LimitKind::DepartureToDeparture => (before.start, next.start),
        LimitKind::ArrivalToDeparture => (before.end, next.start),
        LimitKind::ArrivalToArrival => (before.end, next.end),
    };
    until.0.saturating_sub(from.0) <= i64::from(limit_s) * MICROS
}
