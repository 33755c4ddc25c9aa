//! The engine and its naive second implementation agree in every field of every leg.

use crate::history::{History, anything};
use crate::{law, same};
use fares::journey::Fate;
use fares::{LegId, oracle, rate};
use proptest::test_runner::TestCaseError;

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
    for (mine, theirs) in rated.legs.iter().zip(&legs) {
        same(&format!("leg {}", theirs.id), history, &mine.leg, theirs)?;
    }
    Ok(())
}

#[test]
fn the_engine_rates_every_history_as_the_naive_second_code_does() {
    law(anything(), |history, _| agree(history));
}

#[test]
fn the_order_in_which_rides_are_kept_does_not_matter() {
    law(anything(), |history, _| {
        let rated = |facts| {
            let rated = rate::rate(&history.card, &history.taps, &history.profile, facts);
            rated.legs.into_iter().map(|leg| leg.leg).collect::<Vec<_>>()
        };
        let shuffled = rate::Facts { rides: &history.town.shuffled, ..history.facts() };
        same("legs", history, &rated(history.facts()), &rated(shuffled))
    });
}
