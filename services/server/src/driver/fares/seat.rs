//! Who runs the fare engine: one process, by the lease of the role `fares`.
//!
//! Unlike tracking, nothing is shown from memory: every effect is a row, written in a transaction that checks the lease
//! first. So a holder that was paused or cut off can do no harm, and needs no clock of its own to stop in time.

use super::FARES;
use crate::process::ProcessId;
use crate::state::AppState;
use std::time::Duration;
use store::lease::LEASE_TTL_S;
use store::{Lease, StoreError};
use tokio_util::sync::CancellationToken;

/// How often a standby looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The lease; the desk renews it.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) lease: Lease,
}

impl Seat {
    /// Waits until this process may run the engine; `None` when it is to shut down.
    pub(super) async fn take(app: &AppState, token: &CancellationToken) -> Option<Self> {
        loop {
            match ask(app).await {
                Ok(Some(lease)) => {
                    tracing::info!(epoch = lease.epoch, "this process prices taps");
                    return Some(Self { lease });
                }
                Ok(None) => {}
                Err(failure) => {
                    tracing::warn!(%failure, "the lease of the fare engine could not be asked for")
                }
            }
            tokio::select! {
                () = token.cancelled() => return None,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Lets a standby begin at once.
    pub(super) async fn give_back(self, app: &AppState) {
        if let Err(failure) = app.db.lease_release(&self.lease).await {
            tracing::warn!(%failure, "the lease of the fare engine ends by itself");
        }
    }
}

/// Takes the lease when nobody holds it, or when whoever does is dead.
async fn ask(app: &AppState) -> Result<Option<Lease>, StoreError> {
    let row = app.db.lease_of(FARES, "").await?;
    if let Some(row) = row.filter(|row| row.holds() && &*row.lease.holder != app.office.holder()) {
        let is_gone = row.lease.holder.parse::<ProcessId>().is_ok_and(|process| process.is_surely_gone());
        if !is_gone {
            return Ok(None);
        }
        app.db.lease_release(&row.lease).await?;
    }
    app.db.lease_take(FARES, "", app.office.holder(), LEASE_TTL_S).await
}
