//! What the recordings say of the predictor: replays each recorded day and prints its scorecard.
//!
//! `cargo run --profile judge -p tracking --example judge [wmata|kingston] [--cells|--auto|--degrade]`;
//! the recordings are looked for in `PADRIEW_SHARED`, else in `shared/data` beside a folder above.
//! `--cells` prints every situation by minutes to go;
//! `--auto` forgets every trip claim and prints how many pings found their trip by themselves;
//! `--degrade` prints one table of how the figures fall as the recording is made worse. With
//! `JUDGE_LOGS` set to a folder the prediction logs and assignments are kept there.

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracking::Params;
use tracking::replay::{
    Degrade, InService, Logs, Recording, Summary, replay_on, travelled, write_assignments,
};
use tracking::score::{
    Agreement, Given, Ground, HORIZON_S_MAX, Moments, Predictions, Repeated, Scorecard, TRUTH_GAP_SLOW_S,
    Truth,
};
use tracking::score::{judge, render, render_agreement, render_cells};

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    let Some(shared) = shared() else {
        println!("skipped: ../shared/data is absent");
        return Ok(());
    };
    let wished: Vec<String> = std::env::args().skip(1).collect();
    let asked = |option: &str| wished.iter().any(|wish| wish == option);
    let only = wished.iter().find(|wish| !wish.starts_with("--")).cloned().unwrap_or_default();
    for (name, other) in
        [("wmata_2026-02-16", None), ("kingston_2026-01-15", Some("agency_predictions.csv.gz"))]
    {
        if !name.starts_with(&only) {
            continue;
        }
        let day = Day::open(&shared.join(name), other)?;
        println!("{}", day.folder.display());
        if asked("--degrade") {
            degrade(&day)?;
        } else if asked("--auto") {
            automatic(&day)?;
        } else {
            let run = day.run(&Degrade::default(), "")?;
            println!("{}", render(&run.card, &[]));
            println!("{}\n", day.boards(&run));
            if asked("--cells") {
                println!("{}", render_cells(&run.card));
            }
        }
    }
    Ok(())
}

fn shared() -> Option<PathBuf> {
    let given = std::env::var_os("PADRIEW_SHARED").map(PathBuf::from);
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/data"));
    given.into_iter().chain(above).find(|folder| folder.join("README.md").exists())
}

/// A recorded day, and what happened on it.
struct Day {
    folder: PathBuf,
    timetable: Arc<gtfs::Timetable>,
    recording: Recording,
    truth: Truth,
    theirs: Option<Predictions>,
    moments: Moments,
}

/// One replay of it.
struct Run {
    summary: Summary,
    told: InService,
    predictions: Predictions,
    /// The same, as boards told them.
    boards: Predictions,
    card: Scorecard,
}

impl Day {
    fn open(folder: &Path, other: Option<&str>) -> Result<Self, Failed> {
        let open = |name: &str| File::open(folder.join(name));
        let timetable = Arc::new(gtfs::load(gtfs::Source::Path(&folder.join("gtfs.zip")))?.timetable);
        let mut recording = Recording::read(open("vehicle_locations.csv")?)?;
        travelled(&mut recording, &timetable, &Params::default())?;
        let repeated = Repeated::of(&timetable);
        let mut theirs = None;
        if let Some(name) = other {
            let mut text = Vec::new();
            flate2::read::GzDecoder::new(open(name)?).read_to_end(&mut text)?;
            theirs = Some(Predictions::read(text.as_slice(), &repeated)?);
        }
        let truth = Truth::read(open("stop_visits.csv")?, &repeated)?;
        let moments = Moments::of(&recording, &repeated);
        Ok(Self { folder: folder.to_owned(), timetable, recording, truth, theirs, moments })
    }

    /// Replays it made worse, and judges at the moments of the whole.
    fn run(&self, degrade: &Degrade, name: &str) -> Result<Run, Failed> {
        let worse = degrade.apply(&self.recording);
        let (mut log, mut boards) = (Vec::new(), Vec::new());
        let logs = Logs { predictions: &mut log, boards: Some(&mut boards) };
        let feed = Arc::clone(&self.timetable);
        let (summary, _) = replay_on(&worse, feed, Params::default(), None, logs, |_, _| {})?;
        if let Some(kept) = std::env::var_os("JUDGE_LOGS").map(PathBuf::from) {
            let day = self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            std::fs::write(kept.join(format!("{day}{name}.csv")), &log)?;
            let file = File::create(kept.join(format!("{day}{name}.assignments.csv")))?;
            write_assignments(&summary.assignments, &worse, &self.timetable, file)?;
        }
        let told = InService::of(&summary.assignments, &worse, &self.timetable);
        let repeated = Repeated::of(&self.timetable);
        let predictions = Predictions::read(log.as_slice(), &repeated)?;
        let boards = Predictions::read(boards.as_slice(), &repeated)?;
        let ground = Ground::of(&self.timetable, &self.recording);
        let card = judge(&Given {
            log: &predictions,
            truth: &self.truth,
            pings: &self.moments,
            other: self.theirs.as_ref(),
            ground: Some(&ground),
        });
        if name.is_empty() {
            let own = Truth::derive(&ground, TRUTH_GAP_SLOW_S);
            println!("{}", render_agreement(&Agreement::of(&self.truth, &own)));
        }
        Ok(Run { summary, told, predictions, boards, card })
    }

