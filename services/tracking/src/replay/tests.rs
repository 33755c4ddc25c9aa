//! The whole core over real recorded days, judged by the scorer: coverage and errors may not get
//! worse than the yardsticks that come with the recordings.

use crate::Params;
use crate::replay::{Recording, replay};
use crate::score::{Moments, Predictions, Scorecard, Truth, score};
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
}

fn day(folder: &Path, other: Option<&str>) -> Day {
    let open = |name: &str| File::open(folder.join(name)).unwrap();
    let timetable = gtfs::load(gtfs::Source::Path(&folder.join("gtfs.zip"))).unwrap().timetable;
    let recording = Recording::read(open("vehicle_locations.csv")).unwrap();
    let mut log = Vec::new();
    replay(&recording, Arc::new(timetable), Params::default(), &mut log, |_, _| {}).unwrap();
    let predictions = Predictions::read(log.as_slice()).unwrap();
    let truth = Truth::read(open("stop_visits.csv")).unwrap();
    let other = other.map(|name| {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(open(name)).read_to_end(&mut text).unwrap();
        Predictions::read(text.as_slice()).unwrap()
    });
    let card = score(&predictions, &truth, &Moments::of(&recording), other.as_ref());
    eprintln!("{}\n{}", folder.display(), crate::score::render(&card, &[]));
    Day { log, card }
}

/// Mean absolute error of the log, seconds.
fn mae_s(card: &Scorecard) -> f64 {
    card.rows[0].1.mae_all_s().unwrap()
}

#[test]
fn washington_is_predicted_better_than_timetable_plus_delay() {
    let Some(folder) = folder("wmata_2026-02-16") else { return };
    let day = day(&folder, None);
    assert!(day.card.moments > 300_000);
    assert!(day.card.coverage.share().unwrap() >= 0.95);
    // The yardstick of timetable + current delay is 135.5 s and 66.9 %.
    assert!(mae_s(&day.card) <= 135.5, "{}", mae_s(&day.card));
    assert!(day.card.rows[0].1.benchmark().unwrap() >= 0.669);
}

#[test]
fn kingston_is_predicted_better_than_timetable_plus_delay_and_the_same_twice() {
    let Some(folder) = folder("kingston_2026-01-15") else { return };
    let once = day(&folder, Some("agency_predictions.csv.gz"));
    assert!(once.card.moments > 20_000);
    assert!(once.card.coverage.share().unwrap() >= 0.95);
    // The yardstick of timetable + current delay is 71.5 s and 76.7 %; the agency's own is 60.6 s.
    assert!(mae_s(&once.card) <= 71.5, "{}", mae_s(&once.card));
    assert!(once.card.rows[0].1.benchmark().unwrap() >= 0.767);
    let again = day(&folder, None);
    assert!(once.log == again.log, "the same recording gave other bytes");
}
