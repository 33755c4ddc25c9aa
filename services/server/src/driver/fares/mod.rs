//! Runs the fare engine: committed taps in, legs, holds and journals out, days closed.
//!
//! One process at a time, by its lease; any other stands by. After anything that could not be read or written the engine
//! is made anew from the database: it never knows more than is stored.

pub(crate) mod begin;
pub mod close;
mod commands;
pub mod desk;
pub mod facts;
pub mod halt;
mod recompute;
mod record;
pub mod replay;
mod said;
mod seat;
mod seen;
pub(crate) mod shadow;
pub mod silent;
pub mod tariffs;

pub use begin::{Known, configuration};

use crate::ingest::taps::quote::QuoteAsk;
use crate::state::AppState;
use desk::Desk;
use fares::engine::Event;
use gtfs::Timestamp;
use seat::Seat;
use silent::Watch;
use std::time::Duration;
use store::StoreError;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// The lease of the process that runs the fare engine.
pub(crate) const FARES: &str = "fares";
/// Taps are looked for this often even when nobody says that there are any: other processes commit them too.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// But not more often than this, unless a rider waits: each commit of the engine is one that acks wait for.
const ROUND_EVERY: Duration = Duration::from_millis(100);
/// How often what changes seldom is read again: visits, terminals, tariffs.
const REFRESH_EVERY: Duration = Duration::from_secs(5);
/// The engine waits so long for the timetable when the server starts.
const TIMETABLE_MAX: Duration = Duration::from_secs(60);
/// A day that could not be closed is tried again after this.
const CLOSE_AGAIN_AFTER: Duration = Duration::from_secs(600);
/// After a failure the engine is made anew so much later.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Runs until `token` is cancelled, then gives the lease back.
///
/// # Errors
/// Never: a database that fails is tried again.
pub async fn run(app: AppState, token: CancellationToken) -> anyhow::Result<()> {
    while halt::is_over(&app, &token).await
        && let Some(seat) = Seat::take(&app, &token).await
    {
        match work(&app, &seat, &token).await {
            Ok(()) => {
                seat.give_back(&app).await;
                return Ok(());
            }
            Err(failure) => {
                tracing::error!(%failure, "the fare engine stopped; it begins again from the database")
            }
        }
        tokio::select! {
            () = token.cancelled() => return Ok(()),
            () = tokio::time::sleep(RETRY_AFTER) => {}
        }
    }
    Ok(())
}

async fn work(app: &AppState, seat: &Seat, token: &CancellationToken) -> Result<(), StoreError> {
    let mut desk = Desk::open(app.db.clone(), Some(seat.lease.clone())).await?;
    if !has_timetable(app, &mut desk, token).await? {
        return Ok(());
    }
    let mut known = Known::begin(app, &mut desk).await?;
    let mut newest = app.taps.newest();
    let mut asked = app.quotes.connect();
    let mut refreshed = tokio::time::Instant::now();
    let (mut next_close, mut watch) = (refreshed, Watch::default());
    loop {
        let began = tokio::time::Instant::now();
        let round = desk.round(app.clock.now()).await?;
        if refreshed.elapsed() >= REFRESH_EVERY {
            known.refresh(app, &mut desk).await?;
            let (timetable, at) = (app.feeds.current(), (app.clock.now(), app.clock.speed()));
            watch.look_when_due(&app.db, &seat.lease, timetable.as_deref(), at).await?;
            if next_close <= tokio::time::Instant::now() && !close_overdue(app, &mut desk).await? {
                next_close = tokio::time::Instant::now() + CLOSE_AGAIN_AFTER;
            }
            refreshed = tokio::time::Instant::now();
        }
        desk.pace(round.is_behind && !newest.has_changed().unwrap_or(false));
        if round.is_behind {
            newest.mark_unchanged();
            if token.is_cancelled() {
                return Ok(());
            }
            continue;
        }
        tokio::select! {
            () = token.cancelled() => return Ok(()),
            Some(question) = asked.recv() => answer(app, &mut desk, question, &mut asked).await?,
            () = news(&mut newest, began + ROUND_EVERY) => {}
            () = tokio::time::sleep(until(app, desk.wake_at())) => {}
        }
    }
}

/// Closes the days whose time has come. One that does not balance stays cut, and is tried again later (`false`); taps go
/// on.
async fn close_overdue(app: &AppState, desk: &mut Desk) -> Result<bool, StoreError> {
    if !app.config.fares.close_days {
        return Ok(true);
    }
    let now = app.clock.now();
    for day in close::overdue(&app.db, now).await? {
        match close::close(desk, &app.db, &app.ingest.server_key, now, day, "padriew serve").await {
            Ok(sealed) => tracing::info!(%day, journals = sealed.hash.journals, "a day is closed"),
            Err(failure) => {
                tracing::error!(%day, failure = format!("{failure:#}"), "a day could not be closed");
                // What could not be written is known to the engine all the same: it begins anew.
                let store = failure.chain().find_map(|cause| cause.downcast_ref::<StoreError>());
                return store.map_or(Ok(false), |failure| Err(failure.clone()));
            }
        }
    }
    Ok(true)
}

/// Waits for the timetable: without it no tap has a trip. Not for ever, where another cause keeps it away. `false` when the
/// process is to shut down.
async fn has_timetable(
    app: &AppState,
    desk: &mut Desk,
    token: &CancellationToken,
) -> Result<bool, StoreError> {
    let (begun, mut swaps) = (tokio::time::Instant::now(), app.feeds.subscribe());
    while app.feeds.current().is_none() && !app.config.gtfs.is_empty() {
        if begun.elapsed() > TIMETABLE_MAX {
            tracing::warn!("there is no timetable yet: taps are priced without trips");
            break;
        }
        desk.renew().await?;
        tokio::select! {
            () = token.cancelled() => return Ok(false),
            _ = swaps.changed() => {}
            () = tokio::time::sleep(RETRY_AFTER) => {}
        }
    }
    Ok(true)
}

/// Takes the taps behind all questions that wait, then answers them.
async fn answer(
    app: &AppState,
    desk: &mut Desk,
    first: QuoteAsk,
    asked: &mut mpsc::Receiver<QuoteAsk>,
) -> Result<(), StoreError> {
    let mut questions = vec![first];
    while let Ok(question) = asked.try_recv() {
        questions.push(question);
    }
    desk.round(app.clock.now()).await?;
    for QuoteAsk { card, tap, answer } in questions {
        if let Some(quote) = desk.quote(&card, &tap.id) {
            // A terminal that has stopped waiting has decided alone.
            let _ = answer.send(quote);
        }
    }
    Ok(())
}

/// Waits for a tap, and until `not_before`; for ever when no more can come.
async fn news(newest: &mut watch::Receiver<i64>, not_before: tokio::time::Instant) {
    if newest.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep_until(not_before).await;
}

/// How long nothing will be due.
fn until(app: &AppState, wake_at: Option<Timestamp>) -> Duration {
    let due_s = wake_at.map_or(f64::INFINITY, |at| at.since_s(app.clock.now()) / app.clock.speed());
    LOOK_EVERY.min(Duration::try_from_secs_f64(due_s.max(0.001)).unwrap_or(LOOK_EVERY))
}

/// Events for the engine, in the order in which it wants to hear them.
type Events = Vec<Event>;
