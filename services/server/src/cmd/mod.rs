//! The commands of the program: one file each, `Args` and `run`.

mod audit;
mod card;
mod check_config;
mod close_day;
mod demo;
mod device;
mod import;
mod migrate;
mod model;
mod out;
mod panel;
mod reconcile;
mod replay;
mod score;
mod serve;
mod settings;
mod tariff;
mod terminal;
mod user;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Start here:
  padriew demo                                   a simulated town on http://127.0.0.1:8080
  padriew import my-feed.zip                     is my GTFS feed usable, and what is wrong with it?
  padriew serve --gtfs my-feed.zip               real operation
  padriew device add --vehicle 12 bus-12         a key and a tracker address for a vehicle";

/// The open operations server for a town's public transport.
#[derive(Debug, Parser)]
#[command(name = "padriew", version, about, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a simulated town: sample network, fleet, panels to open
    Demo(demo::Args),
    /// Run the server
    Serve(serve::Args),
    /// Run a recorded day through the tracking core and write its predictions
    Replay(replay::Args),
    /// Compare predictions with what really happened
    Score(score::Args),
    /// Check a GTFS feed and print a report
    Import(import::Args),
    /// Register trackers, and give them keys
    Device(device::Args),
    /// Register fare terminals, and give them keys
    Terminal(terminal::Args),
    /// Enrol stop displays, and give them tokens
    Panel(panel::Args),
    /// Look at what was learned, carry it, forget it
    Model(model::Args),
    /// Check a tariff, price a journey, bring a version into force
    Tariff(tariff::Args),
    /// Add operators of the API, and take their tokens back
    User(user::Args),
    /// Match the files of payment services and banks with the ledger
    Reconcile(reconcile::Args),
    /// Check a service day, seal it, and write its settlements
    CloseDay(close_day::Args),
    /// Say whose a card is, and forget it
    Card(card::Args),
    /// Read the audit log and the ledger again, and check their chains
    Audit(audit::Args),
    /// Bring the database up to date
    Migrate(migrate::Args),
    /// Print every setting and where its value came from
    CheckConfig(check_config::Args),
}

/// Reads the command line, runs the command, and says on standard error what went wrong.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| {
            let outcome = runtime.block_on(dispatch(cli.command));
            runtime.shutdown_timeout(std::time::Duration::from_secs(1));
            outcome
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            out::complain(&format!("padriew: {failure:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Replay(args) => replay::run(args).await,
        Command::Score(args) => score::run(args).await,
        Command::Import(args) => import::run(args).await,
        Command::Device(args) => device::run(args).await,
        Command::Terminal(args) => terminal::run(args).await,
        Command::Panel(args) => panel::run(args).await,
        Command::Model(args) => model::run(args).await,
        Command::Tariff(args) => tariff::run(args).await,
        Command::User(args) => user::run(args).await,
        Command::Reconcile(args) => reconcile::run(args).await,
        Command::CloseDay(args) => close_day::run(args).await,
        Command::Card(args) => card::run(args).await,
        Command::Audit(args) => audit::run(args).await,
        Command::Migrate(args) => migrate::run(args).await,
        Command::CheckConfig(args) => check_config::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
