use super::*;
use crate::ingest::record::Content;
use tracking::check::{Detail, RejectCode};

const RECEIVED: Timestamp = Timestamp::from_s(1_795_136_525);

fn batch(body: &str) -> Batch {
    read(body.as_bytes(), RECEIVED, 500).unwrap()
}

fn refusal(body: &str) -> (u16, &'static str) {
    let error = read(body.as_bytes(), RECEIVED, 3).unwrap_err();
    (error.status().as_u16(), error.code())
}

fn fault(record: &Record) -> Option<(RejectCode, Detail)> {
    record.content.as_ref().err().map(|reject| (reject.code, reject.detail))
}

#[test]
fn every_field_of_a_record_is_read() {
    let batch = batch(
        r#"{"v":1,"boot":"7f3a","pings":[{"seq":1,"t":"2026-11-20T01:02:03.250Z","lat":13.68812,"lon":101.07156,
        "spd":8.4,"hdg":182,"acc":4.2,"hdop":0.9,"sat":11,"odo":1234.5,"src":"ODO","trip":"T1","block":"B","route":"R",
        "door":1,"pax":17,"occ":"FULL","ev":{"soc":63.5,"kwh":148,"chg":2}}]}"#,
    );
    assert_eq!((batch.boot.as_deref(), batch.unknown_fields), (Some("7f3a"), 0));
    let Record { seq: Some(1), content: Ok(Content::Position(report)) } = &batch.records[0] else {
        panic!("{batch:?}")
    };
    assert_eq!(report.t, Timestamp(1_795_136_523_250_000));
    assert_eq!((report.lat, report.lon, report.speed_mps), (13.68812, 101.07156, Some(8.4)));
    assert_eq!((report.satellites, report.door_open, report.passengers), (Some(11), Some(true), Some(17)));
    assert_eq!(report.provenance, tracking::Provenance::Odo);
    assert_eq!(report.claim.trip.as_deref(), Some("T1"));
    let ev = report.ev.unwrap();
    assert_eq!((ev.soc_pct, ev.charging, ev.plugged), (Some(63.5), Some(true), Some(true)));
}

#[test]
fn a_time_may_be_seconds_milliseconds_or_counted_from_boot() {
    let batch = batch(
        r#"{"v":1,"up_now":60000,"pings":[{"t":1795136520,"lat":1,"lon":2},{"t":1795136520500,"lat":1,"lon":2},
        {"t":1795136520.25,"lat":1,"lon":2},{"up":55000,"lat":1,"lon":2},{"up":61000,"lat":1,"lon":2}]}"#,
    );
    let times: Vec<_> =
        batch.records.iter().map(|r| r.content.as_ref().ok().map(|c| c.report().t.0 / 1000)).collect();
    let at = 1_795_136_520_000;
    assert_eq!(times, [Some(at), Some(at + 500), Some(at + 250), Some(at), None]);
    assert_eq!(fault(&batch.records[4]), Some((RejectCode::Format, Detail::Field("up"))));
}

#[test]
fn one_record_with_a_wrong_field_loses_nothing_else_and_names_the_field() {
    let batch = batch(
        r#"{"v":1,"pings":[{"seq":1,"t":1795136520,"lat":1,"lon":2},{"seq":2,"t":1795136521,"lat":"north","lon":2},
        {"seq":3,"t":1795136522,"lat":1,"lon":2}, 7, {"seq":-4,"t":1795136522,"lat":1,"lon":2}]}"#,
    );
    assert_eq!(batch.records.len(), 5);
    assert_eq!(batch.records[1].seq, Some(2));
    assert_eq!(fault(&batch.records[1]), Some((RejectCode::Format, Detail::Field("lat"))));
    assert!(batch.records[0].content.is_ok() && batch.records[2].content.is_ok());
    assert_eq!(fault(&batch.records[3]), Some((RejectCode::Format, Detail::Field("pings"))));
    assert_eq!(fault(&batch.records[4]), Some((RejectCode::Format, Detail::Field("seq"))));
    assert_eq!(batch.records[4].seq, None);
}

#[test]
fn a_record_without_a_place_is_a_heartbeat_or_a_fault() {
    let batch = batch(
        r#"{"v":1,"pings":[{"t":1795136520,"ev":{"soc":50}},{"t":1795136520},{"t":1795136520,"lat":1,"door":0}]}"#,
    );
    assert!(matches!(batch.records[0].content, Ok(Content::Heartbeat(_))));
    assert_eq!(fault(&batch.records[1]), Some((RejectCode::Format, Detail::Field("lat"))));
    assert_eq!(fault(&batch.records[2]), Some((RejectCode::Format, Detail::Field("lon"))));
}

#[test]
fn unknown_fields_are_ignored_and_counted() {
    let batch = batch(
        r#"{"v":1,"x":[[]],"pings":[{"t":1795136520,"lat":1,"lon":2,"colour":"red","more":{"a":[1]}}]}"#,
    );
    assert!(batch.records[0].content.is_ok());
    assert_eq!(batch.unknown_fields, 3);
}

#[test]
fn a_typed_position_says_so_and_an_unknown_source_is_refused() {
    let batch = batch(r#"{"v":1,"pings":[{"t":1795136520,"lat":1,"lon":2,"src":"CRYSTAL BALL"}]}"#);
    assert_eq!(fault(&batch.records[0]), Some((RejectCode::Provenance, Detail::Field("src"))));
}

#[test]
fn bodies_that_can_not_be_read_say_why() {
    let deep = format!(r#"{{"v":1,"pings":[{{"t":1,"x":{}{}}}]}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let deep_outside =
        format!(r#"{{"x":{}{},"v":1,"pings":[{{"t":1}}]}}"#, "[".repeat(10_000), "]".repeat(10_000));
    for (body, expected) in [
        ("{\"v\":1,", (400, "json")),
        (deep_outside.as_str(), (400, "depth")),
        ("nonsense", (400, "json")),
        (deep.as_str(), (400, "depth")),
        (r#"{"v":2,"pings":[{"t":1}]}"#, (422, "envelope")),
        (r#"{"v":1}"#, (422, "envelope")),
        (r#"{"v":1,"pings":[]}"#, (422, "envelope")),
        (r#"{"v":1,"pings":7}"#, (422, "envelope")),
        (r#"{"v":1,"boot":"","pings":[{"t":1}]}"#, (422, "envelope")),
        (r#"{"v":1,"pings":[{},{},{},{}]}"#, (413, "records")),
        ("[]", (422, "envelope")),
    ] {
        assert_eq!(refusal(body), expected, "{}", &body[..body.len().min(60)]);
    }
}

#[test]
fn the_bytes_of_each_record_are_kept_for_the_quarantine() {
    let raw = raw_records(br#"{"v":1,"pings":[{"seq": 1}, {"lat":"x"}]}"#);
    assert_eq!(raw, [br#"{"seq": 1}"#.as_slice(), br#"{"lat":"x"}"#]);
}
