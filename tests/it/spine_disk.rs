//! A disk that is full: nothing acknowledged is lost, riders go on being told, and it mends by itself.

use super::feed;
use super::harness::{Backend, Serving, Town};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tokio::time::Instant;

/// Longer than a lease lasts: the one that tracks must not lose it to a full disk.
const FULL_FOR: Duration = Duration::from_secs(13);
/// Back within this once there is room (`reliability` section 10, test 4), seconds.
const BACK_S_MAX: f64 = 5.0;

/// A disk of a few MiB, in memory.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` where a test may not mount one.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"]).arg(folder.path());
        mount.output().is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Fills it to the last byte; the file that does.
    fn fill(&self) -> std::path::PathBuf {
        let path = self.path().join("ballast");
        let mut file = File::create(&path).expect("a file");
        for bytes in [65_536, 4_096, 512, 1] {
            while file.write_all(&vec![7; bytes]).is_ok() {}
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// One ping a half second; what was acknowledged of them.
#[derive(Default)]
struct Sender {
    seq: u32,
    acknowledged: Vec<Value>,
}

impl Sender {
    /// Posts one; its status. A refusal must say when to come again.
    async fn post(&mut self, to: &Serving) -> u16 {
        self.seq += 1;
        let t = super::now().0 / 1000;
        let metres = 600.0 + 2.0 * f64::from(self.seq);
        let ping = json!({"seq": self.seq, "t": t, "lat": feed::LAT, "lon": feed::lon_at(metres), "spd": 4.0, "hdg": 90.0, "trip": "T1"});
        let answer = to.answer_to(&json!({"v": 1, "boot": "b1", "pings": [ping]})).await;
        match answer.status {
            200 => self.acknowledged.push(ping),
            503 | 507 => assert!(answer.retry_after_s.is_some_and(|s| s > 0), "{}", answer.body),
            other => panic!("{other}: {}", answer.body),
        }
        answer.status
    }
}

async fn is_live(serving: &Serving) -> bool {
    let board = serving.get("/v1/stops/S4/departures").await;
    board["rows"].as_array().is_some_and(|rows| rows.iter().any(|row| row["src"] == "live"))
}

#[test]
fn a_full_disk_refuses_pings_keeps_riders_told_and_mends_by_itself() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: a full disk refuses pings: a tmpfs can not be mounted here (root may)");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let folder = tempfile::tempdir_in(disk.path()).expect("a folder");
        let mut town = Town::in_folder(folder, Backend::Sqlite).await;
        let serving = town.serve(&[]).await;
        let mut sender = Sender::default();
        for _ in 0..6 {
            assert_eq!(sender.post(&serving).await, 200);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        assert!(is_live(&serving).await);

        let ballast = disk.fill();
        let (begun, mut refused) = (Instant::now(), 0);
        while begun.elapsed() < FULL_FOR {
            refused += u32::from(sender.post(&serving).await != 200);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        assert!(refused > 10, "the disk was full, yet only {refused} were refused");
        assert!(is_live(&serving).await, "pings that can not be stored still move the picture");
        serving.comes_to_be("this process tracks").await;

        std::fs::remove_file(ballast).expect("room again");
        let begun = Instant::now();
        while sender.post(&serving).await != 200 {
            assert!(begun.elapsed().as_secs_f64() < BACK_S_MAX, "still refused");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        eprintln!(
            "{refused} refused; stored again {:.1} s after there was room",
            begun.elapsed().as_secs_f64()
        );
        let again = json!({"v": 1, "boot": "b1", "pings": sender.acknowledged});
        let (status, answer) = serving.post(&again).await;
        assert_eq!(
            (status, &answer["dup"]),
            (200, &json!(sender.acknowledged.len())),
            "all are there: {answer}"
        );
    });
}
