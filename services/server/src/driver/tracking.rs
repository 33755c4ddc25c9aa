//! Owns the tracking core: committed pings, ticks and feed swaps go in; boards, feeds and visits go out.
//!
//! What always holds: a ping is tracked only after its commit; effects are performed in the order the
//! core gave them; a board leaves as soon as the core has it. After a panic the core is rebuilt from
//! what was learned and the stored pings of the last half hour, never resumed. Nothing is tracked without
//! the lease (`driver/lease.rs`): a process that stands by lets its pings go, the table has them.

mod perform;
mod rebuild;
mod recall;

use crate::driver::visits::Observed;
use crate::live::{Common, FRAME_SPACING};
use crate::memory::Memory;
use crate::state::{AcceptedPings, AppState};
use crate::tenure::Tenure;
use ::tracking::{Effect, Event, Tracker};
use anyhow::Context;
use gtfs::{Timestamp, Timetable};
use perform::Performer;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How many batches are taken from the queue before effects are performed.
const BATCHES_AT_ONCE: usize = 64;
/// How often snapshots are looked at when nothing happens.
const IDLE: Duration = Duration::from_millis(1_000);
/// Boards follow a ping at once, but are built no more often than a stop may be told of (four a second).
const TICK_SPACING: Duration = FRAME_SPACING;

/// Figures of how predictions do are renewed this often.
const SCORED_EVERY: Duration = Duration::from_secs(10);

/// The end of the queue of committed pings; kept across restarts of the driver.
pub type Committed = Arc<Mutex<mpsc::Receiver<AcceptedPings>>>;

/// Runs until `token` is cancelled: stands by until this process holds the lease, then tracks until it
/// is lost.
///
/// # Errors
/// When the queue has no sender left.
pub async fn run(
    app: AppState,
    pings: Committed,
    visits: mpsc::Sender<Observed>,
    memory: Arc<Memory>,
    token: CancellationToken,
) -> anyhow::Result<()> {
    let mut pings = pings.lock().await;
    while !token.is_cancelled() {
        let tenure = tokio::select! {
            biased;
            () = token.cancelled() => return Ok(()),
            tenure = app.office.taken() => tenure,
            failure = let_go(&mut pings) => return Err(failure),
        };
        track(&app, &mut pings, visits.clone(), Arc::clone(&memory), tenure, &token).await?;
    }
    Ok(())
}

/// Takes the pings of a process that does not track, so that they do not pile up.
async fn let_go(pings: &mut mpsc::Receiver<AcceptedPings>) -> anyhow::Error {
    while pings.recv().await.is_some() {}
    anyhow::anyhow!("nobody sends pings any more")
}

/// Tracks as long as the tenure lasts and `token` is not cancelled.
async fn track(
    app: &AppState,
    pings: &mut mpsc::Receiver<AcceptedPings>,
    visits: mpsc::Sender<Observed>,
    memory: Arc<Memory>,
    tenure: Tenure,
    token: &CancellationToken,
) -> anyhow::Result<()> {
    let epoch = tenure.lease.epoch;
    let mut feeds = app.feeds.subscribe();
    let mut foreign = memory.foreign.subscribe();
    let mut driver = Driver::new(app.clone(), visits, memory, tenure);
    if let Some(timetable) = app.feeds.current() {
        driver.take_timetable(timetable).await?;
    }
    let mut batches = Vec::with_capacity(BATCHES_AT_ONCE);
    loop {
        let due = driver.due();
        tokio::select! {
            biased;
            () = token.cancelled() => {
                driver.remember();
                return Ok(());
            }
            () = app.office.lost(epoch) => break,
            changed = feeds.changed() => {
                changed.context("the feed manager is gone")?;
                if let Some(timetable) = app.feeds.current() {
                    driver.take_timetable(timetable).await?;
                }
            }
            changed = foreign.changed() => {
                changed.context("nobody keeps what was learned any more")?;
                let document = foreign.borrow_and_update().clone();
                driver.take_foreign(document);
            }
            n = pings.recv_many(&mut batches, BATCHES_AT_ONCE) => {
                anyhow::ensure!(n > 0, "nobody sends pings any more");
                driver.take_pings(&mut batches);
            }
            () = app.clock.sleep_until(driver.wake_at()) => driver.tick(),
            () = tokio::time::sleep_until(due) => {}
        }
        driver.tick_if_due();
        // A process that was stopped for a while comes back here: what it would say may be old by now.
        if !app.office.holds(epoch) {
            break;
        }
        driver.perform();
        driver.remember_if_due();
        driver.score_if_due();
    }
    // What this process learned meanwhile is not the newest any more.
    driver.memory.take();
    driver.performer.withdraw(app.clock.now());
    Ok(())
}

