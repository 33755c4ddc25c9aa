//! The validation rules: is a report fit to move the live picture, history only, or refused?
//!
//! One small pure function per rule (`r01_range`, `r02_null_island`, ...), called in order by
//! [`check`]. R06 (duplicates), R15 (rates), R22 (AIS) and R25 (unknown devices) belong to ingest;
//! R17 to R20 need the timetable or other sources and run in the tracker.
//!
//! What always holds: every report gets exactly one verdict; a refused one changes nothing but what
//! the clock rule remembers; the live head never runs ahead of the server and never goes back.

mod clock;
mod motion;
mod params;
mod position;
mod quality;
mod report;
mod verdict;

#[cfg(test)]
mod tests;

pub use params::{Area, CheckParams, VehicleClass};
pub use report::{DeviceProfile, Report};
pub use verdict::{Checked, Detail, Flag, Flags, HistReason, Reject, RejectCode, Verdict};

use crate::{Ev, Ping};
use gtfs::Timestamp;
use motion::Fix;
use smallvec::SmallVec;

/// What the rules remember of one device between reports.
#[derive(Clone, Debug, Default)]
pub struct DeviceState {
    head: Option<Fix>,
    candidates: SmallVec<[Fix; 3]>,
    still: Option<motion::Still>,
    overspeed_since: Option<Timestamp>,
    ratios: quality::Ratios,
    charge: quality::Charge,
    odometer: Option<(Timestamp, f64)>,
    offsets: clock::Offsets,
}

impl DeviceState {
    /// The state after a restart: the newest live fix in the store, and nothing else.
    #[must_use]
    pub fn restored(t: Timestamp, lat: f64, lon: f64) -> Self {
        let head = Some(Fix { t, lat, lon, accuracy_m: 0.0 });
        Self { head, ..Self::default() }
    }

    /// When the newest live fix was measured.
    #[must_use]
    pub fn head_t(&self) -> Option<Timestamp> {
        self.head.map(|fix| fix.t)
    }
}

/// Judges one report of one device, received at `now`, and cleans it.
#[must_use]
pub fn check(
    report: Report,
    profile: &DeviceProfile,
    state: &mut DeviceState,
    now: Timestamp,
    params: &CheckParams,
) -> Checked {
    let mut flags = Flags::default();
    match admissible(&report, profile, state, now, params, &mut flags) {
        Ok(t) => settle(report, t, profile, state, now, params, flags),
        Err(Reject { code, detail }) => Checked::refused(code, detail),
    }
}

/// The rules that refuse; returns the time to go on with.
fn admissible(
    report: &Report,
    profile: &DeviceProfile,
    state: &mut DeviceState,
    now: Timestamp,
    params: &CheckParams,
    flags: &mut Flags,
) -> Result<Timestamp, Reject> {
    position::r01_range(report, params)?;
    position::r02_null_island(report, params)?;
    position::r03_area(report, params, flags)?;
    let t = clock::r14_quirk(report.t, now, profile, &mut state.offsets, params, flags)?;
    let t = clock::r04_future(t, now, params, flags)?;
    clock::r05_too_old(t, now, params)?;
    Ok(t)
}

