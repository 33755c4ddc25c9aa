//! A ping: whose is it, what is the vehicle doing, where is it now?

use super::detour::went_round;
use super::{Tracker, VEHICLES_MAX};
use crate::assign::{self, Claimed};
use crate::bid;
use crate::job::Bound;
use crate::run::Run;
use crate::vehicle::{Freshness, Vehicle};
use crate::visit::Seen;
use crate::{Effect, OperatorAlert, Ping, VehiclePosition};
use gtfs::{StopVisit, Timestamp, Timetable, VisitSource};
use smallvec::SmallVec;
use std::sync::Arc;

/// Room is made for so many new vehicles at a time.
const VEHICLES_AT_ONCE: usize = 256;
/// Pings without a claim after which a claimed trip is given up.
const UNCLAIMED_MAX: u8 = 3;
/// Two fixes further apart than this, seconds, do not say when a vehicle came to its last stop; the
/// scorer's truth draws the same line.
const FINISH_S_MAX: f64 = 90.0;
/// R19: two sources of a vehicle this near in time, seconds,
const CONFLICT_S: f64 = 60.0;
/// and this far apart, metres, contradict each other.
const CONFLICT_M: f32 = 500.0;

impl Tracker {
    pub(super) fn on_ping(&mut self, now: Timestamp, ping: Ping, effects: &mut Vec<Effect>) {
        let Some(at) = self.vehicle_of(&ping) else {
            self.counters.crowded += 1;
            return;
        };
        let plane = self.timetable.plane;
        let vehicle = &mut self.vehicles[at as usize];
        if vehicle.sights.last().is_some_and(|last| ping.t <= last.t) {
            self.counters.stale += 1;
            return;
        }
        if conflicts(vehicle, &ping, &plane) {
            self.counters.conflicting += 1;
            effects.push(alert(
                "conflict",
                vehicle,
                "a less trusted source has this vehicle somewhere else; it is ignored",
            ));
            return;
        }
        self.counters.pings += 1;
        self.trips.any_heard = true;
        let gap_s = vehicle.sights.last().map_or(0.0, |last| ping.t.since_s(last.t));
        vehicle.take(ping, &plane);
        if gap_s > self.params.no_data_s {
            self.after_gap(at, gap_s, now, effects);
        }
        let vehicle = &mut self.vehicles[at as usize];
        let aged = vehicle.age(now, &self.params);
        self.looks[at as usize] = self.looks[at as usize].min(vehicle.look(&self.params));
        if aged {
            self.mark_stops_of(at);
        }
        self.finish(at, effects);
        self.go_on_when_complete(at, now, effects);
        self.go_on_when_turning(at, now, effects);
        self.assign(at, now, effects);
        self.observe(at, now, effects);
        self.mark(at);
        let vehicle = &self.vehicles[at as usize];
        if vehicle.freshness <= Freshness::Held {
            effects.push(Effect::Position(self.position(vehicle)));
        }
    }

    fn vehicle_of(&mut self, ping: &Ping) -> Option<u32> {
        if let Some(&at) = self.by_id.get(&ping.vehicle) {
            return Some(at);
        }
        if self.vehicles.len() >= VEHICLES_MAX {
            return None;
        }
        let at = self.vehicles.len() as u32;
        if self.vehicles.len() == self.vehicles.capacity() {
            // Vehicles are large and hardly ever new: doubling would waste megabytes.
            self.vehicles.reserve_exact(VEHICLES_AT_ONCE);
        }
        self.vehicles.push(Vehicle::new(ping.clone()));
        self.looks.push(Timestamp(i64::MIN));
        self.by_id.insert(Arc::clone(&ping.vehicle), at);
        Some(at)
    }

    /// After a silence where a vehicle came from says nothing of where it is. A trip that it was only
    /// thought to be on, and should have ended by now, is followed by whichever of its block fits; if
    /// none does, the vehicle may be doing anything.
    fn after_gap(&mut self, at: u32, gap_s: f64, now: Timestamp, effects: &mut Vec<Effect>) {
        let vehicle = &mut self.vehicles[at as usize];
        let newest = vehicle.sights.last().copied();
        vehicle.sights.clear();
        vehicle.sights.extend(newest);
        vehicle.bids.clear();
        let Some(job) = vehicle.job.as_ref().filter(|job| job.bound == Bound::Automatic) else { return };
        let lot = job.run().map(|run| bid::Lot::of(&self.timetable, run));
        vehicle.beliefs.only(lot);
        if job.left_s(&self.timetable).is_some_and(|left_s| left_s >= gap_s) {
            return;
        }
        let resumed = job.run().and_then(|run| bid::resumed(&self.timetable, vehicle, run, &self.params));
        match resumed.map(|run| assign::from_run(&self.timetable, run)) {
            Some(runs) => self.give(at, runs, Bound::Automatic, now, true, effects),
            None => self.release(at, now, effects),
        }
    }

