//! TripUpdates: one per dated trip, stop_sequence and stop_id, arrival and departure on each call.

use crate::live::place::Common;
use gtfs::Timestamp;
use gtfs::Timetable;
use gtfs::realtime::{
    FeedEntity, StopTimeEvent, StopTimeRelationship, StopTimeUpdate, TripDescriptor, TripRelationship,
    TripUpdate, VehicleDescriptor,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use tracking::{CallUpdate, DatedTrip, TripState, VehiclePosition};

pub(super) fn entities(
    common: &Common,
    trips: &BTreeMap<DatedTrip, tracking::TripUpdate>,
    vehicles: &BTreeMap<Arc<str>, VehiclePosition>,
    now: Timestamp,
) -> Vec<FeedEntity> {
    let timetable = &common.timetable;
    trips
        .values()
        .filter(|update| timetable.trips.len() > update.trip.trip.at())
        .filter_map(|update| {
            let message = trip_update(timetable, update, vehicles, now)?;
            let id = format!("tu:{}", dated_id(timetable, update.trip));
            Some(FeedEntity { trip_update: Some(message), ..FeedEntity::new(id) })
        })
        .collect()
}

/// The trip of a message. `start_time` is the first *arrival* of the timetable, as rule E023 compares;
/// for a frequency-based run it is the run's own start.
pub(super) fn descriptor(
    timetable: &Timetable,
    dated: DatedTrip,
    relation: TripRelationship,
) -> TripDescriptor {
    let trip = &timetable.trips[dated.trip.at()];
    let pattern = &timetable.patterns[trip.pattern.at()];
    let first_arrival_s = timetable.times(dated.trip).first().map_or(0, |time| time.arrival_s);
    let start = match trip.frequency {
        Some(_) => dated.start,
        None => gtfs::ServiceTime(trip.start.0 + first_arrival_s),
    };
    TripDescriptor {
        trip_id: Some(trip.id.to_string()),
        route_id: Some(timetable.routes[pattern.route.at()].id.to_string()),
        direction_id: pattern.direction.map(u32::from),
        start_time: Some(start.to_string()),
        start_date: Some(dated.day.to_string()),
        schedule_relationship: Some(relation.into()),
    }
}

/// A run's relation to the timetable: frequency-based runs without fixed times are UNSCHEDULED.
pub(super) fn relation(timetable: &Timetable, dated: DatedTrip) -> TripRelationship {
    let frequency = timetable.trips[dated.trip.at()].frequency;
    if frequency.is_some_and(|f| !f.exact) {
        TripRelationship::Unscheduled
    } else {
        TripRelationship::Scheduled
    }
}

/// Unique among the runs of a feed.
pub(super) fn dated_id(timetable: &Timetable, dated: DatedTrip) -> String {
    let trip = &timetable.trips[dated.trip.at()];
    match trip.frequency {
        None => format!("{}:{}", dated.day, trip.id),
        Some(_) => format!("{}:{}:{}", dated.day, trip.id, dated.start),
    }
}

fn trip_update(
    timetable: &Timetable,
    update: &tracking::TripUpdate,
    vehicles: &BTreeMap<Arc<str>, VehiclePosition>,
    now: Timestamp,
) -> Option<TripUpdate> {
    let relation = match update.state {
        TripState::Cancelled => TripRelationship::Canceled,
        TripState::Running | TripState::NoData => relation(timetable, update.trip),
    };
    let stop_time_update = match update.state {
        TripState::Running => calls(timetable, update),
        TripState::NoData => no_data(timetable, update),
        TripState::Cancelled => Vec::new(),
    };
    if stop_time_update.is_empty() && update.state != TripState::Cancelled {
        return None;
    }
    Some(TripUpdate {
        trip: descriptor(timetable, update.trip, relation),
        vehicle: vehicle(update, vehicles),
        stop_time_update,
        timestamp: Some(update.position_t.min(now).s().unsigned_abs()),
        delay: (update.state == TripState::Running).then_some(update.delay_s),
    })
}

/// The vehicle, only when it is on this very trip: on a later trip of its block, its place in the
/// VehiclePositions feed would contradict (rule E047).
fn vehicle(
    update: &tracking::TripUpdate,
    vehicles: &BTreeMap<Arc<str>, VehiclePosition>,
) -> Option<VehicleDescriptor> {
    let id = update.vehicle.as_ref()?;
    let elsewhere = vehicles.get(id).is_some_and(|place| place.trip != Some(update.trip));
    (!elsewhere).then(|| VehicleDescriptor { id: Some(id.to_string()), ..VehicleDescriptor::default() })
}

fn calls(timetable: &Timetable, update: &tracking::TripUpdate) -> Vec<StopTimeUpdate> {
    let pattern = timetable.trips[update.trip.trip.at()].pattern;
    let unscheduled = relation(timetable, update.trip) == TripRelationship::Unscheduled;
    let mut last_s = i64::MIN;
    let mut messages = Vec::with_capacity(update.calls.len());
    for call in &update.calls {
        let Some(place) = timetable.calls(pattern).get(usize::from(call.call)) else { continue };
        let relation = match (call.skipped, unscheduled) {
            (true, _) => StopTimeRelationship::Skipped,
            (false, true) => StopTimeRelationship::Unscheduled,
            (false, false) => StopTimeRelationship::Scheduled,
        };
        let (arrival, departure) = if call.skipped {
            (None, None)
        } else {
            let (arrival, departure) = increasing(call, &mut last_s);
            (Some(arrival), Some(departure))
        };
        messages.push(StopTimeUpdate {
            stop_sequence: Some(place.sequence),
            stop_id: Some(timetable.stops[place.stop.at()].id.to_string()),
            arrival,
            departure,
            departure_occupancy_status: None,
            schedule_relationship: Some(relation.into()),
        });
    }
    messages
}

/// Whole seconds that never stand still from stop to stop (rule E022) and never depart before they
/// arrive (rule E025): rounding may otherwise make two close stops equal.
fn increasing(call: &CallUpdate, last_s: &mut i64) -> (StopTimeEvent, StopTimeEvent) {
    let arrival_s = call.arrival.s().max(last_s.saturating_add(1));
    let departure_s = call.departure.s().max(arrival_s);
    *last_s = departure_s;
    let [low, _, high] = call.arrival_q;
    let half_width_s = (high.since_s(low) / 2.0).round().clamp(0.0, f64::from(i32::MAX)) as i32;
    let event = |time_s: i64, observed: bool| StopTimeEvent {
        delay: None,
        time: Some(time_s),
        uncertainty: Some(if observed { 0 } else { half_width_s }),
    };
    (event(arrival_s, call.arrived), event(departure_s, call.departed))
}

/// "Nothing is known from here on": the first call given, or the first of the trip.
fn no_data(timetable: &Timetable, update: &tracking::TripUpdate) -> Vec<StopTimeUpdate> {
    let pattern = timetable.trips[update.trip.trip.at()].pattern;
    let at = update.calls.iter().find(|call| !call.departed).map_or(0, |call| usize::from(call.call));
    let place = timetable.calls(pattern).get(at).copied();
    place
        .map(|place| StopTimeUpdate {
            stop_sequence: Some(place.sequence),
            stop_id: Some(timetable.stops[place.stop.at()].id.to_string()),
            schedule_relationship: Some(StopTimeRelationship::NoData.into()),
            ..StopTimeUpdate::default()
        })
        .into_iter()
        .collect()
}
