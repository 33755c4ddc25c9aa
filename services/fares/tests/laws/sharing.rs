//! What agencies get of what a card paid.

use crate::history::anything;
use crate::{law, same};
use fares::{Leg, Satang, apportion, oracle};
use proptest::prelude::*;

fn sum(amounts: impl Iterator<Item = Satang>) -> i64 {
    amounts.map(|amount| amount.0).sum()
}

#[test]
fn every_satang_that_a_card_pays_goes_to_an_agency_and_both_codes_say_to_which() {
    law(anything(), |history, script| {
        let all = history.legs();
        // Some legs may be missing, as when the others are of days long closed.
        let kept = |(at, _): &(usize, &Leg)| script.now_min % 3 != 1 || at % 4 != 1;
        let legs: Vec<&Leg> = all.iter().enumerate().filter(kept).map(|(_, leg)| leg).collect();
        let tariffs = history.facts().tariffs;
        let shares = apportion::shares(&legs, tariffs);
        let charged = sum(legs.iter().map(|leg| leg.price.charge));
        prop_assert_eq!(sum(shares.iter().copied()), charged, "shares of what was charged {:?}", history);
        prop_assert!(shares.iter().all(|share| *share >= Satang(0)), "{:?} of {:?}", shares, history);
        let named = legs.iter().map(|leg| leg.id.clone()).zip(shares).collect();
        same("shares", history, &named, &oracle::shares(&legs, tariffs))
    });
}