/// The rules that flag, clean, or send to history.
fn settle(
    report: Report,
    t: Timestamp,
    profile: &DeviceProfile,
    state: &mut DeviceState,
    now: Timestamp,
    params: &CheckParams,
    mut flags: Flags,
) -> Checked {
    let class = profile.class;
    let speed_mps = motion::r08_speed(report.speed_mps, class);
    let accuracy_m = report.accuracy_m.filter(|a| a.is_finite() && *a >= 0.0);
    let fix = Fix { t, lat: report.lat, lon: report.lon, accuracy_m: accuracy_m.unwrap_or(0.0) };

    let poor = quality::r10_is_poor(&report, params, &mut flags);
    let reason = if report.invalid {
        Some(HistReason::Invalid)
    } else if quality::r21_is_not_real(&report, profile) {
        Some(HistReason::Provenance)
    } else if clock::r05_is_late(t, now, profile.period_s, params) {
        Some(HistReason::Late)
    } else if state.head.is_some_and(|head| t <= head.t) {
        Some(HistReason::OutOfOrder)
    } else if poor {
        Some(HistReason::Accuracy)
    } else if motion::r09_is_jump(
        fix,
        state.head,
        &mut state.candidates,
        class,
        !flags.has(Flag::Area),
        params,
    ) {
        Some(HistReason::Jump)
    } else {
        None
    };
    let mut checked = Checked {
        verdict: Verdict::Ok,
        flags,
        ping: Some(cleaned(&report, t, now, profile, speed_mps, params)),
        overspeed_s: None,
        odometer_reset: false,
    };
    if let Some(reason) = reason {
        checked.verdict = Verdict::Hist(reason);
        return checked;
    }
    advance(&report, fix, profile, state, speed_mps, params, &mut checked);
    if !checked.flags.is_empty() {
        checked.verdict = Verdict::Flag;
    }
    checked
}

/// Moves the live head to a good fix, and applies the rules that compare it with the one before.
fn advance(
    report: &Report,
    fix: Fix,
    profile: &DeviceProfile,
    state: &mut DeviceState,
    speed_mps: Option<f64>,
    params: &CheckParams,
    checked: &mut Checked,
) {
    let implied_mps = state.head.map(|head| fix.metres_to(&head) / fix.t.since_s(head.t).max(1.0));
    if quality::r16_units_are_wrong(&mut state.ratios, report.speed_mps, implied_mps) {
        checked.flags.add(Flag::Units);
    }
    if motion::r13_is_frozen(&mut state.still, report, fix.t, params) {
        checked.flags.add(Flag::Frozen);
    }
    checked.overspeed_s =
        motion::r08_overspeed(&mut state.overspeed_since, fix.t, speed_mps, profile.class, params);
    checked.odometer_reset =
        quality::r24_is_new_epoch(&mut state.odometer, report.odometer_m, fix.t, profile.class, params);
    let soc_pct = quality::r23_charge(&mut state.charge, report, fix.t, params, &mut checked.flags);

    let stands = motion::r11_stands(&fix, state.head, speed_mps, params);
    let place = state.head.filter(|_| stands).unwrap_or(fix);
    state.head = Some(Fix { t: fix.t, accuracy_m: fix.accuracy_m, ..place });
    if let Some(ping) = &mut checked.ping {
        (ping.lat, ping.lon) = (place.lat, place.lon);
        if let Some(ev) = &mut ping.ev {
            ev.soc_pct = soc_pct;
        }
    }
}

/// The report as a ping, with what can not be true taken out.
fn cleaned(
    report: &Report,
    t: Timestamp,
    now: Timestamp,
    profile: &DeviceProfile,
    speed_mps: Option<f64>,
    params: &CheckParams,
) -> Ping {
    let positive = |value: Option<f64>| value.filter(|v| v.is_finite() && *v >= 0.0);
    let soc_is_real = |soc: &f32| *soc > 0.0 && *soc <= 100.0;
    Ping {
        vehicle: std::sync::Arc::clone(&profile.vehicle),
        t,
        received: now,
        lat: report.lat,
        lon: report.lon,
        speed_mps: speed_mps.map(|v| v as f32),
        heading_deg: motion::r12_heading(report.heading_deg, speed_mps, params).map(|h| h as f32),
        accuracy_m: positive(report.accuracy_m).map(|a| a as f32),
        hdop: positive(report.hdop).map(|h| h as f32),
        odometer_m: positive(report.odometer_m),
        claim: report.claim.clone(),
        door_open: report.door_open,
        passengers: report.passengers,
        occupancy: report.occupancy,
        ev: report.ev.map(|ev| Ev { soc_pct: ev.soc_pct.filter(soc_is_real), ..ev }),
        provenance: if report.mocked { crate::Provenance::Sim } else { report.provenance },
        tier: profile.tier,
    }
}
