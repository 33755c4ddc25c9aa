//! Riders who exist only in arithmetic: who rides what, when, with which card.
//!
//! Pure: the same timetable, seed, fleet and day give the same taps, whoever asks. Riders take the vehicles as they
//! really run ([`SimVehicle::plan_of`]), not as the timetable has them, so a tap happens while its vehicle stands.
//! It does not know cards' tokens, balances or refusals: whoever runs the terminals does. Riders do not fill
//! vehicles up, and nobody waits for anybody.

mod fault;
mod habit;
mod person;
mod ride;
mod tap;
#[cfg(test)]
mod tests;
mod top_up;
mod ways;

pub use fault::{RiderSlip, TerminalFault};
pub use person::{Category, Rider};
pub use tap::{Mounting, SimShift, SimTap};
pub use top_up::{Purses, SimTopUp};

use super::plan::Plan;
use super::traffic::mix;
use super::{SimVehicle, World};
use gtfs::timetable::Mode;
use gtfs::{ServiceDay, StopIdx, Timestamp, Timetable};
use person::Town;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use ride::Ride;
use std::collections::BTreeMap;
use std::sync::Arc;
use ways::Ways;

/// Most cards of a demo.
pub const RIDERS_MAX: u32 = 5_000;

/// The riders of a town, and the vehicles that they may take.
#[derive(Debug)]
pub struct Riders {
    world: Arc<World>,
    fleet: Vec<SimVehicle>,
    town: Town,
    people: Vec<Rider>,
    begin: Timestamp,
    end: Timestamp,
}

/// What riders and drivers do on one service day, in order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RiderDay {
    /// Touches of cards.
    pub taps: Vec<SimTap>,
    /// Duties of terminals.
    pub shifts: Vec<SimShift>,
}

impl Riders {
    /// `count` riders of the vehicles in `fleet`. Only journeys with all taps from `begin` on and before `end` are
    /// made: none is cut in two.
    #[must_use]
    pub fn new(
        world: &Arc<World>,
        fleet: Vec<SimVehicle>,
        count: u32,
        begin: Timestamp,
        end: Timestamp,
    ) -> Self {
        let town = Town::of(&world.timetable);
        let people = (1..=count.min(RIDERS_MAX)).filter_map(|card| town.rider(world, card)).collect();
        Self { world: Arc::clone(world), fleet, town, people, begin, end }
    }

    /// Everybody.
    #[must_use]
    pub fn people(&self) -> &[Rider] {
        &self.people
    }

    /// Of everything random.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.world.seed
    }

    /// Where terminals are mounted: on every bus of the fleet, and at every pier.
    #[must_use]
    pub fn mountings(&self) -> Vec<Mounting> {
        let buses = self.fleet.iter().filter(|vehicle| !vehicle.is_ferry());
        let stops = &self.world.timetable.stops;
        let piers = piers(&self.world.timetable).into_iter();
        let piers = piers.map(|stop| Mounting::Pier(stops[stop.at()].id.clone().into()));
        buses.map(|vehicle| Mounting::Bus(vehicle.name().into())).chain(piers).collect()
    }

    /// The service day to which `now` belongs.
    #[must_use]
    pub fn day_of(&self, now: Timestamp) -> ServiceDay {
        self.world.day(now)
    }

    /// When a service day began: its seconds count from there.
    #[must_use]
    pub fn start_of(&self, day: ServiceDay) -> Timestamp {
        day.start(self.world.timetable.tz)
    }

    /// All taps and duties of a day.
    #[must_use]
    pub fn day(&self, day: ServiceDay) -> RiderDay {
        let plans: Vec<Option<Plan>> = self.fleet.iter().map(|vehicle| vehicle.plan_of(day)).collect();
        let start = self.start_of(day);
        let ways = Ways::of(&self.world.timetable, &self.town, &self.fleet, &plans);
        let mut taps = Vec::new();
        for rider in &self.people {
            let seed = mix(self.world.seed, &format!("ride/{}/{day}", rider.card));
            let mut rng = StdRng::seed_from_u64(seed);
            for (nth, journey) in (0..).zip(habit::journeys(rider, &ways, day, &mut rng)) {
                let own = Ride { rider, nth, ways: &ways, start }.taps(&journey, &mut rng);
                if own.iter().all(|tap| self.begin <= tap.at && tap.at < self.end) {
                    taps.extend(own);
                }
            }
        }
        taps.sort_by_key(|tap| (tap.at, tap.card));
        RiderDay { taps, shifts: self.shifts(&plans, day) }
    }

    fn shifts(&self, plans: &[Option<Plan>], day: ServiceDay) -> Vec<SimShift> {
        let start = self.start_of(day);
        let timetable = &self.world.timetable;
        let mut piers: BTreeMap<StopIdx, (f64, f64)> = BTreeMap::new();
        let mut shifts = Vec::new();
        for (vehicle, plan) in self.fleet.iter().zip(plans) {
            let Some(plan) = plan else { continue };
            if vehicle.is_ferry() {
                pier_hours(timetable, plan, &mut piers);
                continue;
            }
            let from_s = plan.legs.first().map_or(0.0, super::plan::Leg::departure_s);
            let to_s = plan.legs.last().map_or(0.0, super::plan::Leg::end_s);
            shifts.push(SimShift {
                mounting: Mounting::Bus(vehicle.name().into()),
                name: format!("{}/{day}", timetable.blocks[plan.block.at()].id),
                from: start.plus_s(from_s),
                to: start.plus_s(to_s),
            });
        }
        shifts.extend(piers.into_iter().map(|(stop, (from_s, to_s))| {
            let id = &timetable.stops[stop.at()].id;
            SimShift {
                mounting: Mounting::Pier(id.clone().into()),
                name: format!("{id}/{day}"),
                from: start.plus_s(from_s),
                to: start.plus_s(to_s),
            }
        }));
        shifts
    }
}

/// Widens each pier's hours by a ferry's calls there.
fn pier_hours(timetable: &Timetable, plan: &Plan, piers: &mut BTreeMap<StopIdx, (f64, f64)>) {
    for leg in &plan.legs {
        let calls = timetable.calls(timetable.trips[leg.trip.at()].pattern);
        for (call, log) in calls.iter().zip(&leg.calls) {
            let hours = piers.entry(call.stop).or_insert((log.arrival_s, log.departure_s));
            *hours = (hours.0.min(log.arrival_s), hours.1.max(log.departure_s));
        }
    }
}

/// The stops of routes with route_type 4, by number.
#[must_use]
pub fn piers(timetable: &Timetable) -> Vec<StopIdx> {
    let sails = |stop: StopIdx| {
        let calls = timetable.calls_at(stop).iter();
        calls
            .map(|(pattern, _)| timetable.patterns[pattern.at()].route)
            .any(|route| timetable.routes[route.at()].mode == Mode::Ferry)
    };
    (0..timetable.stops.len()).map(StopIdx::new).filter(|&stop| sails(stop)).collect()
}
