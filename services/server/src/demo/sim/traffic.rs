//! What is random about a run: traffic, stops where nobody waits, doors, red lights, riders.
//!
//! Segment times are gamma distributed with variance proportional to the mean, dwell is a hurdle
//! (someone waits or not) with a gamma tail; both as in the tracking design, so the predictor meets
//! the kind of noise it was made for. The simulated town is kinder than a real one.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, Gamma};

/// Variance of a segment time divided by its mean, seconds.
const SEGMENT_DISPERSION_S: f64 = 9.0;
/// Chance that somebody gets on or off at a stop in town.
const STOP_CHANCE: f64 = 0.72;
/// Doors open and close in this time, seconds.
const DOORS_S: f64 = 7.0;
/// Mean of the boarding time beyond that, seconds.
const BOARDING_S_MEAN: f64 = 11.0;
/// A ferry ties up and casts off in this time, seconds.
const MOORING_S: f64 = 35.0;
/// Chance that a slow stretch was slow because of one red light.
const RED_LIGHT_CHANCE: f64 = 0.6;
/// Shape of the skewed distributions: 2 has a long tail, and no mass at zero.
const SKEWED_SHAPE: f64 = 2.0;

/// Everything random about one vehicle's day, in the order of its day.
#[derive(Debug)]
pub(super) struct Traffic(StdRng);

/// A dwell: whether the vehicle stops, for how long, how many get on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Dwell {
    /// 0 when it rolls on.
    pub(super) stand_s: f64,
    /// Riders who get on.
    pub(super) boarding: u16,
}

impl Traffic {
    /// The traffic of one vehicle on one day.
    #[must_use]
    pub(super) fn of(seed: u64, vehicle: &str, day: &str) -> Self {
        Self(StdRng::seed_from_u64(mix(seed, &format!("{vehicle}/{day}"))))
    }

    /// A segment time with this mean, never below `fastest_s`.
    pub(super) fn segment_s(&mut self, mean_s: f64, fastest_s: f64) -> f64 {
        self.gamma(mean_s.max(1.0) / SEGMENT_DISPERSION_S, SEGMENT_DISPERSION_S).max(fastest_s)
    }

    /// How late a vehicle leaves the depot, seconds.
    pub(super) fn pull_out_s(&mut self) -> f64 {
        if self.0.random_bool(0.2) { self.skewed(150.0) } else { self.skewed(30.0) }
    }

    /// What happens at a stop; `busy` scales riders with the hour.
    pub(super) fn dwell(&mut self, ferry: bool, must_stop: bool, busy: f64) -> Dwell {
        if ferry {
            let boarding = self.riders(6.0 * busy);
            return Dwell { stand_s: MOORING_S + f64::from(boarding) * 2.0, boarding };
        }
        if !must_stop && !self.0.random_bool(STOP_CHANCE) {
            return Dwell { stand_s: 0.0, boarding: 0 };
        }
        let boarding = self.riders(2.2 * busy);
        Dwell { stand_s: DOORS_S + self.skewed(BOARDING_S_MEAN), boarding }
    }

    /// Of `on_board` riders, how many get off when each does with `chance`.
    pub(super) fn alighting(&mut self, on_board: u16, chance: f64) -> u16 {
        (0..on_board).map(|_| u16::from(self.0.random_bool(chance.clamp(0.0, 1.0)))).sum()
    }

    /// How much of `excess_s` was spent at a red light.
    pub(super) fn red_light_s(&mut self, excess_s: f64) -> f64 {
        if excess_s > 12.0 && self.0.random_bool(RED_LIGHT_CHANCE) { excess_s * 0.8 } else { 0.0 }
    }

    /// State of charge at the start of the day, percent.
    pub(super) fn morning_soc_pct(&mut self) -> f64 {
        self.0.random_range(86.0..99.0)
    }

    fn riders(&mut self, mean: f64) -> u16 {
        self.skewed(mean.max(0.1)).round().min(40.0) as u16
    }

    fn skewed(&mut self, mean: f64) -> f64 {
        self.gamma(SKEWED_SHAPE, mean / SKEWED_SHAPE)
    }

    fn gamma(&mut self, shape: f64, scale: f64) -> f64 {
        Gamma::new(shape, scale).map_or(shape * scale, |gamma| gamma.sample(&mut self.0))
    }
}

/// How many riders wait, against a quiet hour: morning and evening peaks.
#[must_use]
pub(super) fn busy(time_s: f64) -> f64 {
    let hill = |centre_h: f64, width_h: f64| {
        let x = (time_s / 3600.0 - centre_h) / width_h;
        (-x * x).exp()
    };
    0.6 + 1.2 * hill(7.5, 1.0) + 1.0 * hill(17.0, 1.3)
}

/// FNV-1a of a seed and a text: the same everywhere, unlike a hasher of the standard library.
#[must_use]
pub(super) fn mix(seed: u64, text: &str) -> u64 {
    seed.to_le_bytes()
        .iter()
        .chain(text.as_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}
