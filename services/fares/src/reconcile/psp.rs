//! The lines of a payment service's file against the top-ups of the ledger.

use super::{Class, Discrepancy};
use crate::money::Satang;
use gtfs::{ServiceDay, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Days by which a line's day and the ledger's may differ: payments about midnight.
pub const DAYS_APART_MAX: i64 = 1;

/// What became of a payment, as the payment service says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// The rider paid.
    Paid,
    /// The payment did not happen.
    Declined,
    /// It was given back at the rider's wish.
    Refunded,
    /// It was taken back by the rider's bank.
    Chargeback,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Paid, Self::Declined, Self::Refunded, Self::Chargeback];

    /// The word in files and in the store.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Declined => "declined",
            Self::Refunded => "refunded",
            Self::Chargeback => "chargeback",
        }
    }

    /// The status of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// Whether the rider's money stayed away.
    #[must_use]
    pub fn is_back(self) -> bool {
        matches!(self, Self::Refunded | Self::Chargeback)
    }
}

/// A line of a payment service's file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// Where it stands in its file, from 1.
    pub number: u32,
    /// The payment service's reference: the key of the top-up.
    pub reference: Arc<str>,
    /// Its day.
    pub day: ServiceDay,
    /// What became of it.
    pub status: Status,
    /// What the rider paid, above zero.
    pub amount: Satang,
    /// What the payment service keeps, zero or above.
    pub fee: Satang,
    /// The payout that it is part of; empty while it is not paid out.
    pub payout: Arc<str>,
}

/// A movement of the ledger that names a payment: a top-up, or a chargeback of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Booked {
    /// The payment service's reference.
    pub reference: Arc<str>,
    /// Its day.
    pub day: ServiceDay,
    /// Above zero: value given to a card; below: taken back.
    pub amount: Satang,
}

/// A line and its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classed {
    /// The line; `None` for what the ledger alone has.
    pub line: Option<Line>,
    /// What the ledger has.
    pub booked: Option<Booked>,
    /// What became of it.
    pub class: Class,
}

impl Classed {
    /// The reference of either side.
    #[must_use]
    pub fn reference(&self) -> &str {
        let of_line = self.line.as_ref().map(|line| &*line.reference);
        of_line.or(self.booked.as_ref().map(|booked| &*booked.reference)).unwrap_or_default()
    }

    /// What a person is told; `None` when all is well. `psp` is the payment service, `found` now.
    #[must_use]
    pub fn discrepancy(&self, psp: &str, found: Timestamp) -> Option<Discrepancy> {
        if !self.class.is_discrepancy() {
            return None;
        }
        let (reference, word) = (self.reference(), self.class.word());
        let told =
            |satang: Option<Satang>| satang.map_or_else(|| "nothing".to_owned(), |amount| amount.to_string());
        let of_line = self.line.as_ref().map(Line::effect);
        let of_ledger = self.booked.as_ref().map(|booked| booked.amount);
        let day =
            self.line.as_ref().map(|line| line.day).or(self.booked.as_ref().map(|booked| booked.day))?;
        let line = self.line.as_ref().map_or_else(String::new, |line| format!(", line {}", line.number));
        Some(Discrepancy {
            kind: word.into(),
            cause: format!("psp:{psp}:{reference}:{word}:{day}:{}", told(of_line)).into(),
            subject: format!("psp:{psp}:{reference}").into(),
            amount: of_line.unwrap_or_default().checked_sub(of_ledger.unwrap_or_default()),
            day,
            found,
            detail: format!(
                "the payment service has {}, the ledger has {}{line}",
                told(of_line),
                told(of_ledger)
            )
            .into(),
        })
    }
}

impl Line {
    /// What the line should have done to the card: nothing when it was declined.
    #[must_use]
    pub fn effect(&self) -> Satang {
        match self.status {
            Status::Paid => self.amount,
            Status::Declined => Satang(0),
            Status::Refunded | Status::Chargeback => Satang(self.amount.0.saturating_neg()),
        }
    }
}

