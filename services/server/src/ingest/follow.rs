//! What ingest follows while it runs: the registry, the feed's area, and at start the stored pings.

use crate::state::AppState;
use chrono::Offset;
use gtfs::Timetable;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracking::check::{Area, CheckParams, DeviceState};

/// How often the registry is read: a change holds in every process within twice this and a read.
const REGISTRY_EVERY: Duration = Duration::from_secs(2);
/// How often it is written down when keys were last used.
const USED_EVERY: Duration = Duration::from_secs(30);
/// How far back live heads are looked for at start, seconds. What is older is history by R05 whatever
/// the head is, so nothing more is needed.
const HEADS_S: f64 = 120.0;
/// Reads the registry again and again, and takes the area from each new feed, until `token` is
/// cancelled.
///
/// # Errors
/// When the feed manager is gone. A database that does not answer is waited for.
pub async fn follow(app: AppState, token: CancellationToken) -> anyhow::Result<()> {
    let mut feeds = app.feeds.subscribe();
    loop {
        if let Some(timetable) = app.feeds.current() {
            app.ingest.params.store(Arc::new(params_of(&timetable, &app)));
        }
        let mut every = tokio::time::interval(REGISTRY_EVERY);
        let mut write_down = tokio::time::interval(USED_EVERY);
        loop {
            tokio::select! {
                () = token.cancelled() => return Ok(()),
                changed = feeds.changed() => { changed?; break }
                _ = write_down.tick() => keys_used(&app).await,
                _ = every.tick() => {
                    if let Err(failure) = app.ingest.registry.refresh(&app.db).await {
                        tracing::warn!(%failure, "the device registry could not be read; the last one holds");
                    }
                }
            }
        }
    }
}

/// Writes down which keys were used, for `padriew device list`.
async fn keys_used(app: &AppState) {
    let used = app.ingest.registry.take_used();
    if used.is_empty() {
        return;
    }
    if let Err(failure) = app.db.device_keys_used(&used).await {
        tracing::warn!(%failure, "when keys were last used could not be written down");
    }
}

fn params_of(timetable: &Timetable, app: &AppState) -> CheckParams {
    let now = app.clock.now().utc().unwrap_or_default();
    let zone_offset_s = now.with_timezone(&timetable.tz).offset().fix().local_minus_utc();
    CheckParams { area: Area::of(timetable), zone_offset_s, ..CheckParams::default() }
}

/// Reads the registry, and finds each device's live head among the pings of the last two minutes.
///
/// # Errors
/// When the database does not answer.
pub async fn restore(app: &AppState) -> anyhow::Result<()> {
    app.ingest.registry.refresh(&app.db).await?;
    for head in app.db.live_heads(app.clock.now().plus_s(-HEADS_S)).await? {
        let Some(device) = app.ingest.registry.device(&head.device) else { continue };
        device.lane.lock().state = DeviceState::restored(head.t, head.lat, head.lon);
    }
    Ok(())
}
