//! What is kept how long. A job of the server calls [`Db::retain`] and writes the counts to the audit log.
//!
//! Rows go in small transactions, so that a large backlog never holds up a group commit. `device_boot` and
//! `audit` are kept for ever.

use crate::sql::on_tx;
use crate::{Db, StoreError};
use gtfs::Timestamp;

/// How long each kind of row is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Raw pings, days.
    pub pings_d: u32,
    /// Nonces of signed requests, seconds; longer than the window in which a signature is accepted.
    pub nonces_s: u32,
    /// Refused records, days.
    pub quarantine_d: u32,
    /// Refused records, at most.
    pub quarantine_rows_max: u32,
}

impl Default for Retention {
    /// 13 months, 300 s, 30 days, 100,000 rows (`reliability` sections 3 and 5, `ingest` section 4).
    fn default() -> Self {
        Self { pings_d: 396, nonces_s: 300, quarantine_d: 30, quarantine_rows_max: 100_000 }
    }
}

/// How many rows were deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Raw pings.
    pub pings: u64,
    /// Nonces.
    pub nonces: u64,
    /// Refused records, for their age or their number.
    pub quarantined: u64,
}

/// Rows in one transaction: a few milliseconds of the write connection.
const CHUNK_ROWS: i64 = 2_000;
const DAY_US: i64 = 86_400_000_000;

impl Db {
    /// Deletes what is older than `retention` allows at `now`.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write; what was deleted before stays deleted.
    pub async fn retain(&self, now: Timestamp, retention: &Retention) -> Result<Deleted, StoreError> {
        let before_us = |days: u32| now.0 - i64::from(days) * DAY_US;
        let pings = self
            .delete_chunks(
                "delete from ping where (boot_id, seq) in (select boot_id, seq from ping \
                 where received_us < $1 order by received_us limit $2)",
                before_us(retention.pings_d),
                CHUNK_ROWS,
            )
            .await?;
        let nonces = self.retain_nonces(now, retention).await?;
        let old = self
            .delete_chunks(
                "delete from quarantine where id in (select id from quarantine \
                 where received_us < $1 order by received_us limit $2)",
                before_us(retention.quarantine_d),
                CHUNK_ROWS,
            )
            .await?;
        let surplus = self
            .delete_chunks(
                "delete from quarantine where id in (select id from quarantine \
                 order by id desc limit $2 offset $1)",
                i64::from(retention.quarantine_rows_max),
                CHUNK_ROWS,
            )
            .await?;
        Ok(Deleted { pings, nonces, quarantined: old + surplus })
    }

    /// Deletes nonces only; called every minute, because they are many and short-lived.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn retain_nonces(&self, now: Timestamp, retention: &Retention) -> Result<u64, StoreError> {
        self.delete_chunks(
            "delete from nonce where (key_id, nonce) in (select key_id, nonce from nonce \
             where received_us < $1 order by received_us limit $2)",
            now.0 - i64::from(retention.nonces_s) * gtfs::time::MICROS,
            CHUNK_ROWS,
        )
        .await
    }

    /// Runs `sql` with `limit` and `chunk_rows`, a transaction each, until there is nothing more to delete.
    async fn delete_chunks(&self, sql: &'static str, limit: i64, chunk_rows: i64) -> Result<u64, StoreError> {
        let mut deleted = 0;
        loop {
            let mut tx = self.begin().await?;
            let rows = on_tx!(&mut tx, on => sqlx::query(sql)
                .bind(limit)
                .bind(chunk_rows)
                .execute(on)
                .await?
                .rows_affected());
            tx.commit().await?;
            deleted += rows;
            if rows < chunk_rows.unsigned_abs() {
                return Ok(deleted);
            }
        }
    }
}
