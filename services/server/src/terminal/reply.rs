//! What the server answers, as a terminal reads it.

use serde::Deserialize;
use std::collections::BTreeMap;

/// `200` of `POST /v1/taps`. Fields that this terminal does not know are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Reply {
    /// Everything up to this number may be deleted.
    pub ack: i64,
    /// Ranges to send again.
    #[serde(default)]
    pub resend: Vec<(i64, i64)>,
    /// Taps that were not simply accepted.
    #[serde(default)]
    pub items: BTreeMap<String, String>,
    /// The lowest epoch of new taps, where this terminal is below it.
    #[serde(default)]
    pub epoch_min: Option<u32>,
    /// A piece of the deny list.
    #[serde(default)]
    pub deny: Option<ReplyDelta>,
    /// The fare, where a rider waits for it.
    #[serde(default)]
    pub quote: Option<ReplyQuote>,
    /// What is left on cards, by their hashes, satang; where they were asked for.
    #[serde(default)]
    pub balances: Option<BTreeMap<String, i64>>,
}

/// A piece of the deny list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ReplyDelta {
    /// The version it applies to; 0 for an empty list.
    pub from: i64,
    /// The version afterwards.
    pub ver: i64,
    /// Hashes of cards that are denied from now on.
    pub add: Vec<String>,
    /// Hashes of cards that no longer are.
    pub del: Vec<String>,
    /// Whether to ask again at once.
    pub more: bool,
}

/// A fare, satang.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ReplyQuote {
    /// What this ride costs.
    pub fare: i64,
    /// What is left on the card.
    pub balance: i64,
    /// What may still be charged today; `None` without a cap.
    #[serde(default)]
    pub day_left: Option<i64>,
}
