//! The only place that spawns. Every task has a name, a stage and a restart policy.
//!
//! A task that fails or panics is started again after 0.1 to 10 s; more than five restarts in a
//! minute end the process with an error, so that whatever started it can see. Shutdown goes stage
//! by stage, and everything after [`Stage::Storage`]'s last commit is optional for correctness.

use crate::metrics::Metrics;
use anyhow::{Context, anyhow};
use futures_util::FutureExt;
use std::collections::VecDeque;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// First wait before a restart; doubles up to [`BACKOFF_MAX`].
const BACKOFF_MIN: Duration = Duration::from_millis(100);
/// Longest wait before a restart.
const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// More restarts than this within [`RESTART_WINDOW`] end the process.
const RESTARTS_MAX: usize = 5;
/// Window of [`RESTARTS_MAX`].
const RESTART_WINDOW: Duration = Duration::from_secs(60);
/// Everything is down by then, or is dropped.
pub const SHUTDOWN_MAX: Duration = Duration::from_secs(8);

/// When a task goes down; earlier stages first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Listeners and sockets: finish the requests in hand.
    Edge,
    /// Cores and feed manager: drain what is queued.
    Driver,
    /// The writer: the last group commit.
    Storage,
}

impl Stage {
    const ALL: [Self; 3] = [Self::Edge, Self::Driver, Self::Storage];

    /// How long the stage may take to go down; together within [`SHUTDOWN_MAX`].
    fn grace(self) -> Duration {
        match self {
            Self::Edge => Duration::from_millis(3_500),
            Self::Driver => Duration::from_millis(1_500),
            Self::Storage => Duration::from_millis(2_500),
        }
    }
}

/// Runs named tasks until one fails for good or the process is asked to shut down.
#[derive(Debug)]
pub struct Supervisor {
    stages: [(CancellationToken, JoinSet<anyhow::Result<()>>); 3],
    metrics: Metrics,
}

impl Supervisor {
    /// A supervisor of nothing yet.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self { stages: Stage::ALL.map(|_| (CancellationToken::new(), JoinSet::new())), metrics }
    }

    /// Starts a task. `make` is called again for each restart with a token that is cancelled when
    /// the stage goes down. `Ok(())` means the task has done all it ever will.
    pub fn start<F, Fut>(&mut self, stage: Stage, name: &'static str, make: F)
    where
        F: FnMut(CancellationToken) -> Fut + Send + 'static,
        Fut: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let metrics = self.metrics.clone();
        let (token, tasks) = &mut self.stages[stage as usize];
        tasks.spawn(keep_running(name, token.clone(), make, metrics));
    }

    /// Starts a task that can not be started again: its failure ends the process.
    pub fn start_once<F, Fut>(&mut self, stage: Stage, name: &'static str, make: F)
    where
        F: FnOnce(CancellationToken) -> Fut,
        Fut: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let (token, tasks) = &mut self.stages[stage as usize];
        let work = make(token.clone());
        tasks.spawn(async move { work.await.with_context(|| format!("task {name} ended")) });
    }

    /// Waits for `shutdown` or for a task to fail for good, then takes everything down in order.
    ///
    /// # Errors
    /// The failure that ended the process.
    pub async fn run(
        mut self,
        shutdown: CancellationToken,
        stopping: CancellationToken,
    ) -> anyhow::Result<()> {
        let outcome = tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            failure = self.first_failure() => Err(failure),
        };
        stopping.cancel();
        for stage in Stage::ALL {
            let (token, tasks) = &mut self.stages[stage as usize];
            token.cancel();
            let drained = async { while tasks.join_next().await.is_some() {} };
            if tokio::time::timeout(stage.grace(), drained).await.is_err() {
                tracing::warn!(?stage, left = tasks.len(), "tasks did not finish in time and are dropped");
                tasks.abort_all();
            }
        }
        outcome
    }

    async fn first_failure(&mut self) -> anyhow::Error {
        let [(_, edge), (_, driver), (_, storage)] = &mut self.stages;
        loop {
            let ended = tokio::select! {
                Some(ended) = edge.join_next() => ended,
                Some(ended) = driver.join_next() => ended,
                Some(ended) = storage.join_next() => ended,
                else => std::future::pending().await,
            };
            match flatten(ended) {
                Ok(()) => {}
                Err(failure) => return failure,
            }
        }
    }
}

