//! How many panels and riders are connected, and which connection of a panel is the newest.

use crate::metrics::KindLabel;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Panels that a process serves before it says `bye` to more.
pub(super) const PANELS_MAX: i64 = 12_000;
/// Riders that a process serves before it says `bye` to more.
pub(super) const RIDERS_MAX: i64 = 8_000;
/// Sockets of either kind above which the upgrade itself is refused.
pub(super) const SOCKETS_HARD_MAX: i64 = 22_000;
/// How often [`Sockets::emptied`] looks.
const EMPTIED_POLL: Duration = Duration::from_millis(20);

/// Open sockets of the process.
#[derive(Clone, Debug, Default)]
pub struct Sockets(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    panels: Gauge,
    riders: Gauge,
    connections: AtomicU64,
    newest: Mutex<HashMap<Box<str>, (u64, Signals)>>,
}

/// A counted socket; gives its place back when dropped.
#[derive(Debug)]
pub struct Seat {
    inner: Arc<Inner>,
    panel: Option<(Box<str>, u64)>,
    signals: Signals,
    over_limit: bool,
}

/// What a connection may be told from outside.
#[derive(Clone, Debug, Default)]
struct Signals {
    replaced: CancellationToken,
    revoked: CancellationToken,
}

impl Sockets {
    /// None yet; their counts are seen in `connected` under the label `kind`.
    #[must_use]
    pub fn counted_in(connected: &Family<KindLabel, Gauge>) -> Self {
        let gauge = |kind| connected.get_or_create_owned(&KindLabel { kind });
        Self(Arc::new(Inner { panels: gauge("panel"), riders: gauge("rider"), ..Inner::default() }))
    }

    /// Whether the process is so full that an upgrade is refused.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.panels() + self.riders() >= SOCKETS_HARD_MAX
    }

    /// Connected panels.
    #[must_use]
    pub fn panels(&self) -> i64 {
        self.0.panels.get()
    }

    /// Connected riders.
    #[must_use]
    pub fn riders(&self) -> i64 {
        self.0.riders.get()
    }

    /// Counts a rider in.
    #[must_use]
    pub fn rider(&self) -> Seat {
        let before = self.0.riders.inc();
        self.seat(None, Signals::default(), before >= RIDERS_MAX)
    }

    /// Counts a panel in, and tells its older connection that it is replaced.
    #[must_use]
    pub fn panel(&self, id: &str) -> Seat {
        let before = self.0.panels.inc();
        let number = self.0.connections.fetch_add(1, Ordering::Relaxed);
        let signals = Signals::default();
        // Held for one map operation; nothing is awaited under it.
        let older = self.newest().insert(id.into(), (number, signals.clone()));
        if let Some((_, older)) = older {
            older.replaced.cancel();
        }
        self.seat(Some((id.into(), number)), signals, before >= PANELS_MAX)
    }

    /// The panels that are connected.
    #[must_use]
    pub fn panel_ids(&self) -> Vec<Box<str>> {
        self.newest().keys().cloned().collect()
    }

    /// Disconnects panels whose token was taken back.
    pub fn close_panels<'a>(&self, ids: impl Iterator<Item = &'a str>) {
        let newest = self.newest();
        for id in ids {
            if let Some((_, connection)) = newest.get(id) {
                connection.revoked.cancel();
            }
        }
    }

    /// Waits until every socket has closed.
    pub async fn emptied(&self) {
        while self.panels() + self.riders() > 0 {
            tokio::time::sleep(EMPTIED_POLL).await;
        }
    }

    fn seat(&self, panel: Option<(Box<str>, u64)>, signals: Signals, over_limit: bool) -> Seat {
        Seat { inner: Arc::clone(&self.0), panel, signals, over_limit }
    }

    fn newest(&self) -> std::sync::MutexGuard<'_, HashMap<Box<str>, (u64, Signals)>> {
        self.0.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Cancelled when a newer connection of the same panel arrives.
    #[must_use]
    pub fn replaced(&self) -> &CancellationToken {
        &self.signals.replaced
    }

    /// Cancelled when the panel's token is taken back.
    #[must_use]
    pub fn revoked(&self) -> &CancellationToken {
        &self.signals.revoked
    }

    /// Whether the process serves as many as it should already.
    #[must_use]
    pub fn over_limit(&self) -> bool {
        self.over_limit
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some((id, number)) = &self.panel else {
            self.inner.riders.dec();
            return;
        };
        self.inner.panels.dec();
        let mut newest = self.inner.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.get(id).is_some_and(|(newest, _)| newest == number) {
            newest.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_connection_of_a_panel_replaces_the_older_and_only_that() {
        let sockets = Sockets::default();
        let other = sockets.panel("P-2");
        let first = sockets.panel("P-1");
        let second = sockets.panel("P-1");
        assert!(first.replaced().is_cancelled());
        assert!(!second.replaced().is_cancelled() && !other.replaced().is_cancelled());
        drop(first);
        let third = sockets.panel("P-1");
        assert!(second.replaced().is_cancelled() && !third.replaced().is_cancelled());
    }

    #[test]
    fn a_closed_socket_gives_its_place_back() {
        let sockets = Sockets::default();
        let seats = (sockets.rider(), sockets.panel("P-1"));
        assert_eq!((sockets.riders(), sockets.panels()), (1, 1));
        drop(seats);
        assert_eq!((sockets.riders(), sockets.panels()), (0, 0));
    }
}
