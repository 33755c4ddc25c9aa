//! Shadow rating: what cards would have paid in past days, had a proposed tariff been in force (fares design, section 6).
//!
//! Pure: the taps of one card after the other are rated with the proposed version in place of those that applied, and
//! the sum is held against what the card was charged. Nothing is posted. What it does not do: guess how riders would
//! have ridden at other prices. What always holds: a version rated against days in which it was in force differs from
//! what was charged in nothing, and memory does not grow with the number of cards.

use crate::card::Profile;
use crate::engine::first_of_period;
use crate::leg::{Leg, LegStatus};
use crate::money::Satang;
use crate::rate::{Facts, rate};
use crate::ride::{Place, PlacedTap};
use crate::tariff::{Refused, Tariff, Tariffs};
use gtfs::time::MICROS;
use gtfs::{ServiceDay, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Cards that are named, those with the greatest change.
pub const NAMED_MAX: usize = 20;
/// A ride may be of the day before its taps, and a day more for its edges.
const EDGE_DAYS: i64 = 2;
const DAY_US: i64 = 86_400 * MICROS;

/// The days that are rated, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first.
    pub first: ServiceDay,
    /// The last.
    pub last: ServiceDay,
}

/// Legs and their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub legs: u64,
    /// What they cost.
    pub charge: Satang,
}

/// As it was charged, and as it would have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Both {
    /// Charged.
    pub before: Sum,
    /// Under the proposed version.
    pub after: Sum,
}

/// What changes for a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The card.
    pub card: Arc<str>,
    /// What it was charged.
    pub before: Satang,
    /// What it would have been charged.
    pub after: Satang,
}

/// What a proposed version would have come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shadow {
    /// Cards with a leg in the window, charged or rated.
    pub cards: u64,
    /// Of them, those that would have paid more.
    pub dearer: u64,
    /// Of them, those that would have paid less.
    pub cheaper: u64,
    /// All legs.
    pub all: Both,
    /// By product and rider category, `bus adult`; empty where no rule gave the fare.
    pub products: BTreeMap<Arc<str>, Both>,
    /// Legs that a cap lowered, by cap; the sum is what they then cost.
    pub caps: BTreeMap<Arc<str>, Both>,
    /// The greatest changes, greatest first.
    pub changes: Vec<Change>,
}

/// The versions as if `proposed` had applied from the beginning of `first` on, and no other since.
///
/// # Errors
/// As [`Tariff::new`]; not for the rows of a tariff.
pub fn as_if(in_force: &Tariffs, proposed: &Tariff, first: ServiceDay) -> Result<Tariffs, Refused> {
    let mut rows = proposed.rows().clone();
    rows.valid_from = first.start(proposed.tz()).plus_s(f64::from(rows.limits.day_boundary_s));
    let earlier = in_force.all().iter().filter(|tariff| tariff.valid_from() < rows.valid_from);
    let mut tariffs = Tariffs::new(earlier.cloned().collect());
    tariffs.insert(Arc::new(Tariff::new(rows)?));
    Ok(tariffs)
}

/// From which day on rides, and since when taps are needed, to rate the legs of `first` and later: caps reach back to
/// the beginning of their period, habits further.
#[must_use]
pub fn needs(tariffs: &Tariffs, first: ServiceDay) -> (ServiceDay, Timestamp) {
    let of = |tariff: &Arc<Tariff>| (first_of_period(tariff, first.previous()), tariff.limits().habit_days);
    let (mut rides, mut habit_days) = (first.previous(), 0);
    for (from, days) in tariffs.all().iter().map(of) {
        (rides, habit_days) = (rides.min(from), habit_days.max(days));
    }
    let tz = tariffs.all().last().map_or(chrono_tz::UTC, |tariff| tariff.tz());
    let habits = first.start(tz).0 - (i64::from(habit_days) + EDGE_DAYS) * DAY_US;
    (rides, Timestamp(habits.min(rides.start(tz).0 - DAY_US)))
}

