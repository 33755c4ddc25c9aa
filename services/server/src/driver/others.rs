//! Follows the pings that other processes committed, where several share a database.
//!
//! The database is the log: a process that tracks reads what a process that only takes pings has stored.
//! Rows become visible in the order of their commits, not of their receipt, so each look goes back
//! [`LOOK_BACK_S`] and leaves out what it saw before. A ping that comes twice does no harm: the core
//! takes only what is newer than the vehicle's last.

use crate::state::{AcceptedPings, AppState};
use gtfs::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use store::ping::PingCursor;
use store::{StoreError, StoredPing, Verdict};
use tokio_util::sync::CancellationToken;

/// How far back the first look goes, seconds: until others are noticed, and the lease's own time.
const FIRST_LOOK_S: f64 = 30.0;
/// How often the table is read: what a ping of another process waits at most, beside the read itself.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Longer than any commit takes, seconds.
const LOOK_BACK_S: f64 = 5.0;
/// Rows in a page.
const PAGE_ROWS: u32 = 10_000;

/// Hands what others committed to the tracking driver, until `token` is cancelled: while this process
/// tracks, and others may take pings (a bus joins them, this one takes none itself, or they said so).
///
/// # Errors
/// When the tracking driver's queue is gone. A database that does not answer is waited for.
pub async fn run(app: AppState, always: bool, token: CancellationToken) -> anyhow::Result<()> {
    let mut seen = None;
    loop {
        tokio::select! {
            () = token.cancelled() => return Ok(()),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if app.office.tenure().is_none() || !(always || app.office.has_company()) {
            seen = None;
            continue;
        }
        let seen = seen.get_or_insert_with(|| Seen::since(app.clock.now().plus_s(-FIRST_LOOK_S)));
        match look(&app, seen).await {
            Ok(pings) if pings.is_empty() => {}
            Ok(pings) => app.accepted.send(pings).await?,
            Err(failure) => tracing::warn!(%failure, "the pings of other processes could not be read"),
        }
    }
}

async fn look(app: &AppState, seen: &mut Seen) -> Result<AcceptedPings, StoreError> {
    let mut cursor = PingCursor::from(seen.newest.plus_s(-LOOK_BACK_S));
    let mut fresh = Vec::new();
    loop {
        let (page, next) = app.db.pings_received(cursor, PAGE_ROWS).await?;
        fresh.extend(page.into_iter().filter(|stored| seen.is_new(stored)).filter_map(live));
        match next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    seen.forget();
    Ok(fresh)
}

/// Only OK and FLAG move the live picture.
fn live(stored: StoredPing) -> Option<tracking::Ping> {
    let row = stored.row;
    (!row.heartbeat && row.verdict != Verdict::Hist).then_some(row.ping)
}

/// What was read within the last [`LOOK_BACK_S`].
struct Seen {
    newest: Timestamp,
    pings: BTreeSet<(Timestamp, Arc<str>, Arc<str>, i64)>,
}

impl Seen {
    fn since(newest: Timestamp) -> Self {
        Self { newest, pings: BTreeSet::new() }
    }

    fn is_new(&mut self, stored: &StoredPing) -> bool {
        let received = stored.row.ping.received;
        self.newest = self.newest.max(received);
        self.pings.insert((received, Arc::clone(&stored.device), Arc::clone(&stored.boot), stored.row.seq))
    }

    fn forget(&mut self) {
        let edge = self.newest.plus_s(-LOOK_BACK_S);
        while self.pings.first().is_some_and(|(received, ..)| *received < edge) {
            self.pings.pop_first();
        }
    }
}
