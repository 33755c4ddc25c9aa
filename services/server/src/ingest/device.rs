//! A registered device as ingest knows it, and what it remembers of it between requests.

use super::bucket::Bucket;
use super::osmand::SpeedUnit;
use super::signature::Key;
use gtfs::Timestamp;
use ipnet::IpNet;
use std::net::IpAddr;
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
    /// The networks it may come from; empty: any.
    pub networks: Vec<IpNet>,
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

    /// Whether it may come from an address.
    #[must_use]
    pub fn may_come_from(&self, address: IpAddr) -> bool {
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(&address))
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

/// Reads networks as the registry has them: addresses or CIDR, with commas between.
///
/// # Errors
/// The part that is neither.
pub fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let read = |part: &str| part.parse().or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
    parts
        .map(|part| {
            read(part)
                .map_err(|_neither| format!("\"{part}\" is no network; write 10.20.0.0/16 or 203.0.113.7"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_addresses_or_ranges_and_a_mistake_is_named() {
        let read = networks("10.20.0.0/16, 203.0.113.7,2001:db8::/32").unwrap();
        let within =
            |text: &str| read.iter().any(|network| network.contains(&text.parse::<IpAddr>().unwrap()));
        assert!(within("10.20.3.4") && within("203.0.113.7") && within("2001:db8::1"));
        assert!(!within("10.21.0.1") && !within("203.0.113.8"));
        assert!(networks("").unwrap().is_empty());
        assert!(networks("10.20.0.0/99").unwrap_err().contains("10.20.0.0/99"));
    }
}
