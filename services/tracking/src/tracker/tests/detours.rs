//! Closed streets: skipped only once the vehicle is back, a draft only of two vehicles.

use super::drive::Drive;
use crate::CallState;

/// Drives t1 or t3 round the stretch from 1,300 m to 2,700 m, past stop C at `beside_m`.
fn round(drive: &mut Drive, vehicle: &str, trip: &str, hour_min: (u32, u32), beside_m: f64) {
    for step in 0..34u32 {
        let along_m = f64::from(step) * 100.0;
        let beside_m = if (1300.0..=2700.0).contains(&along_m) { beside_m } else { 0.0 };
        let s = hour_min.1 * 60 + step * 15;
        let clock = format!("{:02}:{:02}:{:02}", hour_min.0, s / 60, s % 60);
        drive.ping(&clock, vehicle, along_m, beside_m, trip);
    }
}

fn visited(drive: &Drive, stop: &str) -> bool {
    let timetable = drive.timetable();
    drive.visits.iter().any(|visit| &*timetable.stops[visit.stop.at()].id == stop)
}

#[test]
fn a_stop_passed_round_is_skipped_once_the_vehicle_is_back_and_is_no_visit() {
    let mut drive = Drive::town();
    round(&mut drive, "bus", "t1", (8, 0), 150.0);
    let skipped: Vec<_> = drive.update("t1").unwrap().calls.iter().filter(|call| call.skipped).collect();
    assert!(skipped.len() == 1 && skipped[0].call == 2 && !skipped[0].arrived, "{skipped:?}");
    assert!(!visited(&drive, "C"));
    assert!(visited(&drive, "B") && visited(&drive, "D"));
}

#[test]
fn nothing_is_skipped_while_the_vehicle_is_still_away() {
    let mut drive = Drive::town();
    for step in 0..22u32 {
        let beside_m = if step >= 13 { 150.0 } else { 0.0 };
        let s = step * 15;
        let clock = format!("08:{:02}:{:02}", s / 60, s % 60);
        drive.ping(&clock, "bus", f64::from(step) * 100.0, beside_m, "t1");
        assert!(drive.update("t1").unwrap().calls.iter().all(|call| !call.skipped), "{clock}");
    }
}

#[test]
fn the_board_of_a_stop_passed_round_shows_it_skipped_and_then_forgets_it() {
    let mut drive = Drive::town();
    round(&mut drive, "bus", "t1", (8, 0), 150.0);
    assert_eq!(drive.row("C", "t1").unwrap().state, CallState::Skipped);
    drive.run("bus", "t1", ("08:08:20", 3350.0), ("08:11", 3900.0));
    assert!(drive.row("C", "t1").is_none());
}

#[test]
fn a_stop_seen_from_the_next_street_is_no_skip_and_neither_is_a_slip_of_the_receiver() {
    let mut drive = Drive::town();
    round(&mut drive, "bus", "t1", (8, 0), 50.0);
    assert!(visited(&drive, "C"));
    let mut drive = Drive::town();
    for (clock, east_m, north_m) in [
        ("08:03:00", 1000.0, 0.0),
        ("08:04:40", 1700.0, 0.0),
        ("08:05:00", 1850.0, 200.0),
        ("08:05:10", 1950.0, 200.0),
        ("08:05:30", 2100.0, 0.0),
        ("08:05:50", 2200.0, 0.0),
    ] {
        drive.ping(clock, "bus", east_m, north_m, "t1");
    }
    assert!(drive.update("t1").unwrap().calls.iter().all(|call| !call.skipped));
}

#[test]
fn a_vehicle_that_jumps_as_none_can_has_passed_nothing_round() {
    let mut drive = Drive::town();
    for (clock, east_m, north_m) in [
        ("08:04:40", 1300.0, 0.0),
        ("08:04:50", 1300.0, 3000.0),
        ("08:05:10", 1400.0, 3000.0),
        ("08:05:30", 1500.0, 3000.0),
        ("08:06:30", 2600.0, 0.0),
        ("08:06:40", 2700.0, 0.0),
    ] {
        drive.ping(clock, "bus", east_m, north_m, "t1");
    }
    assert!(drive.update("t1").unwrap().calls.iter().all(|call| !call.skipped));
}

#[test]
fn two_vehicles_that_go_the_same_way_round_make_one_draft_and_one_vehicle_makes_none() {
    let mut drive = Drive::of(&format!(
        "{}\n    trip t4 route=R block=b3 shape=out direction=0 : A 08:45 B 08:48 C 08:51 D 08:54 E 08:57\n",
        super::drive::TOWN.trim_end()
    ));
    let drafts = |drive: &Drive| drive.alerts.iter().filter(|code| *code == "detour_draft").count();
    round(&mut drive, "bus", "t1", (8, 0), 150.0);
    assert_eq!(drafts(&drive), 0);
    round(&mut drive, "other", "t3", (8, 30), 150.0);
    assert_eq!(drafts(&drive), 1);
    let text = drive.log.iter().find(|line| line.contains("detour_draft")).unwrap();
    assert!(text.contains("(C)") && text.contains("bus, other") && !text.contains("(D)"), "{text}");
    round(&mut drive, "third", "t4", (8, 45), 150.0);
    assert_eq!(drafts(&drive), 1);
}
