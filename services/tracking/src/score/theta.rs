//! Effective θ: how much variance a second of travel brings, as the errors show it.
//!
//! With travel times of variance θ·mean, the squared spread of the error grows by θ seconds with every
//! second of horizon. The spread is 1.4826·MAD, which a few wild errors do not move; its slope, and not
//! its height, is taken, so that what is unknown at once (the ping's age, the truth's own error) is not
//! counted.

use super::Kind;
use super::cell::quantile;
use std::collections::BTreeMap;

/// Horizons used, whole minutes to the arrival: from 2 to 20.
const MINUTES: std::ops::Range<usize> = 2..20;
/// A minute with fewer errors says too little of its spread (start).
const ERRORS_MIN: usize = 30;
/// The standard deviation of a normal error is its median absolute deviation times this.
const MAD_TO_SD: f64 = 1.4826;

/// Errors by kind and minute of horizon.
#[derive(Clone, Debug, Default)]
pub(super) struct Spread {
    minutes: BTreeMap<(Kind, usize), Vec<f32>>,
}

impl Spread {
    pub(super) fn add(&mut self, kind: Kind, to_go_s: f64, error_s: f64) {
        let minute = (to_go_s / 60.0) as usize;
        if MINUTES.contains(&minute) {
            self.minutes.entry((kind, minute)).or_default().push(error_s as f32);
        }
    }

    /// θ of every kind with enough errors, seconds.
    pub(super) fn thetas_s(self) -> Vec<(Kind, f64)> {
        let mut points: BTreeMap<Kind, Vec<[f64; 3]>> = BTreeMap::new();
        for ((kind, minute), mut errors_s) in self.minutes {
            if errors_s.len() >= ERRORS_MIN {
                let weight = errors_s.len() as f64;
                let sd_s = MAD_TO_SD * deviation(&mut errors_s);
                points.entry(kind).or_default().push([(minute as f64 + 0.5) * 60.0, sd_s * sd_s, weight]);
            }
        }
        points.into_iter().filter_map(|(kind, points)| Some((kind, slope(&points)?))).collect()
    }
}

/// The median distance from the median.
fn deviation(values: &mut [f32]) -> f64 {
    values.sort_by(f32::total_cmp);
    let median = quantile(values, 0.5).unwrap_or(0.0) as f32;
    for value in &mut *values {
        *value = (*value - median).abs();
    }
    values.sort_by(f32::total_cmp);
    quantile(values, 0.5).unwrap_or(0.0)
}

/// The slope of the weighted least-squares line through `[x, y, weight]`; `None` through fewer than three.
fn slope(points: &[[f64; 3]]) -> Option<f64> {
    if points.len() < 3 {
        return None;
    }
    let weight: f64 = points.iter().map(|[_, _, w]| w).sum();
    let x_mean = points.iter().map(|[x, _, w]| w * x).sum::<f64>() / weight;
    let y_mean = points.iter().map(|[_, y, w]| w * y).sum::<f64>() / weight;
    let xy: f64 = points.iter().map(|[x, y, w]| w * (x - x_mean) * (y - y_mean)).sum();
    let xx: f64 = points.iter().map(|[x, _, w]| w * (x - x_mean) * (x - x_mean)).sum();
    Some(xy / xx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_whose_variance_grows_by_twenty_a_second_have_a_theta_of_twenty() {
        let mut spread = Spread::default();
        for minute in MINUTES {
            let sd_s = libm::sqrt(20.0 * (minute as f64 + 0.5) * 60.0 + 400.0);
            // Half of the errors lie nearer than one median deviation to the median, half farther.
            for _ in 0..40 {
                for share in [-2.0, -1.0, 0.0, 1.0, 2.0] {
                    spread.add(Kind::MidTrip, minute as f64 * 60.0 + 1.0, 50.0 + share * sd_s / MAD_TO_SD);
                }
            }
        }
        let [(kind, theta_s)] = spread.thetas_s()[..] else { panic!("one kind") };
        assert_eq!(kind, Kind::MidTrip);
        assert!((theta_s - 20.0).abs() < 0.1, "{theta_s}");
    }
}
