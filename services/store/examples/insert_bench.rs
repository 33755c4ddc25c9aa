//! Durable rows per second through the writer, beside a raw multi-row insert into the same table.
//!
//!     cargo run --release -p store --example insert_bench -- sqlite:/tmp/bench.db
//!     cargo run --release -p store --example insert_bench -- postgres://USER@HOST/NAME   (a scratch database)
//!
//! The raw insert (baseline B2) puts 512 rows in one statement and one commit, with the same durability and
//! columns, over one connection of its own; it keeps no windows, answers nobody and checks nothing. The runs
//! take turns, five times; the table shows medians, and each ratio is to B2.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its table and its progress")]

use gtfs::Timestamp;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::fmt::Write;
use std::sync::Arc;
use store::writer::{WriterLimits, writer};
use store::{Db, PingBatch, PingRow, StoreError, Verdict, Writer};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracking::check::Flags;
use tracking::{Claim, Ping, Provenance, Tier};

const ROUNDS: usize = 5;
const ROWS_PER_RUN: usize = 102_400;
const RAW_ROWS: usize = 512;
const COLUMNS: usize = 27;

type Failure = Box<dyn std::error::Error>;

/// A way to send: this many senders at once, this many rows in each batch.
struct Load {
    name: &'static str,
    senders: usize,
    rows: usize,
    /// A share of [`ROWS_PER_RUN`], for the slow ones.
    share: usize,
}

const LOADS: [Load; 4] = [
    Load { name: "writer, 64 senders x 100 rows", senders: 64, rows: 100, share: 1 },
    Load { name: "writer, 16 senders x 100 rows", senders: 16, rows: 100, share: 1 },
    Load { name: "writer, 256 senders x 1 row", senders: 256, rows: 1, share: 4 },
    Load { name: "writer, 1 sender x 1 row", senders: 1, rows: 1, share: 256 },
];

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let url = std::env::args().nth(1).ok_or("give a database URL, as in the first lines of this file")?;
    let db = Db::connect(&url).await?;
    let mut raw = Raw::connect(&url).await?;
    let (handle, task) = writer(&db, WriterLimits::default());
    let stop = CancellationToken::new();
    let measured = async {
        let rates = measure(&handle, &mut raw).await;
        stop.cancel();
        rates
    };
    let (ended, rates) = tokio::join!(task.run(stop.clone()), measured);
    ended?;
    report(&url, rates?);
    Ok(())
}

/// Rows per second of the raw insert and of each load, a value a round.
async fn measure(writer: &Writer, raw: &mut Raw) -> Result<Vec<(&'static str, Vec<f64>)>, Failure> {
    let mut rates = vec![("raw insert, 512 rows a commit (B2)", Vec::new())];
    rates.extend(LOADS.iter().map(|load| (load.name, Vec::new())));
    for round in 0..=ROUNDS {
        for (at, (name, rates)) in rates.iter_mut().enumerate() {
            eprint!("\rround {round} of {ROUNDS}: {name:40}");
            let run = format!("{}-{round}-{at}", std::process::id());
            let rate = match at.checked_sub(1) {
                None => raw.run(round).await?,
                Some(load) => through(writer, &LOADS[load], &run).await?,
            };
            // The first round warms up: files grow, statements are prepared.
            if round > 0 {
                rates.push(rate);
            }
        }
    }
    eprintln!();
    Ok(rates)
}

async fn through(writer: &Writer, load: &Load, run: &str) -> Result<f64, StoreError> {
    let batches = ROWS_PER_RUN / load.share / load.rows / load.senders;
    let started = Instant::now();
    let senders = (0..load.senders).map(|sender| async move {
        let device: Arc<str> = format!("bench-{run}-{sender}").into();
        for n in 0..batches {
            writer.submit(batch(&device, n * load.rows, load.rows)).await?;
        }
        Ok::<_, StoreError>(())
    });
    futures_util::future::try_join_all(senders).await?;
    Ok((batches * load.rows * load.senders) as f64 / started.elapsed().as_secs_f64())
}