    /// Dispatcher, then claim, then evidence.
    fn assign(&mut self, at: u32, now: Timestamp, effects: &mut Vec<Effect>) {
        let vehicle = &mut self.vehicles[at as usize];
        let bound = vehicle.job.as_ref().map(|job| job.bound);
        if bound == Some(Bound::Dispatcher) || vehicle.is_benched() {
            return;
        }
        let claims = vehicle.ping.claim.trip.is_some() || vehicle.ping.claim.block.is_some();
        if !claims {
            vehicle.unclaimed = vehicle.unclaimed.saturating_add(1);
            if matches!(bound, Some(Bound::Trip | Bound::Block)) && vehicle.unclaimed >= UNCLAIMED_MAX {
                vehicle.settled = vehicle.ping.claim.clone();
                self.release(at, now, effects);
            }
            return self.assign_by_evidence(at, now, effects);
        }
        vehicle.unclaimed = 0;
        if vehicle.doubted.is_some() && self.is_doubted(at, now) {
            return self.assign_by_evidence(at, now, effects);
        }
        let vehicle = &self.vehicles[at as usize];
        let settled = vehicle.settled == vehicle.ping.claim;
        if settled && bound.is_some_and(|bound| bound > Bound::Automatic) {
            return self.doubt(at, now, effects);
        }
        if settled && !self.is_time_to_try(at, now) {
            return;
        }
        self.assign_by_claim(at, now, !settled, effects);
    }

    fn assign_by_claim(&mut self, at: u32, now: Timestamp, fresh: bool, effects: &mut Vec<Effect>) {
        let vehicle = &mut self.vehicles[at as usize];
        vehicle.settled = vehicle.ping.claim.clone();
        let t = vehicle.ping.t;
        let mut claimed =
            assign::claimed(&self.timetable, &vehicle.settled, &vehicle.sights, t, &self.params);
        if fresh && claimed != Claimed::Nothing {
            self.count_claim(now, claimed != Claimed::Unknown, effects);
        }
        if self.counters.wrong_feed {
            claimed = Claimed::Unknown;
        }
        let vehicle = &mut self.vehicles[at as usize];
        match claimed {
            Claimed::Runs(runs, bound) => {
                vehicle.tried = Some(now);
                self.give(at, runs, bound, now, fresh, effects);
            }
            Claimed::Unknown => {
                if fresh {
                    let text = "claims a trip or block that is not in the timetable; is this the right feed?";
                    effects.push(alert("claim_unknown", vehicle, text));
                    self.release(at, now, effects);
                }
                self.assign_by_evidence(at, now, effects);
            }
            Claimed::Nothing => {}
        }
    }

    pub(super) fn is_time_to_try(&mut self, at: u32, now: Timestamp) -> bool {
        let tried = self.vehicles[at as usize].tried;
        tried.is_none_or(|tried| now.since_s(tried) >= self.params.auction_s)
    }

    /// Notes what it may be doing; the next auction decides, at once if it has nothing to do yet.
    fn assign_by_evidence(&mut self, at: u32, now: Timestamp, effects: &mut Vec<Effect>) {
        let vehicle = &self.vehicles[at as usize];
        let bound = vehicle.job.as_ref().map(|job| job.bound);
        if bound.is_some_and(|bound| bound > Bound::Automatic) || !self.is_time_to_try(at, now) {
            return;
        }
        let vehicle = &mut self.vehicles[at as usize];
        vehicle.tried = Some(now);
        vehicle.bids = bid::bids(&self.timetable, &self.grid, vehicle, &self.params);
        // What is worth less than that can not lead by it.
        let may_win = |bid: &bid::Bid| !bid.stands && bid.worth >= self.params.margin_nats;
        if vehicle.job.is_none() && vehicle.bids.iter().any(may_win) {
            self.auction_about(at, now, effects);
        }
    }

    /// A vehicle on its way to the last stop that now claims another trip came there unseen, between
    /// two fixes: the new fix, which stands there, tells the visit. Nothing is learned from it: when
    /// the vehicle came is known only to lie between the two.
    fn finish(&mut self, at: u32, effects: &mut Vec<Effect>) {
        let vehicle = &self.vehicles[at as usize];
        let (Some(job), Some(sight)) = (vehicle.job.as_ref(), vehicle.sights.last()) else { return };
        let Some(run) = job.run().filter(|_| job.next + 1 == job.seen.len() && !job.is_complete()) else {
            return;
        };
        let trip = &self.timetable.trips[run.dated.trip.at()].id;
        let claims_other = vehicle.ping.claim.trip.as_deref().is_some_and(|claimed| claimed != &**trip);
        if !claims_other || !(0.0..=FINISH_S_MAX).contains(&sight.t.since_s(job.t)) {
            return;
        }
        let mut visits: SmallVec<[(usize, Seen); 4]> = SmallVec::new();
        let _ = job
            .clone()
            .observe(&self.timetable, sight, &self.params, |call, seen| visits.push((call, *seen)));
        self.counters.visits += visits.len() as u64;
        effects
            .extend(visits.iter().map(|(call, seen)| visit(&self.timetable, &vehicle.id, run, *call, seen)));
    }

