//! Caps that never lower anything, and riders without one.

use super::Doubts;
use crate::tariff::Tariff;

pub(super) fn check(tariff: &Tariff, doubts: &mut Doubts) {
    let caps = tariff.caps();
    for (at, inner) in caps.iter().enumerate() {
        for outer in &caps[at + 1..] {
            let holds = inner.networks.iter().all(|network| outer.covers(network)) && inner.id != outer.id;
            let useless: Vec<&str> = (inner.amounts.iter())
                .filter(|(rider, amount)| {
                    amount.0 > 0 && outer.amount(rider).is_some_and(|outer| outer <= *amount)
                })
                .map(|(rider, _)| &**rider)
                .collect();
            if holds && !useless.is_empty() {
                let what = format!(
                    "cap {} never lowers a fare of {}: cap {} holds all its rides and is no higher",
                    inner.id,
                    useless.join(", "),
                    outer.id
                );
                doubts.warning("cap_never_bites", what);
            }
        }
    }
    for cap in caps {
        let without: Vec<&str> = (tariff.rows().riders.iter())
            .map(|rider| &*rider.id)
            .filter(|rider| cap.amount(rider).is_none())
            .collect();
        if !without.is_empty() {
            let what = format!(
                "{} ride without cap {}: give an amount, or a percentage",
                without.join(", "),
                cap.id
            );
            doubts.info("rider_without_cap", what);
        }
        for (rider, amount) in &cap.amounts {
            if amount.0 < 0 {
                let what = format!("cap {} of {rider} is {amount}: a cap is not below zero", cap.id);
                doubts.error("cap_below_zero", what);
            }
        }
    }
}
