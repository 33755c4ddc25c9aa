//! The accuracy gate: fixed replays must give the bytes that were last blessed, and no cell of the score
//! may get worse unless the change says so.
//!
//! The replays are a simulated morning, always, and the recorded days where they are there. What each
//! gave is a small text in `tests/city/blessed/`: a hash of the prediction log, and the score by
//! situation and minutes to go. `ops/bless.sh` writes it anew; the diff of the text is what the change
//! did to the predictions. A cell with 2,000 errors or more that loses over 1 s of mean error or 0.3
//! points of the benchmark needs a reason: `ops/bless.sh "why"`, and the reason is in the text.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may")]

use city::{Day, Network, World};
use gtfs::Timetable;
use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracking::Params;
use tracking::replay::{Recording, replay};
use tracking::score::{
    CellFigures, Given, Ground, HORIZON_NAMES, Moments, Predictions, Repeated, Scorecard, TRUTH_GAP_S, Truth,
    judge,
};

/// A cell with fewer errors moves by chance.
const ERRORS_MIN: u64 = 2_000;
/// Mean absolute error that may be lost without a word, seconds.
const WORSE_S: f64 = 1.0;
/// Points of the benchmark that may be lost without a word.
const WORSE_POINTS: f64 = 0.3;
/// The hours of the simulated morning.
const HOURS_END: f64 = 7.0;

#[test]
fn a_simulated_morning_is_predicted_as_it_was_blessed() {
    let world = World::troubled(1);
    let network = Network::new("");
    let day = Day::new(&world, &network, 0, city::days(1)[0]);
    let mut heard = day.recording(&world, &network);
    heard.rows.retain(|row| row.received.since_s(day.midnight) < HOURS_END * 3600.0);
    let timetable = Arc::new(network.timetable(&city::days(7)).unwrap());
    held("simulated", &heard, &timetable, None, None);
}

#[test]
fn the_recorded_days_are_predicted_as_they_were_blessed() {
    let given = std::env::var_os("PADRIEW_SHARED").map(PathBuf::from);
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/data"));
    let Some(shared) = given.into_iter().chain(above).find(|folder| folder.join("README.md").exists()) else {
        eprintln!("skipped: the gate over recorded days, because ../shared/data is absent");
        return;
    };
    for (name, other) in
        [("wmata_2026-02-16", None), ("kingston_2026-01-15", Some("agency_predictions.csv.gz"))]
    {
        let open = |file: &str| File::open(shared.join(name).join(file)).unwrap();
        let timetable =
            gtfs::load(gtfs::Source::Path(&shared.join(name).join("gtfs.zip"))).unwrap().timetable;
        let recording = Recording::read(open("vehicle_locations.csv")).unwrap();
        let repeated = Repeated::of(&timetable);
        let truth = Truth::read(open("stop_visits.csv"), &repeated).unwrap();
        let other = other.map(|file| {
            let mut text = Vec::new();
            flate2::read::GzDecoder::new(open(file)).read_to_end(&mut text).unwrap();
            Predictions::read(text.as_slice(), &repeated).unwrap()
        });
        held(name, &recording, &Arc::new(timetable), Some(&truth), other.as_ref());
    }
}

/// Replays, and holds the outcome to the blessed one; writes it instead when blessing.
fn held(
    name: &str,
    recording: &Recording,
    timetable: &Arc<Timetable>,
    truth: Option<&Truth>,
    other: Option<&Predictions>,
) {
    let mut log = Vec::new();
    replay(recording, Arc::clone(timetable), Params::default(), &mut log, |_, _| {}).unwrap();
    let repeated = Repeated::of(timetable);
    let predictions = Predictions::read(log.as_slice(), &repeated).unwrap();
    let ground = Ground::of(timetable, recording);
    let derived;
    let truth = match truth {
        Some(truth) => truth,
        None => {
            derived = Truth::derive(&ground, TRUTH_GAP_S);
            &derived
        }
    };
    let pings = Moments::of(recording, &repeated);
    let card = judge(&Given { log: &predictions, truth, pings: &pings, other, ground: None });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("blessed").join(name).with_extension("txt");
    let blessed = std::fs::read_to_string(&path).unwrap_or_default();
    let moved = moved(&rows(&blessed), &rows(&text(&log, &card, None)));
    let worse = moved.iter().any(|cell| cell.worse);
    let report: String = moved.iter().map(|cell| format!("  {}\n", cell.says)).collect();
    if std::env::var_os("PADRIEW_BLESS").is_some() {
        let reason = std::env::var("PADRIEW_BLESS_REASON").ok().filter(|reason| !reason.is_empty());
        assert!(!worse || reason.is_some(), "{name} gets worse; say why, `ops/bless.sh \"why\"`:\n{report}");
        std::fs::write(&path, text(&log, &card, reason.filter(|_| worse).as_deref())).unwrap();
        eprintln!("blessed {name}\n{report}");
    } else if fingerprint(&blessed) != fingerprint(&text(&log, &card, None)) {
        panic!(
            "{name} is predicted otherwise than was blessed; if that is meant, run ops/bless.sh and commit \
             what it writes\n{report}"
        );
    }
}

/// One line of a blessed text: situation and minutes; errors, their mean, right and held.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    cell: String,
    n: u64,
    mae_s: Option<f64>,
    right: Option<f64>,
    held: Option<f64>,
}

