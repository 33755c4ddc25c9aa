//! The JSON of `POST /v1/taps`: an envelope, 0 to 500 taps, totals of shifts, ranges that are gone.
//!
//! The common case is one pass over the bytes. Only when something has a field of the wrong type is the body
//! read again piece by piece, so that the others lose nothing. What is no tap is kept with all its bytes.
//!
//! What always holds: each element of `taps` is either in the block or in `refused`, never in both or neither.

mod tap;
#[cfg(test)]
mod tests;

use crate::http::error::ApiError;
use bytes::Bytes;
use fares::tap::{BadPart, RequestClock, TEXT_BYTES_MAX, instant};
use gtfs::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::sync::Arc;
use store::ShiftAudit;
use store::tap::block::hash_of_hex;
use store::tap::{Block, RefusedTap, TAPS_MAX};
use store::tap_quarantine::QuarantinedTap;
use tap::{Read, WireTap, hash_in, read_alone};

/// The version of the format.
const VERSION: u32 = 1;
/// Shifts in one request.
const AUDITS_MAX: usize = 50;
/// Ranges in one `lost`.
const LOST_MAX: usize = 1_000;
/// Words in one `want`.
const WANTS_MAX: usize = 16;
/// A round trip longer than this is no round trip, milliseconds.
const RTT_MS_MAX: i64 = 600_000;
/// The word for what can not be read.
const REFUSED: &str = "format";

/// A readable body.
#[derive(Clone, Debug)]
pub struct Request {
    /// Rises when the terminal's sequence starts again.
    pub epoch: u32,
    /// The clocks of the request.
    pub clock: Arc<RequestClock>,
    /// The lowest number that the terminal still has; 0 when it does not say.
    pub held_from: i64,
    /// The deny list that it has.
    pub deny_ver: i64,
    /// The tariff that it has.
    pub tariff_ver: Arc<str>,
    /// A rider waits for the fare.
    pub quote: bool,
    /// The whole deny list is asked for.
    pub wants_deny: bool,
    /// The balances of cards that it saw lately are asked for.
    pub wants_balances: bool,
    /// The taps.
    pub block: Block,
    /// What could not be read as a tap, a shift or a range.
    pub refused: Vec<RefusedTap>,
    /// The totals of shifts.
    pub audits: Vec<ShiftAudit>,
    /// Ranges that are gone.
    pub lost: Vec<(i64, i64)>,
    /// The newest uptime among taps of this boot; `None` when all are of earlier ones.
    pub newest_up_ms: Option<i64>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Envelope<'a, T> {
    v: Option<u32>,
    epoch: Option<u32>,
    boot: Option<String>,
    up_now: Option<i64>,
    wall_now: Option<String>,
    rtt: Option<i64>,
    held_from: Option<i64>,
    deny_ver: Option<i64>,
    tariff_ver: Option<String>,
    quote: Option<bool>,
    #[serde(default)]
    want: Vec<String>,
    taps: Option<Vec<T>>,
    #[serde(borrow, default)]
    audit: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    lost: Vec<&'a RawValue>,
}

/// Reads a body received at `received`.
///
/// # Errors
/// 400 when it is not JSON, 413 for too much of anything, 422 when the envelope makes no sense. What makes no
/// sense among the taps is no error; see [`Request::refused`].
pub fn read(body: &Bytes, received: Timestamp) -> Result<Request, ApiError> {
    match serde_json::from_slice::<Envelope<'_, WireTap<'_>>>(body) {
        Ok(envelope) => {
            let mut request = opened(&envelope, received)?;
            let taps = envelope.taps.unwrap_or_default();
            let bad = request.take_all(taps.iter());
            if !bad.is_empty() {
                request.refuse_all(body, &bad)?;
            }
            request.rest(body, &envelope.audit, &envelope.lost);
            request.finish()
        }
        Err(error) if matches!(error.classify(), Category::Data) => one_by_one(body, received),
        Err(error) => Err(ApiError::unreadable("json", format!("the body is not JSON: {error}"))),
    }
}

