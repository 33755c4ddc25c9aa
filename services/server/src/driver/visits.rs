//! Takes observed stop visits to the database, many in one statement.
//!
//! The tracking driver never waits for the database: visits queue here. When the queue is full the
//! visits are counted as lost; they can be made again from the stored pings.

use crate::state::AppState;
use anyhow::ensure;
use gtfs::{StopVisit, Timetable};
use std::sync::Arc;
use std::time::Duration;
use store::{Lease, StoreError, Visit};
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
pub type Queued = Arc<Mutex<mpsc::Receiver<Observed>>>;

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

/// A visit on its way to the database, and the lease under which it was observed.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The visit.
    pub visit: Visit,
    /// What its write is fenced with.
    pub lease: Lease,
}

/// Runs until `token` is cancelled and the queue is empty.
///
/// # Errors
/// When the queue has no sender left.
pub async fn run(app: AppState, queue: Queued, token: CancellationToken) -> anyhow::Result<()> {
    let mut queue = queue.lock().await;
    let mut observed = Vec::with_capacity(VISITS_AT_ONCE);
    loop {
        tokio::select! {
            n = queue.recv_many(&mut observed, VISITS_AT_ONCE) => {
                ensure!(n > 0, "nobody sends visits any more");
            }
            () = token.cancelled() => {
                queue.close();
                while queue.recv_many(&mut observed, VISITS_AT_ONCE).await > 0 {}
                store_all(&app, &mut observed, &token).await;
                return Ok(());
            }
        }
        store_all(&app, &mut observed, &token).await;
        tokio::select! {
            () = token.cancelled() => {}
            () = tokio::time::sleep(GATHER) => {}
        }
    }
}

/// Stores what was observed, each under its lease; waits for a database that is away.
async fn store_all(app: &AppState, observed: &mut Vec<Observed>, token: &CancellationToken) {
    for same in observed.chunk_by(|a, b| a.lease == b.lease) {
        let Some(Observed { lease, .. }) = same.first() else { continue };
        let visits: Vec<Visit> = same.iter().map(|observed| observed.visit.clone()).collect();
        loop {
            match app.db.visits_store(&visits, Some(lease)).await {
                Ok(()) => break,
                // Whoever tracks now sees them in the stored pings.
                Err(failure @ StoreError::Refused(_)) => {
                    tracing::warn!(%failure, visits = visits.len(), "stop visits are not stored");
                    app.live.counted.visits_lost(visits.len());
                    break;
                }
                Err(failure) => {
                    tracing::warn!(%failure, visits = visits.len(), "stop visits wait for the database");
                }
            }
            tokio::select! {
                () = token.cancelled() => break,
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }
    observed.clear();
}
