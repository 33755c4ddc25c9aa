//! What legs cost together (fares design, section 6): changes, then caps.

use super::pricing::Alone;
use super::sum;
use crate::leg::{Leg, LegStatus};
use crate::money::Satang;
use crate::rate::Facts;
use crate::tariff::{Cap, GroupIdx, Period, Ridden, Tariff};
use chrono::{Datelike, Days};
use gtfs::ServiceDay;

/// A leg, and the rider category that its caps are looked up by.
pub(super) type Rated = (Leg, String);

/// The legs with what changing takes off.
pub(super) fn changed(legs: &[Alone], facts: Facts<'_>) -> Vec<Rated> {
    let takes_part = |leg: &Alone| leg.leg.id.companion == 0 && leg.leg.status != LegStatus::Void;
    let holder: Vec<&Alone> = legs.iter().filter(|leg| takes_part(leg)).collect();
    let with_change = |leg: &Alone| {
        let mut rated = leg.leg.clone();
        if let Some(at) = holder.iter().position(|other| other.leg.id == leg.leg.id)
            && takes_part(leg)
            && let (_, _, Some(off)) = chain(&holder[..=at], facts)
        {
            rated.price.transfer = off;
            rated.price.charge = sum([rated.price.alone, off].into_iter());
            rated.price.after = Some(holder[at - 1].leg.id.clone());
        }
        (rated, leg.rider.clone())
    };
    legs.iter().map(with_change).collect()
}

/// What stands for the chain that ends with the last of some legs, how often it was joined, and what the
/// last change took off.
fn chain<'a>(legs: &[&'a Alone], facts: Facts<'_>) -> (Option<Ridden<'a>>, u32, Option<Satang>) {
    let Some((last, earlier)) = legs.split_last() else { return (None, 0, None) };
    let next = Ridden {
        group: last.group,
        route: &last.leg.route,
        start: last.leg.start,
        end: last.change,
        alone: last.leg.price.alone,
        rider: &last.rider,
        medium: "",
    };
    let (before, hops, _) = chain(earlier, facts);
    let (Some(before), Some(previous)) = (before, earlier.last()) else { return (Some(next), 0, None) };
    let (then, tariff) = (facts.tariffs.at(previous.leg.start), facts.tariffs.at(last.leg.start));
    let before = Ridden { group: group_in(tariff, then.group_id(before.group)), ..before };
    match tariff.transfer(&before, &next, hops) {
        Some(off) => (Some(tariff.joined(&before, &next)), hops + 1, Some(off)),
        None => (Some(next), 0, None),
    }
}

/// Groups have numbers within one version of the tariff only: the number of a leg_group_id in this one.
fn group_in(tariff: &Tariff, id: &str) -> GroupIdx {
    let groups = (0..u16::MAX).map(GroupIdx).take_while(|group| !tariff.group_id(*group).is_empty());
    groups.into_iter().find(|group| tariff.group_id(*group) == id).unwrap_or(GroupIdx::NONE)
}

/// The legs with what caps take off.
pub(super) fn capped(legs: &[Rated], facts: Facts<'_>) -> Vec<Leg> {
    legs.iter().fold(Vec::new(), |before, (leg, rider)| {
        let capped = under_caps(leg, rider, &before, facts);
        [before, vec![capped]].concat()
    })
}

fn under_caps(leg: &Leg, rider: &str, before: &[Leg], facts: Facts<'_>) -> Leg {
    let tariff = facts.tariffs.at(leg.start);
    let rider = tariff.category(rider);
    let due = leg.price.charge;
    let lowest =
        tariff.caps().iter().filter(|cap| counts(cap, leg)).fold((due, None), |(charge, by), cap| {
            let so_far = sum(before
                .iter()
                .filter(|other| other.id.companion == leg.id.companion)
                .filter(|other| is_in_window(other.service_day, leg.service_day, cap.period))
                .filter(|other| {
                    let then = facts.tariffs.at(other.start).caps().iter();
                    then.filter(|then| then.id == cap.id).any(|then| counts(then, other))
                })
                .map(|other| other.price.charge));
            match cap.amount(rider).map(|amount| Satang((amount.0 - so_far.0).max(0))) {
                Some(left) if left < charge => (left, Some(&cap.id)),
                _ => (charge, by),
            }
        });
    let mut capped = leg.clone();
    capped.price.charge = lowest.0;
    capped.price.capped = Satang(lowest.0.0 - due.0);
    capped.price.cap = lowest.1.cloned();
    capped
}

fn counts(cap: &Cap, leg: &Leg) -> bool {
    let is_default = matches!(leg.status, LegStatus::MissingOff | LegStatus::MissingOn);
    leg.status != LegStatus::Void && cap.covers(&leg.network) && (cap.counts_default || !is_default)
}

/// Whether what was charged on a day counts to a cap on `today`.
fn is_in_window(day: ServiceDay, today: ServiceDay, period: Period) -> bool {
    match period {
        Period::Rolling(days) => {
            let before_it = today.0.checked_sub_days(Days::new(u64::from(days)));
            before_it.is_some_and(|before_it| before_it < day.0) && day <= today
        }
        _ => first_day(day, period) == first_day(today, period),
    }
}

/// What names the period of a day: its first day. A week belongs to the month of its Monday; a period that
/// moves along has no name but the day itself.
pub(super) fn first_day(day: ServiceDay, period: Period) -> ServiceDay {
    let from_monday = u64::from(day.0.weekday().num_days_from_monday());
    let monday = day.0.checked_sub_days(Days::new(from_monday)).unwrap_or(day.0);
    match period {
        Period::Day | Period::Rolling(_) => day,
        Period::Week => ServiceDay(monday),
        Period::Month => ServiceDay(monday.with_day(1).unwrap_or(monday)),
    }
}
