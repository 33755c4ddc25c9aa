//! A simulated vehicle: asks its plan where it is, and reports it as its tracker would.

use super::battery::Battery;
use super::fault::Fault;
use super::plan::{Leg, Plan, plan};
use super::report::{SimEv, SimReport};
use super::traffic::{Traffic, mix};
use super::{World, gps, motion};
use gtfs::timetable::NORTH_M_PER_DEG;
use gtfs::{BlockIdx, ServiceDay, ServiceTime, Timestamp};
use std::sync::Arc;

/// A tracker wakes up this long before the first departure, seconds.
const AWAKE_BEFORE_S: f64 = 300.0;
/// And goes to sleep this long after the last arrival, seconds.
const AWAKE_AFTER_S: f64 = 90.0;
/// Slower than this has no heading, metres per second.
const HEADING_MPS_MIN: f64 = 1.0;

/// A call of a vehicle as it really was, which a tracking server may have seen.
#[derive(Clone, Debug, PartialEq)]
pub struct SimCall {
    /// trip_id.
    pub trip: Arc<str>,
    /// When its trip should start.
    pub start: ServiceTime,
    /// GTFS stop_sequence.
    pub sequence: u32,
    /// stop_id.
    pub stop: Arc<str>,
    /// When it came.
    pub arrived: Timestamp,
    /// When it left; at the end of a trip, when it came.
    pub left: Timestamp,
}

/// One vehicle.
#[derive(Debug)]
pub struct SimVehicle {
    world: Arc<World>,
    name: String,
    blocks: Vec<BlockIdx>,
    fault: Fault,
    today: Option<(ServiceDay, Option<Plan>)>,
    seq: u64,
}

impl SimVehicle {
    pub(super) fn new(world: Arc<World>, name: String, blocks: Vec<BlockIdx>) -> Self {
        Self { world, name, blocks, fault: Fault::None, today: None, seq: 0 }
    }