/// The core and what stands around it.
struct Driver {
    app: AppState,
    tracker: Option<Tracker>,
    effects: Vec<Effect>,
    performer: Performer,
    wake_at: Option<Timestamp>,
    ticked: Instant,
    tick_wanted: bool,
    memory: Arc<Memory>,
    remembered: Instant,
    visits_remembered: u64,
    scored: Option<Instant>,
}

impl Driver {
    fn new(app: AppState, visits: mpsc::Sender<Observed>, memory: Arc<Memory>, tenure: Tenure) -> Self {
        let performer = Performer::new(app.clone(), visits, tenure);
        Self {
            app,
            tracker: None,
            effects: Vec::new(),
            performer,
            wake_at: None,
            ticked: Instant::now(),
            tick_wanted: false,
            memory,
            remembered: Instant::now(),
            visits_remembered: 0,
            scored: None,
        }
    }

    /// A new timetable takes over; the first one finds the vehicles where the stored pings say.
    async fn take_timetable(&mut self, timetable: Arc<Timetable>) -> anyhow::Result<()> {
        let (simulated, rate) = (self.app.config.allow_simulated, self.app.clock.speed());
        let common = Arc::new(Common::of(Arc::clone(&timetable), simulated, rate));
        self.performer.install(common, self.app.clock.now());
        match &mut self.tracker {
            Some(tracker) => {
                tracker.step(self.app.clock.now(), Event::Timetable(timetable), &mut self.effects)
            }
            None => {
                let mut tracker = Tracker::new(timetable);
                self.rebuild(&mut tracker).await?;
                self.tracker = Some(tracker);
            }
        }
        Ok(())
    }

    fn take_pings(&mut self, batches: &mut Vec<AcceptedPings>) {
        let (now, begun) = (self.app.clock.now(), Instant::now());
        let mut taken = 0;
        for ping in batches.drain(..).flatten() {
            self.performer.heard(&ping, now, begun);
            taken += 1;
            if let Some(tracker) = &mut self.tracker {
                tracker.step(now, Event::Ping(ping), &mut self.effects);
            }
        }
        self.tick_wanted = true;
        self.app.live.counted.stepped(taken, begun.elapsed().as_secs_f64());
    }

    /// Lets the core build boards from the pings it has, without waiting for its own tick.
    fn tick_if_due(&mut self) {
        if self.tick_wanted && self.ticked.elapsed() >= TICK_SPACING {
            self.tick();
        }
    }

    fn tick(&mut self) {
        (self.wake_at, self.ticked, self.tick_wanted) = (None, Instant::now(), false);
        if let Some(tracker) = &mut self.tracker {
            let now = self.app.clock.now();
            tracker.step(now, Event::Tick, &mut self.effects);
        }
    }

    /// Takes stock of how predictions do, now and then.
    fn score_if_due(&mut self) {
        let due = self.scored.is_none_or(|scored| scored.elapsed() >= SCORED_EVERY);
        if let Some(tracker) = self.tracker.as_ref().filter(|_| due) {
            self.scored = Some(Instant::now());
            let now = self.app.clock.now();
            self.performer.scored(tracker.accuracy(now), now);
        }
    }

    /// When the core wants to be woken; far away when it does not.
    fn wake_at(&self) -> Timestamp {
        self.wake_at.unwrap_or(Timestamp(i64::MAX))
    }

    /// When to look at what waits: frames, a tick, a snapshot.
    fn due(&self) -> Instant {
        let tick = self.tick_wanted.then(|| self.ticked + TICK_SPACING);
        let due = self.performer.due().into_iter().chain(tick).min();
        due.unwrap_or_else(|| Instant::now() + IDLE)
    }

    fn perform(&mut self) {
        let now = self.app.clock.now();
        for effect in self.effects.drain(..) {
            match effect {
                Effect::WakeAt(t) => self.wake_at = Some(t),
                effect => self.performer.perform(effect, now),
            }
        }
        if !self.tick_wanted {
            self.performer.told();
        }
        self.performer.settle(now);
    }
}
