//! Where a vehicle is, and which vehicle is meant.

use super::json::{name_of, wire_enum};
use super::trip_update::TripDescriptor;
use serde::Serialize;

/// The place of one vehicle.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct VehiclePosition {
    /// The run it is on.
    #[prost(message, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trip: Option<TripDescriptor>,
    /// Which vehicle.
    #[prost(message, optional, tag = "8")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vehicle: Option<VehicleDescriptor>,
    /// Where.
    #[prost(message, optional, tag = "2")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// stop_sequence of the call that `current_status` is about.
    #[prost(uint32, optional, tag = "3")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_stop_sequence: Option<u32>,
    /// stop_id of that call.
    #[prost(string, optional, tag = "7")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_id: Option<String>,
    /// How the vehicle stands to that call; in transit to it when absent.
    #[prost(enumeration = "VehicleStopStatus", optional, tag = "4")]
    #[serde(serialize_with = "name_of::<_, VehicleStopStatus>", skip_serializing_if = "Option::is_none")]
    pub current_status: Option<i32>,
    /// When the position was measured, epoch seconds.
    #[prost(uint64, optional, tag = "5")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<u64>,
    /// How full.
    #[prost(enumeration = "OccupancyStatus", optional, tag = "9")]
    #[serde(serialize_with = "name_of::<_, OccupancyStatus>", skip_serializing_if = "Option::is_none")]
    pub occupancy_status: Option<i32>,
}

/// A place on the ground.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct Position {
    /// Degrees north, WGS 84.
    #[prost(float, required, tag = "1")]
    pub latitude: f32,
    /// Degrees east, WGS 84.
    #[prost(float, required, tag = "2")]
    pub longitude: f32,
    /// Degrees clockwise from north.
    #[prost(float, optional, tag = "3")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearing: Option<f32>,
    /// Metres.
    #[prost(double, optional, tag = "4")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub odometer: Option<f64>,
    /// Metres per second.
    #[prost(float, optional, tag = "5")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<f32>,
}

/// Names a vehicle.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct VehicleDescriptor {
    /// Unique in the fleet.
    #[prost(string, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What riders see on it.
    #[prost(string, optional, tag = "2")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Its licence plate.
    #[prost(string, optional, tag = "3")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license_plate: Option<String>,
}

wire_enum! {
    /// How a vehicle stands to a call.
    VehicleStopStatus {
        /// About to arrive.
        IncomingAt = 0, "INCOMING_AT";
        /// Standing there.
        StoppedAt = 1, "STOPPED_AT";
        /// On the way there.
        InTransitTo = 2, "IN_TRANSIT_TO";
    }
}

wire_enum! {
    /// How full a vehicle is.
    OccupancyStatus {
        /// Nobody on board, or nearly.
        Empty = 0, "EMPTY";
        /// Many seats.
        ManySeatsAvailable = 1, "MANY_SEATS_AVAILABLE";
        /// Few seats.
        FewSeatsAvailable = 2, "FEW_SEATS_AVAILABLE";
        /// Standing room.
        StandingRoomOnly = 3, "STANDING_ROOM_ONLY";
        /// Hardly any standing room.
        CrushedStandingRoomOnly = 4, "CRUSHED_STANDING_ROOM_ONLY";
        /// Full.
        Full = 5, "FULL";
        /// Takes no passengers.
        NotAcceptingPassengers = 6, "NOT_ACCEPTING_PASSENGERS";
        /// Not known.
        NoDataAvailable = 7, "NO_DATA_AVAILABLE";
        /// Not for passengers.
        NotBoardable = 8, "NOT_BOARDABLE";
    }
}
