//! The riders against the sample network.

use super::super::plan::Leg;
use super::super::tests::{morning, world};
use super::*;
use fares::tap::TapKind;
use std::collections::HashSet;

const AGES: (Timestamp, Timestamp) = (Timestamp(0), Timestamp(i64::MAX));

fn riders(seed: u64, count: u32) -> Riders {
    let world = world(seed);
    let fleet = world.fleet(morning(), 100);
    Riders::new(&world, fleet, count, AGES.0, AGES.1)
}

/// The trip of a tap as it really ran.
fn leg_of(riders: &Riders, day: ServiceDay, tap: &SimTap) -> Leg {
    let vehicle = riders.fleet.iter().find(|vehicle| *vehicle.name() == *tap.vehicle).expect("a vehicle");
    let legs = vehicle.plan_of(day).expect("it runs").legs;
    let trips = &riders.world.timetable.trips;
    legs.into_iter().find(|leg| *trips[leg.trip.at()].id == *tap.trip).expect("its trip")
}

/// Arrivals and departures of a tap's trip at the tap's stop, seconds of the day.
fn stands(riders: &Riders, day: ServiceDay, tap: &SimTap) -> Vec<(f64, f64)> {
    let leg = leg_of(riders, day, tap);
    let timetable = &riders.world.timetable;
    let calls = timetable.calls(timetable.trips[leg.trip.at()].pattern).iter();
    let here = calls.zip(&leg.calls).filter(|(call, _)| call.stop == tap.stop);
    here.map(|(_, log)| (log.arrival_s, log.departure_s)).collect()
}

#[test]
fn the_same_seed_gives_the_same_taps_and_another_seed_others() {
    let day = riders(1, 0).day_of(morning());
    let (one, same, other) = (riders(1, 60).day(day), riders(1, 60).day(day), riders(2, 60).day(day));
    assert_eq!(one, same);
    assert_ne!(one.taps, other.taps);
    assert!(riders(1, 0).day(day).taps.is_empty());
}

#[test]
fn everybody_gets_on_while_the_vehicle_stands_at_the_stop_and_off_after_it_came() {
    let riders = riders(1, 300);
    let day = riders.day_of(morning());
    let start = riders.start_of(day);
    let taps = riders.day(day).taps;
    assert!(taps.len() > 500, "{} taps", taps.len());
    for tap in &taps {
        let t_s = tap.at.since_s(start);
        let is_there = stands(&riders, day, tap).into_iter().any(|(arrival_s, departure_s)| match tap.kind {
            TapKind::Off => (arrival_s..arrival_s + 60.0).contains(&t_s),
            _ => (arrival_s..=departure_s).contains(&t_s),
        });
        assert!(is_there, "{tap:?} at {t_s}");
        let is_pier = matches!(tap.mounting, Mounting::Pier(_));
        assert_eq!(is_pier, tap.kind != TapKind::Tap, "one tap on a bus, two at piers");
        assert_eq!(is_pier, tap.fix.is_none());
    }
}

#[test]
fn each_tap_off_follows_its_tap_on_and_journeys_do_not_overlap() {
    let riders = riders(1, 300);
    let taps = riders.day(riders.day_of(morning())).taps;
    let mut most = 0;
    for card in 1..=300 {
        let own: Vec<&SimTap> = taps.iter().filter(|tap| tap.card == card).collect();
        assert!(own.windows(2).all(|pair| pair[0].journey <= pair[1].journey), "card {card}");
        for (at, off) in own.iter().enumerate().filter(|(_, tap)| tap.kind == TapKind::Off) {
            let on = own[..at].iter().rev().find(|tap| tap.kind == TapKind::On).expect("a tap on before");
            assert_eq!((&on.trip, on.journey, on.pax), (&off.trip, off.journey, off.pax));
            assert!(on.at < off.at && on.stop != off.stop);
        }
        most = most.max(own.last().map_or(0, |tap| usize::from(tap.journey) + 1));
    }
    assert!((3..=habit::JOURNEYS_MAX).contains(&most), "{most} journeys at most");
}

#[test]
fn a_thousand_days_of_riders_have_the_shares_of_slips_that_they_should() {
    let riders = riders(5, 1_000);
    let taps = riders.day(riders.day_of(morning())).taps;
    let count = |fits: &dyn Fn(&SimTap) -> bool| taps.iter().filter(|tap| fits(tap)).count() as f64;
    let boardings = count(&|tap| tap.kind != TapKind::Off && !tap.is_again);
    let sailings = count(&|tap| tap.kind == TapKind::On && !tap.is_again);
    let forgotten = (sailings - count(&|tap| tap.kind == TapKind::Off)) / sailings;
    let again = count(&|tap| tap.is_again) / boardings;
    let companions = count(&|tap| tap.pax == 2 && tap.kind != TapKind::Off) / boardings;
    assert!(sailings > 300.0, "{sailings} ferry rides");
    assert!((0.03..0.07).contains(&forgotten), "{forgotten} of {sailings} forget the tap off");
    assert!((0.015..0.035).contains(&again), "{again} of {boardings} tap again");
    assert!((0.01..0.035).contains(&companions), "{companions} of {boardings} have company");
}

