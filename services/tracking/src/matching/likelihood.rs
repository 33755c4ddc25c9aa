//! How well one fix fits one place on the line: natural logarithms, each up to a constant that is
//! the same for every place.

use crate::gamma::{Gamma, ln_student};
use crate::run::Line;

/// Degrees of freedom of the offset from the line: heavy tails, because shapes are wrong too.
const OFFSET_NU: f64 = 4.0;
/// Concentration of the heading at speed (von Mises κ).
const HEADING_KAPPA: f32 = 8.0;
/// Speed at which the heading is fully believed, metres per second.
const HEADING_FULL_MPS: f32 = 3.0;
/// Speed below which it says nothing, metres per second (R12).
const HEADING_MPS_MIN: f32 = 1.5;
/// Speed taken for a fix that reports a heading and no speed, metres per second.
const HEADING_MPS_UNKNOWN: f32 = 3.0;
/// Nothing is less likely than this: one wild fix must not decide for ever.
const PROGRESS_LN_MIN: f64 = -9.0;
/// How likely a vehicle at no known pace is within the tolerance of one place: some 30 m of the some 600 m
/// that it can go in half a minute (start).
const ANYWHERE: f64 = 0.05;
/// A distance is never covered faster than this on average, metres per second: timetables in whole
/// minutes put several stops at the same time.
const TIMETABLE_MPS_MAX: f64 = 18.0;

/// A fix this far from the line.
pub(super) fn ln_offset(offset_m: f32, sigma_m: f32) -> f64 {
    ln_student(f64::from(offset_m / sigma_m), OFFSET_NU)
}

/// A fix heading this way, where the line goes that way (both unit vectors, east and north).
pub(super) fn ln_heading(
    heading: Option<[f32; 2]>,
    speed_mps: Option<f32>,
    direction: Option<[f32; 2]>,
) -> f64 {
    let (Some(heading), Some(direction)) = (heading, direction) else { return 0.0 };
    let speed_mps = speed_mps.unwrap_or(HEADING_MPS_UNKNOWN);
    if speed_mps < HEADING_MPS_MIN {
        return 0.0;
    }
    let kappa = HEADING_KAPPA * (speed_mps / HEADING_FULL_MPS).min(1.0);
    let cosine = heading[0] * direction[0] + heading[1] * direction[1];
    f64::from(kappa * (cosine - 1.0))
}

/// Having come from `from_m` to `to_m` in `elapsed_s`: the probability that the gamma travel time of
/// the distance less a tolerance has passed, and that of the distance plus it has not. Standing
/// still and racing ahead need no rule of their own. A share `any_pace` of intervals is driven at no
/// pace that the timetable knows.
pub(super) fn ln_progress(
    line: &Line<'_>,
    (from_m, to_m): (f32, f32),
    elapsed_s: f64,
    sigma_m: f32,
    theta_s: f64,
    any_pace: f64,
) -> f64 {
    let tolerance_m = sigma_m.max(10.0);
    let backward = f64::from((from_m - to_m).max(0.0) / sigma_m);
    let to_m = to_m.max(from_m);
    let reached = |far_m: f32| {
        if far_m <= from_m {
            return 1.0;
        }
        let aimed_s = line.aimed_s_at(far_m) - line.aimed_s_at(from_m);
        let mean_s = aimed_s.max(f64::from(far_m - from_m) / TIMETABLE_MPS_MAX);
        Gamma { mean_s, var_s2: theta_s * mean_s }.cdf(elapsed_s)
    };
    let aimed = reached(to_m - tolerance_m) - reached(to_m + tolerance_m);
    let share = aimed.max(0.0) * (1.0 - any_pace) + ANYWHERE * any_pace;
    libm::log(share.max(1e-9)).max(PROGRESS_LN_MIN) - 0.5 * backward * backward
}
