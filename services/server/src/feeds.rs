//! The timetable in force, behind one pointer.
//!
//! Readers take the pointer and keep it for as long as they need one consistent timetable; a swap
//! never waits for them. Loading and judging a feed is the feed manager's work, not this file's.

use arc_swap::ArcSwapOption;
use gtfs::Timetable;
use std::sync::Arc;
use tokio::sync::watch;

/// The timetable in force, and the news that it changed.
#[derive(Debug)]
pub struct Feeds {
    current: ArcSwapOption<Timetable>,
    generation: watch::Sender<u64>,
}

impl Default for Feeds {
    fn default() -> Self {
        Self { current: ArcSwapOption::empty(), generation: watch::Sender::new(0) }
    }
}

impl Feeds {
    /// The timetable in force; `None` until the first one is loaded.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Timetable>> {
        self.current.load_full()
    }

    /// Puts `timetable` in force and tells every subscriber.
    pub fn swap(&self, timetable: Arc<Timetable>) {
        self.current.store(Some(timetable));
        self.generation.send_modify(|n| *n += 1);
    }

    /// Wakes on each swap; the value counts swaps.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }
}
