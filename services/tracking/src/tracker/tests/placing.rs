//! Where a vehicle is found on its line: not where it only crosses it, and never behind what was told.

use super::drive::{Drive, bare};
use crate::{Claim, Ping};
use std::sync::Arc;

/// A ping on trip t1 of a vehicle that drives at 8 m/s, or stands where it has no heading.
fn heading(drive: &mut Drive, clock: &str, (east_m, north_m): (f64, f64), heading_deg: Option<f32>) {
    let claim = Claim { trip: Some(Arc::from("t1")), ..Claim::default() };
    let speed_mps = Some(heading_deg.map_or(0.0, |_| 8.0));
    let t = drive.at(clock);
    drive.give(Ping { claim, heading_deg, speed_mps, ..bare("bus", t, east_m, north_m) });
}

#[test]
fn a_late_vehicle_that_crosses_its_line_on_the_way_to_the_first_stop_is_not_on_it() {
    let mut drive = Drive::town();
    heading(&mut drive, "08:05:00", (3000.0, 40.0), Some(250.0));
    assert_eq!(drive.position("bus").along_m, None);
    heading(&mut drive, "08:05:30", (2700.0, -100.0), Some(250.0));
    // Near the first stop it comes the other way, too: it is there, and has not left.
    heading(&mut drive, "08:10:30", (90.0, -20.0), Some(280.0));
    let position = drive.position("bus");
    assert_eq!((position.along_m, position.next_call, position.at_stop), (Some(0.0), Some(0), true));
    heading(&mut drive, "08:11:00", (0.0, 0.0), None);
    heading(&mut drive, "08:11:30", (110.0, 0.0), Some(90.0));
    assert_eq!(drive.position("bus").next_call, Some(1));
}

#[test]
fn a_vehicle_whose_compass_is_wrong_is_on_its_line_once_two_fixes_go_along_it() {
    let mut drive = Drive::town();
    heading(&mut drive, "08:05:00", (1600.0, 0.0), Some(270.0));
    assert_eq!(drive.position("bus").along_m, None);
    heading(&mut drive, "08:05:15", (1720.0, 0.0), Some(270.0));
    assert!((drive.position("bus").along_m.unwrap() - 1720.0).abs() < 5.0);
}

#[test]
fn what_was_told_of_a_vehicle_that_never_was_there_is_taken_back() {
    let mut drive = Drive::town();
    // It follows its line for a moment on the way to the first stop.
    for (clock, east_m, north_m) in [
        ("08:05:00", 2500.0, 0.0),
        ("08:05:20", 2600.0, 0.0),
        ("08:05:40", 2600.0, 300.0),
        ("08:06:10", 2300.0, 300.0),
        ("08:06:40", 2000.0, 300.0),
    ] {
        drive.ping(clock, "bus", east_m, north_m, "t1");
    }
    assert!(drive.update("t1").unwrap().calls.iter().all(|call| call.call > 2));
    let told = drive.log.len();
    drive.ping("08:10:00", "bus", 10.0, 0.0, "t1");
    let position = drive.position("bus");
    assert!(position.next_call == Some(0) && position.along_m.is_some_and(|m| m < 11.0), "{position:?}");
    let log = &drive.log[told..];
    let at = |word: &str| log.iter().position(|line| line.contains(word)).unwrap();
    assert!(at("TripUpdateGone") < at("Position("), "first it is taken back, then told anew");
    assert_eq!(drive.update("t1").unwrap().calls.len(), 5, "every call is ahead again");
    assert_eq!(drive.row("D", "t1").unwrap().trip.trip, drive.timetable().trip("t1", None).unwrap());
    drive.ping("08:11:40", "bus", 1100.0, 0.0, "t1");
    assert!(drive.visits.iter().any(|visit| visit.stop_sequence == 2 && visit.arrival.is_some()));
}

#[test]
fn a_vehicle_that_has_ended_its_trip_is_not_on_its_way_again_wherever_it_drives() {
    let mut drive = Drive::town();
    drive.run("bus", "t1", ("08:11:00", 3500.0), ("08:12:00", 4000.0));
    for (clock, east_m, north_m) in
        [("08:12:30", 3800.0, 300.0), ("08:13:00", 3500.0, 300.0), ("08:14:00", 2500.0, 0.0)]
    {
        drive.ping(clock, "bus", east_m, north_m, "t1");
    }
    assert_eq!(drive.position("bus").along_m, None);
}
