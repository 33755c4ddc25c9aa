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

pub use commit::PingCommitter;
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

/// What is stored whole or not at all, as one sender sent it.
pub trait Batch: std::fmt::Debug + Send + Sync + 'static {
    /// What became of it.
    type Receipt: Clone + std::fmt::Debug + Send + 'static;
    /// Most records in one.
    const ROWS_MAX: usize;
    /// How many records.
    fn rows(&self) -> usize;
    /// Whether what is live goes before it.
    fn is_backfill(&self) -> bool;
}

/// What became of each batch of a group.
pub type Receipts<B> = Vec<Result<<B as Batch>::Receipt, StoreError>>;

/// Stores groups of one kind of batch.
pub trait Committer: Send + 'static {
    /// What it stores.
    type Batch: Batch;

    /// Stores `batches` in one transaction.
    fn commit_together(
        &mut self,
        batches: &[&Self::Batch],
    ) -> impl Future<Output = Result<Receipts<Self::Batch>, StoreError>> + Send;

    /// Stores `batches` in one transaction; when the database refuses something in it, each on its own, so
    /// that only the batch at fault fails.
    fn commit(
        &mut self,
        batches: &[&Self::Batch],
    ) -> impl Future<Output = Result<Receipts<Self::Batch>, StoreError>> + Send {
        async move {
            match self.commit_together(batches).await {
                Err(StoreError::Refused(reason)) if batches.len() > 1 => {
                    tracing::warn!(
                        reason,
                        batches = batches.len(),
                        "a batch is refused, each is stored on its own"
                    );
                    self.commit_apart(batches).await
                }
                Err(refused @ StoreError::Refused(_)) => Ok(vec![Err(refused)]),
                outcome => outcome,
            }
        }
    }

    /// Stores each of `batches` in a transaction of its own.
    fn commit_apart(
        &mut self,
        batches: &[&Self::Batch],
    ) -> impl Future<Output = Result<Receipts<Self::Batch>, StoreError>> + Send {
        async move {
            let mut receipts = Vec::with_capacity(batches.len());
            for batch in batches {
                match self.commit_together(&[batch]).await {
                    Ok(one) => receipts.extend(one),
                    Err(stopped @ StoreError::Stopped(_)) => return Err(stopped),
                    Err(error) => receipts.push(Err(error)),
                }
            }
            Ok(receipts)
        }
    }
}

/// The way to the writer. Cheap to clone.
#[derive(Debug)]
pub struct Writer<B: Batch = PingBatch> {
    live: Lane<B>,
    backfill: Lane<B>,
    shared: Arc<Shared>,
}

impl<B: Batch> Clone for Writer<B> {
    fn clone(&self) -> Self {
        let (live, backfill) = (self.live.clone(), self.backfill.clone());
        Self { live, backfill, shared: Arc::clone(&self.shared) }
    }
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
struct Waiting<B: Batch> {
    batch: B,
    answer: oneshot::Sender<Result<B::Receipt, StoreError>>,
    _room: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct Lane<B: Batch> {
    sender: mpsc::Sender<Waiting<B>>,
    room: Arc<Semaphore>,
    rows_max: usize,
    retry_after_s: u32,
}

impl<B: Batch> Clone for Lane<B> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), room: Arc::clone(&self.room), ..*self }
    }
}

/// A writer of pings and the task behind it; nothing is stored until the task runs.
#[must_use]
pub fn writer(db: &Db, limits: WriterLimits) -> (Writer, WriterTask) {
    writer_of(PingCommitter::new(db.clone()), limits)
}

/// A writer of what `committer` stores, and the task behind it.
#[must_use]
pub fn writer_of<C: Committer>(committer: C, limits: WriterLimits) -> (Writer<C::Batch>, WriterTask<C>) {
    let (live, live_waiting) = Lane::new(limits.live_rows, LIVE_RETRY_S);
    let (backfill, backfill_waiting) = Lane::new(limits.backfill_rows, BACKFILL_RETRY_S);
    let shared = Arc::new(Shared::default());
    let task = WriterTask::new(committer, Arc::clone(&shared), live_waiting, backfill_waiting);
    (Writer { live, backfill, shared }, task)
}

impl Batch for PingBatch {
    type Receipt = PingReceipt;
    const ROWS_MAX: usize = BATCH_ROWS_MAX;

    fn rows(&self) -> usize {
        self.len()
    }

    fn is_backfill(&self) -> bool {
        Self::is_backfill(self)
    }
}

impl<B: Batch> Writer<B> {
    /// Stores a batch; the answer comes after its commit is synced. Dropping the future does not take the
    /// batch back.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Replayed`], [`StoreError::Refused`], [`StoreError::Full`],
    /// [`StoreError::Away`] or [`StoreError::Stopped`]: in all of them nothing may be acknowledged.
    pub async fn submit(&self, batch: B) -> Result<B::Receipt, StoreError> {
        if let Some(reason) = self.shared.stopped.get() {
            return Err(StoreError::Stopped(reason.clone()));
        }
        if batch.rows() > B::ROWS_MAX {
            return Err(StoreError::Refused(format!(
                "a batch of {} records, send at most {}",
                batch.rows(),
                B::ROWS_MAX
            )));
        }
        let lane = if batch.is_backfill() { &self.backfill } else { &self.live };
        let room = lane.room(batch.rows())?;
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

impl<B: Batch> Lane<B> {
    fn new(rows_max: usize, retry_after_s: u32) -> (Self, mpsc::Receiver<Waiting<B>>) {
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
