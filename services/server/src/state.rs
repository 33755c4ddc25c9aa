//! What every handler and driver can reach. One value, cloned by pointer; there are no statics.

use crate::clock::Clock;
use crate::config::Config;
use crate::feeds::Feeds;
use crate::ingest::Ingest;
use crate::ingest::taps::Taps;
use crate::ingest::taps::quote::Quotes;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::rating::Rating;
use crate::tenure::Office;
use fares::Tariffs;
use std::ops::Deref;
use std::sync::Arc;
use store::{Db, Writer};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracking::Ping;

/// How many batches of committed pings may wait for the tracking driver.
pub const PINGS_ACCEPTED_BATCHES_MAX: usize = 4_096;

/// Live pings of one request (OK or FLAG), after their commit, in the order received.
pub type AcceptedPings = Vec<Ping>;

/// The shared state. The extractor of every handler: `State(app): State<AppState>`.
#[derive(Clone, Debug)]
pub struct AppState(Arc<App>);

/// What [`AppState`] points to.
#[derive(Debug)]
pub struct App {
    /// The merged configuration.
    pub config: Config,
    /// The clock of this process.
    pub clock: Clock,
    /// The database, for queries and small writes.
    pub db: Db,
    /// The way into the group commit.
    pub writer: Writer,
    /// Who may send, and what the rules remember of them.
    pub ingest: Ingest,
    /// How taps get in.
    pub taps: Taps,
    /// What a fare would be: asked by the taps door, answered by whoever runs the fare engine.
    pub quotes: Quotes,
    /// Whether rides are being priced, or wait for a person.
    pub rating: Rating,
    /// What riders pay, by the files of the configuration; none: the fare files of the feed. Approved versions are in the
    /// database.
    pub tariffs: Tariffs,
    /// Held while a version of the tariff is held against past days: one at a time.
    pub proposing: tokio::sync::Mutex<()>,
    /// The timetable in force.
    pub feeds: Feeds,
    /// What riders are being told.
    pub live: Live,
    /// Whether this process is the one that tracks.
    pub office: Office,
    /// Counters and histograms behind `/metrics`.
    pub metrics: Metrics,
    /// Cancelled first of all when the process shuts down: `/readyz` turns red, sockets say `bye`.
    pub stopping: CancellationToken,
    /// Committed pings on their way to the tracking driver.
    pub accepted: mpsc::Sender<AcceptedPings>,
}

impl AppState {
    /// Wraps the parts.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self(Arc::new(app))
    }
}

impl Deref for AppState {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}
