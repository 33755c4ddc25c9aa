//! The fleet's trackers: each posts its own signed batches, keeps what was not acknowledged, and
//! sends it again, as a real tracker does.

use super::client::{Answer, DeviceKey, PingClient};
use super::sim::{Fault, SimReport, SimVehicle};
use crate::clock::Clock;
use gtfs::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::watch;

/// How often a tracker reports, seconds of the demo's clock.
const PERIOD_S: f64 = 5.0;
/// But not more often than this in real time: the server takes two live reports a second (R15).
const PERIOD_REAL_S_MIN: f64 = 0.6;
/// The first reports are spread over this, so that boards fill at once, real seconds.
const FIRST_WITHIN_REAL_S: f64 = 2.0;
/// What a tracker can keep; the oldest go first.
const KEPT_REPORTS_MAX: usize = 1_000;
/// Reports in one request.
const BATCH_REPORTS_MAX: usize = 100;
/// After a failure a tracker waits this long, doubling up to [`RETRY_WAIT_MAX`].
const RETRY_WAIT_MIN: Duration = Duration::from_millis(500);
/// Longest wait after a failure.
const RETRY_WAIT_MAX: Duration = Duration::from_secs(15);

/// One tracker: a simulated vehicle, its key, and what it has not delivered yet.
pub(crate) struct Tracker {
    vehicle: SimVehicle,
    key: DeviceKey,
    boot: String,
    kept: VecDeque<SimReport>,
    sent: u64,
}

/// Everything the trackers share.
#[derive(Clone)]
pub(crate) struct Air {
    /// The demo's clock: trackers have no other.
    pub(crate) clock: Clock,
    /// The way to the server.
    pub(crate) client: PingClient,
    /// True while nothing gets through, as `--pause-fleet-after` and SIGUSR1 ask.
    pub(crate) silent: watch::Receiver<bool>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    v: u8,
    boot: &'a str,
    pings: Vec<&'a SimReport>,
}

#[derive(Deserialize)]
struct Receipt {
    ack: Option<u64>,
}

/// Runs all trackers until dropped.
pub(crate) async fn run(trackers: Vec<Tracker>, air: Air) {
    let count = trackers.len().max(1) as f64;
    let runs = trackers.into_iter().enumerate().map(|(at, tracker)| {
        let phase_s = FIRST_WITHIN_REAL_S * air.clock.speed() * at as f64 / count;
        tracker.run(air.clone(), phase_s)
    });
    futures_util::future::join_all(runs).await;
}

impl Tracker {
    /// A tracker that has sent nothing yet.
    pub(crate) fn new(vehicle: SimVehicle, key: DeviceKey) -> Self {
        let boot = uuid::Uuid::new_v4().simple().to_string()[..8].to_owned();
        Self { vehicle, key, boot, kept: VecDeque::new(), sent: 0 }
    }

    async fn run(mut self, air: Air, phase_s: f64) {
        let period_s = PERIOD_S.max(PERIOD_REAL_S_MIN * air.clock.speed());
        let mut next = air.clock.now().plus_s(phase_s);
        let mut retry_wait = RETRY_WAIT_MIN;
        loop {
            air.clock.sleep_until(next).await;
            let now = air.clock.now();
            next = next.plus_s(period_s).max(now);
            if *air.silent.borrow() {
                continue;
            }
            self.observe(now);
            if self.kept.is_empty() || self.vehicle.fault().is_silent(now.s() as f64) {
                continue;
            }
            match self.deliver(&air).await {
                Ok(()) => retry_wait = RETRY_WAIT_MIN,
                Err(failure) => {
                    let vehicle = self.vehicle.name();
                    tracing::debug!(vehicle, failure = format!("{failure:#}"), "reports kept for later");
                    tokio::time::sleep(retry_wait).await;
                    retry_wait = (retry_wait * 2).min(RETRY_WAIT_MAX);
                }
            }
        }
    }

    fn observe(&mut self, now: Timestamp) {
        if let Some(report) = self.vehicle.report(now) {
            self.kept.push_back(report);
        }
        if self.kept.len() > KEPT_REPORTS_MAX {
            self.kept.pop_front();
        }
    }

    /// Sends the oldest reports and forgets what the server has on disk.
    async fn deliver(&mut self, air: &Air) -> anyhow::Result<()> {
        let pings: Vec<&SimReport> = self.kept.iter().take(BATCH_REPORTS_MAX).collect();
        let newest = pings.last().map_or(0, |report| report.seq);
        let body = serde_json::to_vec(&Envelope { v: 1, boot: &self.boot, pings })?;
        self.sent += 1;
        if self.vehicle.fault() == Fault::Duplicate && self.sent.is_multiple_of(4) {
            air.client.post(&self.key, air.clock.now(), body.clone()).await?;
        }
        let answer = air.client.post(&self.key, air.clock.now(), body).await?;
        let ack = acknowledged(&answer)?.unwrap_or(newest);
        self.kept.retain(|report| report.seq > ack);
        Ok(())
    }
}

/// The highest sequence number on disk.
fn acknowledged(answer: &Answer) -> anyhow::Result<Option<u64>> {
    anyhow::ensure!(answer.status == 200, "status {}: {}", answer.status, answer.body);
    Ok(serde_json::from_str::<Receipt>(&answer.body)?.ack)
}
