//! How sure predictions may be of themselves: quantiles from what came of earlier predictions.
//!
//! Conformal (Vovk, Gammerman & Shafer 2005; online, Gibbs & Candès 2021): each prediction is followed until its
//! call is reached, and where the arrival fell in what was predicted corrects the quantiles told
//! next. By the situation of the vehicle and the time still to go; what little is known of a cell is
//! filled up from all of them, and that from a prior. It follows a predictor that gets better or
//! worse by itself and knows nothing of how means and variances came about.
//! What always holds: quantiles rise with their level; nothing observed means the prior.

mod residuals;
mod saved;

use crate::gamma::{Warp, Z};
use gtfs::timetable::Mode;
use residuals::Residuals;

/// The situation of a vehicle on its way to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Under way on the trip.
    MidTrip,
    /// At or before its first stop.
    Terminal,
    /// On an earlier trip of its block.
    NextTrip,
    /// A ferry, wherever it is.
    Ferry,
}

impl Phase {
    /// Of a run: the vehicle's present one is 0, its next call `next`.
    pub(crate) fn of(mode: Mode, run: usize, next: usize) -> Self {
        match (mode, run, next) {
            (Mode::Ferry, ..) => Self::Ferry,
            (_, 0, 0) => Self::Terminal,
            (_, 0, _) => Self::MidTrip,
            _ => Self::NextTrip,
        }
    }
}

/// How many phases there are.
const PHASES: usize = 4;
/// Upper ends of the horizons, seconds still to go as predicted (tracking design, 16).
const HORIZONS_S: [f64; 5] = [180.0, 360.0, 600.0, 900.0, 1_800.0];
/// Where the quantiles of a horizon hold; between two they are interpolated.
const CENTRES_S: [f64; 5] = [90.0, 270.0, 480.0, 750.0, 1_350.0];
/// Weight of the prior against all that was seen, trips (start).
const PRIOR_TRIPS: f64 = 8.0;
/// Weight of what was seen anywhere against what was seen in the cell, trips (start): at the
/// design's 200 trips a cell speaks for itself to 90 %.
const PARENT_TRIPS: f64 = 20.0;

/// Everything learned about the spread of residuals.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calibration {
    all: Residuals,
    cells: [[Residuals; HORIZONS_S.len()]; PHASES],
    /// What follows from them, as last renewed.
    curves: [Curve; PHASES],
}

/// Where an arrival fell, and in what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fell {
    pub(crate) phase: Phase,
    /// Seconds still to go, as predicted.
    pub(crate) to_go_s: f64,
    /// The standard normal deviate of the arrival in its predicted distribution.
    pub(crate) residual: f64,
    /// Seconds between this call and the one before.
    pub(crate) gap_s: f64,
    /// Seconds between two samples of the call.
    pub(crate) every_s: f64,
}

impl Fell {
    fn horizon(&self) -> usize {
        HORIZONS_S.iter().position(|end| self.to_go_s < *end).unwrap_or(HORIZONS_S.len() - 1)
    }

    /// What part of an independent observation it is. Predictions of one bus for neighbouring calls
    /// share most of the road, those of one call made within its horizon nearly all.
    fn weight(&self) -> f64 {
        let horizon = self.horizon();
        let from_s = horizon.checked_sub(1).map_or(0.0, |before| HORIZONS_S[before]);
        let of_call = self.every_s / (HORIZONS_S[horizon] - from_s);
        of_call.min(1.0) * (self.gap_s / CENTRES_S[horizon]).min(1.0)
    }
}

impl Calibration {
    /// An arrival fell somewhere in what was predicted.
    pub(crate) fn learn(&mut self, fell: &Fell) {
        let weight = fell.weight();
        self.all.add(fell.residual, weight);
        self.cells[fell.phase as usize][fell.horizon()].add(fell.residual, weight);
    }

