//! How standardised residuals are spread, remembered in a fixed little room.
//!
//! A residual is where an arrival fell in its predicted distribution, as a standard normal deviate:
//! were the predictions perfectly sure of themselves, residuals would be standard normal. What always
//! holds: old residuals fade as new ones come, and quantiles rise with their level.

use crate::gamma::{P, Warp};

/// Bins between the two outermost deviates.
const BINS: usize = 48;
/// The outermost deviate told apart: beyond it all are alike.
const FAR: f32 = 6.0;
/// From this many on an old residual is forgotten for each new one: a month's worth of trips at the
/// design's 200 for full trust, twice over.
const REMEMBERED_MAX: f32 = 400.0;

/// A fading histogram of residuals; counts are trips, not samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Residuals {
    n: f32,
    bins: [f32; BINS],
}

impl Default for Residuals {
    fn default() -> Self {
        Self { n: 0.0, bins: [0.0; BINS] }
    }
}

impl Residuals {
    /// Of counts by bin; `None` when they can not be.
    pub(crate) fn of(bins: &[f32]) -> Option<Self> {
        let bins: [f32; BINS] = bins.try_into().ok()?;
        let n = bins.iter().sum::<f32>();
        (n.is_finite() && bins.iter().all(|bin| *bin >= 0.0)).then_some(Self { n, bins })
    }

    /// Counts by bin.
    pub(crate) fn bins(&self) -> Vec<f32> {
        self.bins.to_vec()
    }

    /// How many trips.
    pub(crate) fn trips(&self) -> f64 {
        f64::from(self.n)
    }

    /// What was seen weighs `share` of what it weighed.
    pub(crate) fn fade(&mut self, share: f64) {
        self.bins.iter_mut().for_each(|bin| *bin *= share as f32);
        self.n *= share as f32;
    }

    /// Takes a residual that is worth `weight` of a trip.
    pub(crate) fn add(&mut self, residual: f64, weight: f64) {
        let weight = weight as f32;
        if self.n + weight > REMEMBERED_MAX {
            let kept = 1.0 - weight / self.n;
            self.bins.iter_mut().for_each(|bin| *bin *= kept);
            self.n *= kept;
        }
        let at = (residual as f32 + FAR) * (BINS as f32 / (2.0 * FAR));
        self.bins[(at.max(0.0) as usize).min(BINS - 1)] += weight;
        self.n += weight;
    }

    /// Their quantiles, filled up from `parent` as if that had been seen `trips` times.
    pub(crate) fn quantiles_over(&self, parent: Warp, trips: f64) -> Warp {
        let share = f64::from(self.n) / (f64::from(self.n) + trips);
        self.quantiles().map_or(parent, |own| parent.toward(own, share))
    }

    /// The deviates below which 10, 40, 50 and 90 % of the residuals lie; `None` with none.
    pub(crate) fn quantiles(&self) -> Option<Warp> {
        if self.n <= 0.0 {
            return None;
        }
        let (mut below, mut bin) = (0.0, 0);
        Some(Warp(P.map(|p| {
            let wanted = predictive(p as f32, self.n) * self.n;
            while bin + 1 < BINS && below + self.bins[bin] < wanted {
                below += self.bins[bin];
                bin += 1;
            }
            let inside = if self.bins[bin] > 0.0 { (wanted - below) / self.bins[bin] } else { 0.5 };
            let step = 2.0 * FAR / BINS as f32;
            f64::from((bin as f32 + inside.clamp(0.0, 1.0)) * step - FAR)
        })))
    }
}

/// The level to read among `n` residuals for one that the next falls below with probability `p`: of few,
/// the outermost are not yet seen (split conformal, Vovk et al. 2005: (n + 1)·p of n).
fn predictive(p: f32, n: f32) -> f32 {
    (0.5 + (p - 0.5) * (n + 1.0) / n).clamp(0.02, 0.98)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gamma::normal_quantile;

    fn normal(scale: f64, shift: f64) -> Residuals {
        let mut residuals = Residuals::default();
        for i in 0..1_000 {
            residuals.add(shift + scale * normal_quantile((f64::from(i) + 0.5) / 1_000.0), 0.2);
        }
        residuals
    }

    #[test]
    fn quantiles_of_a_known_spread_are_found_to_a_tenth() {
        let Warp(found) = normal(0.5, 1.0).quantiles().unwrap();
        for (found, expected) in found.iter().zip([0.359, 0.873, 1.0, 1.641]) {
            assert!((found - expected).abs() < 0.05, "{found} for {expected}");
        }
    }

    #[test]
    fn what_came_lately_weighs_more_than_what_came_long_ago() {
        let mut residuals = normal(1.0, 0.0);
        for _ in 0..10_000 {
            residuals.add(2.0, 0.2);
        }
        assert!(residuals.n <= 400.1);
        assert!((residuals.quantiles().unwrap().0[0] - 2.0).abs() < 0.3);
    }
}
