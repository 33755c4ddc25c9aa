//! What one ping costs the core: match, visits, predictions, board changes, and its share of the
//! ticks, over a recorded day and over a made-up fleet of 10,000 vehicles.
//!
//! `cargo bench -p tracking` prints nanoseconds on the processor per ping (Linux: from
//! /proc/thread-self/schedstat, so that other programs do not count). The goal is under 5,000.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark prints and measures time")]

use gtfs::{Source, Timestamp, Timetable};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracking::replay::Recording;
use tracking::{Claim, Effect, Event, Ping, Provenance, Tier, Tracker};

/// Lines of the made-up network, each with its own shape.
const LINES: usize = 300;
/// Stops of a line.
const STOPS: usize = 45;
/// Metres between two stops; eleven shape points lie between them.
const STOP_GAP_M: f64 = 400.0;
/// Seconds between two stops.
const STOP_GAP_S: usize = 80;
/// Vehicles on each line.
const VEHICLES: usize = 34;
/// Seconds between two pings of a vehicle.
const PERIOD_S: usize = 5;
/// Simulated seconds.
const LASTS_S: usize = 90;
/// Of those, before the fleet is heard whole and the measuring begins.
const WARM_UP_S: usize = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match shared() {
        Some(shared) => recorded(&shared.join("wmata_2026-02-16"))?,
        None => println!("skipped: the recorded day, because ../shared/data is absent"),
    }
    fleet()
}

/// The folder of recordings: `PADRIEW_SHARED`, else `shared/data` beside a folder above.
fn shared() -> Option<PathBuf> {
    let given = std::env::var_os("PADRIEW_SHARED").map(PathBuf::from);
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/data"));
    given.into_iter().chain(above).find(|folder| folder.join("README.md").exists())
}

fn recorded(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let timetable = Arc::new(gtfs::load(Source::Path(&folder.join("gtfs.zip")))?.timetable);
    let recording = Recording::read(std::fs::File::open(folder.join("vehicle_locations.csv"))?)?;
    let pings: Vec<Ping> = recording.rows.iter().map(|row| ping(&row.vehicle, row)).collect();
    for _ in 0..3 {
        run("WMATA, a recorded afternoon of 31 buses", &timetable, &pings, 0);
    }
    Ok(())
}

fn ping(vehicle: &Arc<str>, row: &tracking::replay::Row) -> Ping {
    Ping {
        speed_mps: row.report.speed_mps.map(|v| v as f32),
        heading_deg: row.report.heading_deg.map(|v| v as f32),
        claim: row.report.claim.clone(),
        ..bare(vehicle, row.received, row.report.lat, row.report.lon)
    }
}

fn bare(vehicle: &Arc<str>, t: Timestamp, lat: f64, lon: f64) -> Ping {
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

/// Steps through the pings and the ticks between them; prints what a ping cost after the warm-up.
fn run(name: &str, timetable: &Arc<Timetable>, pings: &[Ping], warm_up: usize) {
    let mut tracker = Tracker::new(Arc::clone(timetable));
    let mut effects: Vec<Effect> = Vec::new();
    let (mut wake, mut told, mut ticks) = (None, [0u64; 3], 0u64);
    if let Some(first) = pings.first() {
        tracker.step(first.received, Event::Tick, &mut effects);
        take(&mut effects, &mut wake, &mut [0; 3]);
    }
    let (mut begun, mut clock) = (on_cpu(), Instant::now());
    for (at, ping) in pings.iter().enumerate() {
        if at == warm_up {
            (begun, clock, told, ticks) = (on_cpu(), Instant::now(), [0; 3], 0);
        }
        while let Some(at) = wake.filter(|at| *at <= ping.received) {
            wake = None;
            ticks += 1;
            tracker.step(at, Event::Tick, &mut effects);
            take(&mut effects, &mut wake, &mut told);
        }
        tracker.step(ping.received, Event::Ping(ping.clone()), &mut effects);
        take(&mut effects, &mut wake, &mut told);
    }
    let took = on_cpu().zip(begun).map_or(clock.elapsed(), |(now, then)| now - then);
    let measured = pings.len().saturating_sub(warm_up).max(1);
    let each_ns = took.as_nanos() as f64 / measured as f64;
    println!(
        "{name}: {each_ns:.0} ns a ping ({measured} pings, {ticks} ticks; told {} trip updates, {} boards, {} other)",
        told[0], told[1], told[2]
    );
}

/// Time this thread has spent on a processor, where the system says.
fn on_cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

fn take(effects: &mut Vec<Effect>, wake: &mut Option<Timestamp>, told: &mut [u64; 3]) {
    for effect in effects.drain(..) {
        match effect {
            Effect::WakeAt(t) => *wake = Some(t),
            Effect::TripUpdate(_) => told[0] += 1,
            Effect::Board(..) => told[1] += 1,
            _ => told[2] += 1,
        }
    }
}

/// Metres east and north of a point of a line: rows of gentle waves, so that shapes bend.
fn place(line: usize, along_m: f64) -> (f64, f64) {
    let (row, column) = ((line / 10) as f64, (line % 10) as f64);
    (along_m + 600.0 * column, 700.0 * row + 40.0 * column + 25.0 * (along_m / 150.0).sin())
}

fn fleet() -> Result<(), Box<dyn std::error::Error>> {
    let timetable = Arc::new(gtfs::load(Source::Text(&network()?))?.timetable);
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
    let warm_up = WARM_UP_S * LINES * VEHICLES / PERIOD_S;
    for _ in 0..2 {
        run("a made-up fleet of 10,200 vehicles, a ping each 5 s", &timetable, &pings, warm_up);
    }
    Ok(())
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
