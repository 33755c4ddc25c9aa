//! `padriew demo` as a person starts it: the program itself, on a port of its own.

use serde_json::Value;
use std::io::{BufRead, BufReader, Lines};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The promise of the demo: boards count down this soon after the start, seconds.
const LIVE_S_MAX: u64 = 10;

struct Demo {
    child: Child,
    /// Kept open, as a terminal is.
    _output: Lines<BufReader<ChildStdout>>,
    url: String,
    banner: Vec<String>,
    temporary: PathBuf,
}

impl Demo {
    /// Starts a demo that keeps its files in a folder of its own, and reads its banner.
    fn start(temporary: PathBuf, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_padriew"))
            .args(["demo", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env("TMPDIR", &temporary)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut output = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut banner: Vec<String> = Vec::new();
        for line in output.by_ref() {
            banner.push(line.expect("a line"));
            if banner.last().is_some_and(|line| line.contains("GTFS-realtime")) {
                break;
            }
        }
        let start =
            banner.iter().find_map(|line| line.trim().strip_prefix("start here")).expect("an address");
        let url = start.trim().trim_end_matches('/').to_owned();
        Self { child, _output: output, url, banner, temporary }
    }

    async fn json(&self, path: &str) -> Option<Value> {
        let text = reqwest::get(format!("{}{path}", self.url)).await.ok()?.text().await.ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Rows of a stop that come from a vehicle.
    async fn live_rows(&self, stop: &str) -> usize {
        let Some(board) = self.json(&format!("/v1/stops/{stop}/departures")).await else { return 0 };
        let rows = board["rows"].as_array().cloned().unwrap_or_default();
        rows.iter().filter(|row| row["src"] == "live").count()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().expect("kill").success());
    }

    /// Ctrl-C; says how it ended and what it left in its temporary folder.
    fn end(mut self) -> (bool, usize) {
        self.signal("-INT");
        let ended = self.child.wait().expect("it ends").success();
        let left = std::fs::read_dir(&self.temporary).expect("the folder").count();
        (ended, left)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn within_ten_seconds_buses_and_ferries_count_down_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let begun = Instant::now();
    let demo = Demo::start(folder.path().to_owned(), &[]);
    assert!(demo.banner.join("\n").contains("sample network, not an official timetable"));
    let (mut bus, mut ferry) = (0, 0);
    while begun.elapsed() < Duration::from_secs(LIVE_S_MAX) && (bus < 3 || ferry < 1) {
        sleep(Duration::from_millis(200)).await;
        bus = demo.live_rows("station").await;
        ferry = demo.live_rows("pier-sothon").await;
    }
    assert!(bus >= 3 && ferry >= 1, "{bus} buses and {ferry} ferries after {:?}", begun.elapsed());
    let (ended, left) = demo.end();
    assert!(ended, "Ctrl-C is a clean end");
    assert_eq!(left, 0, "files left behind");
}

#[tokio::test]
async fn a_fleet_that_falls_silent_is_not_shown_as_live_and_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = Demo::start(folder.path().to_owned(), &["--speed", "60"]);
    let until = async |wanted: fn(usize) -> bool| {
        for _ in 0..100 {
            if wanted(demo.live_rows("station").await) {
                return true;
            }
            sleep(Duration::from_millis(200)).await;
        }
        false
    };
    assert!(until(|live| live >= 3).await, "the fleet reports");
    demo.signal("-USR1");
    assert!(until(|live| live == 0).await, "three silent minutes are three seconds here");
    demo.signal("-USR1");
    assert!(until(|live| live >= 3).await, "the fleet is back");
    assert!(demo.end().0);
}

#[tokio::test]
async fn every_simulated_vehicle_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = Demo::start(folder.path().to_owned(), &["--vehicles", "8"]);
    let mut named = Vec::new();
    for _ in 0..50 {
        let feed = demo.json("/gtfs-rt/vehicle-positions.json").await.unwrap_or_default();
        let entities = feed["entity"].as_array().cloned().unwrap_or_default();
        named = entities.iter().map(|e| e["vehicle"]["vehicle"]["id"].to_string()).collect();
        if named.len() >= 6 {
            break;
        }
        sleep(Duration::from_millis(200)).await;
    }
    assert!((6..=8).contains(&named.len()), "{named:?}");
    let page =
        reqwest::get(format!("{}/?lang=en", demo.url)).await.expect("a page").text().await.expect("text");
    assert!(page.contains("Simulated"), "the page does not say that vehicles are simulated");
    assert!(demo.end().0);
}