/// A cell that changed.
struct Moved {
    says: String,
    worse: bool,
}

/// What is blessed.
fn text(log: &[u8], card: &Scorecard, reason: Option<&str>) -> String {
    let hash = log.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut out = "What this replay gave when it was last blessed (ops/bless.sh).\n".to_owned();
    if let Some(reason) = reason {
        let _ = writeln!(out, "Worse on purpose: {reason}");
    }
    let _ = writeln!(out, "log {hash:016x} of {} bytes (FNV-1a)\n", log.len());
    let _ = writeln!(
        out,
        "{:<8}{:<11}{:>6}{:>9}{:>9}{:>9}{:>9}",
        "looked", "situation", "min", "n", "MAE s", "right %", "80 % in"
    );
    let all = &card.rows[0].1;
    for horizon in 0..HORIZON_NAMES.len() {
        let figures =
            [all.mae_s(horizon), percent(all.right_at(horizon)), percent(all.interval_coverage_at(horizon))];
        row(&mut out, "pings", "all", horizon, all.n_at(horizon), figures);
    }
    for (looked, cells) in [("pings", &card.cells), ("minutes", &card.minute_cells)] {
        for cell in cells {
            let CellFigures { mae_s, right, inside, .. } = *cell;
            row(
                &mut out,
                looked,
                cell.kind.word(),
                cell.horizon,
                cell.n,
                [mae_s, percent(right), percent(inside)],
            );
        }
    }
    out
}

fn row(out: &mut String, looked: &str, kind: &str, horizon: usize, n: u64, figures: [Option<f64>; 3]) {
    let _ = write!(out, "{looked:<8}{kind:<11}{:>6}{n:>9}", HORIZON_NAMES[horizon]);
    for figure in figures {
        let _ = write!(out, "{:>9}", figure.map_or_else(|| "-".into(), |figure| format!("{figure:.2}")));
    }
    out.push('\n');
}

fn percent(share: Option<f64>) -> Option<f64> {
    share.map(|share| share * 100.0)
}

/// The line with the hash.
fn fingerprint(text: &str) -> Option<&str> {
    text.lines().find(|line| line.starts_with("log "))
}

/// The cells of a blessed text.
fn rows(text: &str) -> Vec<Row> {
    let figures = text.lines().filter(|line| line.starts_with("pings ") || line.starts_with("minutes "));
    let row = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [looked, kind, minutes, n, mae_s, right, held] = words[..] else {
            panic!("a blessed line has seven words: {line}")
        };
        let number = |word: &str| word.parse().ok();
        Row {
            cell: format!("{looked} {kind} {minutes} min"),
            n: n.parse().unwrap(),
            mae_s: number(mae_s),
            right: number(right),
            held: number(held),
        }
    };
    figures.map(row).collect()
}

/// Every cell that is not as it was, the worse ones marked.
fn moved(blessed: &[Row], now: &[Row]) -> Vec<Moved> {
    let mut moved = Vec::new();
    for old in blessed {
        match now.iter().find(|new| new.cell == old.cell) {
            Some(new) if new == old => {}
            Some(new) => moved.push(compare(old, new)),
            None => moved.push(Moved { says: format!("{}: gone", old.cell), worse: old.n >= ERRORS_MIN }),
        }
    }
    for new in now.iter().filter(|new| blessed.iter().all(|old| old.cell != new.cell)) {
        moved.push(Moved { says: format!("{}: new, {} errors", new.cell, new.n), worse: false });
    }
    moved
}

fn compare(old: &Row, new: &Row) -> Moved {
    let counts = old.n.min(new.n) >= ERRORS_MIN;
    let rose = |old: Option<f64>, new: Option<f64>| new.zip(old).map_or(0.0, |(new, old)| new - old);
    let worse_s = rose(old.mae_s, new.mae_s);
    let worse_points = -rose(old.right, new.right);
    let lost = new.n * 2 < old.n && old.n >= ERRORS_MIN;
    let worse = lost || (counts && (worse_s > WORSE_S || worse_points > WORSE_POINTS));
    let says = format!(
        "{:<28} n {:>6} -> {:>6}   MAE {:+.2} s   right {:+.2} points   80 % in {:+.2} points{}",
        old.cell,
        old.n,
        new.n,
        worse_s,
        -worse_points,
        rose(old.held, new.held),
        if worse { "   WORSE" } else { "" }
    );
    Moved { says, worse }
}

#[test]
fn only_a_large_cell_that_gets_clearly_worse_needs_a_reason() {
    let row =
        |n, mae_s, right| Row { cell: "pings all 0-3 min".into(), n, mae_s: Some(mae_s), right, held: None };
    let worse = |old: &Row, new: &Row| moved(std::slice::from_ref(old), std::slice::from_ref(new))[0].worse;
    let old = row(5_000, 30.0, Some(80.0));
    assert!(moved(std::slice::from_ref(&old), std::slice::from_ref(&old)).is_empty());
    assert!(!worse(&old, &row(5_000, 31.0, Some(79.75))));
    assert!(worse(&old, &row(5_000, 31.01, Some(80.0))));
    assert!(worse(&old, &row(5_000, 29.0, Some(79.6))));
    assert!(worse(&old, &row(2_400, 29.0, Some(81.0))), "half of the errors are gone");
    assert!(!worse(&row(1_900, 30.0, None), &row(1_900, 90.0, None)));
    assert!(moved(&[old], &[])[0].worse);
}
