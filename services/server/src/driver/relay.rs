//! Serves boards in a process that does not track: they come over the bus from the one that does.
//!
//! Names and the timetable come from this process' own feed. When the bus falls silent the boards grow
//! old in plain sight: heartbeats carry the age of the link, and beyond a minute predictions are withdrawn.

use crate::live::{Common, Publisher, read_relayed};
use crate::state::AppState;
use anyhow::Context;
use gtfs::Timetable;
use std::sync::Arc;
use std::time::Duration;
use store::bus::{Bus, Topic};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// How often the link is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Runs until `token` is cancelled.
///
/// # Errors
/// When the feed manager is gone.
pub async fn run(app: AppState, bus: Bus, token: CancellationToken) -> anyhow::Result<()> {
    let (mut feeds, mut changes) = (app.feeds.subscribe(), bus.changes());
    let mut mirror = Mirror::of(&app, bus);
    if let Some(timetable) = app.feeds.current() {
        mirror.install(timetable);
    }
    loop {
        tokio::select! {
            () = token.cancelled() => return Ok(()),
            changed = feeds.changed() => {
                changed.context("the feed manager is gone")?;
                if let Some(timetable) = app.feeds.current() {
                    mirror.install(timetable);
                }
            }
            topic = changes.recv() => match topic {
                Ok(topic) => mirror.take(&topic),
                Err(RecvError::Lagged(_)) => mirror.take_all(),
                Err(RecvError::Closed) => anyhow::bail!("the bus is gone"),
            },
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        mirror.look();
    }
}

struct Mirror {
    app: AppState,
    bus: Bus,
    publisher: Publisher,
    received: u64,
    renewed_s: i64,
}

impl Mirror {
    fn of(app: &AppState, bus: Bus) -> Self {
        let publisher = Publisher::new(Arc::clone(&app.live.hub), app.live.epoch);
        Self { app: app.clone(), bus, publisher, received: 0, renewed_s: 0 }
    }

    fn install(&mut self, timetable: Arc<Timetable>) {
        let (simulated, rate) = (self.app.config.allow_simulated, self.app.clock.speed());
        let common = Arc::new(Common::of(timetable, simulated, rate));
        self.publisher.install(&common, self.app.clock.now());
        self.app.live.common.store(Some(common));
        self.take_all();
    }

    fn take_all(&mut self) {
        for topic in self.bus.known() {
            self.take(&topic);
        }
    }

    fn take(&mut self, topic: &Topic) {
        let Topic::Board(stop) = topic else { return };
        let relayed = self.bus.latest(topic).and_then(|message| read_relayed(&message));
        if let Some(relayed) = relayed {
            self.publisher.relayed(stop, relayed);
        }
    }

    /// Anything that arrives says that the tracking process is alive.
    fn look(&mut self) {
        let (now, received) = (self.app.clock.now(), self.bus.stats().received);
        if received != self.received {
            self.received = received;
            self.publisher.stepped(now);
        }
        if now.s() >= self.renewed_s + 60 {
            self.renewed_s = now.s();
            self.publisher.renew_places(now);
        }
    }
}
