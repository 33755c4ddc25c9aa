//! A process killed in the middle of its work: every acknowledged row is there, none twice, none in halves.

use crate::place::on_both;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use store::ping::PingCursor;

/// Kills per database; more of them with `PADRIEW_TEST_KILLS`.
const KILLS: u32 = 5;

/// The example `crash_writer`, which cargo builds beside the tests.
fn crash_writer() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().and_then(|deps| deps.parent()).unwrap().join("examples/crash_writer")
}

/// Runs the writer, kills it `after` its first acknowledgement, and gives the acknowledged numbers by
/// (device, boot).
fn killed_after(url: &str, after: Duration) -> BTreeMap<(String, String), i64> {
    let mut child = Command::new(crash_writer())
        .arg(url)
        .stdout(Stdio::piped())
        .spawn()
        .expect("cargo test builds the example crash_writer");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().expect("the writer acknowledges nothing").unwrap();
    let (done, rest) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let acked: Vec<String> = std::iter::once(first).chain(lines.map_while(Result::ok)).collect();
            done.send(acked).unwrap();
        });
        std::thread::sleep(after);
        // SIGKILL: no handler, no flush, no goodbye.
        child.kill().unwrap();
        child.wait().unwrap();
    });
    let mut acked = BTreeMap::new();
    for line in rest.recv().unwrap() {
        let mut words = line.split(' ').map(str::to_owned);
        let (device, boot, ack) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        acked.insert((device, boot), ack.parse().unwrap());
    }
    acked
}

on_both! {
    async fn every_acknowledged_ping_survives_kill_9(place: &Place) {
        let kills = std::env::var("PADRIEW_TEST_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(KILLS);
        let mut acked = BTreeMap::new();
        for n in 0..kills {
            // From at once to a third of a second, in an order that looks like none.
            let after = Duration::from_millis(u64::from(n * 7919 % 331));
            acked.extend(killed_after(&place.url, after));
        }
        let db = place.open().await;
        let mut stored: BTreeMap<(String, String), Vec<i64>> = BTreeMap::new();
        let mut cursor = PingCursor::from(gtfs::Timestamp(0));
        loop {
            let (pings, next) = db.pings_received(cursor, 50_000).await.unwrap();
            for ping in pings {
                stored.entry((ping.device.to_string(), ping.boot.to_string())).or_default().push(ping.row.seq);
            }
            let Some(next) = next else { break };
            cursor = next;
        }
        let (mut rows, mut lost) = (0, Vec::new());
        for (sender, &ack) in &acked {
            let mut seqs = stored.remove(sender).unwrap_or_default();
            seqs.sort_unstable();
            rows += seqs.len();
            // Stored from 0 without a hole or a double, at least as far as was acknowledged, in whole batches.
            if !seqs.iter().copied().eq(0..seqs.len() as i64) || (seqs.len() as i64) <= ack || !seqs.len().is_multiple_of(25) {
                lost.push(format!("{sender:?} acked {ack}, {} stored", seqs.len()));
            }
        }
        assert!(lost.is_empty(), "{lost:#?}");
        assert!(acked.len() >= kills as usize, "only {} senders were acknowledged", acked.len());
        eprintln!("{kills} kills, {} senders, {rows} rows, nothing lost", acked.len());
    }
}
