//! VehiclePositions: where each vehicle heard within 90 s is, and what trip it is on.

use super::POSITION_AGE_S_MAX;
use super::trips::{descriptor, relation};
use crate::live::place::Common;
use gtfs::Timestamp;
use gtfs::Timetable;
use gtfs::realtime::{
    FeedEntity, OccupancyStatus, Position, VehicleDescriptor, VehiclePosition, VehicleStopStatus,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use tracking::{DatedTrip, Occupancy};

pub(super) fn entities(
    common: &Common,
    trips: &BTreeMap<DatedTrip, tracking::TripUpdate>,
    vehicles: &BTreeMap<Arc<str>, tracking::VehiclePosition>,
    now: Timestamp,
) -> Vec<FeedEntity> {
    vehicles
        .values()
        .filter(|place| now.since_s(place.t) <= POSITION_AGE_S_MAX)
        .map(|place| FeedEntity {
            vehicle: Some(vehicle_position(&common.timetable, trips, place, now)),
            ..FeedEntity::new(format!("vp:{}", place.vehicle))
        })
        .collect()
}

fn vehicle_position(
    timetable: &Timetable,
    trips: &BTreeMap<DatedTrip, tracking::TripUpdate>,
    place: &tracking::VehiclePosition,
    now: Timestamp,
) -> VehiclePosition {
    // A trip that the other feed does not know of, or gives to another vehicle, is not claimed (E047, W003).
    let trip = place.trip.filter(|trip| {
        trip.trip.at() < timetable.trips.len()
            && trips.get(trip).is_some_and(|update| update.vehicle.as_ref() == Some(&place.vehicle))
    });
    let call = trip.zip(place.next_call).and_then(|(trip, at)| {
        timetable.calls(timetable.trips[trip.trip.at()].pattern).get(usize::from(at)).copied()
    });
    let status = if place.at_stop { VehicleStopStatus::StoppedAt } else { VehicleStopStatus::InTransitTo };
    VehiclePosition {
        trip: trip.map(|trip| descriptor(timetable, trip, relation(timetable, trip))),
        vehicle: Some(VehicleDescriptor {
            id: Some(place.vehicle.to_string()),
            ..VehicleDescriptor::default()
        }),
        position: Some(Position {
            latitude: place.lat as f32,
            longitude: place.lon as f32,
            bearing: place.heading_deg,
            odometer: None,
            speed: place.speed_mps,
        }),
        current_stop_sequence: call.map(|call| call.sequence),
        stop_id: call.map(|call| timetable.stops[call.stop.at()].id.to_string()),
        current_status: call.map(|_| status.into()),
        timestamp: Some(place.t.min(now).s().unsigned_abs()),
        occupancy_status: place.occupancy.map(|occupancy| occupancy_status(occupancy).into()),
    }
}

fn occupancy_status(occupancy: Occupancy) -> OccupancyStatus {
    match occupancy {
        Occupancy::Empty => OccupancyStatus::Empty,
        Occupancy::ManySeats => OccupancyStatus::ManySeatsAvailable,
        Occupancy::FewSeats => OccupancyStatus::FewSeatsAvailable,
        Occupancy::StandingRoom => OccupancyStatus::StandingRoomOnly,
        Occupancy::CrushedStanding => OccupancyStatus::CrushedStandingRoomOnly,
        Occupancy::Full => OccupancyStatus::Full,
        Occupancy::NotAccepting => OccupancyStatus::NotAcceptingPassengers,
    }
}
