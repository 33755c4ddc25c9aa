//! A feed is read once, file by file, row by row, and laid out as a [`Timetable`].
//!
//! It never panics, and it never refuses a feed for one bad row: the row is left out (or the field
//! read as empty) and a finding says which file, line and field, and what to change. A feed with a
//! *fatal* finding gives no timetable at all, so that it can not replace a good one.
//!
//! Fields are read one by one and not into the row types of `gtfs-structures`: there a field that can
//! not be read costs its whole row, and a stop time takes well over 100 bytes where 32 do. That crate is what
//! `examples/load_bench.rs` measures this reader against.
//!
//! It is pure but for reading the files it is pointed at. Fetching a feed is the server's work.

mod assemble;
mod basics;
mod calendar;
mod draft;
mod fare_rules;
mod fares;
mod frequencies;
mod lay;
mod misfits;
mod patterns;
mod place;
mod sense;
mod shapes;
mod source;
mod spec;
mod stop_times;
mod stops;
mod table;
mod transfers;
mod translations;
mod trips;
mod value;

pub use calendar::CALENDAR_DAYS_MAX;
pub use frequencies::{BANDS_PER_TRIP_MAX, EXPANDED_TRIPS_MAX};
pub use patterns::CALLS_PER_TRIP_MAX;
pub use place::{GAP_M_MIN, OFFSET_M_FINE, OFFSET_M_MAX};
pub use shapes::SHAPE_POINTS_MAX;
pub use source::{ENTRIES_MAX, RATIO_FREE_BYTES, RATIO_MAX, Source, UNPACKED_BYTES_MAX};
pub use table::{COLUMNS_MAX, ROW_BYTES_MAX};

use crate::Timetable;
use crate::findings::{Finding, Findings, Severity, shortened};
use draft::Draft;
use source::Archive;
use spec::{AGENCY, FileSpec, ROUTES, STOP_TIMES, STOPS, TRIPS};

/// A feed that can be used, and what is wrong with it all the same.
#[derive(Debug)]
pub struct Loaded {
    /// The timetable.
    pub timetable: Timetable,
    /// No finding in it is [`Severity::Fatal`].
    pub findings: Findings,
}

/// A feed that can not be used: at least one finding is [`Severity::Fatal`].
#[derive(Debug, thiserror::Error)]
#[error("the feed can not be used: {}", first_fatal(.findings))]
pub struct Unusable {
    /// Why, and what else is wrong.
    pub findings: Findings,
}

fn first_fatal(findings: &Findings) -> String {
    findings
        .examples()
        .iter()
        .find(|f| f.severity == Severity::Fatal)
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// Reads a whole feed. The same bytes give the same timetable and the same findings.
///
/// # Errors
/// When nothing can be run from the feed: the container can not be read or is not safe, a required
/// file is missing, or no trip is usable. The findings say which, and what to change.
pub fn load(source: Source<'_>) -> Result<Loaded, Unusable> {
    let mut findings = Findings::default();
    match read(source, &mut findings) {
        Some(timetable) => Ok(Loaded { timetable, findings }),
        None => Err(Unusable { findings }),
    }
}

/// `None` once a finding is fatal.
fn read(source: Source<'_>, findings: &mut Findings) -> Option<Timetable> {
    let archive = Archive::open(source, findings);
    sound(findings)?;
    check_files(&archive, findings);
    sound(findings)?;
    let mut draft = Draft::new();
    draft.timetable.feed.hash = archive.hash();
    basics::feed_info(&archive, &mut draft, findings);
    basics::agencies(&archive, &mut draft, findings);
    sound(findings)?;
    stops::stops(&archive, &mut draft, findings);
    basics::routes(&archive, &mut draft, findings);
    calendar::services(&archive, &mut draft, findings);
    sound(findings)?;
    trips::trips(&archive, &mut draft, findings);
    sound(findings)?;
    let (calls, shapes) = read_large(&archive, &draft, findings);
    let bands = frequencies::frequencies(&archive, &draft.trips, findings);
    let patterns = patterns::patterns(calls, &mut draft, findings);
    lay::lay(&patterns, shapes, &mut draft, findings);
    let profiles = lay::fill_times(&patterns, &mut draft);
    transfers::transfers(&archive, &mut draft, findings);
    draft.timetable.fares = fares::fares(&archive, &mut draft, findings);
    let stop_lines = std::mem::take(&mut draft.stop_lines);
    let mut timetable = assemble::assemble(draft, &profiles, &bands);
    translations::translate(&archive, &mut timetable, findings);
    if timetable.trips.is_empty() {
        let advice = "no trip can be run; the errors say what is wrong with the trips there are";
        findings.push(table::about_file(&TRIPS, Severity::Fatal, "no_usable_trip", "", advice));
    }
    sound(findings)?;
    sense::check(&timetable, &stop_lines, findings);
    Some(timetable)
}

/// The two large files, each on its own thread.
fn read_large(
    archive: &Archive<'_>,
    draft: &Draft,
    findings: &mut Findings,
) -> (Vec<stop_times::Call>, Vec<shapes::FeedShape>) {
    let (trips, timetable) = (&draft.trips, &draft.timetable);
    let mut of_shapes = Findings::default();
    let both = std::thread::scope(|scope| {
        let shapes = scope.spawn(|| shapes::shapes(archive, &trips.shapes, &timetable.plane, &mut of_shapes));
        let calls = stop_times::stop_times(archive, &timetable.index.stops, trips, findings);
        (calls, shapes.join().unwrap_or_default())
    });
    findings.merge(of_shapes);
    both
}

fn sound(findings: &Findings) -> Option<()> {
    (findings.count(Severity::Fatal) == 0).then_some(())
}

/// Files that must be there, and files that should not.
fn check_files(archive: &Archive<'_>, findings: &mut Findings) {
    let required: [&'static FileSpec; 5] = [&AGENCY, &STOPS, &ROUTES, &TRIPS, &STOP_TIMES];
    for spec in required {
        if !archive.has(spec.name) {
            let advice =
                "add this file; a feed needs agency, stops, routes, trips, stop_times and a calendar";
            findings.push(table::about_file(spec, Severity::Fatal, "missing_required_file", "", advice));
        }
    }
    for name in archive.names() {
        let (code, advice) = if spec::is_not_used(name) {
            ("file_not_used", "nothing is read from this file yet")
        } else if spec::is_known(name) {
            continue;
        } else {
            ("unknown_file", "not in the specification, so not read; check the spelling")
        };
        let value = shortened(name);
        let severity = Severity::Info;
        findings.push(Finding { severity, code, file: "", row: 0, field: "", value, advice });
    }
}

#[cfg(test)]
mod tests;
