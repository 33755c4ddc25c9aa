//! `frequencies.txt`: trips that run every n seconds.

use super::draft::Trips;
use super::source::Archive;
use super::spec::FREQUENCIES;
use super::table::Row;
use super::value;
use crate::ServiceTime;
use crate::findings::{Findings, Severity};
use crate::timetable::Frequency;
use std::collections::BTreeMap;

/// Trip rows that exact frequencies may expand to, all together.
pub const EXPANDED_TRIPS_MAX: usize = 2_000_000;

/// Rows of one trip: one for each quarter of an hour of four days.
pub const BANDS_PER_TRIP_MAX: usize = 400;

/// One row.
#[derive(Clone, Copy)]
pub(super) struct Band {
    pub(super) start: ServiceTime,
    pub(super) frequency: Frequency,
}

impl Band {
    /// Departures in it: at its start, and every headway before its end.
    pub(super) fn departures(&self) -> usize {
        let span_s = self.frequency.end.0 - self.start.0;
        (span_s as usize).div_ceil(self.frequency.headway_s as usize)
    }
}

/// The bands of each trip that has any, sorted by start.
pub(super) fn frequencies(
    archive: &Archive<'_>,
    trips: &Trips,
    findings: &mut Findings,
) -> BTreeMap<u32, Vec<Band>> {
    let mut bands: BTreeMap<u32, Vec<Band>> = BTreeMap::new();
    let mut expanded = 0;
    archive.each_row(&FREQUENCIES, findings, |row, findings| {
        let Some((trip, band)) = band(row, trips, findings) else { return };
        if band.frequency.exact {
            expanded += band.departures();
        }
        if expanded > EXPANDED_TRIPS_MAX {
            let advice = "all exact frequencies together give too many trips; lengthen the headway. The row is left out";
            row.report(findings, Severity::Error, "too_many_rows", "headway_secs", advice);
            return;
        }
        let all = bands.entry(trip).or_default();
        if all.len() >= BANDS_PER_TRIP_MAX {
            let advice = "keep a trip to at most 400 rows; this one is left out";
            row.report(findings, Severity::Error, "too_many_rows", "trip_id", advice);
            return;
        }
        if all.iter().any(|b| b.start < band.frequency.end && band.start < b.frequency.end) {
            let advice = "two rows of a trip may not overlap in time; the first is kept";
            row.report(findings, Severity::Error, "overlapping_frequency", "start_time", advice);
            return;
        }
        all.push(band);
    });
    for all in bands.values_mut() {
        all.sort_by_key(|b| b.start);
    }
    bands
}

fn band(row: &Row<'_>, trips: &Trips, findings: &mut Findings) -> Option<(u32, Band)> {
    let Some(&trip) = trips.by_id.get(row.required("trip_id", findings)?) else {
        let advice = "add this trip to trips.txt, or correct the id; the row is left out";
        row.report(findings, Severity::Error, "foreign_key_violation", "trip_id", advice);
        return None;
    };
    let time = |name, findings: &mut Findings| {
        row.required(name, findings)?;
        row.parsed(name, findings, "invalid_time", value::TIME, value::time)
    };
    let (start, end) = (time("start_time", findings)?, time("end_time", findings)?);
    let headway_s =
        row.parsed("headway_secs", findings, "invalid_integer", value::WHOLE, |v| v.parse::<u32>().ok())?;
    if end <= start {
        let code =
            if end == start { "start_and_end_range_equal" } else { "start_and_end_range_out_of_order" };
        row.report(
            findings,
            Severity::Error,
            code,
            "end_time",
            "end the row after it starts; past midnight write 24:00:00 and more",
        );
        return None;
    }
    if headway_s == 0 {
        let advice = "give the seconds between two departures; the row is left out";
        row.report(findings, Severity::Error, "number_out_of_range", "headway_secs", advice);
        return None;
    }
    let exact = row.choice("exact_times", 1, 0, findings) == 1;
    Some((trip, Band { start, frequency: Frequency { exact, end, headway_s } }))
}
