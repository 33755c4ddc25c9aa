//! What of the time from one arrival to the next was driving?
//!
//! The rule shared with halting: pace has the time from arrival to arrival with the ordinary dwell in
//! it; waiting for the aimed departure, the first link of a trip, and what a timetable itself stands at a
//! stop are halting's. What always holds: a link on which a vehicle waited off the line teaches nothing.

use super::holding::Wait;
use crate::params::Params;
use crate::predict::halt;
use crate::run::{Line, Run};
use crate::visit::Seen;
use gtfs::Timetable;

/// A vehicle that came this much before its aimed departure may have waited for it anywhere on the
/// link, seconds (start),
const EARLY_S: f64 = 120.0;
/// and did when the link took longer than aimed by more than this share of it.
const WAITED_SHARE: f64 = 0.5;

/// A visit between fixes further apart than twice this says nothing of standing, seconds.
const PLUS_MINUS_S_MAX: f32 = 20.0;

/// What a vehicle that came early to call `to - 1` waited there or on the way to call `to`, where it
/// drives `drive_s`: the time it took beyond that and the ordinary dwell, which may be less than none.
pub(super) fn wait(line: &Line<'_>, run: &Run, to: usize, seen: &[Seen], drive_s: f64) -> Option<Wait> {
    let before = to.checked_sub(1).filter(|before| *before > 0)?;
    let (came, reached) = (seen[before].arrival?, seen[to].arrival?);
    let early_s = run.at(f64::from(line.times[before].departure_s)).since_s(came);
    let waited_s = reached.since_s(came) - halt::dwell_s(line, before) - drive_s;
    Some(Wait { early_s, waited_s })
}

/// How long a vehicle stood at call `to - 1`: from arrival to departure, less the way across the zone
/// at the pace of the leg that takes `leg_s`.
pub(super) fn stood_s(line: &Line<'_>, to: usize, seen: &[Seen], leg_s: f64) -> Option<f64> {
    let before = to.checked_sub(1).filter(|before| *before > 0)?;
    let visit = &seen[before];
    let (came, left) = (visit.arrival?, visit.departure?);
    if visit.plus_minus_s > PLUS_MINUS_S_MAX {
        return None;
    }
    let length_m = f64::from(line.calls[to].along_m - line.calls[before].along_m).max(1.0);
    let across_m = 2.0 * f64::from(line.zone_m(before, Params::default().zone_m(line.mode)));
    Some(left.since_s(came) - leg_s * (across_m / length_m).min(0.5))
}

/// Seconds of driving from call `to - 1` to call `to`; `None` when that can not be told.
pub(super) fn driving_s(timetable: &Timetable, run: &Run, to: usize, seen: &[Seen]) -> Option<f64> {
    let before = to.checked_sub(1).filter(|before| *before > 0)?;
    let came = seen[before].arrival?;
    let reached = seen[to].arrival?;
    let line = run.line(timetable);
    let times = (line.times[before], line.times[to]);
    let aimed = run.at(f64::from(times.0.departure_s));
    let early_s = aimed.since_s(came);
    let ready = came.plus_s(halt::dwell_s(&line, before));
    let aimed_s = f64::from(times.1.arrival_s - times.0.departure_s);
    let waited = early_s > EARLY_S && reached.since_s(came) > aimed_s + WAITED_SHARE * early_s;
    (!waited).then(|| reached.since_s(ready))
}
