//! One process tracks, another stands by: what riders and the database see when the first one goes.

use super::feed;
use super::harness::{Backend, PATIENCE, Serving, Town, on_both};
use super::panel::Panel;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// The named bound: a holder that fell silent is replaced, and boards are live again, within this, seconds.
const TAKEN_OVER_S_MAX: f64 = 15.0;
/// The bound where nobody needs to wait for the lease to end, seconds.
const HANDED_OVER_S_MAX: f64 = 5.0;
/// How fast the bus of these tests drives, metres per ping.
const STEP_M: f64 = 10.0;
const STEP: Duration = Duration::from_millis(500);

/// `BUS-1` on its trip, a ping each half second.
struct Ride {
    seq: u32,
    metres: f64,
}

impl Ride {
    /// Has driven since 20 s ago from before the first stop past it, to 50 m before the second.
    async fn begin(to: &Serving) -> Self {
        let mut ride = Self { seq: 0, metres: 950.0 };
        let pings: Vec<Value> = (0..=20)
            .rev()
            .map(|age| ride.ping(950.0 - 25.0 * f64::from(age), f64::from(age) + 0.4))
            .collect();
        ride.post(to, &pings).await;
        ride
    }

    fn ping(&mut self, metres: f64, age_s: f64) -> Value {
        self.seq += 1;
        let t = super::now().plus_s(-age_s).0 / 1000;
        json!({"seq": self.seq, "t": t, "lat": feed::LAT, "lon": feed::lon_at(metres), "spd": 20.0, "hdg": 90.0, "trip": "T1"})
    }

