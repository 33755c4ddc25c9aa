//! `load pings`: how many pings a second get onto the disk, and how far that is from the possible.

use crate::batches::{Device, signed};
use crate::child::{Server, free_address};
use crate::database::Scratch;
use crate::http::Connection;
use crate::output::{grouped, machine, median, progress, say};
use crate::raw_insert::RawInsert;
use crate::{devices, serve};
use anyhow::{Context as _, ensure};
use server::clock::Clock;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// The pings of a round span this much device time, and begin this long ago: all are live.
const SPAN_S: f64 = 30.0;
const BEGIN_AGO_S: f64 = 40.0;
/// Goal G1: this share of the slower baseline (floor, ambition).
const GOAL: (f64, f64) = (0.50, 0.85);

/// Durable pings per second, beside parsing alone and inserting alone.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// `sqlite`, or the URL of a PostgreSQL server on this machine (a database is made there and removed)
    #[arg(long, default_value = "sqlite")]
    database: String,
    /// The program under test; by default the one beside this program
    #[arg(long)]
    padriew: Option<PathBuf>,
    /// Rounds of each kind; the median counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Pings in a round
    #[arg(long, default_value_t = 400_000)]
    pings: usize,
    /// Pings in a request
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=500))]
    batch: u16,
    /// Devices, each with a connection of its own
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000))]
    devices: u16,
}

#[derive(Default)]
struct Figures {
    parse: Vec<f64>,
    insert: Vec<f64>,
    ours: Vec<f64>,
    cpu_us: Vec<f64>,
}

/// Measures and prints.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let scratch = Scratch::make(&args.database).await?;
    let outcome = measure(&args, &scratch).await;
    let words = scratch.words();
    scratch.remove().await?;
    print(&args, words, &outcome?);
    Ok(())
}

async fn measure(args: &Args, scratch: &Scratch) -> anyhow::Result<Figures> {
    progress(&format!("registering {} devices", args.devices));
    let mut devices = devices::register(scratch, usize::from(args.devices)).await?;
    let padriew = args.padriew.clone().unwrap_or_else(serve::beside_us);
    let server = serve::start(&padriew, scratch).await?;
    let address = free_address()?;
    let us = std::env::current_exe()?;
    let listen = ["baseline", "--listen", &address.to_string()].map(str::to_owned);
    let bare = Server::start(&us, &listen, address, "/readyz").await?;
    let mut raw = RawInsert::open(scratch).await?;

    let mut figures = Figures::default();
    for round in 1..=args.rounds {
        let parse = post_round(args, bare.address, &mut devices.clone()).await?;
        // A boot that no device has: the rows stand beside theirs in the same table.
        let insert = raw.round(-(round as i64), args.pings).await?;
        let cpu_before_s = server.cpu_s()?;
        let ours = post_round(args, server.address, &mut devices).await?;
        let cpu_us = (server.cpu_s()? - cpu_before_s) * 1e6 / args.pings as f64;
        progress(&format!(
            "round {round} of {}: parse only {}, raw insert {}, padriew {} pings/s",
            args.rounds,
            grouped(parse),
            grouped(insert),
            grouped(ours)
        ));
        figures.parse.push(parse);
        figures.insert.push(insert);
        figures.ours.push(ours);
        figures.cpu_us.push(cpu_us);
    }
    Ok(figures)
}

/// Posts one round to `address` over one connection per device; pings per second.
async fn post_round(args: &Args, address: SocketAddr, devices: &mut [Device]) -> anyhow::Result<f64> {
    let batch = usize::from(args.batch);
    let per_device = (args.pings / devices.len() / batch).max(1);
    let now = Clock::system().now();
    let step_s = SPAN_S / (per_device * batch) as f64;
    // Everything is made, and every connection open, before the clock starts.
    let mut prepared = Vec::with_capacity(devices.len());
    for device in devices.iter_mut() {
        let mut requests = Vec::with_capacity(per_device);
        for at in 0..per_device {
            let first = now.plus_s(-BEGIN_AGO_S + (at * batch) as f64 * step_s);
            let body = device.body(batch, first, step_s);
            requests.push(signed(&device.key, now, &body)?);
        }
        prepared.push((Connection::open(address).await?, requests));
    }
    let mut tasks = JoinSet::new();
    let begun = Instant::now();
    for (connection, requests) in prepared {
        tasks.spawn(post_all(connection, requests));
    }
    let mut sent = 0;
    while let Some(done) = tasks.join_next().await {
        sent += done.context("a client panicked")?? * batch;
    }
    Ok(sent as f64 / begun.elapsed().as_secs_f64())
}

async fn post_all(mut connection: Connection, requests: Vec<Vec<u8>>) -> anyhow::Result<usize> {
    let count = requests.len();
    for request in requests {
        let answer = connection.exchange(&request).await?;
        let body = String::from_utf8_lossy(&answer.body);
        ensure!(answer.status == 200, "status {}: {body}", answer.status);
        ensure!(!body.contains("\"rej\":[{"), "a made-up ping was refused: {body}");
    }
    Ok(count)
}

fn print(args: &Args, database: &str, figures: &Figures) {
    let (parse, insert, ours) = (median(&figures.parse), median(&figures.insert), median(&figures.ours));
    let slower = parse.min(insert);
    let ratio = ours / slower;
    say(&format!("Durable pings through POST /v1/pings, signed batches of {}, {database}", args.batch));
    say(&format!(
        "{}; {} devices, {} pings a round, median of {}",
        machine(),
        args.devices,
        args.pings,
        args.rounds
    ));
    say("");
    say("                                          pings/s   of slower baseline");
    say(&format!("  B1 parse only, same body, no store  {:>12}   {:.2}", grouped(parse), parse / slower));
    say(&format!("  B2 raw insert, 512 rows a commit    {:>12}   {:.2}", grouped(insert), insert / slower));
    say(&format!("  padriew, acknowledged = on disk     {:>12}   {ratio:.2}", grouped(ours)));
    say("");
    say(&format!("  server processor time per ping: {:.1} us", median(&figures.cpu_us)));
    let verdict = if ratio >= GOAL.1 {
        "meets the ambition"
    } else if ratio >= GOAL.0 {
        "meets the floor"
    } else {
        "is below the floor"
    };
    say(&format!(
        "  goal G1 is {:.2} (floor) to {:.2} of the slower baseline: {ratio:.2} {verdict}",
        GOAL.0, GOAL.1
    ));
}
