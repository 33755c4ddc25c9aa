//! Loading a feed beside `gtfs_structures::Gtfs::from_path`: wall time and peak memory of each.
//!
//! `cargo run --release -p gtfs --example load_bench [FEED.zip ...]`; without arguments, every zip in
//! the shared data folder. Each load runs in a process of its own, so that peak memory means that
//! load alone; the best wall time and the largest peak of [`ROUNDS`] runs are shown.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::panic, reason = "a benchmark that can not measure stops at once")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Runs of each loader on each feed.
const ROUNDS: usize = 5;
const US: &str = "padriew";
const THEM: &str = "gtfs_structures";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [marker, loader, feed] = arguments.as_slice()
        && marker == "--child"
    {
        return child(loader, Path::new(feed));
    }
    let feeds =
        if arguments.is_empty() { shared_feeds() } else { arguments.iter().map(PathBuf::from).collect() };
    println!(
        "{:42} {:>9} {:>9} {:>6}  {:>9} {:>9} {:>6}",
        "feed", "ours ms", "theirs ms", "ratio", "ours KiB", "theirs", "ratio"
    );
    for feed in feeds {
        let (ours, theirs) = (measure(US, &feed), measure(THEM, &feed));
        let parent = feed.parent().and_then(Path::file_name).unwrap_or_default();
        let name = Path::new(parent).join(feed.file_name().unwrap_or_default());
        println!(
            "{:42} {:9.1} {:9.1} {:6.2}  {:9} {:9} {:6.2}",
            name.display(),
            ours.0,
            theirs.0,
            ours.0 / theirs.0,
            ours.1,
            theirs.1,
            ours.1 as f64 / theirs.1 as f64
        );
    }
}

/// Best wall milliseconds and largest peak KiB.
fn measure(loader: &str, feed: &Path) -> (f64, u64) {
    let program = std::env::current_exe().unwrap_or_else(|e| panic!("this program's own path: {e}"));
    (0..ROUNDS).fold((f64::INFINITY, 0), |(wall_ms, peak_kib), _| {
        let child = Command::new(&program).args(["--child", loader]).arg(feed).output();
        let text =
            String::from_utf8_lossy(&child.unwrap_or_else(|e| panic!("{loader}: {e}")).stdout).into_owned();
        let mut words = text.split_whitespace();
        let mut number = || words.next().and_then(|w| w.parse::<f64>().ok()).unwrap_or(f64::NAN);
        (wall_ms.min(number()), peak_kib.max(number() as u64))
    })
}

fn child(loader: &str, feed: &Path) {
    let start = Instant::now();
    let kept: Box<dyn std::any::Any> = match loader {
        US => Box::new(gtfs::load(gtfs::Source::Path(feed)).unwrap_or_else(|e| panic!("{e}"))),
        _ => Box::new(gtfs_structures::Gtfs::from_path(feed).unwrap_or_else(|e| panic!("{e}"))),
    };
    let wall_ms = start.elapsed().as_secs_f64() * 1e3;
    println!("{wall_ms} {}", peak_kib());
    drop(kept);
}

/// The largest resident size so far (`VmHWM`, proc(5)).
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn shared_feeds() -> Vec<PathBuf> {
    let given = std::env::var_os("PADRIEW_SHARED").map(|dir| PathBuf::from(dir).join("data"));
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|dir| dir.join("shared/data"));
    let Some(data) = given.into_iter().chain(beside).find(|dir| dir.join("README.md").exists()) else {
        println!("skipped: no shared/data beside the project; name feeds to load");
        return Vec::new();
    };
    let zips = [
        "gtfs_ferry/nyc_ferry_2025",
        "gtfs_load/cdmx_frequencies",
        "gtfs_load/hart_tampa_2018",
        "gtfs_load/wmata_2026",
        "kingston_2026-01-15/gtfs",
        "wmata_2026-02-16/gtfs",
        "protocols/gtfs_rt/ct_gtfs",
    ];
    zips.iter().map(|zip| data.join(zip).with_extension("zip")).collect()
}
