//! When somebody could have looked at the prediction of a call.
//!
//! Two samples. *Moments*: a ping of the trip, or a publication of another predictor once the vehicle
//! had been heard on the trip. *Minutes*: every wall-clock minute of the half hour before the arrival
//! in which the vehicle was heard at all, on this trip or an earlier one.

use super::coverage::HEARD_S;
use super::{HORIZON_S_MAX, Moments, Predictions, Trip, Visit};
use gtfs::Timestamp;
use gtfs::time::MICROS;

/// Microseconds in a minute.
const MINUTE: i64 = 60 * MICROS;

/// (moment, visit), by moment, then visit.
pub(super) type Pairs = Vec<(Timestamp, usize)>;

/// The moments of a trip: those of `other`'s publications, else of its pings.
pub(super) fn moments(trip: &Trip, visits: &[Visit], pings: &Moments, other: Option<&Predictions>) -> Pairs {
    let heard = pings.of_trip(trip);
    let mut pairs = Pairs::new();
    for (at, visit) in visits.iter().enumerate().filter(|(_, visit)| !visit.blurred) {
        let wanted = |moment: &Timestamp| {
            let to_go_s = visit.arrival.since_s(*moment);
            to_go_s > 0.0 && to_go_s <= HORIZON_S_MAX
        };
        match other {
            None => pairs.extend(heard.iter().copied().filter(wanted).map(|moment| (moment, at))),
            Some(other) => {
                let Some(&first) = heard.first() else { continue };
                let published = other.of(trip, visit.sequence).iter().filter(|made| !made.withdrawn);
                let published = published.map(|made| made.at).filter(|moment| first <= *moment);
                pairs.extend(published.filter(wanted).map(|moment| (moment, at)));
            }
        }
    }
    pairs.sort_by_key(|(moment, _)| *moment);
    pairs
}

/// The minutes of a trip, and how many more there were in which its vehicle was not heard.
pub(super) fn minutes(visits: &[Visit], pings: &Moments) -> (Pairs, u64) {
    let mut pairs = Pairs::new();
    let mut silent = 0;
    let Some(begun) = pings.begun() else { return (pairs, silent) };
    for (at, visit) in visits.iter().enumerate().filter(|(_, visit)| !visit.blurred) {
        for moment in minutes_before(visit.arrival, begun) {
            if pings.was_heard(&visit.vehicle, moment, HEARD_S) {
                pairs.push((moment, at));
            } else {
                silent += 1;
            }
        }
    }
    pairs.sort_by_key(|(moment, _)| *moment);
    (pairs, silent)
}

/// The wall-clock minutes of the half hour before an arrival, not before `begun`.
pub(super) fn minutes_before(arrival: Timestamp, begun: Timestamp) -> impl Iterator<Item = Timestamp> {
    let first = arrival.plus_s(-HORIZON_S_MAX).max(begun).0;
    let first = first.div_euclid(MINUTE) + i64::from(first.rem_euclid(MINUTE) > 0);
    let until = arrival.0.div_euclid(MINUTE) + i64::from(arrival.0.rem_euclid(MINUTE) > 0);
    (first..until).map(|minute| Timestamp(minute * MINUTE))
}
