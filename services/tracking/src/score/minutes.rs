//! What somebody finds who looks once every minute of the last half hour.

use super::industry::{Mbta, is_reliable};
use super::tally::{mean, share};

/// Sums of one predictor over trip-stop minutes (design: MBTA, Cal-ITP, catch, padding).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Minutes {
    /// Minutes looked at.
    pub looked: u64,
    /// Of those, with nothing told; each is wrong.
    pub missing: u64,
    /// MBTA's score. A minute with nothing told counts in the bucket of its time to the arrival.
    pub mbta: Mbta,
    reliable: u64,
    caught: u64,
    padding_s: f64,
    sum_abs_s: f64,
}

impl Minutes {
    /// Adds a minute `to_go_s` before the arrival, for which the arrival was told to be
    /// `to_predicted_s` ahead. `stayed_s` is how long the vehicle stood there, 0 where unknown.
    pub(super) fn add(&mut self, to_go_s: f64, to_predicted_s: Option<f64>, stayed_s: f64) {
        self.looked += 1;
        let Some(to_predicted_s) = to_predicted_s else {
            self.missing += 1;
            self.mbta.add(to_go_s, None);
            return;
        };
        let error_s = to_go_s - to_predicted_s;
        self.mbta.add(to_predicted_s, Some(error_s));
        self.reliable += u64::from(is_reliable(to_predicted_s, error_s));
        self.caught += u64::from(error_s + stayed_s >= 0.0);
        self.padding_s += error_s.max(0.0);
        self.sum_abs_s += error_s.abs();
    }

    fn told(&self) -> u64 {
        self.looked - self.missing
    }

    /// Cal-ITP's reliable accuracy: the share of minutes; one with nothing told is wrong.
    #[must_use]
    pub fn reliable(&self) -> Option<f64> {
        share(self.reliable, self.looked)
    }

    /// Share of told minutes at which a rider who came at the told time still caught the vehicle.
    /// Where departures are unknown the arrival stands for them, and the share is a lower bound.
    #[must_use]
    pub fn caught(&self) -> Option<f64> {
        share(self.caught, self.told())
    }

    /// Mean time waited beyond the told time, seconds.
    #[must_use]
    pub fn padding_s(&self) -> Option<f64> {
        mean(self.padding_s, self.told())
    }

    /// Mean absolute error, seconds.
    #[must_use]
    pub fn mae_s(&self) -> Option<f64> {
        mean(self.sum_abs_s, self.told())
    }

    /// Share of minutes with a prediction.
    #[must_use]
    pub fn completeness(&self) -> Option<f64> {
        share(self.told(), self.looked)
    }
}
