//! `padriew migrate`: the tables, brought up to date.

use super::out::say;
use super::settings::Settings;
use store::Db;

const EXAMPLES: &str = "\
Examples:
  padriew migrate                                           the database in ./padriew.db
  padriew migrate --database postgres://padriew@db/padriew  before starting a new version

padriew serve does this at every start. Stop the server first; nothing is ever deleted.";

/// Bring the database up to date.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Settings,
}

/// Opens the database for serving, which makes or changes its tables, and closes it.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let layered = args.settings.merge()?;
    let db = Db::connect(&layered.config.database).await?;
    db.close().await;
    say(&format!("{} is up to date", crate::config::redact(&layered.config.database)))?;
    Ok(())
}
