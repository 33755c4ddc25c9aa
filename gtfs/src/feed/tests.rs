//! Whole feeds as text: a sound one, and one change at a time.

mod hostile;
mod notices;
mod packed;
mod shared;
mod timetable;

pub(super) use packed::{pack, with_file, with_more, zip_of};

use super::*;
use crate::Lang;

/// A small feed without a single finding; each test replaces files of it.
const SOUND: [(&str, &str); 9] = [
    (
        "agency.txt",
        "agency_id,agency_name,agency_url,agency_timezone\n\
         A,แปดริ้วเดินรถ,https://example.org,Asia/Bangkok\n",
    ),
    (
        "stops.txt",
        "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station,zone_id\n\
         S1,สถานีรถไฟ,13.690,101.070,0,,Z1\n\
         S2,ตลาด,13.690,101.080,0,,Z1\n\
         S3,Pier,13.690,101.090,0,,Z2\n",
    ),
    (
        "routes.txt",
        "route_id,agency_id,route_short_name,route_long_name,route_type\nR1,A,1,Station - Pier,3\n",
    ),
    (
        "calendar.txt",
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\nWK,1,1,1,1,1,0,0,20261102,20261129\n",
    ),
    ("calendar_dates.txt", "service_id,date,exception_type\nWK,20261121,1\nWK,20261105,2\n"),
    (
        "trips.txt",
        "route_id,service_id,trip_id,direction_id,shape_id,block_id\n\
         R1,WK,T1,0,L1,B1\nR1,WK,T2,0,L1,B1\n",
    ),
    (
        "stop_times.txt",
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence,shape_dist_traveled\n\
         T1,08:00:00,08:00:00,S1,1,0\nT1,08:05:00,08:06:00,S2,2,1.1\nT1,08:10:00,08:10:00,S3,3,2.2\n\
         T2,23:50:00,23:50:00,S1,1,0\nT2,,,S2,2,1.1\nT2,24:10:00,24:10:00,S3,3,2.2\n",
    ),
    (
        "shapes.txt",
        "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence,shape_dist_traveled\n\
         L1,13.690,101.070,1,0\nL1,13.690,101.080,2,1.1\nL1,13.690,101.090,3,2.2\n",
    ),
    ("feed_info.txt", "feed_publisher_name,feed_publisher_url,feed_lang\nTest,https://example.org,th\n"),
];

/// The sound feed with `changes`: a file's new text, or `None` to leave it out.
pub(super) fn feed(changes: &[(&str, Option<&str>)]) -> String {
    let changed = |name: &str| changes.iter().find(|(changed, _)| *changed == name);
    let kept = SOUND.iter().filter(|(name, _)| changed(name).is_none()).map(|&(name, text)| (name, text));
    let new = changes.iter().filter_map(|&(name, text)| Some((name, text?)));
    kept.chain(new).map(|(name, text)| format!("# {name}\n{text}")).collect()
}

/// The text of a file of the sound feed.
fn sound(name: &str) -> &'static str {
    SOUND.iter().find(|(have, _)| *have == name).unwrap().1
}

fn loaded(changes: &[(&str, Option<&str>)]) -> Loaded {
    load(Source::Text(&feed(changes))).unwrap()
}

fn findings(text: &str) -> Findings {
    match load(Source::Text(text)) {
        Ok(loaded) => loaded.findings,
        Err(unusable) => unusable.findings,
    }
}

/// Findings as `Severity code file:row field`, in the order found.
fn short(findings: &Findings) -> Vec<String> {
    let one = |f: &Finding| {
        let text = format!("{:?} {} {}:{} {}", f.severity, f.code, f.file, f.row, f.field);
        text.trim_end().to_owned()
    };
    findings.examples().iter().map(one).collect()
}

#[test]
fn a_sound_feed_has_no_findings() {
    assert_eq!(short(&loaded(&[]).findings), [] as [&str; 0]);
}

#[test]
fn the_same_bytes_give_the_same_timetable_and_the_same_findings() {
    let text = feed(&[(
        "trips.txt",
        Some("route_id,service_id,trip_id,shape_id\nR1,WK,T1,L1\nR1,WK,T2,L1\nR9,WK,T3,\n"),
    )]);
    let read =
        || load(Source::Text(&text)).map(|l| (format!("{:?}", Lookless(&l.timetable)), l.findings)).unwrap();
    assert_eq!(read(), read());
}

/// A timetable without its lookups, whose order in memory is not fixed.
struct Lookless<'t>(&'t Timetable);

impl std::fmt::Debug for Lookless<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let t = self.0;
        write!(f, "{:?} {:?} {:?} {:?}", t.feed, t.agencies, t.routes, t.stops)?;
        write!(f, "{:?} {:?} {:?} {:?}", t.trips, t.patterns, t.pattern_calls, t.profiles)?;
        write!(f, "{:?} {:?} {:?} {:?}", t.profile_times, t.shapes, t.services, t.blocks)?;
        write!(f, "{:?} {:?} {:?} {:?}", t.transfers, t.fares, t.stop_calls, t.index.trips_by_id)
    }
}

#[test]
fn a_changed_byte_changes_the_feeds_number_and_the_container_does_not() {
    let number = |changes: &[_]| loaded(changes).timetable.feed.hash;
    assert_eq!(number(&[]), number(&[]));
    let other = sound("stops.txt").replace("Pier", "Peer");
    assert_ne!(number(&[]), number(&[("stops.txt", Some(&other))]));
}

#[test]
fn translations_of_records_win_over_those_of_values() {
    let translations = "table_name,field_name,language,translation,record_id,field_value\n\
        stops,stop_name,en,Railway Station,S1,\n\
        stops,stop_name,en,Market,,ตลาด\n\
        stops,stop_name,zh-Hans,市场,,ตลาด\n\
        stops,stop_name,en,Station,,สถานีรถไฟ\n\
        stops,stop_desc,en,not read,S1,\n\
        stops,stop_name,de,Markt,,ตลาด\n";
    let timetable = loaded(&[("translations.txt", Some(translations))]).timetable;
    let name =
        |id: &str, lang| timetable.stops[timetable.stop(id).unwrap().at()].name.in_lang(lang).to_owned();
    assert_eq!([name("S1", Lang::Th), name("S1", Lang::En)], ["สถานีรถไฟ", "Railway Station"]);
    assert_eq!(
        [name("S2", Lang::Zh), name("S2", Lang::My)],
        ["市场", "Market"],
        "Burmese falls back to English"
    );
    assert_eq!(name("S3", Lang::En), "Pier");
}
