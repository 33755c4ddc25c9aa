//! `hold`: what is held on cards for rides that are not final.

use super::HoldChange;
use crate::sql::{Many, Tx, many, many_rows, on_pool};
use crate::{Db, StoreError};
use fares::{LegId, Satang};
use gtfs::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

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

static SET: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into hold (card, leg, amount_satang, set_us) values",
        4,
        "on conflict (card, leg) do update set amount_satang = excluded.amount_satang, set_us = excluded.set_us",
    )
});

static END: LazyLock<Many> =
    LazyLock::new(|| Many::new("delete from hold where (card, leg) in (values", 2, ")"));

static OF_CARDS: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "select card, leg, amount_satang, set_us from hold where card in (values",
        1,
        ") order by card, leg",
    )
});

/// Sets and ends holds; of several changes of one leg the last counts.
pub(super) async fn change(tx: &mut Tx, changes: &[HoldChange], at: Timestamp) -> Result<(), sqlx::Error> {
    let mut last: BTreeMap<(&str, String), Option<Satang>> = BTreeMap::new();
    for change in changes {
        last.insert((&change.card, change.leg.to_string()), change.amount);
    }
    let set: Vec<(&str, &str, Satang)> = last
        .iter()
        .filter_map(|((card, leg), amount)| amount.map(|amount| (*card, leg.as_str(), amount)))
        .collect();
    let ended: Vec<&(&str, String)> =
        last.iter().filter(|(_, amount)| amount.is_none()).map(|(key, _)| key).collect();
    many!(tx, SET, &set, |query, row| query.bind(row.0).bind(row.1).bind(row.2.0).bind(at.0), |query, on| {
        query.execute(on).await?
    });
    many!(tx, END, &ended, |query, row| query.bind(row.0).bind(row.1.as_str()), |query, on| query
        .execute(on)
        .await?);
    Ok(())
}

impl Db {
    /// The holds of these cards, by card and leg.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn holds(&self, cards: &[Arc<str>]) -> Result<Vec<Hold>, StoreError> {
        type Row = (String, String, i64, i64);
        let rows =
            many_rows!(pool & self.reads, OF_CARDS, cards, Row, |query, card| query.bind(Arc::clone(card)));
        rows.into_iter().map(hold).collect()
    }

    /// Cards with a provisional charge.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn fare_cards_held(&self) -> Result<Vec<Arc<str>>, StoreError> {
        let rows: Vec<(String,)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select distinct card from hold order by card",
        )
        .fetch_all(on)
        .await?);
        Ok(rows.into_iter().map(|(card,)| card.into()).collect())
    }

    /// At most `rows_max` holds after this card and leg, by card and leg.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn holds_after(&self, card: &str, leg: &str, rows_max: u32) -> Result<Vec<Hold>, StoreError> {
        let rows: Vec<(String, String, i64, i64)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select card, leg, amount_satang, set_us from hold where (card, leg) > ($1, $2) \
             order by card, leg limit $3",
        )
        .bind(card)
        .bind(leg)
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        rows.into_iter().map(hold).collect()
    }
}

fn hold((card, leg, amount, set_us): (String, String, i64, i64)) -> Result<Hold, StoreError> {
    let parsed =
        LegId::parse(&leg).ok_or_else(|| StoreError::Unreadable(format!("hold: {leg:?} is no leg")))?;
    Ok(Hold { card: card.into(), leg: parsed, amount: Satang(amount), set: Timestamp(set_us) })
}
