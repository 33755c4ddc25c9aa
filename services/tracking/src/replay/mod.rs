//! A recorded day through the same core at full speed, with a log of every prediction.
//!
//! Reads and writes streams it is given; opens no file and looks at no clock. What always holds:
//! the same recording and timetable give the same bytes.

mod board_log;
mod degrade;
mod log;
mod recording;
mod service;

#[cfg(test)]
mod tests;

pub use board_log::BoardLog;
pub use degrade::Degrade;
pub use log::{HEADER, PredictionLog};
pub(crate) use recording::instant;
pub use recording::{Recording, RecordingError, Row};
pub use service::{ASSIGNMENTS_HEADER, Assignment, InService, Phase, travelled, write_assignments};

use crate::check::{Area, CheckParams, Checked, DeviceProfile, DeviceState, Verdict, check};
use crate::learned::Document;
use crate::{Counters, Effect, Event, Params, Tier, Tracker};
use gtfs::{Timestamp, Timetable};
use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::sync::Arc;

/// How often progress is reported, pings.
const PROGRESS_PINGS: usize = 500;

/// What came of a replay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Rows read.
    pub rows: usize,
    /// Rows that repeat a vehicle and time already seen.
    pub duplicates: u64,
    /// Verdicts by word: `ok`, `flag`, `hist:late`, `rej:area`, ...
    pub verdicts: BTreeMap<String, u64>,
    /// What the tracker counted.
    pub counters: Counters,
    /// Rows written to the prediction log.
    pub logged: u64,
    /// Alerts to the control room, by code.
    pub alerts: BTreeMap<&'static str, u64>,
    /// Boards told.
    pub boards: u64,
    /// What was told of every ping taken.
    pub assignments: Vec<Assignment>,
}

/// A device as the replay invents it: one per vehicle.
struct Device {
    profile: DeviceProfile,
    state: DeviceState,
}

/// Runs a recording through the rules and the tracker, writing predictions to `log`.
///
/// `progress` is called now and then with the rows done and all rows.
///
/// # Errors
/// When `log` can not be written.
pub fn replay<W: Write>(
    recording: &Recording,
    timetable: Arc<Timetable>,
    params: Params,
    log: W,
    progress: impl FnMut(usize, usize),
) -> Result<Summary, csv::Error> {
    let logs = Logs { predictions: log, boards: None };
    Ok(replay_on(recording, timetable, params, None, logs, progress)?.0)
}

/// Where a replay writes.
#[derive(Debug)]
pub struct Logs<W> {
    /// Predictions, as the GTFS-realtime feed tells them.
    pub predictions: W,
    /// The same, as the boards tell them.
    pub boards: Option<W>,
}

/// [`replay`] on top of what was learned `before`; gives back what is learned after it, for the next day.
///
/// # Errors
/// When a log can not be written.
pub fn replay_on<W: Write>(
    recording: &Recording,
    timetable: Arc<Timetable>,
    params: Params,
    before: Option<Arc<Document>>,
    logs: Logs<W>,
    mut progress: impl FnMut(usize, usize),
) -> Result<(Summary, Document), csv::Error> {
    let checks = CheckParams { area: Area::of(&timetable), ..CheckParams::default() };
    let mut player = Player {
        tracker: Tracker::with_params(Arc::clone(&timetable), params),
        devices: HashMap::new(),
        checks,
        period_s: recording.period_s,
        wake: None,
        effects: Vec::new(),
        told: None,
        boards: logs.boards.map(|out| BoardLog::new(Arc::clone(&timetable), out)).transpose()?,
        log: PredictionLog::new(timetable, logs.predictions)?,
        summary: Summary { rows: recording.rows.len(), ..Summary::default() },
    };
    if let (Some(document), Some(first)) = (before, recording.rows.first()) {
        player.step(first.received, Event::Learned(document))?;
    }
    for (done, row) in recording.rows.iter().enumerate() {
        if done % PROGRESS_PINGS == 0 {
            progress(done, recording.rows.len());
        }
        player.tick_until(row.received)?;
        player.play(done, row)?;
    }
    if let Some(last) = recording.rows.last() {
        player.tick_until(last.received.plus_s(2.0))?;
    }
    progress(recording.rows.len(), recording.rows.len());
    let end = recording.rows.last().map_or(Timestamp::default(), |last| last.received);
    let after = player.tracker.lessons(end).document();
    Ok((player.finish()?, after))
}

