//! What the scorer reads: a prediction log, the arrivals that happened, and when anyone looked.

use super::table::Table;
use super::{Kind, Repeated};
use crate::replay::Recording;
use gtfs::{ServiceDay, ServiceTime, Timestamp};
use std::collections::BTreeMap;
use std::io::Read;

/// A trip on a day, by the ids of the feed: trip_id, start_date as `YYYYMMDD`, and start_time where the
/// trip_id runs more than once a day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Trip {
    /// trip_id.
    pub id: String,
    /// start_date.
    pub day: String,
    /// start_time, of one of several runs ([`Repeated`]); `None` also where a source does not say it.
    pub start: Option<ServiceTime>,
}

/// stop_sequence.
pub type Call = u32;

/// Why a file can not be scored.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// The file is no CSV, or could not be read.
    #[error("{0}")]
    Csv(#[from] csv::Error),
    /// A column is missing.
    #[error("there is no column {0}")]
    Column(&'static str),
    /// A field can not be read.
    #[error("line {line}, {field}: {value:?} can not be read")]
    Field {
        /// Its line, the header being 1.
        line: u64,
        /// Its column.
        field: &'static str,
        /// What is there.
        value: String,
    },
}

/// One prediction of one call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Made {
    /// When it was made.
    pub at: Timestamp,
    /// The arrival it tells.
    pub arrival: Timestamp,
    /// 10 %, 50 %, 90 %, where it gives them.
    pub quantiles: Option<[Timestamp; 3]>,
    /// In what situation.
    pub kind: Kind,
    /// From here on nothing is told any more; the times mean nothing.
    pub withdrawn: bool,
}

/// Predictions by trip and call, in the order made.
#[derive(Clone, Debug, Default)]
pub struct Predictions {
    trips: BTreeMap<Trip, BTreeMap<Call, Vec<Made>>>,
}

impl Predictions {
    /// Reads a log: `made_at,trip_id,start_date,stop_sequence,arrival` at least, epoch seconds;
    /// `start_time`, `arrival_p10`, `arrival_p50`, `arrival_p90` and `kind` where present. A row without
    /// an arrival withdraws what was told of the call.
    ///
    /// # Errors
    /// When it is no CSV, a column is missing, or a field can not be read.
    pub fn read(source: impl Read, repeated: &Repeated) -> Result<Self, ScoreError> {
        let mut table = Table::open(source)?;
        let need = ["made_at", "trip_id", "start_date", "stop_sequence", "arrival"];
        let [made_at, trip_id, start_date, sequence, arrival] = table.columns(need)?;
        let quantiles = ["arrival_p10", "arrival_p50", "arrival_p90"].map(|name| table.column(name));
        let (start, kind) = (table.column("start_time"), table.column("kind"));
        let mut predictions = Self::default();
        while table.next()? {
            let at = table.seconds(made_at)?;
            let withdrawn = table.text(arrival).is_empty();
            let made = Made {
                at,
                arrival: if withdrawn { at } else { table.seconds(arrival)? },
                quantiles: match quantiles {
                    [Some(p10), Some(p50), Some(p90)] if !withdrawn => {
                        Some([table.seconds(p10)?, table.seconds(p50)?, table.seconds(p90)?])
                    }
                    _ => None,
                },
                kind: kind.map_or(Ok(None), |kind| table.word(kind, Kind::of))?.unwrap_or_default(),
                withdrawn,
            };
            let trip = repeated.trip(table.text(trip_id), table.text(start_date), table.clock(start));
            let call = table.number(sequence)?;
            predictions.trips.entry(trip).or_default().entry(call).or_default().push(made);
        }
        for made in predictions.trips.values_mut().flat_map(BTreeMap::values_mut) {
            made.sort_by_key(|made| made.at);
        }
        Ok(predictions)
    }

    /// Takes out what was told of some trips.
    #[must_use]
    pub fn part(&mut self, of: impl Fn(&Trip) -> bool) -> Self {
        let (part, rest) = std::mem::take(&mut self.trips).into_iter().partition(|(trip, _)| of(trip));
        self.trips = rest;
        Self { trips: part }
    }

    /// Everything told, by trip, then call.
    pub(super) fn by_trip(&self) -> &BTreeMap<Trip, BTreeMap<Call, Vec<Made>>> {
        &self.trips
    }

    /// The predictions of a call.
    #[must_use]
    pub fn of(&self, trip: &Trip, call: Call) -> &[Made] {
        self.trips.get(trip).and_then(|calls| calls.get(&call)).map_or(&[], Vec::as_slice)
    }
}

/// One arrival that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    /// stop_sequence.
    pub sequence: Call,
    /// The vehicle.
    pub vehicle: String,
    /// When it was aimed.
    pub aimed: Option<Timestamp>,
    /// When it happened.
    pub arrival: Timestamp,
    /// When the vehicle left again, where that is known.
    pub departure: Option<Timestamp>,
    /// Seen too coarsely to measure an error by; it still wants a prediction.
    pub blurred: bool,
}

