//! Who may send, and who is turned away.

use crate::harness::{Server, answer, body, nonce, ping};
use serde_json::json;
use server::ingest::enroll::local_actor;
use tracking::Tier;
use tracking::check::VehicleClass;

#[tokio::test]
async fn an_unknown_device_is_turned_away_and_quarantined_once() {
    let server = Server::start().await;
    let mut ghost = server.signer("bus-017").await;
    ghost.key_id = "ghost:k1".to_owned();
    let batch = body(&[ping(1, server.now())]);
    assert_eq!(server.send(&ghost, &batch).await.refusal(), (401, "key".to_owned()));
    assert_eq!(server.send(&ghost, &batch).await.refusal(), (401, "key".to_owned()));
    let kept = server.app.db.quarantined(10).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(&*kept[0].device, "ghost");
}

#[tokio::test]
async fn the_key_of_one_device_does_not_open_another() {
    let server = Server::start().await;
    let (mut one, other) = (server.signer("bus-1").await, server.signer("bus-2").await);
    one.key_id = other.key_id;
    assert_eq!(
        server.send(&one, &body(&[ping(1, server.now())])).await.refusal(),
        (401, "signature".to_owned())
    );
    assert_eq!(server.app.db.ping_count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_body_changed_on_the_way_is_refused() {
    let server = Server::start().await;
    let bus = server.signer("bus-017").await;
    let text = body(&[ping(1, server.now())]).to_string();
    let signed = bus.sign(server.now().s(), &nonce(), text.as_bytes());
    let answer = server.send_signed(&signed, text.replace("101.071", "101.072")).await;
    assert_eq!(answer.refusal(), (401, "signature".to_owned()));
}

#[tokio::test]
async fn a_captured_request_is_refused_again_and_after_a_restart() {
    let server = Server::start().await;
    let bus = server.signer("bus-017").await;
    let text = body(&[ping(1, server.now())]).to_string();
    let signed = bus.sign(server.now().s(), &nonce(), text.as_bytes());
    assert_eq!(server.send_signed(&signed, text.clone()).await.status, 200);
    assert_eq!(server.send_signed(&signed, text.clone()).await.refusal(), (401, "nonce".to_owned()));
    let server = server.restart().await;
    assert_eq!(server.send_signed(&signed, text).await.refusal(), (401, "nonce".to_owned()));
    assert_eq!(server.app.db.ping_count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_device_with_a_wrong_clock_is_told_the_time() {
    let server = Server::start().await;
    let bus = server.signer("bus-017").await;
    let text = body(&[ping(1, server.now())]).to_string();
    let signed = bus.sign(server.now().s() - 25_200, &nonce(), text.as_bytes());
    let answer = server.send_signed(&signed, text).await;
    assert_eq!(answer.refusal(), (401, "clock".to_owned()));
    let date = chrono::DateTime::parse_from_rfc2822(answer.headers["date"].to_str().unwrap()).unwrap();
    assert!((date.timestamp() - server.now().s()).abs() <= 1);
}

#[tokio::test]
async fn a_revoked_key_and_a_suspended_device_stop_working() {
    let server = Server::start().await;
    let bus = server.signer("bus-017").await;
    let by = local_actor(server.now(), "test");
    assert!(server.app.db.device_key_revoke("bus-017", "k1", &by).await.unwrap());
    // The server reads the registry again by itself, within five seconds.
    tokio::time::sleep(std::time::Duration::from_millis(4_500)).await;
    assert_eq!(server.send(&bus, &body(&[ping(1, server.now())])).await.refusal(), (401, "key".to_owned()));

    let token = server.token("bus-018", "pings", Tier::Token).await;
    let suspended = store::Device::new("bus-018", "bus-018", VehicleClass::Bus);
    server.register(store::Device { state: store::DeviceState::Suspended, ..suspended }).await;
    let answer = server.post(&format!("/v1/pings/{token}"), body(&[ping(1, server.now())]).to_string()).await;
    assert_eq!(answer.refusal(), (401, "token".to_owned()));
}

#[tokio::test]
async fn a_second_key_works_beside_the_first() {
    let server = Server::start().await;
    let first = server.signer("bus-017").await;
    let second = server.signer("bus-017").await;
    assert_eq!((first.key_id.as_str(), second.key_id.as_str()), ("bus-017:k1", "bus-017:k2"));
    assert_ne!(first.new.secret, second.new.secret);
    for (seq, signer) in [(1, &first), (2, &second)] {
        assert_eq!(server.send(signer, &body(&[ping(seq, server.now())])).await.json()["ack"], seq);
    }
}

#[tokio::test]
async fn a_device_that_asks_too_often_is_told_when_to_come_back() {
    let server = Server::start_with(|config| config.ingest.requests_per_s_max = 2).await;
    let token = server.token("bus-018", "pings", Tier::Token).await;
    let path = format!("/v1/pings/{token}");
    let mut refused = None;
    for seq in 0..60 {
        let answer = server.post(&path, body(&[ping(seq, server.now())]).to_string()).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("sixty requests in a row are more than two a second");
    assert_eq!(refused.refusal().1, "rate");
    assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
}

#[tokio::test]
async fn history_beyond_the_quota_is_turned_away_whole_and_taken_later() {
    let server = Server::start_with(|config| {
        config.ingest.backfill_per_s_max = 5;
        config.ingest.requests_per_s_max = 100;
    })
    .await;
    let bus = server.signer("bus-017").await;
    let old = |seqs: std::ops::Range<i64>| {
        body(&seqs.map(|seq| ping(seq, server.now().plus_s(-900.0 + seq as f64))).collect::<Vec<_>>())
    };
    assert_eq!(server.send(&bus, &old(0..10)).await.json()["hist"], 10);
    assert_eq!(server.send(&bus, &old(10..20)).await.refusal(), (429, "rate".to_owned()));
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    assert_eq!(server.send(&bus, &old(10..20)).await.json()["ack"], 19);
}

#[tokio::test]
async fn tokens_are_not_in_the_metrics_and_refusals_carry_a_request_id() {
    let server = Server::start().await;
    let token = server.token("bus-018", "pings", Tier::Token).await;
    server.post(&format!("/v1/pings/{token}"), json!({"v": 1}).to_string()).await;
    let metrics = String::from_utf8(server.get("/metrics").await.body).unwrap();
    assert!(metrics.contains("/v1/pings/{token}") && !metrics.contains(&token));
    let refused = answer(reqwest::Client::new().post(server.url("/v1/pings/nobody")).body("{}")).await;
    assert_eq!(refused.json()["error"]["request"].as_str(), refused.headers["x-request-id"].to_str().ok());
}

#[tokio::test]
async fn it_is_known_when_a_key_was_last_used() {
    let server = Server::start().await;
    let bus = server.signer("bus-017").await;
    server.send(&bus, &body(&[ping(1, server.now())])).await;
    // The server writes it down by itself now and then, and may just have taken it.
    let used = server.app.ingest.registry.take_used();
    server.app.db.device_keys_used(&used).await.unwrap();
    let last_used = async || server.app.db.device_keys("bus-017").await.unwrap()[0].last_used;
    for _ in 0..100 {
        if last_used().await.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let since_s = server.now().since_s(last_used().await.expect("a key that was used"));
    assert!((0.0..60.0).contains(&since_s), "{since_s}");
}

#[tokio::test]
async fn a_device_is_taken_only_from_its_own_network() {
    let server = Server::start().await;
    let token = server.token("bus-018", "pings", Tier::Token).await;
    let elsewhere = store::Device::new("bus-018", "bus-018", VehicleClass::Bus);
    server.register(store::Device { network: "10.20.0.0/16".into(), ..elsewhere }).await;
    let post = async |forwarded: &str| {
        let url = server.url(&format!("/v1/pings/{token}"));
        let request = reqwest::Client::new().post(url).header("x-forwarded-for", forwarded);
        answer(request.body(body(&[ping(1, server.now())]).to_string())).await
    };
    assert_eq!(post("203.0.113.9").await.refusal(), (403, "network".to_owned()));
    assert_eq!(post("10.20.3.4").await.status, 200);
}