struct Player<W: Write> {
    tracker: Tracker,
    devices: HashMap<Arc<str>, Device>,
    checks: CheckParams,
    period_s: f64,
    wake: Option<Timestamp>,
    effects: Vec<Effect>,
    /// What is being told of the ping in hand.
    told: Option<Assignment>,
    log: PredictionLog<W>,
    boards: Option<BoardLog<W>>,
    summary: Summary,
}

impl<W: Write> Player<W> {
    fn play(&mut self, at: usize, row: &Row) -> Result<(), csv::Error> {
        let period_s = self.period_s;
        let device = self.devices.entry(Arc::clone(&row.vehicle)).or_insert_with(|| Device {
            profile: DeviceProfile {
                vehicle: Arc::clone(&row.vehicle),
                class: crate::check::VehicleClass::Bus,
                tier: Tier::Token,
                period_s,
                clock_fix_allowed: false,
                simulated_is_live: false,
            },
            state: DeviceState::default(),
        });
        if device.state.head_t() == Some(row.report.t) {
            self.summary.duplicates += 1;
            return Ok(());
        }
        let checked =
            check(row.report.clone(), &device.profile, &mut device.state, row.received, &self.checks);
        *self.summary.verdicts.entry(word(&checked)).or_default() += 1;
        if !checked.is_live() {
            return Ok(());
        }
        match checked.ping {
            Some(ping) => {
                self.told = Some(Assignment { row: at, t: ping.t, trip: None, phase: Phase::None });
                self.step(row.received, Event::Ping(ping))?;
                self.summary.assignments.extend(self.told.take());
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn tick_until(&mut self, until: Timestamp) -> Result<(), csv::Error> {
        while let Some(wake) = self.wake.filter(|wake| *wake <= until) {
            self.wake = None;
            self.step(wake, Event::Tick)?;
        }
        Ok(())
    }

    fn step(&mut self, now: Timestamp, event: Event) -> Result<(), csv::Error> {
        self.tracker.step(now, event, &mut self.effects);
        for effect in self.effects.drain(..) {
            match effect {
                Effect::WakeAt(t) => self.wake = Some(t),
                Effect::Board(_, board) => {
                    self.summary.boards += 1;
                    self.boards.as_mut().map_or(Ok(()), |log| log.take(now, &board))?;
                }
                Effect::Alert(alert) => *self.summary.alerts.entry(alert.code).or_default() += 1,
                other => {
                    if let (Effect::Position(position), Some(told)) = (&other, &mut self.told) {
                        told.trip = position.trip;
                        told.phase = Phase::of(position, self.tracker.timetable());
                    }
                    self.log.take(now, &other)?;
                }
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Summary, csv::Error> {
        self.summary.counters = self.tracker.counters();
        self.summary.logged = self.log.finish()?;
        self.boards.map_or(Ok(()), BoardLog::finish)?;
        Ok(self.summary)
    }
}

fn word(checked: &Checked) -> String {
    match checked.verdict {
        Verdict::Ok => "ok".into(),
        Verdict::Flag => {
            let words: Vec<_> = checked.flags.iter().map(crate::check::Flag::word).collect();
            format!("flag:{}", words.join("+"))
        }
        Verdict::Hist(reason) => format!("hist:{}", reason.word()),
        Verdict::Rej(reject) => format!("rej:{}", reject.code.word()),
    }
}
