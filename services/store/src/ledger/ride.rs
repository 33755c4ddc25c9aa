//! `ride`: trips that ran, as facts on which prices rest. A later observation replaces an earlier one.

use crate::sql::{Many, Tx, many, on_pool};
use crate::{Db, StoreError};
use fares::ride::{Ride, RideCall, RideKey};
use gtfs::{ServiceDay, Timestamp};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::LazyLock;

static UPSERT: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into ride (service_day, trip, start_s, route, agency, vehicle, calls) values",
        7,
        "on conflict (service_day, trip, start_s) do update set vehicle = excluded.vehicle, calls = excluded.calls",
    )
});

pub(super) async fn store(tx: &mut Tx, rides: &[Ride]) -> Result<(), sqlx::Error> {
    // Of one ride only the last may be in a statement.
    let newest: BTreeMap<&RideKey, &Ride> = rides.iter().map(|ride| (&ride.key, ride)).collect();
    let rows: Vec<(&Ride, String)> = newest.into_values().map(|ride| (ride, packed(&ride.calls))).collect();
    many!(
        tx,
        UPSERT,
        &rows,
        |query, row| query
            .bind(row.0.key.day.to_string())
            .bind(row.0.key.trip.as_ref())
            .bind(i64::from(row.0.key.start_s))
            .bind(row.0.route.as_ref())
            .bind(row.0.agency.as_ref())
            .bind(row.0.vehicle.as_ref())
            .bind(row.1.as_str()),
        |query, on| query.execute(on).await?
    );
    Ok(())
}

/// A line a call: sequence, stop, aimed, arrived, left; times in microseconds, tabs between.
fn packed(calls: &[RideCall]) -> String {
    let mut text = String::with_capacity(calls.len() * 64);
    let or_empty = |t: Option<Timestamp>| t.map_or_else(String::new, |t| t.0.to_string());
    for call in calls {
        let (arrived, left) = (or_empty(call.arrived), or_empty(call.left));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}\t{}\t{}\t{arrived}\t{left}", call.sequence, call.stop, call.aimed.0);
    }
    text
}

fn unpacked(text: &str) -> Option<Vec<RideCall>> {
    let time = |text: &str| -> Option<Option<Timestamp>> {
        if text.is_empty() { Some(None) } else { Some(Some(Timestamp(text.parse().ok()?))) }
    };
    let call = |line: &str| {
        let mut parts = line.split('\t');
        let (sequence, stop, aimed) =
            (parts.next()?.parse().ok()?, parts.next()?.into(), parts.next()?.parse().ok()?);
        let (arrived, left) = (time(parts.next()?)?, time(parts.next()?)?);
        Some(RideCall { sequence, stop, aimed: Timestamp(aimed), arrived, left })
    };
    text.lines().map(call).collect()
}

impl Db {
    /// The stored rides of a day.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn rides_of(&self, day: ServiceDay) -> Result<Vec<Ride>, StoreError> {
        type Row = (String, i64, String, String, String, String);
        let rows: Vec<Row> = on_pool!(&self.reads, on => sqlx::query_as(
            "select trip, start_s, route, agency, vehicle, calls from ride where service_day = $1 order by trip, start_s",
        )
        .bind(day.to_string())
        .fetch_all(on)
        .await?);
        let ride = |(trip, start_s, route, agency, vehicle, calls): Row| {
            let wrong = || StoreError::Unreadable(format!("ride {trip} of {day} can not be read"));
            Ok(Ride {
                calls: unpacked(&calls).ok_or_else(wrong)?,
                key: RideKey {
                    day,
                    start_s: i32::try_from(start_s).map_err(|_beyond| wrong())?,
                    trip: trip.as_str().into(),
                },
                route: route.into(),
                agency: agency.into(),
                vehicle: vehicle.into(),
            })
        };
        rows.into_iter().map(ride).collect()
    }
}
