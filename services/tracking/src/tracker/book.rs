//! The book of who runs what: one vehicle per dated trip, the first keeps it (R20).

use super::Tracker;
use super::ping::alert;
use crate::boards::Holder;
use crate::days;
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
            job.came = old.seen.last().and_then(|end| end.arrival);
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
        self.close_earlier_runs(&job, now);
        for run in job.runs.iter().take(1) {
            let told = !job.told.is_empty();
            self.trips.holders.insert(run.dated, Holder { vehicle: at, present: true, told, next: 0 });
        }
        self.vehicles[at as usize].job = Some(job);
    }

    /// A vehicle that says it runs a later trip of its block speaks for the earlier ones, whose time is
    /// over: nobody saw them, as after a start without history, but they are not still to come.
    fn close_earlier_runs(&mut self, job: &Job, now: Timestamp) {
        let Some(run) = job.run().filter(|_| job.bound != Bound::Automatic) else { return };
        for earlier in days::block_of(&self.timetable, run) {
            let past = earlier.origin < run.origin && earlier.aimed_end(&self.timetable) <= now;
            if past && !self.trips.holders.contains_key(&earlier.dated) {
                self.trips.over.entry(earlier.dated).or_insert(now.plus_s(super::tick::OVER_S));
                for call in self.timetable.calls(earlier.pattern) {
                    self.boards.mark(call.stop);
                }
            }
        }
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

    /// A vehicle was said to be where it never was, and has been found behind that: what was told of its
    /// trip is taken back, and it begins the trip anew where it is.
    pub(super) fn begin_anew(&mut self, at: u32, effects: &mut Vec<Effect>) {
        let vehicle = &mut self.vehicles[at as usize];
        let (Some(job), Some(sight)) = (&mut vehicle.job, vehicle.sights.last()) else { return };
        let Some(run) = job.run().copied() else { return };
        job.begin_anew();
        job.observe(&self.timetable, sight, &self.params, |_, _| {});
        for (call, row) in (0u16..).zip(self.timetable.calls(run.pattern)) {
            self.boards.remove(row.stop, run.dated, call);
        }
        effects.push(Effect::TripUpdateGone(run.dated));
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

    /// A vehicle may end its trip a little before the last stop, or turn off to where it lays over:
    /// one near its last stop that stands, or has left the line, has ended it.
    pub(super) fn go_on_when_turning(&mut self, at: u32, now: Timestamp, effects: &mut Vec<Effect>) {
        let vehicle = &self.vehicles[at as usize];
        let by_itself = |job: &&Job| matches!(job.bound, Bound::Automatic | Bound::Block);
        let Some(job) = vehicle.job.as_ref().filter(by_itself) else { return };
        let stands = vehicle.moved_m() < self.params.moved_m_min / 2.0 && vehicle.seen_for_s() >= LAYOVER_S;
        let turns = stands || job.is_off(&self.params);
        let due = job.runs.get(1).is_some_and(|next| now.since_s(next.origin) >= -TURNING_S);
        if job.is_complete() || !due || !turns || !job.is_near_end(&self.timetable) {
            return;
        }
        let (runs, bound) = (job.runs[1..].to_vec(), job.bound);
        self.give(at, runs, bound, now, true, effects);
    }
}

/// It is then said to be on its next trip this long before that begins, seconds.
const TURNING_S: f64 = 60.0;
/// Standing this long near the last stop is a layover, seconds.
const LAYOVER_S: f64 = 120.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ping::bare;
    use crate::{CallSource, Claim, Event, Ping, StopBoard};
    use gtfs::{ServiceDay, ServiceTime};
    use std::sync::Arc;

    /// The board of stop B after a vehicle has claimed a trip at 08:11 to a tracker that knew nothing.
    fn board_of_b(claimed: &str) -> Arc<StopBoard> {
        let timetable = gtfs::fixture::timetable(
            "stop A 0 0\nstop B 900 0\nstop C 2000 0\nshape s 0,0 2000,0\nroute R bus\n\
             trip t1 route=R block=b1 shape=s : A 08:00 B 08:04 C 08:08\n\
             trip t2 route=R block=b1 : C 08:15 B 08:19 A 08:24",
        )
        .unwrap();
        let timetable = Arc::new(timetable);
        let mut tracker = Tracker::new(Arc::clone(&timetable));
        let day = ServiceDay::parse("20261124").unwrap();
        let now = day.at(timetable.tz, ServiceTime::parse(b"08:11:00").unwrap());
        let claim = Claim { trip: Some(claimed.into()), ..Claim::default() };
        let ping = Ping { speed_mps: Some(0.0), claim, ..bare("v", now, 2000.0, 0.0) };
        let mut effects = Vec::new();
        tracker.step(now, Event::Tick, &mut effects);
        tracker.step(now, Event::Ping(ping), &mut effects);
        tracker.step(now.plus_s(1.0), Event::Tick, &mut effects);
        let stop = timetable.stop("B").unwrap();
        let board = effects.into_iter().rev().find_map(|effect| match effect {
            Effect::Board(at, board) if at == stop => Some(board),
            _ => None,
        });
        board.unwrap()
    }

    #[test]
    fn a_vehicle_that_starts_in_the_middle_of_its_block_speaks_for_the_trips_before() {
        let board = board_of_b("t2");
        assert_eq!(board.calls.len(), 1, "the 08:04 is not still to come");
        assert_eq!(board.calls[0].source, CallSource::Live);
    }

    #[test]
    fn without_such_a_vehicle_a_late_trip_stays_on_the_board() {
        assert_eq!(board_of_b("unheard of").calls.len(), 2);
    }
}