#[test]
fn the_town_rides_as_a_town_does() {
    let riders = riders(1, 300);
    let day = riders.day_of(morning());
    let plan = riders.day(day);
    let hour = |tap: &SimTap| (tap.at.since_s(riders.start_of(day)) / 3600.0) as u32;
    let in_hours =
        |hours: std::ops::Range<u32>| plan.taps.iter().filter(|t| hours.contains(&hour(t))).count();
    let an_hour =
        |hours: std::ops::Range<u32>| in_hours(hours.clone()) as f64 / f64::from(hours.end - hours.start);
    let (morning, noon, evening) = (an_hour(7..9), an_hour(12..15), an_hour(16..19));
    assert!(morning > 1.5 * noon && evening > 1.3 * noon, "{morning} {noon} {evening} taps an hour");
    let mixed: HashSet<(u32, u8)> = plan.taps.iter().filter(|t| t.kind == TapKind::On).map(key).collect();
    let mixed = plan.taps.iter().filter(|t| t.kind == TapKind::Tap && mixed.contains(&key(t))).count();
    assert!(mixed > 50, "{mixed} bus rides change to or from a ferry");
    let cards: HashSet<u32> = plan.taps.iter().map(|tap| tap.card).collect();
    assert!((180..290).contains(&cards.len()), "{} of 300 cards ride on a Tuesday", cards.len());
    let sunday = ServiceDay::parse("2026-11-29").expect("a day");
    assert!(riders.day(sunday).taps.len() < plan.taps.len());
}

fn key(tap: &SimTap) -> (u32, u8) {
    (tap.card, tap.journey)
}

#[test]
fn no_journey_is_cut_by_the_hours_at_which_a_demo_begins_and_ends() {
    let world = world(1);
    let whole = riders(1, 300);
    let day = whole.day_of(morning());
    let (begin, end) = (morning(), morning().plus_s(5_400.0));
    let part = Riders::new(&world, world.fleet(morning(), 100), 300, begin, end).day(day).taps;
    assert!(!part.is_empty() && part.iter().all(|tap| (begin..end).contains(&tap.at)));
    let all = whole.day(day).taps;
    for tap in &part {
        let own = |taps: &[SimTap]| taps.iter().filter(|t| key(t) == key(tap)).count();
        assert_eq!(own(&part), own(&all), "{tap:?}");
    }
}

#[test]
fn terminals_are_on_every_bus_and_at_every_pier_and_each_has_its_duty() {
    let riders = riders(1, 100);
    let plan = riders.day(riders.day_of(morning()));
    let mountings: HashSet<Mounting> = riders.mountings().into_iter().collect();
    assert_eq!(mountings.iter().filter(|m| matches!(m, Mounting::Pier(_))).count(), 6);
    assert!(mountings.contains(&Mounting::Bus("EV-1-03".into())));
    for tap in &plan.taps {
        let shift = plan.shifts.iter().find(|shift| shift.mounting == tap.mounting).expect("a duty");
        assert!(mountings.contains(&tap.mounting));
        assert!(shift.from.plus_s(-60.0) <= tap.at && tap.at <= shift.to.plus_s(60.0), "{tap:?} {shift:?}");
    }
}

#[test]
fn half_of_the_cards_begin_with_money() {
    let riders = riders(1, 300);
    let opening = Purses::opening(riders.people(), 1, morning());
    assert!((120..180).contains(&opening.len()), "{}", opening.len());
    assert!(opening.iter().all(|wish| (20_000..=50_000).contains(&wish.satang.0)));
}

#[test]
fn each_fault_of_a_terminal_has_its_hours() {
    let minutes =
        |fault: TerminalFault| (0..1_440).filter(|m| fault.is_offline(f64::from(*m) * 60.0)).count();
    assert_eq!((minutes(TerminalFault::None), minutes(TerminalFault::Silent)), (0, 1_440));
    assert_eq!(minutes(TerminalFault::Offline), 240);
    let changes = |run: &dyn Fn(f64) -> i64| {
        (1..1_440).filter(|m| run(f64::from(*m) * 60.0) != run(f64::from(*m - 1) * 60.0)).count()
    };
    assert_eq!(changes(&|t_s| TerminalFault::Reboots.run(t_s)), 15);
    assert_eq!(changes(&|t_s| TerminalFault::Forgets.flash(t_s)), 11);
    assert!(TerminalFault::SHOWN.iter().filter(|fault| fault.words().is_some()).count() == 6);
}
