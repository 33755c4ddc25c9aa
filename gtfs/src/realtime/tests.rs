use super::*;
use prost::Message;
use std::path::{Path, PathBuf};

fn trip_update_feed() -> FeedMessage {
    let call = StopTimeUpdate {
        stop_sequence: Some(3),
        stop_id: Some("S3".to_owned()),
        arrival: Some(StopTimeEvent { delay: None, time: Some(1_500_000_060), uncertainty: Some(20) }),
        departure: Some(StopTimeEvent { delay: Some(-5), time: Some(1_500_000_075), uncertainty: None }),
        departure_occupancy_status: Some(OccupancyStatus::FewSeatsAvailable.into()),
        schedule_relationship: Some(StopTimeRelationship::Scheduled.into()),
    };
    let update = TripUpdate {
        trip: TripDescriptor {
            trip_id: Some("T1".to_owned()),
            start_date: Some("20170714".to_owned()),
            schedule_relationship: Some(TripRelationship::Scheduled.into()),
            ..TripDescriptor::default()
        },
        vehicle: Some(VehicleDescriptor { id: Some("EV-07".to_owned()), ..VehicleDescriptor::default() }),
        stop_time_update: vec![call],
        timestamp: Some(1_500_000_000),
        delay: None,
    };
    let entity = FeedEntity { trip_update: Some(update), ..FeedEntity::new("tu:T1") };
    FeedMessage { header: FeedHeader::full_dataset(1_500_000_000, None), entity: vec![entity] }
}

/// Field by field as the protobuf encoding and `gtfs-realtime.proto` demand; written out by hand.
const TRIP_UPDATE_FEED_HEX: &str = "
    0a 0d                                      header
      0a 03 32 2e 30                           gtfs_realtime_version '2.0'
      10 00                                    incrementality FULL_DATASET
      18 80 de a0 cb 05                        timestamp 1500000000
    12 42                                      entity
      0a 05 74 75 3a 54 31                     id 'tu:T1'
      1a 39                                    trip_update
        0a 10                                  trip
          0a 02 54 31                          trip_id 'T1'
          1a 08 32 30 31 37 30 37 31 34        start_date '20170714'
          20 00                                schedule_relationship SCHEDULED
        12 1f                                  stop_time_update
          08 03                                stop_sequence 3
          12 08 10 bc de a0 cb 05 18 14        arrival: time, uncertainty 20
          1a 11 08 fb ff ff ff ff ff ff ff ff 01 10 cb de a0 cb 05   departure: delay -5, time
        20 80 de a0 cb 05                      timestamp
";

/// The bytes of a text in which every line is two-digit hex words, then a note.
fn golden(hex_with_notes: &str) -> Vec<u8> {
    hex_with_notes
        .lines()
        .flat_map(|line| {
            line.split_whitespace()
                .map_while(|word| (word.len() == 2).then(|| u8::from_str_radix(word, 16).ok()).flatten())
        })
        .collect()
}

#[test]
fn a_trip_update_is_written_to_the_byte_as_the_protocol_says() {
    let mut feed = trip_update_feed();
    let update = feed.entity[0].trip_update.as_mut().unwrap();
    update.vehicle = None;
    let call = &mut update.stop_time_update[0];
    (call.stop_id, call.departure_occupancy_status, call.schedule_relationship) = (None, None, None);
    let expected = golden(TRIP_UPDATE_FEED_HEX);
    assert_eq!(feed.encode_to_vec(), expected);
    assert_eq!(FeedMessage::decode(&*expected).unwrap(), feed);
}

#[test]
fn every_field_survives_the_wire() {
    let feed = trip_update_feed();
    assert_eq!(FeedMessage::decode(&*feed.encode_to_vec()).unwrap(), feed);
}

