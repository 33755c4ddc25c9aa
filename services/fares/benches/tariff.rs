//! What pricing a leg and a change costs: the sample tariff, and the published one with most rows at hand.
//!
//! `cargo bench -p fares` prints nanoseconds by the clock, the best of several rounds.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark prints and measures time")]

use fares::Tariff;
use fares::tariff::{Ask, Ridden};
use gtfs::{Source, Timestamp};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

const ROUNDS: usize = 7;
const CALLS: u32 = 200_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sample = include_str!("../../../ops/sample-network/facts/tariff.toml");
    let sample = Tariff::from_file("tariff.toml", sample)?;
    measure("sample, bus", &sample, "bus", ["", ""], "senior");
    measure("sample, ferry", &sample, "ferry", ["pier-sothon", "pier-banmai"], "senior");
    let shared = std::env::var_os("PADRIEW_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        |folder| Path::new(&folder).to_owned(),
    );
    match gtfs::load(Source::Path(&shared.join("data/gtfs_fares_v2/ctran-fares-v2"))) {
        Ok(loaded) => {
            let tariff = Tariff::from_feed(&loaded.timetable, None)?;
            measure("C-TRAN, local, timeframes", &tariff, "LOCAL", ["", ""], "HONORED_CITIZEN");
        }
        Err(_) => println!("skipped: C-TRAN, ../shared/data is absent"),
    }
    Ok(())
}

fn measure(name: &str, tariff: &Tariff, network: &str, [from, to]: [&str; 2], rider: &str) {
    // 1 October 2025, 10:00 in Vancouver.
    let start = Timestamp::from_s(1_759_338_000);
    let ask = Ask { network, from, to, start, end: start.plus_s(1200.0), rider, medium: "" };
    let fare = best(|| black_box(tariff.fare(black_box(&ask))).is_some());
    let Some(priced) = tariff.fare(&ask) else { return println!("{name}: no fare") };
    let (group, alone) = (priced.group, priced.alone);
    let before = Ridden { group, route: "a", start, end: start, alone, rider, medium: "" };
    let next = Ridden { route: "b", ..before };
    let change = best(|| black_box(tariff.transfer(black_box(&before), black_box(&next), 0)).is_some());
    println!("{name:28} a leg {fare:7.0} ns, a change {change:7.0} ns");
}

/// Nanoseconds of a call, in the best round.
fn best(call: impl Fn() -> bool) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let answered = (0..CALLS).filter(|_| call()).count();
        best = best.min(begun.elapsed().as_nanos() as f64 / f64::from(CALLS));
        black_box(answered);
    }
    best
}
