//! Decisions of a dispatcher.

use super::Tracker;
use crate::assign;
use crate::job::Bound;
use crate::run::Run;
use crate::{Command, DatedTrip, Effect, TripState, TripUpdate};
use gtfs::{ServiceDay, ServiceTime, StopIdx, Timestamp};
use std::sync::Arc;

impl Tracker {
    pub(super) fn on_command(&mut self, now: Timestamp, command: Command, effects: &mut Vec<Effect>) {
        match command {
            Command::Assign { vehicle, trip } => self.on_assign(now, &vehicle, trip, effects),
            Command::Cancel { trip, day, start, cancelled } => match self.dated(&trip, day, start) {
                Some(run) => self.on_cancel(now, &run, cancelled, effects),
                None => effects.push(self.say(
                    "unknown_trip",
                    format!("trip {trip} is not in the timetable; nothing was cancelled"),
                )),
            },
            Command::CloseStop { stop, closed } => self.on_close(stop, closed),
        }
    }

    fn dated(&self, id: &str, day: ServiceDay, start: ServiceTime) -> Option<Run> {
        let trip = self.timetable.trip(id, Some(start))?;
        let row = &self.timetable.trips[trip.at()];
        let template = row.frequency.is_some_and(|f| !f.exact);
        Some(Run::new(&self.timetable, trip, day, if template { start } else { row.start }))
    }

    fn on_assign(
        &mut self,
        now: Timestamp,
        vehicle: &Arc<str>,
        trip: Option<(Arc<str>, ServiceDay, ServiceTime)>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(&at) = self.by_id.get(vehicle) else {
            return effects.push(
                self.say(
                    "unknown_vehicle",
                    format!("{vehicle} has not been heard yet; assign it when it is"),
                ),
            );
        };
        self.mark(at);
        let Some((id, day, start)) = trip else {
            self.vehicles[at as usize].bench();
            return self.release(at, now, effects);
        };
        match self.dated(&id, day, start) {
            Some(run) => {
                let runs = assign::from_run(&self.timetable, run);
                self.give(at, runs, Bound::Dispatcher, now, true, effects);
            }
            None => {
                effects.push(self.say(
                    "unknown_trip",
                    format!("trip {id} is not in the timetable; {vehicle} was not moved"),
                ))
            }
        }
    }

    fn on_cancel(&mut self, now: Timestamp, run: &Run, cancelled: bool, effects: &mut Vec<Effect>) {
        let changed = if cancelled {
            self.trips.cancelled.insert(run.dated)
        } else {
            self.trips.cancelled.remove(&run.dated)
        };
        if !changed {
            return;
        }
        for call in self.timetable.calls(run.pattern) {
            self.boards.mark(call.stop);
        }
        if cancelled {
            effects.push(Effect::TripUpdate(cancellation(run.dated, now)));
        } else {
            effects.push(Effect::TripUpdateGone(run.dated));
            if let Some(holder) = self.trips.holders.get(&run.dated).copied() {
                self.mark(holder.vehicle);
            }
        }
    }

    fn on_close(&mut self, stop: StopIdx, closed: bool) {
        let changed = if closed { self.trips.closed.insert(stop) } else { self.trips.closed.remove(&stop) };
        if !changed || stop.at() >= self.timetable.stops.len() {
            return;
        }
        self.boards.mark(stop);
        for at in 0..self.vehicles.len() as u32 {
            if self.vehicles[at as usize].job.is_some() {
                self.mark(at);
            }
        }
    }
}

fn cancellation(dated: DatedTrip, now: Timestamp) -> TripUpdate {
    TripUpdate {
        trip: dated,
        state: TripState::Cancelled,
        vehicle: None,
        made: now,
        position_t: now,
        delay_s: 0,
        calls: Vec::new(),
    }
}
