//! One report of one device, as every adapter hands it over.

use gtfs::{ServiceDay, ServiceTime, Timestamp};
use std::sync::Arc;

/// One report: where a vehicle was, and when. Absent means unknown; there are no sentinels.
#[derive(Clone, Debug, PartialEq)]
pub struct Ping {
    /// The vehicle that the device is registered to.
    pub vehicle: Arc<str>,
    /// When the position was measured, by the device's clock after correction (R04, R14).
    pub t: Timestamp,
    /// When the server had it.
    pub received: Timestamp,
    /// Degrees north, WGS 84.
    pub lat: f64,
    /// Degrees east, WGS 84.
    pub lon: f64,
    /// Metres per second.
    pub speed_mps: Option<f32>,
    /// Degrees clockwise from north, 0 to 360.
    pub heading_deg: Option<f32>,
    /// Radius of the 68 % circle, metres.
    pub accuracy_m: Option<f32>,
    /// Horizontal dilution of precision.
    pub hdop: Option<f32>,
    /// Metres since the odometer's epoch.
    pub odometer_m: Option<f64>,
    /// What the device says it is doing; a claim, not a fact.
    pub claim: Claim,
    /// A door is open.
    pub door_open: Option<bool>,
    /// Passengers on board.
    pub passengers: Option<u16>,
    /// How full, in GTFS-realtime words.
    pub occupancy: Option<Occupancy>,
    /// Battery and climate.
    pub ev: Option<Ev>,
    /// How the position was found.
    pub provenance: Provenance,
    /// How far the sender is trusted.
    pub tier: Tier,
}

/// A device's claim to a trip, block or route, by GTFS ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// trip_id.
    pub trip: Option<Arc<str>>,
    /// The service day of the trip, where the source gives one.
    pub day: Option<ServiceDay>,
    /// The trip's start, where the source gives one.
    pub start: Option<ServiceTime>,
    /// block_id.
    pub block: Option<Arc<str>>,
    /// route_id.
    pub route: Option<Arc<str>>,
}

/// How a position was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Provenance {
    /// A satellite fix.
    #[default]
    Gps,
    /// Odometer along a known line.
    Odo,
    /// Dead reckoning.
    Dr,
    /// Mobile network.
    Net,
    /// Typed by hand: never live.
    Man,
    /// Simulated: live only in the demo, and says so everywhere.
    Sim,
}

impl Provenance {
    /// The word on the wire and in the store.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Gps => "GPS",
            Self::Odo => "ODO",
            Self::Dr => "DR",
            Self::Net => "NET",
            Self::Man => "MAN",
            Self::Sim => "SIM",
        }
    }

    /// The provenance of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Gps, Self::Odo, Self::Dr, Self::Net, Self::Man, Self::Sim]
            .into_iter()
            .find(|p| p.word() == word)
    }
}

/// How far a sender is trusted (`ingest` trust tiers); the higher wins a conflict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// T0: no authentication of its own.
    #[default]
    Legacy,
    /// T1: a secret in the URL.
    Token,
    /// T2: every request signed.
    Signed,
}

/// GTFS-realtime OccupancyStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Occupancy {
    /// 0.
    Empty,
    /// 1.
    ManySeats,
    /// 2.
    FewSeats,
    /// 3.
    StandingRoom,
    /// 4.
    CrushedStanding,
    /// 5.
    Full,
    /// 6.
    NotAccepting,
}

impl Occupancy {
    /// Every value, by its GTFS-realtime number.
    pub const ALL: [Self; 7] = [
        Self::Empty,
        Self::ManySeats,
        Self::FewSeats,
        Self::StandingRoom,
        Self::CrushedStanding,
        Self::Full,
        Self::NotAccepting,
    ];

    /// The GTFS-realtime name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Empty => "EMPTY",
            Self::ManySeats => "MANY_SEATS_AVAILABLE",
            Self::FewSeats => "FEW_SEATS_AVAILABLE",
            Self::StandingRoom => "STANDING_ROOM_ONLY",
            Self::CrushedStanding => "CRUSHED_STANDING_ROOM_ONLY",
            Self::Full => "FULL",
            Self::NotAccepting => "NOT_ACCEPTING_PASSENGERS",
        }
    }
}

/// Battery and climate of an electric vehicle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ev {
    /// State of charge, percent.
    pub soc_pct: Option<f32>,
    /// Energy left, kWh.
    pub energy_kwh: Option<f32>,
    /// What the vehicle itself says it can still drive, km; shown, never trusted.
    pub range_km: Option<f32>,
    /// Plugged in.
    pub plugged: Option<bool>,
    /// Charging.
    pub charging: Option<bool>,
    /// Power into the battery, kW; positive while charging.
    pub power_kw: Option<f32>,
    /// Auxiliary power (air conditioning, lights), kW.
    pub auxiliary_kw: Option<f32>,
    /// Hottest cell, °C.
    pub battery_c: Option<f32>,
    /// Outside air, °C.
    pub outside_c: Option<f32>,
}

/// A ping for tests that says nothing but where, metres east and north of the fixtures' origin, and when.
#[cfg(test)]
pub(crate) fn bare(vehicle: &str, t: Timestamp, east_m: f64, north_m: f64) -> Ping {
    let (lat, lon) = gtfs::fixture::lat_lon(east_m, north_m);
    Ping {
        vehicle: Arc::from(vehicle),
        t,
        received: t,
        lat,
        lon,
        speed_mps: None,
        heading_deg: None,
        accuracy_m: Some(10.0),
        hdop: None,
        odometer_m: None,
        claim: Claim::default(),
        door_open: None,
        passengers: None,
        occupancy: None,
        ev: None,
        provenance: Provenance::Gps,
        tier: Tier::Signed,
    }
}
