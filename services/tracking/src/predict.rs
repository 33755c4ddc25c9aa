//! The prediction: when will a vehicle be at each stop it has ahead?
//!
//! One function, [`predict`], of what is known now; everything it returns is a mean and a variance
//! in seconds after the fix. Today it is the timetable plus the present delay, with layovers and
//! holding at time points absorbing it. It keeps nothing; what it is told was learned elsewhere. Whoever raises it
//! changes this file; matching, publishing and boards need not know.

use crate::gamma::Gamma;
use crate::holding::Compliance;
use crate::params::Params;
use crate::run::{Line, Run};
use crate::visit::Seen;
use gtfs::{Timestamp, Timetable};

/// Where a vehicle is on the first of its runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Present<'a> {
    /// When that was.
    pub(crate) t: Timestamp,
    /// Metres along the line; `None` while it is on its way to the first stop.
    pub(crate) along_m: Option<f32>,
    /// The next or present call.
    pub(crate) next: usize,
    /// What has been seen of the calls.
    pub(crate) seen: &'a [Seen],
    /// Whether vehicles of this route wait at time points.
    pub(crate) holding: Compliance,
}

/// One call ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Expected {
    /// Which run: 0 is the present one.
    pub(crate) run: usize,
    /// Position in its calls.
    pub(crate) call: u16,
    /// Time to arrival, after the fix.
    pub(crate) arrival: Gamma,
    /// Time to departure, after the fix.
    pub(crate) departure: Gamma,
    /// No departure earlier than this: terminals and time points.
    pub(crate) not_before: Option<Timestamp>,
}

/// A stop where the timetable stands longer than this has slack that a late vehicle uses, seconds.
const DWELL_NEEDED_S: f64 = 20.0;
/// A vehicle at a stop is expected to leave no sooner than this, seconds.
const LEAVING_S: f64 = 5.0;
/// Speed assumed on the way to the first stop, metres per second.
const FASTEST_MPS: f64 = 18.0;

/// The moment a vehicle leaves a call, seconds after the fix.
#[derive(Clone, Copy, Debug)]
struct Leaving {
    mean_s: f64,
    var_s2: f64,
}

/// Appends an [`Expected`] for every call ahead: all of the present run, and those of the next runs
/// of the block that begin within the horizon.
pub(crate) fn predict(
    timetable: &Timetable,
    runs: &[Run],
    present: &Present<'_>,
    params: &Params,
    ahead: &mut Vec<Expected>,
) {
    let Some((now, later)) = runs.split_first() else { return };
    let line = now.line(timetable);
    let to_start_s = now.origin.since_s(present.t);
    let mut arrived = present_run(&line, now, to_start_s, present, params, ahead);
    let mut ended_s = to_start_s + line.times.last().map_or(0.0, |time| f64::from(time.arrival_s));
    for (at, run) in later.iter().enumerate() {
        let to_start_s = run.origin.since_s(present.t);
        if to_start_s.min(arrived.mean_s) > params.ahead_s {
            return;
        }
        let line = run.line(timetable);
        let leaving = turn_round(arrived, ended_s, to_start_s, params);
        let first = Expected {
            run: at + 1,
            call: 0,
            arrival: Gamma {
                mean_s: arrived.mean_s.max(leaving.mean_s - params.recovery_s),
                var_s2: arrived.var_s2,
            },
            departure: gamma(leaving),
            not_before: Some(run.at(0.0)),
        };
        ahead.push(first);
        arrived = onward(&line, run, at + 1, 0, to_start_s, leaving, present.holding, params, ahead);
        ended_s = to_start_s + line.times.last().map_or(0.0, |time| f64::from(time.arrival_s));
    }
}

