//! Boards as they stand: live rows set by predictions, timetable rows under them, rebuilt lazily.
//!
//! A stop is marked when something about it changed and rebuilt once at the next tick; a stop where
//! only time passes is rebuilt when a row is due to change by itself. What always holds: one row per
//! dated trip, sorted by the time shown, at most [`BOARD_CALLS_MAX`], and a vehicle that has passed
//! never returns to coming.

mod aimed;
mod digest;
mod row;

pub(crate) use row::{LiveRow, Passage};

use crate::board::BOARD_CALLS_MAX;
use crate::params::Params;
use crate::vehicle::Vehicle;
use crate::{CallSource, CallState, DatedTrip, Effect, MonitoredCall, StopBoard};
use aimed::AimedRow;
use gtfs::{StopIdx, Timestamp, Timetable, TripIdx};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is known of dated trips that matters to a timetable row. Never iterated.
#[derive(Debug, Default)]
pub(crate) struct Trips {
    /// Who runs, or will run, a trip.
    pub(crate) holders: FxHashMap<DatedTrip, Holder>,
    /// Trips that were run to their end or left by their vehicle, kept so that no row returns.
    pub(crate) over: FxHashMap<DatedTrip, Timestamp>,
    /// Cancelled by a dispatcher.
    pub(crate) cancelled: BTreeSet<DatedTrip>,
    /// Stops closed by a dispatcher.
    pub(crate) closed: BTreeSet<StopIdx>,
    /// Seconds between vehicles of a service by headway at a call of its template, as they come; where
    /// it is not here, the timetable's.
    pub(crate) headways: FxHashMap<(TripIdx, u16), u32>,
    /// A vehicle has been heard at all: without any, nothing is called unconfirmed.
    pub(crate) any_heard: bool,
}

/// Who runs a trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Index of the vehicle.
    pub(crate) vehicle: u32,
    /// It is on this trip now, not only due to run it later.
    pub(crate) present: bool,
    /// Predictions are being told; otherwise the timetable stands.
    pub(crate) told: bool,
    /// The next or present call.
    pub(crate) next: u16,
}

/// Room is made for so many live rows of a stop at a time.
const LIVE_ROWS_AT_ONCE: usize = 8;

/// Nothing changes by time alone.
const NEVER: Timestamp = Timestamp(i64::MAX);

#[derive(Debug, Default)]
struct Stop {
    live: Vec<LiveRow>,
    /// The timetable's, without those that are among `live`.
    aimed: Vec<AimedRow>,
    aimed_until: Option<Timestamp>,
    marked: bool,
    /// Digest of the board told last: a copy of every board would be a third of the core's memory.
    shown: Option<u64>,
}

/// The boards of a feed.
#[derive(Debug)]
pub(crate) struct Boards {
    stops: Vec<Stop>,
    /// When each stop changes by time alone: apart from the rest, for all are looked at every second.
    dues: Vec<Timestamp>,
    marked: Vec<StopIdx>,
    spans_s: Vec<i32>,
    /// Rows of the board being built, and those of the timetable among them: kept for their memory.
    rows: Vec<Row>,
    timed: Vec<AimedRow>,
}

/// A row of the board being built: what it says is found out before it is written down, for many boards
/// turn out to say what they said before.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// What rows are sorted by: the time shown, then the trip, its call, and where the row is: in
    /// `Stop::live`, or in `Boards::timed`.
    key: (Timestamp, DatedTrip, u16, u16),
    state: CallState,
    source: CallSource,
}

impl Row {
    /// A row of the timetable, without a vehicle.
    fn is_timed(&self) -> bool {
        matches!(self.source, CallSource::Timetable | CallSource::Unconfirmed)
    }
}

/// The world that boards are drawn from.
#[derive(Clone, Copy)]
struct World<'a> {
    now: Timestamp,
    trips: &'a Trips,
    vehicles: &'a [Vehicle],
    params: &'a Params,
}

impl Boards {
    /// Boards of a new feed: all to be built.
    pub(crate) fn new(timetable: &Timetable) -> Self {
        let mut stops: Vec<Stop> = Vec::new();
        stops.resize_with(timetable.stops.len(), Stop::default);
        let mut boards = Self {
            dues: vec![NEVER; stops.len()],
            stops,
            marked: Vec::new(),
            spans_s: aimed::spans_s(timetable),
            rows: Vec::new(),
            timed: Vec::new(),
        };
        for at in 0..timetable.stops.len() {
            let stop = StopIdx::new(at);
            if !timetable.calls_at(stop).is_empty() {
                boards.mark(stop);
            }
        }
        boards
    }

    /// The row of a trip at a stop, new or changed.
    pub(crate) fn set(&mut self, stop: StopIdx, row: LiveRow) {
        let rows = &mut self.stops[stop.at()].live;
        match rows.iter_mut().find(|old| old.is(row.dated, row.call)) {
            Some(old) => *old = LiveRow { latched: old.latched, ..row },
            None => {
                // Doubling would leave a quarter of a province's rows empty.
                if rows.len() == rows.capacity() {
                    rows.reserve_exact(LIVE_ROWS_AT_ONCE);
                }
                rows.push(row);
                self.stops[stop.at()].aimed.retain(|aimed| !row.is(aimed.dated, aimed.call));
            }
        }
        self.mark(stop);
    }

