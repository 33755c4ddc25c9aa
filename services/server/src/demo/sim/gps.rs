//! The error of a receiver: a slow drift and a little jitter, both a function of time alone.

use super::traffic::mix;

/// The drift takes a new direction this often, seconds.
const DRIFT_S: f64 = 20.0;
/// One standard deviation of the drift, metres.
const DRIFT_M: f64 = 3.0;
/// One standard deviation of the jitter, metres.
const JITTER_M: f64 = 1.2;

/// Metres east and north to add to the true place at `t_s`.
#[must_use]
pub(super) fn error_m(seed: u64, vehicle: &str, t_s: f64) -> [f64; 2] {
    let knot = (t_s / DRIFT_S).floor();
    let share = t_s / DRIFT_S - knot;
    ["e", "n"].map(|axis| {
        let at = |knot: f64| normal(seed, &format!("{vehicle}/{axis}/{knot}"));
        let drift = at(knot) * (1.0 - share) + at(knot + 1.0) * share;
        drift * DRIFT_M + normal(seed, &format!("{vehicle}/{axis}/jitter/{t_s:.3}")) * JITTER_M
    })
}

/// The radius that the receiver admits to, metres.
#[must_use]
pub(super) fn accuracy_m(seed: u64, vehicle: &str, t_s: f64) -> f64 {
    (4.5 + normal(seed, &format!("{vehicle}/acc/{}", (t_s / DRIFT_S).floor()))).max(2.5)
}

/// Near enough to a standard normal: the sum of twelve uniforms less six.
fn normal(seed: u64, what: &str) -> f64 {
    let mut state = mix(seed, what);
    let sum: f64 = (0..12)
        .map(|_| {
            // SplitMix64 (Steele, Lea, Flood 2014).
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) as f64 / u64::MAX as f64
        })
        .sum();
    sum - 6.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_a_few_metres_and_the_same_whenever_it_is_asked_for() {
        let errors: Vec<f64> = (0..2_000).map(|i| error_m(7, "EV-1-01", f64::from(i) * 5.0)[0]).collect();
        let mean_m = errors.iter().sum::<f64>() / 2_000.0;
        let sd_m = (errors.iter().map(|e| (e - mean_m).powi(2)).sum::<f64>() / 2_000.0).sqrt();
        assert!(mean_m.abs() < 0.6 && (1.8..4.0).contains(&sd_m), "{mean_m} {sd_m}");
        assert_eq!(error_m(7, "EV-1-01", 35.0), error_m(7, "EV-1-01", 35.0));
        assert_ne!(error_m(7, "EV-1-01", 35.0), error_m(8, "EV-1-01", 35.0));
    }
}
