//! Saves what the tracking core has learned, off its path, and notices what a person stored.
//!
//! A save that fails is logged, counted and tried again; it never ends anything. It goes down with the
//! storage, after the driver that learns, so that the last lessons are saved too.

use crate::memory::{FEED, Memory, pack, unpack};
use crate::state::AppState;
use anyhow::Context;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracking::Lessons;
use tracking::learned::Document;

/// How often the database is asked for another's version, and a failed save is tried again.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Saves until `token` is cancelled, and once more.
///
/// # Errors
/// Never; a database that does not answer is tried again.
pub async fn run(app: AppState, memory: Arc<Memory>, token: CancellationToken) -> anyhow::Result<()> {
    let mut every = interval(LOOK_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The lease is not given back before the last lessons are saved.
    let _writing = app.office.writing();
    loop {
        let ends = tokio::select! {
            () = token.cancelled() => true,
            () = memory.news.notified() => false,
            _ = every.tick() => false,
        };
        // Whoever stands by learns nothing, and reads what there is when it takes over.
        if app.office.tenure().is_some()
            && let Some(newest) = memory.newest()
            && let Err(failure) = settle(&app, &memory, newest).await
        {
            memory.saved(None);
            tracing::warn!(failure = format!("{failure:#}"), "what was learned is not saved; trying again");
        }
        if ends {
            return Ok(());
        }
    }
}

/// Takes over a version that somebody else stored after `newest`; otherwise saves what waits.
async fn settle(app: &AppState, memory: &Memory, newest: i64) -> anyhow::Result<()> {
    let stored = app.db.learned_newest(FEED).await?;
    if stored > newest {
        // What this process learned on top of the older version is void with it.
        memory.take();
        memory.knows(stored);
        let document = read(app, stored).await?;
        tracing::info!(version = stored, "what was learned is replaced by a version that was imported");
        memory.foreign.send_replace(Some(Arc::new(document)));
        return Ok(());
    }
    let Some(lessons) = memory.take() else { return Ok(()) };
    let saved = save(app, memory, &lessons, newest).await;
    if saved.is_err() && app.office.tenure().is_some() {
        memory.put_back(lessons);
    }
    saved
}

async fn save(app: &AppState, memory: &Memory, lessons: &Arc<Lessons>, newest: i64) -> anyhow::Result<()> {
    let lessons = Arc::clone(lessons);
    let packing = tokio::task::spawn_blocking(move || pack(&lessons.document()));
    let (version, packed) = packing.await??;
    // Somebody who was faster is found in the next round.
    let tenure = app.office.tenure().context("the tracking lease passed to another process")?;
    if let Some(id) = app.db.learned_save(&version, &packed, newest, Some(&tenure.lease)).await? {
        memory.knows(id);
        memory.saved(Some(version.byte_count));
    }
    Ok(())
}

/// Reads a stored version.
///
/// # Errors
/// When the database does not answer, or the document can not be read.
pub async fn read(app: &AppState, id: i64) -> anyhow::Result<Document> {
    let packed = app.db.learned_document(id).await?.context("the version went away meanwhile")?;
    unpack(&packed).with_context(|| format!("version {id} of what was learned"))
}
