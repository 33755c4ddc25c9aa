//! The task that commits: gathers what waits, stores it, answers.

use super::{Batch, Committer, PingCommitter, Receipts, Shared, Waiting};
use crate::StoreError;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Rows in a commit at most: what waits beyond goes into the next.
const COMMIT_ROWS_MAX: usize = 2048;
/// Backfilled rows join live ones up to this many together, so that they hardly delay them.
const BACKFILL_BESIDE_LIVE_ROWS_MAX: usize = 512;
/// With this many rows a sync is cheap enough per row to be worth it at once.
const EAGER_ROWS: usize = 64;
/// Commits of fewer rows begin at least this far apart (`reliability` section 2).
const COMMIT_SPACING: Duration = Duration::from_millis(5);

/// What the task did in one commit, for the metrics.
#[derive(Clone, Debug)]
pub struct CommitReport {
    /// Batches in it.
    pub batches: usize,
    /// Records in it.
    pub rows: usize,
    /// From the begin to the end of the transaction, seconds.
    pub took_s: f64,
    /// Why the whole of it failed.
    pub error: Option<StoreError>,
}

/// The one task of a process that commits one kind of batch. Not restartable: it ends when it must not go on.
pub struct WriterTask<C: Committer = PingCommitter> {
    live: mpsc::Receiver<Waiting<C::Batch>>,
    backfill: mpsc::Receiver<Waiting<C::Batch>>,
    shared: Arc<Shared>,
    committer: C,
    observer: Box<dyn Fn(&CommitReport) + Send + Sync>,
    group: Vec<Waiting<C::Batch>>,
    rows: usize,
    last_commit: Option<Instant>,
}

impl<C: Committer> std::fmt::Debug for WriterTask<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WriterTask").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<C: Committer> WriterTask<C> {
    pub(super) fn new(
        committer: C,
        shared: Arc<Shared>,
        live: mpsc::Receiver<Waiting<C::Batch>>,
        backfill: mpsc::Receiver<Waiting<C::Batch>>,
    ) -> Self {
        let observer = Box::new(|_: &CommitReport| {});
        Self { live, backfill, shared, committer, observer, group: Vec::new(), rows: 0, last_commit: None }
    }

    /// Calls `observer` after every commit; it must not block.
    #[must_use]
    pub fn observed_by(mut self, observer: impl Fn(&CommitReport) + Send + Sync + 'static) -> Self {
        self.observer = Box::new(observer);
        self
    }

    /// Commits until `shutdown`, then what is still queued.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] after a failed write or sync. Every later [`super::Writer::submit`] is
    /// refused; only a new process may open the database again.
    pub async fn run(mut self, shutdown: CancellationToken) -> Result<(), StoreError> {
        loop {
            let more = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                more = self.gather() => more,
            };
            self.store().await?;
            if !more {
                return Ok(());
            }
        }
        self.live.close();
        self.backfill.close();
        loop {
            self.take_waiting();
            if self.group.is_empty() {
                return Ok(());
            }
            self.store().await?;
        }
    }

    /// Waits until a group is worth a commit; `false` when no more will come. May be dropped at any await.
    async fn gather(&mut self) -> bool {
        loop {
            self.take_waiting();
            let due = self.last_commit.map(|at| at + COMMIT_SPACING);
            let now = Instant::now();
            let due = due.filter(|&due| due > now && self.rows < EAGER_ROWS);
            if !self.group.is_empty() && due.is_none() {
                return true;
            }
            let waiting = tokio::select! {
                biased;
                waiting = self.live.recv() => waiting,
                waiting = self.backfill.recv() => waiting,
                () = sleep_until(due.unwrap_or(now)), if due.is_some() && !self.group.is_empty() => return true,
            };
            match waiting {
                Some(waiting) => self.take(waiting),
                None => return false,
            }
        }
    }

    fn take_waiting(&mut self) {
        while self.rows < COMMIT_ROWS_MAX
            && let Ok(waiting) = self.live.try_recv()
        {
            self.take(waiting);
        }
        let rows_max = if self.group.is_empty() { COMMIT_ROWS_MAX } else { BACKFILL_BESIDE_LIVE_ROWS_MAX };
        while self.rows < rows_max
            && let Ok(waiting) = self.backfill.try_recv()
        {
            self.take(waiting);
        }
    }

    fn take(&mut self, waiting: Waiting<C::Batch>) {
        self.rows += waiting.batch.rows();
        self.group.push(waiting);
    }

    /// Commits the group and answers every batch in it.
    async fn store(&mut self) -> Result<(), StoreError> {
        let group = std::mem::take(&mut self.group);
        if group.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        self.last_commit = Some(started);
        self.committing(Some(started));
        let batches: Vec<&C::Batch> = group.iter().map(|waiting| &waiting.batch).collect();
        let outcome = self.committer.commit(&batches).await;
        self.committing(None);
        let (took_s, rows) = (started.elapsed().as_secs_f64(), std::mem::take(&mut self.rows));
        let error = outcome.as_ref().err().cloned();
        (self.observer)(&CommitReport { batches: group.len(), rows, took_s, error });
        let (receipts, error) = match outcome {
            Ok(receipts) => (receipts, None),
            Err(error) => (vec![Err(error.clone()); group.len()], Some(error)),
        };
        if let Some(StoreError::Stopped(reason)) = &error {
            // Before the answers, so that nobody who hears of it gets another chance.
            let _ = self.shared.stopped.set(reason.clone());
            tracing::error!(reason, "the store stops: a write or sync failed, start the process again");
        } else if let Some(error) = &error {
            tracing::warn!(%error, batches = group.len(), rows, "a commit failed, its senders will send again");
        }
        answer(group, receipts);
        match error {
            Some(error @ StoreError::Stopped(_)) => Err(error),
            _ => Ok(()),
        }
    }

    fn committing(&self, since: Option<Instant>) {
        *self.shared.committing_since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

fn answer<B: Batch>(group: Vec<Waiting<B>>, receipts: Receipts<B>) {
    for (waiting, receipt) in group.into_iter().zip(receipts) {
        // A sender that went away will ask again, and be told that its records are duplicates.
        let _ = waiting.answer.send(receipt);
    }
}
