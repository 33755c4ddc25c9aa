//! What a sender is told: how far it may delete, and what became of the records that are not plainly OK.

use crate::http::error::ApiError;
use crate::ingest::{Outcome, Refused};
use gtfs::Timestamp;
use serde::{Serialize, Serializer};
use tracking::check::Detail;

/// `200` of `POST /v1/pings`. Records that are not listed are OK.
#[derive(Serialize)]
pub(super) struct Reply<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    boot: Option<&'a str>,
    /// Highest number up to which all are settled; the device may delete up to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    ack: Option<i64>,
    /// Live records, flagged ones too.
    ok: usize,
    hist: usize,
    dup: usize,
    flag: Vec<Flagged>,
    rej: Vec<Rejected>,
    now: String,
}

#[derive(Serialize)]
struct Flagged {
    i: usize,
    code: &'static str,
}

#[derive(Serialize)]
struct Rejected {
    i: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
    code: &'static str,
    #[serde(serialize_with = "detail", skip_serializing_if = "is_plain")]
    detail: Detail,
}

impl<'a> Reply<'a> {
    pub(super) fn of(outcome: &Outcome, boot: Option<&'a str>, now: Timestamp) -> Self {
        let flags = outcome.flags.iter();
        let rejected = |refused: &Refused| Rejected {
            i: refused.at,
            seq: refused.seq,
            code: refused.reject.code.word(),
            detail: refused.reject.detail,
        };
        Self {
            boot,
            ack: outcome.ack,
            ok: outcome.ok,
            hist: outcome.hist,
            dup: outcome.dup,
            flag: flags
                .flat_map(|(i, flags)| flags.iter().map(|flag| Flagged { i: *i, code: flag.word() }))
                .collect(),
            rej: outcome.refused.iter().map(rejected).collect(),
            now: now.utc().unwrap_or_default().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        }
    }

    pub(super) fn json(&self) -> Result<Vec<u8>, ApiError> {
        serde_json::to_vec(self).map_err(|cause| ApiError::internal(&cause.into()))
    }
}

fn is_plain(detail: &Detail) -> bool {
    *detail == Detail::None
}

/// `{"ms":7213000}`, `{"m":41200}`, `{"swapped":true}`, `{"field":"lat"}` or `{"hint":"..."}`.
fn detail<S: Serializer>(detail: &Detail, serializer: S) -> Result<S::Ok, S::Error> {
    match detail {
        Detail::None => serializer.serialize_unit(),
        Detail::Ms(ms) => serializer.collect_map([("ms", ms)]),
        Detail::Meters(m) => serializer.collect_map([("m", m.round() as i64)]),
        Detail::Swapped => serializer.collect_map([("swapped", true)]),
        Detail::Field(field) => serializer.collect_map([("field", field)]),
        Detail::Hint(hint) => serializer.collect_map([("hint", hint)]),
    }
}
