//! A small network as a few lines of text, for tests.
//!
//! ```
//! let timetable = gtfs::fixture::timetable("
//!     zone Asia/Bangkok
//!     service daily 20261101..20261130
//!     service weekend 20261107 20261108
//!     stop A 0 0
//!     stop B 500 0
//!     stop C 1200 300
//!     shape s 0,0 500,0 1200,300
//!     route R bus
//!     trip t1 route=R service=daily block=b1 shape=s direction=0 : A 08:00 B 08:02-08:03 C 08:05*
//!     trip t2 route=R block=b1 : C 08:15 B - A 08:20
//!     trip night route=R service=weekend : A 25:10 C 25:20
//!     trip often route=R : A 00:00 B 00:02
//!     every often 06:00-09:00 600
//!     every night 25:10-26:10 1200 exact
//! ").unwrap();
//! assert_eq!(timetable.trips.len(), 6);
//! ```
//!
//! Metres are east and north of [`ORIGIN`]; a trip without `service=` runs every day of 2026. A call is a stop and its time (`HH:MM` or `HH:MM:SS`), `arrival-departure`, or `-` for none; `*`
//! makes it a time point. The text becomes GTFS files and is read by [`load`], so that a
//! fixture can not hold what a feed can not.

use crate::timetable::NORTH_M_PER_DEG;
use crate::{Severity, Source, Timetable, load};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Where a fixture's metres count from, degrees north and east: Chachoengsao Junction station.
pub const ORIGIN: (f64, f64) = (13.697_6, 101.065_2);

/// The service that runs when a fixture names none: every day of the year 2026.
const EVERY_DAY: &str = "20260101..20261231";

/// What is wrong with a fixture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FixtureError(String);

/// The timetable of a fixture.
///
/// # Errors
/// When a line can not be read, or the feed made of it has any finding worse than a warning.
pub fn timetable(text: &str) -> Result<Timetable, FixtureError> {
    let feed = feed_text(text)?;
    let loaded = load(Source::Text(&feed)).map_err(|e| FixtureError(e.to_string()))?;
    match loaded.findings.examples().iter().find(|f| f.severity <= Severity::Error) {
        Some(finding) => Err(FixtureError(finding.to_string())),
        None => Ok(loaded.timetable),
    }
}

/// Degrees north and east of a place in a fixture: metres east and north of [`ORIGIN`].
#[must_use]
pub fn lat_lon(east_m: f64, north_m: f64) -> (f64, f64) {
    let lat = ORIGIN.0 + north_m / NORTH_M_PER_DEG;
    (lat, ORIGIN.1 + east_m / (NORTH_M_PER_DEG * libm::cos(ORIGIN.0.to_radians())))
}

/// The GTFS files of a fixture, in one text for [`Source::Text`].
///
/// # Errors
/// When a line can not be read.
pub fn feed_text(text: &str) -> Result<String, FixtureError> {
    let mut files = Files::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            files.add(line).map_err(|e| FixtureError(format!("line {}: {e}: {line}", at + 1)))?;
        }
    }
    Ok(files.text())
}

/// Rows by file name.
struct Files {
    zone: String,
    rows: BTreeMap<&'static str, String>,
    services: bool,
}

const HEADERS: [(&str, &str); 8] = [
    ("stops.txt", "stop_id,stop_name,stop_lat,stop_lon"),
    ("routes.txt", "route_id,route_short_name,route_type"),
    ("trips.txt", "trip_id,route_id,service_id,block_id,shape_id,direction_id,trip_headsign"),
    ("stop_times.txt", "trip_id,stop_sequence,stop_id,arrival_time,departure_time,timepoint"),
    (
        "calendar.txt",
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date",
    ),
    ("calendar_dates.txt", "service_id,date,exception_type"),
    ("shapes.txt", "shape_id,shape_pt_sequence,shape_pt_lat,shape_pt_lon"),
    ("frequencies.txt", "trip_id,start_time,end_time,headway_secs,exact_times"),
];

impl Files {
    fn new() -> Self {
        Self { zone: "Asia/Bangkok".to_owned(), rows: BTreeMap::new(), services: false }
    }

