//! What could not be taken as a tap, with all its bytes, until a person has dealt with it.
//!
//! Unlike `quarantine`, nothing here is forgotten by age or number: it may be somebody's money. Ingest limits how
//! fast a terminal may fill it.

use crate::sql::{on_pool, on_tx};
use crate::words::{known, words};
use crate::{Db, StoreError};
use bytes::Bytes;
use fares::tap::RequestClock;
use gtfs::Timestamp;
use std::sync::Arc;

/// How far a person is with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuarantineState {
    /// Nobody has dealt with it.
    Open,
    /// The tap is stored: mended by a person, or it came again and could be read.
    Fixed,
    /// It is nothing worth a tap.
    Dismissed,
}

words!(QuarantineState { Open = "open", Fixed = "fixed", Dismissed = "dismissed" });

/// Something that is no tap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantinedTap {
    /// Names it.
    pub id: i64,
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
    /// The clocks of the request that brought it; of a body that made no sense only when it was received.
    pub clock: RequestClock,
    /// The deny list that its terminal had.
    pub deny_ver: i64,
    /// How far a person is with it.
    pub state: QuarantineState,
    /// Who settled it; empty before, and where it came again by itself.
    pub settled_by: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
}

macro_rules! quarantine_columns {
    () => {
        "select id, received_us, terminal, epoch, seq, code, detail, state, raw, boot, up_ms, wall_us, rtt_ms, deny_ver, \
         settled_by, reason from tap_quarantine "
    };
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
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn taps_quarantined(&self, rows_max: u32) -> Result<Vec<QuarantinedTap>, StoreError> {
        self.taps_in_quarantine(QuarantineState::Open, rows_max).await
    }

    /// The oldest `rows_max` in a state, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn taps_in_quarantine(
        &self,
        state: QuarantineState,
        rows_max: u32,
    ) -> Result<Vec<QuarantinedTap>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(quarantine_columns!(), "where state = $1 order by received_us, id limit $2"),
        )
        .bind(state.word())
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        rows.into_iter().map(Columns::read).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn tap_quarantined(&self, id: i64) -> Result<Option<QuarantinedTap>, StoreError> {
        let row: Option<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(quarantine_columns!(), "where id = $1"),
        )
        .bind(id)
        .fetch_optional(on)
        .await?);
        row.map(Columns::read).transpose()
    }
}

#[derive(sqlx::FromRow)]
struct Columns {
    id: i64,
    received_us: i64,
    terminal: String,
    epoch: Option<i64>,
    seq: Option<i64>,
    code: String,
    detail: String,
    state: String,
    raw: Vec<u8>,
    boot: Option<String>,
    up_ms: Option<i64>,
    wall_us: Option<i64>,
    rtt_ms: Option<i64>,
    deny_ver: Option<i64>,
    settled_by: Option<String>,
    reason: Option<String>,
}

impl Columns {
    fn read(self) -> Result<QuarantinedTap, StoreError> {
        let state = QuarantineState::from_word(&self.state);
        Ok(QuarantinedTap {
            id: self.id,
            state: known("tap_quarantine", &self.id.to_string(), "state", &self.state, state)?,
            terminal: self.terminal.into(),
            epoch: self.epoch.and_then(|epoch| u32::try_from(epoch).ok()),
            seq: self.seq,
            code: self.code.into(),
            detail: self.detail.into(),
            raw: self.raw.into(),
            clock: RequestClock {
                received: Timestamp(self.received_us),
                boot: self.boot.unwrap_or_default().into(),
                up_ms: self.up_ms.unwrap_or_default(),
                wall: self.wall_us.map(Timestamp),
                rtt_ms: self.rtt_ms.unwrap_or_default(),
            },
            deny_ver: self.deny_ver.unwrap_or_default(),
            settled_by: self.settled_by.unwrap_or_default().into(),
            reason: self.reason.unwrap_or_default().into(),
        })
    }
}
