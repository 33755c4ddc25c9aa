//! What was learned outlives the server, is learned once, and can be looked at and forgotten.

use super::feed;
use super::harness::{Backend, Town, on_both};
use serde_json::{Value, json};
use std::time::Duration;

/// `BUS-1` passes the second stop, 500 m along, within the last 40 s.
fn past_the_second_stop() -> Value {
    let ping = |seq: u32, metres: f64, age_s: f64| {
        let t = super::now().plus_s(-age_s);
        json!({"seq": seq, "t": t.0 / 1000, "lat": feed::LAT, "lon": feed::lon_at(metres), "spd": 9.0, "hdg": 90.0, "trip": "T1"})
    };
    let pings = [ping(1, 340.0, 40.0), ping(2, 440.0, 28.0), ping(3, 560.0, 16.0), ping(4, 680.0, 1.0)];
    json!({"v": 1, "boot": "b1", "pings": pings})
}

fn shown(town: &Town, more: &[&str]) -> Value {
    let args: Vec<&str> = ["model", "show", "--json"].iter().chain(more).copied().collect();
    serde_json::from_str(&town.run(&args)).expect("JSON")
}

async fn town_that_learned(backend: Backend) -> Town {
    let mut town = Town::new(backend).await;
    let serving = town.serve(&[]).await;
    let (status, answer) = serving.post(&past_the_second_stop()).await;
    assert_eq!((status, &answer["ok"]), (200, &json!(4)), "{answer}");
    // The visit is told a tick after the commit.
    tokio::time::sleep(Duration::from_secs(2)).await;
    town.stop();
    town
}

#[test]
fn what_was_learned_is_there_again_after_a_restart_and_is_not_learned_twice() {
    on_both("what_was_learned_is_there_again", async |backend| {
        let mut town = town_that_learned(backend).await;
        let before = shown(&town, &[]);
        assert!(before["visits"].as_u64().is_some_and(|visits| visits >= 1), "{before}");
        assert_eq!(before["publisher"], "Test Town", "{before}");

        // The start replays the same pings from the database.
        town.serve(&[]).await;
        town.stop();
        assert!(town.log().contains("what was learned is there again"), "{}", town.log());
        let after = shown(&town, &[]);
        assert_eq!((&after["visits"], &after["parts"]), (&before["visits"], &before["parts"]));
    });
}

#[test]
fn a_running_server_forgets_when_it_is_told_to_and_an_export_brings_it_back() {
    on_both("a_running_server_forgets", async |backend| {
        let mut town = town_that_learned(backend).await;
        town.serve(&[]).await;
        let file = town.feed().with_file_name("learned.json.gz");
        let file = file.to_str().expect("a path");
        town.run(&["model", "export", file]);
        town.run(&["model", "forget", "--yes"]);
        let mut said = false;
        for _ in 0..100 {
            said = said || town.log().contains("replaced by a version");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(said, "the server takes the empty version over: {}", town.log());
        town.stop();
        assert_eq!(shown(&town, &[])["visits"], json!(0), "nor does it save the old over the empty");
        town.run(&["model", "import", file]);
        assert!(shown(&town, &[])["visits"].as_u64().is_some_and(|visits| visits >= 1));
        assert_eq!(shown(&town, &[])["kept"].as_array().map(Vec::len), Some(3), "each of them is kept");
    });
}
