//! `padriew replay`: a recorded day through the tracking core, at full speed.
//!
//! Files and the stopwatch are here; everything that decides is in [`tracking::replay`].

use super::out::{complain, say};
use anyhow::Context;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracking::Params;
use tracking::replay::{Recording, Summary, replay};

const EXAMPLES: &str = "\
Example:
  padriew replay vehicle_locations.csv --gtfs gtfs.zip --predictions predictions.csv
  padriew score predictions.csv --visits stop_visits.csv

The recording is a TIDES vehicle_locations.csv, read in the order of received_timestamp. The same
recording and feed give the same predictions, to the byte.";

/// Unreadable lines named on standard error.
const UNREADABLE_SHOWN: usize = 3;

/// Run a recorded day through the tracking core.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// TIDES vehicle_locations.csv, or the same with .gz
    recording: PathBuf,
    /// The feed in force that day: a GTFS zip or folder
    #[arg(long, value_name = "FEED")]
    gtfs: PathBuf,
    /// Where to write the predictions, as CSV
    #[arg(long, value_name = "OUT.csv")]
    predictions: PathBuf,
    /// No progress on standard error
    #[arg(long)]
    quiet: bool,
}

/// Replays, and prints a summary.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    tokio::task::spawn_blocking(move || play(&args)).await?
}

fn play(args: &Args) -> anyhow::Result<()> {
    let loaded = gtfs::load(gtfs::Source::Path(&args.gtfs))
        .with_context(|| format!("{} can not be used; padriew import says more", args.gtfs.display()))?;
    let source = super::score::open(&args.recording)?;
    let recording = Recording::read(source).with_context(|| args.recording.display().to_string())?;
    complain_of(&recording, &args.recording);
    let out = File::create(&args.predictions)
        .with_context(|| format!("{} can not be written", args.predictions.display()))?;
    let begun = tokio::time::Instant::now();
    let mut shown = 0;
    let summary = replay(
        &recording,
        Arc::new(loaded.timetable),
        Params::default(),
        BufWriter::new(out),
        |done, all| {
            let percent = done * 100 / all.max(1);
            if !args.quiet && percent >= shown + 5 {
                shown = percent;
                complain(&format!("{percent:>3} % of {all} rows"));
            }
        },
    )?;
    let took_s = begun.elapsed().as_secs_f64();
    say(&text(&summary, took_s))?;
    Ok(())
}

/// Says which lines could not be read: the first few, and how many.
fn complain_of(recording: &Recording, path: &Path) {
    for (line, why) in recording.unreadable.iter().take(UNREADABLE_SHOWN) {
        complain(&format!("{} line {line}: {why}; left out", path.display()));
    }
    let more = recording.unreadable_count.saturating_sub(UNREADABLE_SHOWN as u64);
    if more > 0 {
        complain(&format!("{more} more lines could not be read and were left out"));
    }
}

/// The summary a person reads.
fn text(summary: &Summary, took_s: f64) -> String {
    let counters = summary.counters;
    let share = |part: u64, all: u64| 100.0 * part as f64 / all.max(1) as f64;
    let mut lines = vec![
        format!(
            "{} rows in {took_s:.2} s: {:.0} a second",
            summary.rows,
            summary.rows as f64 / took_s.max(1e-9)
        ),
        format!("  {:>8} repeated a vehicle and time", summary.duplicates),
    ];
    lines.extend(summary.verdicts.iter().map(|(word, n)| format!("  {n:>8} judged {word}")));
    lines.push(format!(
        "{} pings followed: {:.1} % on a trip, {:.1} % of those on its line",
        counters.pings,
        share(counters.assigned, counters.pings),
        share(counters.matched, counters.assigned)
    ));
    lines.push(format!("{} stop visits, {} board changes", counters.visits, summary.boards));
    lines.push(format!("{} predictions written", summary.logged));
    lines.extend(summary.alerts.iter().map(|(code, n)| format!("  {n:>8} alerts {code}")));
    lines.join("\n")
}
