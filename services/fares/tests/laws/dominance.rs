//! Law I12: who leaves out one tap of a genuine ride never pays less, under the tariff that is shipped; and a
//! tariff that breaks it is found out.

use fares::Tariff;
use fares::dominance::{Trial, of_tariff, of_timetable};
use fares::tariff::rows::Rows;
use gtfs::fares::{LimitKind, TransferKind};
use std::path::Path;

const FILE: &str = include_str!("../../../../ops/sample-network/facts/tariff.toml");
/// Histories of a tariff that is refused; the prototype of section 7 found one in 150.
const FEW: u64 = 5_000;

fn sample() -> Tariff {
    Tariff::from_file("tariff.toml", FILE).unwrap()
}

fn histories() -> u64 {
    crate::said("PADRIEW_HISTORIES").unwrap_or(u64::from(crate::HISTORIES))
}

/// The sample tariff with something changed.
fn with(change: impl Fn(&mut Rows)) -> Tariff {
    let mut rows = sample().rows().clone();
    change(&mut rows);
    Tariff::new(rows).unwrap()
}

fn two_hours_from_first_boarding(rows: &mut Rows) {
    rows.limit_from_first = true;
    for rule in &mut rows.transfer_rules {
        rule.limit = Some((7200, LimitKind::DepartureToDeparture));
    }
}

fn words(tariff: &Tariff) -> Option<String> {
    let trial = Trial::new(tariff, of_tariff(tariff)).unwrap();
    trial.search(0..FEW).map(|found| found.to_string())
}

#[test]
fn leaving_out_a_tap_never_pays_under_the_sample_tariff() {
    let tariff = sample();
    let trial = Trial::new(&tariff, of_tariff(&tariff)).unwrap();
    let found = trial.search(0..histories());
    assert!(found.is_none(), "{}", found.unwrap());
}

#[test]
fn leaving_out_a_tap_never_pays_on_the_lines_of_the_sample_network() {
    let tariff = sample();
    let feed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ops/sample-network/feed");
    let timetable = gtfs::load(gtfs::Source::Path(&feed)).unwrap().timetable;
    let lines = of_timetable(&tariff, &timetable);
    assert!(lines.len() > 6, "{lines:?}");
    let found = Trial::new(&tariff, lines).unwrap().search(0..histories() / 4);
    assert!(found.is_none(), "{}", found.unwrap());
}

#[test]
fn histories_on_trial_are_genuine_and_have_many_rides_with_two_taps() {
    let tariff = sample();
    let trial = Trial::new(&tariff, of_tariff(&tariff)).unwrap();
    let (mut taps, mut off) = (0, 0);
    for history in (0..200).map(|number| trial.history(number)) {
        assert!(history.taps.is_sorted_by_key(|tap| tap.t), "{history:?}");
        taps += history.taps.len();
        off += history.taps.iter().filter(|tap| tap.kind == fares::TapKind::Off).count();
    }
    assert!(taps > 1_000 && off > 300, "{taps} taps, {off} of them off");
}

#[test]
fn a_credit_of_the_fare_paid_for_two_hours_from_first_boarding_is_refused() {
    let tariff = with(|rows| {
        two_hours_from_first_boarding(rows);
        for rule in &mut rows.transfer_rules {
            (rule.kind, rule.product) = (TransferKind::FirstLegPlusTransfer, "".into());
        }
    });
    let said = words(&tariff).unwrap();
    assert!(said.contains("who leaves out the tap") && said.contains("instead of"), "{said}");
}

#[test]
fn credits_that_count_until_the_end_of_the_next_ride_are_refused() {
    for kind in [LimitKind::ArrivalToArrival, LimitKind::DepartureToArrival] {
        let tariff = with(|rows| {
            for rule in &mut rows.transfer_rules {
                rule.limit = Some((5400, kind));
            }
        });
        assert!(words(&tariff).is_some_and(|said| said.contains("leaves out the tap off")), "{kind:?}");
    }
}

#[test]
fn a_flat_credit_that_counts_from_the_first_boarding_is_refused() {
    assert!(words(&with(two_hours_from_first_boarding)).is_some());
}
