//! The book of who runs what: one vehicle per dated trip, the first keeps it (R20).

use super::Tracker;
use super::ping::alert;
use crate::boards::Holder;
use crate::job::{Bound, Job};
use crate::run::Run;
use crate::{DatedTrip, Effect};
use gtfs::Timestamp;

impl Tracker {
    /// Puts a vehicle on `runs`, the first now. The first claimant of a trip keeps it, unless it has
    /// fallen silent or is there only by evidence and the second by claim.
    pub(super) fn give(
        &mut self,
        at: u32,
        runs: Vec<Run>,
        bound: Bound,
        now: Timestamp,
        fresh: bool,
        effects: &mut Vec<Effect>,
    ) {
        let Some(run) = runs.first().copied() else { return };
        let present = self.vehicles[at as usize].job.as_ref().and_then(|job| job.run().map(|run| run.dated));
        if present == Some(run.dated) {
            if let Some(job) = &mut self.vehicles[at as usize].job {
                job.bound = bound;
            }
            return;
        }
        if bound == Bound::Block && self.trips.over.contains_key(&run.dated) {
            return;
        }
        if let Some(holder) = self.trips.holders.get(&run.dated).copied()
            && holder.vehicle != at
            && holder.present
        {
            if self.keeps(holder, bound, now) {
                return self.refuse(at, holder, now, fresh, effects);
            }
            self.release(holder.vehicle, now, effects);
        }
        self.change(at, runs, bound, now, effects);
    }

    fn keeps(&self, holder: Holder, bound: Bound, now: Timestamp) -> bool {
        let first = &self.vehicles[holder.vehicle as usize];
        let heard = first.age_s(now) < self.params.no_data_s;
        heard
            && first.job.as_ref().is_some_and(|job| job.bound >= bound || job.bound >= Bound::Block)
            && bound != Bound::Dispatcher
    }

    fn refuse(&mut self, at: u32, holder: Holder, now: Timestamp, fresh: bool, effects: &mut Vec<Effect>) {
        if fresh {
            let first = &self.vehicles[holder.vehicle as usize];
            let text = format!("claims a trip that {} already runs; it is shown without a trip", first.id);
            effects.push(alert("trip_claimed_twice", &self.vehicles[at as usize], &text));
        }
        self.release(at, now, effects);
    }

    /// Replaces a vehicle's job. What was told of runs that it keeps is remembered.
    fn change(&mut self, at: u32, runs: Vec<Run>, bound: Bound, now: Timestamp, effects: &mut Vec<Effect>) {
        let t = self.vehicles[at as usize].ping.t;
        let mut job = Job::new(&self.timetable, runs, bound, t);
        if let Some(old) = self.vehicles[at as usize].job.take() {
            for (at_new, run) in job.runs.iter().enumerate() {
                let Some(at_old) = old.runs.iter().position(|r| r.dated == run.dated) else { break };
                if at_old == 0 || at_old >= old.told.len() {
                    break;
                }
                debug_assert_eq!(job.told.len(), at_new);
                job.told.push(old.told[at_old].clone());
            }
            let kept: Vec<DatedTrip> = job.runs[..job.told.len()].iter().map(|run| run.dated).collect();
            self.retire(at, &old, &kept, now, effects);
        }
        for run in job.runs.iter().take(1) {
            let told = !job.told.is_empty();
            self.trips.holders.insert(run.dated, Holder { vehicle: at, present: true, told, next: 0 });
        }
        self.vehicles[at as usize].job = Some(job);
    }

    /// Takes a vehicle off its job.
    pub(super) fn release(&mut self, at: u32, now: Timestamp, effects: &mut Vec<Effect>) {
        if let Some(old) = self.vehicles[at as usize].job.take() {
            self.retire(at, &old, &[], now, effects);
        }
    }

    /// Ends what an old job had told, except of the runs kept.
    fn retire(&mut self, at: u32, old: &Job, kept: &[DatedTrip], now: Timestamp, effects: &mut Vec<Effect>) {
        for (index, run) in old.runs.iter().enumerate() {
            if kept.contains(&run.dated) {
                continue;
            }
            let own = self.trips.holders.get(&run.dated).is_some_and(|holder| holder.vehicle == at);
            if own {
                self.trips.holders.remove(&run.dated);
            }
            let Some(told) = old.told.get(index).filter(|_| own || index == 0) else { continue };
            let ended = index == 0 && (old.is_complete() || old.is_near_end(&self.timetable));
            if ended {
                self.trips.over.insert(run.dated, now.plus_s(super::tick::OVER_S));
            }
            let calls = self.timetable.calls(run.pattern);
            for (call, told) in told.iter().enumerate().filter(|(_, told)| told.known) {
                if !told.departed {
                    self.boards.remove(calls[call].stop, run.dated, call as u16);
                }
            }
            if index > 0 || !told.iter().any(|told| told.arrived) {
                effects.push(Effect::TripUpdateGone(run.dated));
            } else if !old.closed {
                self.ended.push_back((now.plus_s(self.params.passed_s), run.dated));
            }
        }
    }

    /// A vehicle that reached its last stop goes on to the next run of its block; one that claims
    /// each trip by itself waits for its next claim.
    pub(super) fn go_on_when_complete(&mut self, at: u32, now: Timestamp, effects: &mut Vec<Effect>) {
        let vehicle = &mut self.vehicles[at as usize];
        let Some(job) =
            vehicle.job.as_mut().filter(|job| job.is_complete() && job.bound != Bound::Trip && job.closed)
        else {
            return;
        };
        let done = job.run().map(|run| run.dated);
        if !job.go_on(&self.timetable) {
            return self.release(at, now, effects);
        }
        let Some(next) = job.run().map(|run| run.dated) else { return };
        if let Some(done) = done {
            self.trips.holders.remove(&done);
        }
        if self.trips.holders.get(&next).is_some_and(|holder| holder.vehicle != at && holder.present) {
            return self.release(at, now, effects);
        }
        self.trips.holders.insert(next, Holder { vehicle: at, present: true, told: true, next: 0 });
    }
}
