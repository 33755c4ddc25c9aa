//! The one path of every batch: rates, rules, commit, tracker, answer.
//!
//! What always holds: an answer of success comes after the commit; the tracker gets a ping after its
//! commit, except while the store is failing, when live pings still move the picture, unacknowledged;
//! a batch that was not stored leaves no trace in the rules' memory, unless its pings were shown.

use super::device::Device;
use super::judge::{Judgement, Refused, Sender, Summary, judge, sentence};
use super::rates;
use super::record::{NO_BOOT, Record};
use crate::http::error::ApiError;
use crate::state::AppState;
use bytes::Bytes;
use gtfs::Timestamp;
use std::sync::Arc;
use store::{Nonce, PingBatch, PingReceipt, Rejected, StoreError, Verdict};
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::Instant;
use tracking::check::{DeviceState, Flags};
use tracking::{Ping, Tier};

/// Largest `Retry-After`, seconds.
const RETRY_S_MAX: u32 = 30;
/// When to try again while the database does not answer, seconds.
const RETRY_AWAY_S: u32 = 5;

/// A batch of one device, decoded.
#[derive(Debug)]
pub struct Incoming {
    /// Who sent it.
    pub device: Arc<Device>,
    /// How the sender proved itself.
    pub tier: Tier,
    /// The adapter: `pings`, `osmand`, `traccar`.
    pub source: &'static str,
    /// Its boot; `None` when the protocol has no sequence.
    pub boot: Option<Arc<str>>,
    /// Of a signed request.
    pub nonce: Option<Nonce>,
    /// The records.
    pub records: Vec<Record>,
    /// When it was received.
    pub received: Timestamp,
}

/// What became of a batch that is on disk.
#[derive(Debug)]
pub struct Outcome {
    /// Highest number up to which all are settled; `None` without a sequence.
    pub ack: Option<i64>,
    /// Live records, flagged ones too.
    pub ok: usize,
    /// Records kept for history.
    pub hist: usize,
    /// Records that were stored before.
    pub dup: usize,
    /// Flags by position in the batch.
    pub flags: Vec<(usize, Flags)>,
    /// Refused records.
    pub refused: Vec<Refused>,
}

/// Takes a batch. `raw` gives the bytes of each record, for the quarantine; it is asked only when a
/// record is refused.
///
/// # Errors
/// 429 when the device sends too often, 401 for a replayed nonce, 503 and 507 when it is not on disk.
pub async fn accept(
    app: &AppState,
    incoming: Incoming,
    raw: impl FnOnce() -> Vec<Bytes>,
) -> Result<Outcome, ApiError> {
    let begun = Instant::now();
    let Incoming { device, tier, source, boot, nonce, records, received } = incoming;
    let sender =
        Sender { device: &device, tier, now: received, simulated_is_live: app.config.allow_simulated };
    let (Judgement { rows, live, summary }, undo) = judged(app, sender, records, boot.is_some())?;
    let batch = PingBatch {
        device: Arc::clone(&device.row.id),
        boot: boot.unwrap_or_else(|| Arc::from(NO_BOOT)),
        source: source.into(),
        nonce,
        rows,
        rejected: rejected(&summary.refused, received, raw),
    };
    let (state, device) = (app.clone(), Arc::clone(&device));
    // The sender may hang up while the commit runs. It is stored all the same, so it is tracked all the same.
    let settled = async move { settle(&state, &device, batch, live, undo, received).await };
    let receipt = app.ingest.crew.finish_anyway(settled).await.ok_or_else(died)??;
    let outcome = outcome(summary, &receipt);
    count(app, source, &outcome, begun);
    Ok(outcome)
}

/// Stores a batch, and hands what is live to the tracker.
async fn settle(
    app: &AppState,
    device: &Device,
    batch: PingBatch,
    live: Vec<(usize, Ping)>,
    undo: Undo,
    received: Timestamp,
) -> Result<PingReceipt, ApiError> {
    match app.writer.submit(batch).await {
        Ok(receipt) => {
            let fresh = |row: usize| receipt.duplicates.binary_search(&row).is_err();
            track(app, device, received, live.into_iter().filter(|(row, _)| fresh(*row)));
            Ok(receipt)
        }
        Err(failure) => {
            if shows_unstored(&failure) {
                track(app, device, received, live.into_iter());
            } else {
                undo.apply(device);
            }
            Err(refusal(&failure))
        }
    }
}

fn died() -> ApiError {
    ApiError::internal(&anyhow::anyhow!("storing a batch panicked"))
}

/// Rates and rules; when it is refused, nothing is remembered.
fn judged(
    app: &AppState,
    sender: Sender<'_>,
    records: Vec<Record>,
    numbered: bool,
) -> Result<(Judgement, Undo), ApiError> {
    let params = app.ingest.params.load();
    let mut memory = sender.device.lane.lock();
    rates::request(app, &mut memory, sender.now)?;
    let before = memory.state.clone();
    let judgement = judge(records, sender, numbered, &mut memory, &params);
    if let Err(refusal) = rates::backfill(app, &mut memory, sender.now, judgement.summary.late) {
        memory.state = before;
        return Err(refusal);
    }
    memory.judged += 1;
    let undo = Undo { state: before, judged: memory.judged };
    Ok((judgement, undo))
}

