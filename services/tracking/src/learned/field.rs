//! Traffic as it is now: how far the road is from its learned pace, told by every vehicle of every route.
//!
//! One scalar filter per atom on the residual r = actual / expected - 1, which returns to 0 by itself: over
//! Δ seconds r ← r·a and P ← a²P + q(1 - a²), a = e^(-Δ/τ) (an Ornstein-Uhlenbeck process). A
//! measurement over m expected seconds has noise θ / m. How much residuals last from one vehicle to the
//! next says what q is: a quiet town trusts its history, one with jams what just happened. It lives for an
//! hour and is not saved. What always holds: with nothing seen lately the answer is 0.

use super::atoms::AtomIdx;
use gtfs::Timestamp;

/// How long traffic lasts, seconds (tracking.md §11, start).
const TAU_S: f64 = 25.0 * 60.0;
/// Variance of the field before anything is seen (start: half of §11's 0.04, which is that of jams).
const VARIANCE: f64 = 0.02;
/// Weight of that belief, pairs of vehicles.
const VARIANCE_PRIOR: f64 = 100.0;
/// The variance is not believed beyond these.
const VARIANCE_RANGE: (f64, f64) = (0.0, 0.25);
/// Residuals beyond these count as these.
const RESIDUAL_RANGE: (f64, f64) = (-0.7, 3.0);
/// After this many τ nothing is left.
const FORGOTTEN_TAU: f64 = 4.0;

/// One atom.
#[derive(Clone, Copy, Debug)]
struct Cell {
    t: Timestamp,
    residual: f32,
    variance: f32,
    /// What the last vehicle measured, unfiltered.
    measured: f32,
}

/// The filters of all atoms.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    cells: Vec<Option<Cell>>,
    /// Σ of products of successive measurements over what lasts between them, and their weight.
    lasting: (f64, f64),
}

impl Field {
    /// Nothing seen yet.
    pub(crate) fn new(atoms: usize) -> Self {
        Self { cells: vec![None; atoms], lasting: (VARIANCE * VARIANCE_PRIOR, VARIANCE_PRIOR) }
    }

    /// The residual expected on an atom `ahead_s` after `now`.
    pub(crate) fn at(&self, atom: AtomIdx, now: Timestamp, ahead_s: f64) -> f64 {
        let Some(cell) = &self.cells[atom.at()] else { return 0.0 };
        let age = (now.since_s(cell.t) + ahead_s).max(0.0) / TAU_S;
        if age > FORGOTTEN_TAU { 0.0 } else { f64::from(cell.residual) * libm::exp(-age) }
    }

    /// A vehicle took 1 + `residual` of what was expected of an atom; `noise` is the variance of that.
    pub(crate) fn measure(&mut self, atom: AtomIdx, t: Timestamp, residual: f64, noise: f64) {
        let measured = residual.clamp(RESIDUAL_RANGE.0, RESIDUAL_RANGE.1);
        let before = self.cells[atom.at()];
        let last = before.map_or(0.0, |cell| libm::exp(-t.since_s(cell.t).max(0.0) / TAU_S));
        if let Some(cell) = before {
            self.lasting.0 += last * measured * f64::from(cell.measured);
            self.lasting.1 += last * last;
        }
        let q = self.variance();
        let (prior, prior_variance) = before.map_or((0.0, q), |cell| {
            let kept = last * last;
            (f64::from(cell.residual) * last, kept * f64::from(cell.variance) + q * (1.0 - kept))
        });
        let gain = prior_variance / (prior_variance + noise).max(1e-9);
        self.cells[atom.at()] = Some(Cell {
            t,
            residual: (prior + gain * (measured - prior)) as f32,
            variance: ((1.0 - gain) * prior_variance) as f32,
            measured: measured as f32,
        });
    }

    /// Variance of the field: what two vehicles that follow each other have in common.
    fn variance(&self) -> f64 {
        (self.lasting.0 / self.lasting.1).clamp(VARIANCE_RANGE.0, VARIANCE_RANGE.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATOM: AtomIdx = AtomIdx(0);

    fn at(minute: i64) -> Timestamp {
        Timestamp(minute * 60_000_000)
    }

    #[test]
    fn a_jam_is_felt_by_those_who_come_after_and_passes() {
        let mut field = Field::new(1);
        assert_eq!(field.at(ATOM, at(0), 0.0), 0.0);
        for minute in 0..5 {
            field.measure(ATOM, at(2 * minute), 1.5, 0.2);
        }
        let soon = field.at(ATOM, at(9), 60.0);
        assert!((0.3..1.5).contains(&soon), "{soon}");
        assert!(field.at(ATOM, at(9), 1_200.0) < 0.5 * soon, "who comes later finds less of it");
        assert_eq!(field.at(ATOM, at(200), 0.0), 0.0);
    }

    #[test]
    fn where_vehicles_have_nothing_in_common_the_last_one_says_little() {
        let mut field = Field::new(1);
        for minute in 0..400 {
            field.measure(ATOM, at(5 * minute), if minute % 2 == 0 { 0.4 } else { -0.4 }, 0.2);
        }
        assert!(field.at(ATOM, at(1_995), 0.0).abs() < 0.01);
    }
}
