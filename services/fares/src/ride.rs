//! A ride: one trip on one day, as fares see it; and where a tap was made.
//!
//! Rides are facts of their own, taken from the timetable when the trip ran and kept with the taps. A new
//! timetable never changes what a ride of last month costs.

use gtfs::{ServiceDay, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;

/// The permanent name of a ride.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RideKey {
    /// Its service day.
    pub day: ServiceDay,
    /// GTFS trip_id.
    pub trip: Arc<str>,
    /// When it starts, seconds of the day: tells the runs of a trip with headways apart.
    pub start_s: i32,
}

/// One call of a ride.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RideCall {
    /// GTFS stop_sequence.
    pub sequence: u32,
    /// GTFS stop_id.
    pub stop: Arc<str>,
    /// When it should leave; at the last stop, arrive.
    pub aimed: Timestamp,
    /// When it came, as observed.
    pub arrived: Option<Timestamp>,
    /// When it left, as observed.
    pub left: Option<Timestamp>,
}

/// One trip on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ride {
    /// Its name.
    pub key: RideKey,
    /// GTFS route_id.
    pub route: Arc<str>,
    /// GTFS agency_id; empty when the feed has one without an id.
    pub agency: Arc<str>,
    /// The vehicle that was seen to run it.
    pub vehicle: Arc<str>,
    /// Its calls in order; never empty.
    pub calls: Vec<RideCall>,
}

impl Ride {
    /// When it ends: the later of aimed and actual arrival at its last stop.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.calls
            .last()
            .map_or(Timestamp(i64::MAX), |last| last.arrived.map_or(last.aimed, |t| t.max(last.aimed)))
    }

    /// How long it should take, microseconds.
    #[must_use]
    pub fn aimed_us(&self) -> i64 {
        match (self.calls.first(), self.calls.last()) {
            (Some(first), Some(last)) => (last.aimed.0 - first.aimed.0).max(0),
            _ => 0,
        }
    }

    /// The place of a call in order.
    #[must_use]
    pub fn at(&self, sequence: u32) -> Option<usize> {
        self.calls.binary_search_by_key(&sequence, |call| call.sequence).ok()
    }

    /// Notes an observation of the vehicle; `true` when it is news.
    pub fn observe(&mut self, sequence: u32, arrived: Option<Timestamp>, left: Option<Timestamp>) -> bool {
        let Some(at) = self.at(sequence) else { return false };
        let call = &mut self.calls[at];
        let before = (call.arrived, call.left);
        call.arrived = arrived.or(call.arrived);
        call.left = left.or(call.left);
        before != (call.arrived, call.left)
    }
}

/// The rides that taps were made on.
pub type Rides = HashMap<RideKey, Ride>;

/// Where a tap was made, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// GTFS agency_id.
    pub agency: Arc<str>,
    /// GTFS-Fares network_id; empty when unknown.
    pub network: Arc<str>,
    /// GTFS route_id; empty when unknown, as at a pier.
    pub route: Arc<str>,
    /// The vehicle; empty at a pier.
    pub vehicle: Arc<str>,
    /// The ride, when the vehicle was seen on one.
    pub ride: Option<Arc<RideKey>>,
    /// GTFS stop_sequence of the call, when it is known.
    pub sequence: Option<u32>,
    /// GTFS stop_id; empty when unknown.
    pub stop: Arc<str>,
}

/// A tap whose time and place are settled: what journeys are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedTap {
    /// Its permanent name.
    pub id: crate::TapId,
    /// When it was.
    pub t: Timestamp,
    /// What the terminal meant.
    pub kind: crate::TapKind,
    /// Riders on it, 1 to 4.
    pub pax: u8,
    /// The terminal did not let the rider in.
    pub denied: bool,
    /// Where it was.
    pub place: Arc<Place>,
}

impl PlacedTap {
    /// The order in which taps of a card are read: by time, then by name.
    #[must_use]
    pub fn order(&self) -> (Timestamp, &crate::TapId) {
        (self.t, &self.id)
    }
}
