//! Writing pings, many to a statement.

use super::{PingRow, ev};
use crate::device::tier_word;
use crate::sql::{Many, Tx, many};
use sqlx::Row;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

/// One row to write.
#[derive(Clone, Copy)]
pub(crate) struct Insert<'a> {
    pub(crate) boot_id: i64,
    pub(crate) source: &'a Arc<str>,
    pub(crate) row: &'a PingRow,
}

macro_rules! insert_text {
    () => {
        "insert into ping (boot_id, seq, received_us, t_us, vehicle, lat_deg, lon_deg, speed_mps, heading_deg, \
         accuracy_m, hdop, satellites, odometer_m, trip, trip_day, trip_start_s, block, route, door_open, \
         passengers, occupancy, ev, provenance, tier, verdict, flags, source) values"
    };
}
const COLUMNS: usize = 27;

// The window already knows that these are new; a conflict would mean that it was restored from an older copy.
static INSERT: LazyLock<Many> =
    LazyLock::new(|| Many::new(insert_text!(), COLUMNS, "on conflict do nothing"));
static INSERT_UNSURE: LazyLock<Many> =
    LazyLock::new(|| Many::new(insert_text!(), COLUMNS, "on conflict do nothing returning boot_id, seq"));

/// Binds one row; the same tokens for both databases.
macro_rules! bind {
    ($query:ident, $insert:ident) => {{
        let Insert { boot_id, source, row } = *$insert;
        let ping = &row.ping;
        let position = |degrees: f64| (!row.heartbeat).then_some(degrees);
        $query
            .bind(boot_id)
            .bind(row.seq)
            .bind(ping.received.0)
            .bind(ping.t.0)
            .bind(Arc::clone(&ping.vehicle))
            .bind(position(ping.lat))
            .bind(position(ping.lon))
            .bind(ping.speed_mps.map(f64::from))
            .bind(ping.heading_deg.map(f64::from))
            .bind(ping.accuracy_m.map(f64::from))
            .bind(ping.hdop.map(f64::from))
            .bind(row.satellites.map(i64::from))
            .bind(ping.odometer_m)
            .bind(ping.claim.trip.clone())
            .bind(ping.claim.day.map(|day| day.to_string()))
            .bind(ping.claim.start.map(|start| i64::from(start.0)))
            .bind(ping.claim.block.clone())
            .bind(ping.claim.route.clone())
            .bind(ping.door_open.map(i64::from))
            .bind(ping.passengers.map(i64::from))
            .bind(ping.occupancy.map(|occupancy| occupancy.word()))
            .bind(ping.ev.as_ref().map(ev::text))
            .bind(ping.provenance.word())
            .bind(tier_word(ping.tier))
            .bind(row.verdict.word())
            .bind(i64::from(row.flags.bits()))
            .bind(Arc::clone(source))
    }};
}

/// Writes rows that are known to be new.
pub(crate) async fn insert(tx: &mut Tx, rows: &[Insert<'_>]) -> Result<(), sqlx::Error> {
    let mut inserted = 0;
    many!(tx, INSERT, rows, |query, row| bind!(query, row), |query, on| {
        inserted += query.execute(on).await?.rows_affected()
    });
    if inserted != rows.len() as u64 {
        tracing::warn!(
            rows = rows.len(),
            inserted,
            "pings that were thought new are in the table: was device_boot restored from an older copy?"
        );
    }
    Ok(())
}

/// Writes rows that may be there already; the answer has (boot, seq) of those that were not.
pub(crate) async fn insert_unsure(
    tx: &mut Tx,
    rows: &[Insert<'_>],
) -> Result<BTreeSet<(i64, i64)>, sqlx::Error> {
    let mut inserted = BTreeSet::new();
    many!(tx, INSERT_UNSURE, rows, |query, row| bind!(query, row), |query, on| {
        for row in query.fetch_all(on).await? {
            inserted.insert((row.try_get(0)?, row.try_get(1)?));
        }
    });
    Ok(inserted)
}
