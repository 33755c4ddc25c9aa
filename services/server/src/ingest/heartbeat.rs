//! Records without a position: only their time can be judged.

use gtfs::Timestamp;
use std::sync::Arc;
use store::Verdict;
use tracking::check::{CheckParams, Detail, DeviceProfile, Flag, Flags, Reject, RejectCode, Report};
use tracking::{Ev, Ping};

/// A heartbeat that is taken. Its ping has no place: `lat` and `lon` are 0 and mean nothing.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) ping: Ping,
    pub(super) verdict: Verdict,
    pub(super) flags: Flags,
}

/// Judges a heartbeat by R04 and R05, and cleans its charge by R23.
pub(super) fn check(
    report: &Report,
    profile: &DeviceProfile,
    now: Timestamp,
    params: &CheckParams,
) -> Result<Taken, Reject> {
    let ahead_s = report.t.since_s(now);
    let ms = |us: i64| Detail::Ms(us / 1_000);
    if ahead_s > params.future_flag_s {
        return Err(Reject { code: RejectCode::Future, detail: ms(report.t.0 - now.0) });
    }
    if -ahead_s > params.too_old_s {
        return Err(Reject { code: RejectCode::TooOld, detail: ms(now.0 - report.t.0) });
    }
    let mut flags = Flags::default();
    let mut verdict = if -ahead_s > params.late_s { Verdict::Hist } else { Verdict::Ok };
    if ahead_s > params.future_ok_s {
        flags.add(Flag::Clock);
        verdict = Verdict::Flag;
    }
    Ok(Taken { ping: ping(report, profile, now), verdict, flags })
}

fn ping(report: &Report, profile: &DeviceProfile, now: Timestamp) -> Ping {
    let believable = |soc: &f32| *soc > 0.0 && *soc <= 100.0;
    Ping {
        vehicle: Arc::clone(&profile.vehicle),
        t: report.t.min(now),
        received: now,
        lat: 0.0,
        lon: 0.0,
        speed_mps: None,
        heading_deg: None,
        accuracy_m: None,
        hdop: None,
        odometer_m: report.odometer_m.filter(|m| *m >= 0.0),
        claim: report.claim.clone(),
        door_open: report.door_open,
        passengers: report.passengers,
        occupancy: report.occupancy,
        ev: report.ev.map(|ev| Ev { soc_pct: ev.soc_pct.filter(believable), ..ev }),
        provenance: report.provenance,
        tier: profile.tier,
    }
}
