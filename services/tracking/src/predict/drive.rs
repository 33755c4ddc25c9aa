//! Driving: how long from one place on the line to another?

use super::{Known, Moment};
use crate::run::Line;

/// Adds the drive from the vehicle's place to call `to`.
pub(super) fn from_place(known: &Known<'_>, line: &Line<'_>, along_m: f32, to: usize) -> Moment {
    known.learned.pace.rest(line, along_m, to)
}

/// Adds the drive from call `to - 1`, left at `left`, to call `to`.
pub(super) fn onward(known: &Known<'_>, line: &Line<'_>, left: Moment, to: usize) -> Moment {
    let drive = known.learned.pace.leg_in(line, to, left.mean_s);
    Moment { mean_s: left.mean_s + drive.mean_s, var_s2: left.var_s2 + drive.var_s2 }
}
