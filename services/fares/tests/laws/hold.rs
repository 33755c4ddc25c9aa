//! Holds a law against histories made by chance.

use crate::history::{History, Script};
use proptest::strategy::BoxedStrategy;
use proptest::test_runner::{Config, Reason, RngSeed, TestCaseError, TestError, TestRunner};
use std::fmt::Debug;

/// Histories of a law, unless `PADRIEW_HISTORIES` says otherwise.
pub(crate) const HISTORIES: u32 = 20_000;
/// Attempts to make the script of a failing history smaller, before its taps are.
const SHRINKS_MAX: u32 = 4_000;
/// Their seed, unless `PADRIEW_SEED` says otherwise.
const SEED: u64 = 1;

pub(crate) fn said<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Holds a law against histories; a failing one is made as small as can be.
pub(crate) fn law(
    scripts: BoxedStrategy<Script>,
    holds: impl Fn(&History, &Script) -> Result<(), TestCaseError>,
) {
    let histories: Option<u32> = said("PADRIEW_HISTORIES");
    let many = histories.map(|_| u64::from(std::process::id()).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let seed = said("PADRIEW_SEED").or(many).unwrap_or(SEED);
    let config = Config {
        cases: histories.unwrap_or(HISTORIES),
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: SHRINKS_MAX,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&scripts, |script| holds(&script.history(), &script));
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, script)) => {
            let reason = smallest(script.history(), &reason, |history| holds(history, &script).err());
            panic!("PADRIEW_SEED={seed}: {reason}\n{script:?}");
        }
        Err(failure) => panic!("PADRIEW_SEED={seed}: {failure}"),
    }
}

/// Why the law fails for as few of a history's taps as can be. To leave out a step of a script moves all later
/// ones; to leave out a tap moves nothing.
fn smallest(
    mut history: History,
    reason: &Reason,
    fails: impl Fn(&History) -> Option<TestCaseError>,
) -> String {
    let mut why = reason.to_string();
    loop {
        let with_less = |at: usize| {
            let mut less = history.clone();
            less.taps.remove(at);
            fails(&less).map(|why| (less, why.to_string()))
        };
        let Some((less, reason)) = (0..history.taps.len()).find_map(with_less) else { return why };
        (history, why) = (less, reason);
    }
}

/// Fails with the history's taps and where two answers differ.
pub(crate) fn same<T: PartialEq + Debug>(
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
