//! A TIDES `vehicle_locations.csv` as reports in the order in which a consumer saw them.
//!
//! A row that can not be read is counted with its line and loses nothing else.

use crate::check::Report;
use crate::{Claim, DatedTrip};
use gtfs::{ServiceDay, ServiceTime, Timestamp};
use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

/// A recording, in the order received.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// Its rows.
    pub rows: Vec<Row>,
    /// Lines that could not be read: line number (the header is 1) and why; the first hundred.
    pub unreadable: Vec<(u64, String)>,
    /// How many there are in all.
    pub unreadable_count: u64,
    /// How often vehicles report: the median time between two reports of one, seconds.
    pub period_s: f64,
}

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    /// When a consumer could first have seen it.
    pub received: Timestamp,
    /// The vehicle.
    pub vehicle: Arc<str>,
    /// What it says.
    pub report: Report,
    /// The trip_id that the recording claims, whatever became of the report's claim.
    pub claimed: Option<Arc<str>>,
    /// The trip it was travelling on, where that can be known; see [`super::travelled`].
    pub travelled: Option<DatedTrip>,
}

/// Why a recording can not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file is no CSV, or could not be read.
    #[error("the recording can not be read: {0}")]
    Csv(#[from] csv::Error),
    /// A column that is needed is missing.
    #[error("the recording has no column {0}; is it a TIDES vehicle_locations.csv?")]
    Column(&'static str),
}

/// Unreadable lines kept in full.
const UNREADABLE_MAX: usize = 100;

/// Positions of the columns.
struct Columns {
    event: usize,
    received: Option<usize>,
    vehicle: usize,
    lat: usize,
    lon: usize,
    day: Option<usize>,
    trip: Option<usize>,
    start: Option<usize>,
    route: Option<usize>,
    heading: Option<usize>,
    speed: Option<usize>,
    odometer: Option<usize>,
}

impl Columns {
    fn of(header: &csv::StringRecord) -> Result<Self, RecordingError> {
        let at = |name: &str| header.iter().position(|field| field.trim_start_matches('\u{feff}') == name);
        let need = |name: &'static str| at(name).ok_or(RecordingError::Column(name));
        Ok(Self {
            event: need("event_timestamp")?,
            received: at("received_timestamp"),
            vehicle: need("vehicle_id")?,
            lat: need("latitude")?,
            lon: need("longitude")?,
            day: at("service_date"),
            trip: at("trip_id_scheduled"),
            start: at("start_time"),
            route: at("route_id"),
            heading: at("heading"),
            speed: at("speed"),
            odometer: at("odometer"),
        })
    }
}

impl Recording {
    /// Reads a recording.
    ///
    /// # Errors
    /// When it is no CSV, or a needed column is missing.
    pub fn read(source: impl Read) -> Result<Self, RecordingError> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
        let columns = Columns::of(reader.headers()?)?;
        let mut recording = Self::default();
        let mut names: HashMap<String, Arc<str>> = HashMap::new();
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record)? {
            match row(&record, &columns, &mut names) {
                Ok(row) => recording.rows.push(row),
                Err(why) => {
                    recording.unreadable_count += 1;
                    if recording.unreadable.len() < UNREADABLE_MAX {
                        recording.unreadable.push((record.position().map_or(0, csv::Position::line), why));
                    }
                }
            }
        }
        recording.rows.sort_by_key(|row| row.received);
        recording.measure();
        Ok(recording)
    }

    /// Finds how often its vehicles report.
    pub(super) fn measure(&mut self) {
        self.period_s = period_s(&self.rows);
    }
}

fn row(
    record: &csv::StringRecord,
    columns: &Columns,
    names: &mut HashMap<String, Arc<str>>,
) -> Result<Row, String> {
    let text =
        |at: Option<usize>| at.and_then(|at| record.get(at)).map(str::trim).filter(|text| !text.is_empty());
    let number = |at: Option<usize>| text(at).and_then(|text| text.parse::<f64>().ok());
    let mut name = |text: &str| Arc::clone(names.entry(text.to_owned()).or_insert_with(|| Arc::from(text)));
    let moment = |field: &str, at: Option<usize>| {
        let text = text(at).ok_or_else(|| format!("{field} is empty"))?;
        instant(text).ok_or_else(|| format!("{field} {text} is no RFC 3339 time"))
    };
    let t = moment("event_timestamp", Some(columns.event))?;
    let received =
        if text(columns.received).is_some() { moment("received_timestamp", columns.received)? } else { t };
    let vehicle = name(text(Some(columns.vehicle)).ok_or("vehicle_id is empty")?);
    let lat = number(Some(columns.lat)).ok_or("latitude is no number")?;
    let lon = number(Some(columns.lon)).ok_or("longitude is no number")?;
    let trip = text(columns.trip).map(&mut name);
    let claim = Claim {
        day: text(columns.day).filter(|_| trip.is_some()).and_then(ServiceDay::parse),
        start: text(columns.start).and_then(|text| ServiceTime::parse(text.as_bytes())),
        route: text(columns.route).map(&mut name),
        block: None,
        trip,
    };
    let report = Report {
        t,
        lat,
        lon,
        speed_mps: number(columns.speed),
        heading_deg: number(columns.heading),
        odometer_m: number(columns.odometer),
        claim,
        ..Report::default()
    };
    let claimed = report.claim.trip.clone();
    Ok(Row { received, vehicle, report, claimed, travelled: None })
}

/// Reads an RFC 3339 time.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    chrono::DateTime::parse_from_rfc3339(text).ok().map(|t| Timestamp(t.timestamp_micros()))
}

/// The median time between two reports of one vehicle, seconds; 30 without any.
fn period_s(rows: &[Row]) -> f64 {
    let mut last: HashMap<&str, Timestamp> = HashMap::new();
    let mut gaps_s: Vec<f64> = Vec::new();
    for row in rows {
        if let Some(before) = last.insert(&row.vehicle, row.report.t) {
            gaps_s.push(row.report.t.since_s(before));
        }
    }
    gaps_s.retain(|gap| *gap > 0.0);
    gaps_s.sort_by(f64::total_cmp);
    gaps_s.get(gaps_s.len() / 2).copied().unwrap_or(30.0)
}
