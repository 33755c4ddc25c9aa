//! Shadow rating against what an engine really charged, and the breaker against what late taps really do.

use crate::books::Books;
use crate::laws::{anyhow, in_order, lived};
use crate::town::{Dice, Town, day, tariff_of};
use fares::breaker::Breaker;
use fares::card::Profile;
use fares::engine::{FareEngine, TapFate};
use fares::journey::{Horizon, InForce};
use fares::rate::Facts;
use fares::ride::{PlacedTap, Rides};
use fares::shadow::{Shadow, Window, as_if, needs};
use fares::{Leg, Tariff};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the days of a town would have come to.
fn shadow_of(books: &Books, engine: &FareEngine, proposed: &Tariff, window: Window) -> Shadow {
    let tariffs = as_if(engine.tariffs(), proposed, window.first).unwrap();
    let (_, since) = needs(&tariffs, window.first);
    let rides: Rides = books.rides.iter().map(|(key, ride)| (key.clone(), ride.clone())).collect();
    let now = window.last.next().start(chrono_tz::Asia::Bangkok).plus_s(6.0 * 3_600.0);
    let horizon = Horizon { now, closed: Some(window.last) };
    let tariffs = InForce::of(&tariffs).unwrap();
    let facts = Facts { tariffs, rides: &rides, stops: engine.stops(), amnesties: &[], horizon };
    let cards: BTreeSet<Arc<str>> = books.records.values().map(|record| Arc::clone(&record.card)).collect();
    let mut shadow = Shadow::default();
    for card in &cards {
        let counts = |fate: &TapFate| !matches!(fate, TapFate::Expired | TapFate::Quarantine);
        let of_card = books.records.values().filter(|record| record.card == *card && record.tap.t >= since);
        let mut taps: Vec<PlacedTap> =
            of_card.filter(|record| counts(&record.fate)).map(|record| record.tap.clone()).collect();
        taps.sort_by(|a, b| a.order().cmp(&b.order()));
        let legs = books.legs.values().map(|(record, _)| &record.leg);
        let charged: Vec<&Leg> = legs.filter(|leg| leg.card == *card).collect();
        shadow.card(window, (card, &taps, &Profile::default()), &charged, facts);
    }
    shadow
}

#[test]
fn the_version_that_was_in_force_would_have_come_to_what_was_charged() {
    for seed in 0..12 {
        let town = Town::new(seed, 8, 4);
        let drive = lived(&town, in_order(&town), 1, &mut Dice(seed));
        let window = Window { first: day(1), last: day(3) };
        let same = tariff_of(|toml| toml.replace("sample-2026-01", "sample-2026-02"));
        let shadow = shadow_of(&drive.books, &drive.engine, &same, window);
        assert!(shadow.all.before.legs > 0, "town {seed}");
        assert_eq!(
            (shadow.all.before, shadow.dearer, shadow.cheaper),
            (shadow.all.after, 0, 0),
            "town {seed}"
        );
        assert!(shadow.products.values().chain(shadow.caps.values()).all(|both| both.before == both.after));
    }
}

#[test]
fn a_dearer_bus_is_dearer_for_who_rode_one_and_caps_are_reached_sooner() {
    let town = Town::new(3, 30, 4);
    let drive = lived(&town, in_order(&town), 1, &mut Dice(3));
    let window = Window { first: day(1), last: day(3) };
    let dearer = tariff_of(|toml| toml.replace("15.00", "20.00"));
    let shadow = shadow_of(&drive.books, &drive.engine, &dearer, window);
    let bus = shadow.products["bus adult"];
    assert_eq!(bus.before.legs, bus.after.legs);
    assert!(bus.after.charge > bus.before.charge, "{bus:?}");
    assert!(shadow.dearer > 0 && shadow.dearer <= shadow.cards && shadow.cheaper == 0, "{shadow:?}");
    let change: i64 = shadow.changes.iter().map(|change| change.after.0 - change.before.0).sum();
    assert!(shadow.changes.len() == 20 && 0 < change);
    assert!(change <= shadow.all.after.charge.0 - shadow.all.before.charge.0);
    let capped = |side: fn(&fares::shadow::Both) -> u64| shadow.caps.values().map(side).sum::<u64>();
    assert!(capped(|both| both.after.legs) > capped(|both| both.before.legs), "{:?}", shadow.caps);
    // What is not in the window counts on neither side.
    let none = Window { first: day(20), last: day(22) };
    assert_eq!(shadow_of(&drive.books, &drive.engine, &dearer, none), Shadow::default());
}

#[test]
fn late_taps_and_late_vehicles_do_not_trip_the_breaker() {
    for seed in 0..6 {
        let town = Town::new(seed, 60, 3);
        let mut dice = Dice(seed ^ 0xdead);
        let arrivals = anyhow(&town, &mut dice);
        let drive = lived(&town, arrivals, 40, &mut dice);
        let (mut breaker, mut revised) = (Breaker::new(None), 0);
        for journal in &drive.books.journals {
            revised += usize::from(
                journal.postings.iter().any(|posting| posting.leg.as_ref().is_some_and(|leg| leg.1 > 1)),
            );
            assert_eq!(breaker.weigh([journal]), None, "town {seed}");
        }
        assert!(revised > 10, "town {seed}: {revised} journals revise something");
    }
}
