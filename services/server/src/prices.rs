//! The tariffs in force: the versions that were approved, beside the files that the configuration names or the fare files
//! of the feed.

use anyhow::Context;
use fares::tariff::{feed, file};
use fares::{Tariff, Tariffs};
use gtfs::{Timestamp, Timetable};
use std::path::Path;
use std::sync::Arc;
use store::{Db, StoreError, TariffState, TariffVersion};

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

/// The tariff that a feed publishes; `None` when it has no fare products. Where versions were approved it applies before
/// `first`, the time of the first of them: a new feed changes no price that was agreed to.
///
/// # Errors
/// What is wrong with its fare files.
pub fn of_feed(timetable: &Timetable, first: Option<Timestamp>) -> anyhow::Result<Option<Tariffs>> {
    if timetable.fares.products.is_empty() {
        return Ok(None);
    }
    let mut rows = feed::rows(timetable);
    rows.valid_from = first.map_or(rows.valid_from, |first| rows.valid_from.min(Timestamp(first.0 - 1)));
    let tariff = Tariff::new(rows).context("the fare files of the feed can not be used")?;
    Ok(Some(Tariffs::new(vec![Arc::new(tariff)])))
}

/// The names of the versions that were approved, in the order of their times.
#[must_use]
pub fn approved(versions: &[TariffVersion]) -> Vec<Arc<str>> {
    // Who agreed in time agreed for ever.
    let is_approved = |version: &&TariffVersion| version.state(version.proposed) == TariffState::Approved;
    versions.iter().filter(is_approved).map(|version| Arc::clone(&version.version)).collect()
}

/// Versions by their names, as they were proposed.
///
/// # Errors
/// [`StoreError::Unreadable`] when one can not be used any more: prices are not guessed.
pub async fn of_database(db: &Db, versions: &[Arc<str>]) -> Result<Vec<Arc<Tariff>>, StoreError> {
    let mut tariffs = Vec::with_capacity(versions.len());
    for version in versions {
        let unreadable = |why: String| StoreError::Unreadable(format!("tariff {version}: {why}"));
        let text = db.tariff_text(version).await?;
        let (toml, _) = text.ok_or_else(|| unreadable("is not there any more".to_owned()))?;
        let tariff = Tariff::from_file(version, &toml).map_err(|refused| unreadable(refused.to_string()))?;
        tariffs.push(Arc::new(tariff));
    }
    Ok(tariffs)
}

/// All of them. Where a file has the name of an approved version, what was approved counts.
#[must_use]
pub fn together(base: &Tariffs, approved: &[Arc<Tariff>]) -> Tariffs {
    let is_approved = |tariff: &Tariff| approved.iter().any(|other| other.version() == tariff.version());
    let kept = base.all().iter().filter(|tariff| !is_approved(tariff));
    Tariffs::new(kept.chain(approved).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fares::tariff::Rows;
    use gtfs::ServiceDay;

    const TOWN: &str =
        "zone Asia/Bangkok\nstop A 0 0\nstop B 600 0\nroute R bus\ntrip t route=R : A 08:00 B 08:02";

    fn version(name: &str, from_s: i64, currency: &[u8; 3]) -> Arc<Tariff> {
        let valid_from = Timestamp::from_s(from_s);
        let rows = Rows { version: name.into(), valid_from, currency: *currency, ..Rows::default() };
        Arc::new(Tariff::new(rows).unwrap())
    }

    #[test]
    fn what_was_approved_counts_where_a_file_has_its_name() {
        let files = Tariffs::new(vec![version("a", 100, b"THB"), version("b", 200, b"THB")]);
        let all = together(&files, &[version("b", 300, b"THB"), version("c", 400, b"THB")]);
        let told: Vec<String> = all
            .all()
            .iter()
            .map(|tariff| format!("{} {}", tariff.version(), tariff.valid_from().s()))
            .collect();
        assert_eq!(told, ["a 100", "b 300", "c 400"]);
    }

    #[test]
    fn a_new_feed_changes_no_price_that_was_approved() {
        let mut timetable = gtfs::fixture::timetable(TOWN).unwrap();
        assert!(of_feed(&timetable, None).unwrap().is_none(), "it has no fares");
        let amount = gtfs::fares::Money { minor: 1_500, currency: *b"THB" };
        timetable.fares.products.push(gtfs::fares::FareProduct {
            id: "bus".into(),
            name: "bus".into(),
            rider_category: "".into(),
            media: "".into(),
            amount,
        });
        timetable.feed.version = "march".into();
        timetable.feed.first_day = ServiceDay::parse("20260301");
        let approved = version("agreed", 1_769_900_000, b"THB");
        let at = |first: Option<Timestamp>| {
            let feed = of_feed(&timetable, first).unwrap().unwrap();
            let all = together(&feed, &[Arc::clone(&approved)]);
            all.at(Timestamp::from_s(1_790_000_000)).map(|tariff| tariff.version().to_string())
        };
        assert_eq!(at(None).as_deref(), Some("march"), "the feed begins later than what was agreed to");
        assert_eq!(at(Some(approved.valid_from())).as_deref(), Some("agreed"));
    }
}
