//! How reports get in: one adapter per protocol, one path for all.
//!
//! An adapter decodes bytes into [`record::Record`]s and knows nothing else. What follows is the same
//! for every protocol: the rules, the store's group commit, the answer, and only then the tracker.

mod accept;
pub mod body;
mod bucket;
pub mod device;
pub mod enroll;
mod follow;
mod heartbeat;
mod judge;
pub mod osmand;
mod rates;
pub mod record;
pub mod registry;
pub mod seal;
pub mod signature;
pub mod taps;
pub mod traccar;
mod unknown;
pub mod wire;

pub use accept::{Incoming, Outcome, accept};
pub use follow::{follow, restore};
pub use judge::Refused;
pub use unknown::{Unknown, note};

use crate::supervise::Crew;
use arc_swap::ArcSwap;
use bucket::Bucket;
use registry::Registry;
use seal::ServerKey;
use std::sync::Mutex;
use tracking::check::CheckParams;

/// What ingest keeps between requests.
#[derive(Debug)]
pub struct Ingest {
    /// Who may send.
    pub registry: Registry,
    /// The constants of the rules; the area and zone follow the feed.
    pub params: ArcSwap<CheckParams>,
    /// Senders that are not registered (R25).
    pub unknown: Unknown,
    /// Seals the keys of devices.
    pub server_key: ServerKey,
    /// Batches on their way to the disk; they arrive even if their sender hangs up.
    crew: Crew,
    /// Backfill of all devices (R15).
    backfill: Mutex<Bucket>,
}

impl Ingest {
    /// An ingest that knows no device yet.
    #[must_use]
    pub fn new(server_key: ServerKey) -> Self {
        Self {
            registry: Registry::new(server_key.clone()),
            params: ArcSwap::default(),
            unknown: Unknown::default(),
            server_key,
            crew: Crew::default(),
            backfill: Mutex::default(),
        }
    }
}
