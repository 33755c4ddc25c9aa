//! Trackers that speak something else than our JSON.

use crate::harness::{Server, answer};
use serde_json::json;
use store::StoredPing;
use store::ping::PingCursor;
use tracking::{Provenance, Tier};

async fn stored(server: &Server) -> Vec<StoredPing> {
    server.app.db.pings_received(PingCursor::from(server.now().plus_s(-60.0)), 10).await.unwrap().0
}

#[tokio::test]
async fn a_phone_with_a_stock_app_works_by_query_and_gets_an_empty_answer() {
    let server = Server::start().await;
    let token = server.token("phone-3", "osmand", Tier::Token).await;
    let query =
        format!("id=phone-3&lat=13.688&lon=101.071&timestamp={}&speed=10&bearing=182", server.now().s());
    let answer = server.get(&format!("/v1/osmand/{token}?{query}")).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0), "{:?}", answer.json());
    let ping = stored(&server).await.remove(0).row.ping;
    assert!((ping.speed_mps.unwrap() - 5.144).abs() < 0.001, "{ping:?}");
    assert_eq!(ping.tier, Tier::Token);
}

#[tokio::test]
async fn a_form_in_the_body_and_json_in_the_body_both_work() {
    let server = Server::start().await;
    let token = server.token("phone-3", "osmand", Tier::Token).await;
    let path = format!("/v1/osmand/{token}");
    let form = format!("lat=13.688&lon=101.071&timestamp={}", server.now().s() - 4);
    assert_eq!(server.post(&path, form).await.status, 200);
    let t = server.now().plus_s(-1.0).utc().unwrap().to_rfc3339();
    let coords =
        json!({"latitude": 13.6881, "longitude": 101.071, "speed": 8.4, "heading": 182, "accuracy": 4.2});
    let message =
        json!({"device_id": "phone-3", "location": {"timestamp": t, "coords": coords, "mock": true}});
    assert_eq!(server.post(&path, message.to_string()).await.status, 200);
    let pings = stored(&server).await;
    assert_eq!(pings.len(), 2);
    assert!(pings.iter().any(|stored| stored.row.verdict == store::Verdict::Hist), "a faked fix is not live");
}

#[tokio::test]
async fn an_id_that_is_not_the_tokens_gets_what_stock_apps_expect() {
    let server = Server::start().await;
    let token = server.token("phone-3", "osmand", Tier::Token).await;
    let by_form = server.get(&format!("/v1/osmand/{token}?id=phone-4&lat=13.6&lon=101")).await;
    assert_eq!(by_form.refusal(), (400, "device".to_owned()));
    let by_json =
        server.post(&format!("/v1/osmand/{token}"), json!({"device_id": "phone-4"}).to_string()).await;
    assert_eq!(by_json.refusal(), (404, "device".to_owned()));
    assert_eq!(server.get("/v1/osmand/nobody?id=x&lat=13.6&lon=101").await.status, 400);
}

#[tokio::test]
async fn the_same_fix_sent_twice_is_stored_once() {
    let server = Server::start().await;
    let token = server.token("phone-3", "osmand", Tier::Token).await;
    let path = format!("/v1/osmand/{token}?lat=13.688&lon=101.071&timestamp={}", server.now().s());
    assert_eq!((server.get(&path).await.status, server.get(&path).await.status), (200, 200));
    assert_eq!(server.app.db.ping_count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_traccar_server_speaks_for_devices_registered_for_it_and_no_others() {
    let server = Server::start().await;
    let hub = server.token("hub", "traccar-forwarder", Tier::Token).await;
    server.token("353861053849681", "traccar", Tier::Legacy).await;
    server.signer("bus-017").await;
    let forward = async |id: &str| {
        let fix_time = server.now().plus_s(-1.0).utc().unwrap().to_rfc3339();
        let position = json!({"fixTime": fix_time, "latitude": 13.688, "longitude": 101.071, "speed": 16.2});
        let body = json!({"position": position, "device": {"uniqueId": id}});
        server.post(&format!("/v1/traccar/{hub}"), body.to_string()).await
    };
    assert_eq!(forward("353861053849681").await.status, 200);
    assert_eq!(forward("bus-017").await.refusal(), (404, "device".to_owned()));
    let pings = stored(&server).await;
    assert_eq!((pings.len(), pings[0].row.ping.tier), (1, Tier::Legacy));
    let phone = server.token("phone-3", "osmand", Tier::Token).await;
    let posing = server.post(&format!("/v1/traccar/{phone}"), "{}").await;
    assert_eq!(posing.refusal(), (403, "token".to_owned()));
}

#[tokio::test]
async fn the_legacy_listener_takes_only_devices_registered_as_no_better() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Server::start_with(|config| config.ingest.osmand_listen = free.to_string()).await;
    server.token("old-1", "osmand", Tier::Legacy).await;
    server.signer("bus-017").await;
    let get = async |id: &str| {
        let url = format!("http://{free}/?id={id}&lat=13.688&lon=101.071&timestamp={}", server.now().s());
        answer(reqwest::Client::new().get(url)).await
    };
    assert_eq!(get("old-1").await.status, 200);
    assert_eq!(get("bus-017").await.status, 400);
    let pings = stored(&server).await;
    assert_eq!((pings[0].row.ping.tier, pings[0].row.ping.provenance), (Tier::Legacy, Provenance::Gps));
}

#[tokio::test]
async fn a_tracker_without_a_clock_counts_from_its_start() {
    let server = Server::start().await;
    let token = server.token("simple", "pings", Tier::Token).await;
    let pings = json!([{"seq": 1, "up": 58_000, "lat": 13.688, "lon": 101.071}]);
    let body = json!({"v": 1, "boot": "b1", "up_now": 60_000, "pings": pings});
    assert_eq!(server.post(&format!("/v1/pings/{token}"), body.to_string()).await.json()["ok"], 1);
    let row = stored(&server).await.remove(0).row;
    let age_s = row.ping.received.since_s(row.ping.t);
    assert!((1.9..2.1).contains(&age_s), "{age_s}");
}

#[tokio::test]
async fn the_client_that_we_show_to_others_works() {
    let server = Server::start().await;
    let bus = server.signer("bus-017").await;
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ops/send_ping.py");
    let mut client = tokio::process::Command::new("python3");
    client.arg(script).args(["--url", &server.url(""), "--keyid", &bus.key_id]);
    client.args([
        "--key",
        &server::ingest::seal::hex(&bus.new.secret),
        "--lat",
        "13.688",
        "--lon",
        "101.071",
    ]);
    let Ok(output) = client.output().await else {
        eprintln!("skipped: the client in Python; there is no python3");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&said).unwrap()["ok"], 1, "{said}");
}