    fn add(&mut self, line: &str) -> Result<(), &'static str> {
        let mut words = line.split_whitespace();
        let (kind, id) = (words.next().unwrap_or_default(), words.next().ok_or("an id is missing")?);
        match kind {
            "zone" => id.clone_into(&mut self.zone),
            "service" => self.service(id, words),
            "stop" => {
                let mut number =
                    || words.next().and_then(|w| w.parse().ok()).ok_or("write: stop ID EAST NORTH");
                let (lat, lon) = lat_lon(number()?, number()?);
                self.row("stops.txt", format_args!("{id},Stop {id},{lat:.7},{lon:.7}"));
            }
            "shape" => self.shape(id, words)?,
            "route" => {
                let number = match words.next() {
                    None | Some("bus") => 3,
                    Some("ferry") => 4,
                    Some("rail") => 2,
                    Some(_) => return Err("a route is bus, ferry or rail"),
                };
                self.row("routes.txt", format_args!("{id},{id},{number}"));
            }
            "trip" => self.trip(id, line)?,
            "every" => {
                let span = words
                    .next()
                    .and_then(|w| w.split_once('-'))
                    .ok_or("write: every TRIP FROM-TO SECONDS")?;
                let headway_s = words.next().ok_or("write: every TRIP FROM-TO SECONDS")?;
                let exact = u8::from(words.next() == Some("exact"));
                let (from, to) = (clock(span.0), clock(span.1));
                self.row("frequencies.txt", format_args!("{id},{from},{to},{headway_s},{exact}"));
            }
            _ => return Err("a line starts with zone, service, stop, shape, route, trip or every"),
        }
        Ok(())
    }

    fn row(&mut self, file: &'static str, row: std::fmt::Arguments<'_>) {
        // Writing to a string can not fail.
        let _ = writeln!(self.rows.entry(file).or_default(), "{row}");
    }

    fn service<'a>(&mut self, id: &str, days: impl Iterator<Item = &'a str>) {
        self.services = true;
        for day in days {
            match day.split_once("..") {
                Some((from, to)) => self.row("calendar.txt", format_args!("{id},1,1,1,1,1,1,1,{from},{to}")),
                None => self.row("calendar_dates.txt", format_args!("{id},{day},1")),
            }
        }
    }

    fn shape<'a>(&mut self, id: &str, points: impl Iterator<Item = &'a str>) -> Result<(), &'static str> {
        for (at, point) in points.enumerate() {
            let (east, north) = point.split_once(',').ok_or("write a point as EAST,NORTH")?;
            let number = |text: &str| text.parse().map_err(|_ignored| "write a point as EAST,NORTH");
            let (lat, lon) = lat_lon(number(east)?, number(north)?);
            self.row("shapes.txt", format_args!("{id},{at},{lat:.7},{lon:.7}"));
        }
        Ok(())
    }

    fn trip(&mut self, id: &str, line: &str) -> Result<(), &'static str> {
        let (head, calls) = line.split_once(" : ").ok_or("write: trip ID route=R : STOP TIME STOP TIME")?;
        let option = |name: &str| {
            let all = head.split_whitespace().skip(2).filter_map(|w| w.split_once('='));
            all.filter(|(key, _)| *key == name).map(|(_, value)| value).last()
        };
        let (route, service) =
            (option("route").ok_or("a trip needs route=")?, option("service").unwrap_or("daily"));
        let [block, shape, direction, headsign] =
            ["block", "shape", "direction", "headsign"].map(|name| option(name).unwrap_or_default());
        self.row("trips.txt", format_args!("{id},{route},{service},{block},{shape},{direction},{headsign}"));
        let words: Vec<&str> = calls.split_whitespace().collect();
        for (at, pair) in words.chunks(2).enumerate() {
            let &[stop, time] = pair else { return Err("a stop has no time; write - for none") };
            let (time, timepoint) = time.strip_suffix('*').map_or((time, 0), |time| (time, 1));
            let (arrival, departure) =
                if time == "-" { ("", "") } else { time.split_once('-').unwrap_or((time, time)) };
            let (arrival, departure) = (clock(arrival), clock(departure));
            self.row(
                "stop_times.txt",
                format_args!("{id},{},{stop},{arrival},{departure},{timepoint}", at + 1),
            );
        }
        Ok(())
    }

    fn text(mut self) -> String {
        if !self.services {
            self.service("daily", std::iter::once(EVERY_DAY));
        }
        let mut text = format!(
            "# agency.txt\nagency_id,agency_name,agency_url,agency_timezone\nA,Fixture,https://example.org,{}\n",
            self.zone
        );
        for (file, header) in HEADERS {
            if let Some(rows) = self.rows.get(file) {
                let _ = writeln!(text, "# {file}\n{header}\n{}", rows.trim_end());
            }
        }
        text
    }
}

/// `HH:MM` with its seconds.
fn clock(time: &str) -> String {
    if time.len() > 5 || time.is_empty() { time.to_owned() } else { format!("{time}:00") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ServiceTime;

    #[test]
    fn a_fixture_is_read_as_the_feed_that_it_describes() {
        let timetable = timetable(
            "stop A 0 0\nstop B 500 0\nshape s 0,0 500,0\nroute R ferry\n\
             trip t route=R shape=s block=7 : A 08:00 B 08:02-08:03*",
        )
        .unwrap();
        let trip = timetable.trip("t", None).unwrap();
        assert_eq!(timetable.trips[trip.at()].start, ServiceTime(8 * 3600));
        assert_eq!(
            timetable.times(trip).iter().map(|t| (t.arrival_s, t.departure_s)).collect::<Vec<_>>(),
            [(0, 0), (120, 180)]
        );
        let calls = timetable.calls(timetable.trips[trip.at()].pattern);
        assert!((calls[1].along_m - 500.0).abs() < 0.1, "{}", calls[1].along_m);
        assert!(calls[1].timepoint && !calls[0].timepoint);
    }

    #[test]
    fn a_mistake_in_a_fixture_names_its_line() {
        assert_eq!(
            timetable("stop A 0 0\nstop B here").unwrap_err().to_string(),
            "line 2: write: stop ID EAST NORTH: stop B here"
        );
        let unknown = timetable("stop A 0 0\nroute R\ntrip t route=R : A 08:00 X 08:01").unwrap_err();
        assert!(
            unknown.to_string().contains("foreign_key_violation")
                || unknown.to_string().contains("no_usable_trip"),
            "{unknown}"
        );
    }
}
