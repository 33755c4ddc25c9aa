//! `padriew import`: is this feed usable, and what is wrong with it?
//!
//! Reads and reports; changes nothing. The words are [`gtfs::report`]'s, the JSON is [`wire`]'s. The
//! exit code is 0 for a usable feed and 1 for a refused one, so that a script can decide.

mod wire;

use super::out::say;
use crate::clock::Clock;
use crate::driver::feed;
use anyhow::{Context, bail};
use gtfs::report::Style;
use gtfs::{Loaded, ServiceDay, Source, Unusable};
use std::io::IsTerminal;
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  padriew import my-feed.zip                    a report in words
  padriew import my-feed/ --all                 a folder; every finding that was kept
  padriew import https://example.org/gtfs.zip   as the server would fetch it
  padriew import my-feed.zip --json | jq .findings

The exit code is 0 when the feed can be used and 1 when it is refused.";

/// Check a GTFS feed and print a report.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A zip file, a folder of text files, or an address
    feed: String,
    /// Show every finding that was kept, not only three of each kind
    #[arg(long)]
    all: bool,
    /// Print JSON for programs instead of words for people
    #[arg(long)]
    json: bool,
    /// When to colour the words
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    Always,
    Never,
}

impl Color {
    fn wanted(self) -> bool {
        match self {
            Self::Auto => std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// Loads the feed and prints what it is.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let is_address = args.feed.starts_with("https://") || args.feed.starts_with("http://");
    let fetched = if is_address {
        Some(feed::fetch_once(&args.feed).await.with_context(|| format!("{} was not fetched", args.feed))?)
    } else {
        None
    };
    let name = args.feed.clone();
    let read = tokio::task::spawn_blocking(move || match &fetched {
        Some(zip) => gtfs::load(Source::Zip(zip)),
        None => gtfs::load(Source::Path(Path::new(&name))),
    })
    .await?;
    let text = if args.json { wire::json(&args.feed, &read)? } else { words(&args, &read) };
    say(text.trim_end())?;
    match read {
        Ok(_) => Ok(()),
        Err(_) => bail!("{} was refused", args.feed),
    }
}

fn words(args: &Args, read: &Result<Loaded, Unusable>) -> String {
    let now = Clock::system().now();
    let today = read.as_ref().ok().map(|loaded| ServiceDay::of(now, loaded.timetable.tz));
    gtfs::report::render(&args.feed, read, today, Style { color: args.color.wanted(), all: args.all })
}
