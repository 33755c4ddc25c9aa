//! The feed in the folder is the one that the facts make, and others can read it.

use std::path::Path;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/feed"))
}

#[test]
fn the_feed_in_the_folder_is_fresh() {
    let made = sample_network::feed().expect("the facts make a feed");
    for file in &made {
        let there = std::fs::read_to_string(folder().join(file.name)).unwrap_or_default();
        assert!(there == file.text, "{} is stale: run `cargo run -p sample-network`", file.name);
    }
    let names = std::fs::read_dir(folder()).expect("the feed folder");
    for name in names.map(|entry| entry.expect("an entry").file_name()) {
        assert!(made.iter().any(|file| name == *file.name), "{name:?} is not written by the generator");
    }
}

#[test]
fn the_feed_is_smaller_than_a_megabyte() {
    let bytes: usize = sample_network::feed().expect("a feed").iter().map(|file| file.text.len()).sum();
    assert!(bytes < 1_000_000, "{bytes} bytes");
}

#[test]
fn another_reader_reads_every_trip_and_stop() {
    let feed = gtfs_structures::Gtfs::from_path(folder().to_str().expect("a path")).expect("a readable feed");
    let rows = |name: &str| {
        let text = std::fs::read_to_string(folder().join(name)).expect("a file");
        text.lines().count() - 1
    };
    assert_eq!(feed.trips.len(), rows("trips.txt"));
    assert_eq!(feed.stops.len(), rows("stops.txt"));
    assert_eq!(feed.routes.len(), 6);
    let calls: usize = feed.trips.values().map(|trip| trip.stop_times.len()).sum();
    assert_eq!(calls, rows("stop_times.txt"));
}
