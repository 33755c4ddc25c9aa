//! `trips.txt`, and which files it points to.

use super::draft::{Draft, TripDraft};
use super::source::Archive;
use super::spec::TRIPS;
use super::table::Row;
use crate::findings::{Findings, Severity};

/// Reads the trips; their times come from `stop_times.txt` afterwards.
pub(super) fn trips(archive: &Archive<'_>, draft: &mut Draft, findings: &mut Findings) {
    archive.each_row(&TRIPS, findings, |row, findings| {
        let Some(trip) = trip(row, draft, findings) else { return };
        if draft.trips.by_id.contains_key(&trip.id) {
            let advice = "give each trip its own trip_id; the first row of an id is kept";
            row.report(findings, Severity::Error, "duplicate_key", "trip_id", advice);
            return;
        }
        draft.trips.by_id.insert(trip.id.clone(), draft.trips.rows.len() as u32);
        draft.trips.rows.push(trip);
    });
}

fn trip(row: &Row<'_>, draft: &mut Draft, findings: &mut Findings) -> Option<TripDraft> {
    let id = row.required("trip_id", findings)?;
    let route = draft.timetable.route(row.required("route_id", findings)?);
    let service = draft.services.get(row.required("service_id", findings)?).copied();
    if route.is_none() {
        let advice = "add this route to routes.txt, or correct the id; the trip is left out";
        row.report(findings, Severity::Error, "foreign_key_violation", "route_id", advice);
    }
    if service.is_none() {
        let advice = "add this service to calendar.txt or calendar_dates.txt; the trip is left out";
        row.report(findings, Severity::Error, "foreign_key_violation", "service_id", advice);
    }
    let direction = match row.get("direction_id") {
        "" => None,
        _ => Some(row.choice("direction_id", 1, 0, findings)),
    };
    let named = |text: &str| (!text.is_empty()).then_some(()).map(|()| text.to_owned());
    Some(TripDraft {
        id: id.into(),
        route: route?,
        service: service?,
        direction,
        block: named(row.get("block_id")).map(|id| draft.trips.blocks.number(&id)),
        shape: named(row.get("shape_id")).map(|id| draft.trips.shapes.number(&id)),
        headsign: draft.trips.headsigns.number(row.get("trip_headsign")),
        short_name: row.get("trip_short_name").into(),
        wheelchair: [None, Some(true), Some(false)]
            [usize::from(row.choice("wheelchair_accessible", 2, 0, findings))],
        line: row.line as u32,
        run: None,
    })
}
