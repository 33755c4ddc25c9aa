//! What the recordings say of the predictor: replays each recorded day and prints its scorecard.
//!
//! `cargo run --profile judge -p tracking --example judge [wmata|kingston]`; the recordings are looked
//! for in `PADRIEW_SHARED`, else in `shared/data` beside a folder above.

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracking::Params;
use tracking::replay::{Recording, replay};
use tracking::score::{Moments, Predictions, Truth, render, score};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(shared) = shared() else {
        println!("skipped: ../shared/data is absent");
        return Ok(());
    };
    let only = std::env::args().nth(1).unwrap_or_default();
    for (day, other) in
        [("wmata_2026-02-16", None), ("kingston_2026-01-15", Some("agency_predictions.csv.gz"))]
    {
        if day.starts_with(&only) {
            judge(&shared.join(day), other)?;
        }
    }
    Ok(())
}

fn shared() -> Option<PathBuf> {
    let given = std::env::var_os("PADRIEW_SHARED").map(PathBuf::from);
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/data"));
    given.into_iter().chain(above).find(|folder| folder.join("README.md").exists())
}

fn judge(day: &Path, other: Option<&str>) -> Result<(), Box<dyn std::error::Error>> {
    let open = |name: &str| File::open(day.join(name));
    let timetable = gtfs::load(gtfs::Source::Path(&day.join("gtfs.zip")))?.timetable;
    let recording = Recording::read(open("vehicle_locations.csv")?)?;
    let mut log = Vec::new();
    replay(&recording, Arc::new(timetable), Params::default(), &mut log, |_, _| {})?;
    if let Some(kept) = std::env::var_os("JUDGE_LOGS") {
        let name = day.file_name().unwrap_or_default();
        std::fs::write(Path::new(&kept).join(name).with_extension("csv"), &log)?;
    }
    let predictions = Predictions::read(log.as_slice())?;
    let truth = Truth::read(open("stop_visits.csv")?)?;
    let mut theirs = None;
    if let Some(name) = other {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(open(name)?).read_to_end(&mut text)?;
        theirs = Some(Predictions::read(text.as_slice())?);
    }
    let card = score(&predictions, &truth, &Moments::of(&recording), theirs.as_ref());
    println!("{}\n{}", day.display(), render(&card, &[]));
    Ok(())
}
