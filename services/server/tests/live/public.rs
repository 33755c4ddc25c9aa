//! What anybody may read: departures, stops, lines, the timetable, the GTFS-realtime feeds.

use super::harness::{Server, a_moment};
use gtfs::realtime::FeedMessage;
use prost::Message;
use reqwest::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use serde_json::Value;

async fn json(server: &Server, path: &str) -> Value {
    let answer = server.get(path).await;
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

#[tokio::test]
async fn departures_are_the_frame_that_panels_get_and_are_not_sent_twice() {
    let server = Server::start().await;
    let answer = server.get("/v1/stops/B/departures").await;
    assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let etag = answer.headers()[ETAG].clone();
    let frame: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert!(frame["k"] == "snap" && frame["sched"].is_null() && frame["rows"].is_array(), "{frame}");
    assert!(json(&server, "/v1/stops/B/departures?sv=").await["sched"].is_array());

    let again =
        |etag| reqwest::Client::new().get(server.url("/v1/stops/B/departures")).header(IF_NONE_MATCH, etag);
    assert_eq!(again(etag.clone()).send().await.unwrap().status(), 304);
    server.bus_at(20.0).await;
    a_moment().await;
    assert_eq!(again(etag).send().await.unwrap().status(), 200, "the board changed");
}

#[tokio::test]
async fn a_missing_stop_is_named_as_what_it_is() {
    let server = Server::start().await;
    for path in ["/v1/stops/nowhere", "/v1/stops/nowhere/departures"] {
        let answer = server.get(path).await;
        assert_eq!(answer.status(), 404);
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(body["error"]["code"], "stop", "{body}");
    }
    assert_eq!(server.get("/v1/stops").await.status(), 400);
    assert_eq!(server.get("/v1/stops?near=north").await.status(), 400);
    assert_eq!(server.get("/s/nowhere").await.status(), 404);
    assert_eq!(server.get("/gtfs-rt/weather.pb").await.status(), 404);
}

#[tokio::test]
async fn stops_are_found_by_name_and_by_place_and_lines_are_listed() {
    let server = Server::start().await;
    let ids = |found: &Value| -> Vec<String> {
        found["stops"]
            .as_array()
            .unwrap()
            .iter()
            .map(|stop| stop["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        ids(&json(&server, "/v1/stops?q=p").await)[0],
        "P",
        "its id is that, the others only hold the letter"
    );
    let (lat, lon) = gtfs::fixture::lat_lon(610.0, 0.0);
    let near = json(&server, &format!("/v1/stops?near={lat},{lon}")).await;
    assert_eq!(ids(&near), ["B", "A", "P"], "C ends every trip: nobody can board there");
    assert_eq!(near["stops"][0]["distance_m"], 10);
    let pier = json(&server, "/v1/stops/P").await;
    assert_eq!((&pier["kind"], &pier["routes"][0]), (&Value::from("pier"), &Value::from("F")));
    let routes = json(&server, "/v1/routes").await;
    assert_eq!(routes["routes"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn other_apps_get_the_vehicle_and_its_times_in_protobuf_and_json() {
    let server = Server::start().await;
    server.bus_at(20.0).await;
    server.bus_at(120.0).await;
    server
        .until(|app| {
            app.live.realtime.load().as_ref().is_some_and(|s| {
                !s.message(server::live::Feed::VehiclePositions).entity.is_empty()
                    && !s.message(server::live::Feed::TripUpdates).entity.is_empty()
            })
        })
        .await;
    let answer = server.get("/gtfs-rt/vehicle-positions.pb").await;
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/x-protobuf");
    let feed = FeedMessage::decode(answer.bytes().await.unwrap()).unwrap();
    let vehicle = feed.entity[0].vehicle.clone().unwrap();
    assert_eq!(vehicle.vehicle.unwrap().id.as_deref(), Some("BUS-1"));
    assert_eq!(vehicle.trip.unwrap().trip_id.as_deref(), Some("t1"));
    let json = json(&server, "/gtfs-rt/trip-updates.json").await;
    let update = &json["entity"][0]["trip_update"];
    assert_eq!(update["trip"]["trip_id"], "t1");
    assert!(update["stop_time_update"].as_array().unwrap().iter().all(|call| call["stop_id"].is_string()));
}

#[tokio::test]
async fn the_timetable_in_force_can_be_taken_away_as_a_zip() {
    let server = Server::start().await;
    let zip = server.get("/gtfs.zip").await.bytes().await.unwrap();
    let loaded = gtfs::load(gtfs::Source::Zip(&zip)).unwrap();
    assert_eq!(loaded.timetable.feed.hash, server.app.feeds.current().unwrap().feed.hash);
}
