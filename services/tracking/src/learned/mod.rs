//! What the tracker has learned from what vehicles did: the only memory that outlives a trip.
//!
//! Predictions read it, observed visits and passages write it; the timetable says what it is about.
//! What always holds: it changes only by observations and by time passing, never by predicting; with
//! nothing observed every part of it answers with its stated prior.
//!
//! # Adding a part
//! A part is a field of [`Learned`] that implements [`part::Part`]: how it is written (a serde value with
//! `f32` numbers, routes and stops through [`names::Naming`], road pieces as [`names::Hex64`]), read back
//! on whatever timetable is in force, faded with age, and shown to people. Then it is named in three
//! lists below: `KINDS`, `parts` and `parts_mut`. From then on it is saved, survives a restart and a feed
//! change, and `padriew model show` prints it. What lives for minutes only need not be a part.

pub(crate) mod atoms;
pub(crate) mod calibration;
pub(crate) mod current;
mod day_kind;
mod document;
pub(crate) mod dwell;
pub(crate) mod field;
mod harmonic;
pub(crate) mod headway;
pub(crate) mod holding;
mod link;
pub(crate) mod names;
pub(crate) mod pace;
pub(crate) mod part;
pub(crate) mod periods;
pub(crate) mod places;
pub(crate) mod running;
pub(crate) mod show;
pub(crate) mod spread;
pub(crate) mod terminal;

pub use document::{DOCUMENT_BYTES_MAX, Document, DocumentError, FeedName, PartShown, PartTaken};
pub use names::{Hex64, Names, RouteName, RouteRef, StopName, StopRef};
pub use part::{SavedPart, Taken};
pub use show::{Cell, Section};

use crate::predict::halt;
use crate::run::{Line, Run};
use crate::visit::Seen;
use calibration::Calibration;
use current::{Currents, Sailing};
use dwell::Dwell;
use gtfs::timetable::Mode;
use gtfs::{Timestamp, Timetable};
use headway::Headways;
use holding::Holding;
use pace::Pace;
use part::{AnyPart, Kind};
use places::Places;
use std::sync::Arc;
use terminal::Terminals;

/// What was seen weighs half after this long, seconds: 21 days (design, Travel time).
const HALF_LIFE_S: f64 = 21.0 * 86_400.0;
/// Weights are brought up to date this often, seconds: an hour changes them by 0.14 %.
const AGE_S: f64 = 3_600.0;

/// Every part, as a document has it.
const KINDS: [Kind; 6] = [
    Kind::of::<Holding>(),
    Kind::of::<Pace>(),
    Kind::of::<Terminals>(),
    Kind::of::<Dwell>(),
    Kind::of::<Currents>(),
    Kind::of::<Calibration>(),
];

/// Everything learned.
#[derive(Clone, Debug)]
pub(crate) struct Learned {
    /// Do vehicles that are early wait?
    pub(crate) holding: Holding,
    /// How sure may predictions be of themselves?
    pub(crate) calibration: Calibration,
    /// How fast do vehicles drive?
    pub(crate) pace: Pace,
    /// How late do they leave their first stop?
    pub(crate) terminals: Terminals,
    /// How long do they stand at a stop?
    pub(crate) dwell: Dwell,
    /// What does the stream do to ferries?
    pub(crate) currents: Currents,
    /// How long since the last vehicle? Of today only.
    pub(crate) headways: Headways,
    /// Stop visits behind it.
    pub(crate) visits: u64,
    /// When its weights were last brought up to date.
    aged: Option<Timestamp>,
}

impl Learned {
    /// Nothing seen yet.
    pub(crate) fn new(timetable: &Timetable) -> Self {
        let places = Arc::new(Places::of(timetable));
        Self {
            holding: Holding::new(Arc::clone(&places), timetable.routes.len()),
            calibration: Calibration::default(),
            pace: Pace::new(timetable),
            terminals: Terminals::new(Arc::clone(&places), timetable.routes.len()),
            dwell: Dwell::new(Arc::clone(&places)),
            headways: Headways::new(places),
            currents: Currents::new(timetable),
            visits: 0,
            aged: None,
        }
    }

    fn parts(&self) -> [&dyn AnyPart; KINDS.len()] {
        [&self.holding, &self.pace, &self.terminals, &self.dwell, &self.currents, &self.calibration]
    }

