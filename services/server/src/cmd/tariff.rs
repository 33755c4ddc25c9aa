//! `padriew tariff`: look at prices before riders meet them, and bring a version into force.
//!
//! `check`, `price` and `export` read files and change nothing in force; the rules are [`fares::tariff`]'s. What becomes of
//! versions is in [`version`].

mod legs;
mod version;
mod words;

use super::out::say;
use crate::clock::Clock;
use anyhow::{Context, bail};
use clap::Subcommand;
use fares::Tariff;
use fares::tariff::check::check;
use gtfs::{ServiceDay, Severity, Source, Timetable};
use std::path::{Path, PathBuf};
use store::TariffEvent;

const EXAMPLES: &str = "\
Examples:
  padriew tariff check tariff.toml --gtfs feed.zip
      is it in order, and what does it mean?
  padriew tariff check --gtfs feed.zip
      the fare files (GTFS-Fares v2) of a feed
  padriew tariff price --tariff tariff.toml 1@07:00-07:20 F1:pier-sothon..pier-banmai@07:40-08:30
      a journey, leg by leg
  padriew tariff export tariff.toml --into feed/
      its fare files, for the feed and for planners
  padriew tariff propose tariff.toml --valid-from 2026-12-01 --as somchai
      held against the last 30 days, and kept; in force on that day once two others have agreed:
  padriew tariff approve 2026-12 --as malee

A tariff file is TOML; ops/sample-network/facts/tariff.toml is one with everything explained.";

const CHECK: &str = "\
Examples:
  padriew tariff check tariff.toml                       the file by itself
  padriew tariff check tariff.toml --gtfs feed.zip       with the stops, routes and trips of a feed
  padriew tariff check --gtfs feed.zip                   the fare files of a feed
  padriew tariff check caps.toml --gtfs feed.zip --over  a file that adds caps, limits and concessions to them

The exit code is 0 when there is no error, and 1 when riders would be charged wrongly or not at all.";

const PRICE: &str = "\
A leg is  WHERE@START-END  or  WHERE@START:
  WHERE   a route (the network follows from it) or a network, and where the price depends on it
          the stops:  1   bus   F1:pier-sothon..pier-banmai
  START   time of boarding on the wall clock, END of alighting:  07:00-07:20   23:50-24:10

Examples:
  padriew tariff price --tariff tariff.toml 1@07:00-07:20 2@08:10-08:30
  padriew tariff price --tariff tariff.toml --rider senior F1:pier-sothon..pier-pitula@09:00-09:40
  padriew tariff price --gtfs feed.zip --on 2025-12-31 --medium 2 050@17:30-17:50 105@18:20-18:50";

/// Check a tariff, price a journey, write fare files, bring a version into force.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say what is wrong with a tariff, and what it means: fares, changes, caps
    #[command(after_help = CHECK)]
    Check {
        /// A tariff file; without one, the fare files of the feed
        #[arg(required_unless_present = "gtfs")]
        file: Option<PathBuf>,
        #[command(flatten)]
        feed: Feed,
    },
    /// Price a journey, leg by leg
    #[command(after_help = PRICE)]
    Price(PriceArgs),
    /// Write the fare files of a tariff: GTFS-Fares v2, and fare_caps.txt
    Export {
        /// A tariff file; without one, the fare files of the feed
        #[arg(required_unless_present = "gtfs")]
        file: Option<PathBuf>,
        #[command(flatten)]
        feed: Feed,
        /// The folder to write into; made when it is not there, files of the same names are replaced
        #[arg(long, value_name = "FOLDER")]
        into: PathBuf,
    },
    /// Propose a version: checked, held against the last 30 days, and kept until two others agree
    #[command(after_help = version::PROPOSE)]
    Propose(version::Propose),
    /// Agree to a version; two must, and neither who proposed it
    Approve(version::Decide),
    /// Withdraw a version before it applies
    Withdraw(version::Decide),
    /// Print a version, or all of them: how far they are, and what past days would have come to
    Show(version::Show),
}

