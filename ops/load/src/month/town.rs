//! The town of a simulated month: the sample network with the demo's riders, its vehicles, and where terminals are.

use gtfs::{ServiceDay, Timestamp, Timetable, VisitSource};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use server::demo::sim::riders::{Category, Mounting, Riders, SimTap};
use server::demo::sim::{SimVehicle, World};
use std::collections::HashMap;
use std::sync::Arc;
use store::Visit;

/// Of 100 visits, so many come late by minutes, by hours, and never.
const VISITS_LATE_PERCENT: (u32, u32, u32) = (3, 1, 1);
/// How much later, seconds.
const MINUTES_LATE_S: std::ops::Range<f64> = 300.0..3_600.0;
const HOURS_LATE_S: std::ops::Range<f64> = 3_600.0..30_000.0;
/// A tracking server knows a visit after this, seconds.
const VISIT_KNOWN_S: f64 = 8.0;
/// Riders with copies of one life tap this far apart, seconds.
const COPY_S: f64 = 3.0;

/// Who rides what, and when it is seen.
pub(crate) struct Town {
    riders: Riders,
    fleet: Vec<SimVehicle>,
    timetable: Arc<Timetable>,
    /// Terminals at each place.
    places: HashMap<Mounting, usize>,
    copies: u32,
    seed: u64,
}

/// A card is touched.
#[derive(Clone, Debug)]
pub(crate) struct CardTap {
    pub(crate) at: Timestamp,
    /// The terminal.
    pub(crate) terminal: String,
    pub(crate) card: Arc<str>,
    /// Which journey of the card's day.
    pub(crate) journey: u8,
    pub(crate) what: SimTap,
}

/// What will happen on a day.
pub(crate) struct Plan {
    /// By time.
    pub(crate) taps: Vec<CardTap>,
    /// By the time at which the server knows them.
    pub(crate) visits: Vec<(Timestamp, Visit)>,
}

/// How big the town is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) terminals: usize,
    pub(crate) cards: u32,
    /// Cards that live one rider's life.
    pub(crate) copies: u32,
    pub(crate) seed: u64,
}

impl Town {
    pub(crate) fn new(timetable: &Arc<Timetable>, size: Size, begin: Timestamp) -> Self {
        let world = Arc::new(World { timetable: Arc::clone(timetable), seed: size.seed });
        let everything = || world.fleet(begin, usize::MAX);
        let all = Riders::new(&world, everything(), 0, begin, Timestamp(i64::MAX)).mountings();
        let is_pier = |mounting: &&Mounting| matches!(mounting, Mounting::Pier(_));
        let (piers, buses): (Vec<&Mounting>, Vec<&Mounting>) = all.iter().partition(is_pier);
        let pier_count = piers.len().min((size.terminals / 3).max(2));
        let bus_count = buses.len().min(size.terminals.saturating_sub(pier_count));
        let kept: Vec<Mounting> =
            buses.into_iter().take(bus_count).chain(piers.into_iter().take(pier_count)).cloned().collect();
        let is_kept =
            |vehicle: &SimVehicle| vehicle.is_ferry() || kept.contains(&Mounting::Bus(vehicle.name().into()));
        let fleet = || everything().into_iter().filter(is_kept).collect::<Vec<_>>();
        let riders = Riders::new(&world, fleet(), size.cards, begin, Timestamp(i64::MAX));
        // What is left over is a second door of a bus, or a second gate of a pier.
        let mut places: HashMap<Mounting, usize> = HashMap::new();
        for at in 0..size.terminals {
            *places.entry(kept[at % kept.len()].clone()).or_default() += 1;
        }
        let (timetable, fleet) = (Arc::clone(timetable), fleet());
        Self { riders, fleet, timetable, places, copies: size.copies.max(1), seed: size.seed }
    }

    /// Every terminal and its place.
    pub(crate) fn terminals(&self) -> Vec<(String, Mounting)> {
        let mut terminals: Vec<(String, Mounting)> = self
            .places
            .iter()
            .flat_map(|(place, count)| (0..*count).map(|nth| (named(place, nth), place.clone())))
            .collect();
        terminals.sort();
        terminals
    }

    /// Every card, and the category of who has it; empty for an adult.
    pub(crate) fn cards(&self) -> Vec<(Arc<str>, &'static str)> {
        let category = |category| match category {
            Category::Adult => "",
            Category::Senior => "senior",
            Category::Student => "student",
            Category::Monk => "free",
        };
        let people = self.riders.people().iter();
        people
            .flat_map(|rider| {
                (0..self.copies).map(|copy| (token(rider.card, copy), category(rider.category)))
            })
            .collect()
    }

    /// What will happen on a day.
    pub(crate) fn day(&self, day: ServiceDay) -> Plan {
        let mut dice = StdRng::seed_from_u64(self.seed ^ day.start(self.timetable.tz).0.unsigned_abs());
        let mut taps = Vec::new();
        for what in self.riders.day(day).taps {
            // Where no terminal is nobody taps.
            let Some(count) = self.places.get(&what.mounting) else { continue };
            for copy in 0..self.copies {
                taps.push(CardTap {
                    at: what.at.plus_s(COPY_S * f64::from(copy)),
                    terminal: named(&what.mounting, what.card as usize % count),
                    card: token(what.card, copy),
                    journey: what.journey,
                    what: what.clone(),
                });
            }
        }
        taps.sort_by(|a, b| (a.at, &a.card).cmp(&(b.at, &b.card)));
        Plan { taps, visits: self.visits(day, &mut dice) }
    }

    fn visits(&self, day: ServiceDay, dice: &mut StdRng) -> Vec<(Timestamp, Visit)> {
        let (minutes, hours, never) = VISITS_LATE_PERCENT;
        let mut visits = Vec::new();
        for vehicle in &self.fleet {
            for call in vehicle.calls_of(day) {
                let known = match dice.random_range(0..100) {
                    n if n < never => continue,
                    n if n < never + hours => call.left.plus_s(dice.random_range(HOURS_LATE_S)),
                    n if n < never + hours + minutes => call.left.plus_s(dice.random_range(MINUTES_LATE_S)),
                    _ => call.left.plus_s(VISIT_KNOWN_S),
                };
                let visit = Visit {
                    day,
                    trip: call.trip,
                    start: call.start,
                    stop_sequence: call.sequence,
                    vehicle: vehicle.name().into(),
                    stop: call.stop,
                    arrival: Some(call.arrived),
                    departure: Some(call.left),
                    plus_minus_s: 2.0,
                    source: VisitSource::Gps,
                };
                visits.push((known, visit));
            }
        }
        visits.sort_by_key(|(known, _)| *known);
        visits
    }
}

/// The id of the nth terminal at a place.
fn named(place: &Mounting, nth: usize) -> String {
    let terminal = place.terminal();
    if nth == 0 { terminal } else { format!("{terminal}-{}", nth + 1) }
}

/// The token of a card.
fn token(card: u32, copy: u32) -> Arc<str> {
    format!("sim{card:06}x{copy:03}AAAAAAAAA").into()
}