    /// How the boards did: what they showed is steadier than the feed, and a little less exact.
    fn boards(&self, run: &Run) -> String {
        let given = Given {
            log: &run.boards,
            truth: &self.truth,
            pings: &self.moments,
            other: self.theirs.as_ref(),
            ground: None,
        };
        let card = judge(&given);
        let (tally, steady) = (&card.rows[0].1, &card.steadiness);
        format!(
            "on boards: {:.1} s, benchmark {:.1} %, wobble {:.1} s, the minute rose {:.2} times per approach; {} boards told",
            tally.mae_all_s().unwrap_or(f64::NAN),
            100.0 * tally.benchmark().unwrap_or(f64::NAN),
            steady.wobble_s().unwrap_or(f64::NAN),
            steady.rises_per_approach().unwrap_or(f64::NAN),
            run.summary.boards
        )
    }

    /// Mean absolute errors of two logs, seconds, where both had a prediction, and how often both had.
    fn beside(&self, ours: &Predictions, theirs: &Predictions) -> (f64, f64, u64) {
        let (mut our_s, mut their_s, mut n) = (0.0, 0.0, 0);
        for (trip, visits) in &self.truth.trips {
            for visit in visits {
                let standing = |log: &'_ Predictions, moment| {
                    let calls = log.of(trip, visit.sequence);
                    let after = calls.partition_point(|made| made.at <= moment);
                    let standing = after.checked_sub(1).map(|at| calls[at]).filter(|made| !made.withdrawn);
                    standing.map(|made| visit.arrival.since_s(made.arrival).abs())
                };
                for &moment in self.moments.of_trip(trip) {
                    let to_go_s = visit.arrival.since_s(moment);
                    if to_go_s <= 0.0 || to_go_s > HORIZON_S_MAX {
                        continue;
                    }
                    if let (Some(our), Some(their)) = (standing(ours, moment), standing(theirs, moment)) {
                        (our_s, their_s, n) = (our_s + our, their_s + their, n + 1);
                    }
                }
            }
        }
        (our_s / n.max(1) as f64, their_s / n.max(1) as f64, n)
    }
}

/// No claims: how many pings find their trip, and what it costs the predictions.
fn automatic(day: &Day) -> Result<(), Failed> {
    let explicit = day.run(&Degrade::default(), "")?;
    let blind = day.run(&Degrade { forget_trips: true, ..Degrade::default() }, "-auto")?;
    println!("with claims:    {}", explicit.told);
    println!("without claims: {}", blind.told);
    println!("{}", render(&blind.card, &[]));
    println!("alerts: {:?}", blind.summary.alerts);
    let (ours, theirs, n) = day.beside(&blind.predictions, &explicit.predictions);
    println!(
        "on the {n} moments that both predict: {ours:.1} s without claims, {theirs:.1} s with ({:+.1} %)\n",
        100.0 * (ours / theirs - 1.0)
    );
    Ok(())
}

/// One row per fault, with claims and without.
fn degrade(day: &Day) -> Result<(), Failed> {
    let none = Degrade { seed: 1, shift_one_in: 5, ..Degrade::default() };
    let all = Degrade { thin_s: 60.0, drop_share: 0.2, shift_s: 40.0, jitter_m: 25.0, ..none };
    let faults = [
        ("as it is", none),
        ("a ping each 60 s", Degrade { thin_s: 60.0, ..none }),
        ("20 % dropped", Degrade { drop_share: 0.2, ..none }),
        ("1 clock in 5 wrong by 40 s", Degrade { shift_s: 40.0, ..none }),
        ("every clock wrong by 40 s", Degrade { shift_s: 40.0, shift_one_in: 1, ..none }),
        ("moved by 25 m", Degrade { jitter_m: 25.0, ..none }),
        ("all (clocks: 1 in 5)", all),
    ];
    println!(
        "{:<28} {:>7} {:>8} {:>7} {:>8} | without claims: {:>7} {:>7} {:>7} {:>7} {:>8}",
        "with claims:",
        "MAE s",
        "bench %",
        "80 %",
        "missing",
        "right %",
        "wrong %",
        "none %",
        "MAE s",
        "missing"
    );
    for (name, fault) in faults {
        let file = name.replace([' ', '%', '(', ')', ':'], "_");
        let explicit = day.run(&fault, &format!("-{file}"))?;
        let blind = day.run(&Degrade { forget_trips: true, ..fault }, &format!("-auto-{file}"))?;
        let tally = &explicit.card.rows[0].1;
        let percent = |share: Option<f64>| 100.0 * share.unwrap_or(f64::NAN);
        let share = |n: u64| 100.0 * n as f64 / blind.told.all().max(1) as f64;
        println!(
            "{name:<28} {:>7.1} {:>8.1} {:>7.1} {:>8} | {:>23.1} {:>7.2} {:>7.1} {:>7.1} {:>8}",
            tally.mae_all_s().unwrap_or(f64::NAN),
            percent(tally.benchmark()),
            percent(tally.interval_coverage()),
            tally.missing,
            share(blind.told.right),
            share(blind.told.wrong()),
            share(blind.told.none),
            blind.card.rows[0].1.mae_all_s().unwrap_or(f64::NAN),
            blind.card.rows[0].1.missing
        );
    }
    println!();
    Ok(())
}
