//! The histories hold everything that can befall a card; a law that nothing tries would hold by itself.

use crate::history::anything;
use crate::law;
use fares::rate::rate;
use fares::{Leg, LegStatus};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Of so many legs or taps at least one in this many is of each kind.
const ONE_IN: u32 = 5_000;

fn kinds(leg: &Leg) -> impl Iterator<Item = &'static str> {
    let Leg { status, price, id, .. } = leg;
    let least = price.product.is_empty() && *status != LegStatus::Void;
    let kinds = [
        Some(status.word()),
        (price.transfer.0 < 0).then_some("changed"),
        (price.capped.0 < 0).then_some("capped"),
        least.then_some("at the least fare"),
        (id.companion > 0).then_some("of a companion"),
        (price.alone < price.full).then_some("with a concession"),
    ];
    kinds.into_iter().flatten()
}

#[test]
fn histories_hold_everything_that_can_befall_a_card() {
    let counts = RefCell::new(BTreeMap::<&str, u32>::new());
    let count = |kind: &'static str| *counts.borrow_mut().entry(kind).or_default() += 1;
    law(anything(), |history, _| {
        let rated = rate(&history.card, &history.taps, &history.profile, history.facts());
        rated.legs.iter().flat_map(|leg| kinds(&leg.leg)).for_each(count);
        for fate in &rated.fates {
            count(match fate {
                fares::journey::Fate::Leg(_) => "a tap of a leg",
                fares::journey::Fate::Repeat(_) => "a tap once more",
                fares::journey::Fate::Void(_) => "a tap of nothing",
                fares::journey::Fate::Denied => "a tap denied",
            });
        }
        Ok(())
    });
    let counts = counts.into_inner();
    let all: u32 = LegStatus::ALL.iter().filter_map(|status| counts.get(status.word())).sum();
    println!("of {all} legs {counts:?}");
    let statuses = LegStatus::ALL.iter().map(|status| status.word()).filter(|word| *word != "withdrawn");
    let others = [
        "changed",
        "capped",
        "at the least fare",
        "of a companion",
        "with a concession",
        "a tap of a leg",
        "a tap once more",
        "a tap of nothing",
        "a tap denied",
    ];
    for kind in statuses.chain(others) {
        let found = counts.get(kind).copied().unwrap_or(0);
        assert!(found > all / ONE_IN, "only {found} of {all} are {kind}: {counts:?}");
    }
}
