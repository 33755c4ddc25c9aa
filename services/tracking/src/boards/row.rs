//! A row with a vehicle behind it: what it says, and until when.

use super::Trips;
use crate::params::Params;
use crate::publish::Moments;
use crate::vehicle::{Freshness, Vehicle};
use crate::{CallSource, CallState, DatedTrip, MonitoredCall};
use gtfs::{Timestamp, Timetable};
use std::sync::Arc;

/// "Arriving" shows from this long before the expected time, seconds.
const ARRIVING_S: f64 = 30.0;
/// And until this long after it, when the vehicle is not there, seconds.
const ARRIVING_OVER_S: f64 = 60.0;

/// How far a vehicle is with a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Passage {
    Coming,
    AtStop,
    /// Left; the time is that of leaving, as well as it is known.
    Left(Timestamp),
    Skipped,
}

/// A trip with a vehicle, at one stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LiveRow {
    pub(crate) dated: DatedTrip,
    pub(crate) call: u16,
    pub(crate) vehicle: u32,
    pub(crate) aimed: (Timestamp, Timestamp),
    pub(crate) moments: Moments,
    pub(crate) passage: Passage,
    /// Since "arriving" was shown: the time expected then.
    pub(crate) latched: Option<Timestamp>,
}

impl LiveRow {
    pub(super) fn is(&self, dated: DatedTrip, call: u16) -> bool {
        self.dated == dated && self.call == call
    }

    /// Whether it left long enough ago to be forgotten.
    pub(super) fn is_over(&self, now: Timestamp, params: &Params) -> bool {
        matches!(self.passage, Passage::Left(t) if now.since_s(t) >= params.passed_s)
    }

    /// The row as shown; lowers `due` to when it changes by itself.
    #[expect(clippy::too_many_arguments, reason = "the world a row is drawn from, borrowed piece by piece")]
    pub(super) fn call(
        &mut self,
        now: Timestamp,
        timetable: &Timetable,
        trips: &Trips,
        vehicles: &[Vehicle],
        closed: bool,
        params: &Params,
        due: &mut Timestamp,
    ) -> MonitoredCall {
        let vehicle = &vehicles[self.vehicle as usize];
        let present = trips.holders.get(&self.dated).is_some_and(|holder| holder.present);
        let state = if trips.cancelled.contains(&self.dated) {
            CallState::Cancelled
        } else if closed || self.passage == Passage::Skipped {
            CallState::Skipped
        } else {
            self.state(now, vehicle, present, params, due)
        };
        let left = match self.passage {
            Passage::Left(t) => Some(t),
            _ => None,
        };
        let shows_time = !matches!(state, CallState::Cancelled | CallState::Skipped);
        let held = vehicle.freshness != Freshness::Live;
        let last_call = usize::from(self.call) + 1 == timetable.calls(self.pattern(timetable)).len();
        MonitoredCall {
            trip: self.dated,
            call: self.call,
            vehicle: Some(Arc::clone(&vehicle.id)),
            aimed_arrival: self.aimed.0,
            aimed_departure: self.aimed.1,
            expected_arrival: shows_time.then_some(self.moments.arrival),
            expected_departure: (shows_time && !last_call).then_some(self.moments.departure),
            arrival_q: shows_time.then_some(self.moments.quantiles),
            actual_departure: left,
            source: if held { CallSource::Held } else { CallSource::Live },
            position_t: Some(vehicle.position_t()),
            state,
            occupancy: if present { vehicle.occupancy } else { None },
            soc_pct: vehicle.soc_pct,
            simulated: vehicle.is_simulated(),
            headway_s: None,
        }
    }

    fn pattern(&self, timetable: &Timetable) -> gtfs::PatternIdx {
        timetable.trips[self.dated.trip.at()].pattern
    }

    fn state(
        &mut self,
        now: Timestamp,
        vehicle: &Vehicle,
        present: bool,
        params: &Params,
        due: &mut Timestamp,
    ) -> CallState {
        let mut by = |t: Timestamp| *due = (*due).min(t);
        match self.passage {
            Passage::Left(t) => {
                by(t.plus_s(params.passed_s));
                CallState::Departed
            }
            Passage::AtStop => CallState::AtStop,
            Passage::Coming | Passage::Skipped => {
                let expected = self.moments.arrival;
                if self.latched.is_none() && (!present || expected.since_s(now) > ARRIVING_S) {
                    by(expected.plus_s(-ARRIVING_S).max(now.plus_s(1.0)));
                    return CallState::Ok;
                }
                let over = self.latched.get_or_insert(expected).plus_s(ARRIVING_OVER_S);
                if now < over {
                    by(over);
                    return CallState::Arriving;
                }
                // Long past its time and not there: say how far away it is, not a time.
                match self.call.saturating_sub(vehicle.next_call()) {
                    0 => CallState::Arriving,
                    away => CallState::Standing(away),
                }
            }
        }
    }
}

/// Whether two boards read the same: the time of the position alone is no news while a row is live.
pub(super) fn same<'a>(a: &[MonitoredCall], b: impl ExactSizeIterator<Item = &'a MonitoredCall>) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| {
            let as_b = a.source == CallSource::Live || a.position_t == b.position_t;
            as_b && a.position_t.is_some() == b.position_t.is_some() && reads_same(a, b)
        })
}

/// Occupancy and charge change by themselves and wait for the next real change.
fn reads_same(a: &MonitoredCall, b: &MonitoredCall) -> bool {
    (a.trip, a.call, a.source, a.state) == (b.trip, b.call, b.source, b.state)
        && (a.aimed_arrival, a.aimed_departure) == (b.aimed_arrival, b.aimed_departure)
        && (a.expected_arrival, a.expected_departure) == (b.expected_arrival, b.expected_departure)
        && (a.actual_departure, a.headway_s, a.simulated) == (b.actual_departure, b.headway_s, b.simulated)
        && a.vehicle == b.vehicle
}
