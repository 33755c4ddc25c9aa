//! The JSON of `POST /v1/pings`: an envelope and 1 to 500 records.
//!
//! The common case is one pass over the bytes. Only when a record has a field of the wrong type is
//! the body read again record by record, so that the others lose nothing and the field is named.

mod envelope;
mod ping;
mod shallow;

use super::record::{Record, unreadable};
use crate::http::error::ApiError;
use envelope::Envelope;
use gtfs::Timestamp;
use ping::{FIELDS, WirePing};
use serde_json::error::Category;
use serde_json::value::RawValue;
use shallow::{DEPTH_MAX, is_deep};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The version of the format.
const VERSION: u32 = 1;
/// Longest `boot`, bytes.
const BOOT_BYTES_MAX: usize = 64;

/// A readable body.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Changes when the sequence restarts; `None` when absent.
    pub boot: Option<String>,
    /// The records, in the order sent.
    pub records: Vec<Record>,
    /// Fields that are not known; ignored and counted.
    pub unknown_fields: u64,
}

/// Reads a body received at `received`.
///
/// # Errors
/// 400 when it is not JSON or nests too deeply, 413 for too many records, 422 when the envelope makes
/// no sense. A record that makes no sense is no error; see [`Record::content`].
pub fn read(body: &[u8], received: Timestamp, records_max: usize) -> Result<Batch, ApiError> {
    match serde_json::from_slice::<Envelope<WirePing<'_>>>(body) {
        Ok(envelope) => {
            let unknown = u64::from(envelope.unknown);
            let (boot, up_now, pings) = opened(envelope, records_max)?;
            let unknown_fields = unknown + pings.iter().map(|ping| u64::from(ping.unknown)).sum::<u64>();
            let records = pings.into_iter().map(|ping| ping.record(received, up_now)).collect();
            Ok(Batch { boot, records, unknown_fields })
        }
        Err(error) if matches!(error.classify(), Category::Data) => one_by_one(body, received, records_max),
        Err(error) => Err(not_json(body, &error)),
    }
}

/// The bytes of each record, for the quarantine. Empty when the body can not be read.
#[must_use]
pub fn raw_records(body: &[u8]) -> Vec<&[u8]> {
    let envelope = serde_json::from_slice::<Envelope<&RawValue>>(body);
    let pings = envelope.ok().and_then(|envelope| envelope.pings).unwrap_or_default();
    pings.into_iter().map(|raw| raw.get().as_bytes()).collect()
}

fn one_by_one(body: &[u8], received: Timestamp, records_max: usize) -> Result<Batch, ApiError> {
    if is_deep(body, DEPTH_MAX) {
        return Err(ApiError::unreadable("depth", format!("the body nests deeper than {DEPTH_MAX} levels")));
    }
    let envelope = serde_json::from_slice::<Envelope<&RawValue>>(body).map_err(|error| {
        ApiError::unprocessable("envelope", format!("the envelope can not be read: {error}"))
    })?;
    let mut unknown_fields = u64::from(envelope.unknown);
    let (boot, up_now, raws) = opened(envelope, records_max)?;
    let records = raws.into_iter().map(|raw| match serde_json::from_str::<WirePing<'_>>(raw.get()) {
        Ok(ping) => {
            unknown_fields += u64::from(ping.unknown);
            ping.record(received, up_now)
        }
        Err(_) => unreadable_record(raw),
    });
    let records = records.collect();
    Ok(Batch { boot, records, unknown_fields })
}

type Opened<P> = (Option<String>, Option<f64>, Vec<P>);

fn opened<P>(envelope: Envelope<P>, records_max: usize) -> Result<Opened<P>, ApiError> {
    let refuse = |message: String| Err(ApiError::unprocessable("envelope", message));
    if envelope.v != Some(VERSION) {
        return refuse(format!("v must be {VERSION}"));
    }
    let boot = envelope.boot;
    if boot.as_ref().is_some_and(|boot| boot.is_empty() || boot.len() > BOOT_BYTES_MAX) {
        return refuse(format!("boot must have 1 to {BOOT_BYTES_MAX} characters"));
    }
    let Some(pings) = envelope.pings else { return refuse("pings is missing".to_owned()) };
    if pings.is_empty() {
        return refuse("pings is empty; send 1 to 500 records".to_owned());
    }
    if pings.len() > records_max {
        let message = format!("{} records are more than {records_max}; send fewer at a time", pings.len());
        return Err(ApiError::too_large("records", message));
    }
    Ok((boot, envelope.up_now, pings))
}

fn not_json(body: &[u8], error: &serde_json::Error) -> ApiError {
    if is_deep(body, DEPTH_MAX) {
        return ApiError::unreadable("depth", format!("the body nests deeper than {DEPTH_MAX} levels"));
    }
    ApiError::unreadable("json", format!("the body is not JSON: {error}"))
}

/// A record with a field of the wrong type: names the field, and keeps the seq so that it is settled.
fn unreadable_record(raw: &RawValue) -> Record {
    let Ok(fields) = serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(raw.get()) else {
        return Record { seq: None, content: Err(unreadable("pings")) };
    };
    let seq = fields.get("seq").and_then(|raw| raw.get().parse::<i64>().ok()).filter(|seq| *seq >= 0);
    let alone = |name: &str| fields.get(name).map(|value| format!("{{\"{name}\":{}}}", value.get()));
    let at_fault = FIELDS.into_iter().find(|name| {
        alone(name).is_some_and(|record| serde_json::from_str::<WirePing<'_>>(&record).is_err())
    });
    Record { seq, content: Err(unreadable(at_fault.unwrap_or("pings"))) }
}

#[cfg(test)]
mod tests;