    /// Its name in the registry, such as `EV-1-03`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is wrong with its tracker.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.fault
    }

    pub(super) fn set_fault(&mut self, fault: Fault) {
        self.fault = fault;
    }

    /// Whether it sails.
    #[must_use]
    pub fn is_ferry(&self) -> bool {
        self.blocks.first().is_some_and(|&block| self.world.is_ferry(block))
    }

    /// Whether its tracker is awake at `now`.
    #[must_use]
    pub fn is_out(&self, now: Timestamp) -> bool {
        let day = self.world.day(now);
        let t_s = now.since_s(day.start(self.world.timetable.tz));
        self.plan_of(day).is_some_and(|plan| is_awake(&plan, t_s))
    }

    /// What happens to it on `day`; `None` when none of its blocks runs.
    #[must_use]
    pub(super) fn plan_of(&self, day: ServiceDay) -> Option<Plan> {
        let plan_of = |&block: &BlockIdx| {
            let traffic = Traffic::of(self.world.seed, &self.name, &day.to_string());
            plan(&self.world.timetable, block, day, traffic)
        };
        self.blocks.iter().find_map(plan_of)
    }

    /// Its calls on `day`, in the order of their times.
    #[must_use]
    pub fn calls_of(&self, day: ServiceDay) -> Vec<SimCall> {
        let timetable = &self.world.timetable;
        let start = day.start(timetable.tz);
        let legs = self.plan_of(day).map_or_else(Vec::new, |plan| plan.legs);
        let mut calls = Vec::new();
        for leg in legs {
            let trip = &timetable.trips[leg.trip.at()];
            let pattern = timetable.calls(trip.pattern);
            calls.extend(pattern.iter().zip(&leg.calls).map(|(call, log)| SimCall {
                trip: (&*trip.id).into(),
                start: trip.start,
                sequence: call.sequence,
                stop: (&*timetable.stops[call.stop.at()].id).into(),
                arrived: start.plus_s(log.arrival_s),
                left: start.plus_s(log.departure_s),
            }));
        }
        calls
    }

    /// Whether its driver tells the machines on board which trip this is. Every third vehicle names only its block,
    /// as simple trackers do.
    #[must_use]
    pub(super) fn names_its_trip(&self) -> bool {
        self.fault != Fault::NoClaim && !mix(0, &self.name).is_multiple_of(3)
    }

    /// Its report at `now`; `None` while it is off duty.
    pub fn report(&mut self, now: Timestamp) -> Option<SimReport> {
        let day = self.world.day(now);
        if self.today.as_ref().is_none_or(|(planned, _)| *planned != day) {
            self.today = Some((day, self.plan_of(day)));
        }
        let plan = self.today.as_ref().and_then(|(_, plan)| plan.as_ref())?;
        let t_s = now.since_s(day.start(self.world.timetable.tz));
        if !is_awake(plan, t_s) {
            return None;
        }
        let report = self.observe(plan, now, t_s)?;
        self.seq += 1;
        Some(report)
    }

    fn observe(&self, plan: &Plan, now: Timestamp, t_s: f64) -> Option<SimReport> {
        // The leg it is on, or the last one it ended: it stays there until the next departs.
        let at = plan.legs.partition_point(|leg| leg.departure_s() <= t_s).saturating_sub(1);
        let seen_s = self.fault.seen_s(t_s);
        let seen_at = plan.legs.partition_point(|leg| leg.departure_s() <= seen_s).saturating_sub(1);
        let (lat, lon, speed_mps, heading_deg) = self.fix(&plan.legs[seen_at], seen_s)?;
        let leg = &plan.legs[at];
        let (along_m, true_mps) = motion::place(&leg.moves, t_s)?;
        let odometer_m = leg.odometer_m + along_m - leg.moves.first().map_or(0.0, |m| m.from_m);
        let call = leg.calls.partition_point(|c| c.arrival_s <= t_s).checked_sub(1).map(|at| leg.calls[at]);
        let door_open = call.is_some_and(|c| t_s < c.departure_s - 2.0);
        Some(SimReport {
            seq: self.seq,
            t: now.plus_s(self.fault.clock_ahead_s()),
            lat: round(lat, 1e6),
            lon: round(lon, 1e6),
            spd: round(if self.fault == Fault::Frozen { true_mps } else { speed_mps }, 100.0),
            hdg: heading_deg.map(|deg| round(deg, 10.0)),
            acc: round(gps::accuracy_m(self.world.seed, &self.name, seen_s), 10.0),
            odo: round(odometer_m, 1.0),
            src: "SIM",
            trip: self.claimed_trip(plan, at, t_s),
            block: (self.fault != Fault::NoClaim)
                .then(|| self.world.timetable.blocks[plan.block.at()].id.clone().into()),
            door: u8::from(door_open),
            pax: call.map_or(0, |c| c.passengers),
            ev: self.energy(plan, at, t_s),
        })
    }

    /// Latitude, longitude, speed and heading as the receiver has them.
    fn fix(&self, leg: &Leg, t_s: f64) -> Option<(f64, f64, f64, Option<f64>)> {
        let timetable = &self.world.timetable;
        let (along_m, speed_mps) = motion::place(&leg.moves, t_s)?;
        let pattern = &timetable.patterns[timetable.trips[leg.trip.at()].pattern.at()];
        let shape = &timetable.shapes[pattern.shape.at()];
        let (lat, lon) = timetable.plane.lat_lon(shape.point_at(along_m as f32)?);
        let [east_m, north_m] = gps::error_m(self.world.seed, &self.name, t_s);
        let heading = shape.heading_deg_at(along_m as f32).filter(|_| speed_mps > HEADING_MPS_MIN);
        Some((
            lat + north_m / NORTH_M_PER_DEG,
            lon + east_m / timetable.plane.east_m_per_deg,
            speed_mps,
            heading.map(f64::from),
        ))
    }

    /// The trip it says it runs: at a terminal already the next one.
    fn claimed_trip(&self, plan: &Plan, at: usize, t_s: f64) -> Option<Arc<str>> {
        if !self.names_its_trip() {
            return None;
        }
        let leg = &plan.legs[at];
        let leg = if t_s > leg.end_s() { plan.legs.get(at + 1).unwrap_or(leg) } else { leg };
        Some(self.world.timetable.trips[leg.trip.at()].id.clone().into())
    }

    fn energy(&self, plan: &Plan, at: usize, t_s: f64) -> SimEv {
        let battery = if self.is_ferry() { Battery::FERRY } else { Battery::BUS };
        let leg = &plan.legs[at];
        let resting = t_s > leg.end_s();
        let next = plan.legs.get(at + 1).filter(|_| resting);
        let ((from_s, to_s), (from_pct, to_pct)) = match next {
            Some(next) => ((leg.end_s(), next.departure_s()), (leg.soc_pct.1, next.soc_pct.0)),
            None => ((leg.departure_s(), leg.end_s()), leg.soc_pct),
        };
        let share = ((t_s - from_s) / (to_s - from_s).max(1.0)).clamp(0.0, 1.0);
        let soc = from_pct + (to_pct - from_pct) * share;
        let charging = next.is_some_and(|leg| leg.charged_before);
        SimEv {
            soc: round(soc, 2.0),
            kwh: round(soc / 100.0 * battery.capacity_kwh, 10.0),
            chg: if charging { 2 } else { 0 },
            kw: if charging { battery.charger_kw } else { 0.0 },
            aux_kw: battery.auxiliary_kw,
        }
    }
}

fn is_awake(plan: &Plan, t_s: f64) -> bool {
    let first_s = plan.legs.first().map_or(f64::MAX, Leg::departure_s);
    let last_s = plan.legs.last().map_or(f64::MIN, Leg::end_s);
    (first_s - AWAKE_BEFORE_S..=last_s + AWAKE_AFTER_S).contains(&t_s)
}

fn round(value: f64, per_one: f64) -> f64 {
    (value * per_one).round() / per_one
}
