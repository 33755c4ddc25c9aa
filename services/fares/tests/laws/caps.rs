//! Invariant I6: nobody is charged more than a cap in its period.

use crate::history::{History, anything};
use crate::law;
use chrono::Datelike;
use fares::tariff::{Cap, Period};
use fares::{Leg, LegStatus};
use proptest::prelude::*;

/// The name of a day's period; `None` for one that moves along.
fn period(leg: &Leg, period: Period) -> Option<(i32, u32)> {
    let day = leg.service_day.0;
    let monday = day.week(chrono::Weekday::Mon).first_day();
    match period {
        Period::Day => Some((day.year(), day.ordinal())),
        Period::Week => Some((day.iso_week().year(), day.iso_week().week())),
        Period::Month => Some((monday.year(), monday.month())),
        Period::Rolling(_) => None,
    }
}

fn counts(cap: &Cap, leg: &Leg) -> bool {
    let is_default = matches!(leg.status, LegStatus::MissingOff | LegStatus::MissingOn);
    cap.covers(&leg.network) && (cap.counts_default || !is_default)
}

/// The category by which a leg of this history is capped.
fn rider<'h>(history: &'h History, leg: &Leg) -> &'h str {
    let category = if leg.id.companion == 0 { history.profile.category(leg.start) } else { "" };
    if category.is_empty() { history.tariffs.all()[0].default_rider() } else { category }
}

#[test]
fn nobody_is_charged_more_than_a_cap_in_its_period() {
    let scripts = anything().prop_map(|script| crate::Script { then: None, ..script });
    law(scripts.boxed(), |history, _| {
        let legs = history.legs();
        for cap in history.tariffs.all()[0].caps() {
            for leg in legs.iter().filter(|leg| counts(cap, leg)) {
                let alike = |other: &&Leg| {
                    let in_period = match cap.period {
                        // Of the days until this leg's, those of taps made until then.
                        Period::Rolling(days) => {
                            let before = (leg.service_day.0 - other.service_day.0).num_days();
                            (0..i64::from(days)).contains(&before) && other.start <= leg.start
                        }
                        _ => period(other, cap.period) == period(leg, cap.period),
                    };
                    in_period && other.id.companion == leg.id.companion && counts(cap, other)
                };
                let together: Vec<&Leg> = legs.iter().filter(alike).collect();
                // A category may change on the way; one without an amount has no cap.
                let amounts: Option<Vec<i64>> = together
                    .iter()
                    .map(|leg| cap.amount(rider(history, leg)).map(|amount| amount.0))
                    .collect();
                let Some(most) = amounts.and_then(|amounts| amounts.into_iter().max()) else { continue };
                let charged: i64 = together.iter().map(|leg| leg.price.charge.0).sum();
                prop_assert!(charged <= most, "{} charged {charged} of {most}, {history:?}", cap.id);
            }
        }
        Ok(())
    });
}

#[test]
fn a_charge_is_never_below_zero_and_is_what_its_parts_make() {
    law(anything(), |history, _| {
        for Leg { id, price, .. } in &history.legs() {
            prop_assert!(
                price.charge.0 >= 0 && price.transfer.0 <= 0 && price.capped.0 <= 0,
                "{id} {history:?}"
            );
            prop_assert_eq!(
                price.charge.0,
                price.alone.0 + price.transfer.0 + price.capped.0,
                "{} {:?}",
                id,
                history
            );
            prop_assert_eq!(price.cap.is_some(), price.capped.0 < 0, "{} {:?}", id, history);
        }
        Ok(())
    });
}
