//! The registered devices in memory: who may send, found by id, key id or token.
//!
//! Read again from the database every two seconds, so that adding and revoking, by any process, holds
//! within five. Unknown senders are counted, quarantined once in ten minutes each, and logged so too.

use super::device::{Device, SigningKey, networks};
use super::seal::ServerKey;
use super::signature::Key;
use arc_swap::ArcSwap;
use gtfs::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use store::{Db, DeviceKey, DeviceState, KeyKind, StoreError};

/// The registry of a process.
#[derive(Debug)]
pub struct Registry {
    current: ArcSwap<Index>,
    rows: Mutex<(Vec<store::Device>, Vec<DeviceKey>)>,
    /// Held from reading the rows to putting them in force: an older reading never replaces a newer one.
    reading: tokio::sync::Mutex<()>,
    server_key: ServerKey,
}

#[derive(Debug, Default)]
struct Index {
    by_id: HashMap<Arc<str>, Arc<Device>>,
    by_token: HashMap<[u8; 32], (Arc<Device>, Arc<str>)>,
}

impl Registry {
    /// An empty registry; [`Registry::refresh`] fills it.
    #[must_use]
    pub fn new(server_key: ServerKey) -> Self {
        let (current, rows, reading) = Default::default();
        Self { current, rows, reading, server_key }
    }

    /// The active device of an id.
    #[must_use]
    pub fn device(&self, id: &str) -> Option<Arc<Device>> {
        self.current.load().by_id.get(id).cloned()
    }

    /// The active device that holds a URL token, and the name of the token.
    #[must_use]
    pub fn holder(&self, token: &str) -> Option<(Arc<Device>, Arc<str>)> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        self.current.load().by_token.get(&digest).cloned()
    }

    /// Which keys were used since this was last asked: device, key, when.
    #[must_use]
    pub fn take_used(&self) -> Vec<(Arc<str>, Arc<str>, Timestamp)> {
        let mut used = Vec::new();
        for device in self.current.load().by_id.values() {
            let keys = std::mem::take(&mut device.lane.lock().used);
            used.extend(keys.into_iter().map(|(kid, at)| (Arc::clone(&device.row.id), kid, at)));
        }
        used
    }

    /// How many devices may send.
    #[must_use]
    pub fn len(&self) -> usize {
        self.current.load().by_id.len()
    }

    /// Whether no device may send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads the registry from the database; nothing changes when it can not be read.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn refresh(&self, db: &Db) -> Result<(), StoreError> {
        let _reading = self.reading.lock().await;
        let (devices, keys) = (db.devices().await?, db.device_keys_live().await?);
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let unchanged =
            rows.0 == devices && rows.1.len() == keys.len() && rows.1.iter().zip(&keys).all(same_key);
        if !unchanged {
            self.current.store(Arc::new(self.index(&devices, &keys)));
            *rows = (devices, keys);
        }
        Ok(())
    }

    fn index(&self, devices: &[store::Device], keys: &[DeviceKey]) -> Index {
        let before = self.current.load();
        let mut index = Index::default();
        for row in devices.iter().filter(|row| row.state == DeviceState::Active) {
            let own = keys.iter().filter(|key| key.device == row.id);
            let (signing, tokens): (Vec<_>, Vec<_>) = own.partition(|key| key.kind == KeyKind::Hmac);
            let lane = before.by_id.get(&row.id).map(|device| Arc::clone(&device.lane)).unwrap_or_default();
            let keys = signing.into_iter().filter_map(|key| self.unsealed(key)).collect();
            let networks = match networks(&row.network) {
                Ok(networks) => networks,
                Err(failure) => {
                    tracing::error!(device = %row.id, failure, "a device is left out of the registry");
                    continue;
                }
            };
            let device = Arc::new(Device { row: row.clone(), keys, networks, lane });
            for token in tokens {
                if let Ok(digest) = <[u8; 32]>::try_from(token.secret.as_slice()) {
                    index.by_token.insert(digest, (Arc::clone(&device), Arc::clone(&token.kid)));
                }
            }
            index.by_id.insert(Arc::clone(&row.id), device);
        }
        index
    }

    fn unsealed(&self, key: &DeviceKey) -> Option<SigningKey> {
        let key_id: Arc<str> = format!("{}:{}", key.device, key.kid).into();
        match self.server_key.unseal(&key_id, &key.secret) {
            Ok(secret) => Some(SigningKey { kid: Arc::clone(&key.kid), key_id, key: Key::new(&secret) }),
            Err(failure) => {
                tracing::error!(%key_id, failure = format!("{failure:#}"), "a device key can not be used");
                None
            }
        }
    }
}

/// The same key, whenever it was last used.
fn same_key((a, b): (&DeviceKey, &DeviceKey)) -> bool {
    (&a.device, &a.kid, a.kind, &a.secret) == (&b.device, &b.kid, b.kind, &b.secret)
}
