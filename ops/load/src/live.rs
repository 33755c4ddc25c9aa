//! `load live`: boards under load, and what an idle panel costs.

use crate::child::Server;
use crate::database::Scratch;
use crate::drive::{self, Driver};
use crate::output::{grouped, machine, progress, quantile, say};
use crate::panels::{self, Seen, Watch};
use crate::town::{self, BUSES, LINES, STOPS};
use crate::{devices, serve};
use anyhow::Context as _;
use server::clock::Clock;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Time for memory to settle after panels have connected.
const SETTLE: Duration = Duration::from_secs(2);
/// Files that a run needs beside its panels.
const SPARE_FILES: u64 = 1_500;
/// Goals G7 and G8: bytes per idle panel; milliseconds, floor.
const GOAL_IDLE_BYTES: f64 = 12.0 * 1024.0;
const GOAL_P99_MS: f64 = 250.0;

/// Ping to panel frame under load, and memory per panel.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Panels that are open while pings come
    #[arg(long, default_value_t = 2_000)]
    panels: usize,
    /// Pings a second: from 400 buses on the road every 4 s each, the rest from parked ones every second
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(100..=10_000))]
    pings: u64,
    /// How long, seconds
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(10..=200))]
    seconds: u64,
    /// Numbers of idle panels whose memory is measured
    #[arg(long, value_delimiter = ',', default_values_t = [2_000, 5_000])]
    idle: Vec<usize>,
    /// `sqlite`, or the URL of a PostgreSQL server on this machine (a database is made there and removed)
    #[arg(long, default_value = "sqlite")]
    database: String,
    /// The program under test; by default the one beside this program
    #[arg(long)]
    padriew: Option<PathBuf>,
}

struct Figures {
    idle: Vec<(usize, f64)>,
    seen: Seen,
    answered: u64,
    took_s: f64,
    cpu_share: f64,
}

/// Measures and prints.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let scratch = Scratch::make(&args.database).await?;
    let words = scratch.words();
    let outcome = measure(&args, &scratch).await;
    scratch.remove().await?;
    print(&args, words, &outcome?);
    Ok(())
}

async fn measure(args: &Args, scratch: &Scratch) -> anyhow::Result<Figures> {
    // A bus on the road is a quarter of a ping a second.
    let on_road = LINES * BUSES;
    let vehicles = args.pings as usize + on_road - on_road / drive::BUS_PERIOD_S as usize;
    progress(&format!("registering {vehicles} devices"));
    let registered = devices::register(scratch, vehicles).await?;
    let padriew = args.padriew.clone().unwrap_or_else(serve::beside_us);
    let stops: Vec<String> = (0..LINES * STOPS).map(|at| town::stop_id(at / STOPS, at % STOPS)).collect();
    let idle = measure_idle(args, scratch, &padriew, &stops).await?;

    let now = Clock::system().now();
    let buses = town::buses(now);
    town::write_feed(&scratch.folder().join("feed"), &buses, now)?;
    let server = serve::start(&padriew, scratch).await?;
    let drivers = registered
        .into_iter()
        .enumerate()
        .map(|(at, device)| Driver { device, bus: buses.get(at).copied() })
        .collect();
    progress(&format!("opening {} panels", args.panels));
    let opened = panels::open(server.address, args.panels, &stops).await?;
    let watch = Arc::new(Watch::default());
    let _watching = panels::watch(opened, &watch);
    let cpu_before_s = server.cpu_s()?;
    let begun = Instant::now();
    let mut driving = drive::start(server.address, drivers, args.seconds, &watch).await?;
    progress(&format!("{} pings a second for {} s", args.pings, args.seconds));
    let mut answered = 0;
    while let Some(done) = driving.join_next().await {
        answered += done.context("a driver panicked")??;
    }
    let took_s = begun.elapsed().as_secs_f64();
    let cpu_share = (server.cpu_s()? - cpu_before_s) / took_s;
    Ok(Figures { idle, seen: watch.take(), answered, took_s, cpu_share })
}

/// Memory that idle panels add, per panel, on a fresh server each.
async fn measure_idle(
    args: &Args,
    scratch: &Scratch,
    padriew: &std::path::Path,
    stops: &[String],
) -> anyhow::Result<Vec<(usize, f64)>> {
    let now = Clock::system().now();
    town::write_feed(&scratch.folder().join("feed"), &town::buses(now), now)?;
    let mut idle = Vec::new();
    for &count in &args.idle {
        if open_files_max() < count as u64 + SPARE_FILES {
            progress(&format!(
                "skipped: {count} idle panels need `ulimit -n {}`",
                count as u64 + SPARE_FILES
            ));
            continue;
        }
        let server = serve::start(padriew, scratch).await?;
        // The first panel of a stop makes its board: those stay open and are not counted.
        let _first = panels::open(server.address, stops.len(), stops).await?;
        tokio::time::sleep(SETTLE).await;
        idle.push((count, idle_bytes(&server, count, stops).await?));
        server.kill_9().await?;
    }
    Ok(idle)
}

async fn idle_bytes(server: &Server, count: usize, stops: &[String]) -> anyhow::Result<f64> {
    let before = server.resident_bytes()? as f64;
    progress(&format!("opening {count} idle panels"));
    let begun = Instant::now();
    let opened = panels::open(server.address, count, stops).await?;
    let per_s = count as f64 / begun.elapsed().as_secs_f64();
    tokio::time::sleep(SETTLE).await;
    let per_panel = (server.resident_bytes()? as f64 - before) / count as f64;
    progress(&format!("{} connected a second; {:.1} KB each", grouped(per_s), per_panel / 1024.0));
    drop(opened);
    Ok(per_panel)
}

/// The soft limit of open files of this process; the server inherits it.
fn open_files_max() -> u64 {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(1_024)
}

fn print(args: &Args, database: &str, figures: &Figures) {
    let ms = &figures.seen.latencies_ms;
    let (p50, p99) = (quantile(ms, 0.50), quantile(ms, 0.99));
    say(&format!("Boards under load, {database}"));
    say(&machine());
    say("");
    say(&format!(
        "  pings acknowledged        {:>10}   {:.0} a second ({} wanted)",
        grouped(figures.answered as f64),
        figures.answered as f64 / figures.took_s,
        args.pings
    ));
    say(&format!(
        "  panels, frames received   {:>10}   {:.0} frames a second, {:.0} bytes each",
        args.panels,
        figures.seen.frames as f64 / figures.took_s,
        figures.seen.bytes as f64 / figures.seen.frames.max(1) as f64
    ));
    say(&format!("  ping to frame, p50        {p50:>10.1} ms of {} samples", grouped(ms.len() as f64)));
    say(&format!("  ping to frame, p99        {p99:>10.1} ms   (goal {GOAL_P99_MS} ms)"));
    say(&format!("  server processor          {:>10.2} cores", figures.cpu_share));
    for (count, bytes) in &figures.idle {
        say(&format!(
            "  memory per idle panel     {:>10.1} KB  with {} panels (goal {:.0} KB)",
            bytes / 1024.0,
            grouped(*count as f64),
            GOAL_IDLE_BYTES / 1024.0
        ));
    }
    say("");
    say(
        "  Ping to frame: 400 buses pass a stop every 30 s. The sample is the time from before the last request",
    );
    say(
        "  of a bus is written until a panel has read the frame whose row says that it has left, for every panel",
    );
    say(
        "  of that stop. Signing is outside; HTTP, the commit to disk, tracking with its tick, and the hub's",
    );
    say("  limit of four frames a second and stop are inside. Memory is the growth of the server's RSS.");
}
