//! How taps get in: one way for every terminal, from a signed batch to rows on disk.
//!
//! [`wire`] reads, [`accept()`] commits and only then answers; what the answer carries besides comes from
//! [`deny`], [`quote`] and [`balance`]. Nothing here judges a tap: a wrong clock, an unknown card, a denied one are all
//! evidence, and are the fare engine's affair.

mod accept;
pub mod balance;
pub mod deny;
mod follow;
pub mod quote;
mod register;
pub mod wire;

pub use accept::{Incoming, Outcome, accept, keep_body};
pub use follow::follow;
pub use register::{Mount, register};

use super::bucket::{Bucket, Rate};
use crate::supervise::Crew;
use arc_swap::ArcSwap;
use deny::DenyList;
use gtfs::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use store::{Contact, TapBatch, Terminal, Writer};
use tokio::sync::watch;

/// Codes that all terminals together may try: a depot needs one a minute.
const CODE_TRIES: Rate = Rate { per_s: 0.2, burst: 20.0 };

/// What the taps door keeps between requests.
#[derive(Debug)]
pub struct Taps {
    /// The way into the group commit of taps.
    pub writer: Writer<TapBatch>,
    /// Cards that terminals must refuse.
    pub deny: RwLock<DenyList>,
    /// Terminals by id, as last read.
    terminals: ArcSwap<HashMap<Arc<str>, Terminal>>,
    /// How each terminal was last heard, until it is written down.
    contacts: Mutex<HashMap<Arc<str>, Contact>>,
    /// What each terminal may still fill the quarantine with, and ask for.
    refused: Mutex<HashMap<Arc<str>, Bucket>>,
    /// Tries to enrol with a code.
    enrolling: Mutex<Bucket>,
    /// Requests on their way to the disk; they arrive even if their sender hangs up.
    crew: Crew,
    newest: watch::Sender<i64>,
}

impl Taps {
    /// A door that knows no terminal yet.
    #[must_use]
    pub fn new(writer: Writer<TapBatch>) -> Self {
        Self {
            writer,
            deny: RwLock::default(),
            terminals: ArcSwap::default(),
            contacts: Mutex::default(),
            refused: Mutex::default(),
            enrolling: Mutex::default(),
            crew: Crew::default(),
            newest: watch::Sender::new(0),
        }
    }

    /// The id of the newest tap that this process has stored, again and again: who reads taps after a cursor
    /// need not ask the database whether there is one. Other processes' taps are not told of.
    #[must_use]
    pub fn newest(&self) -> watch::Receiver<i64> {
        self.newest.subscribe()
    }

    /// Somebody tries a code.
    ///
    /// # Errors
    /// The seconds to wait, when there are too many tries.
    pub fn tries_code(&self, now: Timestamp) -> Result<(), f64> {
        self.enrolling.lock().unwrap_or_else(PoisonError::into_inner).take(now, 1.0, CODE_TRIES)
    }

    /// The terminal of an id, as last read.
    #[must_use]
    pub fn terminal(&self, id: &str) -> Option<Terminal> {
        self.terminals.load().get(id).cloned()
    }
}
