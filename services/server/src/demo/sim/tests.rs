//! The simulated town against the sample network.

use super::plan::Leg;
use super::*;
use crate::demo::start;
use std::path::Path;

pub(super) fn world(seed: u64) -> Arc<World> {
    let feed = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../ops/sample-network/feed"));
    let loaded = gtfs::load(gtfs::Source::Path(feed)).expect("the sample network loads");
    Arc::new(World { timetable: Arc::new(loaded.timetable), seed })
}

pub(super) fn morning() -> Timestamp {
    start::parse("2026-11-24T07:30").expect("an hour")
}

/// How far a position is from the line that the vehicle's own plan says it is on, metres.
fn off_line_m(world: &World, leg: &Leg, report: &SimReport) -> f32 {
    let pattern = &world.timetable.patterns[world.timetable.trips[leg.trip.at()].pattern.at()];
    let shape = &world.timetable.shapes[pattern.shape.at()];
    let xy = world.timetable.plane.xy(report.lat, report.lon);
    shape.nearest(xy, 0.0..shape.length_m()).map_or(f32::MAX, |p| p.offset_m)
}

#[test]
fn the_sample_network_has_no_error_and_no_fatal_finding() {
    let feed = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../ops/sample-network/feed"));
    let loaded = gtfs::load(gtfs::Source::Path(feed)).expect("the sample network loads");
    let bad: Vec<String> = loaded
        .findings
        .examples()
        .iter()
        .filter(|f| f.severity <= gtfs::Severity::Warning)
        .map(ToString::to_string)
        .collect();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn at_half_past_seven_the_town_is_already_moving() {
    let mut fleet = world(1).fleet(morning(), 100);
    let later = morning().plus_s(60.0);
    let pairs: Vec<(SimReport, SimReport)> =
        fleet.iter_mut().filter_map(|v| Some((v.report(morning())?, v.report(later)?))).collect();
    let moved = pairs.iter().filter(|(a, b)| b.odo > a.odo + 20.0).count();
    assert!(pairs.len() >= 18 && moved >= 15, "{} out, {moved} moved within a minute", pairs.len());
    assert!(pairs.iter().all(|(a, _)| a.src == "SIM"));
}

#[test]
fn the_same_seed_gives_the_same_reports_and_another_seed_others() {
    let day = |seed| {
        let mut fleet = world(seed).fleet(morning(), 100);
        let times = (0..60).map(|i| morning().plus_s(f64::from(i) * 5.0));
        times
            .flat_map(|t| fleet.iter_mut().filter_map(|v| v.report(t)).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    assert_eq!(day(1), day(1));
    assert_ne!(day(1), day(2));
}

#[test]
fn no_vehicle_leaves_a_time_point_early_or_goes_back_or_runs_out_of_charge() {
    let world = world(3);
    let day = world.day(morning());
    for vehicle in world.fleet(morning(), 100) {
        let Some(plan) = vehicle.plan_of(day) else { continue };
        for leg in &plan.legs {
            let trip = &world.timetable.trips[leg.trip.at()];
            let calls = world.timetable.calls(trip.pattern);
            let times = world.timetable.times(leg.trip);
            for ((call, time), log) in calls.iter().zip(times).zip(&leg.calls) {
                let aimed_s = f64::from(trip.start.0 + time.departure_s);
                assert!(!call.timepoint || log.departure_s >= aimed_s - 1.0 || call == calls.last().unwrap());
                assert!(log.arrival_s <= log.departure_s);
            }
            assert!(
                leg.moves.windows(2).all(|m| m[0].to_s <= m[1].from_s && m[0].to_m <= m[1].from_m + 0.01)
            );
            assert!(leg.soc_pct.1 > 15.0, "{} ends {} at {} %", vehicle.name(), trip.id, leg.soc_pct.1);
        }
        assert!(plan.legs.windows(2).all(|l| l[0].end_s() < l[1].departure_s()));
    }
}

#[test]
fn delays_are_those_of_a_town_and_not_of_a_catastrophe() {
    let world = world(1);
    let day = world.day(morning());
    let mut late_s: Vec<f64> = Vec::new();
    for vehicle in world.fleet(morning(), 100) {
        for leg in vehicle.plan_of(day).iter().flat_map(|plan| &plan.legs) {
            let trip = &world.timetable.trips[leg.trip.at()];
            let aimed = world.timetable.times(leg.trip).last().map_or(0, |t| t.arrival_s) + trip.start.0;
            late_s.push(leg.end_s() - f64::from(aimed));
        }
    }
    late_s.sort_by(f64::total_cmp);
    let at = |share: f64| late_s[(late_s.len() as f64 * share) as usize];
    let (early, middle, late) = (at(0.05), at(0.5), at(0.95));
    assert!((-150.0..0.0).contains(&early), "p5 {early}");
    assert!((-60.0..90.0).contains(&middle), "p50 {middle}");
    assert!((60.0..420.0).contains(&late), "p95 {late}");
}

#[test]
fn a_sound_vehicle_reports_from_its_line_and_rises_along_it() {
    let world = world(1);
    let mut fleet = world.fleet(morning(), 100);
    let day = world.day(morning());
    let start_s = morning().since_s(day.start(world.timetable.tz));
    for vehicle in fleet.iter_mut().filter(|v| v.fault() == Fault::None) {
        let Some(plan) = vehicle.plan_of(day) else { continue };
        for i in 0..240 {
            let t = morning().plus_s(f64::from(i) * 5.0);
            let Some(report) = vehicle.report(t) else { continue };
            let t_s = start_s + f64::from(i) * 5.0;
            let at = plan.legs.partition_point(|leg| leg.departure_s() <= t_s).saturating_sub(1);
            let off_m = off_line_m(&world, &plan.legs[at], &report);
            assert!(off_m < 25.0, "{} is {off_m} m off its line", vehicle.name());
        }
    }
}

#[test]
fn each_fault_shows_in_the_reports() {
    let mut fleet = world(1).fleet(morning(), 100);
    let of = |fleet: &mut Vec<SimVehicle>, fault: Fault| {
        let at = fleet.iter().position(|v| v.fault() == fault).expect("shown");
        fleet.remove(at)
    };
    let mut ahead = of(&mut fleet, Fault::ClockAhead);
    let report = ahead.report(morning()).expect("out");
    assert_eq!(report.t.since_s(morning()), 7.0 * 3600.0);

    let mut mute = of(&mut fleet, Fault::NoClaim);
    let report = mute.report(morning()).expect("out");
    assert_eq!((report.trip, report.block), (None, None));

    let mut frozen = of(&mut fleet, Fault::Frozen);
    let minutes = (0..120).filter_map(|i| frozen.report(morning().plus_s(f64::from(i) * 30.0)));
    let places: Vec<(f64, f64, f64)> = minutes.map(|r| (r.lat, r.lon, r.odo)).collect();
    let still = places.windows(2).filter(|p| (p[0].0, p[0].1) == (p[1].0, p[1].1) && p[1].2 > p[0].2);
    assert!(still.count() >= 3, "the wheels turn while the position stands");

    let silent = (0..480).filter(|&s| Fault::Dropout.is_silent(f64::from(s)));
    assert_eq!(silent.count(), 99);
}

#[test]
fn vehicles_keep_their_number_on_weekdays_and_weekends() {
    assert_eq!(vehicle_name("1-d03", false), "EV-1-03");
    assert_eq!(vehicle_name("1-e03", false), "EV-1-03");
    assert_eq!(vehicle_name("F1-d02", true), "FERRY-F1-02");
}
