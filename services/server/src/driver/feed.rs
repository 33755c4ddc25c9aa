//! The feed manager: reads the configured feed, watches it, and swaps it in when it changes.
//!
//! What always holds: an unusable feed never replaces a good one; what is wrong with it is said once,
//! with file, line and field. A swap is an event to the tracking driver and costs readers nothing.
//! `SIGHUP` reads the feed again at once.

mod fetch;
mod guard;
mod pack;
mod source;
mod watch;

use crate::live::FeedFile;
use crate::state::AppState;
use anyhow::Context;
use bytes::Bytes;
use gtfs::{Findings, Severity, feed};
use sha2::{Digest, Sha256};
use source::FeedSource;
use std::sync::Arc;
use std::time::Duration;
use store::FeedLoaded;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use watch::Watch;

/// How often a file or folder is looked at.
const FILE_POLL: Duration = Duration::from_secs(2);
/// How often an address is asked whether its feed changed.
const URL_POLL: Duration = Duration::from_secs(300);
/// How soon an address that failed is asked again.
const URL_RETRY: Duration = Duration::from_secs(30);
/// How many findings of a refused feed are logged; `padriew import` shows them all.
const FINDINGS_LOGGED_MAX: usize = 10;

/// Runs until `token` is cancelled.
///
/// # Errors
/// When the configured feed is neither a path nor an address, or signals can not be listened for.
pub async fn run(app: AppState, token: CancellationToken) -> anyhow::Result<()> {
    let Some(source) = FeedSource::of(&app.config.gtfs) else {
        tracing::warn!("no feed is configured; give one with --gtfs feed.zip, a folder or an https address");
        token.cancelled().await;
        return Ok(());
    };
    let mut asked = signal(SignalKind::hangup()).context("SIGHUP can not be listened for")?;
    let mut watch = Watch::of(source)?;
    loop {
        let wait = match watch.changed().await {
            Ok(Some(bytes)) => {
                take(&app, &watch, bytes).await;
                watch.pause(false)
            }
            Ok(None) => watch.pause(false),
            Err(failure) => {
                let failure = format!("{failure:#}");
                tracing::warn!(
                    feed = app.config.gtfs,
                    failure,
                    "the feed can not be read; the last one stays in force"
                );
                watch.pause(true)
            }
        };
        tokio::select! {
            () = token.cancelled() => return Ok(()),
            () = tokio::time::sleep(wait) => {}
            _ = asked.recv() => watch.forget(),
        }
    }
}

/// Loads a changed feed away from the event loop, and puts it in force when it is usable.
async fn take(app: &AppState, watch: &Watch, zip: Bytes) {
    let bytes = zip.clone();
    let loading = tokio::task::spawn_blocking(move || feed::load(feed::Source::Zip(&bytes)));
    match loading.await {
        Ok(Ok(loaded)) => {
            let unchanged =
                app.feeds.current().is_some_and(|now| now.feed.hash == loaded.timetable.feed.hash);
            if unchanged {
                return;
            }
            say_loaded(&loaded.timetable, &loaded.findings);
            note(app, watch, &loaded.timetable).await;
            let file = FeedFile { zip, hash: loaded.timetable.feed.hash };
            app.live.feed_file.store(Some(Arc::new(file)));
            app.feeds.swap(Arc::new(loaded.timetable));
        }
        Ok(Err(refused)) => say_refused(watch, &refused.findings, app.feeds.current().is_some()),
        Err(failure) => tracing::error!(%failure, "the feed could not be loaded: a fault of ours"),
    }
}

/// Leaves a row about the feed; a database that is away does not keep a feed out of force.
async fn note(app: &AppState, watch: &Watch, timetable: &gtfs::Timetable) {
    let Some(file) = app.live.feed_file.load_full() else { return };
    let row = FeedLoaded {
        sha256: Sha256::digest(&file.zip).to_vec(),
        publisher: timetable.feed.publisher.to_string(),
        version: timetable.feed.version.to_string(),
        path: watch.name(),
        byte_count: file.zip.len() as u64,
        loaded: app.clock.now(),
    };
    if let Err(failure) = app.db.feed_loaded(&row).await {
        tracing::warn!(%failure, "the new feed could not be noted in the database");
    }
}

/// Fetches a feed once, within the same limits.
///
/// # Errors
/// When the publisher does not answer with a feed of acceptable size.
pub(crate) async fn fetch_once(url: &str) -> anyhow::Result<Bytes> {
    match fetch::Fetcher::new(url)?.fetch(url).await? {
        fetch::Fetched::New(zip) => Ok(zip),
        fetch::Fetched::Same => {
            anyhow::bail!("the publisher says that nothing changed, though nothing was asked")
        }
    }
}

fn say_loaded(timetable: &gtfs::Timetable, findings: &Findings) {
    tracing::info!(
        publisher = %timetable.feed.publisher,
        version = %timetable.feed.version,
        routes = timetable.routes.len(),
        stops = timetable.stops.len(),
        trips = timetable.trips.len(),
        errors = findings.count(Severity::Error),
        warnings = findings.count(Severity::Warning),
        "a feed is in force"
    );
}

fn say_refused(watch: &Watch, findings: &Findings, has_old: bool) {
    let stays = if has_old { "the last one stays in force" } else { "no timetable is in force" };
    tracing::error!(feed = watch.name(), "the feed can not be used; {stays}");
    let fatal = findings.examples().iter().filter(|finding| finding.severity == Severity::Fatal);
    for finding in fatal.take(FINDINGS_LOGGED_MAX) {
        tracing::error!("{finding}");
    }
}
