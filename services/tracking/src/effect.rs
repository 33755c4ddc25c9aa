//! What follows from an event. The drivers perform it; the core only says it.

use crate::{Occupancy, Provenance, StopBoard};
use gtfs::{RouteIdx, ServiceDay, ServiceTime, StopIdx, StopVisit, Timestamp, TripIdx};
use std::sync::Arc;

/// One thing to perform.
#[derive(Clone, Debug)]
pub enum Effect {
    /// A vehicle's place changed (or, with `trip: None`, it is on no trip).
    Position(VehiclePosition),
    /// The vehicle is no longer shown: nothing heard for 90 s.
    PositionGone(Arc<str>),
    /// A stop call was observed; stored.
    Visit(StopVisit),
    /// The whole current prediction of one dated trip; replaces the last one of the same trip.
    TripUpdate(TripUpdate),
    /// The dated trip has nothing more to say.
    TripUpdateGone(DatedTrip),
    /// The whole current board of one stop; replaces the last one.
    Board(StopIdx, Arc<StopBoard>),
    /// Something the control room should know.
    Alert(OperatorAlert),
    /// Send [`crate::Event::Tick`] at this time. Later wishes replace earlier ones.
    WakeAt(Timestamp),
}

/// A trip on a service day (Transmodel DatedTrip); `start` tells frequency-based runs apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatedTrip {
    /// The trip.
    pub trip: TripIdx,
    /// Its service day.
    pub day: ServiceDay,
    /// Its start.
    pub start: ServiceTime,
}

/// Where a vehicle is.
#[derive(Clone, Debug, PartialEq)]
pub struct VehiclePosition {
    /// The vehicle.
    pub vehicle: Arc<str>,
    /// When it was measured.
    pub t: Timestamp,
    /// Degrees north: as measured.
    pub lat: f64,
    /// Degrees east: as measured.
    pub lon: f64,
    /// Degrees clockwise from north.
    pub heading_deg: Option<f32>,
    /// Metres per second.
    pub speed_mps: Option<f32>,
    /// Its trip, when matched.
    pub trip: Option<DatedTrip>,
    /// Its route, when known.
    pub route: Option<RouteIdx>,
    /// Metres along the trip's shape, when matched; never falls within a trip, unless
    /// [`Effect::TripUpdateGone`] has taken back what was told of it.
    pub along_m: Option<f32>,
    /// The next or present call: position in the pattern's calls.
    pub next_call: Option<u16>,
    /// Standing at `next_call`.
    pub at_stop: bool,
    /// Seconds late (+) or early (-) against the timetable.
    pub delay_s: Option<i32>,
    /// How full.
    pub occupancy: Option<Occupancy>,
    /// State of charge, percent.
    pub soc_pct: Option<f32>,
    /// How the position was found; `Sim` is said wherever it is shown.
    pub provenance: Provenance,
}

/// How a dated trip stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TripState {
    /// Runs, with predictions.
    Running,
    /// Cancelled by a dispatcher or the agency's own feed; never by silence.
    Cancelled,
    /// Its vehicle fell silent: no predictions, the timetable stands.
    NoData,
}

/// Predictions of one dated trip.
#[derive(Clone, Debug, PartialEq)]
pub struct TripUpdate {
    /// Which.
    pub trip: DatedTrip,
    /// How it stands.
    pub state: TripState,
    /// The vehicle that runs it, or will (next trips of its block).
    pub vehicle: Option<Arc<str>>,
    /// When the ping that caused it was received.
    pub made: Timestamp,
    /// When the position behind it was measured.
    pub position_t: Timestamp,
    /// Seconds late at the vehicle's place.
    pub delay_s: i32,
    /// Calls, in order: passed ones (kept 2 min at least) and all ahead.
    pub calls: Vec<CallUpdate>,
}

/// One call of a [`TripUpdate`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CallUpdate {
    /// Position in the pattern's calls.
    pub call: u16,
    /// Observed, or predicted, arrival: the published value.
    pub arrival: Timestamp,
    /// Observed, or predicted, departure; not before the arrival.
    pub departure: Timestamp,
    /// 10 %, 50 % and 90 % quantiles of the arrival; equal to it when observed.
    pub arrival_q: [Timestamp; 3],
    /// The arrival was observed.
    pub arrived: bool,
    /// The departure was observed.
    pub departed: bool,
    /// Not served.
    pub skipped: bool,
}

/// Something the control room should know.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorAlert {
    /// A stable word, such as `trip_claimed_twice`.
    pub code: &'static str,
    /// The vehicle it concerns.
    pub vehicle: Option<Arc<str>>,
    /// The trip it concerns.
    pub trip: Option<DatedTrip>,
    /// One plain sentence.
    pub text: String,
}
