//! What the town hears of its vehicles: positions with noise, late, twice, out of order, or not at all.
//!
//! The reports carry provenance GPS because they stand for real devices in recordings that only tests
//! read; nothing made here reaches a server.

use crate::day::{Day, Doing, Duty, Place, Step};
use crate::dice::Dice;
use crate::network::Network;
use crate::town::{Kind, Line, Service};
use crate::world::World;
use gtfs::{ServiceTime, Timestamp};
use std::sync::Arc;
use tracking::Claim;
use tracking::check::Report;
use tracking::replay::{Recording, Row};

/// How far beside a closed street the way round it is, metres, and how gently it gets there.
const DETOUR_M: (f64, f64) = (150.0, 80.0);
/// The river bends this far from its line, metres, over this length.
const BEND_M: (f64, f64) = (60.0, 1_700.0);
/// This share of a fix's error is still there in the next.
const NOISE_KEPT: f64 = 0.8;
/// Mean length of a silence, seconds.
const SILENCE_S: f64 = 150.0;
/// A disordered report comes this much later, seconds.
const DISORDER_S: f64 = 30.0;
/// Vehicles claim a wrong trip for this long, seconds.
const WRONG_S: f64 = 3_600.0;

/// Where a vehicle is at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Fix {
    /// Metres east and north.
    pub xy: [f64; 2],
    /// Its direction, degrees clockwise from north.
    pub heading_deg: f64,
    /// Metres per second.
    pub speed_mps: f64,
    /// What it is doing.
    pub step: Step,
    /// Metres along its line, when it is on one.
    pub along_m: Option<f64>,
}

impl Day {
    /// Everything heard on the day, in the order received.
    #[must_use]
    pub fn recording(&self, world: &World, network: &Network) -> Recording {
        let mut rows = Vec::new();
        let day = self.date.0.format("%j").to_string().parse().unwrap_or(0);
        for (n, duty) in self.duties.iter().enumerate() {
            let dice = Dice::new(world.seed, "device", (day << 20) + n as u64);
            Device { world, network, day: self, duty, dice, claims: self.wrong_claim(world, network, n) }
                .report(&mut rows);
        }
        rows.sort_by(|a, b| (a.received, &a.vehicle, a.report.t).cmp(&(b.received, &b.vehicle, b.report.t)));
        Recording { rows, period_s: world.devices.period_s, ..Recording::default() }
    }

    /// The trip that a vehicle claims wrongly, and when.
    fn wrong_claim(&self, world: &World, network: &Network, duty: usize) -> Option<(usize, f64)> {
        let mut dice = Dice::new(world.seed, "wrong", self.duties.len() as u64);
        let liars = (0..world.devices.wrong_claims).map(|_| {
            let at = (dice.unit() * self.duties.len() as f64) as usize;
            let from_s = dice.between(8.0, 17.0) * 3600.0;
            let other = &network.blocks[self.duties[(at + 7) % self.duties.len()].block];
            let trip = other.trips.iter().copied().find(|trip| network.trips[*trip].aimed_s(0) >= from_s);
            (at, trip.unwrap_or(other.trips[0]), from_s)
        });
        liars.filter(|(at, ..)| *at == duty).map(|(_, trip, from_s)| (trip, from_s)).last()
    }

    /// Where a vehicle really is.
    #[must_use]
    pub fn fix(&self, world: &World, network: &Network, duty: &Duty, at_s: f64) -> Option<Fix> {
        let at = duty.steps.partition_point(|step| step.to_s <= at_s);
        let step = *duty.steps.get(at).filter(|step| step.from_s <= at_s)?;
        let share = (at_s - step.from_s) / (step.to_s - step.from_s).max(1e-6);
        let (xy, way, moved_m, along_m) = match step.place {
            Place::Free(from, to) => {
                let way = [to[0] - from[0], to[1] - from[1]];
                let length_m = libm::hypot(way[0], way[1]);
                ([from[0] + way[0] * share, from[1] + way[1] * share], way, length_m, None)
            }
            Place::Line { from_m, to_m, detour } => {
                let run = network.blocks[duty.block].trips[step.run?];
                let line = &network.town.lines[network.trips[run].line];
                let along_m = from_m + (to_m - from_m) * share;
                let (on, way) = line.at(along_m);
                let beside_m = beside_m(world, line, along_m, detour);
                let xy = [on[0] - way[1] * beside_m, on[1] + way[0] * beside_m];
                (xy, way, to_m - from_m, Some(along_m))
            }
        };
        let speed_mps = moved_m / (step.to_s - step.from_s).max(1e-6);
        let heading_deg = libm::atan2(way[0], way[1]).to_degrees().rem_euclid(360.0);
        Some(Fix { xy, heading_deg, speed_mps, step, along_m })
    }
}

/// How far left of its drawn line the road is, metres.
fn beside_m(world: &World, line: &Line, along_m: f64, detour: bool) -> f64 {
    let (leg, from_m) = line.leg(along_m);
    let to_end_m = (along_m - from_m).min(leg.to_m - along_m);
    if detour {
        return DETOUR_M.0 * (to_end_m / DETOUR_M.1).min(1.0);
    }
    let hump = libm::sin(std::f64::consts::PI * (along_m - from_m) / (leg.to_m - from_m));
    if line.kind == Kind::Ferry {
        return BEND_M.0 * hump * libm::sin(std::f64::consts::TAU * along_m / BEND_M.1);
    }
    let wrong = Dice::new(world.seed, "shape", leg.street as u64).chance(0.35);
    if wrong { world.shape_error_m * hump } else { 0.0 }
}

