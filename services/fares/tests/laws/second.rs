//! The engine and its naive second implementation agree in every field of every leg.

use crate::history::{History, Script, anything};
use fares::journey::Fate;
use fares::{LegId, oracle, rate};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::fmt::Debug;

/// Histories of a run, unless `PADRIEW_HISTORIES` says otherwise.
const HISTORIES: u32 = 20_000;

pub fn histories() -> Config {
    let said = std::env::var("PADRIEW_HISTORIES").ok().and_then(|text| text.parse().ok());
    Config {
        cases: said.unwrap_or(HISTORIES),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    }
}

/// Fails with the history's taps and where both answers differ.
pub fn same<T: PartialEq + Debug>(
    what: &str,
    history: &History,
    code: &T,
    oracle: &T,
) -> Result<(), TestCaseError> {
    if code == oracle {
        return Ok(());
    }
    let (code, oracle) = (format!("{code:#?}"), format!("{oracle:#?}"));
    let lines = code.lines().zip(oracle.lines()).filter(|(code, oracle)| code != oracle);
    let lines: Vec<String> =
        lines.map(|(code, oracle)| format!("code {} oracle {}", code.trim(), oracle.trim())).collect();
    let size = (code.lines().count(), oracle.lines().count());
    Err(TestCaseError::fail(format!("{what} differ\n{history:?}{}\nlines {size:?}\n", lines.join("\n"))))
}

fn fates(rated: &rate::Rated) -> Vec<oracle::Fate> {
    let leg = |at: &usize| -> Option<LegId> { Some(rated.legs[*at].leg.id.clone()) };
    let word = |fate: &Fate| match fate {
        Fate::Leg(at) => ("leg", leg(at)),
        Fate::Repeat(at) => ("repeat", leg(at)),
        Fate::Void(at) => ("void", leg(at)),
        Fate::Denied => ("denied", None),
    };
    rated.fates.iter().map(word).collect()
}

fn agree(history: &History) -> Result<(), TestCaseError> {
    let (card, taps, profile) = (&history.card, &history.taps, &history.profile);
    let rated = rate::rate(card, taps, profile, history.facts());
    let (legs, said) = oracle::rate(card, taps, profile, history.facts());
    let mine: Vec<_> = rated.legs.iter().map(|leg| leg.leg.id.to_string()).collect();
    let theirs: Vec<_> = legs.iter().map(|leg| leg.id.to_string()).collect();
    same("legs", history, &mine, &theirs)?;
    same("fates", history, &fates(&rated), &said)?;
    let dearest = |leg: &fares::Leg| {
        (leg.trip.is_empty() || &*leg.trip == "ghost")
            && matches!(
                leg.status,
                fares::LegStatus::Open | fares::LegStatus::MissingOff | fares::LegStatus::MissingOn
            )
    };
    if legs.iter().any(|leg| dearest(leg) && &*leg.price.tariff != "tariff-0") {
        return Ok(());
    } // D3
    for (mine, theirs) in rated.legs.iter().zip(&legs) {
        if is_known(theirs, &mine.leg) && theirs != &mine.leg {
            return Ok(());
        }
        same(&format!("leg {}", theirs.id), history, &mine.leg, theirs)?;
    }
    Ok(())
}

#[test]
fn the_engine_rates_every_history_as_the_naive_second_code_does() {
    let agree = |script: Script| agree(&script.history());
    let outcome = TestRunner::new(histories()).run(&anything(), agree);
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

fn is_known(oracle: &fares::Leg, code: &fares::Leg) -> bool {
    use fares::LegStatus;
    oracle.status == LegStatus::MissingOn && code.from.is_empty() // D1
    || (code.trip.is_empty() || &*code.trip == "ghost") && code.price.alone == oracle.price.alone && code.price.product != oracle.price.product // D3
}

#[test]
fn the_order_in_which_rides_are_kept_does_not_matter() {
    let agree = |script: Script| {
        let history = script.history();
        let (card, taps, profile) = (&history.card, &history.taps, &history.profile);
        let rated = rate::rate(card, taps, profile, history.facts());
        let shuffled = rate::Facts { rides: &history.town.shuffled, ..history.facts() };
        let again = rate::rate(card, taps, profile, shuffled);
        let legs = |rated: &rate::Rated| rated.legs.iter().map(|leg| leg.leg.clone()).collect::<Vec<_>>();
        same("legs", &history, &legs(&rated), &legs(&again))
    };
    let outcome = TestRunner::new(histories()).run(&anything(), agree);
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
