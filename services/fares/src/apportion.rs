//! Who earned it: what a card paid is shared among the agencies that carried it.
//!
//! ORCA's rule (fares design, section 9). Legs that lowered each other's price, by changing vehicles or under a cap, are
//! one unit; what was collected for the unit is shared by what each leg would have cost alone. Every satang of a unit
//! goes to one of its legs: the shares add to what was collected, exactly.

use crate::cap::first_day;
use crate::journey::InForce;
use crate::leg::Leg;
use crate::money::Satang;
use std::collections::HashMap;

/// The share of each leg's agency; `legs` are of one card.
#[must_use]
pub fn shares(legs: &[&Leg], tariffs: InForce<'_>) -> Vec<Satang> {
    let mut shares = vec![Satang(0); legs.len()];
    for unit in units(legs, tariffs) {
        share_out(legs, &unit, &mut shares);
    }
    shares
}

/// The settlement units: positions, each list rising.
#[must_use]
pub fn units(legs: &[&Leg], tariffs: InForce<'_>) -> Vec<Vec<usize>> {
    let mut joined = Joined((0..legs.len()).collect());
    let by_id: HashMap<_, usize> = legs.iter().enumerate().map(|(at, leg)| (&leg.id, at)).collect();
    for (at, leg) in legs.iter().enumerate() {
        if leg.price.transfer.0 != 0
            && let Some(&before) = leg.price.after.as_ref().and_then(|before| by_id.get(before))
        {
            joined.join(at, before);
        }
        join_capped(legs, at, tariffs, &mut joined);
    }
    let mut units: HashMap<usize, Vec<usize>> = HashMap::new();
    for at in 0..legs.len() {
        units.entry(joined.root(at)).or_default().push(at);
    }
    let mut units: Vec<Vec<usize>> = units.into_values().collect();
    units.sort();
    units
}

/// Joins a leg whose price a cap lowered with all that counted towards the cap.
fn join_capped(legs: &[&Leg], at: usize, tariffs: InForce<'_>, joined: &mut Joined) {
    let leg = legs[at];
    let Some(by) = leg.price.cap.as_ref().filter(|_| leg.price.capped.0 < 0) else { return };
    let tariff = tariffs.at(leg.start);
    let Some(cap) = tariff.caps().iter().find(|cap| cap.id == *by) else { return };
    let from = first_day(cap.period, leg.service_day);
    for (other_at, other) in legs.iter().enumerate() {
        if other.id.companion == leg.id.companion
            && cap.covers(&other.network)
            && first_day(cap.period, other.service_day) == from
        {
            joined.join(at, other_at);
        }
    }
}

/// Each leg its part of what was collected, rounded down; what is left over goes a satang each to the largest remainders.
pub(crate) fn share_out(legs: &[&Leg], unit: &[usize], shares: &mut [Satang]) {
    let collected: i128 = unit.iter().map(|&at| i128::from(legs[at].price.charge.0)).sum();
    let alone: i128 = unit.iter().map(|&at| i128::from(legs[at].price.alone.0)).sum();
    if alone == 0 {
        return;
    }
    let mut left = collected;
    let mut remainders = Vec::with_capacity(unit.len());
    for &at in unit {
        let product = collected * i128::from(legs[at].price.alone.0);
        let share = product.div_euclid(alone);
        left -= share;
        // Shares lie between 0 and what was collected, which is an i64.
        shares[at] = Satang(i64::try_from(share).unwrap_or(i64::MAX));
        remainders.push((std::cmp::Reverse(product.rem_euclid(alone)), at));
    }
    remainders.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| tie(legs[a.1]).cmp(&tie(legs[b.1]))));
    for (_, at) in remainders.iter().take(usize::try_from(left).unwrap_or(0)) {
        shares[*at].0 += 1;
    }
}

/// Who comes first among equal remainders.
fn tie(leg: &Leg) -> (gtfs::Timestamp, &str, &crate::LegId) {
    (leg.start, &leg.agency, &leg.id)
}

/// Which legs belong together: each points towards the first of its unit.
struct Joined(Vec<usize>);

impl Joined {
    fn root(&mut self, at: usize) -> usize {
        let mut root = at;
        while self.0[root] != root {
            root = self.0[root];
        }
        self.0[at] = root;
        root
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}
