//! Did anyone who looked five minutes before find a prediction?

use super::input::{Moments, Predictions, Truth};
use super::standing;

/// How long before the arrival somebody looks, seconds.
const BEFORE_S: f64 = 300.0;
/// A vehicle is reporting when it was heard this recently, seconds (R18).
const HEARD_S: f64 = 90.0;

/// Arrivals with a prediction standing five minutes before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Arrivals whose vehicle was reporting then.
    pub arrivals: u64,
    /// Of those, with a prediction standing.
    pub predicted: u64,
    /// Arrivals whose vehicle was not reporting then; nobody could have known.
    pub silent: u64,
}

impl Coverage {
    /// The share predicted; `None` when nothing was heard.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        (self.arrivals > 0).then(|| self.predicted as f64 / self.arrivals as f64)
    }
}

pub(super) fn of(log: &Predictions, truth: &Truth, pings: &Moments) -> Coverage {
    let mut coverage = Coverage::default();
    for (trip, visits) in &truth.trips {
        for visit in visits {
            let moment = visit.arrival.plus_s(-BEFORE_S);
            if !pings.was_heard(&visit.vehicle, moment, HEARD_S) {
                coverage.silent += 1;
                continue;
            }
            coverage.arrivals += 1;
            coverage.predicted += u64::from(standing(log.of(trip, visit.sequence), moment).is_some());
        }
    }
    coverage
}
