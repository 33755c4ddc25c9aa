//! A report as a device makes it, before any rule has seen it.

use super::params::VehicleClass;
use crate::{Claim, Ev, Occupancy, Provenance, Tier};
use gtfs::Timestamp;
use std::sync::Arc;

/// What a device says. Absent means unknown; adapters turn their protocol's sentinels into `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// When the position was measured, by the device's own clock.
    pub t: Timestamp,
    /// Degrees north, WGS 84; may be anything, even not a number.
    pub lat: f64,
    /// Degrees east, WGS 84; may be anything, even not a number.
    pub lon: f64,
    /// Metres per second.
    pub speed_mps: Option<f64>,
    /// Degrees clockwise from north.
    pub heading_deg: Option<f64>,
    /// Radius of the 68 % circle, metres.
    pub accuracy_m: Option<f64>,
    /// Horizontal dilution of precision.
    pub hdop: Option<f64>,
    /// Satellites used.
    pub satellites: Option<u16>,
    /// Metres since the odometer's epoch.
    pub odometer_m: Option<f64>,
    /// The device's claim to a trip, block or route.
    pub claim: Claim,
    /// A door is open.
    pub door_open: Option<bool>,
    /// Passengers on board.
    pub passengers: Option<u16>,
    /// How full.
    pub occupancy: Option<Occupancy>,
    /// Battery and climate.
    pub ev: Option<Ev>,
    /// How the position was found.
    pub provenance: Provenance,
    /// The device's operating system says that the position is faked.
    pub mocked: bool,
    /// The device itself says that the fix is not valid (OsmAnd `valid=false`, DLT `fix:0`).
    pub invalid: bool,
}

/// What the registry knows of the device that reports.
#[derive(Clone, Debug)]
pub struct DeviceProfile {
    /// The vehicle it is registered to.
    pub vehicle: Arc<str>,
    /// What kind of vehicle.
    pub class: VehicleClass,
    /// How far the sender is trusted.
    pub tier: Tier,
    /// How often it is expected to report, seconds.
    pub period_s: f64,
    /// An administrator allowed its steady clock error to be corrected (R14).
    pub clock_fix_allowed: bool,
    /// Simulated positions are live; only the demo says so.
    pub simulated_is_live: bool,
}
