//! The whole core over real recorded days, judged by the scorer: coverage and errors may not get
//! worse than the yardsticks that come with the recordings.

use crate::Params;
use crate::replay::{Recording, replay};
use crate::score::{
    Agreement, Given, Ground, Moments, Predictions, Repeated, Scorecard, TRUTH_GAP_SLOW_S, Tally, Truth,
    judge,
};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A recorded day, or `None` (said aloud) when the recordings are not there.
fn folder(name: &str) -> Option<PathBuf> {
    let given = std::env::var_os("PADRIEW_SHARED").map(PathBuf::from);
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/data"));
    let found = given.into_iter().chain(above).find(|folder| folder.join("README.md").exists());
    if found.is_none() {
        eprintln!("skipped: {name}, because ../shared/data is absent");
    }
    found.map(|folder| folder.join(name))
}

struct Day {
    log: Vec<u8>,
    card: Scorecard,
    /// The scorer's own truth beside the one that comes with the recording.
    agreement: Agreement,
}

fn day(folder: &Path, other: Option<&str>) -> Day {
    let open = |name: &str| File::open(folder.join(name)).unwrap();
    let timetable = gtfs::load(gtfs::Source::Path(&folder.join("gtfs.zip"))).unwrap().timetable;
    let timetable = Arc::new(timetable);
    let recording = Recording::read(open("vehicle_locations.csv")).unwrap();
    let mut log = Vec::new();
    replay(&recording, Arc::clone(&timetable), Params::default(), &mut log, |_, _| {}).unwrap();
    let repeated = Repeated::of(&timetable);
    let predictions = Predictions::read(log.as_slice(), &repeated).unwrap();
    let truth = Truth::read(open("stop_visits.csv"), &repeated).unwrap();
    let other = other.map(|name| {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(open(name)).read_to_end(&mut text).unwrap();
        Predictions::read(text.as_slice(), &repeated).unwrap()
    });
    let ground = Ground::of(&timetable, &recording);
    let card = judge(&Given {
        log: &predictions,
        truth: &truth,
        pings: &Moments::of(&recording, &repeated),
        other: other.as_ref(),
        ground: Some(&ground),
    });
    eprintln!("{}\n{}", folder.display(), crate::score::render(&card, &[]));
    let agreement = Agreement::of(&truth, &Truth::derive(&ground, TRUTH_GAP_SLOW_S));
    Day { log, card, agreement }
}

/// A row of the table.
fn row<'a>(card: &'a Scorecard, name: &str) -> &'a Tally {
    &card.rows.iter().find(|(row, _)| row == name).unwrap().1
}

/// What holds on any recorded day: nearly every arrival is predicted in time, the scorer's own truth is
/// the given one, and its timetable + delay is the published yardstick (seconds), within 3 %.
fn sound(day: &Day, yardstick_s: f64) {
    assert!(day.card.coverage.share().unwrap() >= 0.95);
    let agreement = &day.agreement;
    assert!(agreement.found as f64 >= 0.99 * agreement.given as f64, "{agreement:?}");
    assert!(agreement.p90_s.unwrap() <= 1.0, "{agreement:?}");
    let delay_s = row(&day.card, "timetable + delay").mae_all_s().unwrap();
    assert!((delay_s / yardstick_s - 1.0).abs() <= 0.03, "{delay_s}");
}

#[test]
fn washington_is_predicted_far_better_than_timetable_plus_delay() {
    let Some(folder) = folder("wmata_2026-02-16") else { return };
    let day = day(&folder, None);
    assert!(day.card.moments > 300_000);
    sound(&day, 135.5);
    let (ours, delay) = (row(&day.card, "this log"), row(&day.card, "timetable + delay"));
    // What is asked for: 18 % less error and 12 points more.
    assert!(ours.mae_all_s().unwrap() <= 0.82 * delay.mae_all_s().unwrap(), "{:?}", ours.mae_all_s());
    assert!(ours.benchmark().unwrap() >= delay.benchmark().unwrap() + 0.12, "{:?}", ours.benchmark());
    for horizon in 0..6 {
        assert!(ours.mae_s(horizon) <= delay.mae_s(horizon), "{horizon}: {:?}", ours.mae_s(horizon));
    }
    let against = day.card.better.iter().find(|better| better.with == "timetable + delay").unwrap();
    assert_eq!(against.verdict(), "better");
}

#[test]
fn kingston_is_predicted_better_than_timetable_plus_delay_and_the_same_twice() {
    let Some(folder) = folder("kingston_2026-01-15") else { return };
    let once = day(&folder, Some("agency_predictions.csv.gz"));
    assert!(once.card.moments > 20_000);
    sound(&once, 71.5);
    let (ours, delay) = (row(&once.card, "this log"), row(&once.card, "timetable + delay"));
    assert!(ours.mae_all_s().unwrap() <= delay.mae_all_s().unwrap(), "{:?}", ours.mae_all_s());
    // What is asked for: 3 points more than the agency's own.
    let theirs = row(&once.card, "the other predictor").benchmark().unwrap();
    assert!(ours.benchmark().unwrap() >= theirs + 0.03, "{:?}", ours.benchmark());
    let again = day(&folder, None);
    assert!(once.log == again.log, "the same recording gave other bytes");
}