    /// The trip has no live row at this stop any more.
    pub(crate) fn remove(&mut self, stop: StopIdx, dated: DatedTrip, call: u16) {
        let state = &mut self.stops[stop.at()];
        let before = state.live.len();
        state.live.retain(|row| !row.is(dated, call));
        if state.live.len() != before {
            // The timetable's may return.
            state.aimed_until = None;
            self.mark(stop);
        }
    }

    /// The stop's board is to be built at the next tick.
    pub(crate) fn mark(&mut self, stop: StopIdx) {
        let state = &mut self.stops[stop.at()];
        if !state.marked {
            state.marked = true;
            self.marked.push(stop);
        }
    }

    /// Builds what is marked or due and tells each board that changed.
    pub(crate) fn rebuild(
        &mut self,
        now: Timestamp,
        timetable: &Timetable,
        trips: &Trips,
        vehicles: &[Vehicle],
        params: &Params,
        effects: &mut Vec<Effect>,
    ) {
        for at in 0..self.dues.len() {
            if self.dues[at] <= now {
                self.mark(StopIdx::new(at));
            }
        }
        let mut marked = std::mem::take(&mut self.marked);
        marked.sort_unstable();
        let world = World { now, trips, vehicles, params };
        for &stop in &marked {
            effects.extend(self.build(stop, timetable, &world));
        }
        marked.clear();
        self.marked = marked;
    }

    /// Whether any board waits for the next tick.
    pub(crate) fn has_marked(&self) -> bool {
        !self.marked.is_empty()
    }

    /// When the next board changes by time alone.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.dues.iter().min().copied().filter(|due| *due != NEVER)
    }

    /// Builds a board; it is told when it no longer says what was told last.
    fn build(&mut self, at: StopIdx, timetable: &Timetable, world: &World<'_>) -> Option<Effect> {
        let stop = &mut self.stops[at.at()];
        stop.marked = false;
        if stop.aimed_until.is_none_or(|until| until <= world.now) {
            stop.aimed = aimed::rows(timetable, at, world.now, &self.spans_s);
            stop.aimed.retain(|aimed| !stop.live.iter().any(|row| row.is(aimed.dated, aimed.call)));
            stop.aimed_until = Some(world.now.plus_s(aimed::REFRESH_S));
        }
        let closed = world.trips.closed.contains(&at);
        let (rows, timed) = (&mut self.rows, &mut self.timed);
        self.dues[at.at()] = stop.read(world, closed, rows, timed);
        rows.sort_by_key(|row| row.key);
        rows.truncate(BOARD_CALLS_MAX);
        let digest = digest::of(rows.iter(), &stop.live, world.vehicles);
        if stop.shown.replace(digest) == Some(digest) {
            return None;
        }
        let mut calls = Vec::with_capacity(rows.len());
        calls.extend(rows.iter().map(|row| stop.call(row, timed, world)));
        Some(Effect::Board(at, Arc::new(StopBoard { stop: at, calls })))
    }
}

impl Stop {
    /// Finds out what every row says now; returns when that changes by time alone.
    fn read(
        &mut self,
        world: &World<'_>,
        closed: bool,
        rows: &mut Vec<Row>,
        timed: &mut Vec<AimedRow>,
    ) -> Timestamp {
        let mut due = self.aimed_until.unwrap_or(world.now);
        rows.clear();
        timed.clear();
        self.live.retain(|row| !row.is_over(world.now, world.params));
        // They keep their order for a long time: what is nearly sorted is soon sorted.
        self.live.sort_by_key(|row| row.shown(CallState::Ok));
        for row in &mut self.live {
            let (state, source) = row.read(world, closed, &mut due);
            let key = (row.shown(state), row.dated, row.call, rows.len() as u16);
            rows.push(Row { key, state, source });
        }
        // They are in order, but for those that a template moves on: more than fill a board are not drawn.
        let mut fixed = 0;
        for row in &self.aimed {
            if let Some((row, state, source)) = row.read(world, closed, &mut due) {
                fixed += usize::from(!row.is_template());
                let key = (row.departure(), row.dated, row.call, timed.len() as u16);
                rows.push(Row { key, state, source });
                timed.push(row);
            }
            if fixed == BOARD_CALLS_MAX {
                break;
            }
        }
        due
    }

    /// A row written down.
    fn call(&self, row: &Row, timed: &[AimedRow], world: &World<'_>) -> MonitoredCall {
        let at = usize::from(row.key.3);
        if row.is_timed() {
            timed[at].call(row.state, row.source, world.trips)
        } else {
            self.live[at].call(row.state, row.source, world)
        }
    }
}

impl MonitoredCall {
    /// The time a row is sorted by: when it left, else when it is expected, else when it is aimed.
    /// Where the vehicle waits, that is the departure.
    #[must_use]
    pub fn shown(&self) -> Timestamp {
        let coming = if self.call == 0 { self.expected_departure } else { self.expected_arrival };
        self.actual_departure.or(coming).unwrap_or(self.aimed_departure)
    }
}
