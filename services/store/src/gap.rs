//! Numbers of a terminal that have not come: asked for again, known to be gone, filled late, written off.
//!
//! What always holds (fares design, I9): what was received and what is here is every number from 1 to the
//! highest of its terminal and epoch.

use crate::audit::{self, Actor, Change};
use crate::sql::{on_pool, on_tx};
use crate::tap::window::TapWindow;
use crate::words::{known, words};
use crate::{Db, StoreError};
use gtfs::Timestamp;
use std::sync::Arc;

/// What is known of missing numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapState {
    /// The terminal says that it has them no more. Somebody must find out why.
    Open,
    /// They came after all.
    Filled,
    /// An operator gave them up.
    WrittenOff,
}

words!(GapState { Open = "open", Filled = "filled", WrittenOff = "written_off" });

/// Numbers that are, or were, missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The terminal.
    pub terminal: Arc<str>,
    /// Its epoch.
    pub epoch: u32,
    /// The first number.
    pub from: i64,
    /// The last.
    pub to: i64,
    /// What is known of them.
    pub state: GapState,
    /// How the terminal told: `held_from` or `lost`.
    pub cause: Arc<str>,
    /// When it did.
    pub found: Timestamp,
}

/// Numbers that the terminal is being asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// The terminal.
    pub terminal: Arc<str>,
    /// Its epoch.
    pub epoch: u32,
    /// The first number.
    pub from: i64,
    /// The last.
    pub to: i64,
}

/// What was received of one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The epoch.
    pub epoch: u32,
    /// Every number up to this one is settled.
    pub settled: i64,
    /// The highest number.
    pub top: i64,
    /// The holes between, rising.
    pub holes: Vec<(i64, i64)>,
}

impl Db {
    /// At most `rows_max` gaps in this state, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn gaps(&self, state: GapState, rows_max: u32) -> Result<Vec<Gap>, StoreError> {
        type Columns = (String, i64, i64, i64, String, String, i64);
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            "select terminal, epoch, seq_from, seq_to, state, cause, found_us from gap where state = $1 \
             order by found_us, terminal, epoch, seq_from limit $2",
        )
        .bind(state.word())
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        let gap = |(terminal, epoch, from, to, state, cause, found_us): Columns| {
            Ok(Gap {
                state: known("gap", &terminal, "state", &state, GapState::from_word(&state))?,
                terminal: terminal.into(),
                epoch: u32::try_from(epoch).unwrap_or_default(),
                from,
                to,
                cause: cause.into(),
                found: Timestamp(found_us),
            })
        };
        rows.into_iter().map(gap).collect()
    }

    /// The holes that terminals are being asked for, at most `rows_max`.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn tap_holes(&self, rows_max: u32) -> Result<Vec<Hole>, StoreError> {
        type Columns = (String, i64, i64, Vec<u8>, Vec<u8>);
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            "select terminal, epoch, settled, settled_hash, above from terminal_window where length(above) > 0 \
             order by terminal, epoch limit $1",
        )
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        let mut holes = Vec::new();
        for (terminal, epoch, settled, hash, above) in rows {
            let window = window(&terminal, settled, &hash, &above)?;
            let (terminal, epoch): (Arc<str>, _) =
                (terminal.into(), u32::try_from(epoch).unwrap_or_default());
            let hole = |(from, to)| Hole { terminal: Arc::clone(&terminal), epoch, from, to };
            holes.extend(window.holes().map(hole));
        }
        holes.truncate(rows_max as usize);
        Ok(holes)
    }

    /// What was received of a terminal, by epoch.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn taps_received(&self, terminal: &str) -> Result<Vec<Received>, StoreError> {
        type Columns = (i64, i64, Vec<u8>, Vec<u8>);
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            "select epoch, settled, settled_hash, above from terminal_window where terminal = $1 order by epoch",
        )
        .bind(terminal.to_owned())
        .fetch_all(on)
        .await?);
        let received = |(epoch, settled, hash, above): Columns| {
            let window = window(terminal, settled, &hash, &above)?;
            Ok(Received {
                epoch: u32::try_from(epoch).unwrap_or_default(),
                settled,
                top: window.top(),
                holes: window.holes().collect(),
            })
        };
        rows.into_iter().map(received).collect()
    }

    /// Gives up an open gap that begins at `from`; `false` when there is none.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn gap_write_off(
        &self,
        terminal: &str,
        epoch: u32,
        from: i64,
        by: &Actor,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let to: Option<(i64,)> = on_tx!(&mut tx, on => sqlx::query_as(
            "update gap set state = 'written_off', changed_us = $4 where terminal = $1 and epoch = $2 \
             and seq_from = $3 and state = 'open' returning seq_to",
        )
        .bind(terminal.to_owned())
        .bind(i64::from(epoch))
        .bind(from)
        .bind(by.at.0)
        .fetch_optional(on)
        .await?);
        let Some((to,)) = to else { return Ok(false) };
        let change = Change {
            agency: String::new(),
            action: "gap_write_off".into(),
            subject: format!("{terminal}/{epoch}/{from}-{to}"),
            before: "open".into(),
            after: "written_off".into(),
        };
        audit::append(&mut tx, by, &change).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Taps that do not follow from the one before, as (terminal, epoch, number, why); newest first.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn chain_breaks(
        &self,
        rows_max: u32,
    ) -> Result<Vec<(Arc<str>, u32, i64, Arc<str>)>, StoreError> {
        let rows: Vec<(String, i64, i64, String)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select terminal, epoch, seq, detail from chain_break order by found_us desc, terminal, epoch, seq limit $1",
        )
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        let row = |(terminal, epoch, seq, detail): (String, i64, i64, String)| {
            (terminal.into(), u32::try_from(epoch).unwrap_or_default(), seq, detail.into())
        };
        Ok(rows.into_iter().map(row).collect())
    }
}

fn window(terminal: &str, settled: i64, hash: &[u8], above: &[u8]) -> Result<TapWindow, StoreError> {
    TapWindow::stored(settled, hash, above)
        .ok_or_else(|| StoreError::Unreadable(format!("terminal_window {terminal:?}")))
}