fn report(url: &str, rates: Vec<(&'static str, Vec<f64>)>) {
    let backend = url.split(':').next().unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{backend}, {cores} cores, {ROUNDS} rounds, medians");
    println!("{:40} {:>12} {:>8}", "", "rows/s", "ratio");
    let mut baseline = None;
    for (name, mut rates) in rates {
        rates.sort_by(f64::total_cmp);
        let median = rates[rates.len() / 2];
        let ratio = median / *baseline.get_or_insert(median);
        println!("{name:40} {median:>12.0} {ratio:>8.2}");
    }
}

/// Binds the values that a ping of [`batch`] has.
macro_rules! bind {
    ($query:ident, $boot:ident, $row:ident) => {
        $query
            .bind($boot)
            .bind($row.seq)
            .bind($row.ping.received.0)
            .bind($row.ping.t.0)
            .bind(Arc::clone(&$row.ping.vehicle))
            .bind($row.ping.lat)
            .bind($row.ping.lon)
            .bind($row.ping.speed_mps.map(f64::from))
            .bind($row.ping.heading_deg.map(f64::from))
            .bind($row.ping.accuracy_m.map(f64::from))
            .bind(None::<f64>)
            .bind($row.satellites.map(i64::from))
            .bind(None::<f64>)
            .bind($row.ping.claim.trip.clone())
            .bind(None::<String>)
            .bind(None::<i64>)
            .bind(None::<String>)
            .bind(None::<String>)
            .bind(None::<i64>)
            .bind(None::<i64>)
            .bind(None::<String>)
            .bind(None::<String>)
            .bind("GPS")
            .bind("signed")
            .bind("ok")
            .bind(0i64)
            .bind("pings")
    };
}

/// The baseline: a connection and one statement.
enum Raw {
    Sqlite(SqliteConnection, Arc<str>),
    Postgres(PgConnection, Arc<str>),
}

impl Raw {
    async fn connect(url: &str) -> Result<Self, Failure> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let mut connection = SqliteConnection::connect(path).await?;
            for pragma in [
                "pragma synchronous = full",
                "pragma wal_autocheckpoint = 4096",
                "pragma cache_size = -32768",
            ] {
                sqlx::query(pragma).execute(&mut connection).await?;
            }
            return Ok(Self::Sqlite(connection, text(|sql, _| sql.push('?'))));
        }
        let mut connection = PgConnection::connect(url).await?;
        sqlx::query("set synchronous_commit = on").execute(&mut connection).await?;
        Ok(Self::Postgres(connection, text(|sql, n| _ = write!(sql, "${n}"))))
    }

    async fn run(&mut self, round: usize) -> Result<f64, Failure> {
        let device: Arc<str> = "raw".into();
        // Below every boot_id that the store gives out.
        let boot = -(i64::from(std::process::id()) * 100 + round as i64);
        let batches: Vec<PingBatch> =
            (0..ROWS_PER_RUN / RAW_ROWS).map(|n| batch(&device, n * RAW_ROWS, RAW_ROWS)).collect();
        let started = Instant::now();
        for batch in &batches {
            match self {
                Self::Sqlite(connection, sql) => {
                    let mut query = sqlx::query(AssertSqlSafe(Arc::clone(sql)));
                    for row in &batch.rows {
                        query = bind!(query, boot, row);
                    }
                    query.execute(connection).await?;
                }
                Self::Postgres(connection, sql) => {
                    let mut query = sqlx::query(AssertSqlSafe(Arc::clone(sql)));
                    for row in &batch.rows {
                        query = bind!(query, boot, row);
                    }
                    query.execute(connection).await?;
                }
            }
        }
        Ok(ROWS_PER_RUN as f64 / started.elapsed().as_secs_f64())
    }
}

fn text(placeholder: impl Fn(&mut String, usize)) -> Arc<str> {
    let mut sql = String::from(
        "insert into ping (boot_id, seq, received_us, t_us, vehicle, lat_deg, lon_deg, speed_mps, heading_deg, \
         accuracy_m, hdop, satellites, odometer_m, trip, trip_day, trip_start_s, block, route, door_open, \
         passengers, occupancy, ev, provenance, tier, verdict, flags, source) values",
    );
    for row in 0..RAW_ROWS {
        sql.push_str(if row == 0 { " (" } else { "), (" });
        for column in 0..COLUMNS {
            sql.push_str(if column == 0 { "" } else { ", " });
            placeholder(&mut sql, row * COLUMNS + column + 1);
        }
    }
    sql.push(')');
    sql.into()
}

fn batch(device: &Arc<str>, first: usize, rows: usize) -> PingBatch {
    let row = |seq: usize| PingRow {
        seq: seq as i64,
        verdict: Verdict::Ok,
        flags: Flags::default(),
        satellites: Some(9),
        heartbeat: false,
        ping: Ping {
            vehicle: Arc::clone(device),
            t: Timestamp::from_s(1_795_132_800 + seq as i64),
            received: Timestamp::from_s(1_795_132_801 + seq as i64),
            lat: 13.688_12 + seq as f64 * 1e-6,
            lon: 101.071_56,
            speed_mps: Some(8.4),
            heading_deg: Some(182.0),
            accuracy_m: Some(4.2),
            hdop: None,
            odometer_m: None,
            claim: Claim { trip: Some("r3_0715".into()), ..Claim::default() },
            door_open: None,
            passengers: None,
            occupancy: None,
            ev: None,
            provenance: Provenance::Gps,
            tier: Tier::Signed,
        },
    };
    PingBatch {
        device: Arc::clone(device),
        boot: "bench".into(),
        source: "pings".into(),
        nonce: None,
        rows: (first..first + rows).map(row).collect(),
        rejected: Vec::new(),
    }
}
