//! `load`: puts a padriew server under load on this machine and prints what it measured.
//!
//! It starts its own servers on loopback and temporary databases; it refuses any other address.
//! Figures depend on the machine, so each is printed beside a baseline measured in the same run.

mod baseline;
mod batches;
mod child;
mod crash;
mod database;
mod devices;
mod drive;
mod http;
mod live;
mod month;
mod output;
mod panels;
mod pings;
mod raw_insert;
mod serve;
mod stored;
mod tap_baselines;
mod tap_crash;
mod tap_ledger;
mod taps;
mod terminals;
mod town;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples (build first: cargo build --release -p server -p load):
  load pings                                      durable pings/s on SQLite beside its two baselines
  load pings --database postgres://u@127.0.0.1/x  the same on PostgreSQL
  load taps                                       durable taps/s beside raw inserts, latency, catch-up
  load crash --taps --times 50                    the same for taps, with cut connections and lost flash
  load live --panels 2000 --pings 2000            ping to WebSocket frame, memory per idle panel
  load crash --times 50                           kill -9 under load, again and again; is all there?
  load month                                      30 simulated days of fares with faults; does everything add up?

Each command starts its own server (--padriew says which program) with its own database: SQLite in a
temporary folder, or the PostgreSQL database given, which should be empty. Only loopback addresses.";

/// Measure a padriew server on this machine.
#[derive(Debug, Parser)]
#[command(name = "load", version, about, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Durable pings per second, beside parsing alone and inserting alone
    Pings(pings::Args),
    /// Durable taps per second, the wait of a rider, and reading all taps again
    Taps(taps::Args),
    /// Ping to panel frame under load, and memory per panel
    Live(live::Args),
    /// kill -9 under load; every acknowledged ping must be there, once
    Crash(crash::Args),
    /// A simulated month of fares with faults: closed every day, settled, and worked out again from the taps
    Month(month::Args),
    /// The parse-only endpoint that `pings` compares with
    #[command(hide = true)]
    Baseline(baseline::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| {
            runtime.block_on(async {
                match cli.command {
                    Command::Pings(args) => pings::run(args).await,
                    Command::Taps(args) => taps::run(args).await,
                    Command::Live(args) => live::run(args).await,
                    Command::Crash(args) => crash::run(args).await,
                    Command::Month(args) => month::run(args).await,
                    Command::Baseline(args) => baseline::run(args).await,
                }
            })
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&format!("load: {failure:#}"));
            ExitCode::FAILURE
        }
    }
}
