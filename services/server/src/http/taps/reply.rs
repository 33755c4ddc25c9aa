//! What a terminal is told: how far it may delete, what to send again, and what it should know.

use crate::http::error::ApiError;
use crate::ingest::taps::Outcome;
use crate::ingest::taps::balance::Balances;
use crate::ingest::taps::deny::{Delta, text_of};
use crate::ingest::taps::quote::Quote;
use gtfs::Timestamp;
use serde::{Serialize, Serializer};
use store::TapItem;

/// `200` of `POST /v1/taps`, before it is written.
pub(super) struct Reply<'a> {
    pub(super) outcome: &'a Outcome,
    pub(super) now: Timestamp,
}

#[derive(Serialize)]
struct Wire<'a> {
    ack: i64,
    resend: &'a [(i64, i64)],
    items: Items<'a>,
    now: String,
    cfg: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch_min: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deny: Option<WireDelta>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quote: Option<WireQuote>,
    #[serde(skip_serializing_if = "Option::is_none")]
    balances: Option<WireBalances<'a>>,
}

#[derive(Serialize)]
struct WireDelta {
    from: i64,
    ver: i64,
    add: Vec<String>,
    del: Vec<String>,
    more: bool,
}

#[derive(Serialize)]
struct WireQuote {
    fare: i64,
    balance: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    day_left: Option<i64>,
}

impl Reply<'_> {
    pub(super) fn json(&self) -> Result<Vec<u8>, ApiError> {
        let receipt = &self.outcome.receipt;
        let wire = Wire {
            ack: receipt.ack,
            resend: &receipt.resend,
            items: Items(&receipt.items),
            now: self.now.utc().unwrap_or_default().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            cfg: self.outcome.cfg_ver.to_string(),
            epoch_min: self.outcome.epoch_min,
            deny: self.outcome.deny.as_ref().map(WireDelta::from),
            quote: self.outcome.quote.as_ref().map(WireQuote::from),
            balances: self.outcome.balances.as_ref().map(WireBalances),
        };
        serde_json::to_vec(&wire).map_err(|cause| ApiError::internal(&cause.into()))
    }
}

impl From<&Delta> for WireDelta {
    fn from(delta: &Delta) -> Self {
        let texts = |hashes: &[_]| hashes.iter().copied().map(text_of).collect();
        let (add, del) = (texts(&delta.add), texts(&delta.del));
        Self { from: delta.from, ver: delta.ver, add, del, more: delta.more }
    }
}

impl From<&Quote> for WireQuote {
    fn from(quote: &Quote) -> Self {
        Self { fare: quote.fare.0, balance: quote.balance.0, day_left: quote.day_left.map(|left| left.0) }
    }
}

/// `{"mE3kq0vTa9Q":4200}`: a card by its hash, satang.
struct WireBalances<'a>(&'a Balances);

impl Serialize for WireBalances<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(card, satang)| (text_of(*card), satang)))
    }
}

/// `{"18802":"duplicate","18803":"quarantined:format","#7":"quarantined:format"}`: by number, or by position
/// where there is none.
struct Items<'a>(&'a [(Option<i64>, usize, TapItem)]);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(seq, at, item)| {
            let name = seq.map_or_else(|| format!("#{at}"), |seq| seq.to_string());
            let word = match item {
                TapItem::Duplicate => "duplicate".to_owned(),
                TapItem::Quarantined(code) => format!("quarantined:{code}"),
                TapItem::Later => "later".to_owned(),
            };
            (name, word)
        }))
    }
}
