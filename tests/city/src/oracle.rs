//! The best prediction that anyone could make: who knows every number of the world and where each
//! vehicle really is, but not what the dice will show.
//!
//! It plays a few dozen futures of each vehicle with the day's own rules ([`crate::motion`]) and tells
//! their 10, 50 and 90 % points. In worlds of crashes it does not know how long a crash lasts. No
//! predictor can be better in the mean but by luck; what is missing to it is what an engine can gain.

use crate::day::{Day, Doing, Duty, Place};
use crate::devices::Fix;
use crate::dice::Dice;
use crate::motion::{Driver, Motion};
use crate::network::Network;
use crate::town::Service;
use crate::world::World;
use gtfs::{ServiceTime, Timestamp};
use std::collections::BTreeMap;
use std::io::Write;
use tracking::replay::{HEADER, Recording};

/// Futures go this far, seconds: half an hour is judged.
const AHEAD_S: f64 = 2_700.0;
/// A wait that has lasted longer than any drawn lasts this much longer, seconds.
const SOON_S: f64 = 3.0;
/// Draws until a wait is longer than it has been already.
const DRAWS_MAX: usize = 20;

/// One call ahead: arrivals in the futures that came so far, seconds of the day.
type Arrivals = BTreeMap<(usize, usize), Vec<f64>>;

/// Foresees a day.
pub struct Oracle<'a> {
    motion: Motion<'a>,
    day: &'a Day,
    network: &'a Network,
    world: &'a World,
    driver: Driver,
    futures: usize,
    /// Departures by line and call, in order.
    departures: Vec<Vec<Vec<f64>>>,
}

impl<'a> Oracle<'a> {
    /// An oracle that plays so many futures of each vehicle.
    #[must_use]
    pub fn new(world: &'a World, network: &'a Network, day: &'a Day, futures: usize) -> Self {
        let lines = network.town.lines.iter();
        let mut departures: Vec<Vec<Vec<f64>>> =
            lines.map(|line| vec![Vec::new(); line.stops.len()]).collect();
        for visit in &day.visits {
            departures[network.trips[visit.trip].line][visit.call].extend(visit.departure_s);
        }
        departures.iter_mut().flatten().for_each(|times| times.sort_by(f64::total_cmp));
        let midnight_s = day.midnight.since_s(Timestamp(0));
        Self {
            motion: Motion::new(world, network, &day.traffic, midnight_s),
            driver: Driver::foreseeing(Dice::new(world.seed, "oracle", 0), network.town.streets),
            day,
            network,
            world,
            futures,
            departures,
        }
    }

