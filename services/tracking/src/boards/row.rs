//! A row with a vehicle behind it: what it says, and until when.

use super::{Trips, World};
use crate::params::Params;
use crate::publish::Moments;
use crate::vehicle::{Freshness, Vehicle};
use crate::{CallSource, CallState, DatedTrip, MonitoredCall};
use gtfs::Timestamp;
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
    /// Passed round; the time is that of being back on the line.
    Round(Timestamp),
}

/// A trip with a vehicle, at one stop; not the one where it ends, for nobody boards there.
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

    /// Whether it left, or passed round, long enough ago to be forgotten.
    pub(super) fn is_over(&self, now: Timestamp, params: &Params) -> bool {
        matches!(self.passage, Passage::Left(t) | Passage::Round(t) if now.since_s(t) >= params.passed_s)
    }

    /// What the row says; lowers `due` to when that changes by itself.
    pub(super) fn read(
        &mut self,
        world: &World<'_>,
        closed: bool,
        due: &mut Timestamp,
    ) -> (CallState, CallSource) {
        let vehicle = &world.vehicles[self.vehicle as usize];
        if let Passage::Round(t) = self.passage {
            *due = (*due).min(t.plus_s(world.params.passed_s));
        }
        let state = if world.trips.cancelled.contains(&self.dated) {
            CallState::Cancelled
        } else if closed || matches!(self.passage, Passage::Skipped | Passage::Round(_)) {
            CallState::Skipped
        } else {
            self.state(world, vehicle, due)
        };
        let held = vehicle.freshness != Freshness::Live;
        (state, if held { CallSource::Held } else { CallSource::Live })
    }

    /// The vehicle is on this trip now.
    fn is_present(&self, trips: &Trips) -> bool {
        trips.holders.get(&self.dated).is_some_and(|holder| holder.present)
    }

    fn state(&mut self, world: &World<'_>, vehicle: &Vehicle, due: &mut Timestamp) -> CallState {
        let now = world.now;
        let mut by = |t: Timestamp| *due = (*due).min(t);
        match self.passage {
            Passage::Left(t) => {
                by(t.plus_s(world.params.passed_s));
                CallState::Departed
            }
            Passage::AtStop => CallState::AtStop,
            Passage::Coming | Passage::Skipped | Passage::Round(_) => {
                let expected = self.moments.arrival;
                let far = expected.since_s(now) > ARRIVING_S;
                if self.latched.is_none() && (far || !self.is_present(world.trips)) {
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

    /// When the vehicle left.
    pub(super) fn left(&self) -> Option<Timestamp> {
        match self.passage {
            Passage::Left(t) => Some(t),
            _ => None,
        }
    }

    /// What is expected, unless the trip does not call.
    pub(super) fn expected(&self, state: CallState) -> Option<&Moments> {
        (!matches!(state, CallState::Cancelled | CallState::Skipped)).then_some(&self.moments)
    }

    /// The time the row is sorted by, see [`MonitoredCall::shown`].
    pub(super) fn shown(&self, state: CallState) -> Timestamp {
        let coming = |moments: &Moments| if self.call == 0 { moments.departure } else { moments.arrival };
        self.left().or_else(|| self.expected(state).map(coming)).unwrap_or(self.aimed.1)
    }

    /// The row written down.
    pub(super) fn call(&self, state: CallState, source: CallSource, world: &World<'_>) -> MonitoredCall {
        let vehicle = &world.vehicles[self.vehicle as usize];
        let expected = self.expected(state);
        MonitoredCall {
            trip: self.dated,
            call: self.call,
            vehicle: Some(Arc::clone(&vehicle.id)),
            aimed_arrival: self.aimed.0,
            aimed_departure: self.aimed.1,
            expected_arrival: expected.map(|moments| moments.arrival),
            expected_departure: expected.map(|moments| moments.departure),
            arrival_q: expected.map(|moments| moments.quantiles),
            actual_departure: self.left(),
            source,
            position_t: Some(vehicle.position_t()),
            state,
            occupancy: vehicle.occupancy.filter(|_| self.is_present(world.trips)),
            soc_pct: vehicle.soc_pct,
            simulated: vehicle.is_simulated(),
            headway_s: None,
        }
    }
}
