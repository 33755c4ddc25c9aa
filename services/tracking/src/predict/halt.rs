//! Halting: when does a vehicle leave a stop, a time point, a terminal?

use super::{Known, Moment};
use crate::learned::holding::Compliance;
use crate::run::Line;

/// A stop where the timetable stands longer than this has slack that a late vehicle uses, seconds.
const DWELL_NEEDED_S: f64 = 20.0;
/// A vehicle at a stop is expected to leave no sooner than this, seconds.
pub(super) const LEAVING_S: f64 = 5.0;

/// Leaving call `at`, whose aimed departure is `aimed_s` after the fix, after `needed_s` there.
pub(super) fn leaves(
    line: &Line<'_>,
    at: usize,
    arrival: Moment,
    needed_s: f64,
    aimed_s: f64,
    compliance: Compliance,
) -> Moment {
    let free_s = arrival.mean_s + needed_s;
    let mean_s = if line.calls[at].timepoint { compliance.leaves_s(free_s, aimed_s) } else { free_s };
    Moment { mean_s, var_s2: arrival.var_s2 }
}

/// Time a vehicle needs at a call: what the timetable gives it, or less where that is slack.
pub(crate) fn dwell_s(line: &Line<'_>, at: usize) -> f64 {
    f64::from(line.times[at].departure_s - line.times[at].arrival_s).min(DWELL_NEEDED_S)
}

/// Coming to the first stop of the present run: there in time, or soon if it is late already.
pub(super) fn comes_to_start(known: &Known<'_>, aimed_arrival_s: f64, aimed_departure_s: f64) -> Moment {
    let params = known.params;
    let mean_s = aimed_arrival_s.min(aimed_departure_s - params.layover_s_min).max(2.0 * LEAVING_S);
    Moment { mean_s, var_s2: params.theta_s * mean_s.min(params.recovery_s) }
}

/// Leaving the first stop of the present run.
pub(super) fn starts(known: &Known<'_>, arrival: Moment, aimed_departure_s: f64) -> Moment {
    let params = known.params;
    let mean_s = aimed_departure_s.max(arrival.mean_s) + params.terminal_late_s;
    Moment { mean_s, var_s2: arrival.var_s2 + params.terminal_late_sd_s * params.terminal_late_sd_s }
}

/// From the arrival at the end of one run to the departure of the next: the layover absorbs the
/// delay, the recovery does not shrink. A layover too short to be one passes the delay on.
pub(super) fn turns_round(
    known: &Known<'_>,
    arrived: Moment,
    aimed_end_s: f64,
    aimed_start_s: f64,
) -> Moment {
    let params = known.params;
    let layover_s = (aimed_start_s - aimed_end_s).max(0.0);
    let ready_s = arrived.mean_s + params.recovery_s.min(layover_s);
    if layover_s < params.layover_s_min {
        return Moment { mean_s: ready_s.max(aimed_start_s), var_s2: arrived.var_s2 };
    }
    // Of the arrival's spread only the part that the layover can not absorb goes on.
    let sd_s = libm::sqrt(arrived.var_s2).max(1.0);
    let pressed = crate::gamma::normal_cdf((ready_s - aimed_start_s) / sd_s);
    let late_s2 = params.terminal_late_sd_s * params.terminal_late_sd_s;
    Moment {
        mean_s: ready_s.max(aimed_start_s) + params.terminal_late_s,
        var_s2: arrived.var_s2 * pressed + late_s2,
    }
}
