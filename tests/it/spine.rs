//! The main job, end to end: from a ping and a feed to an arrival time on a stop display.

use super::feed;
use super::harness::{Backend, Town, on_both};
use super::panel::Panel;
use serde_json::{Value, json};
use std::time::Duration;

/// A ping of `BUS-1` on the trip, `metres` along the line, measured `age_s` ago.
fn ping(seq: u32, metres: f64, age_s: f64) -> Value {
    let t = super::now().plus_s(-age_s);
    json!({"seq": seq, "t": t.0 / 1000, "lat": feed::LAT, "lon": feed::lon_at(metres), "spd": 5.0, "hdg": 90.0, "trip": "T1"})
}

fn body(pings: &[Value]) -> Value {
    json!({"v": 1, "boot": "b1", "pings": pings})
}

/// The bus is 200 m past the second stop: some 12 s late.
fn on_its_way() -> Value {
    body(&[ping(1, 660.0, 8.0), ping(2, 680.0, 4.0), ping(3, 700.0, 0.5)])
}

fn is_live(row: &Value) -> bool {
    row["src"] == "live"
}

#[test]
fn a_signed_ping_becomes_a_countdown_on_the_panel() {
    on_both("a_signed_ping_becomes_a_countdown", async |backend| {
        let mut town = Town::new(backend).await;
        let serving = town.serve(&[]).await;
        let mut panel = Panel::at(&serving, "S4").await;
        let snap = panel.frame().await.expect("a snapshot");
        assert_eq!(snap["k"], "snap");
        assert_eq!(snap["stop"]["id"], "S4");
        assert!(
            snap["sched"].as_array().is_some_and(|times| !times.is_empty()),
            "the timetable comes along: {snap}"
        );

        let (status, answer) = serving.post(&on_its_way()).await;
        assert_eq!((status, &answer["ack"]), (200, &json!(3)), "{answer}");

        let row = panel.row(is_live).await;
        let expected = row["e"].as_i64().expect("an expected time");
        let aimed = feed::aimed(town.trip(), 4).s();
        assert!((expected - aimed).abs() < 90, "expected {expected}, aimed {aimed}: {row}");

        let departures = serving.get("/v1/stops/S4/departures").await;
        let rows = departures["rows"].as_array().expect("rows");
        assert!(rows.iter().any(|other| other["id"] == row["id"]), "{departures}");
        assert!(
            comes_to_say(&serving, "/gtfs-rt/trip-updates.json", "\"T1\"").await,
            "it is in the feed for other apps"
        );
    });
}

#[test]
fn after_a_power_cut_the_board_is_live_again_from_what_was_acknowledged() {
    on_both("after_a_power_cut", async |backend| {
        let mut town = Town::new(backend).await;
        let serving = town.serve(&[]).await;
        let (status, _) = serving.post(&on_its_way()).await;
        assert_eq!(status, 200);
        town.kill();

        let serving = town.serve(&[]).await;
        let mut panel = Panel::at(&serving, "S3").await;
        let row = panel.row(|row| row["src"] == "live" || row["src"] == "held").await;
        assert!(row["e"].is_i64(), "{row}");
        let (_, again) = serving.post(&on_its_way()).await;
        assert_eq!(again["dup"], json!(3), "the same records have no second effect: {again}");
    });
}

#[test]
fn a_bad_record_does_not_fail_its_batch() {
    on_both("a_bad_record", async |backend| {
        let mut town = Town::new(backend).await;
        let serving = town.serve(&[]).await;
        let mut tomorrow = ping(2, 680.0, 4.0);
        tomorrow["t"] = json!(super::now().plus_s(86_400.0).0 / 1000);
        let (status, answer) =
            serving.post(&body(&[ping(1, 660.0, 8.0), tomorrow, ping(3, 700.0, 0.5)])).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["ok"], json!(2), "{answer}");
        assert_eq!(answer["rej"][0]["code"], "future", "{answer}");
        assert_eq!(
            answer["ack"],
            json!(3),
            "a refused record is settled, or it would come for ever: {answer}"
        );
    });
}

#[test]
fn a_new_feed_takes_over_while_running_and_an_unusable_one_does_not() {
    on_both("a_new_feed_takes_over", async |backend| {
        let mut town = Town::new(backend).await;
        let serving = town.serve(&[]).await;
        let routes = town.feed().join("routes.txt");
        let good = std::fs::read_to_string(&routes).expect("routes");

        std::fs::write(&routes, good.replace("East Line", "Eastern Line")).expect("written");
        assert!(comes_to_say(&serving, "/v1/routes", "Eastern Line").await, "the new feed is in force");

        std::fs::write(&routes, "nonsense").expect("written");
        tokio::time::sleep(Duration::from_secs(4)).await;
        let said = serving.get("/v1/routes").await.to_string();
        assert!(said.contains("Eastern Line"), "the good feed stays: {said}");
    });
}

async fn comes_to_say(serving: &super::harness::Serving, path: &str, word: &str) -> bool {
    // 15 s at most.
    for _ in 0..150 {
        if serving.get(path).await.to_string().contains(word) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

#[test]
fn a_server_going_down_says_goodbye_and_when_to_come_back() {
    on_both("a_server_going_down", async |backend| {
        let mut town = Town::new(backend).await;
        let serving = town.serve(&[]).await;
        let mut panel = Panel::at(&serving, "S4").await;
        assert_eq!(panel.frame().await.expect("a snapshot")["k"], "snap");
        town.ask_to_stop();
        let mut last = Value::Null;
        while let Some(frame) = panel.frame().await {
            last = frame;
        }
        assert_eq!(last["k"], "bye", "{last}");
        assert!(last["in"].as_array().is_some_and(|window| window.len() == 2), "{last}");
    });
}

#[test]
fn three_processes_share_the_work_over_postgres_and_redis() {
    let Ok(redis) = std::env::var("PADRIEW_TEST_REDIS") else {
        eprintln!("skipped: three processes share the work: PADRIEW_TEST_REDIS is not set (ops/services.sh)");
        return;
    };
    if std::env::var("PADRIEW_TEST_POSTGRES").is_err() {
        eprintln!(
            "skipped: three processes share the work: PADRIEW_TEST_POSTGRES is not set (ops/services.sh)"
        );
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut town = Town::new(Backend::Postgres).await;
        let doors = town.serve(&["--bus", &redis, "--roles", "ingest"]).await;
        let _brain = town.serve(&["--bus", &redis, "--roles", "tracking"]).await;
        let face = town.serve(&["--bus", &redis, "--roles", "web"]).await;
        let mut panel = Panel::at(&face, "S4").await;
        let (status, _) = doors.post(&on_its_way()).await;
        assert_eq!(status, 200);
        let row = panel.row(is_live).await;
        assert!(row["e"].is_i64(), "{row}");
    });
}
