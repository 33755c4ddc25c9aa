//! Serves boards and GTFS-realtime in a process that does not track: they come over the bus from the one that does.
//!
//! A process that may track itself does so only while it stands by (`driver/lease.rs`).
//! Names and the timetable come from this process' own feed. When the bus falls silent the boards grow
//! old in plain sight: heartbeats carry the age of the link, and beyond a minute predictions are withdrawn.

use crate::live::{Common, Publisher, Relayed, Snapshot, read_relayed};
use crate::state::AppState;
use anyhow::Context;
use gtfs::Timetable;
use std::sync::Arc;
use std::time::Duration;
use store::bus::{Bus, Topic};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A process that took over has spoken of every stop within this; it speaks of all at once.
const SWEEP_AFTER: Duration = Duration::from_secs(5);
/// How often the link is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Runs until `token` is cancelled, while this process does not track.
///
/// # Errors
/// When the feed manager is gone.
pub async fn run(app: AppState, bus: Bus, token: CancellationToken) -> anyhow::Result<()> {
    while !token.is_cancelled() {
        match app.office.tenure() {
            None => mirror(&app, &bus, &token).await?,
            Some(tenure) => tokio::select! {
                () = token.cancelled() => {}
                () = app.office.lost(tenure.lease.epoch) => {}
            },
        }
    }
    Ok(())
}

/// Serves what the tracking process says, until this one takes over.
async fn mirror(app: &AppState, bus: &Bus, token: &CancellationToken) -> anyhow::Result<()> {
    let (mut feeds, mut changes) = (app.feeds.subscribe(), bus.changes());
    let mut mirror = Mirror::of(app, bus.clone());
    if let Some(timetable) = app.feeds.current() {
        mirror.install(timetable);
    }
    loop {
        tokio::select! {
            biased;
            () = token.cancelled() => return Ok(()),
            _ = app.office.taken() => return Ok(()),
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
    /// The highest seen: what is of a lower one was said by a process that no longer tracks.
    epoch: i64,
    /// When boards that the newest epoch has not spoken of fall to the timetable.
    sweep_at: Option<Instant>,
    renewed_s: i64,
}

impl Mirror {
    fn of(app: &AppState, bus: Bus) -> Self {
        let publisher = Publisher::new(Arc::clone(&app.live.hub), app.live.epoch);
        Self { app: app.clone(), bus, publisher, epoch: 0, sweep_at: None, renewed_s: 0 }
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
        let Some(message) = self.bus.latest(topic) else { return };
        if message.epoch < self.epoch {
            return;
        }
        if message.epoch > self.epoch {
            self.epoch = message.epoch;
            self.sweep_at = Some(Instant::now() + SWEEP_AFTER);
        }
        // Whatever the tracking process says anew shows that it is alive.
        self.publisher.stepped(self.app.clock.now());
        match topic {
            Topic::Board(stop) => {
                if let Some(relayed) = read_relayed(&message) {
                    self.publisher.relayed(stop, relayed);
                }
            }
            Topic::Realtime(_) => self.take_realtime(),
            Topic::Positions => {}
        }
    }

    /// Header times never fall, so of two snapshots the later one stays, whoever made it.
    fn take_realtime(&self) {
        let slot = &self.app.live.realtime;
        let has_s = slot.load().as_ref().map_or(0, |snapshot| snapshot.timestamp_s);
        if let Some(snapshot) = Snapshot::received(&self.bus, has_s).filter(|new| new.epoch >= self.epoch) {
            slot.store(Some(Arc::new(snapshot)));
        }
    }

    fn look(&mut self) {
        let now = self.app.clock.now();
        if self.sweep_at.is_some_and(|at| at <= Instant::now()) {
            self.sweep_at = None;
            self.sweep();
        }
        if now.s() >= self.renewed_s + 60 {
            self.renewed_s = now.s();
            self.publisher.renew_places(now);
        }
    }

    /// Empties the boards of which only an epoch that is over has spoken.
    fn sweep(&self) {
        for topic in self.bus.known() {
            if let Topic::Board(stop) = &topic
                && self.bus.latest(&topic).is_some_and(|message| message.epoch < self.epoch)
            {
                self.publisher.relayed(stop, Relayed { rows: Vec::new(), alerts: Vec::new() });
            }
        }
    }
}
