//! Rebuilds the core from the stored pings of the last half hour: at start, at a take-over, after a panic.
//!
//! The same core sees the same pings at the times they were received, ticks between; what it says of
//! the past is dropped, but for the newest board of each stop and the newest word on each trip and
//! vehicle. Visits are not stored again, they were; but for those of the time in which nobody tracked.
//! Nothing is learned twice: what was learned takes its place at the moment it was saved, over whatever
//! the pings before that moment had taught.

use super::Driver;
use ::tracking::learned::Document;
use ::tracking::{Effect, Event, StopBoard, Tracker};
use anyhow::Context;
use gtfs::{StopIdx, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::Verdict;
use store::ping::PingCursor;
use tokio::time::Instant;

/// How far back pings are read, seconds.
const REBUILD_S: f64 = 30.0 * 60.0;
/// At most so many pings are read, the newest: a start must not wait for a province's half hour.
const REBUILD_PINGS_MAX: u32 = 200_000;
/// How many pings are read at once.
const PAGE_ROWS: u32 = 10_000;
/// A gap between pings longer than this is ticked through only so often: nothing moves in it, seconds.
const TICK_S_MIN: f64 = 1.0;

impl Driver {
    /// Feeds a new core with what was received lately.
    ///
    /// # Errors
    /// When the database can not be read.
    pub(super) async fn rebuild(&mut self, tracker: &mut Tracker) -> anyhow::Result<()> {
        let (begun, now) = (Instant::now(), self.app.clock.now());
        let mut past = Past::since(self.performer.unserved_since(now));
        let mut since = now.plus_s(-REBUILD_S);
        if let Some(edge) = self.app.db.ping_received_nth_newest(REBUILD_PINGS_MAX).await? {
            since = since.max(edge);
        }
        let mut recalled = self.recall().await?;
        let mut cursor = PingCursor::from(since);
        loop {
            let page = self.app.db.pings_received(cursor, PAGE_ROWS).await;
            let (pings, next) = page.context("the pings of the last half hour can not be read")?;
            for stored in pings {
                let row = stored.row;
                if row.heartbeat || row.verdict == Verdict::Hist || row.ping.received > now {
                    continue;
                }
                if let Some(document) = recalled.take_if(|document| document.saved() < row.ping.received) {
                    past.learn(tracker, document.saved().max(since), document, self);
                }
                past.tick_until(tracker, row.ping.received, self);
                let (received, t) = (row.ping.received, row.ping.t);
                past.step(tracker, received, Event::Ping(row.ping), self);
                past.pings += 1;
                self.performer.measured(t);
            }
            match next {
                Some(next) => cursor = next,
                None => break,
            }
        }
        if let Some(document) = recalled {
            past.learn(tracker, now, document, self);
        }
        past.tick_until(tracker, now, self);
        past.step(tracker, now, Event::Tick, self);
        self.wake_at = past.wake_at;
        let boards = past.boards.into_iter().map(|(stop, board)| Effect::Board(stop, board));
        self.effects.extend(boards);
        let took_s = begun.elapsed().as_secs_f64();
        tracing::info!(pings = past.pings, took_s, "the live picture is rebuilt from stored pings");
        Ok(())
    }
}

/// What the core said while it caught up.
struct Past {
    /// Visits observed from then on are stored.
    unserved_since: Timestamp,
    boards: BTreeMap<StopIdx, Arc<StopBoard>>,
    wake_at: Option<Timestamp>,
    effects: Vec<Effect>,
    pings: u64,
}

impl Past {
    fn since(unserved_since: Timestamp) -> Self {
        Self { unserved_since, boards: BTreeMap::new(), wake_at: None, effects: Vec::new(), pings: 0 }
    }

    /// At `now` takes over what was learned by then. What can not be taken over is said aloud.
    fn learn(&mut self, tracker: &mut Tracker, now: Timestamp, document: Arc<Document>, driver: &mut Driver) {
        self.tick_until(tracker, now, driver);
        tracker.step(now, Event::Recalled(document), &mut self.effects);
        for effect in self.effects.drain(..) {
            match effect {
                Effect::WakeAt(t) => self.wake_at = Some(t),
                effect => driver.effects.push(effect),
            }
        }
    }

    fn step(&mut self, tracker: &mut Tracker, now: Timestamp, event: Event, driver: &mut Driver) {
        tracker.step(now, event, &mut self.effects);
        for effect in self.effects.drain(..) {
            driver.performer.learn(&effect);
            match effect {
                Effect::WakeAt(t) => self.wake_at = Some(t),
                Effect::Board(stop, board) => {
                    self.boards.insert(stop, board);
                }
                visit @ Effect::Visit(_) if now >= self.unserved_since => {
                    driver.performer.perform(visit, now)
                }
                _ => {}
            }
        }
    }

    /// Lets the core tick as it asked to, up to `until`.
    fn tick_until(&mut self, tracker: &mut Tracker, until: Timestamp, driver: &mut Driver) {
        while let Some(wake_at) = self.wake_at.filter(|wake_at| *wake_at <= until) {
            self.wake_at = None;
            self.step(tracker, wake_at, Event::Tick, driver);
            // A core that asks to be woken in the past must not hold the start up.
            self.wake_at = self.wake_at.map(|next| next.max(wake_at.plus_s(TICK_S_MIN)));
        }
    }
}
