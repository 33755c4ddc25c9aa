use super::{Sight, Track};
use crate::params::Params;
use crate::run::Line;
use gtfs::StopIdx;
use gtfs::Timestamp;
use gtfs::timetable::{CallTime, Mode, PatternCall, Shape};

const ORIGIN: Timestamp = Timestamp::from_s(1_800_000_000);

/// Stops every 1,000 m, two minutes apart.
fn calls(n: u32) -> (Vec<PatternCall>, Vec<CallTime>) {
    let call = |i: u32| PatternCall {
        stop: StopIdx(i),
        sequence: i + 1,
        along_m: i as f32 * 1000.0,
        pickup: true,
        drop_off: true,
        timepoint: false,
    };
    let time = |i: u32| CallTime { arrival_s: i as i32 * 120, departure_s: i as i32 * 120 };
    ((0..n).map(call).collect(), (0..n).map(time).collect())
}

fn bus_line<'a>(shape: &'a Shape, calls: &'a [PatternCall], times: &'a [CallTime]) -> Line<'a> {
    Line { trip: gtfs::TripIdx(0), shape, first: 0, calls, times, mode: Mode::Bus }
}

fn sight(s: f64, x: f32, y: f32) -> Sight {
    Sight { t: ORIGIN.plus_s(s), xy: [x, y], heading: None, speed_mps: None, sigma_m: 15.0 }
}

#[test]
fn a_fix_beyond_the_corridor_has_no_place_on_the_line() {
    let shape = Shape::through([[0.0, 0.0], [4000.0, 0.0]]);
    let (calls, times) = calls(5);
    let line = bus_line(&shape, &calls, &times);
    assert!(Track::place(&line, ORIGIN, &sight(60.0, 500.0, 61.0), &Params::default()).is_none());
    let track = Track::place(&line, ORIGIN, &sight(60.0, 500.0, 40.0), &Params::default()).unwrap();
    assert!((track.along_m - 500.0).abs() < 1.0);
}

#[test]
fn the_heading_tells_the_two_lanes_of_an_out_and_back_line_apart() {
    let shape = Shape::through([[0.0, 0.0], [2000.0, 0.0], [2000.0, 10.0], [0.0, 10.0]]);
    let (calls, times) = calls(5);
    let line = bus_line(&shape, &calls, &times);
    let west = Sight { heading: Some([-1.0, 0.0]), speed_mps: Some(8.0), ..sight(240.0, 1000.0, 5.0) };
    let track = Track::place(&line, ORIGIN, &west, &Params::default()).unwrap();
    assert!((track.along_m - 3010.0).abs() < 30.0, "{}", track.along_m);
}

#[test]
fn the_timetable_tells_the_ends_of_a_round_trip_apart() {
    let shape = Shape::through([[0.0, 0.0], [2000.0, 0.0], [2000.0, 10.0], [0.0, 10.0]]);
    let (calls, times) = calls(5);
    let line = bus_line(&shape, &calls, &times);
    let start = Track::place(&line, ORIGIN, &sight(-300.0, 5.0, 5.0), &Params::default()).unwrap();
    assert!(start.along_m < 50.0, "{}", start.along_m);
    let end = Track::place(&line, ORIGIN, &sight(480.0, 5.0, 5.0), &Params::default()).unwrap();
    assert!(end.along_m < 50.0 || end.along_m > 3900.0);
}

#[test]
fn standing_still_moves_nothing_however_the_fixes_wander() {
    let shape = Shape::through([[0.0, 0.0], [4000.0, 0.0]]);
    let (calls, times) = calls(5);
    let line = bus_line(&shape, &calls, &times);
    let params = Params::default();
    let mut track = Track::place(&line, ORIGIN, &sight(60.0, 500.0, 0.0), &params).unwrap();
    for i in 1..20i16 {
        let wander = f32::from(i % 5) * 4.0 - 8.0;
        let standing =
            Sight { speed_mps: Some(0.1), ..sight(60.0 + f64::from(i) * 5.0, 500.0 + wander, wander) };
        assert!(track.advance(&line, ORIGIN, &standing, &params));
    }
    assert_eq!(track.along_m, 500.0);
}

/// By how much a line explains three fixes, half a minute and `apart_m` from each other, that is driven at
/// `metres_per_s` by its timetable.
fn explained(apart_m: f32, metres_per_s: f32) -> f64 {
    let shape = Shape::through([[0.0, 0.0], [4000.0, 0.0]]);
    let (calls, mut times) = calls(5);
    for (call, time) in calls.iter().zip(&mut times) {
        time.arrival_s = (call.along_m / metres_per_s) as i32;
        time.departure_s = time.arrival_s;
    }
    let line = bus_line(&shape, &calls, &times);
    let sights: Vec<Sight> =
        (0..3u8).map(|i| sight(30.0 * f64::from(i), 1200.0 + apart_m * f32::from(i), 0.0)).collect();
    let ended = super::trial(&line, &sights, &Params::default());
    ended.iter().map(|ended| ended.ln_better).fold(f64::NEG_INFINITY, f64::max)
}

#[test]
fn how_fast_a_vehicle_drives_says_little_of_which_line_it_is_on() {
    for apart_m in [0.0, 60.0, 600.0] {
        let (slow, quick) = (explained(apart_m, 3.0), explained(apart_m, 14.0));
        assert!((slow - quick).abs() < 6.5, "{apart_m} m: {slow} {quick}");
        assert!(slow > 0.0 && quick > 0.0, "{apart_m} m: {slow} {quick}");
    }
    assert!(explained(240.0, 8.0) > explained(600.0, 8.0), "but something");
}
