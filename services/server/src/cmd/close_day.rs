//! `padriew close-day`: check a day, seal it, and write what follows from it.

use super::out::say;
use super::settings::Settings;
use crate::clock::Clock;
use crate::close::unstaffed::Unstaffed;
use crate::close::{Closer, report, settlement};
use crate::ingest::enroll::local_actor;
use crate::ingest::seal::{self, ServerKey, hex};
use anyhow::Context;
use gtfs::ServiceDay;
use std::path::PathBuf;
use store::{Access, Db};

const EXAMPLES: &str = "\
Examples:
  padriew close-day 20261120                       from 03:00 of the next day on; may be stopped and started again
  padriew close-day 20261120 --files settlements/  also writes a settlement per agency, the report and checksums
  padriew close-day 20261120 --report              only prints the day's figures

A closed day never changes. When something does not balance the day stays cut, and every breach is printed.";

/// Check a service day, seal it, and write its settlements.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The day: YYYYMMDD or YYYY-MM-DD
    day: String,
    /// Write settlements and the report into this folder
    #[arg(long, value_name = "FOLDER")]
    files: Option<PathBuf>,
    /// Print the day's figures and close nothing
    #[arg(long)]
    report: bool,
    #[command(flatten)]
    settings: Settings,
}

/// Closes the day, or goes on where an earlier close ended.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let day =
        ServiceDay::parse(&args.day).with_context(|| format!("{:?} is no day, write YYYYMMDD", args.day))?;
    let config = args.settings.merge()?.config;
    let db = Db::open(&config.database, Access::Admin).await?;
    if !args.report {
        let key = ServerKey::open(&seal::path_of(&config.server_key, &config.database)?)?;
        let by = local_actor(Clock::system().now(), "padriew close-day");
        let work = Unstaffed(&db);
        let sealed = Closer { db: &db, key: &key, work: &work, by }.close(day).await?;
        let (journals, hash) = (sealed.hash.journals, hex(&sealed.hash.hash));
        say(&format!("day {day} is closed with {journals} journals; publish its hash:\n  {hash}\n"))?;
    }
    let report = report::of_day(&db, day).await?;
    say(&report.text())?;
    if let Some(folder) = &args.files {
        for file in settlement::write(&db, day, folder).await? {
            say(&format!("wrote {}", file.display()))?;
        }
        let path = folder.join(format!("report-{day}.csv"));
        settlement::put(&path, &report.csv()).await?;
        say(&format!("wrote {}", path.display()))?;
    }
    Ok(())
}
