//! `padriew serve`: real operation.

use super::settings::Settings;
use crate::{http, telemetry};
use anyhow::Context;
use tokio_util::sync::CancellationToken;

const EXAMPLES: &str = "\
Examples:
  padriew serve --gtfs feed.zip
      one process, SQLite in ./padriew.db, http://127.0.0.1:8080
  padriew serve --gtfs https://example.org/gtfs.zip --listen 0.0.0.0:8080 --database sqlite:/var/lib/padriew/padriew.db
      the feed from its publisher, open to the network (put a TLS proxy in front)
  padriew serve --database postgres://padriew@db/padriew --bus redis://cache --roles ingest,web
      one of several processes on one database

The first start makes the database and a server key beside it. Then: padriew device add --help";

/// Run the server.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Settings,
}

/// Runs until SIGTERM or Ctrl-C.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let config = args.settings.merge()?.config;
    telemetry::start(&config.log)?;
    let listener = http::accept::bind(config.listen)
        .with_context(|| format!("{} can not be listened on; is another server there?", config.listen))?;
    let shutdown = CancellationToken::new();
    tokio::select! {
        outcome = crate::run(config, listener, shutdown.clone()) => outcome,
        outcome = async { asked_to_stop().await?; shutdown.cancel(); std::future::pending().await } => outcome,
    }
}

/// Waits for SIGTERM or Ctrl-C.
///
/// # Errors
/// When signals can not be listened for.
pub(crate) async fn asked_to_stop() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .context("SIGTERM can not be listened for")?;
    tokio::select! {
        _ = terminate.recv() => {}
        outcome = tokio::signal::ctrl_c() => outcome.context("Ctrl-C can not be listened for")?,
    }
    Ok(())
}
