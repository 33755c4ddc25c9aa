//! Stop visits from crossings: arrival is the first crossing of the zone before the stop, departure
//! the last crossing of the zone after it, interpolated between fixes.
//!
//! A vehicle that halts a little short has arrived. Driving past without stopping is a visit with a
//! short dwell, not a skip; a call passed round is none. What always holds: calls are visited in order; a visit never un-happens.

use crate::run::Line;
use gtfs::Timestamp;

/// What has been seen of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) arrived: bool,
    pub(crate) departed: bool,
    /// Unknown when the trip was picked up at or after the stop.
    pub(crate) arrival: Option<Timestamp>,
    pub(crate) departure: Option<Timestamp>,
    /// Half the time between the fixes around the arrival, seconds.
    pub(crate) plus_minus_s: f32,
    /// Passed round, off the line: departed, and never arrived.
    pub(crate) skipped: bool,
}

/// More stops than this between two fixes are not believed one by one.
const CROSSED_MAX: usize = 12;
/// From this many stops on, each must have taken the time below.
const CROSSED_FAST_MIN: usize = 4;
/// Seconds a stop takes at least when several are crossed between two fixes.
const CROSSED_S_MIN: f64 = 15.0;

/// A stretch between two fixes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    pub(crate) from_m: f32,
    pub(crate) from: Timestamp,
    pub(crate) to_m: f32,
    pub(crate) to: Timestamp,
}

impl Stretch {
    fn at(&self, along_m: f32) -> Timestamp {
        let length_m = self.to_m - self.from_m;
        if length_m <= 0.0 {
            return self.to;
        }
        let share = f64::from(((along_m - self.from_m) / length_m).clamp(0.0, 1.0));
        Timestamp(self.from.0 + ((self.to.0 - self.from.0) as f64 * share) as i64)
    }

    /// Whether the calls from `next` on that it crosses are too many to be believed.
    fn races(&self, line: &Line<'_>, next: usize) -> bool {
        let reached = line.calls[next..].iter().take_while(|call| call.along_m <= self.to_m).count();
        let hurried = self.to.since_s(self.from) < CROSSED_S_MIN * reached as f64;
        reached > CROSSED_MAX || (reached >= CROSSED_FAST_MIN && hurried)
    }
}

/// Moves the cursor `next` over the calls that the stretch crosses and reports each that changed.
pub(crate) fn cross(
    line: &Line<'_>,
    zone_m: f32,
    stretch: &Stretch,
    seen: &mut [Seen],
    next: &mut usize,
    mut report: impl FnMut(usize, &Seen),
) {
    let known = !stretch.races(line, *next);
    let plus_minus_s = (stretch.to.since_s(stretch.from) / 2.0) as f32;
    while let Some(call) = line.calls.get(*next) {
        let near_m = line.zone_m(*next, zone_m);
        let visit = &mut seen[*next];
        if visit.skipped {
            *next += 1;
            continue;
        }
        let mut changed = false;
        if !visit.arrived && stretch.to_m >= call.along_m - near_m {
            visit.arrived = true;
            visit.plus_minus_s = plus_minus_s;
            visit.arrival = known.then(|| stretch.at(call.along_m - near_m));
            changed = true;
        }
        let is_last = *next + 1 == line.calls.len();
        let leaves = visit.arrived && !is_last && stretch.to_m > call.along_m + near_m;
        if leaves {
            visit.departed = true;
            let crossed = stretch.at(call.along_m + near_m);
            visit.departure = known.then(|| visit.arrival.map_or(crossed, |arrival| crossed.max(arrival)));
        }
        if (changed || leaves) && known {
            report(*next, visit);
        }
        if !leaves {
            return;
        }
        *next += 1;
    }
}

/// Marks what lies behind a vehicle when it is placed on its line: passed, times unknown. Returns
/// the next or present call.
pub(crate) fn placed(line: &Line<'_>, zone_m: f32, along_m: f32, seen: &mut [Seen]) -> usize {
    let mut next = 0;
    for (at, call) in line.calls.iter().enumerate() {
        let near_m = line.zone_m(at, zone_m);
        seen[at].arrived = along_m >= call.along_m - near_m;
        if along_m <= call.along_m + near_m || at + 1 == line.calls.len() {
            break;
        }
        seen[at].departed = true;
        next = at + 1;
    }
    next
}
