//! A new feed takes over: running trips are bound again by what they are, not by their index.

use super::Tracker;
use super::ping::alert;
use crate::boards::{Boards, Trips};
use crate::grid::Grid;
use crate::job::{Bound, Job};
use crate::run::Run;
use crate::visit::Seen;
use crate::{Effect, assign};
use gtfs::{RouteIdx, Timestamp, Timetable};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How far the start of a renamed trip may have moved, seconds.
const START_MOVED_S: i32 = 120;

impl Tracker {
    pub(super) fn on_timetable(
        &mut self,
        now: Timestamp,
        timetable: Arc<Timetable>,
        effects: &mut Vec<Effect>,
    ) {
        let old = std::mem::replace(&mut self.timetable, timetable);
        self.grid = Grid::new(&self.timetable);
        self.boards = Boards::new(&self.timetable);
        self.relearn(&old, now, effects);
        self.ended.clear();
        self.detours = crate::detour::Detours::default();
        self.live = self.live.carried(&old, &self.timetable);
        self.claims = super::doubt::Claims::default();
        self.counters.wrong_feed = false;
        let trips = std::mem::take(&mut self.trips);
        self.trips = carried(&old, &self.timetable, trips);
        let moved_plane = old.plane != self.timetable.plane;
        for at in 0..self.vehicles.len() as u32 {
            let vehicle = &mut self.vehicles[at as usize];
            if moved_plane {
                for sight in &mut vehicle.sights {
                    let (lat, lon) = old.plane.lat_lon(sight.xy);
                    sight.xy = self.timetable.plane.xy(lat, lon);
                }
            }
            vehicle.pledges.clear();
            let Some(job) = vehicle.job.take() else { continue };
            match rebind(&old, &self.timetable, &job) {
                Some(run) => self.resume(at, &old, &job, run, now, effects),
                None => {
                    let text = "its trip is not in the new timetable; it is shown without a trip";
                    effects.push(alert("trip_lost_at_feed_change", vehicle, text));
                }
            }
            self.mark(at);
        }
    }

    /// Goes on with a trip under its new name, with what was passed before.
    fn resume(
        &mut self,
        at: u32,
        old: &Timetable,
        job: &Job,
        run: Run,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let bound: Bound = job.bound;
        let runs = assign::from_run(&self.timetable, run);
        self.give(at, runs, bound, now, true, effects);
        let Some(passed) = job.run().map(|run| old.calls(run.pattern)) else { return };
        let vehicle = &mut self.vehicles[at as usize];
        let (Some(new), Some(sight)) = (&mut vehicle.job, vehicle.sights.last()) else { return };
        for (at, call) in self.timetable.calls(run.pattern).iter().enumerate() {
            let was = passed.iter().position(|p| p.sequence == call.sequence);
            new.seen[at] = was.map_or(Seen::default(), |was| job.seen[was]);
            new.went_round |= new.seen[at].skipped;
        }
        new.observe(&self.timetable, sight, &self.params, |_, _| {});
    }
}

/// What of the book outlives a feed: cancellations and closed stops, by their ids.
fn carried(old: &Timetable, new: &Timetable, trips: Trips) -> Trips {
    let cancelled = trips.cancelled.iter().filter_map(|dated| {
        let trip = new.trip(&old.trips[dated.trip.at()].id, Some(dated.start))?;
        Some(crate::DatedTrip { trip, ..*dated })
    });
    let closed: BTreeSet<_> =
        trips.closed.iter().filter_map(|stop| new.stop(&old.stops[stop.at()].id)).collect();
    Trips { cancelled: cancelled.collect(), closed, any_heard: trips.any_heard, ..Trips::default() }
}

/// The same trip in the new feed: by id, else by route, direction, stops and start.
fn rebind(old: &Timetable, new: &Timetable, job: &Job) -> Option<Run> {
    let run = job.run()?;
    let row = &old.trips[run.dated.trip.at()];
    let by_id = new.trip(&row.id, Some(run.dated.start)).filter(|trip| {
        let found = &new.trips[trip.at()];
        new.runs_on(found.service, run.dated.day) && stops(new, found.pattern) == stops(old, run.pattern)
    });
    if let Some(trip) = by_id {
        return Some(Run::new(new, trip, run.dated.day, run.dated.start));
    }
    let route = new.route(&old.routes[old.route_of(run.dated.trip).at()].id)?;
    same_way(old, new, run, route)
}

fn same_way(old: &Timetable, new: &Timetable, run: &Run, route: RouteIdx) -> Option<Run> {
    let direction = old.patterns[run.pattern.at()].direction;
    let wanted = stops(old, run.pattern);
    let patterns = new.patterns.iter().enumerate().filter(|(at, pattern)| {
        pattern.route == route
            && pattern.direction == direction
            && stops(new, gtfs::PatternIdx::new(*at)) == wanted
    });
    patterns
        .flat_map(|(_, pattern)| pattern.trips.clone())
        .map(gtfs::TripIdx)
        .filter(|trip| new.runs_on(new.trips[trip.at()].service, run.dated.day))
        .min_by_key(|trip| (new.trips[trip.at()].start.0 - run.dated.start.0).abs())
        .filter(|trip| (new.trips[trip.at()].start.0 - run.dated.start.0).abs() <= START_MOVED_S)
        .map(|trip| Run::new(new, trip, run.dated.day, new.trips[trip.at()].start))
}

fn stops(timetable: &Timetable, pattern: gtfs::PatternIdx) -> Vec<&str> {
    timetable.calls(pattern).iter().map(|call| &*timetable.stops[call.stop.at()].id).collect()
}
