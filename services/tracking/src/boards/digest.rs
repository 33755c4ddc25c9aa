//! What a board reads, in 64 bits: two boards of one digest read the same.
//!
//! The time of the position alone is no news while a row is live; occupancy and charge change by
//! themselves and wait for a real change. Good for one run of the program: never stored.

use super::{LiveRow, Row};
use crate::vehicle::Vehicle;
use crate::{CallSource, CallState};
use gtfs::time::MICROS;
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};

/// A row that says a word and no time reads the same within this: its time only says for how long the
/// word holds, which is many minutes. Microseconds.
const WORD_STEP: i64 = 60 * MICROS;

/// The digest of rows in the order they are shown; those with a vehicle are among `live`.
pub(super) fn of<'a>(rows: impl Iterator<Item = &'a Row>, live: &[LiveRow], vehicles: &[Vehicle]) -> u64 {
    let mut digest = FxHasher::default();
    for row in rows {
        // The aimed times and the headway follow from the trip and the call.
        let (_, dated, call, at) = row.key;
        dated.hash(&mut digest);
        digest.write_u64(word(row.state) << 32 | (row.source as u64) << 16 | u64::from(call));
        if row.is_timed() {
            continue;
        }
        let live = &live[usize::from(at)];
        let vehicle = &vehicles[live.vehicle as usize];
        digest.write_u64(u64::from(live.vehicle) << 1 | u64::from(vehicle.is_simulated()));
        let held = (row.source != CallSource::Live).then(|| vehicle.position_t());
        let expected = live.expected(row.state).map(|moments| [moments.arrival, moments.departure]);
        let step = if is_word(row.state) { WORD_STEP } else { 1 };
        expected.into_iter().flatten().for_each(|time| digest.write_i64(time.0.div_euclid(step)));
        live.left().into_iter().chain(held).for_each(|time| digest.write_i64(time.0));
    }
    digest.finish()
}

/// Whether a row says a word and no time.
fn is_word(state: CallState) -> bool {
    matches!(state, CallState::Arriving | CallState::AtStop | CallState::Standing(_))
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
    use crate::boards::Passage;
    use crate::ping::bare;
    use crate::publish::Moments;
    use crate::vehicle::Freshness;
    use crate::{DatedTrip, Ping, Provenance};
    use gtfs::{ServiceDay, ServiceTime, Timestamp, TripIdx};

    const STATES: [CallState; 8] = [
        CallState::Ok,
        CallState::Arriving,
        CallState::AtStop,
        CallState::Departed,
        CallState::Cancelled,
        CallState::Skipped,
        CallState::Standing(1),
        CallState::Standing(2),
    ];

    /// A board of one row with a vehicle.
    #[derive(Clone, Copy)]
    struct Told {
        row: LiveRow,
        state: CallState,
        source: CallSource,
        position_t: Timestamp,
        provenance: Provenance,
    }

    fn told() -> Told {
        let day = ServiceDay::parse("20261124").unwrap();
        let t = Timestamp::from_s;
        let row = LiveRow {
            dated: DatedTrip { trip: TripIdx(7), day, start: ServiceTime(28_800) },
            call: 3,
            vehicle: 0,
            aimed: (t(1_000), t(1_010)),
            moments: Moments { arrival: t(1_060), departure: t(1_070), quantiles: [t(1_000); 3] },
            passage: Passage::Coming,
            latched: None,
        };
        let (state, source) = (CallState::Ok, CallSource::Live);
        Told { row, state, source, position_t: t(900), provenance: Provenance::Gps }
    }

    impl Told {
        fn expected(mut self, arrival_s: i64, departure_s: i64) -> Self {
            self.row.moments.arrival = Timestamp::from_s(arrival_s);
            self.row.moments.departure = Timestamp::from_s(departure_s);
            self
        }

        fn digest(&self, rows: usize) -> u64 {
            let t = self.position_t;
            let mut vehicle =
                Vehicle::new(Ping { provenance: self.provenance, ..bare("bus-7", t, 0.0, 0.0) });
            vehicle.freshness =
                if self.source == CallSource::Live { Freshness::Live } else { Freshness::Held };
            let vehicles = [vehicle, Vehicle::new(bare("bus-8", t, 0.0, 0.0))];
            let key = (self.row.shown(self.state), self.row.dated, self.row.call, 0);
            let row = Row { key, state: self.state, source: self.source };
            of(std::iter::repeat_n(&row, rows), &[self.row], &vehicles)
        }
    }

    #[test]
    fn a_newer_position_of_a_live_row_is_no_news_and_of_a_held_row_is() {
        let later = Timestamp::from_s(905);
        assert_eq!(told().digest(1), Told { position_t: later, ..told() }.digest(1));
        let held = Told { source: CallSource::Held, ..told() };
        assert_ne!(held.digest(1), Told { position_t: later, ..held }.digest(1));
    }

    #[test]
    fn whatever_a_rider_could_read_makes_another_board() {
        let with = |change: fn(&mut LiveRow)| {
            let mut other = told();
            change(&mut other.row);
            other
        };
        let mut others = vec![
            with(|row| row.call = 4),
            with(|row| row.vehicle = 1),
            with(|row| row.dated.trip = TripIdx(8)),
            with(|row| row.dated.start = ServiceTime(28_801)),
            told().expected(1_061, 1_070),
            told().expected(1_060, 1_061),
            Told { source: CallSource::Held, ..told() },
            Told { provenance: Provenance::Sim, ..told() },
        ];
        others.extend(STATES.map(|state| Told { state, ..told() }));
        for left_s in [1_061, 1_062] {
            let mut other = Told { state: CallState::Departed, ..told() };
            other.row.passage = Passage::Left(Timestamp::from_s(left_s));
            others.push(other);
        }
        let mut digests: Vec<u64> = others.iter().map(|other| other.digest(1)).collect();
        digests.extend([told().digest(2), told().digest(0)]);
        let all = digests.len();
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), all);
    }

    #[test]
    fn the_seconds_of_a_time_behind_a_word_are_no_news_and_its_minutes_are() {
        for state in STATES {
            let row = Told { state, ..told() };
            let read_alike = |arrival_s| row.digest(1) == row.expected(arrival_s, 1_070).digest(1);
            let says_no_time = !matches!(state, CallState::Ok | CallState::Departed);
            assert_eq!(read_alike(1_065), says_no_time, "{state:?}");
            let shows_nothing = matches!(state, CallState::Cancelled | CallState::Skipped);
            assert_eq!(read_alike(1_085), shows_nothing, "{state:?}");
        }
    }
}
