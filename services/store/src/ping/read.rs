//! Reading pings back.

use super::{PingRow, Verdict, ev};
use crate::device::tier_from_word;
use crate::sql::on_pool;
use crate::{Db, StoreError};
use gtfs::{ServiceDay, ServiceTime, Timestamp};
use std::sync::Arc;
use tracking::check::Flags;
use tracking::{Claim, Occupancy, Ping, Provenance, Tier};

/// A stored report and who sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPing {
    /// The device.
    pub device: Arc<str>,
    /// Its boot.
    pub boot: Arc<str>,
    /// The adapter it came through.
    pub source: Arc<str>,
    /// The record.
    pub row: PingRow,
}

/// A device's newest live fix.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveHead {
    /// The device.
    pub device: Arc<str>,
    /// When it was measured.
    pub t: Timestamp,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
}

/// Where a page of [`Db::pings_received`] ended; the next one begins after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PingCursor {
    received_us: i64,
    boot_id: i64,
    seq: i64,
}

impl PingCursor {
    /// Before everything received at `t` or later.
    #[must_use]
    pub fn from(t: Timestamp) -> Self {
        Self { received_us: t.0, boot_id: i64::MIN, seq: i64::MIN }
    }
}

#[derive(sqlx::FromRow)]
struct Columns {
    boot_id: i64,
    device: String,
    boot: String,
    seq: i64,
    received_us: i64,
    t_us: i64,
    vehicle: String,
    lat_deg: Option<f64>,
    lon_deg: Option<f64>,
    speed_mps: Option<f64>,
    heading_deg: Option<f64>,
    accuracy_m: Option<f64>,
    hdop: Option<f64>,
    satellites: Option<i64>,
    odometer_m: Option<f64>,
    trip: Option<String>,
    trip_day: Option<String>,
    trip_start_s: Option<i64>,
    block: Option<String>,
    route: Option<String>,
    door_open: Option<i64>,
    passengers: Option<i64>,
    occupancy: Option<String>,
    ev: Option<String>,
    provenance: String,
    tier: String,
    verdict: String,
    flags: i64,
    source: String,
}

impl Db {
    /// At most `rows_max` pings after `cursor` in the order they were received, and the cursor of the next
    /// page; `None` when there is nothing more. Rebuilds the tracker at start.
    ///
    /// # Errors
    /// [`StoreError::Away`], or [`StoreError::Unreadable`] when a row was written by something else.
    pub async fn pings_received(
        &self,
        cursor: PingCursor,
        rows_max: u32,
    ) -> Result<(Vec<StoredPing>, Option<PingCursor>), StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            "select ping.boot_id, device_boot.device, device_boot.boot, seq, received_us, t_us, vehicle, lat_deg, \
             lon_deg, speed_mps, heading_deg, accuracy_m, hdop, satellites, odometer_m, trip, trip_day, \
             trip_start_s, block, route, door_open, passengers, occupancy, ev, provenance, tier, verdict, flags, \
             source \
             from ping join device_boot on device_boot.id = ping.boot_id \
             where received_us >= $1 and (received_us, ping.boot_id, seq) > ($1, $2, $3) \
             order by received_us, ping.boot_id, seq limit $4",
        )
        .bind(cursor.received_us)
        .bind(cursor.boot_id)
        .bind(cursor.seq)
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        let next = rows.last().map(|row| PingCursor {
            received_us: row.received_us,
            boot_id: row.boot_id,
            seq: row.seq,
        });
        let pings = rows.into_iter().map(stored).collect::<Result<_, _>>()?;
        Ok((pings, next))
    }

    /// When the `n`th newest ping was received; `None` when fewer are stored. Bounds a reading back.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn ping_received_nth_newest(&self, n: u32) -> Result<Option<Timestamp>, StoreError> {
        let row: Option<(i64,)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select received_us from ping order by received_us desc limit 1 offset $1",
        )
        .bind(i64::from(n))
        .fetch_optional(on)
        .await?);
        Ok(row.map(|(received_us,)| Timestamp(received_us)))
    }

    /// The newest live fix of each device among the pings received at `since` or later, by device.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn live_heads(&self, since: Timestamp) -> Result<Vec<LiveHead>, StoreError> {
        let rows: Vec<(String, i64, f64, f64)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select device, t_us, lat_deg, lon_deg from ( \
             select device_boot.device as device, t_us, lat_deg, lon_deg, \
             row_number() over (partition by device_boot.device order by t_us desc) as place \
             from ping join device_boot on device_boot.id = ping.boot_id \
             where received_us >= $1 and verdict in ('ok', 'flag') and lat_deg is not null) as fixes \
             where place = 1 order by device",
        )
        .bind(since.0)
        .fetch_all(on)
        .await?);
        let head = |(device, t_us, lat, lon): (String, i64, f64, f64)| LiveHead {
            device: device.into(),
            t: Timestamp(t_us),
            lat,
            lon,
        };
        Ok(rows.into_iter().map(head).collect())
    }

    /// How many pings are stored; reads them all.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn ping_count(&self) -> Result<u64, StoreError> {
        let (count,): (i64,) =
            on_pool!(&self.reads, on => sqlx::query_as("select count(*) from ping").fetch_one(on).await?);
        Ok(count.unsigned_abs())
    }
}

