//! One tap of `POST /v1/taps` as it is on the wire.

use fares::tap::{BadPart, TapKind, TapLine, denied};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use store::tap::ChainHash;
use store::tap::block::hash_of_hex;

/// The fields of a tap.
const FIELDS: [&str; 17] =
    ["s", "up", "bt", "w", "c", "k", "v", "trip", "st", "g", "gt", "pax", "out", "f", "b", "h", "line"];

/// A string that borrows from the body where it can.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A tap, every field optional: which may be absent is judged, not parsed.
#[derive(Deserialize)]
pub(super) struct WireTap<'a> {
    s: Option<i64>,
    up: Option<i64>,
    #[serde(borrow)]
    bt: Option<Text<'a>>,
    #[serde(borrow)]
    w: Option<Text<'a>>,
    #[serde(borrow)]
    c: Option<Text<'a>>,
    #[serde(borrow)]
    k: Option<Text<'a>>,
    #[serde(borrow)]
    v: Option<Text<'a>>,
    #[serde(borrow)]
    trip: Option<Text<'a>>,
    #[serde(borrow)]
    st: Option<Text<'a>>,
    g: Option<(i32, i32, i32)>,
    #[serde(borrow)]
    gt: Option<Text<'a>>,
    pax: Option<u8>,
    #[serde(borrow)]
    out: Option<Text<'a>>,
    f: Option<i64>,
    b: Option<i64>,
    #[serde(borrow)]
    h: Option<Text<'a>>,
}

fn text<'a>(text: &'a Option<Text<'_>>) -> &'a str {
    text.as_ref().map_or("", |text| &text.0)
}

impl WireTap<'_> {
    /// Its number, where it has one.
    pub(super) fn seq(&self) -> Option<i64> {
        self.s.filter(|&seq| seq >= 1)
    }

    /// Its chain hash, where it has one that can be read.
    pub(super) fn hash(&self) -> Option<ChainHash> {
        hash_of_hex(text(&self.h))
    }

    /// Its canonical line, in a request of `epoch` from `boot`.
    ///
    /// # Errors
    /// The part that is missing or wrong.
    pub(super) fn line<'a>(&'a self, epoch: u32, boot: &'a str) -> Result<TapLine<'a>, BadPart> {
        self.line_of(epoch, None, boot)
    }

    /// The same with a number for a tap that has none.
    ///
    /// # Errors
    /// The part that is missing or wrong.
    pub(super) fn line_of<'a>(
        &'a self,
        epoch: u32,
        seq: Option<i64>,
        boot: &'a str,
    ) -> Result<TapLine<'a>, BadPart> {
        let line = TapLine {
            epoch,
            seq: self.s.or(seq).ok_or(BadPart("s"))?,
            boot: self.bt.as_ref().map_or(boot, |boot| &boot.0),
            up_ms: self.up.ok_or(BadPart("up"))?,
            wall: text(&self.w),
            card: text(&self.c),
            kind: TapKind::from_word(text(&self.k)).ok_or(BadPart("k"))?,
            vehicle: text(&self.v),
            trip: text(&self.trip),
            stop: text(&self.st),
            fix: self.g,
            gps: text(&self.gt),
            pax: self.pax.unwrap_or(1),
            denied: self.out.as_ref().map_or(Ok(None), |out| denied(&out.0))?,
            fare: self.f,
            balance: self.b,
        };
        line.check()?;
        Ok(line)
    }
}

/// What an element of `taps` turned out to be.
pub(super) enum Read<'a> {
    /// A tap, as far as its types go.
    Tap(Box<WireTap<'a>>),
    /// Something else: its number where that can be read, and the part at fault.
    Not { seq: Option<i64>, part: &'static str },
}

/// The chain hash in the bytes of something that is no tap, where it can be read.
pub(super) fn hash_in(raw: &[u8]) -> Option<ChainHash> {
    let fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(raw).ok()?;
    hash_of_hex(&serde_json::from_str::<String>(fields.get("h")?.get()).ok()?)
}

/// Reads one element by itself.
pub(super) fn read_alone(raw: &RawValue) -> Read<'_> {
    if let Ok(tap) = serde_json::from_str::<WireTap<'_>>(raw.get()) {
        return Read::Tap(Box::new(tap));
    }
    let Ok(fields) = serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(raw.get()) else {
        return Read::Not { seq: None, part: "taps" };
    };
    let seq = fields.get("s").and_then(|raw| raw.get().parse::<i64>().ok()).filter(|&seq| seq >= 1);
    let alone = |name: &str| fields.get(name).map(|value| format!("{{\"{name}\":{}}}", value.get()));
    let at_fault = FIELDS
        .into_iter()
        .find(|name| alone(name).is_some_and(|tap| serde_json::from_str::<WireTap<'_>>(&tap).is_err()));
    Read::Not { seq, part: at_fault.unwrap_or("taps") }
}