    fn parts_mut(&mut self) -> [&mut dyn AnyPart; KINDS.len()] {
        [
            &mut self.holding,
            &mut self.pace,
            &mut self.terminals,
            &mut self.dwell,
            &mut self.currents,
            &mut self.calibration,
        ]
    }

    /// Time passes: what was seen long ago weighs less.
    pub(crate) fn pass(&mut self, now: Timestamp) {
        let aged = *self.aged.get_or_insert(now);
        let age_s = now.since_s(aged);
        if age_s < AGE_S {
            return;
        }
        let share = libm::exp2(-age_s / HALF_LIFE_S);
        for part in self.parts_mut() {
            part.age(share);
        }
        self.aged = Some(now);
    }

    /// A call of a run was observed: its arrival, or (again) its departure.
    pub(crate) fn visited(&mut self, timetable: &Timetable, run: &Run, call: usize, seen: &Seen) {
        if let Some(left) = seen.departure {
            self.headways.left(run.line(timetable).first + call, left);
        }
        self.visits += u64::from(seen.arrival.is_some() && seen.departure.is_some());
    }

    /// Seconds between vehicles at a call of a service by headway, as they come; `None` for other trips.
    pub(crate) fn headway_s(&self, timetable: &Timetable, run: &Run, call: usize) -> Option<u32> {
        let frequency = timetable.trips[run.dated.trip.at()].frequency.filter(|f| !f.exact)?;
        Some(self.headways.usual_s(run.line(timetable).first + call, frequency.headway_s))
    }

    /// A vehicle was seen to arrive at call `to`; `seen` is what was seen of the calls of its run.
    pub(crate) fn drove(&mut self, timetable: &Timetable, run: &Run, to: usize, seen: &[Seen]) {
        let line = run.line(timetable);
        if let Some(wait) = link::wait(&line, run, to, seen, self.pace.leg(&line, to).mean_s) {
            self.holding.learn(line.first + to - 1, wait);
        }
        if let Some(stood_s) = link::stood_s(&line, to, seen, self.pace.leg(&line, to).mean_s) {
            self.dwell.learn(line.first + to - 1, line.mode, stood_s);
        }
        let stream_s = if line.mode == Mode::Ferry { self.sailed(&line, to, seen) } else { 0.0 };
        if let Some(actual_s) = link::driving_s(timetable, run, to, seen) {
            let reached = seen[to].arrival.unwrap_or(run.origin);
            self.pace.learn(timetable, &line, to, actual_s - stream_s, reached);
        }
    }

    /// A ferry sailed to call `to`: learns the stream, and says how much longer it made the leg by what
    /// was believed of it before, seconds.
    fn sailed(&mut self, line: &Line<'_>, to: usize, seen: &[Seen]) -> f64 {
        let (Some(left), Some(reached)) = (seen[to - 1].departure, seen[to].arrival) else { return 0.0 };
        let (at, sailing) = (line.first + to, self.sailing(line, to));
        let actual_s = reached.since_s(left);
        let halfway = left.plus_s(0.5 * actual_s);
        let stream_s = sailing.with_s(self.currents.behind_mps(at, halfway)) - sailing.still_s;
        self.currents.learn(at, halfway, sailing, actual_s);
        stream_s
    }

    /// The sailing to call `to` without any stream: the leg less the standing it begins with.
    pub(crate) fn sailing(&self, line: &Line<'_>, to: usize) -> Sailing {
        let leg_s = self.pace.leg(line, to).mean_s;
        Sailing {
            length_m: f64::from(line.calls[to].along_m - line.calls[to - 1].along_m).max(1.0),
            still_s: (leg_s - self.folded_s(line, to - 1)).max(1.0),
        }
    }

    /// Standing at a call beyond what the timetable gives it: the beginning of the leg after it, which
    /// pace knows as a whole, from arrival to arrival. The first leg begins with the departure.
    pub(crate) fn folded_s(&self, line: &Line<'_>, call: usize) -> f64 {
        if call == 0 || call + 1 >= line.calls.len() {
            return 0.0;
        }
        halt::folded_s(line, call, self.dwell.mean_s(line.first + call, line.mode))
    }
}
