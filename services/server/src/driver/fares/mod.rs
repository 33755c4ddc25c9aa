//! Runs the fare engine: committed taps in, legs, holds and journals out, days closed.
//!
//! One process at a time, by its lease; any other stands by. After anything that could not be read or written the engine
//! is made anew from the database: it never knows more than is stored.

mod begin;
pub mod desk;
pub mod facts;
mod record;
mod seat;

use crate::ingest::taps::quote::QuoteAsk;
use crate::state::AppState;
use begin::Known;
use desk::Desk;
use fares::engine::Event;
use gtfs::Timestamp;
use seat::Seat;
use std::time::Duration;
use store::StoreError;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Taps are looked for this often even when nobody says that there are any: other processes commit them too.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often what changes seldom is read again: visits, terminals, tariffs.
const REFRESH_EVERY: Duration = Duration::from_secs(5);
/// After a failure the engine is made anew so much later.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Runs until `token` is cancelled, then gives the lease back.
///
/// # Errors
/// Never: a database that fails is tried again.
pub async fn run(app: AppState, token: CancellationToken) -> anyhow::Result<()> {
    while let Some(mut seat) = Seat::take(&app, &token).await {
        match work(&app, &mut seat, &token).await {
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

async fn work(app: &AppState, seat: &mut Seat, token: &CancellationToken) -> Result<(), StoreError> {
    let mut desk = Desk::open(app.db.clone(), Some(seat.lease.clone())).await?;
    let mut known = Known::begin(app, &mut desk).await?;
    let mut newest = app.taps.newest();
    let mut asked = app.quotes.connect();
    let mut refreshed = tokio::time::Instant::now();
    loop {
        seat.renew(app).await?;
        let round = desk.round(app.clock.now()).await?;
        if refreshed.elapsed() >= REFRESH_EVERY {
            known.refresh(app, &mut desk).await?;
            refreshed = tokio::time::Instant::now();
        }
        if round.is_behind {
            if token.is_cancelled() {
                return Ok(());
            }
            continue;
        }
        tokio::select! {
            () = token.cancelled() => return Ok(()),
            Some(question) = asked.recv() => answer(app, &mut desk, question, &mut asked).await?,
            Ok(()) = newest.changed() => {}
            () = tokio::time::sleep(until(app, desk.wake_at())) => {}
        }
    }
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

/// How long nothing will be due.
fn until(app: &AppState, wake_at: Option<Timestamp>) -> Duration {
    let due_s = wake_at.map_or(f64::INFINITY, |at| at.since_s(app.clock.now()) / app.clock.speed());
    LOOK_EVERY.min(Duration::try_from_secs_f64(due_s.max(0.001)).unwrap_or(LOOK_EVERY))
}

/// Events for the engine, in the order in which it wants to hear them.
type Events = Vec<Event>;
