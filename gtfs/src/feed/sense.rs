//! Checks of the finished timetable: what no single row shows.
//!
//! Nothing is changed here. Codes and limits are the canonical validator's where it has them.

use super::spec::{FEED_INFO, ROUTES, STOP_TIMES, STOPS, TRIPS};
use super::table::{about_file, about_row};
use crate::findings::{Findings, Severity};
use crate::timetable::{Mode, Service, StopKind, Timetable, as_usize};
use crate::{PatternIdx, ServiceTime, StopIdx, TripIdx};
use std::collections::BTreeSet;

/// Faster than this between two stops is a wrong time or place, km/h (canonical validator,
/// `fast_travel_between_consecutive_stops`, by route type).
fn speed_kmh_max(mode: Mode) -> f32 {
    match mode {
        Mode::Bus => 150.0,
        Mode::Ferry => 80.0,
        Mode::Rail => 500.0,
        Mode::Other => 200.0,
    }
}

/// Timetables round to the minute: a run may have taken this much longer than it says, seconds.
const ROUNDING_S: f32 = 60.0;

/// Pairs of trips of one block that are looked at, in a whole feed; only a hostile feed has more.
const OVERLAPS_CHECKED_MAX: usize = 1_000_000;

/// Makes all checks.
pub(super) fn check(timetable: &Timetable, stop_lines: &[u32], findings: &mut Findings) {
    served(timetable, stop_lines, findings);
    speeds(timetable, findings);
    blocks(timetable, findings);
    route_names(timetable, findings);
    if timetable.feed.publisher.is_empty() {
        let advice = "say in feed_info.txt who publishes the feed, its language and its version";
        findings.push(about_file(&FEED_INFO, Severity::Info, "missing_recommended_file", "", advice));
    }
}

fn served(t: &Timetable, lines: &[u32], findings: &mut Findings) {
    for (at, stop) in t.stops.iter().enumerate() {
        if stop.kind == StopKind::Stop && t.calls_at(StopIdx::new(at)).is_empty() {
            let (value, line) = (format!("{} ({})", stop.id, stop.name), lines.get(at).copied().unwrap_or(0));
            let advice = "no trip calls at this stop; remove it if it is not used any more";
            let (severity, code) = (Severity::Info, "stop_without_stop_time");
            findings.push(about_row(&STOPS, severity, code, u64::from(line), "", &value, advice));
        }
    }
}

/// Looks once at each profile on each pattern.
fn speeds(t: &Timetable, findings: &mut Findings) {
    for (at, pattern) in t.patterns.iter().enumerate() {
        let max_mps = speed_kmh_max(t.routes[pattern.route.at()].mode) / 3.6;
        let mut seen = BTreeSet::new();
        for trip in as_usize(&pattern.trips).map(TripIdx::new) {
            if seen.insert(t.trips[trip.at()].profile) {
                speed_of(t, PatternIdx::new(at), trip, max_mps, findings);
            }
        }
    }
}

fn speed_of(t: &Timetable, pattern: PatternIdx, trip: TripIdx, max_mps: f32, findings: &mut Findings) {
    let (calls, times) = (t.calls(pattern), t.times(trip));
    for (calls, times) in calls.windows(2).zip(times.windows(2)) {
        let (way_m, run_s) = (calls[1].along_m - calls[0].along_m, times[1].arrival_s - times[0].departure_s);
        let speed_mps = way_m / (run_s as f32 + ROUNDING_S);
        if speed_mps > max_mps {
            let name = |stop: StopIdx| &t.stops[stop.at()].id;
            let value = format!(
                "trip {}, {} to {}: {way_m:.0} m in {run_s} s",
                t.trips[trip.at()].id,
                name(calls[0].stop),
                name(calls[1].stop)
            );
            let advice = "nothing drives that fast; correct the times, or the places of the stops";
            let code = "fast_travel_between_consecutive_stops";
            findings.push(about_file(&STOP_TIMES, Severity::Warning, code, &value, advice));
        }
    }
}

/// One vehicle can not run two trips at once.
fn blocks(t: &Timetable, findings: &mut Findings) {
    let mut left = OVERLAPS_CHECKED_MAX;
    for block in &t.blocks {
        for (at, &trip) in block.trips.iter().enumerate() {
            let end = end_of(t, trip);
            let later =
                block.trips[at + 1..].iter().take_while(|next| t.trips[next.at()].start < end).take(left);
            for &next in later {
                left -= 1;
                let (a, b) = (&t.trips[trip.at()], &t.trips[next.at()]);
                if share_a_day(&t.services[a.service.at()], &t.services[b.service.at()]) {
                    let value =
                        format!("block {}: {} until {end}, {} from {}", block.id, a.id, b.id, b.start);
                    let advice = "trips of a block may not overlap on a day; give one of them another block";
                    let code = "block_trips_with_overlapping_stop_times";
                    findings.push(about_file(&TRIPS, Severity::Error, code, &value, advice));
                }
            }
        }
    }
}

fn end_of(t: &Timetable, trip: TripIdx) -> ServiceTime {
    let last_s = t.times(trip).last().map_or(0, |time| time.arrival_s);
    ServiceTime(t.trips[trip.at()].start.0 + last_s)
}

/// Both lists of days are sorted.
fn share_a_day(a: &Service, b: &Service) -> bool {
    let (few, many) = if a.days.len() < b.days.len() { (a, b) } else { (b, a) };
    few.days.iter().any(|day| many.days.binary_search(day).is_ok())
}

/// Two routes that riders can not tell apart.
fn route_names(t: &Timetable, findings: &mut Findings) {
    let mut names = BTreeSet::new();
    for route in &t.routes {
        if !names.insert((&route.short_name.plain, &route.long_name.plain, route.agency, route.route_type)) {
            let advice = "two routes of an agency have the same names; riders can not tell them apart";
            let value = format!("{} ({} {})", route.id, route.short_name, route.long_name);
            findings.push(about_file(
                &ROUTES,
                Severity::Warning,
                "duplicate_route_name",
                value.trim(),
                advice,
            ));
        }
    }
}
