//! Two of the three scores that agencies publish; the third (Transit's) is in [`super::Tally`].

use super::tally::share;
use serde::{Deserialize, Serialize};

/// Upper ends of MBTA's buckets, seconds to the *predicted* arrival: 0-3, 3-6, 6-12, 12-30 min
/// (github mbta/prediction_analyzer).
pub const MBTA_BUCKETS_S: [f64; 4] = [180.0, 360.0, 720.0, 1_800.0];

/// Right is strictly less than this much earlier and this much later than told, seconds.
pub const MBTA_BANDS_S: [(f64, f64); 4] = [(60.0, 60.0), (90.0, 120.0), (150.0, 210.0), (240.0, 360.0)];

/// MBTA's score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mbta {
    /// Predictions, by bucket.
    pub n: [u64; 4],
    /// Of those, right.
    pub right: [u64; 4],
}

impl Mbta {
    /// Adds a prediction `to_predicted_s` ahead; one for the past, or beyond half an hour, is in no
    /// bucket. A prediction of what never happened has no error and is wrong.
    pub fn add(&mut self, to_predicted_s: f64, error_s: Option<f64>) {
        let bucket = MBTA_BUCKETS_S.iter().position(|end| to_predicted_s < *end);
        let Some(bucket) = bucket.filter(|_| to_predicted_s > 0.0) else { return };
        let (early_s, late_s) = MBTA_BANDS_S[bucket];
        self.n[bucket] += 1;
        self.right[bucket] +=
            u64::from(error_s.is_some_and(|error_s| -early_s < error_s && error_s < late_s));
    }

    /// The plain mean of the four shares; `None` when a bucket is empty.
    #[must_use]
    pub fn average(&self) -> Option<f64> {
        let shares: Option<Vec<f64>> =
            self.right.iter().zip(self.n).map(|(right, n)| share(*right, n)).collect();
        shares.map(|shares| shares.iter().sum::<f64>() / 4.0)
    }

    /// The share of all that are right.
    #[must_use]
    pub fn pooled(&self) -> Option<f64> {
        share(self.right.iter().sum(), self.n.iter().sum())
    }
}

/// Cal-ITP's reliable accuracy: with T minutes to the predicted arrival (0 when it has passed), right is
/// −60·ln(T + 1.3) < e < 60·ln(T + 1.5) seconds.
#[must_use]
pub fn is_reliable(to_predicted_s: f64, error_s: f64) -> bool {
    let minutes = (to_predicted_s / 60.0).max(0.0);
    -60.0 * libm::log(minutes + 1.3) < error_s && error_s < 60.0 * libm::log(minutes + 1.5)
}
