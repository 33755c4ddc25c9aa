//! The GTFS-realtime feeds: what the core says, as FULL_DATASET messages of version 2.0.
//!
//! [`Known`] is the driver's own: the newest word on each trip and vehicle. [`Snapshot`] is one moment
//! of it, immutable, encoded at most once per form, swapped in by pointer. Header times never fall and
//! always rise when the content does (rules E017, E018).

mod alerts;
mod pieces;
mod positions;
#[cfg(test)]
mod tests;
mod trips;
#[cfg(test)]
mod validator;

use super::place::Common;
use bytes::Bytes;
use gtfs::Timestamp;
use gtfs::realtime::{FeedEntity, FeedHeader, FeedMessage};
use prost::Message;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use store::bus::{self, Bus};
use tracking::{DatedTrip, Effect, TripUpdate, VehiclePosition};

/// Positions older than this are not in the feed, seconds (R18; rule W008 is 65 s for the header).
pub(super) const POSITION_AGE_S_MAX: f64 = 90.0;
/// A snapshot is made at least this often, so that its header stays fresh, seconds (rule W007: 35 s).
pub(super) const REFRESH_S_MAX: f64 = 15.0;

/// The newest word on each trip and vehicle.
#[derive(Debug, Default)]
pub struct Known {
    trips: BTreeMap<DatedTrip, TripUpdate>,
    vehicles: BTreeMap<Arc<str>, VehiclePosition>,
    changed: bool,
    header_s: i64,
    entities: [Vec<FeedEntity>; 3],
}

/// One of the three feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// Times of trips.
    TripUpdates,
    /// Places of vehicles.
    VehiclePositions,
    /// Notices to riders.
    Alerts,
}

/// The three feeds at one moment.
#[derive(Debug)]
pub struct Snapshot {
    /// When it was true, epoch seconds.
    pub timestamp_s: u64,
    /// Of the tracking lease under which it was made.
    pub epoch: i64,
    feeds: [Encoded; 3],
}

/// A message and its encodings, each made when first asked for.
#[derive(Debug)]
struct Encoded {
    message: FeedMessage,
    protobuf: OnceLock<Bytes>,
    json: OnceLock<Bytes>,
}

impl Known {
    /// Takes in what an effect says of a trip or a vehicle.
    pub fn learn(&mut self, effect: &Effect) {
        match effect {
            Effect::Position(position) => {
                self.vehicles.insert(Arc::clone(&position.vehicle), position.clone());
            }
            Effect::PositionGone(vehicle) => {
                self.vehicles.remove(vehicle);
            }
            Effect::TripUpdate(update) => {
                self.trips.insert(update.trip, update.clone());
            }
            Effect::TripUpdateGone(trip) => {
                self.trips.remove(trip);
            }
            Effect::Visit(_) | Effect::Board(..) | Effect::Alert(_) | Effect::WakeAt(_) => return,
        }
        self.changed = true;
    }

    /// Forgets everything: the indexes of another timetable mean nothing here.
    pub fn forget(&mut self) {
        self.trips.clear();
        self.vehicles.clear();
        self.changed = true;
    }

    /// The vehicles, by id.
    #[must_use]
    pub fn vehicles(&self) -> &BTreeMap<Arc<str>, VehiclePosition> {
        &self.vehicles
    }

    /// The feeds as of `now`; `None` when the last snapshot still stands: nothing changed and it is
    /// fresh, or it was made in this very second.
    pub fn snapshot(&mut self, common: &Common, now: Timestamp) -> Option<Snapshot> {
        let fresh = now.s() < self.header_s + REFRESH_S_MAX as i64;
        if now.s() <= self.header_s || (fresh && !self.changed) {
            return None;
        }
        self.changed = false;
        self.header_s = now.s();
        self.entities = [
            trips::entities(common, &self.trips, &self.vehicles, now),
            positions::entities(common, &self.trips, &self.vehicles, now),
            alerts::entities(common, &self.trips),
        ];
        Some(Snapshot::of(common, now, &self.entities))
    }
}

impl Snapshot {
    fn of(common: &Common, now: Timestamp, entities: &[Vec<FeedEntity>; 3]) -> Self {
        let timestamp_s = now.s().unsigned_abs();
        let version = Some(&*common.timetable.feed.version).filter(|version| !version.is_empty());
        let feeds = entities.each_ref().map(|entity| Encoded {
            message: FeedMessage {
                header: FeedHeader::full_dataset(timestamp_s, version),
                entity: entity.clone(),
            },
            protobuf: OnceLock::new(),
            json: OnceLock::new(),
        });
        Self { timestamp_s, epoch: 0, feeds }
    }

    /// How old it is, seconds.
    #[must_use]
    pub fn age_s(&self, now: Timestamp) -> u64 {
        now.s().unsigned_abs().saturating_sub(self.timestamp_s)
    }

    /// Whether what it says of vehicles and trips may no longer be shown as live.
    #[must_use]
    pub fn is_too_old(&self, now: Timestamp) -> bool {
        self.age_s(now) as f64 > POSITION_AGE_S_MAX
    }

    /// Sends it to the processes that do not track; one too large for the bus stays here.
    pub fn send(&self, bus: &Bus) {
        let pieces = pieces::cut(self).unwrap_or_default();
        for (at, payload) in (0..).zip(pieces) {
            let message = bus::Message { epoch: self.epoch, seq: self.timestamp_s, payload };
            bus.publish(&bus::Topic::Realtime(at), message);
        }
    }

    /// The newest one on the bus, when all its pieces are there; `None` also when it is not newer than `than_s`.
    #[must_use]
    pub fn received(bus: &Bus, than_s: u64) -> Option<Self> {
        let first = bus.latest(&bus::Topic::Realtime(0)).filter(|first| first.seq > than_s)?;
        let rest = (1..pieces::count(first.payload.clone())?).map(|at| {
            let piece = bus.latest(&bus::Topic::Realtime(at))?;
            ((piece.epoch, piece.seq) == (first.epoch, first.seq)).then_some(piece.payload)
        });
        let all: Vec<Bytes> =
            std::iter::once(Some(first.payload.clone())).chain(rest).collect::<Option<_>>()?;
        Some(Self { epoch: first.epoch, ..pieces::join(&all)? })
    }

    /// A feed as a message.
    #[must_use]
    pub fn message(&self, feed: Feed) -> &FeedMessage {
        &self.feeds[feed as usize].message
    }

    /// A feed in protobuf.
    #[must_use]
    pub fn protobuf(&self, feed: Feed) -> Bytes {
        let encoded = &self.feeds[feed as usize];
        encoded.protobuf.get_or_init(|| encoded.message.encode_to_vec().into()).clone()
    }

    /// A feed in JSON.
    #[must_use]
    pub fn json(&self, feed: Feed) -> Bytes {
        let encoded = &self.feeds[feed as usize];
        // Numbers, strings and lists always have a JSON text.
        encoded.json.get_or_init(|| serde_json::to_vec(&encoded.message).unwrap_or_default().into()).clone()
    }
}
