//! What is being said to riders right now: boards, and the GTFS-realtime feeds.
//!
//! The tracking driver is the only writer. Readers (sockets, pages, feeds) take the newest value by
//! pointer and never wait for a writer or for each other.

mod accuracy;
mod board;
mod counted;
mod enrolled;
pub mod finder;
mod hub;
mod notice;
mod place;
mod publisher;
mod realtime;
mod relay;
mod rows;
mod sched;
mod sockets;
mod words;

pub use accuracy::{LiveAccuracy, Scored, WINDOWS};
pub use board::{Board, FRAME_TTL_S, Lacks};
pub use counted::Counted;
pub use enrolled::{Enrolled, NotEnrolled};
pub use hub::{Hub, Topic};
pub use place::{Common, Fixed, Place};
pub use publisher::{FRAME_SPACING, Publisher};
pub use realtime::{Feed, Known, Snapshot};
pub use relay::{Relay, Relayed, read as read_relayed};
pub use sched::{Sched, aimed_calls};
pub use sockets::{Seat, Sockets};
pub use words::{Words, mode_word, route_info, route_infos_at, routes_at};

use crate::metrics::Metrics;
use arc_swap::ArcSwapOption;
use bytes::Bytes;
use std::sync::Arc;

/// A feed as a zip.
#[derive(Debug)]
pub struct FeedFile {
    /// The zip.
    pub zip: Bytes,
    /// [`gtfs::timetable::FeedInfo::hash`] of its contents.
    pub hash: u64,
}

/// The live side of a process.
#[derive(Debug)]
pub struct Live {
    /// Boards of stops.
    pub hub: Arc<Hub>,
    /// Open panel and rider sockets.
    pub sockets: Sockets,
    /// Panels that may connect.
    pub enrolled: Enrolled,
    /// The timetable behind the boards, and its words; `None` before the first.
    pub common: ArcSwapOption<Common>,
    /// The GTFS-realtime feeds; `None` before the first.
    pub realtime: ArcSwapOption<Snapshot>,
    /// The feed in force as its publisher gave it, for `/gtfs.zip`.
    pub feed_file: ArcSwapOption<FeedFile>,
    /// The way of boards to other processes.
    pub relay: Relay,
    /// Lease epoch of this process' boards; grows with each start.
    pub epoch: u64,
    /// How predictions do.
    pub accuracy: LiveAccuracy,
    /// What is counted here.
    pub counted: Counted,
}

impl Live {
    /// Nothing said yet; registers what it counts.
    #[must_use]
    pub fn new(metrics: &Metrics, relay: Relay, epoch: u64) -> Self {
        let counted = Counted::new(metrics);
        Self {
            hub: Arc::default(),
            sockets: counted.sockets(),
            enrolled: Enrolled::default(),
            common: ArcSwapOption::empty(),
            feed_file: ArcSwapOption::empty(),
            realtime: ArcSwapOption::empty(),
            accuracy: LiveAccuracy::new(metrics),
            relay,
            epoch,
            counted,
        }
    }
}
