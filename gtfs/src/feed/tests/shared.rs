//! Real feeds, where they are at hand.

use super::*;
use std::path::{Path, PathBuf};

fn shared_data() -> Option<PathBuf> {
    let given = std::env::var_os("PADRIEW_SHARED").map(|dir| PathBuf::from(dir).join("data"));
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|dir| dir.join("shared/data"));
    let found = given.into_iter().chain(beside).find(|dir| dir.join("README.md").exists());
    if found.is_none() {
        eprintln!("skipped: no shared/data beside the project; set PADRIEW_SHARED to its parent folder");
    }
    found
}

/// Feed; trips, patterns, profiles; fatal, errors, warnings, infos.
const FEEDS: [(&str, [usize; 3], [u64; 4]); 9] = [
    ("gtfs_ferry/nyc_ferry_2025.zip", [1514, 34, 65], [0, 0, 0, 0]),
    ("gtfs_load/hart_tampa_2018.zip", [14718, 372, 865], [0, 16, 10, 1]),
    ("gtfs_load/cdmx_frequencies.zip", [1741, 345, 332], [0, 0, 82, 1]),
    ("gtfs_load/wmata_2026.zip", [16514, 436, 84], [0, 0, 11, 5]),
    ("kingston_2026-01-15/gtfs.zip", [7113, 158, 660], [0, 0, 1, 9]),
    ("wmata_2026-02-16/gtfs.zip", [4167, 15, 335], [0, 0, 0, 1]),
    ("protocols/gtfs_rt/ct_gtfs.zip", [176, 33, 77], [0, 1, 0, 24]),
    ("gtfs_fares_v2/ctran-fares-v2", [1, 1, 1], [0, 5765, 5764, 875]),
    ("gtfs_fares_v2/sandy-flex-fares-v2", [14, 4, 4], [0, 172, 161, 324]),
];

#[test]
fn every_recorded_feed_loads_with_its_findings_counted() {
    let Some(data) = shared_data() else { return };
    let mut found = Vec::new();
    for (name, ..) in FEEDS {
        let Loaded { timetable: t, findings: f } = load(Source::Path(&data.join(name))).unwrap();
        let counts =
            [Severity::Fatal, Severity::Error, Severity::Warning, Severity::Info].map(|s| f.count(s));
        eprintln!(
            "{name:40} {:6} trips {:4} patterns {:4} profiles {counts:?}",
            t.trips.len(),
            t.patterns.len(),
            t.profiles.len()
        );
        check(name, &t);
        found.push((name, [t.trips.len(), t.patterns.len(), t.profiles.len()], counts));
    }
    assert_eq!(found, FEEDS);
}

/// What holds for every timetable.
pub(super) fn check(name: &str, t: &Timetable) {
    for pattern in &t.patterns {
        let calls = &t.pattern_calls[crate::timetable::as_usize(&pattern.calls)];
        let shape = &t.shapes[pattern.shape.at()];
        assert!(calls.windows(2).all(|w| w[0].along_m < w[1].along_m), "{name}: places grow");
        assert!(
            calls[0].along_m >= 0.0 && calls[calls.len() - 1].along_m <= shape.length_m(),
            "{name}: on the line"
        );
        assert!(
            shape.along_m.is_sorted() && shape.xy.len() == shape.along_m.len(),
            "{name}: lines are measured"
        );
        let trips = &t.trips[crate::timetable::as_usize(&pattern.trips)];
        assert!(trips.is_sorted_by_key(|x| (x.start, &x.id)), "{name}: trips are sorted");
    }
    for (at, trip) in t.trips.iter().enumerate() {
        let (times, calls) = (t.times(crate::TripIdx::new(at)), t.calls(trip.pattern));
        assert_eq!(times.len(), calls.len(), "{name}: one time a call");
        assert_eq!(times[0].departure_s, 0, "{name}: times count from the start");
        assert!(times.iter().all(|c| c.arrival_s <= c.departure_s), "{name}: arrive, then leave");
        assert!(times.windows(2).all(|w| w[0].departure_s <= w[1].arrival_s), "{name}: times do not go back");
    }
}

#[test]
fn the_frequencies_of_mexico_city_are_templates_that_stand_for_many_trips() {
    let Some(data) = shared_data() else { return };
    let t = load(Source::Path(&data.join("gtfs_load/cdmx_frequencies.zip"))).unwrap().timetable;
    // Departures in a band: at its start and every headway before its end; and, as others count
    // them, only whole headways.
    let (mut trips, mut calls) = ([0; 2], [0; 2]);
    for trip in &t.trips {
        let f = trip.frequency.unwrap();
        assert!(!f.exact, "exact_times=0 throughout");
        let span_s = (f.end.0 - trip.start.0).unsigned_abs();
        for (at, departures) in [span_s.div_ceil(f.headway_s), span_s / f.headway_s].into_iter().enumerate() {
            trips[at] += departures as usize;
            calls[at] += departures as usize * t.calls(trip.pattern).len();
        }
    }
    assert_eq!((t.trips.len(), trips, calls), (1_741, [91_060, 89_752], [3_015_028, 2_958_949]));
}
