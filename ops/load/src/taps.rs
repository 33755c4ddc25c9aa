//! `load taps`: how many taps a second get onto the disk, how long a rider waits, how fast all are read again.

use crate::child::Server;
use crate::database::Scratch;
use crate::http::Connection;
use crate::output::{grouped, machine, median, progress, quantile, say};
use crate::serve;
use crate::tap_baselines::Baseline;
use crate::tap_ledger;
use crate::terminals::{self, Terminal};
use anyhow::{Context as _, ensure};
use std::path::PathBuf;
use std::time::Duration;
use store::{Access, Db};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Goal of the fares design, section 18: share of B1 (floor, ambition).
const GOAL: (f64, f64) = (0.5, 1.0);
/// Goal for the wait of a rider at the 99th percentile, milliseconds (ambition, floor).
const GOAL_P99_MS: (f64, f64) = (10.0, 15.0);
/// Taps read at a time in the catch-up.
const PAGE_TAPS: u32 = 4_000;

/// Durable taps per second, the wait of a rider, and reading all taps again.
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
    /// Taps in a round
    #[arg(long, default_value_t = 400_000)]
    taps: usize,
    /// Taps in a request
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=500))]
    batch: u16,
    /// Terminals, each with a connection of its own
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000))]
    terminals: u16,
    /// Single taps a second, for the wait of a rider
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(100..=5000))]
    single: u32,
    /// How long, seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=60))]
    seconds: u32,
}

#[derive(Default)]
struct Figures {
    by_name: Vec<f64>,
    appended: Vec<f64>,
    ours: Vec<f64>,
    cpu_us: Vec<f64>,
    wait_ms: Vec<f64>,
    read: f64,
    stored: i64,
    priced: Option<f64>,
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
    progress(&format!("registering {} terminals", args.terminals));
    let mut terminals = terminals::register_all(scratch, usize::from(args.terminals)).await?;
    let padriew = args.padriew.clone().unwrap_or_else(serve::beside_us);
    let server = serve::start(&padriew, scratch).await?;
    let mut baseline = Baseline::open(scratch).await?;
    let mut figures = Figures::default();
    let (batch, count) = (usize::from(args.batch), terminals.len());
    for round in 0..args.rounds {
        let seq = (round * args.taps) as i64;
        let by_name = baseline.round("b1", args.taps, batch, count, seq).await?;
        let appended = baseline.round("b2", args.taps, batch, count, seq).await?;
        let cpu_before_s = server.cpu_s()?;
        let ours = post_round(args, &server, &mut terminals).await?;
        figures.cpu_us.push((server.cpu_s()? - cpu_before_s) * 1e6 / args.taps as f64);
        progress(&format!(
            "round {} of {}: B1 {}, B2 {}, padriew {} taps/s",
            round + 1,
            args.rounds,
            grouped(by_name),
            grouped(appended),
            grouped(ours)
        ));
        figures.by_name.push(by_name);
        figures.appended.push(appended);
        figures.ours.push(ours);
    }
    progress("waiting until the engine has priced and posted everything");
    figures.priced = tap_ledger::priced(scratch).await?;
    figures.wait_ms = single_taps(args, &server, &mut terminals).await?;
    server.kill_9().await?;
    (figures.stored, figures.read) = read_all(scratch).await?;
    Ok(figures)
}

