//! R10, R16, R21, R23, R24: how good are the readings?

use super::params::{CheckParams, VehicleClass};
use super::report::{DeviceProfile, Report};
use super::verdict::{Flag, Flags};
use crate::Provenance;
use gtfs::Timestamp;

/// R10: whether the fix is too poor to be live; flags the middling ones.
pub(super) fn r10_is_poor(report: &Report, params: &CheckParams, flags: &mut Flags) -> bool {
    let accuracy_m = report.accuracy_m.unwrap_or(0.0) as f32;
    let hdop = report.hdop.unwrap_or(0.0) as f32;
    let few = report.satellites.is_some_and(|n| n < params.satellites_min);
    if accuracy_m >= params.accuracy_flag_m || hdop > params.hdop_flag || few {
        flags.add(Flag::Accuracy);
    }
    accuracy_m > params.accuracy_hist_m || hdop > params.hdop_hist
}

/// R21: typed, simulated and mocked positions are never live; only the demo shows simulated ones.
pub(super) fn r21_is_not_real(report: &Report, profile: &DeviceProfile) -> bool {
    report.mocked
        || match report.provenance {
            Provenance::Man => true,
            Provenance::Sim => !profile.simulated_is_live,
            Provenance::Gps | Provenance::Odo | Provenance::Dr | Provenance::Net => false,
        }
}

/// How many moving fixes R16 looks at.
const RATIOS: usize = 100;
/// Median ratios that betray a unit: knots and km/h sent as m/s, m/s read as knots (R16).
const UNIT_RATIOS: [(f32, f32); 3] = [(1.85, 2.05), (3.4, 3.8), (0.49, 0.54)];
/// R16: slower than this between two fixes is not moving, metres per second.
const MOVING_MPS: f64 = 3.0;

/// Reported over implied speed of the last moving fixes.
#[derive(Clone, Debug, Default)]
pub(super) struct Ratios {
    ratios: Vec<f32>,
    next: usize,
    wrong: bool,
}

/// R16: whether the device's speeds are in another unit. Judged anew once per 100 moving fixes.
pub(super) fn r16_units_are_wrong(
    ratios: &mut Ratios,
    reported_mps: Option<f64>,
    implied_mps: Option<f64>,
) -> bool {
    if let Some((reported, implied)) = reported_mps.zip(implied_mps.filter(|v| *v > MOVING_MPS)) {
        ratios.ratios.push((reported / implied) as f32);
        ratios.next += 1;
    }
    if ratios.ratios.len() == RATIOS {
        ratios.ratios.sort_by(f32::total_cmp);
        let median = ratios.ratios[RATIOS / 2];
        ratios.wrong = UNIT_RATIOS.iter().any(|&(low, high)| (low..=high).contains(&median));
        ratios.ratios.clear();
    }
    ratios.wrong
}

/// What R23 remembers: the last believable charges, and when the newest was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Charge {
    last: [f32; 5],
    known: usize,
    t: Timestamp,
}

impl Charge {
    fn newest(&self) -> Option<f32> {
        self.known.checked_sub(1).map(|at| self.last[at])
    }

    fn push(&mut self, soc_pct: f32, t: Timestamp) {
        if self.known == self.last.len() {
            self.last.rotate_left(1);
            self.known -= 1;
        }
        self.last[self.known] = soc_pct;
        self.known += 1;
        self.t = t;
    }

    fn median(&self) -> f32 {
        let mut sorted = self.last;
        let known = &mut sorted[..self.known];
        known.sort_by(f32::total_cmp);
        known.get(self.known / 2).copied().unwrap_or_default()
    }
}

/// R23: the charge, smoothed by a median of five; sentinels (0, 255, above 100) are no charge.
pub(super) fn r23_charge(
    charge: &mut Charge,
    report: &Report,
    t: Timestamp,
    params: &CheckParams,
    flags: &mut Flags,
) -> Option<f32> {
    let ev = report.ev?;
    let soc_pct = ev.soc_pct.filter(|soc| *soc > 0.0 && *soc <= 100.0)?;
    if let Some(last) = charge.newest() {
        // Whole-point steps are normal however short the time between them.
        let windows = (t.since_s(charge.t) / 10.0).max(1.0) as f32;
        let charging = ev.charging == Some(true);
        let change = soc_pct - last;
        let fast = change.abs() > params.soc_points_per_10_s * windows && !(charging && change > 0.0);
        if fast || (change > params.soc_points_per_10_s && !charging) {
            flags.add(Flag::Soc);
        }
    }
    charge.push(soc_pct, t);
    Some(charge.median())
}

/// R24: whether the odometer started anew: it fell by a kilometre, or grew faster than wheels turn.
pub(super) fn r24_is_new_epoch(
    last: &mut Option<(Timestamp, f64)>,
    odometer_m: Option<f64>,
    t: Timestamp,
    class: VehicleClass,
    params: &CheckParams,
) -> bool {
    let Some(odometer_m) = odometer_m.filter(|m| m.is_finite()) else { return false };
    let Some((then, before_m)) = last.replace((t, odometer_m)) else { return false };
    let grown_m = odometer_m - before_m;
    let possible_m = 1.5 * class.speed_mps_max() * t.since_s(then).max(0.0) + params.jump_slack_m;
    grown_m < -params.odometer_fall_m || grown_m > possible_m.max(params.odometer_fall_m)
}
