//! What of the time from one arrival to the next was driving?
//!
//! The rule shared with halting: pace has the time from arrival to arrival with the ordinary dwell in
//! it; waiting for the aimed departure, the first link of a trip, and what a timetable itself stands at a
//! stop are halting's. What always holds: a link on which a vehicle waited off the line teaches nothing.

use crate::predict::halt;
use crate::run::Run;
use crate::visit::Seen;
use gtfs::Timetable;

/// A vehicle that came this much before its aimed departure may have waited for it anywhere on the
/// link, seconds (start),
const EARLY_S: f64 = 120.0;
/// and did when the link took longer than aimed by more than this share of it.
const WAITED_SHARE: f64 = 0.5;

/// Seconds of driving from call `to - 1` to call `to`; `None` when that can not be told.
pub(super) fn driving_s(timetable: &Timetable, run: &Run, to: usize, seen: &[Seen]) -> Option<f64> {
    let before = to.checked_sub(1).filter(|before| *before > 0)?;
    let (came, left) = (seen[before].arrival?, seen[before].departure?);
    let reached = seen[to].arrival?;
    let line = run.line(timetable);
    let times = (line.times[before], line.times[to]);
    let aimed = run.at(f64::from(times.0.departure_s));
    let early_s = aimed.since_s(came);
    let ready = came.plus_s(halt::dwell_s(&line, before));
    if line.calls[before].timepoint && early_s > 0.0 {
        return Some(reached.since_s(left.min(aimed).max(ready)));
    }
    let aimed_s = f64::from(times.1.arrival_s - times.0.departure_s);
    let waited = early_s > EARLY_S && reached.since_s(came) > aimed_s + WAITED_SHARE * early_s;
    (!waited).then(|| reached.since_s(ready))
}
