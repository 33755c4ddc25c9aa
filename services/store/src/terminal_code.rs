//! Codes with which a terminal fetches its key: each good once, for a day, and for a few wrong tries.

use crate::audit::{self, Actor, Change};
use crate::sql::on_tx;
use crate::{Db, StoreError};
use std::sync::Arc;

/// A code is good for so long, microseconds: a day.
const GOOD_US: i64 = 86_400_000_000;
/// Wrong tries after which a code is good no more, by anyone: of 2^80 codes nobody guesses one.
pub const TRIES_MAX: i64 = 5;

impl Db {
    /// Gives a registered terminal a code, of which only the SHA-256 is kept; an older one is good no more.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when there is no such terminal, or any other error of a write.
    pub async fn terminal_code_put(
        &self,
        terminal: &Arc<str>,
        code_sha256: &[u8],
        by: &Actor,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        on_tx!(&mut tx, on => sqlx::query(
            "insert into terminal_code (terminal, code_sha256, made_us, tries) values ($1, $2, $3, 0) \
             on conflict (terminal) do update set code_sha256 = excluded.code_sha256, made_us = excluded.made_us, \
             tries = 0",
        )
        .bind(Arc::clone(terminal))
        .bind(code_sha256)
        .bind(by.at.0)
        .execute(on)
        .await
        .map(drop)?);
        audit::append(&mut tx, by, &change("terminal_code", terminal)).await?;
        Ok(tx.commit().await?)
    }

    /// Uses a code up: `true` when it is the terminal's and still good. A wrong one counts against it.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn terminal_code_take(
        &self,
        terminal: &Arc<str>,
        code_sha256: &[u8],
        by: &Actor,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let kept: Option<(Vec<u8>,)> = on_tx!(&mut tx, on => sqlx::query_as(
            "update terminal_code set tries = tries + 1 where terminal = $1 and made_us > $2 and tries < $3 \
             returning code_sha256",
        )
        .bind(Arc::clone(terminal))
        .bind(by.at.0 - GOOD_US)
        .bind(TRIES_MAX)
        .fetch_optional(on)
        .await?);
        let is_right = kept.as_ref().is_some_and(|(kept,)| kept == code_sha256);
        if is_right {
            on_tx!(&mut tx, on => sqlx::query("delete from terminal_code where terminal = $1")
                .bind(Arc::clone(terminal))
                .execute(on)
                .await
                .map(drop)?);
        }
        if kept.is_some() {
            let action = if is_right { "terminal_code_used" } else { "terminal_code_wrong" };
            audit::append(&mut tx, by, &change(action, terminal)).await?;
        }
        tx.commit().await?;
        Ok(is_right)
    }
}

fn change(action: &str, terminal: &str) -> Change {
    Change { action: action.into(), subject: terminal.into(), ..Change::default() }
}