/// The arrivals that happened, by trip, in the order they happened.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// By trip.
    pub trips: BTreeMap<Trip, Vec<Visit>>,
}

impl Truth {
    /// Reads a TIDES `stop_visits.csv`; a `start_time` beside its columns tells the runs of one trip_id
    /// apart. Rows without an actual arrival are no arrivals.
    ///
    /// # Errors
    /// When it is no CSV, a column is missing, or a field can not be read.
    pub fn read(source: impl Read, repeated: &Repeated) -> Result<Self, ScoreError> {
        let mut table = Table::open(source)?;
        let need = [
            "service_date",
            "trip_id_scheduled",
            "vehicle_id",
            "scheduled_stop_sequence",
            "actual_arrival_time",
        ];
        let [day, id, vehicle, sequence, actual] = table.columns(need)?;
        let (start, aimed) = (table.column("start_time"), table.column("schedule_arrival_time"));
        let departure = table.column("actual_departure_time");
        let mut truth = Self::default();
        while table.next()? {
            if table.text(actual).is_empty() {
                continue;
            }
            let trip = repeated.trip(table.text(id), table.text(day), table.clock(start));
            let visit = Visit {
                sequence: table.number(sequence)?,
                vehicle: table.text(vehicle).to_owned(),
                aimed: aimed.and_then(|at| crate::replay::instant(table.text(at))),
                arrival: table.instant(actual)?,
                departure: departure.and_then(|at| crate::replay::instant(table.text(at))),
                blurred: false,
            };
            truth.trips.entry(trip).or_default().push(visit);
        }
        for visits in truth.trips.values_mut() {
            visits.sort_by_key(|visit| (visit.arrival, visit.sequence));
        }
        Ok(truth)
    }
}

/// With nothing heard of any vehicle for longer the recording was interrupted, seconds (start).
const RECORDING_GAP_S_MAX: f64 = 120.0;

/// When vehicles were heard.
#[derive(Clone, Debug, Default)]
pub struct Moments {
    by_trip: BTreeMap<Trip, Vec<Timestamp>>,
    by_vehicle: BTreeMap<String, Vec<Timestamp>>,
    /// When anything was heard.
    all: Vec<Timestamp>,
}

impl Moments {
    /// Of a recording.
    #[must_use]
    pub fn of(recording: &Recording, repeated: &Repeated) -> Self {
        let mut moments = Self::default();
        for row in &recording.rows {
            let vehicle = moments.by_vehicle.entry(row.vehicle.to_string()).or_default();
            vehicle.push(row.received);
            let claim = &row.report.claim;
            let Some(id) = &claim.trip else { continue };
            let day = claim.day.map(|day: ServiceDay| day.to_string()).unwrap_or_default();
            let trip = repeated.trip(id, &day, claim.start);
            moments.by_trip.entry(trip).or_default().push(row.received);
        }
        for heard in moments.by_trip.values_mut().chain(moments.by_vehicle.values_mut()) {
            heard.sort();
            heard.dedup();
        }
        moments.all = recording.rows.iter().map(|row| row.received).collect();
        moments
    }

    /// When the first ping was heard; `None` without any.
    #[must_use]
    pub fn begun(&self) -> Option<Timestamp> {
        self.all.first().copied()
    }

    /// Whether the recording ran from `from` to `until`: something was heard at least every
    /// two minutes.
    #[must_use]
    pub fn ran(&self, from: Timestamp, until: Timestamp) -> bool {
        let first = self.all.partition_point(|at| *at <= from);
        let end = self.all.partition_point(|at| *at < until);
        let (Some(before), Some(after)) = (first.checked_sub(1), self.all.get(end)) else { return false };
        let heard =
            self.all[before..end].windows(2).all(|pair| pair[1].since_s(pair[0]) <= RECORDING_GAP_S_MAX);
        heard && after.since_s(self.all[end - 1]) <= RECORDING_GAP_S_MAX
    }

    /// When a vehicle was heard on a trip.
    #[must_use]
    pub fn of_trip(&self, trip: &Trip) -> &[Timestamp] {
        self.by_trip.get(trip).map_or(&[], Vec::as_slice)
    }

    /// Whether a vehicle was heard at most `within_s` before `t`.
    #[must_use]
    pub fn was_heard(&self, vehicle: &str, t: Timestamp, within_s: f64) -> bool {
        let heard = self.by_vehicle.get(vehicle).map_or(&[][..], Vec::as_slice);
        let after = heard.partition_point(|at| *at <= t);
        after.checked_sub(1).is_some_and(|at| t.since_s(heard[at]) <= within_s)
    }
}
