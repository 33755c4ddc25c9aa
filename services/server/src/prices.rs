//! The tariffs in force: from the files that the configuration names, or from the fare files of the feed.

use anyhow::Context;
use fares::tariff::{feed, file};
use fares::{Tariff, Tariffs};
use gtfs::Timetable;
use std::path::Path;
use std::sync::Arc;

/// Versions of a tariff that one server may be given.
const FILES_MAX: usize = 64;

/// The versions of all files.
///
/// # Errors
/// Names the file, the line and what to change.
pub fn of_files(paths: &[String]) -> anyhow::Result<Tariffs> {
    anyhow::ensure!(paths.len() <= FILES_MAX, "fares.tariff names more than {FILES_MAX} files");
    let tariffs = paths.iter().map(|path| of_file(Path::new(path))).collect::<anyhow::Result<Vec<_>>>()?;
    for (at, tariff) in tariffs.iter().enumerate() {
        let twice = tariffs[..at].iter().any(|other| other.version() == tariff.version());
        anyhow::ensure!(
            !twice,
            "fares.tariff: two files are version {}; each needs its own",
            tariff.version()
        );
    }
    Ok(Tariffs::new(tariffs))
}

fn of_file(path: &Path) -> anyhow::Result<Arc<Tariff>> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| format!("fares.tariff: can not read {name}"))?;
    let rows = file::read(&name, &text, file::empty())?;
    Ok(Arc::new(Tariff::new(rows).with_context(|| format!("fares.tariff: {name} can not be used"))?))
}

/// The tariff that a feed publishes; `None` when it has no fare products.
///
/// # Errors
/// What is wrong with its fare files.
pub fn of_feed(timetable: &Timetable) -> anyhow::Result<Option<Tariffs>> {
    if timetable.fares.products.is_empty() {
        return Ok(None);
    }
    let tariff = Tariff::new(feed::rows(timetable)).context("the fare files of the feed can not be used")?;
    Ok(Some(Tariffs::new(vec![Arc::new(tariff)])))
}
