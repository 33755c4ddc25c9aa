//! What the tracker has learned from what vehicles did: the only memory that outlives a trip.
//!
//! Predictions read it, observed visits and passages write it; the timetable says what it is about.
//! What always holds: it changes only by observations and by time passing, never by predicting; with
//! nothing observed every part of it answers with its stated prior.

pub(crate) mod holding;

use crate::run::Run;
use crate::visit::Seen;
use gtfs::Timetable;
use holding::Holding;

/// Everything learned.
#[derive(Debug)]
pub(crate) struct Learned {
    /// Do vehicles wait at time points?
    pub(crate) holding: Holding,
}

impl Learned {
    /// Nothing seen yet.
    pub(crate) fn new(timetable: &Timetable) -> Self {
        Self { holding: Holding::new(timetable) }
    }

    /// A call of a run was observed: its arrival, or (again) its departure.
    pub(crate) fn visited(&mut self, timetable: &Timetable, run: &Run, call: usize, seen: &Seen) {
        let timepoint = timetable.calls(run.pattern)[call].timepoint;
        let (Some(came), Some(left)) = (seen.arrival, seen.departure) else { return };
        if call > 0 && timepoint {
            let aimed_s = f64::from(timetable.times(run.dated.trip)[call].departure_s);
            let early_s = run.at(aimed_s).since_s(came);
            self.holding.learn(timetable.route_of(run.dated.trip), early_s, left.since_s(came));
        }
    }
}
