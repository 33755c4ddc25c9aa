//! What one ping costs the core: match, visits, predictions, board changes, and its share of the
//! ticks, over a recorded day and over a made-up fleet of 10,000 vehicles.
//!
//! `cargo bench -p tracking` prints nanoseconds on the processor per ping (Linux: from
//! /proc/thread-self/schedstat, so that other programs do not count), and by the clock what 99 of 100
//! pings take by themselves. The goals are 5,000 and 50,000. `-- recorded` or `-- fleet` runs one of the
//! two, `-- fleet 1` once only.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark prints and measures time")]

mod fleet;

use fleet::{LINES, VEHICLES, bare};
use gtfs::{Source, Timestamp, Timetable};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracking::replay::Recording;
use tracking::{Effect, Event, Ping, Tracker};

/// Part of the pings before the fleet is heard whole and the measuring begins.
const WARM_UP_SHARE: f64 = 0.2;

/// How often each is run.
const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let rounds = words.iter().find_map(|word| word.parse().ok()).unwrap_or(ROUNDS);
    let wanted = |name: &str| words.iter().all(|word| word == name || word.parse::<usize>().is_ok());
    match shared().filter(|_| wanted("recorded")) {
        Some(shared) => recorded(&shared.join("wmata_2026-02-16"), rounds)?,
        None => println!("skipped: the recorded day, not asked for or ../shared/data is absent"),
    }
    if wanted("fleet") { made_up(rounds) } else { Ok(()) }
}

fn made_up(rounds: usize) -> Result<(), Box<dyn std::error::Error>> {
    let timetable = fleet::timetable()?;
    let pings = fleet::pings(&timetable)?;
    for _ in 0..rounds {
        let name = format!("a made-up fleet of {} vehicles, a ping each 5 s", LINES * VEHICLES);
        run(&name, &timetable, &pings, (pings.len() as f64 * WARM_UP_SHARE) as usize);
    }
    Ok(())
}

/// The folder of recordings: `PADRIEW_SHARED`, else `shared/data` beside a folder above.
fn shared() -> Option<PathBuf> {
    let given = std::env::var_os("PADRIEW_SHARED").map(PathBuf::from);
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/data"));
    given.into_iter().chain(above).find(|folder| folder.join("README.md").exists())
}

fn recorded(folder: &Path, rounds: usize) -> Result<(), Box<dyn std::error::Error>> {
    let timetable = Arc::new(gtfs::load(Source::Path(&folder.join("gtfs.zip")))?.timetable);
    let recording = Recording::read(std::fs::File::open(folder.join("vehicle_locations.csv"))?)?;
    let pings: Vec<Ping> = recording.rows.iter().map(|row| ping(&row.vehicle, row)).collect();
    for _ in 0..rounds {
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

/// Steps through the pings and the ticks between them; prints what a ping cost after the warm-up.
fn run(name: &str, timetable: &Arc<Timetable>, pings: &[Ping], warm_up: usize) {
    let mut tracker = Tracker::new(Arc::clone(timetable));
    let mut effects: Vec<Effect> = Vec::new();
    let (mut wake, mut told, mut ticks) = (None, [0u64; 3], 0u64);
    let mut each_ns: Vec<u64> = Vec::with_capacity(pings.len());
    if let Some(first) = pings.first() {
        tracker.step(first.received, Event::Tick, &mut effects);
        take(&mut effects, &mut wake, &mut [0; 3]);
    }
    let (mut begun, mut clock) = (on_cpu(), Instant::now());
    for (at, ping) in pings.iter().enumerate() {
        if at == warm_up {
            (begun, clock, told, ticks) = (on_cpu(), Instant::now(), [0; 3], 0);
            each_ns.clear();
        }
        while let Some(at) = wake.filter(|at| *at <= ping.received) {
            wake = None;
            ticks += 1;
            tracker.step(at, Event::Tick, &mut effects);
            take(&mut effects, &mut wake, &mut told);
        }
        let stepped = Instant::now();
        tracker.step(ping.received, Event::Ping(ping.clone()), &mut effects);
        each_ns.push(stepped.elapsed().as_nanos() as u64);
        take(&mut effects, &mut wake, &mut told);
    }
    let took = on_cpu().zip(begun).map_or(clock.elapsed(), |(now, then)| now - then);
    let measured = pings.len().saturating_sub(warm_up).max(1);
    let mean_ns = took.as_nanos() as f64 / measured as f64;
    each_ns.sort_unstable();
    let p99_ns = each_ns.get(each_ns.len() * 99 / 100).copied().unwrap_or_default();
    println!(
        "{name}: {mean_ns:.0} ns a ping, 99 % of them below {p99_ns} ns without ticks ({measured} pings, {ticks} ticks; told {} trip updates, {} boards, {} other)",
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
