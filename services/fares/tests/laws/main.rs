//! The laws of rating, on histories made by chance; and the second code path against the first.
//!
//! `PADRIEW_HISTORIES=1000000` makes so many histories for each law (`make nightly`), from a new seed that is
//! printed; otherwise a law has 20,000 from one that is always the same. `PADRIEW_SEED` repeats a run.

mod caps;
mod coverage;
mod dice;
mod dominance;
mod filling;
mod history;
mod second;
mod sharing;
mod suffix;
mod tariffs;
mod town;

use history::{History, Script};
use proptest::strategy::BoxedStrategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use std::fmt::Debug;

/// Histories of a law, unless `PADRIEW_HISTORIES` says otherwise.
const HISTORIES: u32 = 20_000;
/// Their seed, unless `PADRIEW_SEED` says otherwise.
const SEED: u64 = 1;

fn said<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Holds a law against histories; a failing one is made as small as can be.
fn law(scripts: BoxedStrategy<Script>, holds: impl Fn(&History, &Script) -> Result<(), TestCaseError>) {
    let histories: Option<u32> = said("PADRIEW_HISTORIES");
    let many = histories.map(|_| u64::from(std::process::id()).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let seed = said("PADRIEW_SEED").or(many).unwrap_or(SEED);
    let config = Config {
        cases: histories.unwrap_or(HISTORIES),
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&scripts, |script| holds(&script.history(), &script));
    outcome.unwrap_or_else(|failure| panic!("PADRIEW_SEED={seed}: {failure}"));
}

/// Fails with the history's taps and where two answers differ.
fn same<T: PartialEq + Debug>(
    what: &str,
    history: &History,
    one: &T,
    other: &T,
) -> Result<(), TestCaseError> {
    if one == other {
        return Ok(());
    }
    let (one, other) = (format!("{one:#?}"), format!("{other:#?}"));
    let lines = one.lines().zip(other.lines()).filter(|(one, other)| one != other);
    let lines: Vec<String> = lines.map(|(one, other)| format!("{} | {}", one.trim(), other.trim())).collect();
    let size = (one.lines().count(), other.lines().count());
    Err(TestCaseError::fail(format!("{what} differ\n{history:?}{}\nlines {size:?}", lines.join("\n"))))
}
