//! A day of operation: every vehicle's course to the metre, and every arrival and departure.
//!
//! Vehicles advance from stop to stop in the order of time, because one feels another: riders gather
//! since the last departure, so a late bus stops longer and later, and the next catches up.

use crate::dice::Dice;
use crate::motion::{Driver, Motion, Stretch};
use crate::network::{Days, Network};
use crate::town::{DEPOT, Line};
use crate::traffic::Traffic;
use crate::world::World;
use gtfs::{ServiceDay, Timestamp};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Vehicles come to their first stop this long before they leave, seconds, give or take.
const EARLY_S: (f64, f64) = (300.0, 60.0);
/// Between the depot and the lines vehicles make this, metres per second.
const DEADHEAD_MPS: f64 = 8.0;
/// Vehicles are heard in the depot for this long before and after, seconds.
const PARKED_S: f64 = 1_200.0;
/// A driver signs on to the next trip this long after the end of the last, seconds.
const SIGNS_ON_S: f64 = 40.0;

/// What a vehicle is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// On the way, or at a red light.
    Drives,
    /// At a call.
    Stands,
    /// At the first stop of a trip, before it begins.
    Waits,
    /// Between the depot and the lines.
    Deadheads,
    /// In the depot.
    Parked,
}

/// Where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// On the line of its trip; `detour`: round a closed street, beside it.
    Line {
        /// From here, metres along,
        from_m: f64,
        /// to here.
        to_m: f64,
        /// Beside the line.
        detour: bool,
    },
    /// Straight from one place to another, metres east and north.
    Free([f64; 2], [f64; 2]),
}

/// A piece of a vehicle's day.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// From when, seconds of the service day,
    pub from_s: f64,
    /// until when.
    pub to_s: f64,
    /// The trip it is on: position in the block; `None` for none.
    pub run: Option<usize>,
    /// The next or present call.
    pub call: usize,
    /// What it does.
    pub doing: Doing,
    /// Where.
    pub place: Place,
}

/// The course of one vehicle.
#[derive(Clone, Debug)]
pub struct Duty {
    /// The vehicle.
    pub vehicle: String,
    /// What it runs: index into [`Network::blocks`].
    pub block: usize,
    /// What it did, in order, without gaps.
    pub steps: Vec<Step>,
}

/// A call that a trip made, or (`served: false`) passed round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Visit {
    /// Index into [`Day::duties`].
    pub duty: usize,
    /// Position in the block.
    pub run: usize,
    /// Index into [`Network::trips`].
    pub trip: usize,
    /// Position in its calls.
    pub call: usize,
    /// First crossing of the zone before the stop, seconds of the day; none where a trip begins.
    pub arrival_s: Option<f64>,
    /// Last crossing of the zone after it; none where a trip ends.
    pub departure_s: Option<f64>,
    /// The stop was served.
    pub served: bool,
}

/// A day.
#[derive(Debug)]
pub struct Day {
    /// Which.
    pub date: ServiceDay,
    /// When its seconds begin.
    pub midnight: Timestamp,
    /// Its streets.
    pub traffic: Traffic,
    /// Every vehicle.
    pub duties: Vec<Duty>,
    /// Every call, in the order made.
    pub visits: Vec<Visit>,
}

impl Day {
    /// Simulates day number `day` of the world.
    #[must_use]
    pub fn new(world: &World, network: &Network, day: u64, date: ServiceDay) -> Self {
        let days = Days::of(date);
        let midnight = date.start(chrono_tz::Asia::Bangkok);
        let traffic = Traffic::new(world, &network.town, days, day);
        let mut operation = Operation {
            motion: Motion::new(world, network, &traffic, midnight.since_s(Timestamp(0))),
            vehicles: Vec::new(),
            duties: Vec::new(),
            visits: Vec::new(),
            departed: network.town.lines.iter().map(|line| vec![f64::NAN; line.stops.len()]).collect(),
            swaps: swaps(world, network, days, day),
        };
        operation.pull_out(days, day);
        operation.run();
        let (duties, visits) = (operation.duties, operation.visits);
        Self { date, midnight, traffic, duties, visits }
    }
}