/// The class of every line, in their order, and then of what the ledger alone has.
///
/// Payments and those taken back are matched apart: a paid line against value given, a chargeback against value taken.
/// `days` are those that the file covers: what the ledger has on other days, none of which is near one, is not missed.
#[must_use]
pub fn classify(
    lines: &[Line],
    booked: &[Booked],
    days: std::ops::RangeInclusive<ServiceDay>,
) -> Vec<Classed> {
    let key = |reference: &Arc<str>, is_back: bool| (Arc::clone(reference), is_back);
    let mut ledger: BTreeMap<(Arc<str>, bool), Vec<&Booked>> = BTreeMap::new();
    for entry in booked {
        ledger.entry(key(&entry.reference, entry.amount.0 < 0)).or_default().push(entry);
    }
    let mut counts: BTreeMap<(Arc<str>, bool), usize> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.status != Status::Declined) {
        *counts.entry(key(&line.reference, line.status.is_back())).or_default() += 1;
    }
    let mut classed: Vec<Classed> = lines
        .iter()
        .map(|line| {
            let side = key(&line.reference, line.status.is_back());
            let entry = ledger.get(&side).and_then(|entries| entries.iter().min().copied());
            let class = class_of(line, entry, counts.get(&side).copied().unwrap_or_default());
            Classed { line: Some(line.clone()), booked: entry.cloned(), class }
        })
        .collect();
    let missed = |(side, entry): (&(Arc<str>, bool), &&Booked)| {
        let told = counts.contains_key(side);
        (!told && days.contains(&entry.day)).then(|| Classed {
            line: None,
            booked: Some((*entry).clone()),
            class: Class::NoPsp,
        })
    };
    let mut alone: Vec<Classed> = ledger
        .iter()
        .flat_map(|(side, entries)| entries.iter().map(move |entry| (side, entry)))
        .filter_map(missed)
        .collect();
    alone.sort_by(|a, b| a.booked.cmp(&b.booked));
    classed.extend(alone);
    classed
}

fn class_of(line: &Line, entry: Option<&Booked>, lines_alike: usize) -> Class {
    match (line.status, entry) {
        (Status::Declined, None) => Class::Declined,
        // Value was given for a payment that did not happen: no other line may pay for it.
        (Status::Declined, Some(_)) if lines_alike == 0 => Class::AmountDiffers,
        (Status::Declined, Some(_)) => Class::Declined,
        _ if lines_alike > 1 => Class::DuplicateRef,
        (_, None) => Class::NoLedger,
        (_, Some(entry)) if entry.amount != line.effect() => Class::AmountDiffers,
        (_, Some(entry)) if days_apart(entry.day, line.day) > DAYS_APART_MAX => Class::AmountDiffers,
        _ => Class::Matched,
    }
}

fn days_apart(a: ServiceDay, b: ServiceDay) -> i64 {
    a.0.signed_duration_since(b.0).num_days().abs()
}

/// What a payout should be: payments less those taken back, and the fees; by payout, those not paid out left away.
#[must_use]
pub fn payouts(lines: &[Line]) -> BTreeMap<Arc<str>, Payout> {
    let mut payouts: BTreeMap<Arc<str>, Payout> = BTreeMap::new();
    for line in lines.iter().filter(|line| !line.payout.is_empty()) {
        let payout = payouts.entry(Arc::clone(&line.payout)).or_default();
        payout.gross.0 = payout.gross.0.saturating_add(line.effect().0);
        payout.fee.0 = payout.fee.0.saturating_add(line.fee.0);
        payout.lines += 1;
    }
    payouts
}

/// What a payment service should pay to the bank at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Payout {
    /// The sum of its lines.
    pub gross: Satang,
    /// The sum of their fees.
    pub fee: Satang,
    /// How many lines.
    pub lines: u32,
}

impl Payout {
    /// What comes to the bank.
    #[must_use]
    pub fn net(&self) -> Satang {
        Satang(self.gross.0.saturating_sub(self.fee.0))
    }
}

#[cfg(test)]
mod tests;
