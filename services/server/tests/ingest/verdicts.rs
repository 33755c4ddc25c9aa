//! What becomes of records, honest and odd, in requests that are themselves in order.

use crate::harness::{Server, body, nonce, ping};
use serde_json::json;
use store::ping::PingCursor;

#[tokio::test]
async fn a_signed_batch_is_stored_and_answered_with_a_signature() {
    let server = Server::start().await;
    let bus = server.signer("bus-017").await;
    let text =
        body(&[ping(1201, server.now().plus_s(-2.0)), ping(1202, server.now().plus_s(-1.0))]).to_string();
    let nonce = nonce();
    let signed = bus.sign(server.now().s(), &nonce, text.as_bytes());
    let answer = server.send_signed(&signed, text).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    let reply = answer.json();
    assert_eq!((&reply["ack"], &reply["ok"], &reply["boot"]), (&json!(1202), &json!(2), &json!("7f3a")));
    assert!(bus.trusts(&nonce, &answer));
    assert_eq!(server.app.db.ping_count().await.unwrap(), 2);
}

#[tokio::test]
async fn one_bad_record_of_a_hundred_is_named_and_quarantined_and_loses_nothing_else() {
    let server = Server::start().await;
    let bus = server.signer("bus-017").await;
    let mut pings: Vec<_> = (0..100).map(|n| ping(n, server.now().plus_s(n as f64 / 10.0 - 20.0))).collect();
    pings[41]["lat"] = json!("north");
    let reply = server.send(&bus, &body(&pings)).await.json();
    assert_eq!((&reply["ok"], &reply["ack"]), (&json!(99), &json!(99)));
    assert_eq!(reply["rej"], json!([{"i": 41, "seq": 41, "code": "format", "detail": {"field": "lat"}}]));
    let kept = server.app.db.quarantined(10).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert!(String::from_utf8_lossy(&kept[0].rejected.raw).contains("north"));
}

#[tokio::test]
async fn a_time_two_hours_ahead_is_refused_and_says_by_how_much() {
    let server = Server::start().await;
    let bus = server.signer("bus-017").await;
    let reply = server.send(&bus, &body(&[ping(1, server.now().plus_s(7_200.0))])).await.json();
    assert_eq!(reply["rej"][0]["code"], "future");
    let ms = reply["rej"][0]["detail"]["ms"].as_i64().unwrap();
    assert!((7_199_000..=7_200_000).contains(&ms), "{ms}");
    assert_eq!(reply["ack"], 1, "a refused record is settled");
}

#[tokio::test]
async fn exchanged_coordinates_are_called_swapped() {
    let server = Server::start().await;
    let bus = server.signer("bus-017").await;
    let swapped = json!({"seq": 1, "t": server.now().s(), "lat": 101.071, "lon": 13.688});
    let reply = server.send(&bus, &body(&[swapped])).await.json();
    assert_eq!(reply["rej"][0]["detail"], json!({"swapped": true}), "{reply}");
}

#[tokio::test]
async fn a_batch_sent_again_is_a_duplicate_and_changes_nothing() {
    let server = Server::start().await;
    let bus = server.signer("bus-017").await;
    let batch = body(&[ping(1, server.now().plus_s(-2.0)), ping(2, server.now().plus_s(-1.0))]);
    server.send(&bus, &batch).await;
    let reply = server.send(&bus, &batch).await.json();
    assert_eq!((&reply["dup"], &reply["ok"], &reply["ack"]), (&json!(2), &json!(0), &json!(2)), "{reply}");
    assert_eq!(server.app.db.ping_count().await.unwrap(), 2);
}

#[tokio::test]
async fn an_acknowledgement_waits_for_a_missing_number() {
    let server = Server::start().await;
    let bus = server.signer("bus-017").await;
    let at = |seq: i64| ping(seq, server.now().plus_s(-10.0 + seq as f64));
    assert_eq!(server.send(&bus, &body(&[at(1), at(2), at(4)])).await.json()["ack"], 2);
    assert_eq!(server.send(&bus, &body(&[at(3)])).await.json()["ack"], 4);
}

#[tokio::test]
async fn late_records_are_history_and_typed_or_simulated_ones_too() {
    let server = Server::start().await;
    let bus = server.signer("bus-017").await;
    let mut typed = ping(2, server.now().plus_s(-1.0));
    typed["src"] = json!("MAN");
    let mut simulated = ping(3, server.now().plus_s(-0.5));
    simulated["src"] = json!("SIM");
    let reply =
        server.send(&bus, &body(&[ping(1, server.now().plus_s(-600.0)), typed, simulated])).await.json();
    assert_eq!((&reply["hist"], &reply["ok"]), (&json!(3), &json!(0)), "{reply}");
}

#[tokio::test]
async fn a_live_head_survives_a_restart() {
    let server = Server::start().await;
    let bus = server.signer("bus-017").await;
    let head = server.now().plus_s(-1.0);
    server.send(&bus, &body(&[ping(1, head)])).await;
    let server = server.restart().await;
    let reply =
        server.send(&bus, &body(&[ping(2, head.plus_s(-5.0)), ping(3, head.plus_s(0.5))])).await.json();
    assert_eq!((&reply["hist"], &reply["ok"], &reply["ack"]), (&json!(1), &json!(1), &json!(3)), "{reply}");
}

#[tokio::test]
async fn a_record_with_only_the_battery_is_stored_without_a_place() {
    let server = Server::start().await;
    let bus = server.signer("bus-017").await;
    let beat = json!({"seq": 1, "t": server.now().s(), "ev": {"soc": 63.5, "chg": 2}});
    assert_eq!(server.send(&bus, &body(&[beat])).await.json()["ok"], 1);
    let from = PingCursor::from(server.now().plus_s(-60.0));
    let (pings, _) = server.app.db.pings_received(from, 10).await.unwrap();
    assert!(pings[0].row.heartbeat);
    assert_eq!(pings[0].row.ping.ev.unwrap().soc_pct, Some(63.5));
}

#[tokio::test]
async fn unpacked_and_packed_bodies_are_the_same_to_the_records() {
    use std::io::Write;
    let server = Server::start().await;
    let token = server.token("bus-018", "pings", tracking::Tier::Token).await;
    let path = format!("/v1/pings/{token}");
    let text = body(&[ping(1, server.now().plus_s(-1.0))]).to_string();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    for (encoding, packed) in
        [("gzip", gzip.finish().unwrap()), ("zstd", zstd::encode_all(text.as_bytes(), 3).unwrap())]
    {
        let request = reqwest::Client::new().post(server.url(&path)).header("content-encoding", encoding);
        let reply = crate::harness::answer(request.body(packed)).await;
        assert_eq!(reply.json()["ack"], 1, "{encoding}: {:?}", reply.json());
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_while_the_store_fails() {
    let server = Server::start().await;
    let bus = server.signer("bus-017").await;
    server.app.db.close().await;
    let answer = server.send(&bus, &body(&[ping(1, server.now())])).await;
    assert!(matches!(answer.status, 503 | 507), "{} {:?}", answer.status, answer.json());
    assert!(answer.json()["ack"].is_null() && !answer.headers.contains_key("signature"));
}