/// A tap as a person has mended it, under the number of its row where that is known; its chain hash is the one that was
/// sent.
///
/// # Errors
/// 400 when it is no tap, 422 which part is wrong.
pub fn mended(tap: &RawValue, row: &QuarantinedTap) -> Result<Block, ApiError> {
    let wrong = |part| ApiError::unprocessable("tap", BadPart(part).to_string());
    let mended = match read_alone(tap) {
        Read::Tap(tap) => tap,
        Read::Not { part, .. } => return Err(wrong(part)),
    };
    let line = mended.line_of(row.epoch.unwrap_or_default(), row.seq, &row.clock.boot);
    let mut block = Block::default();
    block.push(&line.map_err(|bad| wrong(bad.0))?, hash_in(&row.raw));
    block.finish().map_err(|error| ApiError::internal(&error.into()))
}

fn one_by_one(body: &Bytes, received: Timestamp) -> Result<Request, ApiError> {
    let envelope = raw_envelope(body)?;
    let mut request = opened(&envelope, received)?;
    for (at, raw) in envelope.taps.unwrap_or_default().into_iter().enumerate() {
        let (seq, part) = match read_alone(raw) {
            Read::Tap(tap) => match request.take(&tap) {
                Ok(()) => continue,
                Err(part) => (tap.seq(), part),
            },
            Read::Not { seq, part } => (seq, part),
        };
        request.refused.push(refused(at, seq, part, slice(body, raw)));
    }
    request.rest(body, &envelope.audit, &envelope.lost);
    request.finish()
}

fn raw_envelope(body: &[u8]) -> Result<Envelope<'_, &RawValue>, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        ApiError::unprocessable("envelope", format!("the envelope can not be read: {error}"))
    })
}

fn opened<T>(envelope: &Envelope<'_, T>, received: Timestamp) -> Result<Request, ApiError> {
    let refuse = |message: &str| Err(ApiError::unprocessable("envelope", message));
    if envelope.v != Some(VERSION) {
        return refuse("v must be 1");
    }
    let Some(taps) = &envelope.taps else { return refuse("taps is missing; a heartbeat has an empty one") };
    let limits = [
        (taps.len(), TAPS_MAX, "taps"),
        (envelope.audit.len(), AUDITS_MAX, "shifts in audit"),
        (envelope.lost.len(), LOST_MAX, "ranges in lost"),
        (envelope.want.len(), WANTS_MAX, "words in want"),
    ];
    if let Some((many, max, what)) = limits.into_iter().find(|(many, max, _)| many > max) {
        let message = format!("{many} {what} are more than {max}; send half as many at a time");
        return Err(ApiError::too_large("taps", message));
    }
    let Some(epoch) = envelope.epoch.filter(|&epoch| epoch >= 1) else {
        return refuse("epoch must be a whole number from 1");
    };
    let boot = envelope.boot.as_deref().unwrap_or_default();
    if !is_word(boot) {
        return refuse("boot must have 1 to 64 characters without bars and control characters");
    }
    let Some(up_ms) = envelope.up_now.filter(|&up_ms| up_ms >= 0) else {
        return refuse("up_now must be the milliseconds since boot began");
    };
    let tariff_ver = envelope.tariff_ver.as_deref().unwrap_or_default();
    if !tariff_ver.is_empty() && !is_word(tariff_ver) {
        return refuse("tariff_ver must have at most 64 characters without bars and control characters");
    }
    let clock = RequestClock {
        received,
        boot: boot.into(),
        up_ms,
        wall: envelope.wall_now.as_deref().and_then(instant),
        rtt_ms: envelope.rtt.unwrap_or_default().clamp(0, RTT_MS_MAX),
    };
    Ok(Request {
        epoch,
        clock: Arc::new(clock),
        held_from: envelope.held_from.unwrap_or_default().max(0),
        deny_ver: envelope.deny_ver.unwrap_or_default().max(0),
        tariff_ver: tariff_ver.into(),
        quote: envelope.quote.unwrap_or_default() && taps.len() == 1,
        wants_deny: envelope.want.iter().any(|word| word == "deny"),
        wants_balances: envelope.want.iter().any(|word| word == "balances"),
        block: Block::default(),
        refused: Vec::new(),
        audits: Vec::new(),
        lost: Vec::new(),
        newest_up_ms: None,
    })
}

