//! `stop_visit`: observed calls at stops, named by GTFS ids so that they outlive the feed they were made with.

use crate::lease::{self, Lease};
use crate::sql::{Many, many, on_pool};
use crate::words::known;
use crate::{Db, StoreError};
use gtfs::{ServiceDay, ServiceTime, Timestamp, VisitSource};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// An observed call. Its key is day, trip, start, stop_sequence and vehicle.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    /// The service day of the trip.
    pub day: ServiceDay,
    /// trip_id.
    pub trip: Arc<str>,
    /// The start of the trip; tells instances of a frequency-based trip apart.
    pub start: ServiceTime,
    /// GTFS stop_sequence.
    pub stop_sequence: u32,
    /// The vehicle.
    pub vehicle: Arc<str>,
    /// stop_id.
    pub stop: Arc<str>,
    /// Observed arrival.
    pub arrival: Option<Timestamp>,
    /// Observed departure.
    pub departure: Option<Timestamp>,
    /// Half the time between the positions around the arrival, seconds.
    pub plus_minus_s: f32,
    /// How it was observed.
    pub source: VisitSource,
}

const SOURCES: [VisitSource; 5] =
    [VisitSource::Gps, VisitSource::Door, VisitSource::Tap, VisitSource::Inferred, VisitSource::Repaired];

// What a later report leaves open does not erase what an earlier one knew.
static UPSERT: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into stop_visit (service_day, trip, trip_start_s, stop_sequence, vehicle, stop, arrival_us, \
         departure_us, plus_minus_s, source) values",
        10,
        "on conflict (service_day, trip, trip_start_s, stop_sequence, vehicle) do update set \
         stop = excluded.stop, arrival_us = coalesce(excluded.arrival_us, stop_visit.arrival_us), \
         departure_us = coalesce(excluded.departure_us, stop_visit.departure_us), \
         plus_minus_s = excluded.plus_minus_s, source = excluded.source",
    )
});

impl Db {
    /// Stores visits; a visit with the key of a stored one completes or replaces it. With a `lease`, only as
    /// long as it is still this holder's (fencing).
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the lease was lost, or any other error of a write.
    pub async fn visits_store(&self, visits: &[Visit], lease: Option<&Lease>) -> Result<(), StoreError> {
        let visits = newest_of_each(visits);
        let mut tx = self.begin().await?;
        if let Some(lease) = lease {
            lease::fence(&mut tx, lease).await?;
        }
        many!(
            &mut tx,
            UPSERT,
            &visits,
            |query, visit| query
                .bind(visit.day.to_string())
                .bind(Arc::clone(&visit.trip))
                .bind(i64::from(visit.start.0))
                .bind(i64::from(visit.stop_sequence))
                .bind(Arc::clone(&visit.vehicle))
                .bind(Arc::clone(&visit.stop))
                .bind(visit.arrival.map(|t| t.0))
                .bind(visit.departure.map(|t| t.0))
                .bind(f64::from(visit.plus_minus_s))
                .bind(visit.source.word()),
            |query, on| query.execute(on).await?
        );
        Ok(tx.commit().await?)
    }

    /// The visits of a service day whose arrival or departure was observed since a time, in the order of trip, start and
    /// stop_sequence.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn visits_since(&self, day: ServiceDay, since: Timestamp) -> Result<Vec<Visit>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            "select trip, trip_start_s, stop_sequence, vehicle, stop, arrival_us, departure_us, plus_minus_s, \
             source from stop_visit where service_day = $1 and (arrival_us >= $2 or departure_us >= $2) \
             order by trip, trip_start_s, stop_sequence, vehicle",
        )
        .bind(day.to_string())
        .bind(since.0)
        .fetch_all(on)
        .await?);
        rows.into_iter().map(|row| visit(day, row)).collect()
    }

    /// The visits of a service day, in the order of trip, start and stop_sequence.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn visits(&self, day: ServiceDay) -> Result<Vec<Visit>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            "select trip, trip_start_s, stop_sequence, vehicle, stop, arrival_us, departure_us, plus_minus_s, \
             source from stop_visit where service_day = $1 order by trip, trip_start_s, stop_sequence, vehicle",
        )
        .bind(day.to_string())
        .fetch_all(on)
        .await?);
        rows.into_iter().map(|row| visit(day, row)).collect()
    }
}

/// PostgreSQL refuses to change a row twice in one statement, so of each key only one goes in: the visits of
/// the key laid over each other, the later over the earlier.
fn newest_of_each(visits: &[Visit]) -> Vec<Visit> {
    let mut newest: BTreeMap<_, Visit> = BTreeMap::new();
    for visit in visits {
        let key = (visit.day, &visit.trip, visit.start, visit.stop_sequence, &visit.vehicle);
        let before = newest.get(&key);
        let arrival = visit.arrival.or(before.and_then(|before| before.arrival));
        let departure = visit.departure.or(before.and_then(|before| before.departure));
        newest.insert(key, Visit { arrival, departure, ..visit.clone() });
    }
    newest.into_values().collect()
}

#[derive(sqlx::FromRow)]
struct Columns {
    trip: String,
    trip_start_s: i64,
    stop_sequence: i64,
    vehicle: String,
    stop: String,
    arrival_us: Option<i64>,
    departure_us: Option<i64>,
    plus_minus_s: f64,
    source: String,
}

fn visit(day: ServiceDay, row: Columns) -> Result<Visit, StoreError> {
    let source = SOURCES.into_iter().find(|source| source.word() == row.source);
    Ok(Visit {
        day,
        start: ServiceTime(i32::try_from(row.trip_start_s).unwrap_or_default()),
        stop_sequence: u32::try_from(row.stop_sequence).unwrap_or_default(),
        source: known("stop_visit", &row.trip, "source", &row.source, source)?,
        trip: row.trip.into(),
        vehicle: row.vehicle.into(),
        stop: row.stop.into(),
        arrival: row.arrival_us.map(Timestamp),
        departure: row.departure_us.map(Timestamp),
        plus_minus_s: row.plus_minus_s as f32,
    })
}
