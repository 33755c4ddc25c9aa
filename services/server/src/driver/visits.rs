//! Takes observed stop visits to the database, many in one statement.
//!
//! The tracking driver never waits for the database: visits queue here. When the queue is full the
//! visits are counted as lost; they can be made again from the stored pings.

use crate::state::AppState;
use anyhow::ensure;
use gtfs::{StopVisit, Timetable};
use std::sync::Arc;
use std::time::Duration;
use store::Visit;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

/// Visits that may wait for the database.
pub const VISITS_QUEUED_MAX: usize = 20_000;
/// Visits in one transaction.
const VISITS_AT_ONCE: usize = 512;
/// Visits gather for this long, so that a quiet town writes seldom.
const GATHER: Duration = Duration::from_millis(500);
/// Wait after the database refused.
const RETRY: Duration = Duration::from_secs(2);

/// The end of the queue; kept across restarts of the task.
pub type Queued = Arc<Mutex<mpsc::Receiver<Visit>>>;

/// A visit with the ids of its feed, which outlive the feed's indexes.
#[must_use]
pub fn with_ids(timetable: &Timetable, visit: &StopVisit) -> Option<Visit> {
    Some(Visit {
        day: visit.day,
        trip: (&*timetable.trips.get(visit.trip.at())?.id).into(),
        start: visit.start,
        stop_sequence: visit.stop_sequence,
        vehicle: Arc::clone(&visit.vehicle),
        stop: (&*timetable.stops.get(visit.stop.at())?.id).into(),
        arrival: visit.arrival,
        departure: visit.departure,
        plus_minus_s: visit.plus_minus_s,
        source: visit.source,
    })
}

/// Runs until `token` is cancelled and the queue is empty.
///
/// # Errors
/// When the queue has no sender left.
pub async fn run(app: AppState, queue: Queued, token: CancellationToken) -> anyhow::Result<()> {
    let mut queue = queue.lock().await;
    let mut visits = Vec::with_capacity(VISITS_AT_ONCE);
    loop {
        tokio::select! {
            n = queue.recv_many(&mut visits, VISITS_AT_ONCE) => {
                ensure!(n > 0, "nobody sends visits any more");
            }
            () = token.cancelled() => {
                queue.close();
                while queue.recv_many(&mut visits, VISITS_AT_ONCE).await > 0 {}
                if !visits.is_empty() {
                    app.db.visits_store(&visits, None).await?;
                }
                return Ok(());
            }
        }
        while let Err(failure) = app.db.visits_store(&visits, None).await {
            tracing::warn!(%failure, visits = visits.len(), "stop visits wait for the database");
            tokio::select! {
                () = token.cancelled() => return Ok(()),
                () = tokio::time::sleep(RETRY) => {}
            }
        }
        visits.clear();
        tokio::select! {
            () = token.cancelled() => {}
            () = tokio::time::sleep(GATHER) => {}
        }
    }
}
