//! Keys and tokens of devices. Two live ones of a kind per device, so that they can be changed without a gap.
//!
//! A secret is never stored as it is: an HMAC key is sealed with the server key by the caller, of a token
//! only its SHA-256 is kept.

use crate::audit::{self, Actor, Change};
use crate::sql::{Many, many, on_pool, on_tx};
use crate::words::{known, words};
use crate::{Db, StoreError};
use gtfs::Timestamp;
use std::sync::{Arc, LazyLock};

/// Live keys of one kind that a device may have (`ingest` section 3).
pub const LIVE_KEYS_MAX: i64 = 2;

/// A key or token of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceKey {
    /// The device.
    pub device: Arc<str>,
    /// The name of the key, such as `k1`; unique within the device for ever.
    pub kid: Arc<str>,
    /// How it is used.
    pub kind: KeyKind,
    /// The sealed key, or the SHA-256 of the token.
    pub secret: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used, to the minute or so.
    pub last_used: Option<Timestamp>,
    /// When it was revoked; `None` while it is live.
    pub revoked: Option<Timestamp>,
}

/// How a key is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Signs requests (RFC 9421, hmac-sha256).
    Hmac,
    /// Stands in the URL.
    Token,
}

words!(KeyKind { Hmac = "hmac", Token = "token" });

static USED: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "update device_key set last_used_us = v.column3 from (values",
        3,
        ") as v where device_key.device = v.column1 and device_key.kid = v.column2",
    )
});

/// The head of every query for [`Columns`].
macro_rules! key_columns {
    () => {
        "select device, kid, kind, secret, created_us, last_used_us, revoked_us from device_key "
    };
}

impl Db {
    /// Adds a key to a registered device.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the device has [`LIVE_KEYS_MAX`] live keys of this kind, when the name was
    /// used before, or when there is no such device; or any other error of a write.
    pub async fn device_key_add(&self, key: &DeviceKey, by: &Actor) -> Result<(), StoreError> {
        crate::device::check_id(&key.kid)?;
        let mut tx = self.begin().await?;
        let (live,): (i64,) = on_tx!(&mut tx, on => sqlx::query_as(
            "select count(*) from device_key where device = $1 and kind = $2 and revoked_us is null",
        )
        .bind(Arc::clone(&key.device))
        .bind(key.kind.word())
        .fetch_one(on)
        .await?);
        if live >= LIVE_KEYS_MAX {
            return Err(StoreError::Refused(format!(
                "device {:?} has {live} live {} keys, revoke one first",
                key.device,
                key.kind.word()
            )));
        }
        on_tx!(&mut tx, on => sqlx::query(
            "insert into device_key (device, kid, kind, secret, created_us) values ($1, $2, $3, $4, $5)",
        )
        .bind(Arc::clone(&key.device))
        .bind(Arc::clone(&key.kid))
        .bind(key.kind.word())
        .bind(key.secret.clone())
        .bind(key.created.0)
        .execute(on)
        .await
        .map(drop)?);
        audit::append(&mut tx, by, &change("device_key_add", &key.device, &key.kid, "", "live")).await?;
        Ok(tx.commit().await?)
    }

    /// Revokes a key; `false` when there is no such live key.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn device_key_revoke(&self, device: &str, kid: &str, by: &Actor) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let revoked = on_tx!(&mut tx, on => sqlx::query(
            "update device_key set revoked_us = $3 where device = $1 and kid = $2 and revoked_us is null",
        )
        .bind(device.to_owned())
        .bind(kid.to_owned())
        .bind(by.at.0)
        .execute(on)
        .await?
        .rows_affected());
        if revoked == 1 {
            audit::append(&mut tx, by, &change("device_key_revoke", device, kid, "live", "revoked")).await?;
        }
        tx.commit().await?;
        Ok(revoked == 1)
    }

    /// Every live key, by device and name; ingest keeps them in memory and reads them again within 5 s.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn device_keys_live(&self) -> Result<Vec<DeviceKey>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(key_columns!(), "where revoked_us is null order by device, kid"),
        )
        .fetch_all(on)
        .await?);
        rows.into_iter().map(DeviceKey::try_from).collect()
    }

    /// Every key of one device, revoked ones too, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn device_keys(&self, device: &str) -> Result<Vec<DeviceKey>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(key_columns!(), "where device = $1 order by created_us, kid"),
        )
        .bind(device.to_owned())
        .fetch_all(on)
        .await?);
        rows.into_iter().map(DeviceKey::try_from).collect()
    }

    /// Notes when keys, as (device, kid), were last used; called now and then with many.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn device_keys_used(&self, used: &[(Arc<str>, Arc<str>, Timestamp)]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        many!(
            &mut tx,
            USED,
            used,
            |query, row| query.bind(Arc::clone(&row.0)).bind(Arc::clone(&row.1)).bind(row.2.0),
            |query, on| query.execute(on).await?
        );
        Ok(tx.commit().await?)
    }
}

fn change(action: &str, device: &str, kid: &str, before: &str, after: &str) -> Change {
    Change {
        agency: String::new(),
        action: action.into(),
        subject: format!("{device}:{kid}"),
        before: before.into(),
        after: after.into(),
    }
}

#[derive(sqlx::FromRow)]
struct Columns {
    device: String,
    kid: String,
    kind: String,
    secret: Vec<u8>,
    created_us: i64,
    last_used_us: Option<i64>,
    revoked_us: Option<i64>,
}

impl TryFrom<Columns> for DeviceKey {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        Ok(Self {
            kind: known("device_key", &row.device, "kind", &row.kind, KeyKind::from_word(&row.kind))?,
            device: row.device.into(),
            kid: row.kid.into(),
            secret: row.secret,
            created: Timestamp(row.created_us),
            last_used: row.last_used_us.map(Timestamp),
            revoked: row.revoked_us.map(Timestamp),
        })
    }
}
