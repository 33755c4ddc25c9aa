//! One record of `POST /v1/pings` as it is on the wire.

use super::shallow::Skipped;
use crate::ingest::record::{Content, Record, from_epoch, from_iso, unreadable};
use gtfs::Timestamp;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use tracking::check::{Detail, Reject, RejectCode, Report};
use tracking::{Claim, Ev, Occupancy, Provenance};

/// The fields of a record.
pub(super) const FIELDS: [&str; 19] = [
    "seq", "t", "up", "lat", "lon", "spd", "hdg", "acc", "hdop", "sat", "odo", "src", "trip", "block",
    "route", "door", "pax", "occ", "ev",
];

/// Longest age that a tracker without a clock may give a record, milliseconds: a year.
const UP_MS_MAX: f64 = 366.0 * 86_400.0 * 1_000.0;

/// A record, every field optional: which may be absent is judged, not parsed.
#[derive(Default)]
pub(super) struct WirePing<'a> {
    seq: Option<u64>,
    t: Option<WireTime>,
    up: Option<f64>,
    lat: Option<f64>,
    lon: Option<f64>,
    spd: Option<f64>,
    hdg: Option<f64>,
    acc: Option<f64>,
    hdop: Option<f64>,
    sat: Option<f64>,
    odo: Option<f64>,
    src: Option<Cow<'a, str>>,
    trip: Option<Arc<str>>,
    block: Option<Arc<str>>,
    route: Option<Arc<str>>,
    door: Option<u8>,
    pax: Option<u16>,
    occ: Option<Cow<'a, str>>,
    ev: Option<WireEv>,
    /// Fields that are not known.
    pub(super) unknown: u32,
}

/// Battery and climate, section 11.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WireEv {
    soc: Option<f32>,
    kwh: Option<f32>,
    rng_km: Option<f32>,
    chg: Option<u8>,
    kw: Option<f32>,
    aux_kw: Option<f32>,
    batt_c: Option<f32>,
    out_c: Option<f32>,
}

impl WireEv {
    fn core(&self) -> Ev {
        Ev {
            soc_pct: self.soc,
            energy_kwh: self.kwh,
            range_km: self.rng_km,
            plugged: self.chg.map(|chg| chg >= 1),
            charging: self.chg.map(|chg| chg == 2),
            power_kw: self.kw,
            auxiliary_kw: self.aux_kw,
            battery_c: self.batt_c,
            outside_c: self.out_c,
        }
    }
}

impl WirePing<'_> {
    /// The record for the rules; `up_now` is the sender's own clock when it sent.
    pub(super) fn record(self, received: Timestamp, up_now_ms: Option<f64>) -> Record {
        let Ok(seq) = self.seq.map(i64::try_from).transpose() else {
            return Record { seq: None, content: Err(unreadable("seq")) };
        };
        let content = self.content(received, up_now_ms);
        Record { seq, content }
    }

    fn content(self, received: Timestamp, up_now_ms: Option<f64>) -> Result<Content, Reject> {
        let t = self.time(received, up_now_ms)?;
        let provenance = self.provenance()?;
        let says_how_it_is =
            self.ev.is_some() || self.door.is_some() || self.pax.is_some() || self.occ.is_some();
        let place = match (self.lat, self.lon) {
            (Some(lat), Some(lon)) => Some((lat, lon)),
            (None, None) if says_how_it_is => None,
            (None, _) => return Err(unreadable("lat")),
            (_, None) => return Err(unreadable("lon")),
        };
        let (lat, lon) = place.unwrap_or_default();
        let report = Report {
            t,
            lat,
            lon,
            speed_mps: self.spd,
            heading_deg: self.hdg,
            accuracy_m: self.acc,
            hdop: self.hdop,
            satellites: self.sat.map(|sat| sat as u16),
            odometer_m: self.odo,
            claim: Claim { trip: self.trip, block: self.block, route: self.route, ..Claim::default() },
            door_open: self.door.map(|door| door != 0),
            passengers: self.pax,
            occupancy: self.occ.and_then(|word| Occupancy::ALL.into_iter().find(|o| o.word() == word)),
            ev: self.ev.map(|ev| ev.core()),
            provenance,
            mocked: false,
            invalid: false,
        };
        Ok(if place.is_some() { Content::Position(report) } else { Content::Heartbeat(report) })
    }

    fn time(&self, received: Timestamp, up_now_ms: Option<f64>) -> Result<Timestamp, Reject> {
        match (self.t, self.up, up_now_ms) {
            (Some(WireTime(t)), ..) => t.ok_or(unreadable("t")),
            (None, Some(up), Some(now)) if (0.0..=UP_MS_MAX).contains(&(now - up)) => {
                Ok(received.plus_s((up - now) / 1_000.0))
            }
            (None, Some(_), _) => Err(unreadable("up")),
            (None, None, _) => Err(unreadable("t")),
        }
    }

    fn provenance(&self) -> Result<Provenance, Reject> {
        let Some(word) = &self.src else { return Ok(Provenance::Gps) };
        let refusal = Reject { code: RejectCode::Provenance, detail: Detail::Field("src") };
        Provenance::from_word(word).ok_or(refusal)
    }
}

