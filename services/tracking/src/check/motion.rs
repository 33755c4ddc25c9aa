//! R07 to R13: does it move as a vehicle moves?

use super::params::{CheckParams, VehicleClass};
use super::report::Report;
use gtfs::Timestamp;
use smallvec::SmallVec;

/// A fix as the rules remember it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fix {
    pub(super) t: Timestamp,
    pub(super) lat: f64,
    pub(super) lon: f64,
    pub(super) accuracy_m: f64,
}

impl Fix {
    /// Metres between two fixes; flat, which is exact enough within a town.
    pub(super) fn metres_to(&self, other: &Self) -> f64 {
        let plane = gtfs::timetable::Plane::around(self.lat, self.lon);
        let [x, y] = plane.xy(other.lat, other.lon);
        libm::hypot(f64::from(x), f64::from(y))
    }

    /// R09: whether a vehicle of this class can be at `self` after having been at `earlier`.
    fn reachable_from(&self, earlier: &Self, class: VehicleClass, params: &CheckParams) -> bool {
        let travelled_m = 1.25 * class.speed_mps_max() * self.t.since_s(earlier.t).max(0.0);
        let slack_m = self.accuracy_m + earlier.accuracy_m + params.jump_slack_m;
        self.metres_to(earlier) <= travelled_m + slack_m
    }
}

/// R08: a speed the vehicle can not have is no speed.
pub(super) fn r08_speed(speed_mps: Option<f64>, class: VehicleClass) -> Option<f64> {
    speed_mps.filter(|v| (0.0..=class.speed_mps_max()).contains(v))
}

/// R08: how long a bus has been above the legal limit, once that is an offence.
pub(super) fn r08_overspeed(
    since: &mut Option<Timestamp>,
    t: Timestamp,
    speed_mps: Option<f64>,
    class: VehicleClass,
    params: &CheckParams,
) -> Option<f64> {
    if class != VehicleClass::Bus || speed_mps.is_none_or(|v| v <= params.overspeed_mps) {
        *since = None;
        return None;
    }
    let lasted_s = t.since_s(*since.get_or_insert(t));
    (lasted_s >= params.overspeed_s).then_some(lasted_s)
}

/// R09: whether a fix is too far from the head; fixes that agree with each other win it over.
pub(super) fn r09_is_jump(
    fix: Fix,
    head: Option<Fix>,
    candidates: &mut SmallVec<[Fix; 3]>,
    class: VehicleClass,
    in_area: bool,
    params: &CheckParams,
) -> bool {
    let Some(head) = head else { return false };
    if fix.reachable_from(&head, class, params) {
        candidates.clear();
        return false;
    }
    if fix.t.since_s(head.t) > params.relock_gap_s && in_area {
        candidates.clear();
        return false;
    }
    candidates.retain(|earlier| fix.t.since_s(earlier.t) <= params.relock_s);
    if candidates.last().is_some_and(|last| !fix.reachable_from(last, class, params)) {
        candidates.clear();
    }
    candidates.push(fix);
    let agreed = candidates.len() >= params.relock_fixes;
    if agreed {
        candidates.clear();
    }
    !agreed
}

/// R11: whether a vehicle stands; then only its time is news.
pub(super) fn r11_stands(fix: &Fix, head: Option<Fix>, speed_mps: Option<f64>, params: &CheckParams) -> bool {
    let Some(head) = head else { return false };
    let still = speed_mps.is_some_and(|v| v < f64::from(params.standing_mps));
    still && fix.metres_to(&head) < params.standing_m.max(2.0 * fix.accuracy_m)
}

/// R12: a heading needs speed; out of range it is none (R01).
pub(super) fn r12_heading(
    heading_deg: Option<f64>,
    speed_mps: Option<f64>,
    params: &CheckParams,
) -> Option<f64> {
    let heading_deg = heading_deg.filter(|h| (0.0..=360.0).contains(h))?;
    let slow = speed_mps.is_some_and(|v| v < f64::from(params.heading_mps));
    (!slow).then_some(heading_deg)
}

/// What R13 remembers: since when the coordinates have been bit-equal, and the odometer then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Still {
    lat: u64,
    lon: u64,
    since: Timestamp,
    odometer_m: Option<f64>,
}

/// R13: coordinates that never change while the wheels turn.
pub(super) fn r13_is_frozen(
    still: &mut Option<Still>,
    report: &Report,
    t: Timestamp,
    params: &CheckParams,
) -> bool {
    let (lat, lon) = (report.lat.to_bits(), report.lon.to_bits());
    let fresh = Still { lat, lon, since: t, odometer_m: report.odometer_m };
    let kept = still.get_or_insert(fresh);
    if (kept.lat, kept.lon) != (lat, lon) {
        *kept = fresh;
        return false;
    }
    let driven_m = report.odometer_m.zip(kept.odometer_m).map_or(0.0, |(now, then)| now - then);
    let wheels_turn = report.speed_mps.is_some_and(|v| v > f64::from(params.frozen_wheel_mps));
    t.since_s(kept.since) >= params.frozen_s && (driven_m > params.frozen_odometer_m || wheels_turn)
}
