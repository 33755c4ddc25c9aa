//! What agencies get of what a card paid (fares design, section 9).

use super::sum;
use super::summing::first_day;
use crate::journey::InForce;
use crate::leg::{Leg, LegId};
use crate::money::Satang;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What the agency of each leg gets. The legs are of one card.
#[must_use]
pub fn shares(legs: &[&Leg], tariffs: InForce<'_>) -> BTreeMap<LegId, Satang> {
    let units = legs.iter().map(|leg| unit(leg, legs, tariffs));
    let shares = units.zip(legs).map(|(unit, leg)| (leg.id.clone(), share(leg, &unit)));
    shares.collect()
}

/// All legs with which a leg is settled: those joined to it, those joined to them, and so on.
fn unit<'a>(leg: &'a Leg, legs: &[&'a Leg], tariffs: InForce<'_>) -> Vec<&'a Leg> {
    let mut unit = vec![leg];
    loop {
        let is_near = |other: &&&Leg| unit.iter().any(|one| are_joined(one, other, legs, tariffs));
        let more: Vec<&Leg> = legs
            .iter()
            .filter(|other| unit.iter().all(|one| one.id != other.id))
            .filter(is_near)
            .copied()
            .collect();
        if more.is_empty() {
            return unit;
        }
        unit.extend(more);
    }
}

fn are_joined(a: &Leg, b: &Leg, legs: &[&Leg], tariffs: InForce<'_>) -> bool {
    let changed =
        |from: &Leg, to: &Leg| to.price.transfer != Satang(0) && to.price.after.as_ref() == Some(&from.id);
    let both_under_one_cap = legs.iter().filter(|lowered| lowered.price.capped < Satang(0)).any(|lowered| {
        let caps = tariffs.at(lowered.start).caps().iter();
        caps.filter(|cap| lowered.price.cap.as_ref() == Some(&cap.id)).any(|cap| {
            let is_under = |leg: &Leg| {
                leg.id.companion == lowered.id.companion
                    && cap.covers(&leg.network)
                    && first_day(leg.service_day, cap.period) == first_day(lowered.service_day, cap.period)
            };
            is_under(a) && is_under(b)
        })
    });
    changed(a, b) || changed(b, a) || both_under_one_cap
}

fn share(leg: &Leg, unit: &[&Leg]) -> Satang {
    let paid = i128::from(sum(unit.iter().map(|one| one.price.charge)).0);
    let alone = i128::from(sum(unit.iter().map(|one| one.price.alone)).0);
    if alone == 0 {
        return Satang(0);
    }
    let product = |one: &Leg| paid * i128::from(one.price.alone.0);
    let whole = |one: &Leg| product(one).div_euclid(alone);
    let left = paid - unit.iter().map(|one| whole(one)).sum::<i128>();
    let rest = |one: &Leg| product(one).rem_euclid(alone);
    let ranks_before = |one: &Leg| {
        let key = (Reverse(rest(one)), one.start, &one.agency, &one.id);
        key < (Reverse(rest(leg)), leg.start, &leg.agency, &leg.id)
    };
    let before = unit.iter().filter(|one| ranks_before(one)).count();
    let extra = i128::from(i128::try_from(before).is_ok_and(|before| before < left));
    Satang(i64::try_from(whole(leg) + extra).unwrap_or(i64::MAX))
}
