//! Times of a trip, and which trip is meant.

use super::json::{name_of, wire_enum};
use super::vehicle::{OccupancyStatus, VehicleDescriptor};
use serde::Serialize;

/// What is known of one run of a trip.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct TripUpdate {
    /// Which run.
    #[prost(message, required, tag = "1")]
    pub trip: TripDescriptor,
    /// The vehicle that runs it.
    #[prost(message, optional, tag = "3")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vehicle: Option<VehicleDescriptor>,
    /// Its calls, in order of the trip; a time holds until the next one given.
    #[prost(message, repeated, tag = "2")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop_time_update: Vec<StopTimeUpdate>,
    /// When the vehicle's progress was measured, epoch seconds.
    #[prost(uint64, optional, tag = "4")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<u64>,
    /// Seconds late (+) or early (-).
    #[prost(int32, optional, tag = "5")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<i32>,
}

/// Names one run of a trip.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct TripDescriptor {
    /// trip_id of the timetable.
    #[prost(string, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trip_id: Option<String>,
    /// route_id of the timetable.
    #[prost(string, optional, tag = "5")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_id: Option<String>,
    /// direction_id of the timetable.
    #[prost(uint32, optional, tag = "6")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction_id: Option<u32>,
    /// `HH:MM:SS`; tells runs of a frequency-based trip apart.
    #[prost(string, optional, tag = "2")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// Service day, `YYYYMMDD`.
    #[prost(string, optional, tag = "3")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<String>,
    /// How the run relates to the timetable.
    #[prost(enumeration = "TripRelationship", optional, tag = "4")]
    #[serde(serialize_with = "name_of::<_, TripRelationship>", skip_serializing_if = "Option::is_none")]
    pub schedule_relationship: Option<i32>,
}

wire_enum! {
    /// How a run relates to the timetable.
    TripRelationship {
        /// As in the timetable.
        Scheduled = 0, "SCHEDULED";
        /// An extra run; superseded by `New` and `Duplicated`.
        Added = 1, "ADDED";
        /// A run of a frequency-based trip without fixed times.
        Unscheduled = 2, "UNSCHEDULED";
        /// Does not run.
        Canceled = 3, "CANCELED";
        /// In place of a scheduled run.
        Replacement = 5, "REPLACEMENT";
        /// A copy of a scheduled run at another time.
        Duplicated = 6, "DUPLICATED";
        /// Does not run and is not to be shown.
        Deleted = 7, "DELETED";
        /// An extra run unlike any in the timetable.
        New = 8, "NEW";
    }
}

/// One call of a run.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct StopTimeUpdate {
    /// stop_sequence of the timetable.
    #[prost(uint32, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_sequence: Option<u32>,
    /// stop_id of the timetable.
    #[prost(string, optional, tag = "4")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_id: Option<String>,
    /// Arrival.
    #[prost(message, optional, tag = "2")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrival: Option<StopTimeEvent>,
    /// Departure.
    #[prost(message, optional, tag = "3")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub departure: Option<StopTimeEvent>,
    /// How full the vehicle will leave.
    #[prost(enumeration = "OccupancyStatus", optional, tag = "7")]
    #[serde(serialize_with = "name_of::<_, OccupancyStatus>", skip_serializing_if = "Option::is_none")]
    pub departure_occupancy_status: Option<i32>,
    /// How the call relates to the timetable.
    #[prost(enumeration = "StopTimeRelationship", optional, tag = "5")]
    #[serde(serialize_with = "name_of::<_, StopTimeRelationship>", skip_serializing_if = "Option::is_none")]
    pub schedule_relationship: Option<i32>,
}

/// An arrival or a departure.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct StopTimeEvent {
    /// Seconds late (+) or early (-) against the timetable.
    #[prost(int32, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<i32>,
    /// Epoch seconds; wins over the delay.
    #[prost(int64, optional, tag = "2")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<i64>,
    /// Half the width of the interval the time is expected in, seconds; 0 when observed.
    #[prost(int32, optional, tag = "3")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<i32>,
}

wire_enum! {
    /// How a call relates to the timetable.
    StopTimeRelationship {
        /// Served; times are as given.
        Scheduled = 0, "SCHEDULED";
        /// Not served.
        Skipped = 1, "SKIPPED";
        /// Nothing is known: the timetable stands.
        NoData = 2, "NO_DATA";
        /// A call of a frequency-based trip without fixed times.
        Unscheduled = 3, "UNSCHEDULED";
    }
}
