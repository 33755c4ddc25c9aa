//! Terminals from which taps are missing, as their windows know it.

use crate::sql::on_pool;
use crate::{Db, StoreError};
use std::sync::Arc;

/// A terminal's sequence with holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalMissing {
    /// The terminal.
    pub terminal: Arc<str>,
    /// Its epoch.
    pub epoch: i64,
    /// The highest number up to which all are settled.
    pub settled: i64,
    /// How many below that were skipped and have not come.
    pub missing: i64,
}

impl Db {
    /// At most `rows_max` terminals that skipped numbers, the worst first.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn terminals_missing_taps(&self, rows_max: u32) -> Result<Vec<TerminalMissing>, StoreError> {
        let rows: Vec<(String, i64, i64, i64)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select terminal, epoch, settled, lost from terminal_window where lost > 0 \
             order by lost desc, terminal, epoch limit $1",
        )
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        let row = |(terminal, epoch, settled, missing): (String, i64, i64, i64)| TerminalMissing {
            terminal: terminal.into(),
            epoch,
            settled,
            missing,
        };
        Ok(rows.into_iter().map(row).collect())
    }
}
