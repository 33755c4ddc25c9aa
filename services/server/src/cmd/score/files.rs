//! The files a score is made of.

use super::Args;
use anyhow::{Context, bail};
use flate2::read::GzDecoder;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use tracking::replay::Recording;
use tracking::score::{Predictions, Repeated, TRUTH_GAP_S, TRUTH_GAP_SLOW_S, Truth};

/// Vehicles that report at most this often are slow, seconds.
const SLOW_S: f64 = 25.0;

/// Everything read.
pub(super) struct Files {
    pub(super) log: Predictions,
    pub(super) recording: Recording,
    pub(super) visits: Option<Truth>,
    pub(super) other: Option<Predictions>,
    pub(super) timetable: Option<gtfs::Timetable>,
    /// Without a feed nothing is known to run more than once a day under one id.
    pub(super) repeated: Repeated,
}

impl Files {
    pub(super) fn read(args: &Args) -> anyhow::Result<Self> {
        let Some(locations) = locations(args) else {
            bail!(
                "nothing says what happened: give --visits, or --gtfs and --locations to find it from the pings"
            );
        };
        if args.visits.is_none() && args.gtfs.is_none() {
            bail!("without --visits the truth is found on the lines of the feed: give --gtfs");
        }
        let timetable = args.gtfs.as_deref().map(feed).transpose()?;
        let repeated = timetable.as_ref().map(Repeated::of).unwrap_or_default();
        Ok(Self {
            log: read(&args.predictions, |file| Ok(Predictions::read(file, &repeated)?))?,
            recording: read(&locations, |file| Ok(Recording::read(file)?))?,
            visits: args
                .visits
                .as_deref()
                .map(|path| read(path, |file| Ok(Truth::read(file, &repeated)?)))
                .transpose()?,
            other: args
                .moments
                .as_deref()
                .map(|path| read(path, |file| Ok(Predictions::read(file, &repeated)?)))
                .transpose()?,
            timetable,
            repeated,
        })
    }

    /// How far apart two fixes may be to measure an error: as asked, else as the vehicles report.
    pub(super) fn gap_s(&self, asked: Option<f64>) -> f64 {
        let slow = self.recording.period_s >= SLOW_S;
        asked.unwrap_or(if slow { TRUTH_GAP_SLOW_S } else { TRUTH_GAP_S })
    }
}

fn locations(args: &Args) -> Option<PathBuf> {
    let beside = || args.visits.as_ref().map(|visits| visits.with_file_name("vehicle_locations.csv"));
    args.locations.clone().or_else(beside)
}

fn feed(path: &Path) -> anyhow::Result<gtfs::Timetable> {
    let loaded = gtfs::load(gtfs::Source::Path(path));
    let loaded =
        loaded.with_context(|| format!("{} can not be used; padriew import says more", path.display()))?;
    Ok(loaded.timetable)
}

fn read<T>(path: &Path, by: impl FnOnce(Box<dyn Read>) -> anyhow::Result<T>) -> anyhow::Result<T> {
    by(open(path)?).with_context(|| path.display().to_string())
}

/// Opens a file, unpacking it when its name ends in `.gz`.
pub(in crate::cmd) fn open(path: &Path) -> anyhow::Result<Box<dyn Read>> {
    let file = File::open(path).with_context(|| format!("{} can not be read", path.display()))?;
    let file = BufReader::new(file);
    Ok(if path.extension().is_some_and(|end| end == "gz") {
        Box::new(GzDecoder::new(file))
    } else {
        Box::new(file)
    })
}
