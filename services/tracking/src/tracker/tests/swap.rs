use super::drive::{Drive, TOWN};
use crate::learned::holding::{Compliance, Wait};
use crate::{CallSource, Event};
use std::sync::Arc;

fn swapped(fixture: &str) -> Drive {
    let mut drive = Drive::town();
    drive.run("bus", "t1", ("08:00", 0.0), ("08:03:30", 1160.0));
    let next = Arc::new(gtfs::fixture::timetable(fixture).unwrap());
    drive.updates.clear();
    drive.boards.clear();
    drive.step(Event::Timetable(next));
    let soon = drive.now.plus_s(1.0);
    drive.now = soon;
    drive.step(Event::Tick);
    drive
}

#[test]
fn a_running_trip_goes_on_under_a_new_feed_with_the_same_ids() {
    let drive = swapped(TOWN);
    let row = drive.row("C", "t1").unwrap();
    assert_eq!((row.source, row.vehicle.as_deref()), (CallSource::Live, Some("bus")));
    assert!(drive.update("t1").unwrap().calls.iter().all(|call| call.call >= 1), "passed stops stay passed");
}

#[test]
fn a_running_trip_is_found_again_when_the_new_feed_renamed_it() {
    let drive = swapped(&TOWN.replace("t1", "renamed").replace("A 08:00", "A 08:01"));
    let row = drive.row("C", "renamed").unwrap();
    assert_eq!(row.vehicle.as_deref(), Some("bus"));
}

#[test]
fn a_trip_that_the_new_feed_does_not_have_leaves_its_vehicle_unassigned_with_an_alert() {
    let without: Vec<_> = TOWN.lines().filter(|line| !line.contains("trip t1")).collect();
    let mut drive = swapped(&without.join("\n"));
    assert!(drive.alerts.contains(&"trip_lost_at_feed_change".to_owned()));
    drive.ping("08:03:50", "bus", 1300.0, 0.0, "t1");
    assert_eq!(drive.position("bus").trip, None);
}

/// What is believed of the second stop of route R, in force now.
fn believed(drive: &Drive) -> Compliance {
    drive.tracker.learned.holding.second(drive.timetable(), "R")
}

/// Vehicles were early there a dozen times, and waited.
fn teach(drive: &mut Drive) {
    let timetable = Arc::clone(drive.tracker.timetable());
    for _ in 0..12 {
        let wait = Wait { early_s: 240.0, waited_s: 235.0 };
        drive.tracker.learned.holding.learn_second(&timetable, "R", wait);
    }
}

#[test]
fn what_was_learned_stays_when_the_new_feed_lists_its_routes_in_another_order() {
    let mut drive = Drive::town();
    assert!(!believed(&drive).holds());
    teach(&mut drive);
    let learned = believed(&drive);
    assert!(learned.holds());
    let next =
        TOWN.replace("route R bus", "route Q bus\n    route R bus\n    trip q route=Q : A 12:00 B 12:03");
    drive.step(Event::Timetable(Arc::new(gtfs::fixture::timetable(&next).unwrap())));
    assert!((believed(&drive).share() - learned.share()).abs() < 1e-3);
    assert!(!drive.alerts.iter().any(|code| code.starts_with("learned")));
}

#[test]
fn what_was_learned_goes_from_one_tracker_to_another() {
    let mut taught = Drive::town();
    teach(&mut taught);
    let document = taught.tracker.lessons(taught.now).document();
    let mut fresh = Drive::town();
    assert!(!believed(&fresh).holds());
    fresh.step(Event::Learned(Arc::new(document)));
    assert!(believed(&fresh).holds());
}
