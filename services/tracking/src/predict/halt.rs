//! Halting: when does a vehicle leave a stop, a time point, a terminal?

use super::{Known, Moment};
use crate::learned::dwell::LEG_SHARE_MAX;
use crate::learned::holding::Compliance;
use crate::learned::terminal::{Habit, SPARE_S};
use crate::run::Line;

/// A stop where the timetable stands longer than this has slack that a late vehicle uses, seconds.
const DWELL_NEEDED_S: f64 = 20.0;
/// A smaller share of vehicles that wait is none.
const SHARE_MIN: f64 = 0.02;
/// Later than the aimed time by this many standard deviations nobody waits.
const CERTAIN_SD: f64 = 3.0;
/// Speed between stops where a timetable in whole minutes gives a leg no time, metres per second.
const DRIVING_MPS: f64 = 8.0;
/// A standing that has lasted as long as expected goes on for this share of it (start).
const STILL_SHARE: f64 = 0.3;
/// A vehicle at a stop is expected to leave no sooner than this, seconds.
pub(super) const LEAVING_S: f64 = 5.0;

/// Leaving a call on the way, whose aimed departure is `aimed_s` after the fix, after `needed_s`
/// there. Of the early ones a share waits for the aimed time, which takes the spread out of them.
pub(super) fn leaves(arrival: Moment, needed_s: f64, aimed_s: f64, compliance: Compliance) -> Moment {
    let free = Moment { mean_s: arrival.mean_s + needed_s, ..arrival };
    let share = compliance.share();
    if share < SHARE_MIN || aimed_s - free.mean_s < -CERTAIN_SD * libm::sqrt(free.var_s2) {
        return free;
    }
    let held = later(Moment { mean_s: aimed_s, var_s2: 0.0 }, free);
    let apart_s = held.mean_s - free.mean_s;
    Moment {
        mean_s: free.mean_s + compliance.middle() * apart_s,
        var_s2: (1.0 - share) * free.var_s2 + share * held.var_s2 + share * (1.0 - share) * apart_s * apart_s,
    }
}

/// Time a vehicle needs at a call: what the timetable gives it, or less where that is slack.
pub(crate) fn dwell_s(line: &Line<'_>, at: usize) -> f64 {
    f64::from(line.times[at].departure_s - line.times[at].arrival_s).min(DWELL_NEEDED_S)
}

/// Standing of `dwell_s` beyond what the timetable gives call `at`, seconds; only a part of its leg.
pub(crate) fn folded_s(line: &Line<'_>, at: usize, dwell_s: f64) -> f64 {
    let aimed_s = f64::from(line.times[at + 1].arrival_s - line.times[at].departure_s);
    let driven_s = f64::from(line.calls[at + 1].along_m - line.calls[at].along_m) / DRIVING_MPS;
    let given_s = f64::from(line.times[at].departure_s - line.times[at].arrival_s);
    (dwell_s - given_s).clamp(0.0, LEG_SHARE_MAX * aimed_s.max(driven_s).max(0.0))
}

/// What is left of a standing of `needed_s` after `stood_s`: as if it were over at any time, once it
/// should be.
pub(super) fn still_s(needed_s: f64, stood_s: f64) -> f64 {
    (needed_s - stood_s).max(STILL_SHARE * needed_s).max(LEAVING_S)
}

/// Coming to the first stop of the present run: there in time, or soon if it is late already.
pub(super) fn comes_to_start(known: &Known<'_>, aimed_arrival_s: f64, aimed_departure_s: f64) -> Moment {
    let params = known.params;
    let mean_s = aimed_arrival_s.min(aimed_departure_s - params.layover_s_min).max(2.0 * LEAVING_S);
    Moment { mean_s, var_s2: params.theta_s * mean_s.min(params.recovery_s) }
}

/// Leaving the first stop of the present run, aimed at `aimed_s` after the fix. A vehicle that is
/// there came at `came_s` (not after the fix), when that is known; else it comes at `arrival`.
///
/// The later of two: as late as vehicles leave here, and as long after coming as a turn takes; both
/// given that it has not happened yet.
pub(super) fn starts(
    habit: &Habit,
    is_there: bool,
    came_s: Option<f64>,
    arrival: Moment,
    aimed_s: f64,
) -> Moment {
    let so_far_s = if is_there { -aimed_s } else { f64::MIN };
    let (late_s, late_sd_s) = habit.late(so_far_s);
    let by_timetable = Moment { mean_s: aimed_s + late_s, var_s2: late_sd_s * late_sd_s };
    let leaving = match came_s {
        Some(came_s) if aimed_s - came_s < SPARE_S => {
            let (turn_s, turn_sd_s) = habit.recovery(-came_s);
            later(by_timetable, Moment { mean_s: came_s + turn_s, var_s2: turn_sd_s * turn_sd_s })
        }
        _ if is_there => by_timetable,
        _ => later(by_timetable, after(arrival, habit.recovery(0.0))),
    };
    Moment { mean_s: leaving.mean_s.max(LEAVING_S), ..leaving }
}

/// From the arrival at the end of one run to the departure of the next: the layover absorbs the
/// delay, the recovery does not shrink. A layover too short to be one passes the delay on.
pub(super) fn turns_round(
    known: &Known<'_>,
    habit: &Habit,
    arrived: Moment,
    aimed_end_s: f64,
    aimed_start_s: f64,
) -> Moment {
    let layover_s = (aimed_start_s - aimed_end_s).max(0.0);
    let (turn_s, turn_sd_s) = habit.recovery(0.0);
    if layover_s < known.params.layover_s_min {
        let ready_s = arrived.mean_s + turn_s.min(layover_s);
        return Moment { mean_s: ready_s.max(aimed_start_s), var_s2: arrived.var_s2 };
    }
    let (late_s, late_sd_s) = habit.late(f64::MIN);
    let by_timetable = Moment { mean_s: aimed_start_s + late_s, var_s2: late_sd_s * late_sd_s };
    later(by_timetable, after(arrived, (turn_s, turn_sd_s)))
}

fn after(arrived: Moment, (wait_s, sd_s): (f64, f64)) -> Moment {
    Moment { mean_s: arrived.mean_s + wait_s, var_s2: arrived.var_s2 + sd_s * sd_s }
}

/// The later of two independent moments, as if normal (Clark, The greatest of a finite set of random
/// variables, Operations Research 9, 1961).
fn later(a: Moment, b: Moment) -> Moment {
    let apart_s = libm::sqrt(a.var_s2 + b.var_s2).max(1.0);
    let z = (a.mean_s - b.mean_s) / apart_s;
    let (first, second) = (crate::gamma::normal_cdf(z), crate::gamma::normal_cdf(-z));
    let density = libm::exp(-0.5 * z * z) / libm::sqrt(2.0 * std::f64::consts::PI);
    let mean_s = a.mean_s * first + b.mean_s * second + apart_s * density;
    let square = (a.mean_s * a.mean_s + a.var_s2) * first
        + (b.mean_s * b.mean_s + b.var_s2) * second
        + (a.mean_s + b.mean_s) * apart_s * density;
    Moment { mean_s, var_s2: (square - mean_s * mean_s).max(0.0) }
}
