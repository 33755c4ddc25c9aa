//! Group commit: many requests, one transaction, one sync (`reliability` section 2).
//!
//! [`Writer::submit`] queues a batch and answers when it is on disk; [`WriterTask::run`] is the one task of
//! the process that commits. The first batch after a pause is committed at once. Under load, batches that
//! arrive while a commit runs wait for the next, which takes them all; small commits are spaced so that a
//! trickle does not turn into a sync per ping.
//!
//! What always holds: live batches go before backfill; a batch is stored whole or not at all; a bad batch
//! fails alone; after a failed sync nothing is acknowledged until the process is started again.

mod commit;
mod plan;
mod task;

pub use task::{CommitReport, WriterTask};

use crate::ping::{BATCH_ROWS_MAX, PingBatch, PingReceipt};
use crate::{Db, StoreError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::Instant;

/// How many records may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterLimits {
    /// Live records, [`LIVE_ROWS_QUEUED_MAX`].
    pub live_rows: usize,
    /// Backfilled records, [`BACKFILL_ROWS_QUEUED_MAX`].
    pub backfill_rows: usize,
}

/// Live records that may wait for a commit (`reliability` section 3).
pub const LIVE_ROWS_QUEUED_MAX: usize = 20_000;
/// Backfilled records that may wait for a commit (`reliability` section 3).
pub const BACKFILL_ROWS_QUEUED_MAX: usize = 50_000;
/// A queue fuller than this many quarters is busy (`reliability` section 3: 75 %).
const BUSY_QUARTERS: usize = 3;
/// When a live sender may try again, seconds.
const LIVE_RETRY_S: u32 = 1;
/// When a backfilling sender may try again, seconds: history waits first.
const BACKFILL_RETRY_S: u32 = 10;

impl Default for WriterLimits {
    fn default() -> Self {
        Self { live_rows: LIVE_ROWS_QUEUED_MAX, backfill_rows: BACKFILL_ROWS_QUEUED_MAX }
    }
}

/// The way to the writer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Writer {
    live: Lane,
    backfill: Lane,
    shared: Arc<Shared>,
}

/// How the writer is.
#[derive(Clone, Debug, PartialEq)]
pub struct WriterHealth {
    /// Waiting live records to their limit, 0 to 1; busy above 0.75.
    pub live_fill_ratio: f32,
    /// The same of backfill.
    pub backfill_fill_ratio: f32,
    /// Seconds that the commit in hand has taken so far; 0 when there is none.
    pub committing_s: f64,
    /// Why nothing is stored any more.
    pub stopped: Option<String>,
}

#[derive(Debug, Default)]
struct Shared {
    stopped: OnceLock<String>,
    committing_since: Mutex<Option<Instant>>,
}

/// A batch in the queue.
#[derive(Debug)]
struct Waiting {
    batch: PingBatch,
    answer: oneshot::Sender<Result<PingReceipt, StoreError>>,
    _room: OwnedSemaphorePermit,
}

#[derive(Clone, Debug)]
struct Lane {
    sender: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
    rows_max: usize,
    retry_after_s: u32,
}

/// A writer and the task behind it; nothing is stored until the task runs.
#[must_use]
pub fn writer(db: &Db, limits: WriterLimits) -> (Writer, WriterTask) {
    let (live, live_waiting) = Lane::new(limits.live_rows, LIVE_RETRY_S);
    let (backfill, backfill_waiting) = Lane::new(limits.backfill_rows, BACKFILL_RETRY_S);
    let shared = Arc::new(Shared::default());
    let task = WriterTask::new(db.clone(), Arc::clone(&shared), live_waiting, backfill_waiting);
    (Writer { live, backfill, shared }, task)
}

impl Writer {
    /// Stores a batch; the answer comes after its commit is synced. Dropping the future does not take the
    /// batch back.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Replayed`], [`StoreError::Refused`], [`StoreError::Full`],
    /// [`StoreError::Away`] or [`StoreError::Stopped`]: in all of them nothing may be acknowledged.
    pub async fn submit(&self, batch: PingBatch) -> Result<PingReceipt, StoreError> {
        if let Some(reason) = self.shared.stopped.get() {
            return Err(StoreError::Stopped(reason.clone()));
        }
        if batch.len() > BATCH_ROWS_MAX {
            return Err(StoreError::Refused(format!(
                "a batch of {} records, send at most {BATCH_ROWS_MAX}",
                batch.len()
            )));
        }
        let lane = if batch.is_backfill() { &self.backfill } else { &self.live };
        let room = lane.room(batch.len())?;
        let (answer, receipt) = oneshot::channel();
        let ended = || StoreError::Away("the writer has ended".into());
        lane.sender.try_send(Waiting { batch, answer, _room: room }).map_err(|_ended| ended())?;
        receipt.await.unwrap_or_else(|_dropped| Err(ended()))
    }

    /// How the writer is, for `/readyz` and the gauges.
    #[must_use]
    pub fn health(&self) -> WriterHealth {
        let since = *self.shared.committing_since.lock().unwrap_or_else(PoisonError::into_inner);
        WriterHealth {
            live_fill_ratio: self.live.fill_ratio(),
            backfill_fill_ratio: self.backfill.fill_ratio(),
            committing_s: since.map_or(0.0, |since| since.elapsed().as_secs_f64()),
            stopped: self.shared.stopped.get().cloned(),
        }
    }
}

impl Lane {
    fn new(rows_max: usize, retry_after_s: u32) -> (Self, mpsc::Receiver<Waiting>) {
        // Every waiting batch holds room for at least one row, so the channel is never the tighter limit.
        let (sender, waiting) = mpsc::channel(rows_max);
        (Self { sender, room: Arc::new(Semaphore::new(rows_max)), rows_max, retry_after_s }, waiting)
    }

    fn room(&self, rows: usize) -> Result<OwnedSemaphorePermit, StoreError> {
        let busy = StoreError::Busy { retry_after_s: self.retry_after_s };
        let taken = self.rows_max - self.room.available_permits();
        if taken * 4 > self.rows_max * BUSY_QUARTERS {
            return Err(busy);
        }
        let rows = u32::try_from(rows.max(1)).unwrap_or(u32::MAX);
        Arc::clone(&self.room).try_acquire_many_owned(rows).map_err(|_full| busy)
    }

    fn fill_ratio(&self) -> f32 {
        1.0 - self.room.available_permits() as f32 / self.rows_max as f32
    }
}