fn stored(row: Columns) -> Result<StoredPing, StoreError> {
    let unreadable = |field: &str, value: &str| {
        StoreError::Unreadable(format!("ping ({}, {}): {field} is {value:?}", row.boot_id, row.seq))
    };
    let provenance =
        Provenance::from_word(&row.provenance).ok_or_else(|| unreadable("provenance", &row.provenance))?;
    let tier = tier_from_word(&row.tier).ok_or_else(|| unreadable("tier", &row.tier))?;
    let verdict = Verdict::from_word(&row.verdict).ok_or_else(|| unreadable("verdict", &row.verdict))?;
    let heartbeat = row.lat_deg.is_none() || row.lon_deg.is_none();
    Ok(StoredPing {
        row: PingRow {
            seq: row.seq,
            verdict,
            flags: Flags::from_bits(u16::try_from(row.flags).unwrap_or_default()),
            satellites: row.satellites.and_then(|n| u16::try_from(n).ok()),
            heartbeat,
            ping: ping(&row, provenance, tier),
        },
        device: row.device.into(),
        boot: row.boot.into(),
        source: row.source.into(),
    })
}

fn ping(row: &Columns, provenance: Provenance, tier: Tier) -> Ping {
    let shared = |text: &Option<String>| text.as_deref().map(Arc::from);
    Ping {
        vehicle: row.vehicle.as_str().into(),
        t: Timestamp(row.t_us),
        received: Timestamp(row.received_us),
        lat: row.lat_deg.unwrap_or_default(),
        lon: row.lon_deg.unwrap_or_default(),
        speed_mps: row.speed_mps.map(|v| v as f32),
        heading_deg: row.heading_deg.map(|v| v as f32),
        accuracy_m: row.accuracy_m.map(|v| v as f32),
        hdop: row.hdop.map(|v| v as f32),
        odometer_m: row.odometer_m,
        claim: Claim {
            trip: shared(&row.trip),
            day: row.trip_day.as_deref().and_then(ServiceDay::parse),
            start: row.trip_start_s.and_then(|s| i32::try_from(s).ok()).map(ServiceTime),
            block: shared(&row.block),
            route: shared(&row.route),
        },
        door_open: row.door_open.map(|open| open == 1),
        passengers: row.passengers.and_then(|n| u16::try_from(n).ok()),
        occupancy: row
            .occupancy
            .as_deref()
            .and_then(|word| Occupancy::ALL.into_iter().find(|occupancy| occupancy.word() == word)),
        ev: row.ev.as_deref().map(ev::parse),
        provenance,
        tier,
    }
}
