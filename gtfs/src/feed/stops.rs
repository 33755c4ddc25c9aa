//! `stops.txt`: where riders board, and the plane on which everything is measured.

use super::draft::Draft;
use super::source::Archive;
use super::spec::STOPS;
use super::table::Row;
use super::value;
use crate::findings::{Findings, Severity};
use crate::timetable::{Plane, Stop, StopKind};
use crate::{StopIdx, Text};

/// Reads the stops; the plane is put around their median.
pub(super) fn stops(archive: &Archive<'_>, draft: &mut Draft, findings: &mut Findings) {
    let mut parents: Vec<(StopIdx, Box<str>, u64)> = Vec::new();
    archive.each_row(&STOPS, findings, |row, findings| {
        let Some(id) = row.required("stop_id", findings) else { return };
        if draft.timetable.index.stops.contains_key(id) {
            let advice = "give each stop its own stop_id; the first row of an id is kept";
            row.report(findings, Severity::Error, "duplicate_key", "stop_id", advice);
            return;
        }
        let Some(stop) = stop(row, id, findings) else { return };
        let at = StopIdx::new(draft.timetable.stops.len());
        if !row.get("parent_station").is_empty() {
            parents.push((at, row.get("parent_station").into(), row.line));
        }
        draft.stop_lines.push(row.line as u32);
        draft.zones.push(row.get("zone_id").into());
        draft.timetable.index.stops.insert(id.into(), at);
        draft.timetable.stops.push(stop);
    });
    join_parents(&parents, draft, findings);
    draft.timetable.plane = plane_around(&draft.timetable.stops);
}

fn stop(row: &Row<'_>, id: &str, findings: &mut Findings) -> Option<Stop> {
    let kind = match row.choice("location_type", 4, 0, findings) {
        1 => StopKind::Station,
        2 => StopKind::Entrance,
        3 => StopKind::Node,
        4 => StopKind::BoardingArea,
        _ => StopKind::Stop,
    };
    let (lat, lon) = place(row, kind, findings)?;
    let name = row.get("stop_name");
    if name.is_empty() && matches!(kind, StopKind::Stop | StopKind::Station | StopKind::Entrance) {
        let advice = "give the stop a name; its id is shown until then";
        row.report(findings, Severity::Error, "stop_without_stop_name", "stop_id", advice);
    }
    if kind == StopKind::Station && !row.get("parent_station").is_empty() {
        let advice = "a station has no parent; remove parent_station";
        row.report(findings, Severity::Error, "station_with_parent_station", "parent_station", advice);
    }
    if matches!(kind, StopKind::Entrance | StopKind::Node | StopKind::BoardingArea)
        && row.get("parent_station").is_empty()
    {
        let advice = "say which station this belongs to";
        row.report(findings, Severity::Error, "location_without_parent_station", "parent_station", advice);
    }
    Some(Stop {
        id: id.into(),
        code: row.get("stop_code").into(),
        name: Text::new(if name.is_empty() { id } else { name }),
        lat,
        lon,
        kind,
        parent: None,
        platform: row.get("platform_code").into(),
        wheelchair: [None, Some(true), Some(false)]
            [usize::from(row.choice("wheelchair_boarding", 2, 0, findings))],
    })
}

/// Where it is. Without a place a stop can not be used; a node or boarding area may have none, and is
/// not used either.
fn place(row: &Row<'_>, kind: StopKind, findings: &mut Findings) -> Option<(f64, f64)> {
    let (lat, lon) = (row.get("stop_lat"), row.get("stop_lon"));
    if lat.is_empty() || lon.is_empty() {
        if matches!(kind, StopKind::Stop | StopKind::Station | StopKind::Entrance) {
            let advice = "give the stop its latitude and longitude; it is left out without them";
            row.report(findings, Severity::Error, "stop_without_location", "stop_id", advice);
        }
        return None;
    }
    let Some((lat, lon)) = value::place(lat, lon) else {
        let field = if lat.parse::<f64>().is_ok_and(|d| d.abs() <= 90.0) { "stop_lon" } else { "stop_lat" };
        let advice = "write degrees, latitude -90 to 90 and longitude -180 to 180; are the two swapped?";
        row.report(findings, Severity::Error, "number_out_of_range", field, advice);
        return None;
    };
    if let Some(code) = value::impossible(lat, lon) {
        row.report(
            findings,
            Severity::Error,
            code,
            "stop_lat",
            "correct the coordinates; the stop is left out",
        );
        return None;
    }
    Some((lat, lon))
}

fn join_parents(parents: &[(StopIdx, Box<str>, u64)], draft: &mut Draft, findings: &mut Findings) {
    for (stop, parent, line) in parents {
        let finding = |code, advice| {
            super::table::about_row(&STOPS, Severity::Error, code, *line, "parent_station", parent, advice)
        };
        let Some(parent) = draft.timetable.stop(parent) else {
            findings.push(finding(
                "foreign_key_violation",
                "add the parent station to stops.txt, or correct the id",
            ));
            continue;
        };
        let of_area = draft.timetable.stops[stop.at()].kind == StopKind::BoardingArea;
        let wanted = if of_area { StopKind::Stop } else { StopKind::Station };
        if draft.timetable.stops[parent.at()].kind == wanted {
            draft.timetable.stops[stop.at()].parent = Some(parent);
        } else {
            findings.push(finding(
                "wrong_parent_location_type",
                "a parent must be a station (location_type 1); for a boarding area, a platform",
            ));
        }
    }
}

/// A plane around the median stop: one stop with wrong coordinates moves it little.
fn plane_around(stops: &[Stop]) -> Plane {
    let median = |degrees: fn(&Stop) -> f64| {
        let mut all: Vec<f64> = stops.iter().map(degrees).collect();
        let middle = all.len() / 2;
        if all.is_empty() { 0.0 } else { *all.select_nth_unstable_by(middle, f64::total_cmp).1 }
    };
    Plane::around(median(|s| s.lat), median(|s| s.lon))
}
