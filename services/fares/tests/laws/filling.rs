//! Invariant I11: filling in a missing tap-off never raises a charge.

use crate::history::{anything, total};
use crate::law;
use fares::LegStatus;
use proptest::prelude::*;

#[test]
fn filling_in_where_a_rider_got_off_never_makes_a_leg_dearer_alone() {
    law(anything(), |history, _| {
        let (with, without) = (history.legs(), history.without_autofill().legs());
        for (with, without) in with.iter().zip(&without) {
            prop_assert_eq!(&with.id, &without.id);
            prop_assert!(with.price.alone <= without.price.alone, "{} {:?}", with.id, history);
            let is_cheaper = with.price.alone < without.price.alone;
            let is_holder_filled = with.status == LegStatus::Inferred && with.id.companion == 0;
            prop_assert!(
                is_cheaper || !is_holder_filled,
                "{} is filled in for nothing, {:?}",
                with.id,
                history
            );
        }
        Ok(())
    });
}

#[test]
fn filling_in_where_a_rider_got_off_never_makes_a_card_pay_more_under_the_sample_tariff() {
    let scripts = anything().prop_map(|script| crate::Script { tariff: 0, then: None, ..script });
    law(scripts.boxed(), |history, _| {
        let (with, without) = (history.legs(), history.without_autofill().legs());
        prop_assert!(total(&with) <= total(&without), "{} {} {:?}", total(&with), total(&without), history);
        Ok(())
    });
}
