//! Law I12: under a tariff that is to be used nobody pays less because he left out one of his two taps.

use super::Doubts;
use crate::dominance::{Trial, of_tariff, of_timetable};
use crate::tariff::Tariff;
use gtfs::Timetable;

/// Histories that are tried: a tariff that breaks the law does so in one of a few hundred.
const HISTORIES: u64 = 2_000;

pub(super) fn check(tariff: &Tariff, timetable: Option<&Timetable>, doubts: &mut Doubts) {
    if !tariff.rows().networks.iter().any(|network| network.tap_off) {
        return;
    }
    let lines = timetable.map_or_else(|| of_tariff(tariff), |timetable| of_timetable(tariff, timetable));
    let Ok(trial) = Trial::new(tariff, lines) else { return };
    let Some(found) = trial.search(0..HISTORIES) else { return };
    let what =
        format!("it can pay to leave out a tap; change fares, credits or caps until it does not: {found}");
    match timetable {
        Some(_) => doubts.error("leaving_out_a_tap_pays", what),
        // Without a timetable the order of stops is a guess.
        None => doubts.warning("leaving_out_a_tap_pays", what),
    }
}
