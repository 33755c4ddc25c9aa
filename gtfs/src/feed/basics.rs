//! `agency.txt`, `feed_info.txt` and `routes.txt`.

use super::draft::Draft;
use super::source::Archive;
use super::spec::{AGENCY, FEED_INFO, ROUTES};
use super::table::{Row, about_file};
use super::value;
use crate::findings::{Findings, Severity};
use crate::timetable::{Agency, Mode, Route};
use crate::{AgencyIdx, RouteIdx, Text};
use chrono_tz::Tz;
use std::collections::hash_map::Entry;

/// Reads the agencies and with them the zone of all times: the first one's.
pub(super) fn agencies(archive: &Archive<'_>, draft: &mut Draft, findings: &mut Findings) {
    let mut tz = None;
    archive.each_row(&AGENCY, findings, |row, findings| {
        zone(row, &mut tz, findings);
        agency(row, draft, findings);
    });
    match tz {
        Some(tz) => draft.timetable.tz = tz,
        None => {
            let advice = "give the agency a time zone of the tz database, such as Asia/Bangkok";
            let (severity, code) = (Severity::Fatal, "missing_required_field");
            findings.push(about_file(&AGENCY, severity, code, "agency_timezone", advice));
        }
    }
}

fn zone(row: &Row<'_>, tz: &mut Option<Tz>, findings: &mut Findings) {
    let advice = "use a name of the tz database, such as Asia/Bangkok";
    let Some(zone) = row.parsed("agency_timezone", findings, "invalid_timezone", advice, value::zone) else {
        return;
    };
    if *tz.get_or_insert(zone) != zone {
        let advice = "give all agencies of a feed one time zone; the first one's is used";
        row.report(findings, Severity::Error, "inconsistent_agency_timezone", "agency_timezone", advice);
    }
}

fn agency(row: &Row<'_>, draft: &mut Draft, findings: &mut Findings) {
    let id: Box<str> = row.get("agency_id").into();
    let Some(name) = row.required("agency_name", findings) else { return };
    let at = AgencyIdx::new(draft.timetable.agencies.len());
    match draft.agencies.entry(id.clone()) {
        Entry::Occupied(_) => {
            let advice = "give each agency its own agency_id; the first row of an id is kept";
            row.report(findings, Severity::Error, "duplicate_key", "agency_id", advice);
        }
        Entry::Vacant(free) => {
            free.insert(at);
            let (name, url) = (Text::new(name), row.get("agency_url").into());
            draft.timetable.agencies.push(Agency { id, name, url, phone: row.get("agency_phone").into() });
        }
    }
}

/// Reads what the feed says of itself.
pub(super) fn feed_info(archive: &Archive<'_>, draft: &mut Draft, findings: &mut Findings) {
    let mut rows = 0;
    archive.each_row(&FEED_INFO, findings, |row, findings| {
        rows += 1;
        if rows > 1 {
            let advice = "keep one row in feed_info.txt; the first is read";
            row.report(findings, Severity::Warning, "more_than_one_entity", "", advice);
            return;
        }
        let feed = &mut draft.timetable.feed;
        feed.publisher = row.get("feed_publisher_name").into();
        feed.version = row.get("feed_version").into();
        feed.lang = row.get("feed_lang").into();
        let first = row.parsed("feed_start_date", findings, "invalid_date", value::DATE, value::date);
        let last = row.parsed("feed_end_date", findings, "invalid_date", value::DATE, value::date);
        if first.zip(last).is_some_and(|(first, last)| last < first) {
            let advice = "the feed ends before it starts; correct the two dates";
            row.report(
                findings,
                Severity::Error,
                "start_and_end_range_out_of_order",
                "feed_end_date",
                advice,
            );
        }
    });
}

/// Reads the lines.
pub(super) fn routes(archive: &Archive<'_>, draft: &mut Draft, findings: &mut Findings) {
    archive.each_row(&ROUTES, findings, |row, findings| {
        let Some(id) = row.required("route_id", findings) else { return };
        let Some(route) = route(row, id, draft, findings) else { return };
        if draft.timetable.index.routes.contains_key(id) {
            let advice = "give each route its own route_id; the first row of an id is kept";
            row.report(findings, Severity::Error, "duplicate_key", "route_id", advice);
            return;
        }
        let at = RouteIdx::new(draft.timetable.routes.len());
        if !row.get("network_id").is_empty() {
            draft.route_networks.push((row.get("network_id").into(), at));
        }
        draft.timetable.index.routes.insert(id.into(), at);
        draft.timetable.routes.push(route);
    });
}

fn route(row: &Row<'_>, id: &str, draft: &Draft, findings: &mut Findings) -> Option<Route> {
    let agency = agency_of(row, draft, findings)?;
    let kind = row.parsed("route_type", findings, "invalid_integer", value::WHOLE, |v| v.parse::<u16>().ok());
    if row.get("route_type").is_empty() {
        row.required("route_type", findings)?;
    }
    let mode = kind.map_or(Mode::Other, mode_of);
    if kind.is_some() && mode == Mode::Other {
        let advice = "use a route_type of the specification: 3 for buses, 4 for ferries";
        row.report(findings, Severity::Warning, "unexpected_enum_value", "route_type", advice);
    }
    let (short, long) = (row.get("route_short_name"), row.get("route_long_name"));
    if short.is_empty() && long.is_empty() {
        let advice = "give the route a short or a long name; its id is shown until then";
        row.report(findings, Severity::Error, "route_both_short_and_long_name_missing", "route_id", advice);
    }
    let color = |name, default: &[u8; 6], findings: &mut Findings| {
        row.parsed(name, findings, "invalid_color", "write six hex digits, such as 0B5FA5", value::color)
            .unwrap_or(*default)
    };
    let order =
        row.parsed("route_sort_order", findings, "invalid_integer", value::WHOLE, |v| v.parse::<u32>().ok());
    Some(Route {
        id: id.into(),
        agency,
        short_name: Text::new(if short.is_empty() && long.is_empty() { id } else { short }),
        long_name: Text::new(long),
        route_type: kind.unwrap_or(u16::MAX),
        mode,
        color: color("route_color", b"FFFFFF", findings),
        text_color: color("route_text_color", b"000000", findings),
        sort_order: order.unwrap_or(draft.timetable.routes.len() as u32),
    })
}

/// The agency of a route: the named one, or the only one.
fn agency_of(row: &Row<'_>, draft: &Draft, findings: &mut Findings) -> Option<AgencyIdx> {
    let id = row.get("agency_id");
    if let Some(&agency) = draft.agencies.get(id) {
        return Some(agency);
    }
    if !id.is_empty() {
        let advice = "add this agency to agency.txt, or correct the id; the first agency is assumed";
        row.report(findings, Severity::Error, "foreign_key_violation", "agency_id", advice);
    } else if draft.timetable.agencies.len() > 1 {
        let advice = "say which agency runs the route; the first agency is assumed";
        row.report(findings, Severity::Error, "missing_required_field", "agency_id", advice);
    }
    (!draft.timetable.agencies.is_empty()).then_some(AgencyIdx(0))
}

/// Folds route_type (GTFS reference, and the extended types of the European TPEG list).
fn mode_of(route_type: u16) -> Mode {
    match route_type {
        3 | 11 | 200..=299 | 700..=899 => Mode::Bus,
        4 | 1000..=1099 | 1200..=1299 => Mode::Ferry,
        0 | 1 | 2 | 5 | 6 | 7 | 12 | 100..=199 | 300..=699 | 900..=999 | 1300..=1499 => Mode::Rail,
        _ => Mode::Other,
    }
}