/// Which blocks change their vehicle, and before which of their trips.
fn swaps(world: &World, network: &Network, days: Days, day: u64) -> Vec<(usize, usize)> {
    let mut dice = Dice::new(world.seed, "swaps", day);
    let blocks: Vec<usize> = (0..network.blocks.len())
        .filter(|at| network.blocks[*at].days == days && network.blocks[*at].trips.len() > 3)
        .collect();
    let mut pick = || {
        let block = blocks[(dice.unit() * blocks.len() as f64) as usize];
        (block, 2 + (dice.unit() * (network.blocks[block].trips.len() - 3) as f64) as usize)
    };
    (0..world.swaps).map(|_| pick()).collect()
}

struct Vehicle {
    driver: Driver,
    block: usize,
    duty: usize,
    run: usize,
    call: usize,
    /// When it comes to the zone of `call`.
    at_s: f64,
}

struct Operation<'a> {
    motion: Motion<'a>,
    vehicles: Vec<Vehicle>,
    duties: Vec<Duty>,
    visits: Vec<Visit>,
    /// Last departures by line and call.
    departed: Vec<Vec<f64>>,
    swaps: Vec<(usize, usize)>,
}

impl Operation<'_> {
    fn pull_out(&mut self, days: Days, day: u64) {
        let network = self.motion.network;
        for (block, row) in network.blocks.iter().enumerate().filter(|(_, block)| block.days == days) {
            let mut dice = Dice::new(self.motion.world.seed, "driver", (day << 20) + block as u64);
            let early_s = EARLY_S.0 + dice.normal() * EARLY_S.1;
            let late = dice.chance(self.motion.world.late_pull_outs);
            let late_s = if late { dice.between(400.0, 1_200.0) } else { 0.0 };
            let came_s = network.trips[row.trips[0]].aimed_s(0) - early_s + late_s;
            let duty = self.duty(format!("v{}", row.id), block, 0, came_s);
            let driver = Driver::new(dice);
            self.vehicles.push(Vehicle { driver, block, duty, run: 0, call: 0, at_s: came_s });
        }
    }

    /// A vehicle that comes from the depot to the first stop of a run.
    fn duty(&mut self, vehicle: String, block: usize, run: usize, came_s: f64) -> usize {
        let line = self.motion.line(self.motion.network.blocks[block].trips[run]);
        let left_s = came_s - deadhead_s(line.at(0.0).0);
        let place = Place::Free(DEPOT, DEPOT);
        let parked =
            Step { from_s: left_s - PARKED_S, to_s: left_s, run: None, call: 0, doing: Doing::Parked, place };
        let place = Place::Free(DEPOT, line.at(0.0).0);
        let comes =
            Step { from_s: left_s, to_s: came_s, run: Some(run), doing: Doing::Deadheads, place, ..parked };
        self.duties.push(Duty { vehicle, block, steps: vec![parked, comes] });
        self.duties.len() - 1
    }

    fn run(&mut self) {
        let mut queue = BinaryHeap::new();
        for at in 0..self.vehicles.len() {
            queue.push(Reverse((micros(self.vehicles[at].at_s), at)));
        }
        while let Some(Reverse((_, at))) = queue.pop() {
            if self.advance(at) {
                queue.push(Reverse((micros(self.vehicles[at].at_s), at)));
            }
        }
    }

    fn trip(&self, at: usize) -> usize {
        let vehicle = &self.vehicles[at];
        self.motion.network.blocks[vehicle.block].trips[vehicle.run]
    }

    /// A vehicle is at the zone of its call; serves it and goes on to the next. False when it is done.
    fn advance(&mut self, at: usize) -> bool {
        let trip = self.trip(at);
        let line = self.motion.line(trip);
        let call = self.vehicles[at].call;
        if call == 0 {
            self.begin(at, trip, line);
        } else if call + 1 == line.stops.len() {
            return self.end(at, line);
        } else {
            self.call(at, trip, line);
        }
        let zone_m = Motion::zone_m(line);
        let (from_m, to_m) = (line.stops[call].along_m + zone_m, line.stops[call + 1].along_m - zone_m);
        self.vehicles[at].call = call + 1;
        self.drive(at, line, (from_m, to_m));
        true
    }

    /// Waits for its time, and leaves the first stop.
    fn begin(&mut self, at: usize, trip: usize, line: &Line) {
        let vehicle = &mut self.vehicles[at];
        let came_s = vehicle.at_s;
        let leaves_s = self.motion.starts_s(&mut vehicle.driver, trip, came_s);
        let place = Place::Line { from_m: 0.0, to_m: 0.0, detour: false };
        self.step(at, (came_s, leaves_s), Doing::Waits, place);
        self.departed[self.motion.network.trips[trip].line][0] = leaves_s;
        self.drive(at, line, (0.0, Motion::zone_m(line)));
        self.visit(at, None, Some(self.vehicles[at].at_s), true);
    }

    /// Serves a call on the way, or passes it by on a detour.
    fn call(&mut self, at: usize, trip: usize, line: &Line) {
        let (call, arrival_s) = (self.vehicles[at].call, self.vehicles[at].at_s);
        let (stop_m, zone_m) = (line.stops[call].along_m, Motion::zone_m(line));
        let served = !self.vehicles[at].driver.is_detoured();
        self.drive(at, line, (stop_m - zone_m, stop_m));
        if served {
            let row = self.motion.network.trips[trip].line;
            let vehicle = &mut self.vehicles[at];
            let stops_s = vehicle.at_s;
            let before_s = self.departed[row][call];
            let headway_s =
                if before_s.is_nan() { f64::from(line.headway_min) * 60.0 } else { stops_s - before_s };
            let dwell_s = self.motion.dwell_s(&mut vehicle.driver, row, call, headway_s, stops_s);
            let leaves_s = self.motion.leaves_s(&mut vehicle.driver, trip, call, stops_s + dwell_s);
            self.departed[row][call] = leaves_s;
            let place = Place::Line { from_m: stop_m, to_m: stop_m, detour: false };
            self.step(at, (stops_s, leaves_s), Doing::Stands, place);
        }
        self.drive(at, line, (stop_m, stop_m + zone_m));
        self.visit(at, Some(arrival_s), Some(self.vehicles[at].at_s), served);
    }

    /// Comes to the last stop; goes on to the next trip of the block, or home.
    fn end(&mut self, at: usize, line: &Line) -> bool {
        let arrival_s = self.vehicles[at].at_s;
        self.drive(at, line, (line.length_m() - Motion::zone_m(line), line.length_m()));
        self.visit(at, Some(arrival_s), None, true);
        let here = Place::Line { from_m: line.length_m(), to_m: line.length_m(), detour: false };
        let came_s = self.vehicles[at].at_s;
        let signed_s = came_s + SIGNS_ON_S.min(10.0 + 0.1 * (arrival_s - arrival_s.floor()));
        self.step(at, (came_s, signed_s), Doing::Stands, here);
        let (block, run) = (self.vehicles[at].block, self.vehicles[at].run + 1);
        if run == self.motion.network.blocks[block].trips.len() {
            self.go_home(at, line.at(line.length_m()).0);
            return false;
        }
        if self.swaps.contains(&(block, run)) {
            self.go_home(at, line.at(line.length_m()).0);
            let spare = format!("v{}x{run}", self.motion.network.blocks[block].id);
            self.vehicles[at].duty = self.duty(spare, block, run, signed_s);
        }
        let vehicle = &mut self.vehicles[at];
        (vehicle.run, vehicle.call, vehicle.at_s) = (run, 0, signed_s);
        true
    }

    fn go_home(&mut self, at: usize, from: [f64; 2]) {
        let steps = &mut self.duties[self.vehicles[at].duty].steps;
        let Some(last) = steps.last().copied() else { return };
        let home_s = last.to_s + deadhead_s(from);
        let place = Place::Free(from, DEPOT);
        let goes =
            Step { from_s: last.to_s, to_s: home_s, run: None, call: 0, doing: Doing::Deadheads, place };
        let place = Place::Free(DEPOT, DEPOT);
        let parked = Step { from_s: home_s, to_s: home_s + PARKED_S, doing: Doing::Parked, place, ..goes };
        steps.extend([goes, parked]);
    }

    fn drive(&mut self, at: usize, line: &Line, way: (f64, f64)) {
        let vehicle = &mut self.vehicles[at];
        let steps = &mut self.duties[vehicle.duty].steps;
        let (run, call) = (Some(vehicle.run), vehicle.call);
        let put = |stretch: Stretch| {
            let Stretch { from_s, to_s, from_m, to_m, detour } = stretch;
            let place = Place::Line { from_m, to_m, detour };
            steps.push(Step { from_s, to_s, run, call, doing: Doing::Drives, place });
        };
        vehicle.at_s = self.motion.drive(&mut vehicle.driver, line, way, vehicle.at_s, put);
    }

    fn step(&mut self, at: usize, (from_s, to_s): (f64, f64), doing: Doing, place: Place) {
        let vehicle = &mut self.vehicles[at];
        let (run, call) = (Some(vehicle.run), vehicle.call);
        self.duties[vehicle.duty].steps.push(Step { from_s, to_s, run, call, doing, place });
        vehicle.at_s = to_s;
    }

    fn visit(&mut self, at: usize, arrival_s: Option<f64>, departure_s: Option<f64>, served: bool) {
        let Vehicle { duty, run, call, .. } = self.vehicles[at];
        let trip = self.trip(at);
        self.visits.push(Visit { duty, run, trip, call, arrival_s, departure_s, served });
    }
}

