//! R15: how often a device may send, and how much of it reaches the tracker.

use super::bucket::Rate;
use super::device::Memory;
use crate::http::error::ApiError;
use crate::state::AppState;
use gtfs::Timestamp;
use std::sync::PoisonError;
use tracking::Ping;

/// Requests of one device at once, as a multiple of its requests a second.
const REQUEST_BURST: f64 = 2.0;
/// Surplus live pings of a device reach the tracker this far apart, seconds (R15: thinned to 1 Hz).
const THINNED_S: f64 = 1.0;
/// Seconds worth of backfill that may come at once.
const BACKFILL_BURST_S: f64 = 2.0;

/// One request of a device.
pub(super) fn request(app: &AppState, memory: &mut Memory, now: Timestamp) -> Result<(), ApiError> {
    let per_s = f64::from(app.config.ingest.requests_per_s_max);
    let rate = Rate { per_s, burst: per_s * REQUEST_BURST };
    memory.requests.take(now, 1.0, rate).map_err(|wait_s| {
        let message = format!("more than {per_s} requests a second; send several records in one request");
        ApiError::too_often(whole_s(wait_s), message)
    })
}

/// `late` backfilled records of a device, within its own quota and that of all.
pub(super) fn backfill(
    app: &AppState,
    memory: &mut Memory,
    now: Timestamp,
    late: usize,
) -> Result<(), ApiError> {
    if late == 0 {
        return Ok(());
    }
    let (n, limits) = (late as f64, &app.config.ingest);
    let rate = |per_s: u32| Rate { per_s: f64::from(per_s), burst: f64::from(per_s) * BACKFILL_BURST_S };
    let refuse = |wait_s: f64| {
        ApiError::too_often(whole_s(wait_s), "more history than can be taken at once; send it more slowly")
    };
    memory.backfill.take(now, n, rate(limits.backfill_per_s_max)).map_err(refuse)?;
    let mut all = app.ingest.backfill.lock().unwrap_or_else(PoisonError::into_inner);
    all.take(now, n, rate(limits.backfill_total_per_s_max)).map_err(refuse)
}

/// Whether a live ping reaches the tracker; what does not is counted.
pub(super) fn tracked(app: &AppState, memory: &mut Memory, now: Timestamp, ping: &Ping) -> bool {
    let limits = &app.config.ingest;
    let rate = Rate { per_s: f64::from(limits.live_per_s_max), burst: f64::from(limits.live_burst_max) };
    let within = memory.live.take(now, 1.0, rate).is_ok();
    let spaced = memory.tracked.is_none_or(|last| ping.t.since_s(last) >= THINNED_S);
    if within || spaced {
        memory.tracked = Some(ping.t);
        return true;
    }
    app.metrics.thinned(1);
    false
}

fn whole_s(wait_s: f64) -> u32 {
    wait_s.ceil().clamp(1.0, 30.0) as u32
}
