//! One cell of the score: a kind of situation and a horizon, with every figure of it.

use super::Kind;
use super::tally::{BENCHMARK_BANDS_S, HORIZONS_S, horizon_of, mean, share};

/// What is collected of a cell: the errors themselves, because medians need them.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    errors_s: Vec<f32>,
    missing: u64,
    intervals: u64,
    inside: u64,
    came_by: [u64; 3],
    pinball_s: [f64; 3],
}

/// The probabilities of the quantiles that predictions carry.
pub(super) const QUANTILES: [f64; 3] = [0.1, 0.5, 0.9];

impl Cell {
    /// Adds an error, actual less predicted.
    pub(super) fn add(&mut self, error_s: f64) {
        self.errors_s.push(error_s as f32);
    }

    /// Adds a moment at which nothing stood.
    pub(super) fn miss(&mut self) {
        self.missing += 1;
    }

    /// Adds the errors of the three quantiles, actual less quantile.
    pub(super) fn add_quantiles(&mut self, errors_s: [f64; 3]) {
        self.intervals += 1;
        self.inside += u64::from(errors_s[0] >= 0.0 && errors_s[2] <= 0.0);
        for (came_by, error_s) in self.came_by.iter_mut().zip(errors_s) {
            *came_by += u64::from(error_s <= 0.0);
        }
        for ((sum_s, error_s), p) in self.pinball_s.iter_mut().zip(errors_s).zip(QUANTILES) {
            *sum_s += if error_s >= 0.0 { p * error_s } else { (p - 1.0) * error_s };
        }
    }

    /// The figures.
    pub(super) fn figures(mut self, kind: Kind, horizon: usize) -> CellFigures {
        let n = self.errors_s.len() as u64;
        let sum = |of: &dyn Fn(f64) -> f64| self.errors_s.iter().map(|e| of(f64::from(*e))).sum::<f64>();
        let mae_s = mean(sum(&f64::abs), n);
        let bias_s = mean(sum(&|e| e), n);
        let rmse_s = mean(sum(&|e| e * e), n).map(libm::sqrt);
        let right = BENCHMARK_BANDS_S.get(horizon).and_then(|(early_s, late_s)| {
            let band = -early_s..=*late_s;
            share(self.errors_s.iter().filter(|e| band.contains(&f64::from(**e))).count() as u64, n)
        });
        self.errors_s.sort_by(f32::total_cmp);
        let signed = |p| quantile(&self.errors_s, p);
        let (median_s, p10_s, p90_s) = (signed(0.5), signed(0.1), signed(0.9));
        let mut sizes: Vec<f32> = self.errors_s.iter().map(|e| e.abs()).collect();
        sizes.sort_by(f32::total_cmp);
        CellFigures {
            kind,
            horizon,
            n,
            missing: self.missing,
            mae_s,
            median_abs_s: quantile(&sizes, 0.5),
            median_s,
            bias_s,
            rmse_s,
            p10_s,
            p90_s,
            right,
            inside: share(self.inside, self.intervals),
            came_by: (self.intervals > 0).then(|| self.came_by.map(|n| n as f64 / self.intervals as f64)),
            pinball_s: (self.intervals > 0).then(|| self.pinball_s.map(|sum| sum / self.intervals as f64)),
        }
    }
}

/// The figures of one cell. `None` where nothing was told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellFigures {
    /// The situation.
    pub kind: Kind,
    /// Which of [`HORIZONS_S`], by time to the actual arrival.
    pub horizon: usize,
    /// Errors.
    pub n: u64,
    /// Moments at which nothing stood.
    pub missing: u64,
    /// Mean of |e|, seconds.
    pub mae_s: Option<f64>,
    /// Median of |e|, seconds.
    pub median_abs_s: Option<f64>,
    /// Median of e, seconds.
    pub median_s: Option<f64>,
    /// Mean of e, seconds.
    pub bias_s: Option<f64>,
    /// Root of the mean of e², seconds.
    pub rmse_s: Option<f64>,
    /// 10 % of errors are below, seconds.
    pub p10_s: Option<f64>,
    /// 10 % of errors are above, seconds.
    pub p90_s: Option<f64>,
    /// Share right by the ETA Accuracy Benchmark; `None` beyond its four horizons.
    pub right: Option<f64>,
    /// Share of arrivals between p10 and p90 as told; 0.8 is wanted.
    pub inside: Option<f64>,
    /// Shares of arrivals by the told p10, p50 and p90; 0.1, 0.5 and 0.9 are wanted.
    pub came_by: Option<[f64; 3]>,
    /// Mean pinball loss of p10, p50 and p90, seconds.
    pub pinball_s: Option<[f64; 3]>,
}

/// The value below which a share `p` of sorted values lies, between neighbours in proportion.
pub(super) fn quantile(sorted: &[f32], p: f64) -> Option<f64> {
    let place = p * sorted.len().checked_sub(1)? as f64;
    let below = place as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let (low, high) = (f64::from(sorted[below]), f64::from(sorted[above]));
    Some(low + (high - low) * (place - below as f64))
}

/// Cells by kind and horizon.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    cells: std::collections::BTreeMap<(Kind, usize), Cell>,
}

impl Cells {
    /// The cell of a moment `to_go_s` before the arrival.
    pub(super) fn at(&mut self, kind: Kind, to_go_s: f64) -> &mut Cell {
        self.cells.entry((kind, horizon_of(to_go_s, &HORIZONS_S))).or_default()
    }

    /// All that hold anything, by kind, then horizon.
    pub(super) fn figures(self) -> Vec<CellFigures> {
        self.cells.into_iter().map(|((kind, horizon), cell)| cell.figures(kind, horizon)).collect()
    }
}
