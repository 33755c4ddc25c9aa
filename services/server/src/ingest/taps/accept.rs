//! The one path of every batch of taps: rates, commit, answer.
//!
//! What always holds: an answer of success comes after the commit, also when its sender has hung up; nothing
//! that was refused is acknowledged.

use super::balance::{self, Balances};
use super::deny::Delta;
use super::quote::Quote;
use super::wire::Request;
use crate::http::error::ApiError;
use crate::ingest::bucket::{Bucket, Rate};
use crate::ingest::device::Device;
use crate::ingest::{accept as pings, rates};
use crate::state::AppState;
use bytes::Bytes;
use fares::TapLine;
use gtfs::Timestamp;
use std::sync::{Arc, PoisonError};
use store::tap::{block, is_backfill};
use store::{Contact, DeviceKind, Nonce, TapBatch, TapItem, TapReceipt};
use tokio::time::Instant;

/// How much that is no tap a terminal may send: a day's worth of a broken one at once, then one a minute.
const REFUSED: Rate = Rate { per_s: 1.0 / 60.0, burst: 2_000.0 };
/// How many bodies of a terminal are kept whose envelope makes no sense.
const BODIES: Rate = Rate { per_s: 1.0 / 600.0, burst: 10.0 };
/// The adapter's name in the metrics.
const SOURCE: &str = "taps";
/// Longest wait asked of a terminal that sends what is no tap, seconds.
const RETRY_S_MAX: f64 = 600.0;

/// A request of one terminal, proven and read.
#[derive(Debug)]
pub struct Incoming {
    /// Who sent it.
    pub device: Arc<Device>,
    /// The key that signed it.
    pub key_id: Arc<str>,
    /// Of the signature.
    pub nonce: Option<Nonce>,
    /// What it says.
    pub request: Request,
    /// Its JSON.
    pub body: Bytes,
}

/// What a terminal is told when everything is on disk.
#[derive(Debug)]
pub struct Outcome {
    /// What became of the taps.
    pub receipt: TapReceipt,
    /// The version of the terminal's configuration.
    pub cfg_ver: i64,
    /// The lowest epoch of new taps, where the terminal is below it.
    pub epoch_min: Option<u32>,
    /// What brings its deny list up to date.
    pub deny: Option<Delta>,
    /// The fare, where a rider waits for it and somebody knew.
    pub quote: Option<Quote>,
    /// What is left on cards that it saw lately, where it asked for that.
    pub balances: Option<Balances>,
}

/// Takes a request.
///
/// # Errors
/// 403 when the device is no terminal, 429 when it sends too often or too much that is no tap, 401 for a
/// replayed nonce, 503 and 507 when it is not on disk.
pub async fn accept(app: &AppState, incoming: Incoming) -> Result<Outcome, ApiError> {
    let begun = Instant::now();
    let Incoming { device, key_id, nonce, request, body } = incoming;
    is_terminal(app, &device)?;
    let now = request.clock.received;
    rates::request(app, &mut device.lane.lock(), now)?;
    within_refused(app, &device.row.id, now, request.refused.len())?;
    let asked = if request.quote { first_tap(&device.row.id, &request) } else { None };
    let (deny_from, wants_deny) = (request.deny_ver, request.wants_deny);
    let wants_balances = request.wants_balances && asked.is_none();
    heard(app, &device.row.id, &request);
    let batch = batch(Arc::clone(&device.row.id), key_id, nonce, request, &body)?;
    let (taps, epoch) = (batch.block.taps().len(), batch.epoch);
    let receipt = committed(app, batch).await?;
    count(app, &receipt, taps, begun);
    if receipt.conflict {
        // So that the suspension holds from the next request on.
        let _ = app.ingest.registry.refresh(&app.db).await;
    }
    let quote = match asked {
        Some(tap) => app.quotes.ask(Arc::clone(&tap.card), tap).await,
        None => None,
    };
    let balances = match wants_balances {
        true => balance::asked(app, &device.row.id, now).await,
        false => None,
    };
    let terminal = app.taps.terminal(&device.row.id);
    let deny = app.taps.deny.read().unwrap_or_else(PoisonError::into_inner);
    Ok(Outcome {
        receipt,
        cfg_ver: terminal.as_ref().map_or(0, |terminal| terminal.cfg_ver),
        epoch_min: terminal.map(|terminal| terminal.epoch_min).filter(|&min| min > epoch),
        deny: deny.since(if wants_deny { 0 } else { deny_from }),
        quote,
        balances,
    })
}

