//! Errors by how much time was still to go.

use serde::{Deserialize, Serialize};

/// Upper ends of the horizons, seconds to the actual arrival: 0-3, 3-6, 6-10, 10-15, 15-20, 20-30 min.
pub const HORIZONS_S: [f64; 6] = [180.0, 360.0, 600.0, 900.0, 1_200.0, 1_800.0];

/// The same, as shown.
pub const HORIZON_NAMES: [&str; 6] = ["0-3", "3-6", "6-10", "10-15", "15-20", "20-30"];

/// Right is at most this much earlier and this much later than told, seconds, in the first four
/// horizons (github TransitApp/ETA-Accuracy-Benchmark).
pub const BENCHMARK_BANDS_S: [(f64, f64); 4] = [(30.0, 90.0), (60.0, 150.0), (60.0, 210.0), (90.0, 270.0)];

/// Sums of one predictor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    count: [u64; 6],
    #[serde(with = "milliseconds")]
    sum_s: [f64; 6],
    #[serde(with = "milliseconds")]
    sum_abs_s: [f64; 6],
    right: [u64; 4],
    intervals: [u64; 6],
    inside: [u64; 6],
    /// Moments at which no prediction stood.
    pub missing: u64,
}

impl Tally {
    /// Adds one error, actual less predicted, made `to_go_s` before the arrival.
    pub fn add(&mut self, to_go_s: f64, error_s: f64) {
        let horizon = horizon_of(to_go_s, &HORIZONS_S);
        self.count[horizon] += 1;
        self.sum_s[horizon] += error_s;
        self.sum_abs_s[horizon] += error_s.abs();
        if let Some((early_s, late_s)) = BENCHMARK_BANDS_S.get(horizon) {
            self.right[horizon] += u64::from((-early_s..=*late_s).contains(&error_s));
        }
    }

    /// Adds whether an 80 % interval told `to_go_s` before the arrival held.
    pub fn within(&mut self, to_go_s: f64, inside: bool) {
        let horizon = horizon_of(to_go_s, &HORIZONS_S);
        self.intervals[horizon] += 1;
        self.inside[horizon] += u64::from(inside);
    }

    /// Adds everything of another.
    pub fn merge(&mut self, other: &Self) {
        for horizon in 0..HORIZONS_S.len() {
            self.count[horizon] += other.count[horizon];
            self.sum_s[horizon] += other.sum_s[horizon];
            self.sum_abs_s[horizon] += other.sum_abs_s[horizon];
            self.intervals[horizon] += other.intervals[horizon];
            self.inside[horizon] += other.inside[horizon];
        }
        for (right, more) in self.right.iter_mut().zip(other.right) {
            *right += more;
        }
        self.missing += other.missing;
    }

    /// How many errors.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.count.iter().sum()
    }

    /// How many errors of a horizon.
    #[must_use]
    pub fn n_at(&self, horizon: usize) -> u64 {
        self.count[horizon]
    }

    /// Mean absolute error of a horizon, seconds; `None` without any.
    #[must_use]
    pub fn mae_s(&self, horizon: usize) -> Option<f64> {
        mean(self.sum_abs_s[horizon], self.count[horizon])
    }

    /// Mean absolute error of all, seconds.
    #[must_use]
    pub fn mae_all_s(&self) -> Option<f64> {
        mean(self.sum_abs_s.iter().sum(), self.n())
    }

    /// Mean error of a horizon, seconds.
    #[must_use]
    pub fn bias_at_s(&self, horizon: usize) -> Option<f64> {
        mean(self.sum_s[horizon], self.count[horizon])
    }

    /// Mean error of all, seconds; positive when vehicles come later than told.
    #[must_use]
    pub fn bias_s(&self) -> Option<f64> {
        mean(self.sum_s.iter().sum(), self.n())
    }

    /// ETA Accuracy Benchmark: the plain mean of the four shares that are right.
    #[must_use]
    pub fn benchmark(&self) -> Option<f64> {
        let shares = self.right.iter().zip(self.count).map(|(right, n)| share(*right, n));
        let shares: Vec<f64> = shares.collect::<Option<_>>()?;
        mean(shares.iter().sum(), shares.len() as u64)
    }

    /// Share right of one of the benchmark's four horizons.
    #[must_use]
    pub fn right_at(&self, horizon: usize) -> Option<f64> {
        self.right.get(horizon).and_then(|right| share(*right, self.count[horizon]))
    }

    /// Share of 80 % intervals that held.
    #[must_use]
    pub fn interval_coverage(&self) -> Option<f64> {
        share(self.inside.iter().sum(), self.intervals.iter().sum())
    }

    /// The same of one horizon.
    #[must_use]
    pub fn interval_coverage_at(&self, horizon: usize) -> Option<f64> {
        share(self.inside[horizon], self.intervals[horizon])
    }
}

/// The place of `to_go_s` among ascending upper ends; the last beyond them.
pub(super) fn horizon_of(to_go_s: f64, ends_s: &[f64]) -> usize {
    ends_s.iter().position(|end| to_go_s < *end).unwrap_or(ends_s.len() - 1)
}

/// `None` of nothing.
pub(super) fn mean(sum: f64, n: u64) -> Option<f64> {
    (n > 0).then(|| sum / n as f64)
}

/// `None` of nothing.
pub(super) fn share(part: u64, n: u64) -> Option<f64> {
    mean(part as f64, n)
}

/// Seconds are saved as whole milliseconds: what is written, read and written again is the same.
mod milliseconds {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(seconds: &[f64; 6], to: S) -> Result<S::Ok, S::Error> {
        seconds.map(|s| libm::round(s * 1_000.0) as i64).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[f64; 6], D::Error> {
        Ok(<[i64; 6]>::deserialize(from)?.map(|ms| ms as f64 / 1_000.0))
    }
}