    /// Matches the newest fix and tells the visits that follow.
    fn observe(&mut self, at: u32, now: Timestamp, effects: &mut Vec<Effect>) {
        let vehicle = &mut self.vehicles[at as usize];
        let (Some(job), Some(sight)) = (&mut vehicle.job, vehicle.sights.last()) else { return };
        let mut visits: SmallVec<[(usize, Seen); 4]> = SmallVec::new();
        let reached = job.reached();
        let before = job.track.as_ref().map(|track| track.t);
        let round =
            job.observe(&self.timetable, sight, &self.params, |call, seen| visits.push((call, *seen)));
        if let Some(open) = vehicle.ping.door_open {
            job.boarding.door(job.next, sight.t, open);
        }
        self.counters.assigned += 1;
        self.counters.matched += u64::from(job.on_line);
        self.counters.visits += visits.len() as u64;
        let gap_s = before.map_or(f64::MAX, |before| sight.t.since_s(before));
        for (call, _) in &visits {
            let start = job.start(&self.timetable, *call, gap_s);
            if let (Some(start), Some(run)) = (start, job.run()) {
                self.learned.terminals.learn(run.pattern, start);
            }
        }
        if job.is_astray() {
            return self.begin_anew(at, effects);
        }
        let Some(run) = job.run().copied() else { return };
        if let Some(round) = round {
            effects.extend(went_round(&self.timetable, &mut self.detours, &vehicle.id, &run, &round, now));
        }
        for (call, seen) in &visits {
            self.learned.visited(&self.timetable, &run, *call, seen);
            if let Some(headway_s) = self.learned.headway_s(&self.timetable, &run, *call) {
                self.trips.headways.insert((run.dated.trip, *call as u16), headway_s);
            }
            if *call >= reached {
                self.learned.drove(&self.timetable, &run, *call, &job.seen);
            }
            effects.push(visit(&self.timetable, &vehicle.id, &run, *call, seen));
        }
        for (call, seen) in visits.iter().filter(|(call, _)| *call >= reached) {
            if let Some(arrival) = seen.arrival {
                self.settle(at, &run, *call, arrival, now);
            }
        }
    }

    pub(super) fn position(&self, vehicle: &Vehicle) -> VehiclePosition {
        let ping = &vehicle.ping;
        let job = vehicle.job.as_ref();
        let run = job.and_then(crate::job::Job::run);
        let matched = job.filter(|job| job.on_line);
        VehiclePosition {
            vehicle: Arc::clone(&vehicle.id),
            t: ping.t,
            lat: ping.lat,
            lon: ping.lon,
            heading_deg: ping.heading_deg,
            speed_mps: ping.speed_mps,
            trip: run.map(|run| run.dated),
            route: run.map(|run| self.timetable.route_of(run.dated.trip)),
            along_m: matched.and_then(|job| job.track.as_ref()).map(|track| track.along_m),
            next_call: matched.map(|job| job.next as u16),
            at_stop: matched.is_some_and(|job| job.seen[job.next].arrived),
            delay_s: matched.map(|job| job.delay_s(&self.timetable) as i32),
            occupancy: vehicle.occupancy,
            soc_pct: vehicle.soc_pct,
            provenance: ping.provenance,
        }
    }
}

fn visit(timetable: &Timetable, vehicle: &Arc<str>, run: &Run, call: usize, seen: &Seen) -> Effect {
    let row = &timetable.calls(run.pattern)[call];
    Effect::Visit(StopVisit {
        vehicle: Arc::clone(vehicle),
        trip: run.dated.trip,
        day: run.dated.day,
        start: run.dated.start,
        stop_sequence: row.sequence,
        stop: row.stop,
        arrival: seen.arrival,
        departure: seen.departure,
        plus_minus_s: seen.plus_minus_s,
        source: VisitSource::Gps,
    })
}

/// R19: a less trusted source that has the vehicle somewhere else.
fn conflicts(vehicle: &Vehicle, ping: &Ping, plane: &gtfs::timetable::Plane) -> bool {
    let Some(last) = vehicle.sights.last() else { return false };
    if ping.tier >= vehicle.ping.tier || ping.t.since_s(last.t) >= CONFLICT_S {
        return false;
    }
    let xy = plane.xy(ping.lat, ping.lon);
    libm::hypotf(xy[0] - last.xy[0], xy[1] - last.xy[1]) > CONFLICT_M
}

pub(super) fn alert(code: &'static str, vehicle: &Vehicle, text: &str) -> Effect {
    Effect::Alert(OperatorAlert {
        code,
        vehicle: Some(Arc::clone(&vehicle.id)),
        trip: vehicle.job.as_ref().and_then(|job| job.run()).map(|run| run.dated),
        text: format!("{}: {text}", vehicle.id),
    })
}