#[derive(Debug, clap::Args)]
struct PriceArgs {
    /// A tariff file; without one, the fare files of the feed
    #[arg(long = "tariff", value_name = "FILE", required_unless_present = "gtfs")]
    file: Option<PathBuf>,
    #[command(flatten)]
    feed: Feed,
    /// The day, such as 2026-02-02; today when not given
    #[arg(long, value_name = "DAY")]
    on: Option<String>,
    /// rider_category_id; the default category when not given
    #[arg(long, default_value = "")]
    rider: String,
    /// fare_media_id; any when not given
    #[arg(long, default_value = "")]
    medium: String,
    /// The legs in the order ridden
    #[arg(required = true, value_name = "LEG")]
    legs: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct Feed {
    /// A GTFS feed: a zip file or a folder
    #[arg(long, value_name = "FEED")]
    gtfs: Option<PathBuf>,
    /// The tariff file adds to the fare files of the feed, instead of standing for itself
    #[arg(long, requires = "gtfs")]
    over: bool,
}

/// Runs one action.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    match args.action {
        Action::Propose(propose) => propose.run().await,
        Action::Approve(decide) => decide.run(TariffEvent::Approve).await,
        Action::Withdraw(decide) => decide.run(TariffEvent::Withdraw).await,
        Action::Show(show) => show.run().await,
        Action::Check { file, feed } => {
            tokio::task::spawn_blocking(move || check_one(file.as_deref(), &feed)).await?
        }
        Action::Price(args) => tokio::task::spawn_blocking(move || price(&args)).await?,
        Action::Export { file, feed, into } => {
            tokio::task::spawn_blocking(move || export(file.as_deref(), &feed, &into)).await?
        }
    }
}

/// The tariff, and the timetable where there is one.
fn load(file: Option<&Path>, feed: &Feed) -> anyhow::Result<(Tariff, Option<Timetable>)> {
    let timetable = match &feed.gtfs {
        None => None,
        Some(path) => {
            let loaded = gtfs::load(Source::Path(path));
            Some(loaded.with_context(|| format!("{} can not be used", path.display()))?.timetable)
        }
    };
    let text = match file {
        None => None,
        Some(path) => {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("can not read {}", path.display()))?;
            Some((path.display().to_string(), text))
        }
    };
    let tariff = match (&text, &timetable) {
        (Some((name, text)), Some(timetable)) if feed.over => {
            Tariff::from_feed(timetable, Some((name, text)))
        }
        (Some((name, text)), _) => Tariff::from_file(name, text),
        (None, Some(timetable)) if timetable.fares.products.is_empty() => {
            bail!("the feed has no fare_products.txt: give a tariff file")
        }
        (None, Some(timetable)) => Tariff::from_feed(timetable, None),
        (None, None) => bail!("give a tariff file, or a feed with --gtfs"),
    };
    Ok((tariff.context("the tariff is refused")?, timetable))
}

fn check_one(file: Option<&Path>, feed: &Feed) -> anyhow::Result<()> {
    let (tariff, timetable) = load(file, feed)?;
    let doubts = check(&tariff, timetable.as_ref());
    say(words::doubts(&doubts).trim_end())?;
    say("")?;
    say(words::summary(&tariff).trim_end())?;
    let errors = doubts.iter().filter(|doubt| doubt.severity <= Severity::Error).count();
    if errors > 0 {
        bail!(
            "{errors} {} to put right before anybody is charged by it",
            if errors == 1 { "error" } else { "errors" }
        );
    }
    Ok(())
}

fn price(args: &PriceArgs) -> anyhow::Result<()> {
    let (tariff, _) = load(args.file.as_deref(), &args.feed)?;
    let day = match &args.on {
        Some(text) => {
            ServiceDay::parse(text).with_context(|| format!("--on {text}: write a day such as 2026-02-02"))?
        }
        None => ServiceDay::of(Clock::system().now(), tariff.tz()),
    };
    let (riders, media) = (&tariff.rows().riders, &tariff.rows().media);
    known("--rider", &args.rider, riders.iter().map(|rider| &*rider.id))?;
    known("--medium", &args.medium, media.iter().map(|medium| &*medium.id))?;
    let legs =
        args.legs.iter().map(|leg| legs::parse(leg, &tariff, day)).collect::<anyhow::Result<Vec<_>>>()?;
    say(words::journey(&tariff, &legs, day, &args.rider, &args.medium).trim_end())?;
    Ok(())
}

/// Refuses an id that the tariff does not have; none is any.
fn known<'a>(what: &str, id: &str, known: impl Iterator<Item = &'a str>) -> anyhow::Result<()> {
    let known: Vec<&str> = known.collect();
    if !id.is_empty() && !known.contains(&id) {
        bail!("{what} {id} is not in this tariff, which has: {}", known.join(", "));
    }
    Ok(())
}

fn export(file: Option<&Path>, feed: &Feed, into: &Path) -> anyhow::Result<()> {
    let (tariff, _) = load(file, feed)?;
    std::fs::create_dir_all(into).with_context(|| format!("can not make {}", into.display()))?;
    for table in tariff.export() {
        let path = into.join(table.name);
        std::fs::write(&path, &table.text).with_context(|| format!("can not write {}", path.display()))?;
        say(&format!("{:5} rows  {}", table.text.lines().count().saturating_sub(1), path.display()))?;
    }
    Ok(())
}
