//! The OsmAnd protocol, as Traccar Client and many phone trackers speak it.
//!
//! Two forms, told apart by the body. Form 1 is a query or form, with speed in **knots**; form 2 is
//! JSON, with speed in **metres per second** and -1 for unknown. A time without a zone is UTC. `batt`
//! is the phone's battery, not the vehicle's, and is not kept; `driverUniqueId` is a person and is not
//! kept either. The protocol proves nothing: the token in the path does, and `id` must agree with it.

use super::record::{Content, Record, from_epoch, from_iso, unreadable};
use gtfs::Timestamp;
use serde::Deserialize;
use tracking::check::{Reject, Report};

/// Metres per second in a knot: 1,852 m in 3,600 s.
pub const KNOT_MPS: f64 = 1852.0 / 3600.0;
/// Metres per second in a kilometre per hour.
const KMH_MPS: f64 = 1.0 / 3.6;
/// Form 1: a `timestamp` below this is in seconds, from there in milliseconds.
const TIMESTAMP_S_MAX: f64 = 2_147_483_648.0;

/// The unit in which a device gives its speed in form 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpeedUnit {
    /// As the protocol has it.
    #[default]
    Knots,
    /// Some senders.
    MetersPerSecond,
    /// Some senders.
    KilometersPerHour,
}

impl SpeedUnit {
    fn mps(self, speed: f64) -> f64 {
        match self {
            Self::Knots => speed * KNOT_MPS,
            Self::MetersPerSecond => speed,
            Self::KilometersPerHour => speed * KMH_MPS,
        }
    }
}

/// A decoded request.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The id that the sender gives, when it gives one.
    pub id: Option<String>,
    /// What it reports; `None` when it only says that it is there.
    pub record: Option<Record>,
}

/// Decodes form 1: a query string or a form body, percent-encoded.
#[must_use]
pub fn decode_form(query: &[u8], received: Timestamp, unit: SpeedUnit) -> Decoded {
    let mut form = Form::default();
    for (name, value) in form_urlencoded::parse(query) {
        form.set(&name, &value);
    }
    let id = form.id.take();
    let content = form.content(received, unit);
    Decoded { id, record: Some(timed(content)) }
}

/// Decodes form 2: JSON.
///
/// # Errors
/// When the body is not JSON of this form.
pub fn decode_json(body: &[u8], received: Timestamp) -> Result<Decoded, serde_json::Error> {
    let message: Message = serde_json::from_slice(body)?;
    let record = message.location.and_then(|location| location.record(received));
    Ok(Decoded { id: message.device_id, record })
}

/// Gives a record its number: the time in microseconds, for want of a sequence.
fn timed(content: Result<Report, Reject>) -> Record {
    let seq = content.as_ref().ok().map(|report| report.t.0);
    Record { seq, content: content.map(Content::Position) }
}

#[derive(Default)]
struct Form {
    id: Option<String>,
    lat: Option<String>,
    lon: Option<String>,
    time: Option<String>,
    speed: Option<f64>,
    heading: Option<f64>,
    accuracy: Option<f64>,
    hdop: Option<f64>,
    invalid: bool,
}

impl Form {
    fn set(&mut self, name: &str, value: &str) {
        match name {
            "id" | "deviceid" => self.id = Some(value.to_owned()),
            "lat" => self.lat = Some(value.to_owned()),
            "lon" => self.lon = Some(value.to_owned()),
            "location" => {
                if let Some((lat, lon)) = value.split_once(',') {
                    (self.lat, self.lon) = (Some(lat.to_owned()), Some(lon.to_owned()));
                }
            }
            "timestamp" => self.time = Some(value.to_owned()),
            "speed" => self.speed = known(value),
            "bearing" | "heading" => self.heading = known(value),
            "accuracy" => self.accuracy = known(value),
            "hdop" => self.hdop = known(value),
            "valid" => self.invalid = matches!(value, "false" | "0"),
            _ => {}
        }
    }

    fn content(&self, received: Timestamp, unit: SpeedUnit) -> Result<Report, Reject> {
        Ok(Report {
            t: self.time.as_deref().map_or(Some(received), form_time).ok_or(unreadable("timestamp"))?,
            lat: degrees(self.lat.as_deref()).ok_or(unreadable("lat"))?,
            lon: degrees(self.lon.as_deref()).ok_or(unreadable("lon"))?,
            speed_mps: self.speed.map(|speed| unit.mps(speed)),
            heading_deg: self.heading,
            accuracy_m: self.accuracy.filter(|m| *m > 0.0),
            hdop: self.hdop.filter(|hdop| *hdop > 0.0),
            invalid: self.invalid,
            ..Report::default()
        })
    }
}

/// A number that is not the -1 of "unknown".
fn known(value: &str) -> Option<f64> {
    value.trim().parse().ok().filter(|number: &f64| *number >= 0.0)
}

fn degrees(text: Option<&str>) -> Option<f64> {
    text?.trim().parse().ok()
}

fn form_time(text: &str) -> Option<Timestamp> {
    match text.trim().parse::<f64>() {
        Ok(number) if number < TIMESTAMP_S_MAX => from_epoch(number),
        Ok(number) => from_epoch(number / 1_000.0),
        Err(_) => from_iso(text),
    }
}

#[derive(Deserialize)]
struct Message {
    device_id: Option<String>,
    location: Option<Location>,
}

#[derive(Deserialize)]
struct Location {
    timestamp: Option<serde_json::Value>,
    coords: Option<Coords>,
    odometer: Option<f64>,
    #[serde(default)]
    mock: bool,
}

#[derive(Deserialize)]
struct Coords {
    latitude: Option<f64>,
    longitude: Option<f64>,
    accuracy: Option<f64>,
    speed: Option<f64>,
    heading: Option<f64>,
}

impl Location {
    /// `None` for a record without coordinates: the app is alive, and that is all it says.
    fn record(&self, received: Timestamp) -> Option<Record> {
        let coords = self.coords.as_ref()?;
        let known = |value: Option<f64>| value.filter(|number| *number >= 0.0);
        let time = match &self.timestamp {
            None => Some(received),
            Some(serde_json::Value::String(text)) => from_iso(text),
            Some(number) => number.as_f64().and_then(from_epoch),
        };
        let report = || {
            Ok(Report {
                t: time.ok_or(unreadable("timestamp"))?,
                lat: coords.latitude.ok_or(unreadable("latitude"))?,
                lon: coords.longitude.ok_or(unreadable("longitude"))?,
                speed_mps: known(coords.speed),
                heading_deg: known(coords.heading),
                accuracy_m: known(coords.accuracy).filter(|m| *m > 0.0),
                odometer_m: known(self.odometer),
                mocked: self.mock,
                ..Report::default()
            })
        };
        Some(timed(report()))
    }
}

#[cfg(test)]
mod tests;