    async fn post(&self, to: &Serving, pings: &[Value]) {
        let (status, answer) = to.post(&json!({"v": 1, "boot": "b1", "pings": pings})).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// Drives on to `metres`, in real time.
    async fn on_to(&mut self, metres: f64, to: &Serving) {
        while self.metres < metres {
            tokio::time::sleep(STEP).await;
            self.metres += STEP_M;
            let ping = self.ping(self.metres, 0.0);
            self.post(to, &[ping]).await;
        }
    }
}

fn is_live(row: &Value) -> bool {
    row["src"] == "live"
}

async fn has_live_row(serving: &Serving, stop: &str) -> bool {
    let answer = serving.get(&format!("/v1/stops/{stop}/departures")).await;
    answer["rows"].as_array().is_some_and(|rows| rows.iter().any(is_live))
}

/// Until a board is live; how long that took, seconds.
async fn comes_alive(serving: &Serving, stop: &str) -> f64 {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if has_live_row(serving, stop).await {
            return begun.elapsed().as_secs_f64();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{stop} never came alive at {}", serving.address);
}

/// The stop_sequence and vehicle of every stored visit of the ride.
async fn visited(town: &Town) -> Vec<(u32, String)> {
    let visits = town.database().await.visits(town.trip().day).await.expect("visits");
    visits.iter().map(|visit| (visit.stop_sequence, visit.vehicle.to_string())).collect()
}

async fn comes_to_have_visited(town: &Town, sequences: &[u32]) {
    let wanted: Vec<(u32, String)> = sequences.iter().map(|at| (*at, "BUS-1".to_owned())).collect();
    let begun = Instant::now();
    while visited(town).await != wanted {
        assert!(begun.elapsed() < PATIENCE, "{:?} instead of {wanted:?}", visited(town).await);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[test]
fn a_second_process_stands_by_and_takes_over_from_one_that_is_killed() {
    on_both("a_second_process_stands_by", async |backend| {
        let mut town = Town::new(backend).await;
        let first = town.serve(&[]).await;
        first.comes_to_be("this process tracks").await;
        let second = town.serve(&[]).await;
        second.comes_to_be("standing by").await;
        let metrics =
            reqwest::get(second.url("/metrics")).await.expect("metrics").text().await.expect("text");
        assert!(metrics.contains("padriew_lease_standby{role=\"tracking\",shard=\"\"} 1"), "{metrics}");
        assert!(town.log().contains("standing by: another process tracks"));

        // The one that stands by takes pings all the same, and the other tracks them.
        let mut ride = Ride::begin(&second).await;
        comes_alive(&first, "S4").await;
        assert!(!has_live_row(&second, "S4").await, "only one tracks");

        first.signal("KILL");
        let killed = Instant::now();
        ride.on_to(980.0, &second).await;
        comes_alive(&second, "S4").await;
        let took_s = killed.elapsed().as_secs_f64();
        eprintln!("{backend:?}: live from the standby {took_s:.1} s after kill -9 on the same machine");
        assert!(took_s < HANDED_OVER_S_MAX, "{took_s}");
        ride.on_to(1_060.0, &second).await;
        comes_to_have_visited(&town, &[2, 3]).await;
    });
}

#[test]
fn a_process_that_goes_down_in_order_hands_over_at_once() {
    on_both("a_process_that_goes_down_in_order", async |backend| {
        let mut town = Town::new(backend).await;
        let first = town.serve(&[]).await;
        first.comes_to_be("this process tracks").await;
        let second = town.serve(&[]).await;
        second.comes_to_be("standing by").await;
        first.signal("TERM");
        let took_s = second.comes_to_be("this process tracks").await;
        eprintln!("{backend:?}: handed over {took_s:.1} s after SIGTERM");
        assert!(took_s < HANDED_OVER_S_MAX, "{took_s}");
    });
}

#[test]
fn a_holder_that_was_stopped_for_a_while_finds_itself_replaced_and_says_nothing_more() {
    on_both("a_holder_that_was_stopped", async |backend| {
        let mut town = Town::new(backend).await;
        let first = town.serve(&[]).await;
        first.comes_to_be("this process tracks").await;
        let second = town.serve(&[]).await;
        second.comes_to_be("standing by").await;
        let mut ride = Ride::begin(&second).await;
        comes_alive(&first, "S4").await;
        comes_to_have_visited(&town, &[2]).await;

        first.signal("STOP");
        let stopped = Instant::now();
        // The next stop is passed while nobody tracks.
        ride.on_to(1_060.0, &second).await;
        assert!(!has_live_row(&second, "S4").await, "a stopped process is not a dead one: its lease stands");
        let (_, _) = tokio::join!(second.comes_to_be("this process tracks"), ride.on_to(1_120.0, &second));
        comes_alive(&second, "S4").await;
        let took_s = stopped.elapsed().as_secs_f64();
        eprintln!("{backend:?}: live from the standby within {took_s:.1} s after SIGSTOP");
        assert!(took_s < TAKEN_OVER_S_MAX, "{took_s}");

        first.signal("CONT");
        first.comes_to_be("standing by").await;
        let epoch_kept = second.comes_to_be("this process tracks").await;
        assert!(epoch_kept < 1.0, "the one that took over goes on");
        ride.on_to(1_260.0, &second).await;
        assert!(!has_live_row(&first, "S4").await, "what it knew is too old to be shown as live");
        assert!(has_live_row(&second, "S4").await);
        ride.on_to(1_560.0, &second).await;
        comes_to_have_visited(&town, &[2, 3, 4]).await;
    });
}

#[test]
fn panels_of_another_process_are_live_again_after_the_tracker_is_killed() {
    let Some(redis) = joined("panels of another process are live again") else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut town = Town::new(Backend::Postgres).await;
        let doors = town.serve(&["--bus", &redis, "--roles", "ingest"]).await;
        let brain = town.serve(&["--bus", &redis, "--roles", "tracking"]).await;
        let spare = town.serve(&["--bus", &redis, "--roles", "tracking,web"]).await;
        let face = town.serve(&["--bus", &redis, "--roles", "web"]).await;
        let mut ride = Ride::begin(&doors).await;
        let mut panel = Panel::at(&face, "S4").await;
        panel.row(is_live).await;
        comes_alive(&spare, "S4").await;
        comes_to_feed_the_trip(&face).await;
        let mut etag = feed_of(&face, None).await.expect("a feed from a process that does not track");
        // There is a new one each second: between two asked at once there mostly is none.
        while let Some(newer) = feed_of(&face, Some(&etag)).await {
            etag = newer;
        }

        brain.signal("KILL");
        let killed = Instant::now();
        ride.on_to(960.0, &doors).await;
        while !etag.starts_with("W/\"2-") {
            tokio::time::sleep(Duration::from_millis(100)).await;
            etag = feed_of(&face, None).await.expect("a feed all the while");
        }
        let took_s = killed.elapsed().as_secs_f64();
        eprintln!("another process had the standby's word {took_s:.1} s after kill -9");
        assert!(took_s < HANDED_OVER_S_MAX, "{took_s}");
        ride.on_to(1_060.0, &doors).await;
        assert!(has_live_row(&face, "S4").await, "and its boards are live");
        spare.comes_to_be("this process tracks").await;
        comes_to_have_visited(&town, &[2, 3]).await;

        // Nobody tracks: the feed grows old, and says so.
        spare.signal("STOP");
        tokio::time::sleep(Duration::from_secs(3)).await;
        let answer = reqwest::get(face.url("/gtfs-rt/trip-updates.pb")).await.expect("an answer");
        let age_s: u64 = answer.headers()["age"].to_str().expect("text").parse().expect("seconds");
        assert!((2..30).contains(&age_s), "{age_s}");
        spare.signal("CONT");
    });
}

/// Boards travel at once, feeds once a second: waits for the first one with the trip in it.
async fn comes_to_feed_the_trip(serving: &Serving) {
    for _ in 0..100 {
        let answer = reqwest::get(serving.url("/gtfs-rt/trip-updates.pb")).await.expect("an answer");
        let is_there = answer.status() == 200;
        let body = answer.bytes().await.expect("a body");
        if is_there && body.windows(2).any(|two| two == b"T1") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no feed with the trip within ten seconds");
}

/// The ETag of the trip updates with the trip in them; `None` when nothing is newer than `known`.
async fn feed_of(serving: &Serving, known: Option<&str>) -> Option<String> {
    let url = serving.url("/gtfs-rt/trip-updates.pb");
    let request = reqwest::Client::new().get(url).header("if-none-match", known.unwrap_or("\"0\""));
    let answer = request.send().await.expect("an answer");
    let (status, etag) = (answer.status(), answer.headers()["etag"].to_str().expect("text").to_owned());
    if status == 304 {
        assert_eq!(known, Some(&*etag));
        return None;
    }
    assert_eq!(status, 200);
    let body = answer.bytes().await.expect("a body");
    assert!(body.windows(2).any(|two| two == b"T1"), "the trip is in it");
    Some(etag)
}

/// The Redis that joins processes over PostgreSQL; says aloud when one of them is missing.
fn joined(name: &str) -> Option<String> {
    for variable in ["PADRIEW_TEST_REDIS", "PADRIEW_TEST_POSTGRES"] {
        if std::env::var(variable).is_err() {
            eprintln!("skipped: {name}: {variable} is not set (ops/services.sh)");
            return None;
        }
    }
    std::env::var("PADRIEW_TEST_REDIS").ok()
}
