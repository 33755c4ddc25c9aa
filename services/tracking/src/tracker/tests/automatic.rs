//! Vehicles that claim nothing.

use super::drive::{DAY, Drive, bare};
use crate::Event;
use gtfs::ServiceDay;

fn trip_of(drive: &Drive, vehicle: &str) -> Option<String> {
    let trip = drive.position(vehicle).trip?;
    Some(drive.timetable().trips[trip.trip.at()].id.to_string())
}

#[test]
fn a_vehicle_heard_again_after_a_silence_is_on_the_run_of_its_block_that_fits_at_once() {
    let mut drive = Drive::town();
    drive.run("v", "", ("08:00", 0.0), ("08:06", 2000.0));
    assert_eq!(trip_of(&drive, "v").as_deref(), Some("t1"));
    drive.ping("08:24", "v", 2700.0, 0.0, "");
    assert_eq!(trip_of(&drive, "v").as_deref(), Some("t2"));
}

#[test]
fn a_vehicle_heard_again_where_its_block_never_goes_has_lost_it() {
    let mut drive = Drive::town();
    drive.run("v", "", ("08:00", 0.0), ("08:06", 2000.0));
    drive.ping("08:24", "v", 2700.0, 3000.0, "");
    assert_eq!(trip_of(&drive, "v"), None);
}

#[test]
fn a_vehicle_heard_again_far_too_late_for_its_block_has_lost_it() {
    let mut drive = Drive::town();
    drive.run("v", "", ("08:00", 0.0), ("08:06", 2000.0));
    drive.ping("09:20", "v", 2700.0, 0.0, "");
    assert_eq!(trip_of(&drive, "v"), None);
}

#[test]
fn a_vehicle_at_the_end_of_a_trip_keeps_its_block_though_an_earlier_departure_is_unserved() {
    let mut drive = Drive::of(
        "stop A 0 0\nstop B 1000 0\nstop C 2000 0\nstop D 3000 0\nstop E 4000 0\n\
         shape out 0,0 4000,0\nshape back 4000,0 0,0\nroute R bus\n\
         trip t1 route=R block=b1 shape=out : A 08:00 B 08:03 C 08:06 D 08:09 E 08:12\n\
         trip t2 route=R block=b1 shape=back : E 08:25 D 08:28 C 08:31 B 08:34 A 08:37\n\
         trip u1 route=R block=b2 shape=out : A 07:48 B 07:51 C 07:54 D 07:57 E 08:00\n\
         trip u2 route=R block=b2 shape=back : E 08:13 D 08:16 C 08:19 B 08:22 A 08:25",
    );
    drive.run("v", "", ("08:00", 0.0), ("08:12:30", 4000.0));
    assert_eq!(trip_of(&drive, "v").as_deref(), Some("t1"));
    for minute in 13..24 {
        drive.ping(&format!("08:{minute}"), "v", 4010.0, 0.0, "");
        assert_eq!(trip_of(&drive, "v").as_deref(), Some("t2"), "at 08:{minute}");
    }
}

#[test]
fn vehicles_heard_of_at_the_same_moment_are_put_on_their_trips_with_the_same_ping() {
    let mut drive = Drive::of(
        "stop A 0 0\nstop B 2000 0\nstop C 4000 0\nstop K 0 2000\nstop L 2000 2000\nstop M 4000 2000\n\
         shape r 0,0 4000,0\nshape s 0,2000 4000,2000\nroute R bus\nroute S bus\n\
         trip r1 route=R block=r shape=r : A 08:00 B 08:06 C 08:12\n\
         trip s1 route=S block=s shape=s : K 08:00 L 08:06 M 08:12",
    );
    let begin = ServiceDay::parse(DAY).unwrap().at(drive.timetable().tz, gtfs::ServiceTime(8 * 3600));
    for half_minutes in 1..9 {
        let t = begin.plus_s(30.0 * f64::from(half_minutes));
        drive.until(&format!("08:0{}:{}", half_minutes / 2, if half_minutes % 2 == 0 { "00" } else { "30" }));
        for (vehicle, north_m) in [("v", 0.0), ("w", 2000.0)] {
            drive.step(Event::Ping(bare(vehicle, t, 165.0 * f64::from(half_minutes), north_m)));
        }
        let told = [trip_of(&drive, "v"), trip_of(&drive, "w")];
        assert_eq!(told[0].is_some(), told[1].is_some(), "{told:?} after {half_minutes} half minutes");
    }
    assert_eq!(trip_of(&drive, "w").as_deref(), Some("s1"));
}
