//! The tracking core of one feed: takes events, keeps the book, returns effects.
//!
//! The control flow is here and in the modules below; matching, prediction, publishing and boards
//! are pure leaves that know nothing of each other.

mod auction;
mod book;
mod command;
mod detour;
mod doubt;
mod learn;
mod ping;
mod settle;
mod swap;
mod tell;
mod tick;

#[cfg(test)]
mod tests;

pub use learn::Lessons;

use crate::boards::{Boards, Trips};
use crate::detour::Detours;
use crate::grid::Grid;
use crate::learned::Learned;
use crate::params::Params;
use crate::predict::Expected;
use crate::score::LiveScores;
use crate::vehicle::Vehicle;
use crate::{DatedTrip, Effect, Event, Tap};
use gtfs::{Timestamp, Timetable};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::Arc;

/// Vehicles that one tracker follows; pings of more are dropped and counted.
pub const VEHICLES_MAX: usize = 100_000;

/// What has happened so far, for `/metrics` and for the summary of a replay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Pings taken.
    pub pings: u64,
    /// Pings not newer than the vehicle's last, dropped.
    pub stale: u64,
    /// Pings that contradict a better source of the same vehicle (R19), dropped.
    pub conflicting: u64,
    /// Pings of more vehicles than [`VEHICLES_MAX`], dropped.
    pub crowded: u64,
    /// Pings on the line of an assigned trip.
    pub matched: u64,
    /// Pings of a vehicle with an assigned trip.
    pub assigned: u64,
    /// Stop visits told, arrivals and departures apart.
    pub visits: u64,
    /// Predicted calls told to the feed.
    pub predictions: u64,
    /// Most trips claimed in the last hour are not in the timetable: claims are ignored, and what is
    /// told should not be scored.
    pub wrong_feed: bool,
}

/// The tracking core of one feed.
#[derive(Debug)]
pub struct Tracker {
    timetable: Arc<Timetable>,
    params: Params,
    grid: Grid,
    vehicles: Vec<Vehicle>,
    /// When each is to be looked at because time has passed; apart, for all of these are read every second.
    looks: Vec<Timestamp>,
    by_id: FxHashMap<Arc<str>, u32>,
    trips: Trips,
    boards: Boards,
    learned: Learned,
    /// How many claims were known of late.
    claims: doubt::Claims,
    /// When vehicles without a claim were last given duties.
    auctioned: Option<Timestamp>,
    /// Ways round of the last hour.
    detours: Detours,
    /// How predictions do.
    live: LiveScores,
    /// The last minute that stock was taken in.
    stock_minute: i64,
    /// Vehicles to be predicted at the next tick.
    marked: Vec<u32>,
    /// Trips that are over, and when they have nothing more to say.
    ended: VecDeque<(Timestamp, DatedTrip)>,
    wake: Option<Timestamp>,
    ahead: Vec<Expected>,
    counters: Counters,
}

impl Tracker {
    /// A tracker with no vehicles. Send an [`Event::Tick`] first: it answers with every board and
    /// with the time of the next tick.
    #[must_use]
    pub fn new(timetable: Arc<Timetable>) -> Self {
        Self::with_params(timetable, Params::default())
    }

    /// The same, with other constants.
    #[must_use]
    pub fn with_params(timetable: Arc<Timetable>, params: Params) -> Self {
        Self {
            grid: Grid::new(&timetable),
            boards: Boards::new(&timetable),
            learned: Learned::new(&timetable),
            detours: Detours::default(),
            live: LiveScores::default(),
            stock_minute: 0,
            timetable,
            params,
            vehicles: Vec::new(),
            looks: Vec::new(),
            by_id: FxHashMap::default(),
            trips: Trips::default(),
            claims: doubt::Claims::default(),
            auctioned: None,
            marked: Vec::new(),
            ended: VecDeque::new(),
            wake: None,
            ahead: Vec::new(),
            counters: Counters::default(),
        }
    }

    /// The timetable in force.
    #[must_use]
    pub fn timetable(&self) -> &Arc<Timetable> {
        &self.timetable
    }

    /// What has happened so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Takes one event at `now` and appends what follows from it to `effects`.
    ///
    /// Predictions and boards are coalesced: they come with the tick that follows the ping, within
    /// a second. After [`Event::Timetable`] every index in an effect means the new timetable and
    /// everything is told again; what was held from before is void.
    pub fn step(&mut self, now: Timestamp, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Ping(ping) => self.on_ping(now, ping, effects),
            Event::Command(command) => self.on_command(now, command, effects),
            Event::Timetable(timetable) => self.on_timetable(now, timetable, effects),
            Event::Learned(document) => self.on_learned(now, &document, effects),
            Event::Recalled(document) => self.on_recalled(now, &document, effects),
            Event::TapSeen(tap) => self.on_tap(&tap),
            Event::Tide(tide) => self.on_tide(&tide, effects),
            Event::Tick => self.on_tick(now, effects),
        }
        self.wish(now, effects);
    }

    /// Somebody boards: the vehicle stands a little longer.
    fn on_tap(&mut self, tap: &Tap) {
        let Some(&at) = self.by_id.get(&tap.vehicle) else { return };
        let Some(job) = &mut self.vehicles[at as usize].job else { return };
        if job.seen.get(job.next).is_some_and(|seen| seen.arrived) {
            job.boarding.tap(job.next, tap.t);
            self.mark(at);
        }
    }

    /// Marks a vehicle for the next tick.
    fn mark(&mut self, at: u32) {
        let vehicle = &mut self.vehicles[at as usize];
        if !vehicle.marked {
            vehicle.marked = true;
            self.marked.push(at);
        }
    }
}
