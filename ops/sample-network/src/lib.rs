//! The sample network of Chachoengsao: a page of facts becomes a GTFS feed.
//!
//! Pure: facts in (`places.csv`, `network.toml`, `tariff.toml` of `facts/`, all embedded), files out as text. The same
//! facts give the same bytes, so a test can tell whether the feed in `feed/` is fresh.
//! It does not route: a course is a list of places, joined by straight lines. It is a sample, and says
//! so wherever it is shown: nobody runs these lines.

mod blocks;
mod calendar;
mod course;
mod facts;
mod fares;
mod tables;
mod timetable;

use anyhow::Context as _;

use facts::Facts;

/// One file of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedFile {
    /// Its name, such as `stops.txt`.
    pub name: &'static str,
    /// Its content: CSV, `\n` at line ends.
    pub text: String,
}

/// Writes all files of the feed, in a fixed order.
///
/// # Errors
/// Names the fact that does not fit, such as a course with an unknown place.
pub fn feed() -> anyhow::Result<Vec<FeedFile>> {
    let facts = Facts::embedded().context("can not read the facts")?;
    let courses = course::all(&facts)?;
    let trips = timetable::all(&facts, &courses)?;
    let mut files = tables::network(&facts, &courses)?;
    files.extend(calendar::files(&facts.network.feed)?);
    files.extend(timetable::files(&trips)?);
    files.extend(fares::files(&facts)?);
    Ok(files)
}
