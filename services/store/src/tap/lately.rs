//! The cards that tapped at a terminal lately: what it can be told the balances of.

use super::block;
use crate::sql::on_pool;
use crate::{Db, StoreError};
use fares::TapLine;
use gtfs::Timestamp;
use std::collections::HashSet;
use std::sync::Arc;

/// Runs of numbers looked through: a terminal that is never offline has one for each tap.
const RUNS_MAX: i64 = 2_000;

impl Db {
    /// Cards of the newest taps of a terminal that were received at `since` or later, newest first, each once, at most
    /// `cards_max`.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn cards_lately(
        &self,
        terminal: &Arc<str>,
        since: Timestamp,
        cards_max: usize,
    ) -> Result<Vec<Arc<str>>, StoreError> {
        let rows: Vec<(i64, i64, i64, Vec<u8>)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select r.tap_first, r.seq_count, b.tap_first, b.lines from tap_run r join tap_batch b on b.tap_last = \
             (select min(tap_last) from tap_batch where tap_last >= r.tap_first) \
             where r.terminal = $1 and b.received_us >= $2 order by r.epoch desc, r.seq_first desc limit $3",
        )
        .bind(Arc::clone(terminal))
        .bind(since.0)
        .bind(RUNS_MAX)
        .fetch_all(on)
        .await?);
        let (mut cards, mut there) = (Vec::new(), HashSet::new());
        for (first, count, block_first, lines) in rows {
            let text = block::unpacked(&lines, block_first)?;
            let skipped = usize::try_from(first - block_first).unwrap_or_default();
            let run = block::lines(&text).skip(skipped).take(usize::try_from(count).unwrap_or_default());
            let run: Vec<&str> = run.map(|(line, _)| line).collect();
            for line in run.into_iter().rev() {
                let Ok(tap) = TapLine::read(line) else { continue };
                if cards.len() == cards_max {
                    return Ok(cards);
                }
                if !there.contains(tap.card) {
                    let card: Arc<str> = tap.card.into();
                    there.insert(Arc::clone(&card));
                    cards.push(card);
                }
            }
        }
        Ok(cards)
    }
}
