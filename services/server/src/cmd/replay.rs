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
use tracking::replay::{
    Degrade, InService, Logs, Recording, Summary, replay_on, travelled, write_assignments,
};

const EXAMPLES: &str = "\
Example:
  padriew replay vehicle_locations.csv --gtfs gtfs.zip --predictions predictions.csv
  padriew score predictions.csv --visits stop_visits.csv
  padriew replay vehicle_locations.csv --gtfs gtfs.zip --predictions blind.csv --forget-trips --assignments told.csv
  padriew replay monday.csv --gtfs gtfs.zip --predictions monday_out.csv --model-out monday.json
  padriew replay tuesday.csv --gtfs gtfs.zip --predictions tuesday_out.csv --model-in monday.json --model-out tuesday.json

The recording is a TIDES vehicle_locations.csv, read in the order of received_timestamp. The same
recording and feed give the same predictions, to the byte.

The recording can be made worse on purpose: --forget-trips, --thin, --drop, --shift-clock, --jitter. The
summary then says how many pings \"in service and matchable\" were put on the right trip. Those are
the pings whose row claims a trip of the feed, within the corridor of its line, after the vehicle
left its first stop and before it reached its last, as the whole recording with its claims has it.";

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
    /// Where to write what the boards told, as CSV that padriew score reads like predictions
    #[arg(long, value_name = "OUT.csv")]
    boards: Option<PathBuf>,
    /// Where to write what each ping was told to be doing, as CSV
    #[arg(long, value_name = "OUT.csv")]
    assignments: Option<PathBuf>,
    #[command(flatten)]
    worse: Worse,
    /// What was learned before, as JSON or .gz: of an earlier day, or of padriew model export
    #[arg(long, value_name = "FILE")]
    model_in: Option<PathBuf>,
    /// Where to write what is learned by the end of the day
    #[arg(long, value_name = "FILE")]
    model_out: Option<PathBuf>,
    /// No progress on standard error
    #[arg(long)]
    quiet: bool,
}

/// How the recording is made worse.
#[derive(Debug, clap::Args)]
struct Worse {
    /// Drop every claim of a trip, block or route
    #[arg(long)]
    forget_trips: bool,
    /// Keep a report of a vehicle only when this long after the last, seconds
    #[arg(long, value_name = "S", default_value_t = 0.0)]
    thin: f64,
    /// Drop each report with this probability, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    drop: f64,
    /// Make some clocks wrong by this much, half fast and half slow, seconds
    #[arg(long, value_name = "S", default_value_t = 0.0)]
    shift_clock: f64,
    /// One vehicle in this many has a wrong clock; 1 means all
    #[arg(long, value_name = "N", default_value_t = 5)]
    shift_one_in: u32,
    /// Move every position by noise of this root mean square, metres
    #[arg(long, value_name = "M", default_value_t = 0.0)]
    jitter: f64,
    /// Seed of all of these
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl From<&Worse> for Degrade {
    fn from(worse: &Worse) -> Self {
        Self {
            seed: worse.seed,
            forget_trips: worse.forget_trips,
            thin_s: worse.thin,
            drop_share: worse.drop,
            shift_s: worse.shift_clock,
            shift_one_in: worse.shift_one_in,
            jitter_m: worse.jitter,
        }
    }
}

/// Replays, and prints a summary.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    tokio::task::spawn_blocking(move || play(&args)).await?
}

fn play(args: &Args) -> anyhow::Result<()> {
    let loaded = gtfs::load(gtfs::Source::Path(&args.gtfs))
        .with_context(|| format!("{} can not be used; padriew import says more", args.gtfs.display()))?;
    let source = super::score::open(&args.recording)?;
    let mut recording = Recording::read(source).with_context(|| args.recording.display().to_string())?;
    complain_of(&recording, &args.recording);
    let timetable = Arc::new(loaded.timetable);
    travelled(&mut recording, &timetable, &Params::default())?;
    let recording = Degrade::from(&args.worse).apply(&recording);
    let logs = Logs {
        predictions: create(&args.predictions)?,
        boards: args.boards.as_deref().map(create).transpose()?,
    };
    let begun = tokio::time::Instant::now();
    let mut shown = 0;
    let before = args.model_in.as_deref().map(super::model::from_file).transpose()?.map(Arc::new);
    let progress = |done, all: usize| {
        let percent = done * 100 / all.max(1);
        if !args.quiet && percent >= shown + 5 {
            shown = percent;
            complain(&format!("{percent:>3} % of {all} rows"));
        }
    };
    let feed = Arc::clone(&timetable);
    let (summary, after) = replay_on(&recording, feed, Params::default(), before, logs, progress)?;
    let took_s = begun.elapsed().as_secs_f64();
    if let Some(path) = &args.model_out {
        super::model::to_file(&after, path)?;
    }
    if let Some(path) = &args.assignments {
        write_assignments(&summary.assignments, &recording, &timetable, create(path)?)?;
    }
    let told = InService::of(&summary.assignments, &recording, &timetable);
    say(&format!("{}\n{told}", text(&summary, took_s)))?;
    Ok(())
}

fn create(path: &Path) -> anyhow::Result<BufWriter<File>> {
    let out = File::create(path).with_context(|| format!("{} can not be written", path.display()))?;
    Ok(BufWriter::new(out))
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