/// The run the vehicle is on; returns its arrival at the last call.
fn present_run(
    line: &Line<'_>,
    run: &Run,
    to_start_s: f64,
    present: &Present<'_>,
    params: &Params,
    ahead: &mut Vec<Expected>,
) -> Leaving {
    let next = present.next;
    let Some((call, time)) = line.calls.get(next).zip(line.times.get(next)) else {
        return Leaving { mean_s: 0.0, var_s2: 0.0 };
    };
    let seen = present.seen[next];
    let is_last = next + 1 == line.calls.len();
    let (aimed_arrival_s, aimed_departure_s) =
        (to_start_s + f64::from(time.arrival_s), to_start_s + f64::from(time.departure_s));
    let arrival = match present.along_m {
        _ if seen.arrived => Leaving { mean_s: 0.0, var_s2: 0.0 },
        Some(along_m) if next > 0 => {
            let aimed_s = f64::from(time.arrival_s) - line.aimed_s_at(along_m);
            let mean_s = aimed_s.max(f64::from(call.along_m - along_m) / FASTEST_MPS).max(0.0);
            Leaving { mean_s, var_s2: params.theta_s * mean_s }
        }
        // On its way to the first stop: there in time, or soon if it is late already.
        _ => {
            let mean_s = aimed_arrival_s.min(aimed_departure_s - params.layover_s_min).max(2.0 * LEAVING_S);
            Leaving { mean_s, var_s2: params.theta_s * mean_s.min(params.recovery_s) }
        }
    };
    if seen.arrived && is_last {
        return arrival;
    }
    let compliance = present.holding;
    let holds = next == 0 || (call.timepoint && compliance.holds());
    let leaving = if next == 0 {
        let mean_s = aimed_departure_s.max(arrival.mean_s) + params.terminal_late_s;
        Leaving { mean_s, var_s2: arrival.var_s2 + params.terminal_late_sd_s * params.terminal_late_sd_s }
    } else {
        let needed_s = if seen.arrived { LEAVING_S } else { dwell_s(line, next) };
        let free_s = arrival.mean_s + needed_s;
        let mean_s = if call.timepoint { compliance.leaves_s(free_s, aimed_departure_s) } else { free_s };
        Leaving { mean_s, var_s2: arrival.var_s2 }
    };
    ahead.push(Expected {
        run: 0,
        call: next as u16,
        arrival: gamma(arrival),
        departure: gamma(leaving),
        not_before: holds.then(|| run.at(f64::from(time.departure_s))),
    });
    onward(line, run, 0, next, to_start_s, leaving, present.holding, params, ahead)
}

/// From the departure at call `from` to the end of the run; returns the arrival there.
#[expect(
    clippy::too_many_arguments,
    reason = "the inputs of one recurrence; a struct would only rename them"
)]
fn onward(
    line: &Line<'_>,
    run: &Run,
    run_at: usize,
    from: usize,
    to_start_s: f64,
    leaving: Leaving,
    compliance: Compliance,
    params: &Params,
    ahead: &mut Vec<Expected>,
) -> Leaving {
    let (mut leaving, mut arrival) = (leaving, leaving);
    for at in from + 1..line.calls.len() {
        let travel_s = f64::from((line.times[at].arrival_s - line.times[at - 1].departure_s).max(0));
        arrival =
            Leaving { mean_s: leaving.mean_s + travel_s, var_s2: leaving.var_s2 + params.theta_s * travel_s };
        let timepoint = line.calls[at].timepoint;
        let aimed_s = to_start_s + f64::from(line.times[at].departure_s);
        let free_s = arrival.mean_s + dwell_s(line, at);
        leaving = Leaving {
            mean_s: if timepoint { compliance.leaves_s(free_s, aimed_s) } else { free_s },
            var_s2: arrival.var_s2,
        };
        ahead.push(Expected {
            run: run_at,
            call: at as u16,
            arrival: gamma(arrival),
            departure: gamma(leaving),
            not_before: (timepoint && compliance.holds())
                .then(|| run.at(f64::from(line.times[at].departure_s))),
        });
    }
    arrival
}

/// Time a vehicle needs at a call: what the timetable gives it, or less where that is slack.
fn dwell_s(line: &Line<'_>, at: usize) -> f64 {
    f64::from(line.times[at].departure_s - line.times[at].arrival_s).min(DWELL_NEEDED_S)
}

/// From the arrival at the end of one run to the departure of the next: the layover absorbs the
/// delay, the recovery does not shrink. A layover too short to be one passes the delay on.
fn turn_round(arrived: Leaving, aimed_end_s: f64, aimed_start_s: f64, params: &Params) -> Leaving {
    let layover_s = (aimed_start_s - aimed_end_s).max(0.0);
    let ready_s = arrived.mean_s + params.recovery_s.min(layover_s);
    if layover_s < params.layover_s_min {
        return Leaving { mean_s: ready_s.max(aimed_start_s), var_s2: arrived.var_s2 };
    }
    // Of the arrival's spread only the part that the layover can not absorb goes on.
    let sd_s = libm::sqrt(arrived.var_s2).max(1.0);
    let pressed = crate::gamma::normal_cdf((ready_s - aimed_start_s) / sd_s);
    let late_s2 = params.terminal_late_sd_s * params.terminal_late_sd_s;
    Leaving {
        mean_s: ready_s.max(aimed_start_s) + params.terminal_late_s,
        var_s2: arrived.var_s2 * pressed + late_s2,
    }
}

fn gamma(leaving: Leaving) -> Gamma {
    Gamma { mean_s: leaving.mean_s, var_s2: leaving.var_s2 }
}