struct Device<'a> {
    world: &'a World,
    network: &'a Network,
    day: &'a Day,
    duty: &'a Duty,
    dice: Dice,
    claims: Option<(usize, f64)>,
}

impl Device<'_> {
    fn report(mut self, rows: &mut Vec<Row>) {
        let devices = &self.world.devices;
        let (Some(first), Some(last)) = (self.duty.steps.first(), self.duty.steps.last()) else { return };
        let wrong = self.dice.chance(devices.wrong_clocks);
        let clock_s = if wrong { devices.clock_s } else { 0.0 };
        let vehicle: Arc<str> = Arc::from(self.duty.vehicle.as_str());
        let mut error = [0.0, 0.0];
        let mut silent_s = f64::MIN;
        let mut at_s = first.from_s + self.dice.between(0.0, devices.period_s);
        while at_s < last.to_s {
            let fresh = devices.noise_m * libm::sqrt(1.0 - NOISE_KEPT * NOISE_KEPT);
            error = error.map(|e| e * NOISE_KEPT + self.dice.normal() * fresh);
            if self.dice.chance(devices.silent * devices.period_s / SILENCE_S) {
                silent_s = at_s + self.dice.gamma(SILENCE_S, SILENCE_S / 2.0);
            }
            let lost = self.dice.chance(devices.lost) || at_s < silent_s;
            if let (false, Some(fix)) = (lost, self.day.fix(self.world, self.network, self.duty, at_s)) {
                let latency_s = self.dice.gamma(devices.latency_s, 0.5);
                let late_s = if self.dice.chance(devices.disordered) { DISORDER_S } else { 0.0 };
                let received = self.day.midnight.plus_s(at_s + latency_s + late_s);
                let report = self.describe(&fix, error, at_s, clock_s);
                let claimed = report.claim.trip.clone();
                let vehicle = Arc::clone(&vehicle);
                let row = Row { received, vehicle, report, claimed, travelled: None };
                if self.dice.chance(devices.twice) {
                    rows.push(Row { received: received.plus_s(1.0), ..row.clone() });
                }
                rows.push(row);
            }
            at_s += devices.period_s;
        }
    }

    fn describe(&mut self, fix: &Fix, error: [f64; 2], at_s: f64, clock_s: f64) -> Report {
        let (lat, lon) = gtfs::fixture::lat_lon(fix.xy[0] + error[0], fix.xy[1] + error[1]);
        let moving = fix.speed_mps > 1.0;
        // Whole milliseconds, as recordings have.
        let t = self.day.midnight.plus_s(at_s + clock_s);
        Report {
            t: Timestamp(t.0 / 1_000 * 1_000),
            lat,
            lon,
            speed_mps: Some((fix.speed_mps + 0.3 * self.dice.normal()).max(0.0)),
            heading_deg: moving.then(|| (fix.heading_deg + 5.0 * self.dice.normal()).rem_euclid(360.0)),
            claim: self.claim(fix, at_s),
            ..Report::default()
        }
    }

    fn claim(&self, fix: &Fix, at_s: f64) -> Claim {
        let Some(run) = fix.step.run.filter(|_| self.world.devices.claims) else { return Claim::default() };
        let lies = self.claims.filter(|(_, from_s)| (*from_s..from_s + WRONG_S).contains(&at_s));
        let own = self.network.blocks[self.duty.block].trips[run];
        let trip = &self.network.trips[lies.map_or(own, |(wrong, _)| wrong)];
        let line = &self.network.town.lines[trip.line];
        let headway = line.service == Service::Headway;
        Claim {
            trip: Some(Arc::from(trip.id.as_str())),
            day: Some(self.day.date),
            start: headway.then_some(ServiceTime(trip.start_s)),
            block: None,
            route: Some(Arc::from(line.route)),
        }
    }
}

/// Whether a vehicle is at work on a trip: what a report says of it can be predicted from.
#[must_use]
pub fn in_service(fix: &Fix) -> bool {
    matches!(fix.step.doing, Doing::Drives | Doing::Stands | Doing::Waits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_where_the_vehicles_are_and_in_the_order_received() {
        let (world, network) = (World::own(21), Network::new(""));
        let day = Day::new(&world, &network, 0, crate::days(1)[0]);
        let recording = day.recording(&world, &network);
        assert!(recording.rows.len() > 100_000, "{}", recording.rows.len());
        assert!(recording.rows.is_sorted_by_key(|row| row.received));
        let mut far = 0;
        for row in recording.rows.iter().step_by(97) {
            let duty = day.duties.iter().find(|duty| *duty.vehicle == *row.vehicle).unwrap();
            let at_s = row.report.t.since_s(day.midnight);
            let fix = day.fix(&world, &network, duty, at_s).unwrap();
            let (lat, lon) = gtfs::fixture::lat_lon(fix.xy[0], fix.xy[1]);
            let (dy, dx) = ((row.report.lat - lat) * 111_195.0, (row.report.lon - lon) * 108_000.0);
            far += usize::from(libm::hypot(dx, dy) > 25.0);
        }
        assert!(far < 5, "{far} fixes more than four sigma away");
    }

    #[test]
    fn the_same_seed_gives_the_same_reports_and_another_seed_others() {
        let bytes = |seed: u64| {
            let (world, network) = (World::troubled(seed), Network::new(""));
            let day = Day::new(&world, &network, 0, crate::days(1)[0]);
            let mut text = Vec::new();
            crate::tides::vehicle_locations(&day.recording(&world, &network), &mut text).unwrap();
            text
        };
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
    }
}
