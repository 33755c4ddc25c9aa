//! A registered device as ingest knows it, and what it remembers of it between requests.

use super::bucket::Bucket;
use super::osmand::SpeedUnit;
use super::signature::Key;
use gtfs::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracking::Tier;
use tracking::check::{DeviceProfile, DeviceState};

/// A device that may send.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its row in the registry.
    pub row: store::Device,
    /// Keys for signing, at most two live.
    pub keys: Vec<SigningKey>,
    /// What is remembered between requests; the same across changes of the registry.
    pub lane: Arc<Lane>,
}

/// A key of a device.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Its name within the device, such as `k1`.
    pub kid: Arc<str>,
    /// `device:kid`.
    pub key_id: Arc<str>,
    /// The key.
    pub key: Key,
}

impl Device {
    /// What the rules need to know of it, when it proved itself as far as `tier`.
    #[must_use]
    pub fn profile(&self, tier: Tier, simulated_is_live: bool) -> DeviceProfile {
        DeviceProfile {
            vehicle: Arc::clone(&self.row.vehicle),
            class: self.row.mode,
            tier: tier.min(self.row.tier_max),
            period_s: self.row.expected_period_s,
            clock_fix_allowed: self.row.clock_fix_allowed,
            simulated_is_live,
        }
    }

    /// The key of a key id.
    #[must_use]
    pub fn key(&self, key_id: &str) -> Option<&SigningKey> {
        self.keys.iter().find(|key| &*key.key_id == key_id)
    }

    /// The unit of its speeds in form 1 of OsmAnd.
    #[must_use]
    pub fn osmand_unit(&self) -> SpeedUnit {
        match self.row.speed_unit {
            store::SpeedUnit::Auto | store::SpeedUnit::Knots => SpeedUnit::Knots,
            store::SpeedUnit::Mps => SpeedUnit::MetersPerSecond,
            store::SpeedUnit::Kmh => SpeedUnit::KilometersPerHour,
        }
    }
}

/// What is remembered of a device between requests.
#[derive(Debug, Default)]
pub struct Lane(Mutex<Memory>);

/// The inside of a [`Lane`].
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// What the rules remember.
    pub state: DeviceState,
    /// Requests (R15).
    pub requests: Bucket,
    /// Live pings that reached the tracker (R15).
    pub live: Bucket,
    /// Backfilled pings (R15).
    pub backfill: Bucket,
    /// Keys and tokens used since it was last written down, with the time; two of each kind at most.
    pub used: Vec<(Arc<str>, Timestamp)>,
    /// When the newest ping given to the tracker was measured.
    pub tracked: Option<Timestamp>,
    /// Rises with each batch judged, so that a failed one undoes only itself.
    pub judged: u64,
}

impl Memory {
    /// Remembers that a key was used; [`super::follow()`] writes it down now and then.
    pub fn key_used(&mut self, kid: &Arc<str>, now: Timestamp) {
        match self.used.iter_mut().find(|(known, _)| known == kid) {
            Some((_, at)) => *at = now,
            None => self.used.push((Arc::clone(kid), now)),
        }
    }
}

impl Lane {
    /// For a moment, never across an await.
    pub fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
