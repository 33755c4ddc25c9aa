//! What must hold of everything told, whatever the world does: a watcher that counts every breach.
//!
//! It judges effects alone and knows nothing of the truth; [`Breaches::worst`] says where to look.

use gtfs::{StopIdx, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use tracking::board::BOARD_CALLS_MAX;
use tracking::{CallSource, CallState, DatedTrip, Effect, StopBoard, TripState, TripUpdate, VehiclePosition};

/// A row may say "coming" this long after the time it tells, seconds: the engine tells anew within a
/// second, and a vehicle that is due any moment has passed its time by a little.
const PAST_S_MAX: f64 = 8.0;

/// Laws, and how often each was broken.
#[derive(Clone, Debug, Default)]
pub struct Breaches {
    /// By law: how often, and the first example.
    pub laws: BTreeMap<&'static str, (u64, String)>,
    /// Things looked at.
    pub looked_at: u64,
    /// Trips of which everything was taken back, to begin them anew further back.
    pub begun_anew: u64,
}

impl Breaches {
    fn add(&mut self, law: &'static str, example: impl FnOnce() -> String) {
        let entry = self.laws.entry(law).or_insert_with(|| (0, example()));
        entry.0 += 1;
    }

    /// How often a law was broken.
    #[must_use]
    pub fn of(&self, law: &str) -> u64 {
        self.laws.get(law).map_or(0, |(n, _)| *n)
    }

    /// Every broken law with its first example, a line each.
    #[must_use]
    pub fn worst(&self) -> String {
        let lines =
            self.laws.iter().map(|(law, (n, example))| format!("{law}: {n} times, first {example}\n"));
        lines.collect()
    }
}

/// How far a vehicle was told to be.
#[derive(Clone, Copy, Debug)]
struct Progress {
    trip: DatedTrip,
    along_m: f32,
    call: u16,
    /// What was told of the trip has been taken back.
    void: bool,
}

/// Watches effects.
#[derive(Debug, Default)]
pub struct Watcher {
    /// What was broken.
    pub breaches: Breaches,
    progress: BTreeMap<Arc<str>, Progress>,
    boards: BTreeMap<StopIdx, Arc<StopBoard>>,
    swept: Option<Timestamp>,
}

impl Watcher {
    /// Looks at one effect.
    pub fn see(&mut self, now: Timestamp, effect: &Effect) {
        self.breaches.looked_at += 1;
        match effect {
            Effect::Position(position) => self.position(position),
            Effect::TripUpdate(update) => self.update(update),
            Effect::TripUpdateGone(trip) => {
                self.progress
                    .values_mut()
                    .filter(|told| told.trip == *trip)
                    .for_each(|told| told.void = true);
            }
            Effect::Board(stop, board) => {
                self.board(now, board);
                self.boards.insert(*stop, Arc::clone(board));
            }
            _ => {}
        }
        // Boards stand until they are told anew: now and then all of them are looked at.
        if self.swept.is_none_or(|last| now.since_s(last) > 60.0) {
            self.swept = Some(now);
            let boards: Vec<_> = self.boards.values().cloned().collect();
            for board in boards {
                self.board(now, &board);
            }
        }
    }

    /// Everything held from before is void.
    pub fn forget(&mut self) {
        self.progress.clear();
        self.boards.clear();
    }

    fn position(&mut self, position: &VehiclePosition) {
        let (Some(trip), Some(along_m), Some(call)) = (position.trip, position.along_m, position.next_call)
        else {
            return;
        };
        let told = Progress { trip, along_m, call, void: false };
        let before = self.progress.insert(Arc::clone(&position.vehicle), told);
        let Some(before) = before.filter(|before| before.trip == trip) else { return };
        if along_m >= before.along_m && call >= before.call {
            return;
        }
        if before.void {
            self.breaches.begun_anew += 1;
            return;
        }
        self.breaches.add("progress never goes back", || {
            format!("{}: {before:?} -> {along_m} m, call {call}", position.vehicle)
        });
    }

    fn update(&mut self, update: &TripUpdate) {
        if update.state == TripState::Cancelled {
            self.breaches.add("nothing is cancelled without a dispatcher", || format!("{:?}", update.trip));
        }
        for call in &update.calls {
            let [p10, p50, p90] = call.arrival_q;
            if !(call.arrival <= call.departure && p10 <= p50 && p50 <= p90) {
                self.breaches.add("moments of a call are in order", || format!("{:?} {call:?}", update.trip));
            }
        }
        for pair in update.calls.windows(2).filter(|pair| !pair[0].skipped && !pair[1].skipped) {
            if pair[0].departure > pair[1].arrival {
                self.breaches.add("calls of a trip are in order", || format!("{:?} {pair:?}", update.trip));
            }
        }
    }

    fn board(&mut self, now: Timestamp, board: &StopBoard) {
        if board.calls.len() > BOARD_CALLS_MAX {
            self.breaches.add("boards are bounded", || format!("{} calls", board.calls.len()));
        }
        if !board.calls.is_sorted_by_key(tracking::MonitoredCall::shown) {
            self.breaches.add("boards are sorted", || format!("{:?} at {now:?}", board.stop));
        }
        for call in &board.calls {
            if call.state == CallState::Cancelled {
                self.breaches.add("nothing is cancelled without a dispatcher", || format!("{:?}", call.trip));
            }
            let live = call.source == CallSource::Live && call.state == CallState::Ok;
            let past_s = call.expected_arrival.map_or(0.0, |t| now.since_s(t));
            if live && call.call > 0 && past_s > PAST_S_MAX {
                self.breaches.add("no board shows a past arrival as coming", || {
                    format!("{:?}: {past_s} s past, {call:?}", board.stop)
                });
            }
        }
    }
}
