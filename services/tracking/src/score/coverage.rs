//! Did anyone who looked five, ten or twenty minutes before find a prediction?

use super::predictor::standing;
use super::{Moments, Predictions, Truth};

/// A vehicle is reporting when it was heard this recently, seconds (R18).
pub(super) const HEARD_S: f64 = 90.0;

/// Arrivals with a prediction standing some time before.
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

/// For somebody who looks `before_s` before the arrival.
pub(super) fn of(log: &Predictions, truth: &Truth, pings: &Moments, before_s: f64) -> Coverage {
    let mut coverage = Coverage::default();
    for (trip, visits) in &truth.trips {
        for visit in visits {
            let moment = visit.arrival.plus_s(-before_s);
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
