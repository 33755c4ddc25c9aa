//! A row with a vehicle behind it: what it says, and until when.

use super::Trips;
use crate::params::Params;
use crate::publish::Moments;
use crate::vehicle::{Freshness, Vehicle};
use crate::{CallSource, CallState, DatedTrip, MonitoredCall};
use chrono::Datelike;
use gtfs::Timestamp;
use rustc_hash::FxHasher;
use std::hash::Hasher;
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

    /// The row as shown; lowers `due` to when it changes by itself.
    pub(super) fn call(
        &mut self,
        now: Timestamp,
        trips: &Trips,
        vehicles: &[Vehicle],
        closed: bool,
        params: &Params,
        due: &mut Timestamp,
    ) -> MonitoredCall {
        let vehicle = &vehicles[self.vehicle as usize];
        if let Passage::Round(t) = self.passage {
            *due = (*due).min(t.plus_s(params.passed_s));
        }
        let present = trips.holders.get(&self.dated).is_some_and(|holder| holder.present);
        let state = if trips.cancelled.contains(&self.dated) {
            CallState::Cancelled
        } else if closed || matches!(self.passage, Passage::Skipped | Passage::Round(_)) {
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
        MonitoredCall {
            trip: self.dated,
            call: self.call,
            vehicle: Some(Arc::clone(&vehicle.id)),
            aimed_arrival: self.aimed.0,
            aimed_departure: self.aimed.1,
            expected_arrival: shows_time.then_some(self.moments.arrival),
            expected_departure: shows_time.then_some(self.moments.departure),
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
            Passage::Coming | Passage::Skipped | Passage::Round(_) => {
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

/// What a board reads, in 64 bits: two boards of one digest read the same. The time of the position alone
/// is no news while a row is live; occupancy and charge change by themselves and wait for a real change.
pub(super) fn digest<'a>(calls: impl Iterator<Item = &'a MonitoredCall>) -> u64 {
    let mut digest = FxHasher::default();
    for call in calls {
        let held = call.position_t.filter(|_| call.source != CallSource::Live);
        let times = [call.expected_arrival, call.expected_departure, call.actual_departure, held];
        let given = times.iter().fold(0, |bits, time| bits << 1 | u64::from(time.is_some()));
        let flags = u64::from(call.simulated) << 1 | u64::from(call.position_t.is_some());
        // The aimed times and the headway follow from the trip and the call.
        digest.write_u64(u64::from(call.trip.trip.0) << 32 | u64::from(call.trip.start.0 as u32));
        digest.write_u64((call.trip.day.0.num_days_from_ce() as u64) << 16 | u64::from(call.call));
        digest.write_u64(word(call.state) << 16 | (call.source as u64) << 8 | given << 2 | flags);
        times.iter().flatten().for_each(|time| digest.write_u64(time.0 as u64));
        if let Some(vehicle) = &call.vehicle {
            digest.write(vehicle.as_bytes());
        }
    }
    digest.finish()
}

fn word(state: CallState) -> u64 {
    match state {
        CallState::Ok => 0,
        CallState::Arriving => 1,
        CallState::AtStop => 2,
        CallState::Departed => 3,
        CallState::Cancelled => 4,
        CallState::Skipped => 5,
        CallState::Standing(away) => 6 + u64::from(away),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gtfs::{ServiceDay, ServiceTime, TripIdx};

    fn row() -> MonitoredCall {
        let day = ServiceDay::parse("20261124").unwrap();
        MonitoredCall {
            trip: DatedTrip { trip: TripIdx(7), day, start: ServiceTime(28_800) },
            call: 3,
            vehicle: Some("bus-7".into()),
            aimed_arrival: Timestamp::from_s(1_000),
            aimed_departure: Timestamp::from_s(1_010),
            expected_arrival: Some(Timestamp::from_s(1_060)),
            expected_departure: Some(Timestamp::from_s(1_070)),
            arrival_q: None,
            actual_departure: None,
            source: CallSource::Live,
            position_t: Some(Timestamp::from_s(900)),
            state: CallState::Ok,
            occupancy: None,
            soc_pct: None,
            simulated: false,
            headway_s: None,
        }
    }

    fn reads_as(changed: &MonitoredCall) -> bool {
        digest([row()].iter()) == digest([changed].into_iter())
    }

    #[test]
    fn a_newer_position_of_a_live_row_is_no_news_and_of_a_held_row_is() {
        let later = Some(Timestamp::from_s(905));
        assert!(reads_as(&MonitoredCall { position_t: later, ..row() }));
        let held = |position_t| MonitoredCall { source: CallSource::Held, position_t, ..row() };
        assert_ne!(digest([held(later)].iter()), digest([held(row().position_t)].iter()));
    }

    #[test]
    fn whatever_a_rider_could_read_makes_another_board() {
        let t = Some(Timestamp::from_s(1_061));
        let others = [
            MonitoredCall { call: 4, ..row() },
            MonitoredCall { vehicle: Some("bus-8".into()), ..row() },
            MonitoredCall { expected_arrival: t, ..row() },
            MonitoredCall { expected_departure: t, ..row() },
            MonitoredCall { expected_arrival: None, ..row() },
            MonitoredCall { actual_departure: t, ..row() },
            MonitoredCall { state: CallState::Standing(1), ..row() },
            MonitoredCall { state: CallState::Standing(2), ..row() },
            MonitoredCall { source: CallSource::Held, ..row() },
            MonitoredCall { simulated: true, ..row() },
        ];
        let mut digests: Vec<u64> = others.iter().map(|other| digest([other].into_iter())).collect();
        digests.extend([digest([row()].iter()), digest([row(), row()].iter()), digest([].iter())]);
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), others.len() + 3);
    }
}
