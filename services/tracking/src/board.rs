//! The content of a stop's board (SIRI StopMonitoring): what comes, sorted, bounded.

use crate::{DatedTrip, Occupancy};
use gtfs::{StopIdx, Timestamp};
use std::sync::Arc;

/// How many calls a board holds.
pub const BOARD_CALLS_MAX: usize = 24;
/// How far ahead a board looks, seconds.
pub const BOARD_AHEAD_S: i64 = 2 * 3600;

/// The board of one stop.
#[derive(Clone, Debug, PartialEq)]
pub struct StopBoard {
    /// The stop.
    pub stop: StopIdx,
    /// Sorted by the time shown; at most [`BOARD_CALLS_MAX`].
    pub calls: Vec<MonitoredCall>,
}

/// Where a time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallSource {
    /// A vehicle heard within 30 s.
    Live,
    /// A vehicle last heard 30 to 180 s ago.
    Held,
    /// The timetable.
    Timetable,
    /// The timetable, and the vehicle should have been seen by now.
    Unconfirmed,
}

/// What a row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallState {
    /// Coming.
    Ok,
    /// Arriving; latched until it leaves.
    Arriving,
    /// Standing at this stop.
    AtStop,
    /// Stopped on the way, this many stops away.
    Standing(u16),
    /// Left; kept 120 s.
    Departed,
    /// The trip is cancelled.
    Cancelled,
    /// The trip does not call here today.
    Skipped,
}

/// One call on a board (SIRI MonitoredCall).
#[derive(Clone, Debug, PartialEq)]
pub struct MonitoredCall {
    /// The trip.
    pub trip: DatedTrip,
    /// Position in the pattern's calls.
    pub call: u16,
    /// The vehicle, when there is one.
    pub vehicle: Option<Arc<str>>,
    /// Aimed arrival.
    pub aimed_arrival: Timestamp,
    /// Aimed departure.
    pub aimed_departure: Timestamp,
    /// Expected arrival; `None` without a prediction.
    pub expected_arrival: Option<Timestamp>,
    /// Expected departure; never before aimed at a terminal or time point.
    pub expected_departure: Option<Timestamp>,
    /// 10 %, 50 % and 90 % quantiles of the arrival.
    pub arrival_q: Option<[Timestamp; 3]>,
    /// Observed departure of a row that says it left.
    pub actual_departure: Option<Timestamp>,
    /// Where the time comes from.
    pub source: CallSource,
    /// When the position behind a live or held row was measured.
    pub position_t: Option<Timestamp>,
    /// What the row says.
    pub state: CallState,
    /// How full the vehicle is.
    pub occupancy: Option<Occupancy>,
    /// State of charge, percent.
    pub soc_pct: Option<f32>,
    /// The vehicle is simulated.
    pub simulated: bool,
    /// Set on a frequency-based service without a vehicle: "every so many seconds"; the aimed times
    /// are those of the next whole headway after its start, not a promise.
    pub headway_s: Option<u32>,
}
