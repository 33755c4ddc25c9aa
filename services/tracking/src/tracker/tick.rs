//! Time passes: freshness, predictions, endings, boards, and when to be called again.

use super::Tracker;
use super::ping::alert;
use crate::vehicle::Freshness;
use crate::{DatedTrip, Effect, OperatorAlert};
use gtfs::Timestamp;

/// How long a trip that is over is remembered, so that its timetable rows do not return, seconds.
pub(super) const OVER_S: f64 = 2.0 * 3600.0;
/// Predictions and boards are rebuilt this often while anything is heard, seconds.
const TICK_S: f64 = 1.0;

impl Tracker {
    pub(super) fn on_tick(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.wake = None;
        self.learned.pass(now);
        self.learned.pace.pass(&self.timetable, now);
        self.age_all(now, effects);
        self.take_stock(now, effects);
        self.auction(now, effects);
        let mut marked = std::mem::take(&mut self.marked);
        marked.sort_unstable();
        for &at in &marked {
            self.vehicles[at as usize].marked = false;
            self.tell(at, now, effects);
        }
        marked.clear();
        marked.append(&mut self.marked);
        self.marked = marked;
        self.end(now, effects);
        self.boards.rebuild(now, &self.timetable, &self.trips, &self.vehicles, &self.params, effects);
    }

    fn age_all(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        for at in 0..self.looks.len() {
            if self.looks[at] <= now {
                self.look_at(at as u32, now, effects);
                self.looks[at] = self.vehicles[at].look(&self.params);
            }
        }
    }

    /// Time has passed for a vehicle: is it still fresh, is what was told of it still to come?
    fn look_at(&mut self, at: u32, now: Timestamp, effects: &mut Vec<Effect>) {
        let vehicle = &mut self.vehicles[at as usize];
        let before = vehicle.freshness;
        if vehicle.age(now, &self.params) {
            let after = vehicle.freshness;
            if before <= Freshness::Held && after > Freshness::Held {
                effects.push(Effect::PositionGone(std::sync::Arc::clone(&vehicle.id)));
            }
            if after == Freshness::Silent && vehicle.job.is_some() {
                effects.push(alert(
                    "silent",
                    vehicle,
                    "nothing heard for three minutes; its predictions are withdrawn",
                ));
            }
            self.mark(at);
            self.mark_stops_of(at);
        } else if vehicle.due.is_some_and(|due| due <= now) {
            self.mark(at);
        }
        self.give_up(at, now, effects);
    }

    /// A silent vehicle keeps its trip until an hour after its block was to end.
    fn give_up(&mut self, at: u32, now: Timestamp, effects: &mut Vec<Effect>) {
        let vehicle = &self.vehicles[at as usize];
        if vehicle.freshness != Freshness::Silent {
            return;
        }
        let end =
            vehicle.job.as_ref().and_then(|job| job.runs.last()).map(|run| run.aimed_end(&self.timetable));
        if end.is_some_and(|end| now.since_s(end) > 3600.0) {
            self.release(at, now, effects);
        }
    }

    fn end(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        while self.ended.front().is_some_and(|(t, _)| *t <= now) {
            if let Some((_, dated)) = self.ended.pop_front()
                && !self.is_running(&dated)
            {
                effects.push(Effect::TripUpdateGone(dated));
            }
        }
        self.trips.over.retain(|_, until| *until > now);
    }

    /// Whether a vehicle is on a trip and has not been told to its end: some come back to a trip they left.
    fn is_running(&self, dated: &DatedTrip) -> bool {
        let holder = self.trips.holders.get(dated).filter(|holder| holder.present);
        let job = holder.and_then(|holder| self.vehicles[holder.vehicle as usize].job.as_ref());
        job.is_some_and(|job| !job.closed && job.run().is_some_and(|run| run.dated == *dated))
    }

    /// Says when the next tick is wanted.
    pub(super) fn wish(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let soon = now.plus_s(TICK_S);
        if self.wake.is_some_and(|wake| wake <= soon) {
            return;
        }
        let heard = self.vehicles.iter().any(|vehicle| vehicle.freshness != Freshness::Silent);
        let waiting = !self.marked.is_empty() || self.boards.has_marked();
        let due = if heard || waiting { Some(soon) } else { self.boards.due().map(|due| due.max(soon)) };
        if let Some(due) = due.filter(|due| self.wake.is_none_or(|wake| *due < wake)) {
            self.wake = Some(due);
            effects.push(Effect::WakeAt(due));
        }
    }

    pub(super) fn say(&self, code: &'static str, text: String) -> Effect {
        Effect::Alert(OperatorAlert { code, vehicle: None, trip: None, text })
    }
}
