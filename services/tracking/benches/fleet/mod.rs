//! A made-up network of 300 lines and a fleet of 10,200 vehicles on it, all under way at noon.
//!
//! Shared by the benchmark of a ping and the example that counts memory. Nothing here is measured.

use gtfs::{Source, Timestamp, Timetable};
use std::error::Error;
use std::fmt::Write;
use std::sync::Arc;
use tracking::{Claim, Ping, Provenance, Tier};

/// Lines of the made-up network, each with its own shape.
pub(crate) const LINES: usize = 300;
/// Stops of a line.
const STOPS: usize = 45;
/// Metres between two stops; eleven shape points lie between them.
const STOP_GAP_M: f64 = 400.0;
/// Seconds between two stops.
const STOP_GAP_S: usize = 80;
/// Vehicles on each line.
pub(crate) const VEHICLES: usize = 34;
/// Seconds between two pings of a vehicle.
const PERIOD_S: usize = 5;
/// Simulated seconds.
const LASTS_S: usize = 90;

/// The network.
pub(crate) fn timetable() -> Result<Arc<Timetable>, Box<dyn Error>> {
    Ok(Arc::new(gtfs::load(Source::Text(&network()?))?.timetable))
}

/// What the fleet sends, in order of time.
pub(crate) fn pings(timetable: &Timetable) -> Result<Vec<Ping>, Box<dyn Error>> {
    let day = gtfs::ServiceDay::parse("20261120").ok_or("no such day")?;
    let noon = day.at(timetable.tz, gtfs::ServiceTime(12 * 3600));
    let mut pings = Vec::new();
    for second in 0..LASTS_S {
        for vehicle in (0..LINES * VEHICLES).filter(|vehicle| vehicle % PERIOD_S == second % PERIOD_S) {
            let (line, nth) = (vehicle / VEHICLES, vehicle % VEHICLES);
            let under_way_s = (nth * STOPS * STOP_GAP_S / VEHICLES + second) as f64;
            let along_m = under_way_s / STOP_GAP_S as f64 * STOP_GAP_M;
            let (east_m, north_m) = place(line, along_m);
            let (lat, lon) = gtfs::fixture::lat_lon(east_m, north_m);
            let name: Arc<str> = Arc::from(format!("v{vehicle}"));
            let claim =
                Claim { trip: Some(Arc::from(format!("t{line}-{nth}"))), day: Some(day), ..Claim::default() };
            let at = noon.plus_s(second as f64 + vehicle as f64 / 50_000.0);
            pings.push(Ping { claim, speed_mps: Some(5.0), ..bare(&name, at, lat, lon) });
        }
    }
    Ok(pings)
}

/// A ping that says only where and when.
pub(crate) fn bare(vehicle: &Arc<str>, t: Timestamp, lat: f64, lon: f64) -> Ping {
    Ping {
        vehicle: Arc::clone(vehicle),
        t,
        received: t,
        lat,
        lon,
        speed_mps: None,
        heading_deg: None,
        accuracy_m: None,
        hdop: None,
        odometer_m: None,
        claim: Claim::default(),
        door_open: None,
        passengers: None,
        occupancy: None,
        ev: None,
        provenance: Provenance::Gps,
        tier: Tier::Signed,
    }
}

/// Metres east and north of a point of a line: rows of gentle waves, so that shapes bend.
fn place(line: usize, along_m: f64) -> (f64, f64) {
    let (row, column) = ((line / 10) as f64, (line % 10) as f64);
    (along_m + 600.0 * column, 700.0 * row + 40.0 * column + 25.0 * (along_m / 150.0).sin())
}

/// The made-up network as GTFS text: at noon every trip is somewhere along its line.
fn network() -> Result<String, std::fmt::Error> {
    let mut feed = String::from(
        "# agency.txt\nagency_id,agency_name,agency_url,agency_timezone\na,A,http://a,Asia/Bangkok\n",
    );
    feed += "# calendar.txt\nservice_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\nd,1,1,1,1,1,1,1,20260101,20261231\n";
    let (mut routes, mut stops, mut shapes) = (String::new(), String::new(), String::new());
    let (mut trips, mut times) = (String::new(), String::new());
    for line in 0..LINES {
        writeln!(routes, "r{line},a,{line},3")?;
        for stop in 0..STOPS {
            let (east_m, north_m) = place(line, stop as f64 * STOP_GAP_M);
            let (lat, lon) = gtfs::fixture::lat_lon(east_m, north_m);
            writeln!(stops, "s{line}-{stop},S{stop},{lat:.6},{lon:.6}")?;
        }
        for point in 0..=(STOPS - 1) * 11 {
            let (east_m, north_m) = place(line, point as f64 / 11.0 * STOP_GAP_M);
            let (lat, lon) = gtfs::fixture::lat_lon(east_m, north_m);
            writeln!(shapes, "p{line},{lat:.6},{lon:.6},{point}")?;
        }
        for nth in 0..VEHICLES {
            writeln!(trips, "r{line},d,t{line}-{nth},p{line}")?;
            let start_s = 12 * 3600 - nth * STOPS * STOP_GAP_S / VEHICLES;
            for stop in 0..STOPS {
                let at_s = start_s + stop * STOP_GAP_S;
                let clock = format!("{:02}:{:02}:{:02}", at_s / 3600, at_s / 60 % 60, at_s % 60);
                writeln!(times, "t{line}-{nth},{clock},{clock},s{line}-{stop},{stop}")?;
            }
        }
    }
    write!(feed, "# routes.txt\nroute_id,agency_id,route_short_name,route_type\n{routes}")?;
    write!(feed, "# stops.txt\nstop_id,stop_name,stop_lat,stop_lon\n{stops}")?;
    write!(feed, "# shapes.txt\nshape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n{shapes}")?;
    write!(feed, "# trips.txt\nroute_id,service_id,trip_id,shape_id\n{trips}")?;
    write!(feed, "# stop_times.txt\ntrip_id,arrival_time,departure_time,stop_id,stop_sequence\n{times}")?;
    Ok(feed)
}
