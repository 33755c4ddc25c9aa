//! What the taps door follows while it runs: the terminals, the deny list; and what it writes down now and then.

use crate::state::AppState;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use store::{Contact, StoreError};
use tokio_util::sync::CancellationToken;

/// How often terminals and the deny list are read.
const READ_EVERY: Duration = Duration::from_secs(2);
/// Each so many rounds, contacts are written down and shifts compared.
const WRITE_EVERY_ROUNDS: u32 = 3;
/// Changes of the deny list read at once.
const DENY_PAGE_ROWS: u32 = 5_000;

/// Follows until `token` is cancelled.
///
/// # Errors
/// Never; a database that does not answer is tried again in the next round.
pub async fn follow(app: AppState, token: CancellationToken) -> anyhow::Result<()> {
    let mut every = tokio::time::interval(READ_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for round in 0u32.. {
        tokio::select! {
            () = token.cancelled() => break,
            _ = every.tick() => {}
        }
        if let Err(failure) = read(&app).await {
            tracing::warn!(%failure, "terminals and the deny list could not be read; the last ones hold");
        }
        if round.is_multiple_of(WRITE_EVERY_ROUNDS)
            && let Err(failure) = write_down(&app).await
        {
            tracing::warn!(%failure, "how terminals were last heard could not be written down");
        }
    }
    write_down(&app).await?;
    Ok(())
}

async fn read(app: &AppState) -> Result<(), StoreError> {
    let terminals = app.db.terminals().await?;
    let terminals = terminals.into_iter().map(|terminal| (Arc::clone(&terminal.id), terminal)).collect();
    app.taps.terminals.store(Arc::new(terminals));
    loop {
        let ver = app.taps.deny.read().unwrap_or_else(PoisonError::into_inner).ver();
        let entries = app.db.deny_since(ver, DENY_PAGE_ROWS).await?;
        if entries.is_empty() {
            return Ok(());
        }
        let taken = app.taps.deny.write().unwrap_or_else(PoisonError::into_inner).take(&entries);
        if !taken {
            tracing::error!(ver, "the deny list is full: later changes reach no terminal");
            return Ok(());
        }
    }
}

async fn write_down(app: &AppState) -> Result<(), StoreError> {
    let contacts = std::mem::take(&mut *app.taps.contacts.lock().unwrap_or_else(PoisonError::into_inner));
    if !contacts.is_empty() {
        let contacts: Vec<Contact> = contacts.into_values().collect();
        app.db.terminal_contacts(&contacts).await?;
    }
    app.db.shifts_compare().await?;
    Ok(())
}
