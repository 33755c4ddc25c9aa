//! One report as the simulated tracker makes it.

use gtfs::Timestamp;
use serde::Serialize;
use std::sync::Arc;

/// The fields of a ping that the fleet fills; they serialise to the wire names of `POST /v1/pings`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SimReport {
    /// Rises by one per report of the vehicle.
    pub seq: u64,
    /// Milliseconds since 1970, by the device's clock.
    #[serde(serialize_with = "as_millis")]
    pub t: Timestamp,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Metres per second.
    pub spd: f64,
    /// Degrees clockwise from north; absent at rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hdg: Option<f64>,
    /// Radius of the 68 % circle, metres.
    pub acc: f64,
    /// Metres.
    pub odo: f64,
    /// Always `SIM`: a simulated position says so.
    pub src: &'static str,
    /// trip_id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trip: Option<Arc<str>>,
    /// block_id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<Arc<str>>,
    /// Doors: 1 open.
    pub door: u8,
    /// Riders on board.
    pub pax: u16,
    /// Battery.
    pub ev: SimEv,
}

/// Battery and climate on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SimEv {
    /// Percent.
    pub soc: f64,
    /// kWh left.
    pub kwh: f64,
    /// 0 no, 2 charging.
    pub chg: u8,
    /// Positive while charging, kW.
    pub kw: f64,
    /// Cooling and lights, kW.
    pub aux_kw: f64,
}

fn as_millis<S: serde::Serializer>(t: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(t.0.div_euclid(1_000))
}
