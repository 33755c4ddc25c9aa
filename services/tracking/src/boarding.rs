//! Is anybody boarding? Taps and doors of a vehicle that stands at a stop.
//!
//! A port for what fare terminals and door contacts say; without either nothing changes. What always
//! holds: it says how long a vehicle will stand at least, never that it has left.

use gtfs::Timestamp;

/// A dwell with boarding takes this long before the first rider, seconds,
const DWELL_S: f64 = 8.0;
/// and this much for each (tracking.md §11, start).
const BOARDING_S: f64 = 2.5;
/// A vehicle does not leave before this long after a tap, seconds: somebody is still in the door.
const TAPPED_S: f64 = 5.0;
/// Nor before this long after its door was seen open, seconds.
const OPEN_S: f64 = 8.0;

/// Boarding at the present call.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Boarding {
    call: usize,
    taps: u16,
    tapped: Option<Timestamp>,
    open: Option<Timestamp>,
}

impl Boarding {
    /// A card was tapped on the vehicle while it was at `call`.
    pub(crate) fn tap(&mut self, call: usize, t: Timestamp) {
        self.at(call);
        self.taps = self.taps.saturating_add(1);
        self.tapped = self.tapped.max(Some(t));
    }

    /// The vehicle said at `t` whether a door is open.
    pub(crate) fn door(&mut self, call: usize, t: Timestamp, open: bool) {
        self.at(call);
        self.open = open.then_some(t);
    }

    fn at(&mut self, call: usize) {
        if self.call != call {
            *self = Self { call, ..Self::default() };
        }
    }

    /// How much longer the vehicle stands at `call` at least, at `t`, having stood for `stood_s`.
    pub(crate) fn least_s(&self, call: usize, t: Timestamp, stood_s: f64) -> f64 {
        if self.call != call {
            return 0.0;
        }
        let boards = if self.taps == 0 { 0.0 } else { DWELL_S + BOARDING_S * f64::from(self.taps) - stood_s };
        let after = |since: Option<Timestamp>, lasts_s: f64| since.map_or(0.0, |at| lasts_s - t.since_s(at));
        boards.max(after(self.tapped, TAPPED_S)).max(after(self.open, OPEN_S)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tap_keeps_the_vehicle_a_little_longer_and_only_at_that_stop() {
        let t = Timestamp::from_s(1_795_000_000);
        let mut boarding = Boarding::default();
        assert_eq!(boarding.least_s(3, t, 0.0), 0.0);
        for tap in 0..12 {
            boarding.tap(3, t.plus_s(f64::from(tap)));
        }
        assert_eq!(boarding.least_s(3, t.plus_s(12.0), 12.0), 26.0);
        assert_eq!(boarding.least_s(3, t.plus_s(60.0), 60.0), 0.0);
        assert_eq!(boarding.least_s(4, t.plus_s(12.0), 12.0), 0.0);
    }

    #[test]
    fn a_vehicle_with_an_open_door_is_not_about_to_leave() {
        let t = Timestamp::from_s(1_795_000_000);
        let mut boarding = Boarding::default();
        boarding.door(2, t, true);
        assert_eq!(boarding.least_s(2, t, 40.0), 8.0);
        boarding.door(2, t.plus_s(3.0), false);
        assert_eq!(boarding.least_s(2, t.plus_s(3.0), 43.0), 0.0);
    }
}
