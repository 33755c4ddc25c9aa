//! Feeds that nobody meant to write: whatever comes in, nothing panics and nothing unsound comes out.

use super::*;
use proptest::prelude::*;

/// What may be put anywhere in a feed.
const PIECES: [&str; 20] = [
    "\"",
    ",",
    "\n",
    "\r\n",
    "\u{feff}",
    "-1",
    "99999999999999999999",
    "NaN",
    "1e308",
    "25:61:61",
    "99:59:59",
    "S1",
    "T1",
    "\u{0}",
    "é",
    "ก",
    "# stops.txt\n",
    "00000000",
    "99991231",
    " ",
];

fn edit() -> impl Strategy<Value = (f64, usize, usize)> {
    (0.0..1.0f64, 0..12usize, 0..PIECES.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_edit_of_a_feed_makes_it_panic_or_unsound(edits in proptest::collection::vec(edit(), 1..12)) {
        let mut text = feed(&[("frequencies.txt", Some("trip_id,start_time,end_time,headway_secs,exact_times\nT2,06:00:00,09:00:00,600,1\n"))]);
        for (share, length, piece) in edits {
            let at = text.floor_char_boundary((share * text.len() as f64) as usize);
            let end = text.ceil_char_boundary((at + length).min(text.len()));
            text.replace_range(at..end, PIECES[piece]);
        }
        if let Ok(loaded) = load(Source::Text(&text)) {
            shared::check("edited", &loaded.timetable);
        }
    }

    #[test]
    fn no_bytes_in_a_file_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), file in 0..9usize) {
        let name = SOUND[file].0;
        let header = SOUND[file].1.lines().next().unwrap_or_default();
        let body = [header.as_bytes(), b"\n", &bytes].concat();
        if let Ok(loaded) = load(Source::Zip(&with_file(&zip_of(&feed(&[])), name, &body))) {
            shared::check(name, &loaded.timetable);
        }
    }
}