fn micros(at_s: f64) -> i64 {
    (at_s * 1e6) as i64
}

fn deadhead_s(to: [f64; 2]) -> f64 {
    libm::hypot(to[0] - DEPOT[0], to[1] - DEPOT[1]) / DEADHEAD_MPS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_no_gaps_no_jumps_and_every_call_of_every_trip() {
        let (world, network) = (World::troubled(11), Network::new(""));
        let day = Day::new(&world, &network, 0, crate::days(1)[0]);
        for duty in &day.duties {
            for pair in duty.steps.windows(2) {
                assert!((pair[1].from_s - pair[0].to_s).abs() < 1e-6, "{pair:?}");
            }
            for step in &duty.steps {
                assert!(step.to_s >= step.from_s, "{step:?}");
                if let Place::Line { from_m, to_m, .. } = step.place {
                    assert!(to_m - from_m <= 33.0 * (step.to_s - step.from_s) + 1e-6, "{step:?}");
                }
            }
        }
        let calls: usize = network
            .blocks
            .iter()
            .filter(|block| block.days == Days::of(day.date))
            .flat_map(|block| &block.trips)
            .map(|trip| network.town.lines[network.trips[*trip].line].stops.len())
            .sum();
        assert_eq!(day.visits.len(), calls);
        assert!(day.visits.iter().any(|visit| !visit.served), "some street was closed");
    }

    #[test]
    fn the_timetable_is_neither_wishful_nor_idle() {
        let (world, network) = (World::own(12), Network::new(""));
        let day = Day::new(&world, &network, 0, crate::days(1)[0]);
        let late: Vec<f64> = day
            .visits
            .iter()
            .filter_map(|visit| Some(visit.arrival_s? - network.trips[visit.trip].aimed_s(visit.call)))
            .collect();
        let mean_s = late.iter().sum::<f64>() / late.len() as f64;
        assert!((-60.0..180.0).contains(&mean_s), "{mean_s} s late in the mean");
    }
}
