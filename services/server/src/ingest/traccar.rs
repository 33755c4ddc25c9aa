//! What a Traccar server forwards: `{"position":{...},"device":{...}}`, one position a request.
//!
//! Its 270 decoders become ours without code. `fixTime` is when it was measured (`serverTime` is when
//! Traccar had it), speed is in **knots**, and `outdated` repeats an old fix under a new time. The
//! token proves the forwarder; `uniqueId` says for which device it speaks.

use super::osmand::KNOT_MPS;
use super::record::{Content, Record, from_epoch, from_iso, unreadable};
use serde::Deserialize;
use serde_json::Value;
use tracking::Ev;
use tracking::check::{Reject, Report};

/// A decoded request.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The device that sent it to Traccar.
    pub unique_id: String,
    /// Its report; `None` for a repeated old fix.
    pub record: Option<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    position: Position,
    device: Device,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Device {
    unique_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Position {
    fix_time: Option<Value>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    course: Option<f64>,
    accuracy: Option<f64>,
    speed: Option<f64>,
    valid: Option<bool>,
    #[serde(default)]
    outdated: bool,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Attributes {
    sat: Option<f64>,
    hdop: Option<f64>,
    odometer: Option<f64>,
    battery_level: Option<f32>,
    charge: Option<bool>,
}

/// Decodes a forwarded position.
///
/// # Errors
/// When the body is not JSON of this form.
pub fn decode(body: &[u8]) -> Result<Decoded, serde_json::Error> {
    let Message { position, device } = serde_json::from_slice(body)?;
    let record = (!position.outdated).then(|| {
        let content = position.report();
        let seq = content.as_ref().ok().map(|report| report.t.0);
        Record { seq, content: content.map(Content::Position) }
    });
    Ok(Decoded { unique_id: device.unique_id, record })
}

impl Position {
    fn report(&self) -> Result<Report, Reject> {
        let t = match &self.fix_time {
            Some(Value::String(text)) => from_iso(text),
            Some(number) => number.as_f64().and_then(from_epoch),
            None => None,
        };
        Ok(Report {
            t: t.ok_or(unreadable("fixTime"))?,
            lat: self.latitude.ok_or(unreadable("latitude"))?,
            lon: self.longitude.ok_or(unreadable("longitude"))?,
            speed_mps: self.speed.filter(|knots| *knots >= 0.0).map(|knots| knots * KNOT_MPS),
            heading_deg: self.course,
            // Traccar writes 0 where the protocol has no accuracy.
            accuracy_m: self.accuracy.filter(|m| *m > 0.0),
            hdop: self.attributes.hdop.filter(|hdop| *hdop > 0.0),
            satellites: self.attributes.sat.map(|sat| sat as u16),
            odometer_m: self.attributes.odometer.filter(|m| *m > 0.0),
            ev: self.attributes.ev(),
            invalid: self.valid == Some(false),
            ..Report::default()
        })
    }
}

impl Attributes {
    fn ev(&self) -> Option<Ev> {
        let known = self.battery_level.is_some() || self.charge.is_some();
        known.then(|| Ev { soc_pct: self.battery_level, charging: self.charge, ..Ev::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gtfs::Timestamp;
    use tracking::check::Detail;

    const BODY: &str = r#"{"position":{"id":9,"protocol":"gt06","deviceId":3,"serverTime":"2026-11-20T01:02:09.000+00:00",
        "fixTime":"2026-11-20T01:02:03.000+00:00","outdated":false,"valid":true,"latitude":13.68812,"longitude":101.07156,
        "altitude":4.0,"speed":16.2,"course":182.0,"accuracy":0.0,"attributes":{"sat":11,"hdop":0.9,"odometer":1234.5,"ignition":true}},
        "device":{"id":3,"name":"Bus 17","uniqueId":"353861053849681"}}"#;

    #[test]
    fn a_forwarded_position_is_read_with_its_fix_time_and_knots() {
        let decoded = decode(BODY.as_bytes()).unwrap();
        assert_eq!(decoded.unique_id, "353861053849681");
        let report = decoded.record.unwrap().content.unwrap().report().clone();
        assert_eq!(report.t, Timestamp::from_s(1_795_136_523));
        assert!((report.speed_mps.unwrap() - 8.334).abs() < 0.001);
        assert_eq!((report.accuracy_m, report.satellites, report.ev), (None, Some(11), None));
    }

    #[test]
    fn a_repeated_old_fix_is_no_record() {
        let body = BODY.replace("\"outdated\":false", "\"outdated\":true");
        assert_eq!(decode(body.as_bytes()).unwrap().record, None);
    }

    #[test]
    fn a_position_without_a_fix_time_is_refused_and_says_so() {
        let body = BODY.replace("fixTime", "otherTime");
        let refusal = decode(body.as_bytes()).unwrap().record.unwrap().content.unwrap_err();
        assert_eq!(refusal.detail, Detail::Field("fixTime"));
    }
}
