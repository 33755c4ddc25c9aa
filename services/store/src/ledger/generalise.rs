//! Places and times of rides are made coarse once nobody needs them (fares design, section 16).
//!
//! Stops, trips, vehicles and tap-offs go, times are cut to the hour, and the salt of the commit is deleted, so that
//! what is left of their digests says nothing. Money, days and routes stay, and stay proven.

use crate::sql::on_tx;
use crate::{Db, StoreError};
use gtfs::Timestamp;

/// Commits in one transaction.
const CHUNK_COMMITS: i64 = 500;

impl Db {
    /// Makes coarse what was committed before `before`; the number of legs and taps.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write; what was done before stays done.
    pub async fn ledger_generalise(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut rows = 0;
        loop {
            let mut tx = self.begin().await?;
            // The oldest commits that still have a salt, and the rows between the commit before them and the last.
            let bounds: (Option<i64>, Option<i64>) = on_tx!(&mut tx, on => sqlx::query_as(
                "select min(id), max(id) from (select c.id from ledger_salt s join ledger_commit c on c.id = s.commit_id \
                 where c.posted_us < $1 order by c.id limit $2) as oldest",
            )
            .bind(before.0)
            .bind(CHUNK_COMMITS)
            .fetch_one(on)
            .await?);
            let (Some(first), Some(last)) = bounds else { return Ok(rows) };
            rows += on_tx!(&mut tx, on => sqlx::query(
                "update leg set off_tap = null, trip = '', vehicle = '', from_stop = '', to_stop = '', \
                 start_us = start_us - start_us % 3600000000, end_us = end_us - end_us % 3600000000 \
                 where id > coalesce((select leg_last from ledger_commit where id = $1 - 1), 0) \
                 and id <= (select leg_last from ledger_commit where id = $2)",
            )
            .bind(first)
            .bind(last)
            .execute(on)
            .await?
            .rows_affected());
            rows += on_tx!(&mut tx, on => sqlx::query(
                "update tap_state set trip = '', vehicle = '', stop = '', ride_start_s = null, sequence = null, \
                 t_us = t_us - t_us % 3600000000 \
                 where id > coalesce((select tap_state_last from ledger_commit where id = $1 - 1), 0) \
                 and id <= (select tap_state_last from ledger_commit where id = $2)",
            )
            .bind(first)
            .bind(last)
            .execute(on)
            .await?
            .rows_affected());
            on_tx!(&mut tx, on => sqlx::query("delete from ledger_salt where commit_id between $1 and $2")
                .bind(first)
                .bind(last)
                .execute(on)
                .await
                .map(drop)?);
            tx.commit().await?;
        }
    }
}
