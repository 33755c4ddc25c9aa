//! Reads the enrolled panels again every few seconds, and notes which of them are connected.

use crate::state::AppState;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often the enrolled panels are read: a revoked token stops working within this.
const READ_EVERY: Duration = Duration::from_secs(3);
/// How often it is noted which panels are connected.
const SEEN_EVERY: Duration = Duration::from_secs(60);

/// Runs until `token` is cancelled.
///
/// # Errors
/// Never: a database that is away is asked again.
pub async fn run(app: AppState, token: CancellationToken) -> anyhow::Result<()> {
    let mut seen_at = Instant::now() + SEEN_EVERY;
    loop {
        match app.db.panels().await {
            Ok(panels) => {
                app.live.sockets.close_panels(panels.iter().filter(|p| p.revoked.is_some()).map(|p| &*p.id));
                app.live.enrolled.replace(panels);
            }
            Err(failure) => tracing::warn!(%failure, "the enrolled panels can not be read"),
        }
        if Instant::now() >= seen_at {
            seen_at = Instant::now() + SEEN_EVERY;
            let now = app.clock.now();
            let seen: Vec<_> = app.live.sockets.panel_ids().into_iter().map(|id| (id.into(), now)).collect();
            if let Err(failure) = app.db.panels_seen(&seen).await {
                tracing::warn!(%failure, "it can not be noted which panels are connected");
            }
        }
        tokio::select! {
            () = token.cancelled() => return Ok(()),
            () = tokio::time::sleep(READ_EVERY) => {}
        }
    }
}