/// Keeps a body whose envelope makes no sense, now and then, and gives the refusal back.
pub async fn keep_body(app: &AppState, device: &Device, body: &Bytes, refusal: ApiError) -> ApiError {
    let now = app.clock.now();
    let allowed = {
        let mut buckets = app.taps.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let name: Arc<str> = format!("{} bodies", device.row.id).into();
        buckets.entry(name).or_default().take(now, 1.0, BODIES).is_ok()
    };
    if refusal.status() == axum::http::StatusCode::UNPROCESSABLE_ENTITY && allowed {
        let kept = app.db.tap_body_refused(&device.row.id, now, refusal.message(), body).await;
        if let Err(failure) = kept {
            tracing::warn!(%failure, "a body that makes no sense could not be kept");
        }
    }
    refusal
}

fn is_terminal(app: &AppState, device: &Device) -> Result<(), ApiError> {
    if device.row.kind == DeviceKind::Terminal {
        return Ok(());
    }
    app.metrics.auth_failed("kind");
    let message = format!("{} is not a fare terminal; see padriew terminal add", device.row.id);
    Err(ApiError::forbidden("kind", message))
}

fn within_refused(app: &AppState, terminal: &Arc<str>, now: Timestamp, n: usize) -> Result<(), ApiError> {
    if n == 0 {
        return Ok(());
    }
    let mut buckets = app.taps.refused.lock().unwrap_or_else(PoisonError::into_inner);
    let bucket: &mut Bucket = buckets.entry(Arc::clone(terminal)).or_default();
    bucket.take(now, n as f64, REFUSED).map_err(|wait_s| {
        let wait_s = wait_s.ceil().clamp(1.0, RETRY_S_MAX) as u32;
        ApiError::too_often(wait_s, "too much that is no tap; mend the terminal's program, nothing was taken")
    })
}

fn batch(
    terminal: Arc<str>,
    key_id: Arc<str>,
    nonce: Option<Nonce>,
    request: Request,
    body: &[u8],
) -> Result<TapBatch, ApiError> {
    let backfill = !request.block.taps().is_empty()
        && request.newest_up_ms.is_none_or(|newest| is_backfill(request.clock.up_ms, newest));
    Ok(TapBatch {
        terminal,
        epoch: request.epoch,
        key_id,
        nonce,
        clock: request.clock,
        deny_ver: request.deny_ver,
        tariff_ver: request.tariff_ver,
        held_from: request.held_from,
        lost: request.lost,
        audits: request.audits,
        block: request.block,
        refused: request.refused,
        body: block::pack(body).map_err(|error| ApiError::internal(&error.into()))?,
        backfill,
    })
}

/// Stores a batch; the terminal may hang up while the commit runs.
async fn committed(app: &AppState, batch: TapBatch) -> Result<TapReceipt, ApiError> {
    let state = app.clone();
    let stored = async move {
        let receipt = state.taps.writer.submit(batch).await;
        if let Ok(receipt) = &receipt {
            state.taps.newest.send_if_modified(|newest| {
                let newer = receipt.newest > *newest;
                *newest = receipt.newest.max(*newest);
                newer
            });
        }
        receipt
    };
    let stored = app.taps.crew.finish_anyway(stored).await;
    let died = || ApiError::internal(&anyhow::anyhow!("storing taps panicked"));
    stored.ok_or_else(died)?.map_err(|failure| pings::refusal(&failure))
}

/// The tap that a rider waits with.
fn first_tap(terminal: &Arc<str>, request: &Request) -> Option<fares::Tap> {
    let line: Arc<str> = request.block.line(request.block.taps().first()?).into();
    let read = TapLine::read(&line).ok()?;
    Some(read.tap(&line, terminal, &request.clock, request.deny_ver))
}

fn heard(app: &AppState, terminal: &Arc<str>, request: &Request) {
    let clock = &request.clock;
    let contact = Contact {
        terminal: Arc::clone(terminal),
        seen: clock.received,
        epoch: request.epoch,
        deny_ver: request.deny_ver,
        tariff_ver: Arc::clone(&request.tariff_ver),
        // The request was on its way for about half a round trip.
        clock_offset_ms: clock
            .wall
            .map(|wall| wall.0.saturating_sub(clock.received.0) / 1_000 + clock.rtt_ms / 2),
    };
    let mut contacts = app.taps.contacts.lock().unwrap_or_else(PoisonError::into_inner);
    contacts.insert(Arc::clone(terminal), contact);
}

fn count(app: &AppState, receipt: &TapReceipt, taps: usize, begun: Instant) {
    let mut left = taps as u64;
    for (_, _, item) in &receipt.items {
        let (verdict, code) = match item {
            TapItem::Duplicate => ("dup", ""),
            TapItem::Quarantined(code) => ("rej", *code),
            TapItem::Later => ("later", ""),
        };
        app.metrics.records(SOURCE, verdict, code, 1);
        left = left.saturating_sub(u64::from(!matches!(item, TapItem::Quarantined("format"))));
    }
    if left > 0 {
        app.metrics.records(SOURCE, "ok", "", left);
    }
    app.metrics.acked(begun.elapsed().as_secs_f64());
}
