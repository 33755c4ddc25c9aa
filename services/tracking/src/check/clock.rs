//! R04, R05, R14: when was it measured, and can the device's clock be believed?

use super::params::CheckParams;
use super::report::DeviceProfile;
use super::verdict::{Detail, Flag, Flags, Reject, RejectCode};
use crate::quirks::{buddhist_year, local_as_utc, week_rollover};
use gtfs::Timestamp;

/// How many offsets make a steady clock error (R14).
const OFFSETS: usize = 50;
/// 2020-01-01T00:00:00Z: nothing in service was measured before it (R05).
const FIRST_DAY: Timestamp = Timestamp::from_s(1_577_836_800);
/// A clock that is ahead by more than this is in the Buddhist era, seconds (500 years).
const ERA_S: f64 = 500.0 * 365.25 * 86_400.0;

/// The last offsets of a device whose clock is wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Offsets {
    residuals_s: Vec<f32>,
    next: usize,
}

impl Offsets {
    /// Remembers how far a corrected time is from the server's; true once the last 50 agree.
    fn steady(&mut self, residual_s: f64, params: &CheckParams) -> bool {
        let residual_s = residual_s as f32;
        if self.residuals_s.len() < OFFSETS {
            self.residuals_s.push(residual_s);
        } else {
            self.residuals_s[self.next] = residual_s;
            self.next = (self.next + 1) % OFFSETS;
        }
        if self.residuals_s.len() < OFFSETS {
            return false;
        }
        let mut sorted = self.residuals_s.clone();
        sorted.sort_by(f32::total_cmp);
        let iqr_s = f64::from(sorted[OFFSETS * 3 / 4] - sorted[OFFSETS / 4]);
        iqr_s < params.clock_iqr_s && f64::from(sorted[OFFSETS / 2]).abs() <= params.clock_window_s
    }
}

/// R14: a known way in which clocks are wrong. Returns the time to go on with.
///
/// A roll-over is put right at once, because nothing else lands within a day; a Buddhist year and a
/// local time sent as UTC only after 50 steady offsets and with the administrator's leave.
pub(super) fn r14_quirk(
    t: Timestamp,
    now: Timestamp,
    profile: &DeviceProfile,
    offsets: &mut Offsets,
    params: &CheckParams,
    flags: &mut Flags,
) -> Result<Timestamp, Reject> {
    if let Some(moved) = week_rollover::corrected(t, now) {
        flags.add(Flag::Clock);
        return Ok(moved);
    }
    let ahead_s = t.since_s(now);
    let candidate = if ahead_s > ERA_S {
        buddhist_year::corrected(t)
            .map(|t| (t, "the clock is set to the Buddhist year; allow correction, or set 2026 for 2569"))
    } else {
        Some((
            local_as_utc::corrected(t, params.zone_offset_s),
            "the clock sends local time as UTC; allow correction, or set the zone to UTC",
        ))
    };
    let Some((moved, hint)) = candidate.filter(|(t, _)| t.since_s(now).abs() <= params.clock_window_s) else {
        return Ok(t);
    };
    // A zone east of Greenwich only ever puts a clock ahead, far beyond what R04 forgives.
    if ahead_s.abs() <= params.clock_window_s {
        return Ok(t);
    }
    let steady = offsets.steady(moved.since_s(now), params);
    if !(steady && profile.clock_fix_allowed) {
        return Err(Reject { code: RejectCode::Clock, detail: Detail::Hint(hint) });
    }
    flags.add(Flag::Clock);
    // The steady error may leave it a little ahead; the live head never is.
    Ok(moved.min(now))
}

/// R04: a time ahead of the server. The live head is never ahead, or one fix would freeze a vehicle.
pub(super) fn r04_future(
    t: Timestamp,
    now: Timestamp,
    params: &CheckParams,
    flags: &mut Flags,
) -> Result<Timestamp, Reject> {
    let ahead_s = t.since_s(now);
    if ahead_s <= 0.0 {
        return Ok(t);
    }
    if ahead_s <= params.future_ok_s {
        return Ok(now);
    }
    if ahead_s <= params.future_flag_s {
        flags.add(Flag::Clock);
        return Ok(now);
    }
    let ms = (t.0 - now.0) / 1_000;
    Err(Reject { code: RejectCode::Future, detail: Detail::Ms(ms) })
}

/// R05, refusal: older than a week, or from before Padriew.
pub(super) fn r05_too_old(t: Timestamp, now: Timestamp, params: &CheckParams) -> Result<(), Reject> {
    if t < FIRST_DAY {
        let hint = "the clock is not set; wait for a fix before sending";
        return Err(Reject { code: RejectCode::Clock, detail: Detail::Hint(hint) });
    }
    if now.since_s(t) > params.too_old_s {
        return Err(Reject { code: RejectCode::TooOld, detail: Detail::Ms((now.0 - t.0) / 1_000) });
    }
    Ok(())
}

/// R05, history: older than the live window, which is wider for a slow source.
pub(super) fn r05_is_late(t: Timestamp, now: Timestamp, period_s: f64, params: &CheckParams) -> bool {
    let limit_s = if period_s > 30.0 { (period_s + 30.0).min(params.late_slow_s_max) } else { params.late_s };
    now.since_s(t) > limit_s
}
