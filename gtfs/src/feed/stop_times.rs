//! `stop_times.txt`, the largest file of a feed: streamed into 32 bytes a row, then grouped by trip.

use super::draft::Trips;
use super::source::Archive;
use super::spec::STOP_TIMES;
use super::table::{Col, Header, Row};
use super::value;
use crate::findings::{Findings, Severity};
use crate::{ServiceTime, StopIdx};
use std::collections::HashMap;

/// An empty time, to be filled in by interpolation.
pub(super) const BLANK_S: i32 = i32::MIN;

/// One row, with ids replaced by numbers.
#[derive(Clone, Copy)]
pub(super) struct Call {
    /// Into [`Trips::rows`].
    pub(super) trip: u32,
    pub(super) sequence: u32,
    pub(super) stop: StopIdx,
    /// Seconds of the service day, or [`BLANK_S`].
    pub(super) arrival_s: i32,
    /// Seconds of the service day, or [`BLANK_S`].
    pub(super) departure_s: i32,
    /// shape_dist_traveled in the feed's own unit; NaN when empty.
    pub(super) distance: f32,
    pub(super) line: u32,
    /// [`PICKUP`], [`DROP_OFF`], [`TIMEPOINT`].
    pub(super) flags: u8,
}

pub(super) const PICKUP: u8 = 1;
pub(super) const DROP_OFF: u8 = 2;
pub(super) const TIMEPOINT: u8 = 4;

struct Columns {
    trip: Col,
    stop: Col,
    sequence: Col,
    arrival: Col,
    departure: Col,
    distance: Col,
    pickup: Col,
    drop_off: Col,
    timepoint: Col,
}

impl Columns {
    fn of(header: &Header) -> Self {
        Self {
            trip: header.col("trip_id"),
            stop: header.col("stop_id"),
            sequence: header.col("stop_sequence"),
            arrival: header.col("arrival_time"),
            departure: header.col("departure_time"),
            distance: header.col("shape_dist_traveled"),
            pickup: header.col("pickup_type"),
            drop_off: header.col("drop_off_type"),
            timepoint: header.col("timepoint"),
        }
    }
}

/// All usable rows, sorted by trip (in the order of `trips.txt`) and sequence.
pub(super) fn stop_times(
    archive: &Archive<'_>,
    stops: &HashMap<Box<str>, StopIdx>,
    trips: &Trips,
    findings: &mut Findings,
) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut columns = None;
    // Rows of one trip mostly follow one another.
    let mut last_trip = (Vec::new(), None);
    archive.each_row(&STOP_TIMES, findings, |row, findings| {
        let columns = columns.get_or_insert_with(|| Columns::of(row.header));
        let id = row.bytes_at(columns.trip);
        if last_trip.0 != id {
            last_trip = (id.to_vec(), trips.by_id.get(row.at(columns.trip)).copied());
        }
        let Some(trip) = last_trip.1 else { return report_no_trip(row, findings) };
        let Some(&stop) = stops.get(row.at(columns.stop)) else { return report_no_stop(row, findings) };
        calls.extend(call(row, columns, trip, stop, findings));
    });
    if !calls.is_sorted_by_key(|c| (c.trip, c.sequence)) {
        // Stable, and quick where only few trips lie scattered.
        calls.sort_by_key(|c| (c.trip, c.sequence));
    }
    calls
}

fn call(row: &Row<'_>, columns: &Columns, trip: u32, stop: StopIdx, findings: &mut Findings) -> Option<Call> {
    let Some(sequence) = value::whole(row.bytes_at(columns.sequence)) else {
        row.required("stop_sequence", findings)?;
        row.report(findings, Severity::Error, "invalid_integer", "stop_sequence", value::WHOLE);
        return None;
    };
    let mut flags = 0;
    if !forbids(row, columns.pickup, "pickup_type", findings) {
        flags |= PICKUP;
    }
    if !forbids(row, columns.drop_off, "drop_off_type", findings) {
        flags |= DROP_OFF;
    }
    if row.bytes_at(columns.timepoint) == b"1" {
        flags |= TIMEPOINT;
    }
    Some(Call {
        trip,
        sequence,
        stop,
        arrival_s: time_s(row, columns.arrival, "arrival_time", findings),
        departure_s: time_s(row, columns.departure, "departure_time", findings),
        distance: distance(row, columns.distance, findings),
        line: row.line as u32,
        flags,
    })
}

fn distance(row: &Row<'_>, col: Col, findings: &mut Findings) -> f32 {
    if row.bytes_at(col).is_empty() {
        return f32::NAN;
    }
    let read = |text: &str| if text.is_empty() { Some(f32::NAN) } else { value::distance(text) };
    read(row.at(col)).unwrap_or_else(|| {
        row.report(findings, Severity::Error, "invalid_float", "shape_dist_traveled", value::NUMBER);
        f32::NAN
    })
}

fn time_s(row: &Row<'_>, col: Col, name: &'static str, findings: &mut Findings) -> i32 {
    let text = row.bytes_at(col);
    let time = ServiceTime::parse(text);
    if time.is_none() && !text.trim_ascii().is_empty() {
        row.report(findings, Severity::Error, "invalid_time", name, value::TIME);
    }
    time.map_or(BLANK_S, |time| time.0)
}

fn forbids(row: &Row<'_>, col: Col, name: &'static str, findings: &mut Findings) -> bool {
    match row.bytes_at(col) {
        b"1" => true,
        b"" | b"0" | b"2" | b"3" => false,
        _ => row.choice(name, 3, 0, findings) == 1,
    }
}

fn report_no_trip(row: &Row<'_>, findings: &mut Findings) {
    if row.required("trip_id", findings).is_some() {
        let advice = "add this trip to trips.txt, or correct the id; the row is left out";
        row.report(findings, Severity::Error, "foreign_key_violation", "trip_id", advice);
    }
}

fn report_no_stop(row: &Row<'_>, findings: &mut Findings) {
    let flexible = ["location_group_id", "location_id"].iter().any(|name| !row.get(name).is_empty());
    if flexible {
        let advice = "on-demand service has no stop to predict for; the row is left out";
        row.report(findings, Severity::Info, "on_demand_not_used", "trip_id", advice);
    } else if row.required("stop_id", findings).is_some() {
        let advice = "add this stop to stops.txt, or correct the id; the row is left out";
        row.report(findings, Severity::Error, "foreign_key_violation", "stop_id", advice);
    }
}