impl Shadow {
    /// Adds a card: its taps since [`needs`] in [`PlacedTap::order`], the newest revisions of its legs, and the facts with
    /// the tariffs of [`as_if`].
    pub fn card(
        &mut self,
        window: Window,
        (card, taps, profile): (&Arc<str>, &[PlacedTap], &Profile),
        charged: &[&Leg],
        facts: Facts<'_>,
    ) {
        let taps: Vec<PlacedTap> = taps.iter().map(|tap| placed(tap, facts)).collect();
        let rated = rate(card, &taps, profile, facts).legs.into_iter();
        let is_final = |at: Timestamp| at <= facts.horizon.now;
        let rated: Vec<Leg> = rated.filter(|leg| is_final(leg.is_final_at)).map(|leg| leg.leg).collect();
        let before = self.legs(window, charged.iter().copied(), |both| &mut both.before);
        let after = self.legs(window, rated.iter(), |both| &mut both.after);
        if before.legs + after.legs == 0 {
            return;
        }
        self.cards += 1;
        self.dearer += u64::from(after.charge > before.charge);
        self.cheaper += u64::from(after.charge < before.charge);
        self.name(Change { card: Arc::clone(card), before: before.charge, after: after.charge });
    }

    /// Adds legs to one side, and sums them.
    fn legs<'a>(
        &mut self,
        window: Window,
        legs: impl Iterator<Item = &'a Leg>,
        side: fn(&mut Both) -> &mut Sum,
    ) -> Sum {
        let mut sum = Sum::default();
        let counts = |leg: &&Leg| {
            let is_ridden = !matches!(leg.status, LegStatus::Void | LegStatus::Withdrawn | LegStatus::Open);
            is_ridden && window.first <= leg.service_day && leg.service_day <= window.last
        };
        for leg in legs.filter(counts) {
            let charge = leg.price.charge;
            sum.add(charge);
            side(&mut self.all).add(charge);
            side(self.products.entry(Arc::clone(&leg.price.product)).or_default()).add(charge);
            if let Some(cap) = &leg.price.cap {
                side(self.caps.entry(Arc::clone(cap)).or_default()).add(charge);
            }
        }
        sum
    }

    fn name(&mut self, change: Change) {
        if change.by() == 0 {
            return;
        }
        let before = |other: &Change| (other.by(), &change.card) > (change.by(), &other.card);
        let at = self.changes.partition_point(before);
        self.changes.insert(at, change);
        self.changes.truncate(NAMED_MAX);
    }
}

impl Sum {
    fn add(&mut self, charge: Satang) {
        self.legs += 1;
        self.charge.0 += charge.0;
    }
}

impl Change {
    fn by(&self) -> u64 {
        self.after.0.abs_diff(self.before.0)
    }
}

/// A tap in the network that the version of its time has its route in.
fn placed(tap: &PlacedTap, facts: Facts<'_>) -> PlacedTap {
    match facts.tariffs.at(tap.t).network_of(&tap.place.route) {
        Some(network) if *network != tap.place.network => {
            let place = Place { network: Arc::clone(network), ..(*tap.place).clone() };
            PlacedTap { place: Arc::new(place), ..tap.clone() }
        }
        _ => tap.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(card: &str, before: i64, after: i64) -> Change {
        Change { card: card.into(), before: Satang(before), after: Satang(after) }
    }

    #[test]
    fn the_greatest_changes_are_named_in_their_order_and_no_more_than_twenty() {
        let mut shadow = Shadow::default();
        for n in 0..30 {
            shadow.name(change(&format!("c{n:02}"), 100, 100 + (n % 10) * if n % 2 == 0 { 1 } else { -1 }));
        }
        let named: Vec<String> =
            shadow.changes.iter().map(|change| format!("{} {}", change.card, change.after.0)).collect();
        assert_eq!(named[..4], ["c09 91", "c19 91", "c29 91", "c08 108"]);
        assert_eq!(named.len(), NAMED_MAX);
    }
}
