//! Bodies that are meant to hurt.

use crate::harness::{Server, answer, body, nonce, ping};
use std::io::Write;
use std::time::Duration;
use tokio::time::Instant;
use tracking::Tier;

async fn by_token() -> (Server, String) {
    let server = Server::start().await;
    let token = server.token("bus-018", "pings", Tier::Token).await;
    (server, format!("/v1/pings/{token}"))
}

#[tokio::test]
async fn bodies_that_are_not_what_they_should_be_are_refused_by_name() {
    let (server, path) = by_token().await;
    let deep = format!(r#"{{"v":1,"pings":[{{"x":{}{}}}]}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let many = format!(r#"{{"v":1,"pings":[{}{{}}]}}"#, "{},".repeat(500));
    let expected = [
        (r#"{"v":1,"pings":["#.to_owned(), 400, "json"),
        ("\u{0}\u{1}".to_owned(), 400, "json"),
        (deep, 400, "depth"),
        (many, 413, "records"),
        (r#"{"v":3,"pings":[{}]}"#.to_owned(), 422, "envelope"),
        (r#"{"v":1,"boot":"-","pings":[{}]}"#.to_owned(), 422, "envelope"),
    ];
    for (text, status, code) in expected {
        let shown = text.chars().take(40).collect::<String>();
        assert_eq!(server.post(&path, text).await.refusal(), (status, code.to_owned()), "{shown}");
        // The device's request rate would answer 429 to all of them at once.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.app.db.ping_count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_body_of_a_mebibyte_is_refused_signed_or_not() {
    let (server, path) = by_token().await;
    let large = vec![b' '; 1024 * 1024];
    assert_eq!(server.post(&path, large.clone()).await.refusal(), (413, "too_large".to_owned()));
    let bus = server.signer("bus-017").await;
    let signed = bus.sign(server.now().s(), &nonce(), &large);
    assert_eq!(server.send_signed(&signed, large).await.refusal(), (413, "too_large".to_owned()));
}

#[tokio::test]
async fn bombs_in_both_encodings_are_refused_quickly() {
    let (server, path) = by_token().await;
    let zeros = vec![b' '; 64 * 1024 * 1024];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&zeros).unwrap();
    let bombs = [("gzip", gzip.finish().unwrap()), ("zstd", zstd::encode_all(&*zeros, 3).unwrap())];
    for (encoding, bomb) in bombs {
        let begun = Instant::now();
        let request = reqwest::Client::new().post(server.url(&path)).header("content-encoding", encoding);
        let refused = answer(request.body(bomb)).await;
        assert_eq!(refused.refusal(), (413, "unpacked".to_owned()), "{encoding}");
        assert!(begun.elapsed() < Duration::from_secs(8), "{encoding} took {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_good_batch_after_all_of_it_is_still_taken() {
    let (server, path) = by_token().await;
    server.post(&path, "{").await;
    let reply = server.post(&path, body(&[ping(1, server.now())]).to_string()).await;
    assert_eq!(reply.json()["ack"], 1);
}

#[tokio::test]
async fn requests_without_a_signature_say_what_is_missing() {
    let server = Server::start().await;
    let answer = server.post("/v1/pings", "{}").await;
    assert_eq!(answer.refusal(), (401, "signature".to_owned()));
    assert!(answer.json()["error"]["message"].as_str().unwrap().contains("signature-input"));
}

#[tokio::test]
async fn numbers_at_the_end_of_their_range_are_refused_one_by_one() {
    let (server, path) = by_token().await;
    let odd = [
        r#"{"seq":1,"t":8.9e15,"lat":13.6881,"lon":101.0716}"#,
        r#"{"seq":2,"t":-8.9e15,"lat":13.6881,"lon":101.0716}"#,
        r#"{"seq":3,"t":"+262142-12-31T23:59:59Z","lat":13.6881,"lon":101.0716}"#,
        r#"{"seq":4,"t":1e308,"lat":13.6881,"lon":101.0716}"#,
        r#"{"seq":5,"up":-1e300,"lat":13.6881,"lon":101.0716}"#,
        r#"{"seq":6,"t":1795136523,"lat":1e308,"lon":-1e308}"#,
        r#"{"seq":9223372036854775807,"t":0,"lat":13.6881,"lon":101.0716}"#,
        r#"{"seq":18446744073709551615,"t":0,"lat":13.6881,"lon":101.0716}"#,
        r#"{"seq":7,"t":-9e15,"ev":{"soc":1e38}}"#,
    ];
    let body = format!(r#"{{"v":1,"boot":"x","up_now":1e300,"pings":[{}]}}"#, odd.join(","));
    let answer = server.post(&path, body).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    let refused = answer.json()["rej"].as_array().unwrap().len();
    assert_eq!(refused, odd.len(), "{}", answer.json());
    assert_eq!(server.get("/healthz").await.status, 200);
}