    /// Writes what it foresees at every report heard, as a prediction log.
    ///
    /// # Errors
    /// When `out` can not be written.
    pub fn log(&mut self, heard: &Recording, out: impl Write) -> Result<(), csv::Error> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(HEADER)?;
        let (day, network) = (self.day, self.network);
        let duties: BTreeMap<&str, &Duty> =
            day.duties.iter().map(|duty| (duty.vehicle.as_str(), duty)).collect();
        for row in &heard.rows {
            let now_s = row.received.since_s(day.midnight);
            let Some(duty) = duties.get(&*row.vehicle) else { continue };
            let Some(fix) = day.fix(self.world, network, duty, now_s) else { continue };
            for ((run, call), mut arrivals) in self.foresee(duty, &fix, now_s) {
                let trip = &network.trips[network.blocks[duty.block].trips[run]];
                let line = &network.town.lines[trip.line];
                if arrivals.len() < self.futures {
                    continue;
                }
                arrivals.sort_by(f64::total_cmp);
                let [p10, p50, p90] = [0.1, 0.5, 0.9].map(|p| {
                    let t = day.midnight.plus_s(quantile(&arrivals, p));
                    format!("{:.3}", t.since_s(Timestamp(0)))
                });
                writer.write_record([
                    format!("{:.3}", row.received.since_s(Timestamp(0))).as_str(),
                    &trip.id,
                    &day.date.to_string(),
                    &ServiceTime(trip.start_s).to_string(),
                    &row.vehicle,
                    &(call + 1).to_string(),
                    &format!("{}{}", network.version, line.stops[call].id),
                    &p50,
                    &p10,
                    &p50,
                    &p90,
                    &p50,
                    if line.service == Service::Headway { "frequency" } else { kind(&fix, run, call) },
                ])?;
            }
        }
        writer.flush()?;
        Ok(())
    }

    /// Arrivals in every future of a vehicle that is where `fix` says.
    fn foresee(&mut self, duty: &Duty, fix: &Fix, now_s: f64) -> Arrivals {
        let mut arrivals = Arrivals::new();
        if fix.step.run.is_some() {
            for _ in 0..self.futures {
                self.driver.again(now_s);
                self.future(duty, fix, now_s, &mut arrivals);
            }
        }
        arrivals
    }

    /// One future: finishes what the vehicle is doing, then goes on from call to call.
    fn future(&mut self, duty: &Duty, fix: &Fix, now_s: f64, arrivals: &mut Arrivals) {
        let Some(run) = fix.step.run else { return };
        let block = &self.network.blocks[duty.block];
        let mut way = Way { run, call: fix.step.call, at_s: now_s, headway_s: f64::INFINITY };
        let trip = block.trips[run];
        let last = self.motion.line(trip).stops.len() - 1;
        match fix.step.doing {
            Doing::Deadheads => {
                way.at_s = fix.step.to_s;
                self.start(trip, &mut way, fix.step.to_s, now_s);
            }
            Doing::Waits => self.start(trip, &mut way, fix.step.from_s, now_s),
            Doing::Stands if way.call == last => {
                way.at_s = fix.step.to_s;
                if !self.next_run(&block.trips, &mut way, now_s) {
                    return;
                }
            }
            Doing::Stands => {
                let came_s = fix.step.from_s;
                way.headway_s = self.headway_s(trip, way.call, came_s, now_s);
                let leaves_s = self.leaves_s(trip, &way, came_s, now_s);
                self.leave(trip, &mut way, leaves_s);
            }
            Doing::Drives => self.drives(trip, &mut way, fix, arrivals),
            Doing::Parked => return,
        }
        self.onward(&block.trips, &mut way, now_s, arrivals);
    }

    /// The vehicle is between two stops, or within the zone of one.
    fn drives(&mut self, trip: usize, way: &mut Way, fix: &Fix, arrivals: &mut Arrivals) {
        let line = self.motion.line(trip);
        let (Some(along_m), Place::Line { from_m, .. }) = (fix.along_m, fix.step.place) else { return };
        let (stop_m, zone_m) = (line.stops[way.call].along_m, Motion::zone_m(line));
        let before = way.call.checked_sub(1).unwrap_or(way.call);
        way.headway_s = self.headway_s(trip, before, way.at_s, way.at_s);
        if from_m >= stop_m && way.call + 1 < line.stops.len() {
            way.call += 1;
        } else if along_m > stop_m - zone_m {
            // Within the zone: it has arrived; only the few metres to the stop are left.
            way.at_s = self.motion.drive(&mut self.driver, line, (along_m, stop_m), way.at_s, |_| {});
            if way.call + 1 < line.stops.len() {
                let leaves_s = self.leaves_s(trip, way, way.at_s, way.at_s);
                self.leave(trip, way, leaves_s);
            }
            return;
        }
        let zone_m = line.stops[way.call].along_m - zone_m;
        way.at_s = self.motion.drive(&mut self.driver, line, (along_m, zone_m), way.at_s, |_| {});
        arrivals.entry((way.run, way.call)).or_default().push(way.at_s);
        self.serve(trip, way);
    }

    /// From call to call until the futures are far enough. `way` has just left its call, or stands at
    /// the last of a run.
    fn onward(&mut self, trips: &[usize], way: &mut Way, now_s: f64, arrivals: &mut Arrivals) {
        while way.at_s < now_s + AHEAD_S {
            let trip = trips[way.run];
            let line = self.motion.line(trip);
            if way.call + 1 == line.stops.len() {
                if !self.next_run(trips, way, now_s) {
                    return;
                }
                continue;
            }
            let zone_m = Motion::zone_m(line);
            let stretch = (line.stops[way.call].along_m + zone_m, line.stops[way.call + 1].along_m - zone_m);
            way.call += 1;
            way.at_s = self.motion.drive(&mut self.driver, line, stretch, way.at_s, |_| {});
            arrivals.entry((way.run, way.call)).or_default().push(way.at_s);
            self.serve(trip, way);
        }
    }

    /// From the zone before a call to the zone after it.
    fn serve(&mut self, trip: usize, way: &mut Way) {
        let line = self.motion.line(trip);
        let stop_m = line.stops[way.call].along_m;
        let zone_m = Motion::zone_m(line);
        way.at_s = self.motion.drive(&mut self.driver, line, (stop_m - zone_m, stop_m), way.at_s, |_| {});
        if way.call + 1 < line.stops.len() {
            let leaves_s = self.leaves_s(trip, way, way.at_s, way.at_s);
            self.leave(trip, way, leaves_s);
        }
    }

    fn leave(&mut self, trip: usize, way: &mut Way, leaves_s: f64) {
        let line = self.motion.line(trip);
        let stop_m = line.stops[way.call].along_m;
        let stretch = (stop_m, stop_m + Motion::zone_m(line));
        way.at_s = self.motion.drive(&mut self.driver, line, stretch, leaves_s, |_| {});
    }

    /// When a vehicle that came to its call at `came_s` and is there at `now_s` leaves.
    fn leaves_s(&mut self, trip: usize, way: &Way, came_s: f64, now_s: f64) -> f64 {
        let line = self.network.trips[trip].line;
        let headway_s = way.headway_s.min(self.headway_s(trip, way.call, came_s, now_s));
        later_than(now_s, || {
            let dwell_s = self.motion.dwell_s(&mut self.driver, line, way.call, headway_s, came_s);
            self.motion.leaves_s(&mut self.driver, trip, way.call, came_s + dwell_s)
        })
    }

    /// Leaves the first stop of a run, to which it came at `came_s`.
    fn start(&mut self, trip: usize, way: &mut Way, came_s: f64, now_s: f64) {
        let leaves_s = later_than(now_s, || self.motion.starts_s(&mut self.driver, trip, came_s));
        way.call = 0;
        self.leave(trip, way, leaves_s);
    }

    fn next_run(&mut self, trips: &[usize], way: &mut Way, now_s: f64) -> bool {
        let Some(&trip) = trips.get(way.run + 1) else { return false };
        way.run += 1;
        way.headway_s = f64::INFINITY;
        let came_s = way.at_s;
        self.start(trip, way, came_s, now_s);
        true
    }

    /// Time since the last departure there that had happened by `now_s`.
    fn headway_s(&self, trip: usize, call: usize, at_s: f64, now_s: f64) -> f64 {
        let line = self.network.trips[trip].line;
        let times = &self.departures[line][call];
        let usual_s = f64::from(self.network.town.lines[line].headway_min) * 60.0;
        let after = times.partition_point(|departure| *departure <= now_s.min(at_s));
        after.checked_sub(1).map_or(usual_s, |last| at_s - times[last])
    }
}

