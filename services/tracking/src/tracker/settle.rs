//! Holding predictions to their word: which are followed, and what came of them.

use super::Tracker;
use crate::learned::calibration::Phase;
use crate::predict::Expected;
use crate::run::Run;
use gtfs::Timestamp;

impl Tracker {
    /// Follows what is expected of one run of a vehicle.
    pub(super) fn follow(&mut self, at: u32, run_at: usize, ahead: &[Expected], now: Timestamp) {
        let vehicle = &mut self.vehicles[at as usize];
        let calibration = &mut self.learned.calibration;
        vehicle.pledges.reap(now, |fell| calibration.learn(fell));
        let age_s = vehicle.age_s(now);
        let Some(job) = &vehicle.job else { return };
        let dated = job.runs[run_at].dated;
        let mode = self.timetable.routes[self.timetable.route_of(dated.trip).at()].mode;
        let phase = Phase::of(mode, run_at, if run_at == 0 { job.next } else { 0 });
        // Coming to the first stop is no promise: there the departure is what is told.
        for expected in ahead.iter().filter(|expected| expected.call > 0) {
            vehicle.pledges.follow(dated, expected.call, phase, expected.arrival, age_s, now);
        }
    }

    /// A vehicle reached a call: learns from what was told of it.
    pub(super) fn settle(&mut self, at: u32, run: &Run, call: usize, arrival: Timestamp) {
        let Some(before) = call.checked_sub(1) else { return };
        let times = self.timetable.times(run.dated.trip);
        let gap_s = f64::from(times[call].arrival_s - times[before].departure_s);
        self.vehicles[at as usize].pledges.settle(run.dated, call as u16, arrival, gap_s);
    }
}
