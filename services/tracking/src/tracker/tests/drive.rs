//! A small driver: keeps time, ticks when asked, remembers the newest of everything told.

pub(super) use crate::ping::bare;
use crate::{
    Claim, Command, DatedTrip, Effect, Event, MonitoredCall, Ping, StopBoard, Tracker, TripUpdate,
    VehiclePosition,
};
use gtfs::{ServiceDay, ServiceTime, StopVisit, Timestamp, Timetable};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The day of all fixtures: a Friday.
pub(super) const DAY: &str = "20261120";

/// A line east with five stops, one trip each way in one block, and a later trip of another block.
pub(super) const TOWN: &str = "
    stop A 0 0
    stop B 1000 0
    stop C 2000 0
    stop D 3000 0
    stop E 4000 0
    shape out 0,0 1000,0 2000,0 3000,0 4000,0
    shape back 4000,0 3000,0 2000,0 1000,0 0,0
    route R bus
    trip t1 route=R block=b1 shape=out direction=0 : A 08:00 B 08:03 C 08:06 D 08:09 E 08:12
    trip t2 route=R block=b1 shape=back direction=1 : E 08:20 D 08:23 C 08:26 B 08:29 A 08:32
    trip t3 route=R block=b2 shape=out direction=0 : A 08:30 B 08:33 C 08:36 D 08:39 E 08:42
";

pub(super) struct Drive {
    pub(super) tracker: Tracker,
    pub(super) now: Timestamp,
    wake: Option<Timestamp>,
    pub(super) log: Vec<String>,
    pub(super) positions: BTreeMap<Arc<str>, VehiclePosition>,
    pub(super) updates: BTreeMap<DatedTrip, TripUpdate>,
    pub(super) boards: BTreeMap<String, Arc<StopBoard>>,
    pub(super) visits: Vec<StopVisit>,
    pub(super) alerts: Vec<String>,
}

impl Drive {
    pub(super) fn town() -> Self {
        Self::of(TOWN)
    }

    pub(super) fn of(fixture: &str) -> Self {
        let timetable = Arc::new(gtfs::fixture::timetable(fixture).unwrap());
        let now = ServiceDay::parse(DAY).unwrap().at(timetable.tz, ServiceTime(7 * 3600 + 1800));
        let mut drive = Self {
            tracker: Tracker::new(timetable),
            now,
            wake: None,
            log: Vec::new(),
            positions: BTreeMap::new(),
            updates: BTreeMap::new(),
            boards: BTreeMap::new(),
            visits: Vec::new(),
            alerts: Vec::new(),
        };
        drive.step(Event::Tick);
        drive
    }

    pub(super) fn timetable(&self) -> &Timetable {
        self.tracker.timetable()
    }

    /// The instant of `HH:MM:SS` (or `HH:MM`) on the day.
    pub(super) fn at(&self, clock: &str) -> Timestamp {
        let full = if clock.len() > 5 { clock.to_owned() } else { format!("{clock}:00") };
        ServiceDay::parse(DAY).unwrap().at(self.timetable().tz, ServiceTime::parse(full.as_bytes()).unwrap())
    }

    /// Lets time pass, ticking as asked.
    pub(super) fn until(&mut self, clock: &str) {
        let until = self.at(clock);
        self.pass(until);
    }

    fn pass(&mut self, until: Timestamp) {
        while let Some(wake) = self.wake.filter(|wake| *wake <= until) {
            self.wake = None;
            self.now = wake;
            self.step(Event::Tick);
        }
        self.now = until;
    }

    /// A ping at a place, metres east and north, claiming a trip ("" for none).
    pub(super) fn ping(&mut self, clock: &str, vehicle: &str, east_m: f64, north_m: f64, trip: &str) {
        let claim = Claim { trip: (!trip.is_empty()).then(|| Arc::from(trip)), ..Claim::default() };
        self.send(clock, vehicle, east_m, north_m, claim);
    }

