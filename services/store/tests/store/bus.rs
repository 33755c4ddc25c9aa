//! Several processes joined by a real Redis. Each test has a namespace, or a server, of its own.

use bytes::Bytes;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use store::Bus;
use store::bus::{Message, RedisLink, Topic};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Names the Redis that the tests may use, such as `redis://127.0.0.1:6380`.
const REDIS_ENV: &str = "PADRIEW_TEST_REDIS";

fn redis(test: &str) -> Option<String> {
    let url = std::env::var(REDIS_ENV).ok();
    if url.is_none() {
        eprintln!("skipped: {REDIS_ENV} is not set ({test})");
    }
    url
}

fn board(stop: &str) -> Topic {
    Topic::Board(stop.into())
}

fn message(epoch: i64, seq: u64) -> Message {
    Message { epoch, seq, payload: Bytes::from(format!("{epoch}.{seq}")) }
}

/// Runs `body` beside the links, then ends them.
async fn beside(links: Vec<RedisLink>, body: impl Future<Output = ()>) {
    let shutdown = CancellationToken::new();
    let body = async {
        timeout(Duration::from_secs(30), body).await.expect("the test takes too long");
        shutdown.cancel();
    };
    let links = futures_util::future::join_all(links.into_iter().map(|link| link.run(shutdown.clone())));
    tokio::join!(links, body);
}

/// Waits until `ready`, and says how long it took.
async fn until(what: &str, ready: impl Fn() -> bool) -> Duration {
    let started = Instant::now();
    while !ready() {
        assert!(started.elapsed() < Duration::from_secs(15), "not within 15 s: {what}");
        sleep(Duration::from_millis(5)).await;
    }
    started.elapsed()
}

#[tokio::test]
async fn a_value_and_a_hint_reach_the_other_process_and_do_not_come_back() {
    let Some(url) = redis("a_value_and_a_hint_reach_the_other_process") else { return };
    let (one, link_one) = Bus::linked(&url, "reach", 1).unwrap();
    let (two, link_two) = Bus::linked(&url, "reach", 2).unwrap();
    let (other, link_other) = Bus::linked(&url, "reach-not", 3).unwrap();
    let (mut hints, mut own_hints) = (two.hints(), one.hints());
    beside(vec![link_one, link_two, link_other], async {
        until("all linked", || [&one, &two, &other].iter().all(|bus| bus.stats().linked)).await;
        one.publish(&board("P04"), message(1, 1));
        one.hint(Bytes::from_static(b"look"));
        until("the value is there", || two.latest(&board("P04")) == Some(message(1, 1))).await;
        assert_eq!(hints.recv().await.unwrap(), &b"look"[..]);
        assert_eq!(own_hints.recv().await.unwrap(), &b"look"[..]);
        sleep(Duration::from_millis(100)).await;
        assert!(own_hints.try_recv().is_err(), "a hint came back");
        assert!(other.known().is_empty(), "another namespace heard it");
    })
    .await;
}

#[tokio::test]
async fn a_process_that_starts_later_gets_every_value_within_a_second() {
    let Some(url) = redis("a_process_that_starts_later") else { return };
    let (one, link_one) = Bus::linked(&url, "later", 1).unwrap();
    let (two, link_two) = Bus::linked(&url, "later", 2).unwrap();
    for stop in 0..2_000 {
        one.publish(&board(&stop.to_string()), message(1, 1));
    }
    let second = async {
        until("the first is linked", || one.stats().linked).await;
        sleep(Duration::from_millis(300)).await;
    };
    let shutdown = CancellationToken::new();
    let body = async {
        second.await;
        let check = async {
            let took = until("every value", || two.known().len() == 2_000).await;
            assert!(took < Duration::from_secs(1), "{took:?}");
        };
        beside(vec![link_two], check).await;
        shutdown.cancel();
    };
    tokio::join!(link_one.run(shutdown.clone()), body);
}

#[tokio::test]
async fn an_old_holder_does_not_replace_what_the_new_one_says() {
    let Some(url) = redis("an_old_holder") else { return };
    let (old, link_old) = Bus::linked(&url, "holder", 1).unwrap();
    let (new, link_new) = Bus::linked(&url, "holder", 2).unwrap();
    let (web, link_web) = Bus::linked(&url, "holder", 3).unwrap();
    beside(vec![link_old, link_new, link_web], async {
        until("all linked", || [&old, &new, &web].iter().all(|bus| bus.stats().linked)).await;
        new.publish(&board("P04"), message(2, 1));
        until("the new value", || web.latest(&board("P04")) == Some(message(2, 1))).await;
        // Refused at once where the new value is known, and by the reader where it is not.
        assert!(until("old hears it", || old.latest(&board("P04")).is_some()).await < Duration::from_secs(5));
        assert!(!old.publish(&board("P04"), message(1, 99)));
        assert_eq!(web.latest(&board("P04")), Some(message(2, 1)));
    })
    .await;
}

/// A Redis of one test, which may be killed.
struct Server {
    port: u16,
    child: Child,
}

impl Server {
    fn start(port: u16) -> Option<Self> {
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        Some(Self { port, child })
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn redis_killed_and_back_leaves_each_process_serving_and_whole_within_three_seconds() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let Some(mut server) = Server::start(port) else {
        eprintln!("skipped: there is no redis-server in PATH (redis_killed_and_back)");
        return;
    };
    let url = format!("redis://127.0.0.1:{}", server.port);
    let (one, link_one) = Bus::linked(&url, "killed", 1).unwrap();
    let (two, link_two) = Bus::linked(&url, "killed", 2).unwrap();
    beside(vec![link_one, link_two], async {
        until("both linked", || one.stats().linked && two.stats().linked).await;
        one.publish(&board("P04"), message(1, 1));
        until("the value", || two.latest(&board("P04")).is_some()).await;
        server.kill();
        until("both notice", || !one.stats().linked && !two.stats().linked).await;
        assert!(one.publish(&board("P04"), message(1, 2)), "this process goes on alone");
        assert_eq!(one.latest(&board("P04")), Some(message(1, 2)));
        assert_eq!(two.latest(&board("P04")), Some(message(1, 1)), "the other serves its last value");
        sleep(Duration::from_millis(500)).await;
        let mut again = Server::start(port).unwrap();
        let took = until("whole again", || two.latest(&board("P04")) == Some(message(1, 2))).await;
        assert!(took < Duration::from_secs(3), "{took:?}");
        again.kill();
    })
    .await;
}
