//! How long a stop's departures take to find, over every stop of a feed at a busy hour.
//!
//! `cargo run --release -p gtfs --example departures_bench FEED.zip`
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::panic, reason = "a benchmark that can not measure stops at once")]

use gtfs::{ServiceTime, Source, StopIdx};
use std::path::Path;
use std::time::Instant;

/// When the window of each search begins.
const FROM: ServiceTime = ServiceTime(7 * 3600);

fn main() {
    let feed = std::env::args().nth(1).unwrap_or_else(|| panic!("name a feed"));
    let loaded = gtfs::load(Source::Path(Path::new(&feed))).unwrap_or_else(|e| panic!("{e}"));
    let t = loaded.timetable;
    let (Some(first), Some(last)) = (t.feed.first_day, t.feed.last_day) else {
        panic!("the feed has no days")
    };
    let middle = gtfs::ServiceDay(first.0 + (last.0 - first.0) / 2);
    let from = middle.at(t.tz, FROM);
    for hours in [2, 36] {
        let (start, mut found) = (Instant::now(), 0);
        for stop in (0..t.stops.len()).map(StopIdx::new) {
            found += t.departures(stop, from..from.plus_s(f64::from(hours) * 3600.0)).len();
        }
        let each_us = start.elapsed().as_secs_f64() * 1e6 / t.stops.len() as f64;
        println!(
            "{hours:2} h from {middle} {FROM}: {found} departures of {} stops, {each_us:.1} us a stop",
            t.stops.len()
        );
    }
}
