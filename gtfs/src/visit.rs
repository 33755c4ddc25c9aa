//! A vehicle's observed call at a stop; tracking makes them, fares reads them.

use crate::{ServiceDay, ServiceTime, StopIdx, Timestamp, TripIdx};
use std::sync::Arc;

/// How a visit was observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VisitSource {
    /// From positions on both sides of the stop.
    Gps,
    /// A door opened at the stop.
    Door,
    /// A card was tapped at the stop.
    Tap,
    /// From earlier and later stops of the same trip.
    Inferred,
    /// Late positions changed what was first recorded.
    Repaired,
}

impl VisitSource {
    /// The word stored and shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Gps => "gps",
            Self::Door => "door",
            Self::Tap => "tap",
            Self::Inferred => "inferred",
            Self::Repaired => "repaired",
        }
    }
}

/// A call of a vehicle at a stop, as TIDES `stop_visits` has it.
#[derive(Clone, Debug, PartialEq)]
pub struct StopVisit {
    /// The vehicle.
    pub vehicle: Arc<str>,
    /// The trip in the timetable in force.
    pub trip: TripIdx,
    /// The service day of the trip.
    pub day: ServiceDay,
    /// The start of the trip; tells instances of a frequency-based trip apart.
    pub start: ServiceTime,
    /// GTFS `stop_sequence`.
    pub stop_sequence: u32,
    /// The stop.
    pub stop: StopIdx,
    /// First crossing of 15 m before the stop; absent when the trip was picked up at the stop.
    pub arrival: Option<Timestamp>,
    /// Last crossing of 15 m after the stop; absent while the vehicle stands there.
    pub departure: Option<Timestamp>,
    /// Half the time between the positions that bracket the arrival, seconds.
    pub plus_minus_s: f32,
    /// How it was observed.
    pub source: VisitSource,
}
