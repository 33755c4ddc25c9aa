//! The device registry: who may send, for which vehicle, how far it is trusted (`ingest` section 3).
//!
//! There is no self-registration. Every change is audited in its own transaction.

use crate::audit::{self, Actor, Change};
use crate::sql::{Tx, on_pool, on_tx};
use crate::words::{known, words};
use crate::{Db, StoreError};
use std::sync::Arc;
use tracking::Tier;
use tracking::check::VehicleClass;

/// A registered device.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// `[A-Za-z0-9._-]{1,64}`.
    pub id: Arc<str>,
    /// On a vehicle, or a fare terminal.
    pub kind: DeviceKind,
    /// GTFS agency_id; empty when the feed has one agency without an id.
    pub agency: Arc<str>,
    /// The vehicle that its reports are of.
    pub vehicle: Arc<str>,
    /// What kind of vehicle.
    pub mode: VehicleClass,
    /// Trusted this far at most, however it signs.
    pub tier_max: Tier,
    /// The adapter it is meant for, such as `pings` or `osmand`.
    pub protocol: Arc<str>,
    /// How often it is expected to report, seconds.
    pub expected_period_s: f64,
    /// The unit that it reports speed in, where its protocol leaves doubt (R16).
    pub speed_unit: SpeedUnit,
    /// A steady clock error may be corrected (R14).
    pub clock_fix_allowed: bool,
    /// The addresses that it may come from, as CIDR with commas; empty for any.
    pub network: Arc<str>,
    /// Whether it may send.
    pub state: DeviceState,
    /// For people.
    pub note: Arc<str>,
}

/// What a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    /// A tracker on a vehicle.
    Vehicle,
    /// A fare card terminal.
    Terminal,
}

/// How a device reports speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpeedUnit {
    /// As its protocol says.
    Auto,
    /// Metres per second.
    Mps,
    /// Kilometres per hour.
    Kmh,
    /// Knots.
    Knots,
}

/// Whether a device may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceState {
    /// Registered, not yet allowed.
    Pending,
    /// May send.
    Active,
    /// May not send for now.
    Suspended,
    /// Will not send again; kept for its history.
    Retired,
}

words!(DeviceKind { Vehicle = "vehicle", Terminal = "terminal" });
words!(SpeedUnit { Auto = "auto", Mps = "mps", Kmh = "kmh", Knots = "knots" });
words!(DeviceState { Pending = "pending", Active = "active", Suspended = "suspended", Retired = "retired" });

impl Device {
    /// An active device with everything else as usual.
    #[must_use]
    pub fn new(id: &str, vehicle: &str, mode: VehicleClass) -> Self {
        Self {
            id: id.into(),
            kind: DeviceKind::Vehicle,
            agency: "".into(),
            vehicle: vehicle.into(),
            mode,
            tier_max: Tier::Signed,
            protocol: "pings".into(),
            expected_period_s: EXPECTED_PERIOD_S,
            speed_unit: SpeedUnit::Auto,
            clock_fix_allowed: false,
            network: "".into(),
            state: DeviceState::Active,
            note: "".into(),
        }
    }

    /// One line for the audit log.
    fn described(&self) -> String {
        format!(
            "kind={} vehicle={} mode={} tier_max={} protocol={} period={} speed_unit={} clock_fix={} network={} \
             state={} note={:?}",
            self.kind.word(),
            self.vehicle,
            mode_word(self.mode),
            tier_word(self.tier_max),
            self.protocol,
            self.expected_period_s,
            self.speed_unit.word(),
            self.clock_fix_allowed,
            self.network,
            self.state.word(),
            self.note
        )
    }
}

/// What trackers on buses usually do, seconds.
pub const EXPECTED_PERIOD_S: f64 = 5.0;

/// The head of every query for [`Columns`].
macro_rules! device_columns {
    () => {
        "select id, kind, agency, vehicle, mode, tier_max, protocol, expected_period_s, speed_unit, \
         clock_fix_allowed, network, state, note from device "
    };
}

impl Db {
    /// Registers a device, or changes it.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when a field is out of its range, or any other error of a write.
    pub async fn device_put(&self, device: &Device, by: &Actor) -> Result<(), StoreError> {
        check_id(&device.id)?;
        let mut tx = self.begin().await?;
        let before = find(&mut tx, &device.id).await?;
        put(&mut tx, device, by).await?;
        let change = Change {
            agency: device.agency.as_ref().into(),
            action: "device_put".into(),
            subject: device.id.as_ref().into(),
            before: before.map(|device| device.described()).unwrap_or_default(),
            after: device.described(),
        };
        audit::append(&mut tx, by, &change).await?;
        Ok(tx.commit().await?)
    }

