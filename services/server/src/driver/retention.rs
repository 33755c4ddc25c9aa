//! Forgets what is too old: nonces every minute, pings and quarantine every hour.
//!
//! What was deleted is logged; nothing that a duplicate key or the audit log needs ever is.

use crate::state::AppState;
use std::time::Duration;
use store::StoreError;
use store::retention::Retention;
use tokio_util::sync::CancellationToken;

/// Nonces are many and short-lived.
const NONCES_EVERY: Duration = Duration::from_secs(60);
/// Everything else is looked at once in this many rounds.
const ROUNDS_BETWEEN_ALL: u32 = 60;

/// Runs until `token` is cancelled. A database that does not answer is asked again in the next round.
///
/// # Errors
/// Never.
pub async fn run(app: AppState, token: CancellationToken) -> anyhow::Result<()> {
    let mut every = tokio::time::interval(NONCES_EVERY);
    every.tick().await;
    for round in 1u32.. {
        tokio::select! {
            () = token.cancelled() => return Ok(()),
            _ = every.tick() => {}
        }
        if let Err(failure) = forget(&app, round.is_multiple_of(ROUNDS_BETWEEN_ALL)).await {
            tracing::warn!(%failure, "what is too old could not be deleted; trying again in a minute");
        }
    }
    Ok(())
}

async fn forget(app: &AppState, all: bool) -> Result<(), StoreError> {
    let (now, retention) = (app.clock.now(), Retention::default());
    if !all {
        return app.db.retain_nonces(now, &retention).await.map(drop);
    }
    let deleted = app.db.retain(now, &retention).await?;
    if deleted.pings + deleted.quarantined > 0 {
        tracing::info!(pings = deleted.pings, quarantined = deleted.quarantined, "deleted what is too old");
    }
    Ok(())
}
