//! `inspection`: what inspectors asked about cards on board, and what they were told.

use crate::sql::{on_pool, on_tx};
use crate::{Db, StoreError};
use gtfs::Timestamp;
use std::sync::Arc;

/// A card was looked at on board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// When.
    pub at: Timestamp,
    /// The card's keyed token.
    pub card: Arc<str>,
    /// The operator that looked.
    pub who: Arc<str>,
    /// The vehicle or pier, as given; may be empty.
    pub place: Arc<str>,
    /// What was found: `valid`, `no_tap`, `denied`, `unknown`.
    pub found: Arc<str>,
}

impl Db {
    /// Stores an inspection.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn inspection(&self, inspection: &Inspection) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        on_tx!(&mut tx, on => sqlx::query(
            "insert into inspection (at_us, card, who, place, found) values ($1, $2, $3, $4, $5)",
        )
        .bind(inspection.at.0)
        .bind(Arc::clone(&inspection.card))
        .bind(Arc::clone(&inspection.who))
        .bind(Arc::clone(&inspection.place))
        .bind(Arc::clone(&inspection.found))
        .execute(on)
        .await
        .map(drop)?);
        Ok(tx.commit().await?)
    }

    /// The newest `rows_max` inspections of a card, newest first.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn inspections(&self, card: &Arc<str>, rows_max: u32) -> Result<Vec<Inspection>, StoreError> {
        let rows: Vec<(i64, String, String, String)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select at_us, who, place, found from inspection where card = $1 order by id desc limit $2",
        )
        .bind(Arc::clone(card))
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        let inspection = |(at_us, who, place, found): (i64, String, String, String)| Inspection {
            at: Timestamp(at_us),
            card: Arc::clone(card),
            who: who.into(),
            place: place.into(),
            found: found.into(),
        };
        Ok(rows.into_iter().map(inspection).collect())
    }
}
