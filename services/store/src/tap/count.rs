//! How many taps came from each terminal, by when they were received.
//!
//! Requests are stored in the order in which they came, to within seconds, so that a time is found by halving the ids and
//! needs no index of its own; only what a person has mended stands later than it came.

use super::MENDED_BY;
use crate::sql::on_pool;
use crate::{Db, StoreError};
use gtfs::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

impl Db {
    /// Taps of each terminal that were received at `from` or later, and before `until`; without those that have none.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn taps_by_terminal(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<HashMap<Arc<str>, u32>, StoreError> {
        let newest = self.taps_newest().await?;
        let first = self.last_tap_before(from, newest).await?;
        let last = self.last_tap_before(until, newest).await?;
        let rows: Vec<(String, i64)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select terminal, cast(sum(tap_last - tap_first + 1) as bigint) from tap_batch \
             where tap_last > $1 and tap_last <= $2 group by terminal",
        )
        .bind(first)
        .bind(last)
        .fetch_all(on)
        .await?);
        let count =
            |(terminal, taps): (String, i64)| (terminal.into(), u32::try_from(taps).unwrap_or(u32::MAX));
        Ok(rows.into_iter().map(count).collect())
    }

    /// The id of the last tap that was received before `t`, of those up to `newest`; 0 when there is none.
    pub(crate) async fn last_tap_before(&self, t: Timestamp, newest: i64) -> Result<i64, StoreError> {
        let (mut before, mut after) = (0, newest);
        while before < after {
            let middle = before + (after - before) / 2;
            let row: Option<(i64, i64)> = on_pool!(&self.reads, on => sqlx::query_as(
                "select tap_last, received_us from tap_batch where tap_last > $1 and key_id not like $2 \
                 order by tap_last limit 1",
            )
            .bind(middle)
            .bind(format!("{MENDED_BY}%"))
            .fetch_optional(on)
            .await?);
            match row {
                Some((last, received_us)) if received_us < t.0 => before = last,
                _ => after = middle,
            }
        }
        Ok(before)
    }
}
