//! A town of one line whose timetable runs now, whatever the hour: six stops, 500 m apart, two
//! minutes from one to the next.

use chrono::{Days, NaiveDate};
use gtfs::{ServiceDay, ServiceTime, Timestamp};
use std::fmt::Write as _;
use std::path::Path;

/// Stops of the line.
pub(crate) const STOPS: u32 = 6;
/// Aimed seconds from one stop to the next.
pub(crate) const RUN_S: i32 = 120;
/// Latitude of the whole line; it runs east.
pub(crate) const LAT: f64 = 13.69;
const LON_FIRST: f64 = 101.05;
/// 500 m of longitude at [`LAT`].
const LON_STEP: f64 = 500.0 / 108_033.0;

/// The trip that the tests ride.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trip {
    /// Its service day.
    pub(crate) day: ServiceDay,
    /// Departure from the first stop.
    pub(crate) start: ServiceTime,
}

impl Trip {
    /// Left the first stop three minutes ago. Its service day is that of six hours ago, so that a test
    /// at midnight runs past 24:00 and not into another day.
    pub(crate) fn running_now() -> Self {
        let zone = chrono_tz::Asia::Bangkok;
        let day = ServiceDay::of(super::now().plus_s(-6.0 * 3600.0), zone);
        let since_s = super::now().since_s(day.start(zone)) as i32;
        Self { day, start: ServiceTime(since_s - 180) }
    }
}

/// Degrees east at `metres` along the line.
pub(crate) fn lon_at(metres: f64) -> f64 {
    LON_FIRST + LON_STEP * metres / 500.0
}

/// Aimed arrival at a stop (0 is the first).
pub(crate) fn aimed(trip: Trip, stop: u32) -> Timestamp {
    trip.day.at(chrono_tz::Asia::Bangkok, ServiceTime(trip.start.0 + RUN_S * stop as i32))
}

/// Writes the feed.
pub(crate) fn write(folder: &Path, trip: Trip) {
    std::fs::create_dir_all(folder).expect("a folder");
    let put = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
    put(
        "agency.txt",
        "agency_id,agency_name,agency_url,agency_timezone\nT,Test Town,https://example.org,Asia/Bangkok\n",
    );
    put("routes.txt", "route_id,agency_id,route_short_name,route_long_name,route_type\nR1,T,1,East Line,3\n");
    let until = trip.day.0.checked_add_days(Days::new(30)).unwrap_or(NaiveDate::MAX).format("%Y%m%d");
    put(
        "calendar.txt",
        &format!(
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n\
             ALL,1,1,1,1,1,1,1,{},{until}\n",
            trip.day
        ),
    );
    put("trips.txt", "route_id,service_id,trip_id,trip_headsign,direction_id\nR1,ALL,T1,East End,0\n");
    let mut stops = "stop_id,stop_name,stop_lat,stop_lon\n".to_owned();
    let mut times = "trip_id,arrival_time,departure_time,stop_id,stop_sequence,timepoint\n".to_owned();
    for stop in 0..STOPS {
        let time = ServiceTime(trip.start.0 + RUN_S * stop as i32);
        let _ = writeln!(stops, "S{stop},Stop {stop},{LAT},{:.6}", lon_at(500.0 * f64::from(stop)));
        let _ = writeln!(times, "T1,{time},{time},S{stop},{},0", stop + 1);
    }
    put("stops.txt", &stops);
    put("stop_times.txt", &times);
}
