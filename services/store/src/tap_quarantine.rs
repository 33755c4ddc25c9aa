//! What could not be taken as a tap, with all its bytes, until a person has dealt with it.
//!
//! Unlike `quarantine`, nothing here is forgotten by age or number: it may be somebody's money. Ingest limits how
//! fast a terminal may fill it.

use crate::sql::{on_pool, on_tx};
use crate::{Db, StoreError};
use bytes::Bytes;
use gtfs::Timestamp;
use std::sync::Arc;

/// Something that is no tap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantinedTap {
    /// Names it.
    pub id: i64,
    /// When it was received.
    pub received: Timestamp,
    /// The terminal.
    pub terminal: Arc<str>,
    /// Its epoch, where that can be read.
    pub epoch: Option<u32>,
    /// Its number, where that can be read.
    pub seq: Option<i64>,
    /// A stable word: `format`, `conflict`, `envelope`.
    pub code: Arc<str>,
    /// What is wrong, for a person.
    pub detail: Arc<str>,
    /// Its bytes: JSON as sent, or the canonical line of a conflicting tap.
    pub raw: Bytes,
}

impl Db {
    /// Keeps a body whose envelope makes no sense. Taps are kept with their batch.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn tap_body_refused(
        &self,
        terminal: &Arc<str>,
        received: Timestamp,
        detail: &str,
        raw: &Bytes,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        on_tx!(&mut tx, on => sqlx::query(
            "insert into tap_quarantine (received_us, terminal, code, detail, state, raw) \
             values ($1, $2, 'envelope', $3, 'open', $4)",
        )
        .bind(received.0)
        .bind(Arc::clone(terminal))
        .bind(detail.to_owned())
        .bind(raw.to_vec())
        .execute(on)
        .await
        .map(drop)?);
        Ok(tx.commit().await?)
    }

    /// The oldest `rows_max` that nobody has dealt with, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn taps_quarantined(&self, rows_max: u32) -> Result<Vec<QuarantinedTap>, StoreError> {
        type Columns = (i64, i64, String, Option<i64>, Option<i64>, String, String, Vec<u8>);
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            "select id, received_us, terminal, epoch, seq, code, detail, raw from tap_quarantine \
             where state = 'open' order by received_us, id limit $1",
        )
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        let row = |(id, received_us, terminal, epoch, seq, code, detail, raw): Columns| QuarantinedTap {
            id,
            received: Timestamp(received_us),
            terminal: terminal.into(),
            epoch: epoch.and_then(|epoch| u32::try_from(epoch).ok()),
            seq,
            code: code.into(),
            detail: detail.into(),
            raw: raw.into(),
        };
        Ok(rows.into_iter().map(row).collect())
    }
}