    /// The device with this id.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn device(&self, id: &str) -> Result<Option<Device>, StoreError> {
        let row: Option<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(device_columns!(), "where id = $1"),
        )
        .bind(id.to_owned())
        .fetch_optional(on)
        .await?);
        row.map(Device::try_from).transpose()
    }

    /// Every device, by id. Thousands at most; ingest keeps them in memory and reads them again within 5 s.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn devices(&self) -> Result<Vec<Device>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(device_columns!(), "order by id"),
        )
        .fetch_all(on)
        .await?);
        rows.into_iter().map(Device::try_from).collect()
    }
}

/// Ids go into URLs, topics and file names: `[A-Za-z0-9._-]{1,64}`.
pub(crate) fn check_id(id: &str) -> Result<(), StoreError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if (1..=64).contains(&id.len()) && id.bytes().all(allowed) {
        return Ok(());
    }
    Err(StoreError::Refused(format!("the id {id:?} has other than 1 to 64 letters, digits, dots, _ and -")))
}

async fn find(tx: &mut Tx, id: &Arc<str>) -> Result<Option<Device>, StoreError> {
    let row: Option<Columns> = on_tx!(tx, on => sqlx::query_as(
        concat!(device_columns!(), "where id = $1"),
    )
    .bind(Arc::clone(id))
    .fetch_optional(on)
    .await?);
    row.map(Device::try_from).transpose()
}

async fn put(tx: &mut Tx, device: &Device, by: &Actor) -> Result<(), sqlx::Error> {
    on_tx!(tx, on => sqlx::query(
        "insert into device (id, kind, agency, vehicle, mode, tier_max, protocol, expected_period_s, speed_unit, \
         clock_fix_allowed, network, state, note, changed_us) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
         on conflict (id) do update set kind = excluded.kind, agency = excluded.agency, \
         vehicle = excluded.vehicle, mode = excluded.mode, tier_max = excluded.tier_max, \
         protocol = excluded.protocol, expected_period_s = excluded.expected_period_s, \
         speed_unit = excluded.speed_unit, clock_fix_allowed = excluded.clock_fix_allowed, \
         network = excluded.network, state = excluded.state, note = excluded.note, \
         changed_us = excluded.changed_us",
    )
    .bind(Arc::clone(&device.id))
    .bind(device.kind.word())
    .bind(Arc::clone(&device.agency))
    .bind(Arc::clone(&device.vehicle))
    .bind(mode_word(device.mode))
    .bind(tier_word(device.tier_max))
    .bind(Arc::clone(&device.protocol))
    .bind(device.expected_period_s)
    .bind(device.speed_unit.word())
    .bind(i64::from(device.clock_fix_allowed))
    .bind(Arc::clone(&device.network))
    .bind(device.state.word())
    .bind(Arc::clone(&device.note))
    .bind(by.at.0)
    .execute(on)
    .await
    .map(drop))
}

/// The word of a trust tier in the store.
pub(crate) fn tier_word(tier: Tier) -> &'static str {
    match tier {
        Tier::Legacy => "legacy",
        Tier::Token => "token",
        Tier::Signed => "signed",
    }
}

/// The trust tier of a word.
pub(crate) fn tier_from_word(word: &str) -> Option<Tier> {
    [Tier::Legacy, Tier::Token, Tier::Signed].into_iter().find(|&tier| tier_word(tier) == word)
}

fn mode_word(mode: VehicleClass) -> &'static str {
    match mode {
        VehicleClass::Bus => "bus",
        VehicleClass::Ferry => "ferry",
        VehicleClass::Bike => "bike",
    }
}

fn mode_from_word(word: &str) -> Option<VehicleClass> {
    [VehicleClass::Bus, VehicleClass::Ferry, VehicleClass::Bike]
        .into_iter()
        .find(|&mode| mode_word(mode) == word)
}

#[derive(sqlx::FromRow)]
struct Columns {
    id: String,
    kind: String,
    agency: String,
    vehicle: String,
    mode: String,
    tier_max: String,
    protocol: String,
    expected_period_s: f64,
    speed_unit: String,
    clock_fix_allowed: i64,
    network: String,
    state: String,
    note: String,
}

impl TryFrom<Columns> for Device {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let id = &row.id;
        Ok(Self {
            kind: known("device", id, "kind", &row.kind, DeviceKind::from_word(&row.kind))?,
            mode: known("device", id, "mode", &row.mode, mode_from_word(&row.mode))?,
            tier_max: known("device", id, "tier_max", &row.tier_max, tier_from_word(&row.tier_max))?,
            speed_unit: known(
                "device",
                id,
                "speed_unit",
                &row.speed_unit,
                SpeedUnit::from_word(&row.speed_unit),
            )?,
            state: known("device", id, "state", &row.state, DeviceState::from_word(&row.state))?,
            id: row.id.into(),
            agency: row.agency.into(),
            vehicle: row.vehicle.into(),
            protocol: row.protocol.into(),
            expected_period_s: row.expected_period_s,
            clock_fix_allowed: row.clock_fix_allowed == 1,
            network: row.network.into(),
            note: row.note.into(),
        })
    }
}
