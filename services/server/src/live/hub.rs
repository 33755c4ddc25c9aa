//! The board hub: one topic per stop, holding the newest state of its board.
//!
//! One publisher (the tracking driver) writes, any number of connections read. A topic is a `watch`:
//! newest wins, a slow reader costs nothing, and nobody waits for anybody. Topics outlive a feed swap
//! where the stop_id does, so that a panel need not reconnect when the timetable changes.

use super::board::Board;
use arc_swap::ArcSwap;
use gtfs::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::watch;

/// A board without a reader for this long is kept, but its changes are no longer encoded, seconds.
pub(super) const COLD_AFTER_S: i64 = 600;

/// One stop's board.
#[derive(Debug)]
pub struct Topic {
    board: watch::Sender<Arc<Board>>,
    read_s: AtomicI64,
}

impl Topic {
    pub(super) fn new(board: Board) -> Self {
        Self { board: watch::Sender::new(Arc::new(board)), read_s: AtomicI64::new(i64::MIN) }
    }

    /// The newest state.
    #[must_use]
    pub fn board(&self) -> Arc<Board> {
        Arc::clone(&self.board.borrow())
    }

    /// The newest state, and a wake-up with each later one.
    #[must_use]
    pub fn subscribe(&self, now: Timestamp) -> watch::Receiver<Arc<Board>> {
        self.mark_read(now);
        self.board.subscribe()
    }

    /// Somebody reads this board: its changes are worth encoding for a while.
    pub fn mark_read(&self, now: Timestamp) {
        self.read_s.store(now.s(), Ordering::Relaxed);
    }

    pub(super) fn is_hot(&self, now: Timestamp) -> bool {
        self.board.receiver_count() > 0
            || now.s().saturating_sub(self.read_s.load(Ordering::Relaxed)) < COLD_AFTER_S
    }

    pub(super) fn put(&self, board: Board) {
        self.board.send_replace(Arc::new(board));
    }
}

/// All boards of the process.
#[derive(Debug)]
pub struct Hub {
    topics: ArcSwap<HashMap<Box<str>, Arc<Topic>>>,
    position_newest_us: AtomicI64,
    stepped_us: AtomicI64,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            topics: ArcSwap::default(),
            position_newest_us: AtomicI64::new(i64::MIN),
            stepped_us: AtomicI64::new(i64::MIN),
        }
    }
}

impl Hub {
    /// The board of a stop_id.
    #[must_use]
    pub fn topic(&self, stop_id: &str) -> Option<Arc<Topic>> {
        self.topics.load().get(stop_id).map(Arc::clone)
    }

    /// Whether any timetable is loaded.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.topics.load().is_empty()
    }

    /// Seconds since the newest vehicle position was measured; `None` before the first.
    #[must_use]
    pub fn position_age_s(&self, now: Timestamp) -> Option<u32> {
        age_s(&self.position_newest_us, now)
    }

    /// Seconds since the tracking driver last looked at the world; `None` before it first did.
    #[must_use]
    pub fn driver_age_s(&self, now: Timestamp) -> Option<u32> {
        age_s(&self.stepped_us, now)
    }

    pub(super) fn topics(&self) -> Arc<HashMap<Box<str>, Arc<Topic>>> {
        self.topics.load_full()
    }

    pub(super) fn install(&self, topics: HashMap<Box<str>, Arc<Topic>>) {
        self.topics.store(Arc::new(topics));
    }

    pub(super) fn measured(&self, t: Timestamp) {
        self.position_newest_us.fetch_max(t.0, Ordering::Relaxed);
    }

    pub(super) fn stepped(&self, now: Timestamp) {
        self.stepped_us.store(now.0, Ordering::Relaxed);
    }
}

fn age_s(since_us: &AtomicI64, now: Timestamp) -> Option<u32> {
    let t = since_us.load(Ordering::Relaxed);
    (t != i64::MIN).then(|| now.since_s(Timestamp(t)).clamp(0.0, f64::from(u32::MAX)) as u32)
}
