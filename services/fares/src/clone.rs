//! A card in two places: two taps in a row that no single card can have made (fares design, section 13).
//!
//! Only a suspicion: both rides are priced, and whether the card is denied is for a person to say. A doubt is the rider's:
//! the clocks may be wrong by all of their bounds, and a place is as wide as [`PLACE_M`].

use crate::rate::Stops;
use crate::retime::{Method, Timed};
use crate::ride::{Place, PlacedTap};
use crate::tap::TapId;
use gtfs::Timestamp;
use gtfs::time::MICROS;
use std::sync::Arc;

/// Nobody gets about a town faster than this, metres a second (section 13).
pub const SPEED_MPS_MAX: i64 = 33;
/// A tap is this near the stop that it is placed at, metres: a vehicle is on its way from it to the next.
pub const PLACE_M: i64 = 500;
/// Microseconds in a millisecond.
const MILLIS: i64 = 1_000;

/// Two taps of one card, too far apart for the time between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// The card.
    pub card: Arc<str>,
    /// The earlier tap.
    pub first: Seen,
    /// The later one.
    pub second: Seen,
    /// From stop to stop as the crow flies, metres.
    pub distance_m: i64,
}

/// A tap of which time and place are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its name.
    pub tap: TapId,
    /// When it was.
    pub t: Timestamp,
    /// GTFS stop_id.
    pub stop: Arc<str>,
    /// The vehicle; empty at a pier.
    pub vehicle: Arc<str>,
}

/// What speaks against one card having made both taps, the earlier one first; `None` when nothing does.
#[must_use]
pub fn suspicion(
    card: &Arc<str>,
    (first, first_timed): (&PlacedTap, &Timed),
    (second, second_timed): (&PlacedTap, &Timed),
    stops: &Stops,
) -> Option<Suspicion> {
    let (from, to) = (known(&first.place, stops)?, known(&second.place, stops)?);
    let is_one_vehicle = !first.place.vehicle.is_empty() && first.place.vehicle == second.place.vehicle;
    let is_untimed = [first_timed, second_timed].iter().any(|timed| timed.method == Method::None);
    if is_one_vehicle || is_untimed {
        return None;
    }
    let (east, north) = (i64::from(from.0) - i64::from(to.0), i64::from(from.1) - i64::from(to.1));
    let distance_m = east.saturating_mul(east).saturating_add(north.saturating_mul(north)).isqrt();
    let doubt_us = first_timed.bound_ms.saturating_add(second_timed.bound_ms).saturating_mul(MILLIS);
    let time_us = second.t.0.saturating_sub(first.t.0).saturating_add(doubt_us);
    let way_m = time_us.saturating_mul(SPEED_MPS_MAX) / MICROS;
    let seen = |tap: &PlacedTap| Seen {
        tap: tap.id.clone(),
        t: tap.t,
        stop: Arc::clone(&tap.place.stop),
        vehicle: Arc::clone(&tap.place.vehicle),
    };
    (distance_m > way_m.saturating_add(PLACE_M)).then(|| Suspicion {
        card: Arc::clone(card),
        first: seen(first),
        second: seen(second),
        distance_m,
    })
}

/// Where a tap was, if that is known: at a pier, or on a vehicle at a call of its ride.
fn known(place: &Place, stops: &Stops) -> Option<(i32, i32)> {
    let is_known = place.vehicle.is_empty() || place.sequence.is_some();
    if is_known { stops.get(&place.stop).copied() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tap::TapKind;

    /// A tap `t_s` after midnight, at a pier or on a vehicle at a call.
    fn tap(t_s: i64, vehicle: &str, stop: &str) -> PlacedTap {
        let place = Place {
            vehicle: vehicle.into(),
            stop: stop.into(),
            sequence: (!vehicle.is_empty()).then_some(1),
            ..Place::default()
        };
        PlacedTap {
            id: TapId { terminal: format!("T-{vehicle}{stop}").into(), epoch: 1, seq: t_s },
            t: Timestamp::from_s(t_s),
            kind: TapKind::On,
            pax: 1,
            denied: false,
            place: Arc::new(place),
        }
    }

    fn timed(tap: &PlacedTap, method: Method, bound_ms: i64) -> Timed {
        Timed { t: tap.t, method, bound_ms }
    }

    fn judged(first: &PlacedTap, second: &PlacedTap, method: Method, bound_ms: i64) -> Option<i64> {
        // 3 km east and 4 km north: 5 km.
        let stops = [("A", (0, 0)), ("B", (3_000, 4_000))].map(|(stop, at)| (Arc::from(stop), at));
        let (one, two) = (timed(first, method, bound_ms), timed(second, method, bound_ms));
        let found = suspicion(&"card".into(), (first, &one), (second, &two), &stops.into_iter().collect());
        found.map(|found| found.distance_m)
    }

    #[test]
    fn five_kilometres_in_two_minutes_are_suspected_in_three_they_are_a_ride() {
        let first = tap(0, "", "A");
        assert_eq!(judged(&first, &tap(120, "EV-1", "B"), Method::Uptime, 100), Some(5_000));
        assert_eq!(judged(&first, &tap(180, "EV-1", "B"), Method::Uptime, 100), None);
        // 4,500 m beyond the width of a place, at 33 m/s: 136.4 s.
        assert_eq!(judged(&first, &tap(136, "EV-1", "B"), Method::Uptime, 0), Some(5_000));
        assert_eq!(judged(&first, &tap(137, "EV-1", "B"), Method::Uptime, 0), None);
    }

    #[test]
    fn clocks_that_may_be_wrong_by_enough_raise_nothing() {
        let (first, second) = (tap(0, "", "A"), tap(120, "", "B"));
        assert_eq!(judged(&first, &second, Method::Wall, 8_000), Some(5_000));
        assert_eq!(judged(&first, &second, Method::Wall, 9_000), None);
        assert_eq!(judged(&first, &second, Method::None, 0), None, "a tap in quarantine has no time");
        assert_eq!(judged(&first, &second, Method::Gps, i64::MAX), None);
    }

    #[test]
    fn one_vehicle_and_places_that_nobody_knows_raise_nothing() {
        let on = tap(0, "EV-1", "A");
        assert_eq!(judged(&on, &tap(1, "EV-1", "B"), Method::Uptime, 0), None);
        assert_eq!(judged(&on, &tap(1, "EV-2", "Z"), Method::Uptime, 0), None);
        let mut typed = tap(1, "EV-2", "B");
        Arc::make_mut(&mut typed.place).sequence = None;
        assert_eq!(judged(&on, &typed, Method::Uptime, 0), None, "a stop that only the driver typed");
    }
}
