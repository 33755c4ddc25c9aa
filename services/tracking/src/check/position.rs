//! R01, R02, R03: is it a place at all, and one where this agency runs?

use super::params::CheckParams;
use super::report::Report;
use super::verdict::{Detail, Flag, Flags, Reject, RejectCode};

/// R01: coordinates that are not finite or not on Earth. East of 90° exchanged coordinates end here,
/// because a longitude of 101° is no latitude: they are called swapped as in R03.
pub(super) fn r01_range(report: &Report, params: &CheckParams) -> Result<(), Reject> {
    let swapped =
        params.area.is_some_and(|area| area.outside_m(report.lon, report.lat) <= params.area_flag_m);
    let refuse = |field| {
        let detail = if swapped { Detail::Swapped } else { Detail::Field(field) };
        Err(Reject { code: RejectCode::Range, detail })
    };
    if !(-90.0..=90.0).contains(&report.lat) {
        return refuse("lat");
    }
    if !(-180.0..=180.0).contains(&report.lon) {
        return refuse("lon");
    }
    Ok(())
}

/// R02: "null island", what a receiver without a fix sends.
pub(super) fn r02_null_island(report: &Report, params: &CheckParams) -> Result<(), Reject> {
    let near = params.null_island_deg;
    if report.lat.abs() < near && report.lon.abs() < near {
        return Err(Reject { code: RejectCode::Zero, detail: Detail::None });
    }
    Ok(())
}

/// R03: outside the box of stops and shapes; says so when latitude and longitude are exchanged.
pub(super) fn r03_area(report: &Report, params: &CheckParams, flags: &mut Flags) -> Result<(), Reject> {
    let Some(area) = params.area else { return Ok(()) };
    let outside_m = area.outside_m(report.lat, report.lon);
    if outside_m > params.area_reject_m {
        let swapped =
            report.lon.abs() <= 90.0 && area.outside_m(report.lon, report.lat) <= params.area_flag_m;
        let detail = if swapped { Detail::Swapped } else { Detail::Meters(outside_m) };
        return Err(Reject { code: RejectCode::Area, detail });
    }
    if outside_m > params.area_flag_m {
        flags.add(Flag::Area);
    }
    Ok(())
}
