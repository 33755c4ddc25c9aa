//! Caps: from some point of a day, week or month on, riding costs nothing more.
//!
//! Legs come in the order of time. Caps of shorter periods and narrower scope come first; because caps are nested or
//! disjoint (the tariff refuses others) the total does not depend on that order (fares design, section 6).

use crate::money::Satang;
use crate::tariff::{Cap, Period, Tariff};
use chrono::{Datelike, Days, NaiveDate};
use gtfs::ServiceDay;
use std::sync::Arc;

/// What was charged under each cap so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caps {
    /// A handful: cap, rider, first day of the period (of a rolling one: the day), charged.
    used: Vec<(Arc<str>, u8, NaiveDate, Satang)>,
}

/// A leg before caps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due<'a> {
    /// GTFS-Fares network_id.
    pub(crate) network: &'a str,
    /// GTFS-Fares rider_category_id, named.
    pub(crate) category: &'a str,
    pub(crate) day: ServiceDay,
    /// 0 for the holder of the card, a number for each companion: each has caps of his own.
    pub(crate) rider: u8,
    pub(crate) amount: Satang,
    /// The fare is a default one: a tap is missing.
    pub(crate) is_default: bool,
}

/// A charge under the caps.
pub(crate) struct Capped {
    pub(crate) charge: Satang,
    /// The cap that lowered it.
    pub(crate) by: Option<Arc<str>>,
}

impl Caps {
    /// Charges at most what the caps of `tariff` leave, and counts it.
    pub(crate) fn take(&mut self, tariff: &Tariff, due: Due<'_>) -> Capped {
        let mut capped = Capped { charge: due.amount, by: None };
        let covers = |cap: &&Cap| cap.covers(due.network) && (cap.counts_default || !due.is_default);
        for cap in tariff.caps().iter().filter(covers) {
            let Some(amount) = cap.amount(due.category) else { continue };
            let left = Satang((amount.0 - self.used(cap, due).0).max(0));
            if left < capped.charge {
                capped = Capped { charge: left, by: Some(Arc::clone(&cap.id)) };
            }
        }
        for cap in tariff.caps().iter().filter(covers) {
            self.count(cap, due, capped.charge);
        }
        capped
    }

    fn used(&self, cap: &Cap, due: Due<'_>) -> Satang {
        let of_rider = self.used.iter().filter(|entry| entry.0 == cap.id && entry.1 == due.rider);
        let sum = match cap.period {
            Period::Rolling(days) => {
                let from = due.day.0.checked_sub_days(Days::new(u64::from(days.saturating_sub(1))));
                of_rider
                    .filter(|entry| from.is_none_or(|from| entry.2 >= from) && entry.2 <= due.day.0)
                    .map(|entry| entry.3.0)
                    .sum()
            }
            period => {
                let from = first_day(period, due.day);
                of_rider.filter(|entry| entry.2 == from).map(|entry| entry.3.0).sum()
            }
        };
        Satang(sum)
    }

    fn count(&mut self, cap: &Cap, due: Due<'_>, charge: Satang) {
        let from = first_day(cap.period, due.day);
        let same = |entry: &(Arc<str>, u8, NaiveDate, Satang)| {
            entry.0 == cap.id && entry.1 == due.rider && entry.2 == from
        };
        // A card's legs are in order: it is nearly always among the last few.
        match self.used.iter().rposition(same) {
            Some(at) => self.used[at].3.0 += charge.0,
            None => self.used.push((Arc::clone(&cap.id), due.rider, from, charge)),
        }
    }
}

/// The first day of the period that `day` is in. A week begins on Monday and belongs to the month of its Monday.
#[must_use]
pub(crate) fn first_day(period: Period, day: ServiceDay) -> NaiveDate {
    let back = u64::from(day.0.weekday().num_days_from_monday());
    let monday = day.0.checked_sub_days(Days::new(back)).unwrap_or(day.0);
    match period {
        Period::Day | Period::Rolling(_) => day.0,
        Period::Week => monday,
        Period::Month => monday.with_day(1).unwrap_or(monday),
    }
}