/// Posts one round over one connection per terminal; taps per second.
async fn post_round(args: &Args, server: &Server, terminals: &mut [Terminal]) -> anyhow::Result<f64> {
    let batch = usize::from(args.batch);
    let per_terminal = (args.taps / terminals.len() / batch).max(1);
    // Everything is made, and every connection open, before the clock starts.
    let mut prepared = Vec::with_capacity(terminals.len());
    for terminal in terminals.iter_mut() {
        let requests: Vec<(Vec<u8>, i64)> =
            (0..per_terminal).map(|_| (terminal.prepared(batch), terminal.memory.last_seq())).collect();
        prepared.push((Connection::open(server.address).await?, requests));
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

async fn post_all(mut connection: Connection, requests: Vec<(Vec<u8>, i64)>) -> anyhow::Result<usize> {
    let count = requests.len();
    for (request, last) in requests {
        acknowledged(&mut connection, &request, last).await?;
    }
    Ok(count)
}

async fn acknowledged(connection: &mut Connection, request: &[u8], last: i64) -> anyhow::Result<()> {
    let answer = connection.exchange(request).await?;
    let body = String::from_utf8_lossy(&answer.body);
    ensure!(answer.status == 200, "status {}: {body}", answer.status);
    ensure!(body.starts_with(&format!("{{\"ack\":{last},")), "not all is acknowledged: {body}");
    Ok(())
}

/// Posts single taps, evenly spread over every second; how long each answer took, milliseconds.
async fn single_taps(args: &Args, server: &Server, terminals: &mut [Terminal]) -> anyhow::Result<Vec<f64>> {
    let per_terminal_s = (args.single as usize / terminals.len()).max(1);
    let step = Duration::from_secs(1) / u32::try_from(per_terminal_s).unwrap_or(1);
    let each = per_terminal_s * args.seconds as usize;
    let begin = Instant::now() + Duration::from_secs(2);
    let mut tasks = JoinSet::new();
    for (at, terminal) in terminals.iter_mut().enumerate() {
        let requests: Vec<(Vec<u8>, i64)> =
            (0..each).map(|_| (terminal.prepared(1), terminal.memory.last_seq())).collect();
        let mut connection = Connection::open(server.address).await?;
        let first = begin + step.mul_f64(at as f64 * 0.618_034 % 1.0);
        tasks.spawn(async move {
            let mut waits_ms = Vec::with_capacity(requests.len());
            for (nth, (request, last)) in requests.into_iter().enumerate() {
                let due = first + step * u32::try_from(nth).unwrap_or_default();
                sleep_until(due).await;
                let begun = Instant::now();
                acknowledged(&mut connection, &request, last).await?;
                waits_ms.push(begun.elapsed().as_secs_f64() * 1e3);
            }
            anyhow::Ok(waits_ms)
        });
    }
    let mut all = Vec::new();
    while let Some(done) = tasks.join_next().await {
        all.extend(done.context("a client panicked")??);
    }
    Ok(all)
}

/// Reads every tap after a cursor, as the fare engine does; how many, and taps per second.
async fn read_all(scratch: &Scratch) -> anyhow::Result<(i64, f64)> {
    let db = Db::open(&scratch.url(), Access::Admin).await?;
    let (begun, mut cursor, mut count) = (Instant::now(), 0, 0_i64);
    loop {
        let taps = db.taps_after(cursor, PAGE_TAPS).await?;
        let Some((last, _)) = taps.last() else { break };
        cursor = *last;
        count += taps.len() as i64;
    }
    let per_s = count as f64 / begun.elapsed().as_secs_f64();
    ensure!(count == db.taps_newest().await?, "the ids of taps have holes");
    db.close().await;
    Ok((count, per_s))
}

fn print(args: &Args, database: &str, figures: &Figures) {
    let (b1, b2, ours) = (median(&figures.by_name), median(&figures.appended), median(&figures.ours));
    say(&format!("Durable taps through POST /v1/taps, signed batches of {}, {database}", args.batch));
    say(&format!(
        "{}; {} terminals, {} taps a round, median of {}",
        machine(),
        args.terminals,
        args.taps,
        args.rounds
    ));
    say("");
    say("                                                  taps/s   of B1");
    say(&format!(
        "  B1 raw insert, key (terminal, seq), {:>3} a commit {:>9}   1.00",
        args.batch,
        grouped(b1)
    ));
    say(&format!(
        "  B2 raw insert, appended, {:>3} a commit            {:>9}   {:.2}",
        args.batch,
        grouped(b2),
        b2 / b1
    ));
    say(&format!("  padriew, acknowledged = on disk                {:>9}   {:.2}", grouped(ours), ours / b1));
    say(&format!(
        "  reading them again after a cursor ({:>9}) {:>10}",
        grouped(figures.stored as f64),
        grouped(figures.read)
    ));
    match figures.priced {
        Some(priced) => say(&format!(
            "  priced and posted by the engine, catching up   {:>9}   {:.2}",
            grouped(priced),
            priced / b1
        )),
        None => say("  priced and posted by the engine: as they came"),
    }
    say("");
    say(&format!("  server processor time per tap: {:.1} us", median(&figures.cpu_us)));
    let (p50, p99) = (quantile(&figures.wait_ms, 0.5), quantile(&figures.wait_ms, 0.99));
    say(&format!(
        "  single taps, about {} a second for {} s: p50 {p50:.1} ms, p99 {p99:.1} ms, slowest {:.1} ms   (goal p99 {} to {} ms)",
        args.single,
        args.seconds,
        quantile(&figures.wait_ms, 1.0),
        GOAL_P99_MS.0,
        GOAL_P99_MS.1
    ));
    let ratio = ours / b1;
    let verdict = if ratio >= GOAL.1 {
        "meets the ambition"
    } else if ratio >= GOAL.0 {
        "meets the floor"
    } else {
        "is below the floor"
    };
    say(&format!("  goal {:.1} (floor) to {:.1} of B1: {ratio:.2} {verdict}", GOAL.0, GOAL.1));
}
