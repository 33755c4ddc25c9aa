//! Driving: how long from one place on the line to another?

use super::{Known, Moment};
use crate::run::Line;

/// Adds the drive from the vehicle's place to call `to`.
pub(super) fn from_place(known: &Known<'_>, line: &Line<'_>, along_m: f32, to: usize) -> Moment {
    let mean_s = known.learned.pace.rest_s(line, along_m, to);
    Moment { mean_s, var_s2: known.params.theta_s * mean_s }
}

/// Adds the drive from call `to - 1`, left at `left`, to call `to`.
pub(super) fn onward(known: &Known<'_>, line: &Line<'_>, left: Moment, to: usize) -> Moment {
    let travel_s = known.learned.pace.leg_s(line, to);
    Moment { mean_s: left.mean_s + travel_s, var_s2: left.var_s2 + known.params.theta_s * travel_s }
}