    /// Lets predictions be read by what was learned since: done once a minute and not at every
    /// arrival, or no two predictions would be told alike.
    pub(crate) fn renew(&mut self) {
        let all = self.all.quantiles_over(Warp(Z), PRIOR_TRIPS);
        for (curve, cells) in self.curves.iter_mut().zip(&self.cells) {
            *curve = Curve(std::array::from_fn(|at| cells[at].quantiles_over(all, PARENT_TRIPS)));
        }
    }

    /// How to read predictions made in a phase.
    pub(crate) fn curve(&self, phase: Phase) -> Curve {
        self.curves[phase as usize]
    }
}

/// Quantiles by the time still to go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Curve([Warp; CENTRES_S.len()]);

impl Default for Curve {
    fn default() -> Self {
        Self([Warp(Z); CENTRES_S.len()])
    }
}

impl Curve {
    /// The quantiles of a prediction that far ahead, seconds.
    pub(crate) fn at(&self, to_go_s: f64) -> Warp {
        let after = CENTRES_S.partition_point(|centre| *centre <= to_go_s);
        let (Some(before), Some(next)) = (after.checked_sub(1), CENTRES_S.get(after)) else {
            return self.0[after.min(CENTRES_S.len() - 1)];
        };
        let from_s = CENTRES_S[before];
        self.0[before].toward(self.0[after], (to_go_s - from_s) / (next - from_s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gamma::normal_quantile;

    /// Residuals spread `scale` times as wide as predicted, at one horizon.
    fn learned(scale: f64, to_go_s: f64, trips: u32) -> Calibration {
        let mut calibration = Calibration::default();
        for i in 0..trips * 5 {
            let residual = scale * normal_quantile((f64::from(i * 37 % 101) + 0.5) / 101.0);
            calibration.learn(&Fell {
                phase: Phase::MidTrip,
                to_go_s,
                residual,
                gap_s: 480.0,
                every_s: 48.0,
            });
        }
        calibration.renew();
        calibration
    }

    #[test]
    fn with_nothing_seen_predictions_are_read_as_they_stand() {
        assert_eq!(Calibration::default().curve(Phase::Terminal).at(700.0), Warp(Z));
    }

    #[test]
    fn predictions_that_turn_out_surer_than_they_said_are_told_narrower() {
        let Warp(told) = learned(0.5, 480.0, 200).curve(Phase::MidTrip).at(480.0);
        assert!((told[3] - 0.5 * Z[3]).abs() < 0.15 && (told[0] - 0.5 * Z[0]).abs() < 0.15, "{told:?}");
        assert!(told.is_sorted());
    }

    #[test]
    fn a_few_trips_move_a_quantile_only_a_little_and_another_phase_less() {
        let calibration = learned(0.5, 480.0, 4);
        let narrow = |phase| calibration.curve(phase).at(480.0).0[3];
        assert!(narrow(Phase::MidTrip) > 0.6 * Z[3] && narrow(Phase::MidTrip) < 0.95 * Z[3]);
        assert!(narrow(Phase::Ferry) > narrow(Phase::MidTrip) && narrow(Phase::Ferry) < Z[3]);
    }

    #[test]
    fn between_two_horizons_quantiles_change_smoothly() {
        let curve = learned(0.5, 480.0, 200).curve(Phase::MidTrip);
        let steps = (0..1_800).map(|s| (curve.at(f64::from(s + 1)).0[3] - curve.at(f64::from(s)).0[3]).abs());
        assert!(steps.fold(0.0, f64::max) < 0.005);
    }

    #[test]
    fn a_bus_whose_calls_are_near_each_other_counts_once_not_once_a_call() {
        let fell =
            Fell { phase: Phase::MidTrip, to_go_s: 1_000.0, residual: 0.0, gap_s: 60.0, every_s: 180.0 };
        // A whole half hour of road: 22 calls a minute apart, five samples each.
        let weight = 22.0 * 5.0 * fell.weight();
        assert!((0.7..1.3).contains(&weight), "{weight}");
    }
}
