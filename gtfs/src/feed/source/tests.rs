use super::super::tests::{feed, pack, zip_of};
use crate::{Severity, Source, load};

fn refused(zip: &[u8]) -> String {
    let unusable = load(Source::Zip(zip)).unwrap_err();
    let fatal: Vec<&str> = unusable
        .findings
        .examples()
        .iter()
        .filter(|f| f.severity == Severity::Fatal)
        .map(|f| f.code)
        .collect();
    fatal.join(" ")
}

#[test]
fn a_zip_loads_as_its_files_do() {
    let zip = zip_of(&feed(&[]));
    let (zipped, plain) = (load(Source::Zip(&zip)).unwrap(), load(Source::Text(&feed(&[]))).unwrap());
    assert_eq!(zipped.timetable.feed.hash, plain.timetable.feed.hash);
    assert_eq!(zipped.timetable.trips.len(), 2);
    assert_eq!(zipped.findings.kinds().count(), 0);
}

#[test]
fn a_zip_cut_anywhere_is_refused_without_panic() {
    let zip = zip_of(&feed(&[]));
    for end in (0..zip.len()).step_by(7) {
        assert_eq!(refused(&zip[..end]), "unreadable_feed", "cut at {end} of {}", zip.len());
    }
}

#[test]
fn a_flipped_bit_is_refused_or_does_no_harm() {
    let zip = zip_of(&feed(&[]));
    for at in 0..zip.len() {
        let mut bad = zip.clone();
        bad[at] ^= 1 << (at % 8);
        // Either way without panic; what is read was checked against its CRC-32.
        if let Ok(loaded) = load(Source::Zip(&bad)) {
            assert_eq!(loaded.timetable.stops.len(), 3, "bit at {at}");
        }
    }
}

#[test]
fn names_that_lead_out_of_the_zip_are_refused() {
    for name in ["../stops.txt", "/etc/stops.txt", "a/../../stops.txt", "..\\stops.txt", "C:stops.txt"] {
        assert_eq!(refused(&pack(&[(name, b"stop_id\n")])), "unsafe_archive", "{name}");
    }
}

#[test]
fn a_zip_bomb_is_refused_before_it_is_unpacked() {
    let zeros = vec![b'0'; 64 << 20];
    assert_eq!(refused(&pack(&[("stops.txt", &zeros)])), "unsafe_archive");
}

#[test]
fn a_zip_with_too_many_files_is_refused() {
    let names: Vec<String> = (0..=super::ENTRIES_MAX).map(|n| format!("f{n}.txt")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), &b""[..])).collect();
    assert_eq!(refused(&pack(&files)), "too_many_files");
}

#[test]
fn a_feed_in_a_folder_of_the_zip_is_read_and_reported() {
    let text = feed(&[]).replace("# ", "# feed/");
    let loaded = load(Source::Zip(&zip_of(&text))).unwrap();
    assert_eq!(loaded.timetable.trips.len(), 2);
    let kinds: Vec<_> = loaded.findings.kinds().map(|(_, code, _, n)| (code, n)).collect();
    assert_eq!(kinds, [("invalid_input_files_in_subfolder", 9)]);
}

#[test]
fn what_packing_programs_leave_in_a_zip_is_passed_over() {
    let base = zip_of(&feed(&[]));
    let zip = super::super::tests::with_more(
        &base,
        &[("__MACOSX/._stops.txt", b"x"), (".DS_Store", b"x"), ("desktop.ini", b"x")],
    );
    assert_eq!(load(Source::Zip(&zip)).unwrap().findings.kinds().count(), 0);
}

#[test]
fn a_missing_file_or_an_empty_folder_is_refused_and_named() {
    let missing = load(Source::Path(std::path::Path::new("/nonexistent/feed.zip"))).unwrap_err();
    assert!(missing.to_string().contains("unreadable_feed"), "{missing}");
    let empty = load(Source::Text("")).unwrap_err();
    assert_eq!(empty.findings.count(Severity::Fatal), 5, "each required file is named");
}
