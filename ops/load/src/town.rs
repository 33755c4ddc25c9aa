//! A made-up town for `load live`: straight lines, buses that are on time, all of them on the road now.
//!
//! The sample network sleeps at night; this one is made for the moment of the run.

use gtfs::Timestamp;
use std::fmt::Write as _;
use std::path::Path;

/// Lines, stops on each, buses on each.
pub(crate) const LINES: usize = 20;
/// Stops on each line.
pub(crate) const STOPS: usize = 50;
/// Buses on each line.
pub(crate) const BUSES: usize = 20;
/// Metres between stops.
const STOP_GAP_M: f64 = 300.0;
/// Seconds between stops: ten metres a second.
const STOP_GAP_S: i64 = 30;
/// The first bus of a line has this much of its trip left, seconds.
const LEFT_S_MIN: i64 = 240;
/// South-west corner, degrees.
const CORNER: (f64, f64) = (13.50, 101.00);
/// Degrees of longitude per metre at that latitude, near enough.
const EAST_DEG_PER_M: f64 = 1.0 / 108_120.0;

/// A bus on its trip.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bus {
    line: usize,
    number: usize,
    start: Timestamp,
}

/// stop_id.
pub(crate) fn stop_id(line: usize, stop: usize) -> String {
    format!("l{line}s{stop}")
}

/// All buses, as they stand around `now`.
pub(crate) fn buses(now: Timestamp) -> Vec<Bus> {
    let trip_s = STOP_GAP_S * (STOPS as i64 - 1);
    let gap_s = (trip_s - LEFT_S_MIN) / BUSES as i64;
    let whole = now.s();
    (0..LINES * BUSES)
        .map(|at| {
            let (line, number) = (at / BUSES, at % BUSES);
            Bus { line, number, start: Timestamp::from_s(whole - number as i64 * gap_s) }
        })
        .collect()
}

impl Bus {
    /// trip_id.
    pub(crate) fn trip(&self) -> String {
        format!("l{}b{}", self.line, self.number)
    }

    /// Latitude and longitude at `t`.
    pub(crate) fn place(&self, t: Timestamp) -> (f64, f64) {
        let speed_mps = STOP_GAP_M / STOP_GAP_S as f64;
        let length_m = STOP_GAP_M * (STOPS - 1) as f64;
        let along_m = (t.since_s(self.start) * speed_mps).clamp(0.0, length_m);
        (CORNER.0 + self.line as f64 * 0.01, CORNER.1 + along_m * EAST_DEG_PER_M)
    }
}

/// Writes the feed of these buses into `folder`. Its service day began at `day_start` (UTC midnight).
pub(crate) fn write_feed(folder: &Path, buses: &[Bus], now: Timestamp) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let day_s = now.s().div_euclid(86_400) * 86_400;
    let date = Timestamp::from_s(day_s).utc().unwrap_or_default().format("%Y%m%d").to_string();
    let mut stops = "stop_id,stop_name,stop_lat,stop_lon\n".to_owned();
    let mut routes = "route_id,agency_id,route_short_name,route_type\n".to_owned();
    let mut trips = "route_id,service_id,trip_id\n".to_owned();
    let mut times = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n".to_owned();
    // Writing to a string can not fail.
    for line in 0..LINES {
        let _ = writeln!(routes, "r{line},a,{line},3");
        for stop in 0..STOPS {
            let (lat, lon) =
                (CORNER.0 + line as f64 * 0.01, CORNER.1 + stop as f64 * STOP_GAP_M * EAST_DEG_PER_M);
            let _ = writeln!(stops, "{0},Stop {0},{lat:.6},{lon:.6}", stop_id(line, stop));
        }
    }
    for bus in buses {
        let _ = writeln!(trips, "r{},today,{}", bus.line, bus.trip());
        for stop in 0..STOPS {
            // A day may have begun while the first buses were out: they run on the day before.
            let s = bus.start.s() - day_s + 86_400 + stop as i64 * STOP_GAP_S;
            let time = format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
            let _ = writeln!(times, "{},{time},{time},{},{}", bus.trip(), stop_id(bus.line, stop), stop + 1);
        }
    }
    let yesterday = Timestamp::from_s(day_s - 86_400).utc().unwrap_or_default().format("%Y%m%d").to_string();
    let agency = "agency_id,agency_name,agency_url,agency_timezone\na,Load,https://example.org,Etc/UTC\n";
    let dates = format!("service_id,date,exception_type\ntoday,{yesterday},1\n");
    let info = format!(
        "feed_publisher_name,feed_publisher_url,feed_lang,feed_start_date,feed_end_date\nload,https://example.org,en,{yesterday},{date}\n"
    );
    for (name, text) in [
        ("agency.txt", agency),
        ("stops.txt", &stops),
        ("routes.txt", &routes),
        ("trips.txt", &trips),
        ("stop_times.txt", &times),
        ("calendar_dates.txt", &dates),
        ("feed_info.txt", &info),
    ] {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_made_up_town_loads_and_every_bus_is_on_its_way() {
        let now = Timestamp::from_s(1_795_136_525);
        let fleet = buses(now);
        let folder = tempfile::tempdir().unwrap();
        write_feed(folder.path(), &fleet, now).unwrap();
        let loaded = gtfs::load(gtfs::Source::Path(folder.path())).unwrap();
        assert_eq!(loaded.findings.count(gtfs::Severity::Error), 0);
        assert_eq!(loaded.timetable.trips.len(), LINES * BUSES);
        let end_deg = CORNER.1 + (STOPS - 1) as f64 * STOP_GAP_M * EAST_DEG_PER_M;
        assert!(fleet.iter().all(|bus| bus.place(now.plus_s(200.0)).1 < end_deg));
    }
}