/// How far a future has come.
struct Way {
    run: usize,
    call: usize,
    at_s: f64,
    /// To the vehicle before it, as it was when the future began.
    headway_s: f64,
}

/// Draws until the result is later than what is known not to have happened yet.
fn later_than(now_s: f64, mut draw: impl FnMut() -> f64) -> f64 {
    (0..DRAWS_MAX).map(|_| draw()).find(|s| *s > now_s).unwrap_or(now_s + SOON_S)
}

/// Between the drawn values, so that another draw is below it with probability `p`: the i-th of n is
/// above i of n + 1 equal parts.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = (p * (sorted.len() + 1) as f64 - 1.0).clamp(0.0, sorted.len() as f64 - 1.0);
    let (low, high) = (sorted[place as usize], sorted[(place as usize + 1).min(sorted.len() - 1)]);
    low + (high - low) * place.fract()
}

/// The situation, in the log's words.
fn kind(fix: &Fix, run: usize, call: usize) -> &'static str {
    match fix.step.doing {
        _ if fix.step.run != Some(run) => "next",
        Doing::Waits | Doing::Deadheads => "terminal",
        _ if call == 0 => "terminal",
        _ => "mid-trip",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracking::score::{Moments, Predictions, Repeated, Truth, score};

    #[test]
    fn the_oracle_knows_its_own_world_and_its_intervals_hold() {
        let (world, network) = (World::own(41), Network::new(""));
        let day = Day::new(&world, &network, 0, crate::days(1)[0]);
        let mut heard = day.recording(&world, &network);
        heard.rows.retain(|row| (8.0..9.5).contains(&(row.received.since_s(day.midnight) / 3600.0)));
        let heard = tracking::replay::Degrade { thin_s: 60.0, ..Default::default() }.apply(&heard);
        let mut log = Vec::new();
        Oracle::new(&world, &network, &day, 60).log(&heard, &mut log).unwrap();
        let mut visits = Vec::new();
        crate::tides::stop_visits(&day, &network, &mut visits).unwrap();
        let repeated = Repeated::of(&network.timetable(&crate::days(7)).unwrap());
        let truth = Truth::read(visits.as_slice(), &repeated).unwrap();
        let log = Predictions::read(log.as_slice(), &repeated).unwrap();
        let card = score(&log, &truth, &Moments::of(&heard, &repeated), None);
        eprintln!("{}", tracking::score::render(&card, &[]));
        let (ours, delayed) = (&card.rows[0].1, &card.rows[2].1);
        assert!(ours.mae_all_s().unwrap() < 0.8 * delayed.mae_all_s().unwrap());
        for horizon in 0..6 {
            let inside = ours.interval_coverage_at(horizon).unwrap();
            assert!((0.75..0.85).contains(&inside), "{inside} in horizon {horizon}");
        }
    }
}