/// Puts back what the rules remembered before a batch that was not stored.
struct Undo {
    state: DeviceState,
    judged: u64,
}

impl Undo {
    /// Nothing is put back when another batch was judged since: its memory is the newer.
    fn apply(self, device: &Device) {
        let mut memory = device.lane.lock();
        if memory.judged == self.judged {
            memory.state = self.state;
        }
    }
}

fn rejected(refused: &[Refused], received: Timestamp, raw: impl FnOnce() -> Vec<Bytes>) -> Vec<Rejected> {
    if refused.is_empty() {
        return Vec::new();
    }
    let raw = raw();
    let row = |refused: &Refused| Rejected {
        seq: refused.seq,
        received,
        code: refused.reject.code.word().into(),
        detail: sentence(&refused.reject).into(),
        raw: raw.get(refused.at).cloned().unwrap_or_default(),
    };
    refused.iter().map(row).collect()
}

/// Hands live pings to the tracker, thinned where the device sends more than it may (R15).
fn track(app: &AppState, device: &Device, now: Timestamp, live: impl Iterator<Item = (usize, Ping)>) {
    let delayed = |ping: &Ping| app.metrics.delayed(now.since_s(ping.t));
    let pings: Vec<Ping> = {
        let mut memory = device.lane.lock();
        live.map(|(_, ping)| ping)
            .filter(|ping| rates::tracked(app, &mut memory, now, ping))
            .inspect(delayed)
            .collect()
    };
    if pings.is_empty() {
        return;
    }
    let n = pings.len() as u64;
    match app.accepted.try_send(pings) {
        // Closed: this process does not track; the one that does reads the table.
        Ok(()) | Err(TrySendError::Closed(_)) => {}
        Err(TrySendError::Full(_)) => app.metrics.untracked(n),
    }
}

fn outcome(summary: Summary, receipt: &PingReceipt) -> Outcome {
    let (mut ok, mut hist) = (0, 0);
    for (row, verdict) in summary.verdicts.iter().enumerate() {
        match verdict {
            _ if receipt.duplicates.binary_search(&row).is_ok() => {}
            Verdict::Ok | Verdict::Flag => ok += 1,
            Verdict::Hist => hist += 1,
        }
    }
    let dup = receipt.duplicates.len();
    Outcome { ack: receipt.ack, ok, hist, dup, flags: summary.flags, refused: summary.refused }
}

fn count(app: &AppState, source: &'static str, outcome: &Outcome, begun: Instant) {
    let metrics = &app.metrics;
    let plain = outcome.ok.saturating_sub(outcome.flags.len());
    for (verdict, n) in [("ok", plain), ("hist", outcome.hist), ("dup", outcome.dup)] {
        if n > 0 {
            metrics.records(source, verdict, "", n as u64);
        }
    }
    for flag in outcome.flags.iter().flat_map(|(_, flags)| flags.iter()) {
        metrics.records(source, "flag", flag.word(), 1);
    }
    for refused in &outcome.refused {
        metrics.records(source, "rej", refused.reject.code.word(), 1);
    }
    metrics.acked(begun.elapsed().as_secs_f64());
}

/// Whether live pings move the picture although they are not stored: the store is failing, not busy.
fn shows_unstored(failure: &StoreError) -> bool {
    matches!(failure, StoreError::Full(_) | StoreError::Stopped(_) | StoreError::Away(_))
}

/// What a sender is told of a failure of the store.
pub(super) fn refusal(failure: &StoreError) -> ApiError {
    match failure {
        StoreError::Busy { retry_after_s } => {
            ApiError::busy(jittered(*retry_after_s), "the server is catching up; send the same records again")
        }
        StoreError::Away(cause) => {
            tracing::warn!(cause, "pings could not be stored");
            ApiError::busy(jittered(RETRY_AWAY_S), "the database is away; send the same records again")
        }
        StoreError::Replayed => {
            ApiError::unauthenticated("nonce", "this request was sent before; sign again with a new nonce")
        }
        StoreError::Full(cause) | StoreError::Stopped(cause) => {
            tracing::error!(cause, "pings could not be stored");
            let retry_s = jittered(RETRY_AWAY_S);
            ApiError::store_failed(retry_s, "nothing was stored; keep the records and send them again")
        }
        StoreError::Refused(cause) | StoreError::Unusable(cause) | StoreError::Unreadable(cause) => {
            ApiError::internal(&anyhow::anyhow!("the store refused a batch: {cause}"))
        }
    }
}

/// Spreads senders that are turned away together, 1 to 30 s.
fn jittered(base_s: u32) -> u32 {
    rand::random_range(base_s..=base_s.saturating_mul(3)).clamp(1, RETRY_S_MAX)
}
