//! What a leg costs: GTFS reference, `fare_leg_rules.txt`, "To process the cost of a leg".
//!
//! Of the rules that match, those of the highest rule_priority; of their products' rows for the rider and
//! the medium, the cheapest. A rider category without a row pays as the default one does. Near the edge of
//! a timeframe (`peak_grace_s`) the leg is priced on both sides, and the rider has the cheaper.

use super::compile::EMPTY;
use super::frames::local;
use super::{Ask, Fare, Tariff};
use crate::money::Satang;
use gtfs::Timestamp;
use gtfs::time::MICROS;
use std::ops::Range;
use std::sync::Arc;

/// Distinct sets of timeframes that a leg's two ends may be held to be in: three moments each.
const VIEWS_MAX: usize = 9;

/// A product's row, chosen: cheapest first, then the first in file order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Choice {
    amount: Satang,
    rule: u32,
    row: u32,
}

impl Tariff {
    /// What a leg costs; `None` when no rule covers it.
    #[must_use]
    pub fn fare(&self, ask: &Ask<'_>) -> Option<Fare> {
        let (views, count) = self.views(ask.start, ask.end);
        let compiled = &self.compiled;
        let [alone, full] = self.cheapest(ask, &views[..count]);
        let alone = alone?;
        Some(Fare {
            full: full.map_or(alone.amount, |choice| choice.amount),
            alone: alone.amount,
            group: compiled.leg_rules[alone.rule as usize].group,
            product: Arc::clone(&compiled.product_rows[alone.row as usize].words),
        })
    }

    /// The dearest of several ends, and which one it is: for a missing tap-off at a pier (fares design,
    /// section 5). The first of equals.
    #[must_use]
    pub fn dearest(
        &self,
        network: &str,
        from: &str,
        candidates: &[&str],
        start: Timestamp,
        rider: &str,
        medium: &str,
    ) -> Option<(Fare, usize)> {
        let mut dearest: Option<(Fare, usize)> = None;
        for (at, to) in candidates.iter().enumerate() {
            let fare = self.fare(&Ask { network, from, to, start, end: start, rider, medium });
            if let Some(fare) = fare
                && dearest.as_ref().is_none_or(|(other, _)| fare.alone > other.alone)
            {
                dearest = Some((fare, at));
            }
        }
        dearest
    }

    /// The timeframes at the start and the end of a leg: as they are, then as they would be a little
    /// earlier and later. No two are the same.
    fn views(&self, start: Timestamp, end: Timestamp) -> ([(u64, u64); VIEWS_MAX], usize) {
        let mut views = [(0, 0); VIEWS_MAX];
        if self.compiled.frames.is_empty() {
            return (views, 1);
        }
        let grace = i64::from(self.rows.limits.peak_grace_s) * MICROS;
        let around =
            |t: Timestamp| [0, -grace, grace].map(|by| self.frames_at(Timestamp(t.0.saturating_add(by))));
        let at = |wanted, t| if wanted { around(t) } else { [0; 3] };
        let (starts, ends) = (at(self.compiled.starts_matter, start), at(self.compiled.ends_matter, end));
        let mut count = 0;
        for view in starts.into_iter().flat_map(|from| ends.into_iter().map(move |to| (from, to))) {
            if !views[..count].contains(&view) {
                views[count] = view;
                count += 1;
            }
        }
        (views, count)
    }

    /// The timeframe groups that hold at an instant, as bits.
    fn frames_at(&self, t: Timestamp) -> u64 {
        let (day, second) = local(t, self.rows.tz);
        let holds =
            self.compiled.frames.iter().filter(|(_, frame, days)| {
                (frame.start.0..frame.end.0).contains(&second) && days.contains(day)
            });
        holds.fold(0, |bits, (bit, ..)| bits | bit)
    }

    /// The cheapest over some views: for the rider of `ask`, and for the default category.
    fn cheapest(&self, ask: &Ask<'_>, views: &[(u64, u64)]) -> [Option<Choice>; 2] {
        let mut best: [Option<Choice>; 2] = [None, None];
        for view in views {
            for (best, choice) in best.iter_mut().zip(self.choice(ask, *view)) {
                if let Some(choice) = choice
                    && best.is_none_or(|best| choice.amount < best.amount)
                {
                    *best = Some(choice);
                }
            }
        }
        best
    }

    /// The cheapest in one view of the timeframes: for the rider of `ask`, and for the default category.
    fn choice(&self, ask: &Ask<'_>, (from, to): (u64, u64)) -> [Option<Choice>; 2] {
        let compiled = &self.compiled;
        let (rider, default) = (compiled.rider(ask.rider), compiled.default_rider_number());
        let medium = compiled.medium(ask.medium);
        let (mut own, mut of_default, mut highest): (Option<Choice>, Option<Choice>, u32) = (None, None, 0);
        compiled.each_leg_rule(ask.network, ask.from, ask.to, |number| {
            let rule = &compiled.leg_rules[number as usize];
            let holds = |wanted: u64, there: u64| wanted == u64::MAX || wanted & there != 0;
            if !holds(rule.from_frames, from) || !holds(rule.to_frames, to) || rule.priority < highest {
                return;
            }
            if rule.priority > highest {
                (own, of_default, highest) = (None, None, rule.priority);
            }
            let cheapest = |rider| self.cheapest_row(&rule.product, rider, medium, number);
            of_default = [of_default, cheapest(default)].into_iter().flatten().min();
            if rider != default {
                own = [own, cheapest(rider)].into_iter().flatten().min();
            }
        });
        [own.or(of_default), of_default]
    }

    fn cheapest_row(
        &self,
        product: &Range<u32>,
        rider: u32,
        medium: Option<u32>,
        rule: u32,
    ) -> Option<Choice> {
        let rows = product.clone().filter_map(|row| {
            let there = &self.compiled.product_rows[row as usize];
            let for_rider = there.rider == EMPTY || there.rider == rider;
            let on_medium = there.medium == EMPTY || medium.is_none_or(|medium| there.medium == medium);
            (for_rider && on_medium).then_some(Choice { amount: there.amount, rule, row })
        });
        rows.min()
    }

    /// What a product costs a rider on a medium; `None` when it is not sold to him on it.
    pub(super) fn product_price(&self, product: &Range<u32>, rider: &str, medium: &str) -> Option<Satang> {
        let compiled = &self.compiled;
        let choice = self.cheapest_row(product, compiled.rider(rider), compiled.medium(medium), 0);
        choice.map(|choice| choice.amount)
    }
}
