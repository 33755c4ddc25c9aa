//! Driving: how long from one place on the line to another?

use super::{Known, Moment};
use crate::run::Line;

/// Speed assumed where the timetable gives no time at all, metres per second.
const FASTEST_MPS: f64 = 18.0;

/// Adds the drive from the vehicle's place to call `to`.
pub(super) fn from_place(known: &Known<'_>, line: &Line<'_>, along_m: f32, to: usize) -> Moment {
    let aimed_s = f64::from(line.times[to].arrival_s) - line.aimed_s_at(along_m);
    let mean_s = aimed_s.max(f64::from(line.calls[to].along_m - along_m) / FASTEST_MPS).max(0.0);
    Moment { mean_s, var_s2: known.params.theta_s * mean_s }
}

/// Adds the drive from call `to - 1`, left at `left`, to call `to`.
pub(super) fn onward(known: &Known<'_>, line: &Line<'_>, left: Moment, to: usize) -> Moment {
    let travel_s = f64::from((line.times[to].arrival_s - line.times[to - 1].departure_s).max(0));
    Moment { mean_s: left.mean_s + travel_s, var_s2: left.var_s2 + known.params.theta_s * travel_s }
}
