//! Connections that are meant to hurt, and the end of a server.

use crate::harness::Server;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

async fn quick_server() -> Server {
    Server::start_with(|config| {
        config.http.head_s_max = 1;
        config.http.body_s_max = 1;
        config.http.silent_s_max = 2;
        config.http.idle_s_max = 3;
    })
    .await
}

/// Seconds until the server closes the connection, and what it said.
async fn until_closed(mut socket: TcpStream) -> (f64, String) {
    let begun = Instant::now();
    let mut said = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), socket.read_to_end(&mut said)).await;
    assert!(read.is_ok(), "the connection was never closed");
    (begun.elapsed().as_secs_f64(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn a_socket_that_says_nothing_is_closed() {
    let server = quick_server().await;
    let (took_s, said) = until_closed(TcpStream::connect(server.address).await.unwrap()).await;
    assert!((1.8..8.0).contains(&took_s) && said.is_empty(), "{took_s} s, {said}");
}

#[tokio::test]
async fn a_head_that_is_dribbled_is_cut_off_however_steadily_it_comes() {
    let server = quick_server().await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let begun = Instant::now();
    let mut sent = 0;
    // A byte every 50 ms: every read makes progress, the head never ends.
    while socket.write_all(b"G").await.is_ok() && begun.elapsed() < Duration::from_secs(9) {
        sent += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(8), "{sent} bytes in {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_body_that_is_dribbled_is_answered_408() {
    let server = quick_server().await;
    let token = server.token("bus-018", "pings", tracking::Tier::Token).await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let head = format!("POST /v1/pings/{token} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{{");
    socket.write_all(head.as_bytes()).await.unwrap();
    let (took_s, said) = until_closed(socket).await;
    assert!(said.starts_with("HTTP/1.1 408") && took_s < 9.0, "{took_s} s, {said}");
}

#[tokio::test]
async fn an_idle_connection_is_kept_for_a_while_and_then_closed() {
    let server = quick_server().await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let (took_s, said) = until_closed(socket).await;
    assert_eq!(said.matches("HTTP/1.1 200").count(), 2, "{said}");
    assert!((2.5..9.0).contains(&took_s), "{took_s}");
}

#[tokio::test]
async fn a_head_too_large_or_with_too_many_lines_is_431() {
    let server = quick_server().await;
    let large = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(20_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(100));
    for head in [large, many] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        // The server may close before it has read all of it.
        let _ = socket.write_all(head.as_bytes()).await;
        let mut said = [0; 12];
        socket.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"HTTP/1.1 431");
    }
}

#[tokio::test]
async fn connections_over_the_cap_are_told_to_come_back() {
    let server = Server::start_with(|config| config.http.connections_max = 2).await;
    let first = TcpStream::connect(server.address).await.unwrap();
    let _second = TcpStream::connect(server.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (_, said) = until_closed(TcpStream::connect(server.address).await.unwrap()).await;
    assert!(said.starts_with("HTTP/1.1 503") && said.contains("retry-after"), "{said}");
    drop(first);
    let deadline = Instant::now() + Duration::from_secs(5);
    while server.get("/healthz").await.status != 200 {
        assert!(Instant::now() < deadline, "the place of a closed connection was never given back");
    }
}

#[tokio::test]
async fn a_request_in_hand_is_finished_when_the_server_stops() {
    let mut server = Server::start().await;
    let token = server.token("bus-018", "pings", tracking::Tier::Token).await;
    let body = crate::harness::body(&[crate::harness::ping(1, server.now())]).to_string();
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let head =
        format!("POST /v1/pings/{token} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    socket.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let finish = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        socket.write_all(body.as_bytes()).await.unwrap();
        until_closed(socket).await.1
    };
    let ((), said) = tokio::join!(server.stop(), finish);
    assert!(said.starts_with("HTTP/1.1 200") && said.contains("\"ack\":1"), "{said}");
}

#[tokio::test]
async fn health_is_told_without_a_login_and_every_answer_has_its_headers() {
    let server = Server::start().await;
    let alive = server.get("/healthz").await;
    assert_eq!(alive.status, 200);
    for name in ["content-security-policy", "x-content-type-options", "x-request-id", "date"] {
        assert!(alive.headers.contains_key(name), "{name}");
    }
    let ready = server.get("/readyz").await;
    assert_eq!(ready.status, 503, "there is no timetable yet");
    let store = ready.json()["checks"].as_array().unwrap().iter().find(|c| c["name"] == "store").cloned();
    assert_eq!(store.unwrap()["ok"], true);
    assert_eq!(server.get("/nowhere").await.refusal(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn a_batch_is_stored_although_its_sender_hung_up() {
    let server = Server::start().await;
    let token = server.token("bus-018", "pings", tracking::Tier::Token).await;
    let body = crate::harness::body(&[crate::harness::ping(1, server.now())]).to_string();
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let head =
        format!("POST /v1/pings/{token} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    socket.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).await.unwrap();
    drop(socket);
    let deadline = Instant::now() + Duration::from_secs(5);
    while server.app.db.ping_count().await.unwrap() == 0 {
        assert!(Instant::now() < deadline, "the batch never arrived");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