fn flatten(ended: Result<anyhow::Result<()>, JoinError>) -> anyhow::Result<()> {
    ended.context("a supervised task was dropped")?
}

async fn keep_running<F, Fut>(
    name: &'static str,
    token: CancellationToken,
    mut make: F,
    metrics: Metrics,
) -> anyhow::Result<()>
where
    F: FnMut(CancellationToken) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    let mut restarts: VecDeque<Instant> = VecDeque::new();
    loop {
        let failure = match AssertUnwindSafe(make(token.clone())).catch_unwind().await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(failure)) => failure,
            Err(_) => anyhow!("panicked"),
        };
        if token.is_cancelled() {
            return Ok(());
        }
        let now = Instant::now();
        restarts.retain(|t| now.duration_since(*t) < RESTART_WINDOW);
        restarts.push_back(now);
        if restarts.len() > RESTARTS_MAX {
            return Err(failure.context(format!("task {name} failed {} times in a minute", restarts.len())));
        }
        let wait = (BACKOFF_MIN * 2u32.pow(restarts.len() as u32 - 1)).min(BACKOFF_MAX);
        metrics.task_restarted(name);
        tracing::error!(
            task = name,
            failure = format!("{failure:#}"),
            ?wait,
            "task failed; starting it again"
        );
        tokio::select! {
            () = token.cancelled() => return Ok(()),
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Short-lived tasks of one owner, such as the connections of a listener.
#[derive(Clone, Debug, Default)]
pub struct Crew(TaskTracker);

impl Crew {
    /// Starts one. It ends by itself; a panic ends only it.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(task);
    }

    /// Runs a task to its end even if whoever waits for it goes away; `None` when it panicked.
    pub async fn finish_anyway<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        self.0.spawn(task).await.ok()
    }

    /// How many are running.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is running.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Waits until all have ended, at most `grace`.
    pub async fn finish(&self, grace: Duration) {
        self.0.close();
        let _ = tokio::time::timeout(grace, self.0.wait()).await;
        self.0.reopen();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn counted(count: &Arc<AtomicU32>) -> u32 {
        count.fetch_add(1, Ordering::SeqCst) + 1
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_twice_is_started_a_third_time() {
        let count = Arc::new(AtomicU32::new(0));
        let shutdown = CancellationToken::new();
        let mut supervisor = Supervisor::new(Metrics::default());
        let (seen, end) = (Arc::clone(&count), shutdown.clone());
        supervisor.start(Stage::Driver, "moody", move |_| {
            let (seen, end) = (Arc::clone(&seen), end.clone());
            async move {
                assert!(counted(&seen) >= 3, "not yet");
                end.cancel();
                Ok(())
            }
        });
        supervisor.run(shutdown, CancellationToken::new()).await.unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_never_recovers_ends_the_process_and_names_itself() {
        let mut supervisor = Supervisor::new(Metrics::default());
        supervisor.start(Stage::Driver, "hopeless", |_| async { Err(anyhow!("no such table")) });
        let failure = supervisor.run(CancellationToken::new(), CancellationToken::new()).await.unwrap_err();
        let text = format!("{failure:#}");
        assert!(text.contains("hopeless") && text.contains("no such table"), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn stages_go_down_in_order_and_a_stuck_one_does_not_hold_the_rest() {
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut supervisor = Supervisor::new(Metrics::default());
        for (stage, name) in [(Stage::Storage, "writer"), (Stage::Edge, "listener")] {
            let order = Arc::clone(&order);
            supervisor.start(stage, name, move |token| {
                let order = Arc::clone(&order);
                async move {
                    token.cancelled().await;
                    order.lock().unwrap().push(name);
                    Ok(())
                }
            });
        }
        supervisor.start(Stage::Driver, "stuck", |_| std::future::pending());
        let shutdown = CancellationToken::new();
        shutdown.cancel();
        let begun = Instant::now();
        supervisor.run(shutdown, CancellationToken::new()).await.unwrap();
        assert_eq!(*order.lock().unwrap(), ["listener", "writer"]);
        assert!(begun.elapsed() < SHUTDOWN_MAX);
    }
}
