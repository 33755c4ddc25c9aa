//! What is held on cards for rides that are not final: text in the card's head, a line per leg.

use super::HoldChange;
use super::head::{self, CardHeads};
use crate::sql::{Word, on_pool};
use crate::{Db, StoreError};
use fares::{LegId, Satang};
use gtfs::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// A provisional charge; not posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The card.
    pub card: Arc<str>,
    /// The leg.
    pub leg: LegId,
    /// How much.
    pub amount: Satang,
    /// Since when.
    pub set: Timestamp,
}

/// Sets and ends holds in the heads of their cards; of several changes of one leg the last counts.
pub(super) fn change<'a>(heads: &mut CardHeads<'a>, changes: &'a [HoldChange], at: Timestamp) {
    let mut by_card: BTreeMap<&str, Vec<&HoldChange>> = BTreeMap::new();
    for change in changes {
        by_card.entry(&change.card).or_default().push(change);
    }
    for (card, changes) in by_card {
        let holds = heads.holds(card);
        *holds = changed(holds, &changes, at);
    }
}

fn changed(held: &str, changes: &[&HoldChange], at: Timestamp) -> String {
    let mut lines: BTreeMap<String, String> = held
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(leg, rest)| (leg.to_owned(), rest.to_owned()))
        .collect();
    for change in changes {
        let leg = change.leg.to_string();
        match change.amount {
            Some(amount) => _ = lines.insert(leg, format!("{}\t{}", amount.0, at.0)),
            None => _ = lines.remove(&leg),
        }
    }
    let mut text = String::new();
    for (leg, rest) in lines {
        // Writing to a string cannot fail.
        _ = writeln!(text, "{leg}\t{rest}");
    }
    text
}

/// The holds in the head of a card, by the text of their legs.
pub(super) fn read(card: &Arc<str>, text: &str) -> Result<Vec<Hold>, StoreError> {
    text.lines().map(|line| hold(card, line).ok_or_else(|| unreadable(line))).collect()
}

fn hold(card: &Arc<str>, line: &str) -> Option<Hold> {
    let mut fields = line.split('\t');
    let leg = LegId::parse(fields.next()?)?;
    let (amount, set) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(Hold { card: Arc::clone(card), leg, amount: Satang(amount), set: Timestamp(set) })
}

fn unreadable(line: &str) -> StoreError {
    StoreError::Unreadable(format!("card_head.holds: {line:?} is no leg, amount and time"))
}

impl Db {
    /// The holds of these cards, by card and leg.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn holds(&self, cards: &[Arc<str>]) -> Result<Vec<Hold>, StoreError> {
        let heads = head::of_cards(self, cards).await?;
        let mut holds = Vec::new();
        for card in cards {
            holds.extend(
                heads.get(&**card).map(|head| read(card, &head.holds)).transpose()?.unwrap_or_default(),
            );
        }
        Ok(holds)
    }

    /// Cards with a provisional charge.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn fare_cards_held(&self) -> Result<Vec<Arc<str>>, StoreError> {
        let rows: Vec<(Word,)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select card from card_head where holds <> '' order by card",
        )
        .fetch_all(on)
        .await?);
        Ok(rows.into_iter().map(|(card,)| card.into()).collect())
    }

    /// The holds of at most `cards_max` cards after this one, by card and leg.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn holds_after(&self, card: &str, cards_max: u32) -> Result<Vec<Hold>, StoreError> {
        let rows: Vec<(Word, Word)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select card, holds from card_head where holds <> '' and card > $1 order by card limit $2",
        )
        .bind(card)
        .bind(i64::from(cards_max))
        .fetch_all(on)
        .await?);
        let mut holds = Vec::with_capacity(rows.len());
        for (card, text) in rows {
            holds.extend(read(&card.into(), &text)?);
        }
        Ok(holds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fares::TapId;

    #[test]
    fn holds_are_set_changed_and_ended_in_the_order_of_their_legs() {
        let change = |seq, amount: Option<i64>| HoldChange {
            leg: LegId { tap: TapId { terminal: "T".into(), epoch: 1, seq }, companion: 0 },
            card: "a".into(),
            amount: amount.map(Satang),
        };
        let (first, second) = (
            [change(2, Some(700)), change(1, Some(500)), change(1, Some(600))],
            [change(2, None), change(3, None)],
        );
        let held = changed("", &first.iter().collect::<Vec<_>>(), Timestamp(9));
        assert_eq!(held, "T/1/1\t600\t9\nT/1/2\t700\t9\n");
        let held = changed(&held, &second.iter().collect::<Vec<_>>(), Timestamp(10));
        assert_eq!(held, "T/1/1\t600\t9\n");
        let read = read(&"a".into(), &held).unwrap();
        assert_eq!((read.len(), read[0].amount, read[0].set), (1, Satang(600), Timestamp(9)));
        assert!(super::read(&"a".into(), "T/1/1\t600\n").is_err());
    }
}
