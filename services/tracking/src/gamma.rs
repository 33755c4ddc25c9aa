//! The distributions the tracker thinks in: gamma travel times, Student-t offsets.
//!
//! Gamma in the Wilson-Hilferty form (Wilson & Hilferty, PNAS 17, 1931): with mean m, variance v and
//! k = m²/v, the cube root of x/m is normal with mean 1 - 1/(9k) and deviation 1/(3√k).
//! All functions go through `libm`, so that a replay gives the same bytes on every machine.

/// Standard normal quantiles at 10 %, 40 %, 50 % and 90 %.
pub(crate) const Z: [f64; 4] = [-1.281_551_565_545, -0.253_347_103_136, 0.0, 1.281_551_565_545];
/// The same levels as shares.
pub(crate) const P: [f64; 4] = [0.1, 0.4, 0.5, 0.9];

/// What standard normal quantiles at the four levels are in truth: a correction of a distribution
/// whose spread, place or skew turned out otherwise. Rises from level to level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Warp(pub(crate) [f64; 4]);

/// Two levels are at least this far apart, deviates: a distribution has no steps.
const APART_MIN: f64 = 0.02;

impl Warp {
    /// Part of the way to another.
    pub(crate) fn toward(self, other: Self, share: f64) -> Self {
        let mut mixed = self.0;
        for (mine, theirs) in mixed.iter_mut().zip(other.0) {
            *mine += share * (theirs - *mine);
        }
        Self(mixed)
    }

    /// The deviate in truth of one that is standard normal: straight between two levels and beyond.
    fn apply(&self, z: f64) -> f64 {
        let (from, slope) = self.stretch(Z.partition_point(|knot| *knot <= z));
        self.0[from] + (z - Z[from]) * slope
    }

    /// The standard normal deviate of one in truth.
    fn undo(&self, z: f64) -> f64 {
        let (from, slope) = self.stretch(self.0.partition_point(|knot| *knot <= z));
        Z[from] + (z - self.0[from]) / slope
    }

    /// The stretch before knot `after`: where it begins and how steep it is.
    fn stretch(&self, after: usize) -> (usize, f64) {
        let from = after.clamp(1, Z.len() - 1) - 1;
        (from, (self.0[from + 1] - self.0[from]).max(APART_MIN) / (Z[from + 1] - Z[from]))
    }
}

/// P(Z ≤ z) of the standard normal.
#[must_use]
pub(crate) fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// The z with P(Z ≤ z) = p: Abramowitz & Stegun 26.2.23 and one Newton step, error below 1e-6.
#[must_use]
pub(crate) fn normal_quantile(p: f64) -> f64 {
    let p = p.clamp(1e-12, 1.0 - 1e-12);
    let tail = p.min(1.0 - p);
    let t = libm::sqrt(-2.0 * libm::log(tail));
    let top = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let bottom = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let z = if p < 0.5 { top / bottom - t } else { t - top / bottom };
    let density = libm::exp(-0.5 * z * z) / libm::sqrt(2.0 * std::f64::consts::PI);
    z - (normal_cdf(z) - p) / density
}

/// A time to go: mean and variance, seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Gamma {
    /// Mean, seconds.
    pub(crate) mean_s: f64,
    /// Variance, seconds squared.
    pub(crate) var_s2: f64,
}

/// Shorter times to go are not told apart, seconds.
const MEAN_S_MIN: f64 = 1.0;
/// What is left of the uncertainty of anything, seconds squared.
const VAR_S2_MIN: f64 = 9.0;
/// Survival is only worth conditioning on when this share of the passages should have happened.
const SURVIVAL_SHARE_MIN: f64 = 0.001;

impl Gamma {
    fn shape(&self) -> (f64, f64) {
        let mean_s = self.mean_s.max(MEAN_S_MIN);
        (mean_s, mean_s * mean_s / self.var_s2.max(VAR_S2_MIN))
    }

    /// Where `x_s` falls in the distribution, as a standard normal deviate.
    #[must_use]
    pub(crate) fn deviate(&self, x_s: f64) -> f64 {
        let (mean_s, k) = self.shape();
        (libm::cbrt(x_s / mean_s) - 1.0 + 1.0 / (9.0 * k)) * 3.0 * libm::sqrt(k)
    }

    /// P(time ≤ `x_s`).
    #[must_use]
    pub(crate) fn cdf(&self, x_s: f64) -> f64 {
        if x_s <= 0.0 { 0.0 } else { normal_cdf(self.deviate(x_s)) }
    }

    /// Times at 10 %, 40 %, 50 % and 90 %, seconds, of the distribution as `warp` corrects it, given
    /// that `elapsed_s` have passed and it has not happened: never less than that. Time passing
    /// without news conditions on survival, p ← F(a) + p·(1 - F(a)).
    #[must_use]
    pub(crate) fn quantiles(&self, elapsed_s: f64, warp: &Warp) -> [f64; 4] {
        let (mean_s, k) = self.shape();
        let (centre, spread) = (1.0 - 1.0 / (9.0 * k), 1.0 / (3.0 * libm::sqrt(k)));
        let at = |z: f64| {
            let root = (centre + z * spread).max(0.0);
            (mean_s * root * root * root).max(elapsed_s)
        };
        let passed =
            if elapsed_s > 0.25 * mean_s { normal_cdf(warp.undo(self.deviate(elapsed_s))) } else { 0.0 };
        if passed < SURVIVAL_SHARE_MIN {
            warp.0.map(at)
        } else {
            P.map(|p| at(warp.apply(normal_quantile(passed + p * (1.0 - passed)))))
        }
    }
}

/// ln of the density of Student-t, up to a constant: `nu` degrees of freedom, `x` in scales.
#[must_use]
pub(crate) fn ln_student(x: f64, nu: f64) -> f64 {
    -0.5 * (nu + 1.0) * libm::log1p(x * x / nu)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_quantile_undoes_the_distribution() {
        for p in [0.001, 0.1, 0.4, 0.5, 0.77, 0.99] {
            assert!((normal_cdf(normal_quantile(p)) - p).abs() < 1e-6, "{p}");
        }
    }

    #[test]
    fn quantiles_rise_and_surround_the_mean() {
        let [p10, p40, p50, p90] = Gamma { mean_s: 600.0, var_s2: 30.0 * 600.0 }.quantiles(0.0, &Warp(Z));
        assert!(p10 < p40 && p40 < p50 && p50 < 600.0 && 600.0 < p90);
        assert!((p90 - p10 - 2.0 * 1.2816 * 134.2).abs() < 15.0, "{}", p90 - p10);
    }

    #[test]
    fn a_corrected_deviate_is_found_again() {
        let warp = Warp([-0.6, 0.1, 0.2, 2.0]);
        for z in [-3.0, -1.0, -0.1, 0.3, 2.5] {
            assert!((warp.undo(warp.apply(z)) - z).abs() < 1e-9, "{z}");
        }
        assert_eq!(Z.map(|z| (warp.apply(z) * 1e6).round() / 1e6), warp.0);
    }

    #[test]
    fn what_has_not_happened_is_never_in_the_past() {
        let gamma = Gamma { mean_s: 60.0, var_s2: 1_800.0 };
        for elapsed_s in [0.0, 30.0, 60.0, 120.0, 600.0] {
            let quantiles = gamma.quantiles(elapsed_s, &Warp(Z));
            assert!(quantiles.iter().all(|&q| q >= elapsed_s), "{elapsed_s}: {quantiles:?}");
            assert!(quantiles.is_sorted());
        }
    }
}
