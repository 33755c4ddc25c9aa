//! The report as JSON. Field names are promised to scripts: add, never rename.

use gtfs::report::Summary;
use gtfs::{Finding, Findings, Loaded, Severity, Unusable};
use serde::Serialize;

#[derive(Serialize)]
struct Report<'r> {
    feed: &'r str,
    usable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<SummaryWire>,
    /// Every kind of finding, worst first, all counted.
    kinds: Vec<KindWire>,
    /// The first findings of each kind.
    findings: Vec<FindingWire<'r>>,
}

#[derive(Serialize)]
struct SummaryWire {
    publisher: String,
    version: String,
    content: String,
    zone: &'static str,
    agencies: Vec<String>,
    first_day: Option<String>,
    last_day: Option<String>,
    days_with_trips: usize,
    routes_bus: u64,
    routes_ferry: u64,
    routes_rail: u64,
    routes_other: u64,
    stops: u64,
    stops_served: u64,
    trips: u64,
    frequency_templates: u64,
    frequency_departures: u64,
    patterns: u64,
    time_profiles: u64,
    blocks: u64,
    calls: u64,
    latest_time: String,
    shapes: u64,
    shapes_of_straight_lines: u64,
}

#[derive(Serialize)]
struct KindWire {
    severity: &'static str,
    code: &'static str,
    file: &'static str,
    count: u64,
}

#[derive(Serialize)]
struct FindingWire<'r> {
    severity: &'static str,
    code: &'static str,
    file: &'static str,
    line: u64,
    field: &'static str,
    value: &'r str,
    advice: &'static str,
}

/// The report of a feed, as one JSON object.
pub(super) fn json(name: &str, read: &Result<Loaded, Unusable>) -> serde_json::Result<String> {
    let (summary, findings) = match read {
        Ok(loaded) => (Some(Summary::of(&loaded.timetable).into()), &loaded.findings),
        Err(unusable) => (None, &unusable.findings),
    };
    serde_json::to_string_pretty(&Report {
        feed: name,
        usable: read.is_ok(),
        summary,
        kinds: kinds(findings),
        findings: findings.examples().iter().map(FindingWire::from).collect(),
    })
}

fn kinds(findings: &Findings) -> Vec<KindWire> {
    let wire = |(severity, code, file, count)| KindWire { severity: word(severity), code, file, count };
    findings.kinds().map(wire).collect()
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Fatal => "fatal",
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

impl<'r> From<&'r Finding> for FindingWire<'r> {
    fn from(f: &'r Finding) -> Self {
        let severity = word(f.severity);
        Self {
            severity,
            code: f.code,
            file: f.file,
            line: f.row,
            field: f.field,
            value: &f.value,
            advice: f.advice,
        }
    }
}

impl From<Summary> for SummaryWire {
    fn from(s: Summary) -> Self {
        let [routes_bus, routes_ferry, routes_rail, routes_other] = s.routes_by_mode;
        Self {
            publisher: s.publisher,
            version: s.version,
            content: format!("{:016x}", s.hash),
            zone: s.zone,
            agencies: s.agency_names,
            first_day: s.first_day.map(|day| day.to_string()),
            last_day: s.last_day.map(|day| day.to_string()),
            days_with_trips: s.day_counts.len(),
            routes_bus,
            routes_ferry,
            routes_rail,
            routes_other,
            stops: s.boarding_stops,
            stops_served: s.served_stops,
            trips: s.trip_rows,
            frequency_templates: s.templates,
            frequency_departures: s.template_departures,
            patterns: s.patterns,
            time_profiles: s.profiles,
            blocks: s.blocks,
            calls: s.calls,
            latest_time: s.latest.to_string(),
            shapes: s.lines,
            shapes_of_straight_lines: s.chords,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gtfs::{Source, load};

    #[test]
    fn a_refused_feed_is_json_with_its_reasons() {
        let text = json("x.zip", &load(Source::Text("# stops.txt\nstop_id\n"))).unwrap();
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["usable"], false);
        assert_eq!(report["kinds"][0]["code"], "missing_required_file");
        assert_eq!(report["findings"][0]["file"], "agency.txt");
        assert!(report.get("summary").is_none());
    }

    #[test]
    fn a_usable_feed_is_json_with_its_counts() {
        let feed = gtfs::fixture::feed_text(
            "stop A 0 0\nstop B 500 0\nroute F ferry\ntrip t route=F : A 08:00 B 08:09",
        );
        let text = json("x.zip", &load(Source::Text(&feed.unwrap()))).unwrap();
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["usable"], true);
        assert_eq!((&report["summary"]["routes_ferry"], &report["summary"]["calls"]), (&1.into(), &2.into()));
        assert_eq!(report["summary"]["first_day"], "20260101");
    }
}