/// An instant as text or number; `None` inside when it is neither a date nor near one.
#[derive(Clone, Copy)]
struct WireTime(Option<Timestamp>);

impl<'de> Deserialize<'de> for WireTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimeVisitor)
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = WireTime;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RFC 3339 text or an epoch number")
    }

    fn visit_str<E>(self, text: &str) -> Result<WireTime, E> {
        Ok(WireTime(from_iso(text)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<WireTime, E> {
        Ok(WireTime(from_epoch(number as f64)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<WireTime, E> {
        Ok(WireTime(from_epoch(number as f64)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<WireTime, E> {
        Ok(WireTime(from_epoch(number)))
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Field {
    Seq,
    T,
    Up,
    Lat,
    Lon,
    Spd,
    Hdg,
    Acc,
    Hdop,
    Sat,
    Odo,
    Src,
    Trip,
    Block,
    Route,
    Door,
    Pax,
    Occ,
    Ev,
    #[serde(other)]
    Unknown,
}

/// A string that borrows from the body where it can.
#[derive(Deserialize)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for WirePing<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PingVisitor).map(|ping: WirePing<'de>| ping)
    }
}

struct PingVisitor;

impl<'de> Visitor<'de> for PingVisitor {
    type Value = WirePing<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record: an object with seq, t, lat, lon, ...")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WirePing<'de>, A::Error> {
        let mut ping = WirePing::default();
        while let Some(field) = map.next_key()? {
            match field {
                Field::Seq => ping.seq = map.next_value()?,
                Field::T => ping.t = map.next_value()?,
                Field::Up => ping.up = map.next_value()?,
                Field::Lat => ping.lat = map.next_value()?,
                Field::Lon => ping.lon = map.next_value()?,
                Field::Spd => ping.spd = map.next_value()?,
                Field::Hdg => ping.hdg = map.next_value()?,
                Field::Acc => ping.acc = map.next_value()?,
                Field::Hdop => ping.hdop = map.next_value()?,
                Field::Sat => ping.sat = map.next_value()?,
                Field::Odo => ping.odo = map.next_value()?,
                Field::Src => ping.src = borrowed(&mut map)?,
                Field::Trip => ping.trip = shared(&mut map)?,
                Field::Block => ping.block = shared(&mut map)?,
                Field::Route => ping.route = shared(&mut map)?,
                Field::Door => ping.door = map.next_value()?,
                Field::Pax => ping.pax = map.next_value()?,
                Field::Occ => ping.occ = borrowed(&mut map)?,
                Field::Ev => ping.ev = map.next_value()?,
                Field::Unknown => {
                    map.next_value::<Skipped<3>>()?;
                    ping.unknown += 1;
                }
            }
        }
        Ok(ping)
    }
}

fn borrowed<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<Cow<'de, str>>, A::Error> {
    Ok(map.next_value::<Option<Borrowed<'de>>>()?.map(|text| text.0))
}

/// Longest GTFS id that a record may claim, bytes.
const ID_BYTES_MAX: usize = 255;

fn shared<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<Arc<str>>, A::Error> {
    let Some(text) = borrowed(map)? else { return Ok(None) };
    if text.len() > ID_BYTES_MAX {
        return Err(de::Error::custom("the id is too long"));
    }
    Ok((!text.is_empty()).then(|| Arc::from(&*text)))
}