impl Request {
    /// Takes taps; the positions of those that are none, with their numbers and the part at fault.
    fn take_all<'a>(
        &mut self,
        taps: impl Iterator<Item = &'a WireTap<'a>>,
    ) -> Vec<(usize, Option<i64>, &'static str)> {
        let mut bad = Vec::new();
        for (at, tap) in taps.enumerate() {
            if let Err(part) = self.take(tap) {
                bad.push((at, tap.seq(), part));
            }
        }
        bad
    }

    fn take(&mut self, tap: &WireTap<'_>) -> Result<(), &'static str> {
        let clock = Arc::clone(&self.clock);
        let line = tap.line(self.epoch, &clock.boot).map_err(|bad| bad.0)?;
        if *line.boot == *clock.boot {
            self.newest_up_ms = self.newest_up_ms.max(Some(line.up_ms));
        }
        self.block.push(&line, tap.hash());
        Ok(())
    }

    /// Keeps the bytes of what is no tap.
    fn refuse_all(
        &mut self,
        body: &Bytes,
        bad: &[(usize, Option<i64>, &'static str)],
    ) -> Result<(), ApiError> {
        let envelope = raw_envelope(body)?;
        let raws = envelope.taps.unwrap_or_default();
        for &(at, seq, part) in bad {
            let raw = raws.get(at).map(|raw| slice(body, raw)).unwrap_or_default();
            self.refused.push(refused(at, seq, part, raw));
        }
        Ok(())
    }

    /// Reads the shifts and ranges; one that makes no sense is kept like a bad tap, because a terminal that is
    /// refused for it could never empty its memory.
    fn rest(&mut self, body: &Bytes, audits: &[&RawValue], lost: &[&RawValue]) {
        for raw in audits {
            match alone::<WireAudit>(raw).filter(|audit| is_word(&audit.shift)) {
                Some(audit) => self.audits.push(audit.into()),
                None => self.refused.push(refused(0, None, "audit", slice(body, raw))),
            }
        }
        for raw in lost {
            match alone::<(i64, i64)>(raw) {
                Some(range) => self.lost.push(range),
                None => self.refused.push(refused(0, None, "lost", slice(body, raw))),
            }
        }
    }

    fn finish(mut self) -> Result<Self, ApiError> {
        self.block =
            std::mem::take(&mut self.block).finish().map_err(|error| ApiError::internal(&error.into()))?;
        Ok(self)
    }
}

#[derive(Deserialize)]
struct WireAudit {
    shift: String,
    from: i64,
    to: i64,
    n: i64,
    sum_f: i64,
    head: Option<String>,
}

impl From<WireAudit> for ShiftAudit {
    fn from(wire: WireAudit) -> Self {
        Self {
            shift: wire.shift.into(),
            from: wire.from,
            to: wire.to,
            taps: wire.n,
            fare_sum: wire.sum_f,
            head: wire.head.as_deref().and_then(hash_of_hex),
        }
    }
}

fn alone<T: DeserializeOwned>(raw: &RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

fn is_word(text: &str) -> bool {
    (1..=TEXT_BYTES_MAX).contains(&text.len()) && !text.chars().any(|c| c.is_control() || c == '|')
}

fn refused(at: usize, seq: Option<i64>, part: &'static str, raw: Bytes) -> RefusedTap {
    RefusedTap { at, seq, code: REFUSED, detail: BadPart(part).to_string().into(), raw }
}

fn slice(body: &Bytes, raw: &RawValue) -> Bytes {
    body.slice_ref(raw.get().as_bytes())
}
