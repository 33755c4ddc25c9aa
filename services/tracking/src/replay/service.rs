//! Was each ping put on the right trip?
//!
//! The recording's own claims are the truth, but only where they can be: a ping is *in service and
//! matchable* when the recording claims a trip that is in the timetable, the fix is within the
//! corridor of that trip's line, and the vehicle had left the first stop and not reached the last.
//! "Had left" and "not reached" are as travelled, by the claims: [`travelled`] replays the whole,
//! undegraded recording with its claims and notes what the tracker saw. Layovers, deadheads, claims
//! of unknown trips and vehicles far from their line are not asked about. The judge of *which* trip is
//! the claim alone; the tracker only says whether the vehicle was on its way.

use super::{Recording, replay};
use crate::{DatedTrip, Params, VehiclePosition};
use gtfs::{Timestamp, Timetable};
use std::io::Write;
use std::sync::Arc;

/// What was told of one ping that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// Position of its row in the recording.
    pub row: usize,
    /// When it was measured, by its own clock.
    pub t: Timestamp,
    /// The trip that was told.
    pub trip: Option<DatedTrip>,
    /// What the vehicle was said to be doing.
    pub phase: Phase,
}

/// What a vehicle was said to be doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// On no trip.
    None,
    /// On a trip, but not on its line.
    Off,
    /// On a trip, not yet departed.
    Before,
    /// At a stop.
    AtStop,
    /// Between stops.
    Moving,
    /// At its last stop.
    Ended,
}

impl Phase {
    pub(super) fn of(position: &VehiclePosition, timetable: &Timetable) -> Self {
        let last_call = |trip: DatedTrip| timetable.times(trip.trip).len().saturating_sub(1);
        let last_call = position.trip.map(last_call);
        match position {
            VehiclePosition { next_call: Some(call), at_stop: true, .. }
                if last_call == Some(usize::from(*call)) =>
            {
                Self::Ended
            }
            VehiclePosition { trip: None, .. } => Self::None,
            VehiclePosition { next_call: None, .. } => Self::Off,
            VehiclePosition { next_call: Some(0), .. } => Self::Before,
            VehiclePosition { at_stop: true, .. } => Self::AtStop,
            _ => Self::Moving,
        }
    }

    /// The word in the file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Off => "off",
            Self::Before => "before",
            Self::AtStop => "at_stop",
            Self::Moving => "moving",
            Self::Ended => "ended",
        }
    }
}

/// How many pings in service and matchable were put where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InService {
    /// On the trip that the recording claims.
    pub right: u64,
    /// On another departure of the same pattern.
    pub other_departure: u64,
    /// On a trip of another line.
    pub other_line: u64,
    /// On no trip.
    pub none: u64,
}

impl InService {
    /// All pings in service and matchable.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.right + self.wrong() + self.none
    }

    /// On a wrong trip.
    #[must_use]
    pub fn wrong(&self) -> u64 {
        self.other_departure + self.other_line
    }

    /// Counts what was told of the rows of a recording whose truth is known.
    #[must_use]
    pub fn of(told: &[Assignment], recording: &Recording, timetable: &Timetable) -> Self {
        let mut tally = Self::default();
        let pattern = |dated: DatedTrip| timetable.trips[dated.trip.at()].pattern;
        for assignment in told {
            let Some(truth) = recording.rows[assignment.row].travelled else { continue };
            let count = match assignment.trip {
                None => &mut tally.none,
                Some(trip) if trip == truth => &mut tally.right,
                Some(trip) if pattern(trip) == pattern(truth) => &mut tally.other_departure,
                Some(_) => &mut tally.other_line,
            };
            *count += 1;
        }
        tally
    }
}

impl std::fmt::Display for InService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let share = |n: u64| 100.0 * n as f64 / self.all().max(1) as f64;
        write!(
            f,
            "of {} pings in service and matchable: right {:.1} %, wrong {:.2} % (other departure {:.2} %, other line {:.2} %), none {:.1} %",
            self.all(),
            share(self.right),
            share(self.wrong()),
            share(self.other_departure),
            share(self.other_line),
            share(self.none)
        )
    }
}

/// Notes in every row of an undegraded recording the trip that its vehicle was travelling on.
///
/// # Errors
/// When the replay can not be written to nowhere: never.
pub fn travelled(
    recording: &mut Recording,
    timetable: &Arc<Timetable>,
    params: &Params,
) -> Result<(), csv::Error> {
    let told =
        replay(recording, Arc::clone(timetable), params.clone(), std::io::sink(), |_, _| {})?.assignments;
    for Assignment { row, trip, phase, .. } in told {
        let row = &mut recording.rows[row];
        let Some(dated) = trip.filter(|_| matches!(phase, Phase::AtStop | Phase::Moving)) else { continue };
        let is_claimed = row.claimed.as_deref() == Some(&*timetable.trips[dated.trip.at()].id);
        row.travelled = is_claimed.then_some(dated);
    }
    Ok(())
}

/// The header of the file of assignments.
pub const ASSIGNMENTS_HEADER: [&str; 7] =
    ["vehicle_id", "event_timestamp", "trip_id", "start_date", "phase", "claimed_trip_id", "in_service"];

/// Writes what was told of every ping taken, beside what its recording claimed.
///
/// # Errors
/// When it can not be written.
pub fn write_assignments<W: Write>(
    told: &[Assignment],
    recording: &Recording,
    timetable: &Timetable,
    out: W,
) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(ASSIGNMENTS_HEADER)?;
    let id = |dated: Option<DatedTrip>| dated.map_or("", |dated| &*timetable.trips[dated.trip.at()].id);
    for assignment in told {
        let row = &recording.rows[assignment.row];
        let day = assignment.trip.map(|dated| dated.day.to_string()).unwrap_or_default();
        writer.write_record([
            &*row.vehicle,
            super::log::seconds(assignment.t).as_str(),
            id(assignment.trip),
            &day,
            assignment.phase.word(),
            row.claimed.as_deref().unwrap_or(""),
            if row.travelled.is_some() { "1" } else { "0" },
        ])?;
    }
    writer.flush()?;
    Ok(())
}
