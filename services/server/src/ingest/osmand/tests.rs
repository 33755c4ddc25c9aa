use super::*;
use tracking::check::{Detail, RejectCode};

const NOW: Timestamp = Timestamp::from_s(1_795_136_525);

fn form(query: &str) -> Result<Report, Reject> {
    form_in(query, SpeedUnit::Knots)
}

fn form_in(query: &str, unit: SpeedUnit) -> Result<Report, Reject> {
    let record = decode_form(query.as_bytes(), NOW, unit).record.unwrap();
    record.content.map(|content| content.report().clone())
}

fn json(body: &str) -> Result<Report, Reject> {
    let record = decode_json(body.as_bytes(), NOW).unwrap().record.unwrap();
    record.content.map(|content| content.report().clone())
}

#[test]
fn ten_knots_in_a_form_are_five_metres_a_second_and_in_json_ten_are_ten() {
    let knots = form("lat=13.6&lon=101.0&timestamp=1795136523&speed=10").unwrap().speed_mps.unwrap();
    assert!((knots - 5.144).abs() < 0.001, "{knots}");
    let told = form_in("lat=13.6&lon=101.0&timestamp=1795136523&speed=10", SpeedUnit::MetersPerSecond);
    assert_eq!(told.unwrap().speed_mps, Some(10.0));
    let body = r#"{"device_id":"b","location":{"timestamp":"2026-11-20T01:02:03Z","coords":{"latitude":13.6,"longitude":101,"speed":10}}}"#;
    assert_eq!(json(body).unwrap().speed_mps, Some(10.0));
}

#[test]
fn minus_one_is_unknown() {
    let body =
        r#"{"location":{"coords":{"latitude":13.6,"longitude":101,"speed":-1,"heading":-1,"accuracy":-1}}}"#;
    let report = json(body).unwrap();
    assert_eq!((report.speed_mps, report.heading_deg, report.accuracy_m), (None, None, None));
    assert_eq!(report.t, NOW);
    assert_eq!(form("lat=1&lon=2&speed=-1&bearing=-1").unwrap().speed_mps, None);
}

#[test]
fn a_faked_position_is_told_and_an_invalid_fix_too() {
    let body = r#"{"location":{"mock":true,"coords":{"latitude":13.6,"longitude":101}}}"#;
    assert!(json(body).unwrap().mocked);
    assert!(form("lat=1&lon=2&valid=false").unwrap().invalid);
    assert!(!form("lat=1&lon=2&valid=true").unwrap().invalid);
}

#[test]
fn a_record_without_coordinates_is_a_sign_of_life() {
    let decoded = decode_json(br#"{"device_id":"bus-017","location":{"event":"heartbeat"}}"#, NOW).unwrap();
    assert_eq!((decoded.id.as_deref(), decoded.record), (Some("bus-017"), None));
}

#[test]
fn times_of_a_form_are_seconds_milliseconds_iso_or_plain_and_always_utc() {
    let t = Timestamp::from_s(1_795_136_523);
    for text in ["1795136523", "1795136523000", "2026-11-20T01:02:03Z", "2026-11-20+01:02:03"] {
        assert_eq!(form(&format!("lat=1&lon=2&timestamp={text}")).unwrap().t, t, "{text}");
    }
    let refusal = form("lat=1&lon=2&timestamp=soon").unwrap_err();
    assert_eq!((refusal.code, refusal.detail), (RejectCode::Format, Detail::Field("timestamp")));
}

#[test]
fn the_number_of_a_record_is_its_time() {
    let record = decode_form(b"lat=1&lon=2&timestamp=1795136523", NOW, SpeedUnit::Knots).record.unwrap();
    assert_eq!(record.seq, Some(1_795_136_523_000_000));
}

#[test]
fn recorded_messages_of_real_trackers_give_their_places() {
    let Some(data) = crate::shared_data() else {
        eprintln!("skipped: recorded OsmAnd messages; there is no shared/data beside the project");
        return;
    };
    let text = std::fs::read_to_string(data.join("protocols/tracker_samples.tsv")).unwrap();
    let mut places = 0;
    for line in text.lines().filter(|line| line.starts_with("osmand\t")) {
        let cells: Vec<&str> = line.split('\t').collect();
        let query = cells[3].trim_start_matches("/?");
        match form(query) {
            Ok(report) => {
                places += 1;
                assert!(report.t <= NOW && report.lat.abs() <= 90.0, "{query}");
            }
            // Cell towers and radio networks without a position are not used.
            Err(refusal) => {
                assert!(query.contains("cell=") && refusal.detail == Detail::Field("lat"), "{query}")
            }
        }
    }
    assert_eq!(places, 10);
}
