//! GTFS-realtime 2.0 messages, declared by hand.
//!
//! The messages and field numbers are those of `gtfs-realtime.proto` (gtfs.org, version 2.0), less what
//! Padriew neither reads nor writes (shapes, stops and trip modifications in the feed, carriages, images);
//! a reader skips those as protobuf demands. Declared here, not generated, so that a build needs no
//! `protoc`. Every message is at once the protobuf form ([`prost::Message`]) and the JSON form (serde):
//! JSON has the GTFS-realtime field names, enumerations by their names, and leaves out what is unset.
//!
//! What always holds: an optional field that is not set is absent from the bytes, never a zero; an
//! enumeration value of a later version survives decoding and is written again as it came.

mod alert;
mod json;
mod trip_update;
mod vehicle;

pub use alert::{
    Alert, Cause, Effect, EntitySelector, SeverityLevel, TimeRange, TranslatedString, Translation,
};
pub use trip_update::{
    StopTimeEvent, StopTimeRelationship, StopTimeUpdate, TripDescriptor, TripRelationship, TripUpdate,
};
pub use vehicle::{OccupancyStatus, Position, VehicleDescriptor, VehiclePosition, VehicleStopStatus};

use json::wire_enum;
use serde::Serialize;

/// The version that these messages are of, as it stands in the header.
pub const VERSION: &str = "2.0";

/// A whole feed: one HTTP answer.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct FeedMessage {
    /// What the feed says of itself.
    #[prost(message, required, tag = "1")]
    pub header: FeedHeader,
    /// The contents.
    #[prost(message, repeated, tag = "2")]
    pub entity: Vec<FeedEntity>,
}

/// What a feed says of itself.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct FeedHeader {
    /// `2.0`; see [`VERSION`].
    #[prost(string, required, tag = "1")]
    pub gtfs_realtime_version: String,
    /// Whether this replaces all that was known; always set by Padriew (rule E049).
    #[prost(enumeration = "Incrementality", optional, tag = "2")]
    #[serde(serialize_with = "json::name_of::<_, Incrementality>", skip_serializing_if = "Option::is_none")]
    pub incrementality: Option<i32>,
    /// When the contents were true, epoch seconds.
    #[prost(uint64, optional, tag = "3")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<u64>,
    /// The feed_version of the timetable that the ids belong to.
    #[prost(string, optional, tag = "4")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feed_version: Option<String>,
}

impl FeedHeader {
    /// The header of a full dataset that was true at `timestamp_s`, epoch seconds.
    #[must_use]
    pub fn full_dataset(timestamp_s: u64, feed_version: Option<&str>) -> Self {
        Self {
            gtfs_realtime_version: VERSION.to_owned(),
            incrementality: Some(Incrementality::FullDataset.into()),
            timestamp: Some(timestamp_s),
            feed_version: feed_version.map(str::to_owned),
        }
    }
}

wire_enum! {
    /// Whether a feed replaces all that was known.
    Incrementality {
        /// All of it.
        FullDataset = 0, "FULL_DATASET";
        /// Only what changed; Padriew never writes it.
        Differential = 1, "DIFFERENTIAL";
    }
}

/// One entity: a trip update, a vehicle or an alert.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct FeedEntity {
    /// Unique in the feed.
    #[prost(string, required, tag = "1")]
    pub id: String,
    /// Only for differential feeds (rule E039).
    #[prost(bool, optional, tag = "2")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_deleted: Option<bool>,
    /// Times of a trip.
    #[prost(message, optional, tag = "3")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trip_update: Option<TripUpdate>,
    /// The place of a vehicle.
    #[prost(message, optional, tag = "4")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vehicle: Option<VehiclePosition>,
    /// A notice to riders.
    #[prost(message, optional, tag = "5")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<Alert>,
}

impl FeedEntity {
    /// An entity with nothing but its id.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests;
