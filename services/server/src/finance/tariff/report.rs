//! What a proposed tariff would have come to, as it is stored, sent and printed.
//!
//! Cards stand in it as in the audit log: by a part of the SHA-256 of their token.

use crate::finance::card_shown;
use fares::Satang;
use fares::shadow::{Both, Shadow, Window};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::Arc;

/// The report. Amounts are satang, days `YYYYMMDD`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The first day.
    pub from: String,
    /// The last day, included.
    pub to: String,
    /// Cards that rode.
    pub cards: u64,
    /// Of them, those that would have paid more,
    pub dearer: u64,
    /// and less.
    pub cheaper: u64,
    /// All legs.
    pub all: Line,
    /// By product and rider category; empty: no rule gave the fare.
    pub products: BTreeMap<Arc<str>, Line>,
    /// Legs that a cap lowered, by cap.
    pub caps: BTreeMap<Arc<str>, Line>,
    /// The cards with the greatest change.
    pub greatest: Vec<CardLine>,
}

/// Legs and sums, as charged and as they would have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "a field is named after what it is")]
pub struct Line {
    pub legs_before: u64,
    pub before_satang: i64,
    pub legs_after: u64,
    pub after_satang: i64,
}

/// A card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "a field is named after what it is")]
pub struct CardLine {
    pub card: String,
    pub before_satang: i64,
    pub after_satang: i64,
}

impl Report {
    /// Of a window and what was rated in it.
    #[must_use]
    pub fn of(window: Window, shadow: &Shadow) -> Self {
        let lines = |of: &BTreeMap<Arc<str>, Both>| {
            of.iter().map(|(name, both)| (Arc::clone(name), Line::of(*both))).collect()
        };
        let greatest = shadow.changes.iter().map(|change| CardLine {
            card: card_shown(&change.card),
            before_satang: change.before.0,
            after_satang: change.after.0,
        });
        Self {
            from: window.first.to_string(),
            to: window.last.to_string(),
            cards: shadow.cards,
            dearer: shadow.dearer,
            cheaper: shadow.cheaper,
            all: Line::of(shadow.all),
            products: lines(&shadow.products),
            caps: lines(&shadow.caps),
            greatest: greatest.collect(),
        }
    }

    /// Share of the cards, whole percent and a tenth.
    fn percent(&self, cards: u64) -> String {
        let per_mille = cards.saturating_mul(1_000) / self.cards.max(1);
        format!("{}.{} %", per_mille / 10, per_mille % 10)
    }
}

impl Line {
    fn of(both: Both) -> Self {
        Self {
            legs_before: both.before.legs,
            before_satang: both.before.charge.0,
            legs_after: both.after.legs,
            after_satang: both.after.charge.0,
        }
    }

    fn row(&self, name: &str) -> String {
        let (before, after) = (Satang(self.before_satang), Satang(self.after_satang));
        let change = Satang(self.after_satang - self.before_satang);
        let (legs_before, legs_after) = (self.legs_before, self.legs_after);
        format!(
            "  {name:<26} {legs_before:>9} {:>14} {legs_after:>9} {:>14} {:>13}",
            before.to_string(),
            after.to_string(),
            change.to_string()
        )
    }
}

/// As a page of text.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        writeln!(text, "{} to {}, what was charged and what it would have been:", self.from, self.to)?;
        writeln!(
            text,
            "  {:<26} {:>9} {:>14} {:>9} {:>14} {:>13}",
            "", "legs", "charged", "legs", "then", "change"
        )?;
        writeln!(text, "{}", self.all.row("all"))?;
        for (name, line) in &self.products {
            writeln!(text, "{}", line.row(if name.is_empty() { "(no rule)" } else { name }))?;
        }
        for (name, line) in &self.caps {
            writeln!(text, "{}", line.row(&format!("lowered by cap {name}")))?;
        }
        writeln!(
            text,
            "  {} cards; dearer for {} ({}), cheaper for {} ({})",
            self.cards,
            self.dearer,
            self.percent(self.dearer),
            self.cheaper,
            self.percent(self.cheaper)
        )?;
        for line in &self.greatest {
            let (before, after) = (Satang(line.before_satang), Satang(line.after_satang));
            writeln!(text, "  {:<26} {:>24} {:>24}", line.card, before.to_string(), after.to_string())?;
        }
        f.write_str(text.trim_end())
    }
}
