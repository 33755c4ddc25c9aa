//! Fare terminals: where each is mounted, and when and in what state it was last heard.
//!
//! A terminal is a device of kind `terminal`; its keys are those of `device_key`. Enrolling it anew raises
//! `epoch_min`: a clash of numbers in an older epoch is then known, and no longer suspends it.

use crate::audit::{self, Actor, Change};
use crate::sql::{Many, many, on_pool, on_tx};
use crate::{Db, StoreError};
use gtfs::Timestamp;
use std::sync::{Arc, LazyLock};

/// A terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// The device.
    pub id: Arc<str>,
    /// The vehicle it is on; empty at a pier.
    pub vehicle: Arc<str>,
    /// The stop it stands at; empty on a vehicle.
    pub stop: Arc<str>,
    /// GTFS-Fares network_id, where it takes fares of one network only; else empty.
    pub network: Arc<str>,
    /// Epochs below this one are from before it was enrolled (anew).
    pub epoch_min: u32,
    /// Rises with each change of this row.
    pub cfg_ver: i64,
    /// When it was (last) enrolled.
    pub enrolled: Timestamp,
    /// When and how it was last heard.
    pub contact: Option<Contact>,
}

/// How a terminal was when it was last heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The terminal.
    pub terminal: Arc<str>,
    /// When.
    pub seen: Timestamp,
    /// Its epoch.
    pub epoch: u32,
    /// Its deny list.
    pub deny_ver: i64,
    /// Its tariff.
    pub tariff_ver: Arc<str>,
    /// How far its wall clock was ahead of ours, milliseconds; `None` without a clock.
    pub clock_offset_ms: Option<i64>,
}

static CONTACTS: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "update terminal set seen_us = v.column2, epoch = v.column3, deny_ver = v.column4, tariff_ver = v.column5, \
         clock_offset_ms = v.column6 from (values",
        6,
        ") as v where terminal.id = v.column1 and (terminal.seen_us is null or terminal.seen_us < v.column2)",
    )
});

macro_rules! terminal_columns {
    () => {
        "select id, vehicle, stop, network, epoch_min, cfg_ver, enrolled_us, seen_us, epoch, deny_ver, tariff_ver, \
         clock_offset_ms from terminal "
    };
}

impl Db {
    /// Mounts a registered device as a terminal, or moves it, and audits that; `epoch_min` only rises.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when there is no such device, or any other error of a write.
    pub async fn terminal_put(&self, terminal: &Terminal, by: &Actor) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        on_tx!(&mut tx, on => sqlx::query(
            "insert into terminal (id, vehicle, stop, network, epoch_min, cfg_ver, enrolled_us) \
             values ($1, $2, $3, $4, $5, 1, $6) on conflict (id) do update set vehicle = excluded.vehicle, \
             stop = excluded.stop, network = excluded.network, cfg_ver = terminal.cfg_ver + 1, \
             enrolled_us = excluded.enrolled_us, epoch_min = case when excluded.epoch_min > terminal.epoch_min \
             then excluded.epoch_min else terminal.epoch_min end",
        )
        .bind(Arc::clone(&terminal.id))
        .bind(Arc::clone(&terminal.vehicle))
        .bind(Arc::clone(&terminal.stop))
        .bind(Arc::clone(&terminal.network))
        .bind(i64::from(terminal.epoch_min))
        .bind(terminal.enrolled.0)
        .execute(on)
        .await
        .map(drop)?);
        let change = Change {
            agency: String::new(),
            action: "terminal_put".into(),
            subject: terminal.id.as_ref().into(),
            before: String::new(),
            after: format!(
                "vehicle={} stop={} network={} epoch_min={}",
                terminal.vehicle, terminal.stop, terminal.network, terminal.epoch_min
            ),
        };
        audit::append(&mut tx, by, &change).await?;
        Ok(tx.commit().await?)
    }

    /// The terminal with this id.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn terminal(&self, id: &str) -> Result<Option<Terminal>, StoreError> {
        let row: Option<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(terminal_columns!(), "where id = $1"),
        )
        .bind(id.to_owned())
        .fetch_optional(on)
        .await?);
        Ok(row.map(Terminal::from))
    }

    /// Every terminal, by id. Thousands at most.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn terminals(&self) -> Result<Vec<Terminal>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(terminal_columns!(), "order by id"),
        )
        .fetch_all(on)
        .await?);
        Ok(rows.into_iter().map(Terminal::from).collect())
    }

    /// Writes down how terminals were last heard; called now and then with many. An older contact never
    /// replaces a newer one.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn terminal_contacts(&self, contacts: &[Contact]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        many!(
            &mut tx,
            CONTACTS,
            contacts,
            |query, row| query
                .bind(Arc::clone(&row.terminal))
                .bind(row.seen.0)
                .bind(i64::from(row.epoch))
                .bind(row.deny_ver)
                .bind(Arc::clone(&row.tariff_ver))
                .bind(row.clock_offset_ms),
            |query, on| query.execute(on).await?
        );
        Ok(tx.commit().await?)
    }
}

#[derive(sqlx::FromRow)]
struct Columns {
    id: String,
    vehicle: String,
    stop: String,
    network: String,
    epoch_min: i64,
    cfg_ver: i64,
    enrolled_us: i64,
    seen_us: Option<i64>,
    epoch: Option<i64>,
    deny_ver: Option<i64>,
    tariff_ver: Option<String>,
    clock_offset_ms: Option<i64>,
}

impl From<Columns> for Terminal {
    fn from(row: Columns) -> Self {
        let id: Arc<str> = row.id.into();
        let contact = row.seen_us.map(|seen_us| Contact {
            terminal: Arc::clone(&id),
            seen: Timestamp(seen_us),
            epoch: row.epoch.and_then(|epoch| u32::try_from(epoch).ok()).unwrap_or_default(),
            deny_ver: row.deny_ver.unwrap_or_default(),
            tariff_ver: row.tariff_ver.unwrap_or_default().into(),
            clock_offset_ms: row.clock_offset_ms,
        });
        Self {
            id,
            vehicle: row.vehicle.into(),
            stop: row.stop.into(),
            network: row.network.into(),
            epoch_min: u32::try_from(row.epoch_min).unwrap_or_default(),
            cfg_ver: row.cfg_ver,
            enrolled: Timestamp(row.enrolled_us),
            contact,
        }
    }
}