#[test]
fn a_vehicle_position_is_written_to_the_byte_as_the_protocol_says() {
    let vehicle = VehiclePosition {
        position: Some(Position {
            latitude: 13.5,
            longitude: 101.25,
            speed: Some(2.0),
            ..Position::default()
        }),
        current_stop_sequence: Some(4),
        current_status: Some(VehicleStopStatus::StoppedAt.into()),
        timestamp: Some(1_500_000_000),
        stop_id: Some("S4".to_owned()),
        vehicle: Some(VehicleDescriptor { id: Some("F1".to_owned()), ..VehicleDescriptor::default() }),
        occupancy_status: Some(OccupancyStatus::Empty.into()),
        trip: None,
    };
    let expected = golden(
        "12 0f 0d 00 00 58 41 15 00 80 ca 42 2d 00 00 00 40   position: latitude, longitude, speed
         18 04                                                current_stop_sequence
         20 01                                                current_status STOPPED_AT
         28 80 de a0 cb 05                                    timestamp
         3a 02 53 34                                          stop_id
         42 04 0a 02 46 31                                    vehicle.id
         48 00                                                occupancy_status EMPTY",
    );
    assert_eq!(vehicle.encode_to_vec(), expected);
}

#[test]
fn json_has_the_names_of_the_specification_and_leaves_out_what_is_unset() {
    let json = serde_json::to_value(trip_update_feed()).unwrap();
    assert_eq!(
        json["header"],
        serde_json::json!({
            "gtfs_realtime_version": "2.0", "incrementality": "FULL_DATASET", "timestamp": 1_500_000_000
        })
    );
    let update = &json["entity"][0]["trip_update"];
    assert_eq!(update["trip"]["schedule_relationship"], "SCHEDULED");
    assert_eq!(update["stop_time_update"][0]["arrival"]["time"], 1_500_000_060);
    assert_eq!(update["stop_time_update"][0]["departure_occupancy_status"], "FEW_SEATS_AVAILABLE");
    assert!(update.get("delay").is_none());
}

#[test]
fn a_value_of_a_later_version_is_kept_and_shown_as_its_number() {
    let trip = TripDescriptor { schedule_relationship: Some(99), ..TripDescriptor::default() };
    let read = TripDescriptor::decode(&*trip.encode_to_vec()).unwrap();
    assert_eq!(read.schedule_relationship, Some(99));
    assert_eq!(serde_json::to_value(read).unwrap()["schedule_relationship"], 99);
}

#[test]
fn alert_texts_carry_their_languages() {
    let text = TranslatedString::of([("th", "ทดสอบ"), ("en", "test")]);
    assert_eq!(text.translation[0].language.as_deref(), Some("th"));
    assert_eq!(text.translation[1].text, "test");
}

/// The folder of real data beside the project, or aloud why not.
fn shared_data() -> Option<PathBuf> {
    let given = std::env::var_os("PADRIEW_SHARED").map(|dir| PathBuf::from(dir).join("data"));
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|dir| dir.join("shared/data"));
    let found = given.into_iter().chain(beside).find(|dir| dir.join("README.md").exists());
    if found.is_none() {
        eprintln!("skipped: no shared/data beside the project; set PADRIEW_SHARED to its parent folder");
    }
    found
}

#[test]
fn feeds_of_other_agencies_are_read_whole_and_written_back_alike() {
    let Some(dir) = shared_data() else { return };
    let cases = [
        ("bart-trip-updates.pb", "trip_update"),
        ("bart-alerts.pb", "alert"),
        ("ct-trip-updates.pb", "trip_update"),
        ("ct-vehicle-positions.pb", "vehicle"),
        ("ct-service-alerts.pb", "nothing"),
    ];
    for (name, holds) in cases {
        let raw = std::fs::read(dir.join("protocols/gtfs_rt").join(name)).unwrap();
        let feed = FeedMessage::decode(&*raw).unwrap_or_else(|err| panic!("{name}: {err}"));
        assert!(feed.header.timestamp.is_some(), "{name}");
        assert_eq!(feed.entity.is_empty(), holds == "nothing", "{name}");
        for entity in &feed.entity {
            let kinds = [
                ("trip_update", entity.trip_update.is_some()),
                ("vehicle", entity.vehicle.is_some()),
                ("alert", entity.alert.is_some()),
            ];
            assert!(kinds.iter().all(|(kind, set)| *set == (*kind == holds)), "{name}: {entity:?}");
        }
        assert_eq!(FeedMessage::decode(&*feed.encode_to_vec()).unwrap(), feed, "{name}");
    }
}