    pub(super) fn send(&mut self, clock: &str, vehicle: &str, east_m: f64, north_m: f64, claim: Claim) {
        let t = self.at(clock);
        let ping = Ping { claim, ..bare(vehicle, t, east_m, north_m) };
        self.give(ping);
    }

    pub(super) fn give(&mut self, ping: Ping) {
        self.pass(ping.received.max(self.now));
        self.step(Event::Ping(ping));
        let soon = self.now.plus_s(1.0);
        self.pass(soon);
    }

    pub(super) fn command(&mut self, command: Command) {
        self.step(Event::Command(command));
        let soon = self.now.plus_s(1.0);
        self.pass(soon);
    }

    pub(super) fn step(&mut self, event: Event) {
        let mut effects = Vec::new();
        self.tracker.step(self.now, event, &mut effects);
        for effect in effects {
            self.log.push(format!("{:?} {effect:?}", self.now));
            self.take(effect);
        }
    }

    fn take(&mut self, effect: Effect) {
        match effect {
            Effect::Position(position) => {
                drop(self.positions.insert(Arc::clone(&position.vehicle), position))
            }
            Effect::PositionGone(vehicle) => drop(self.positions.remove(&vehicle)),
            Effect::Visit(visit) => self.visits.push(visit),
            Effect::TripUpdate(update) => drop(self.updates.insert(update.trip, update)),
            Effect::TripUpdateGone(trip) => drop(self.updates.remove(&trip)),
            Effect::Board(stop, board) => {
                let id = self.timetable().stops[stop.at()].id.to_string();
                self.boards.insert(id, board);
            }
            Effect::Alert(alert) => self.alerts.push(alert.code.to_owned()),
            Effect::WakeAt(t) => self.wake = Some(t),
        }
    }

    /// The newest update of a trip.
    pub(super) fn update(&self, trip: &str) -> Option<&TripUpdate> {
        let trip = self.timetable().trip(trip, None).unwrap();
        self.updates.values().find(|update| update.trip.trip == trip)
    }

    /// Seconds from the aimed arrival to the predicted one at a call of a trip.
    pub(super) fn late_s(&self, trip: &str, call: u16) -> f64 {
        let update = self.update(trip).unwrap();
        let told = update.calls.iter().find(|c| c.call == call).unwrap();
        told.arrival.since_s(self.aimed(trip, call).0)
    }

    /// Aimed arrival and departure.
    pub(super) fn aimed(&self, trip: &str, call: u16) -> (Timestamp, Timestamp) {
        let timetable = self.timetable();
        let trip = timetable.trip(trip, None).unwrap();
        let row = &timetable.trips[trip.at()];
        let run = crate::run::Run::new(timetable, trip, ServiceDay::parse(DAY).unwrap(), row.start);
        run.aimed(timetable, call)
    }

    /// The row of a trip on a stop's board.
    pub(super) fn row(&self, stop: &str, trip: &str) -> Option<&MonitoredCall> {
        let trip = self.timetable().trip(trip, None).unwrap();
        self.boards.get(stop)?.calls.iter().find(|call| call.trip.trip == trip)
    }

    pub(super) fn position(&self, vehicle: &str) -> &VehiclePosition {
        &self.positions[vehicle]
    }

    /// Drives a vehicle at steady speed along a straight stretch, a ping every ten seconds.
    pub(super) fn run(&mut self, vehicle: &str, trip: &str, from: (&str, f64), to: (&str, f64)) {
        let (begin, end) = (self.at(from.0), self.at(to.0));
        let lasts_s = end.since_s(begin);
        let mut s = 0.0;
        while s <= lasts_s {
            let east_m = from.1 + (to.1 - from.1) * s / lasts_s;
            let claim = Claim { trip: (!trip.is_empty()).then(|| Arc::from(trip)), ..Claim::default() };
            self.give(Ping { claim, ..bare(vehicle, begin.plus_s(s), east_m, 0.0) });
            s += 10.0;
        }
    }
}
