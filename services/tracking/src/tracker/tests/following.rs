use super::drive::{DAY, Drive, bare};
use crate::{Claim, Command, TripState};
use gtfs::{ServiceDay, ServiceTime};
use std::sync::Arc;

#[test]
fn a_late_bus_is_late_at_every_stop_ahead() {
    let mut drive = Drive::town();
    // Two minutes late half way between A and B.
    drive.run("bus", "t1", ("08:02", 0.0), ("08:03:30", 500.0));
    for call in 1..=4 {
        let late_s = drive.late_s("t1", call);
        assert!((70.0..=130.0).contains(&late_s), "call {call}: {late_s}");
    }
    let position = drive.position("bus");
    assert_eq!((position.delay_s, position.next_call), (Some(120), Some(1)));
}

#[test]
fn a_layover_absorbs_the_delay_of_the_trip_before() {
    let mut drive = Drive::town();
    drive.run("bus", "t1", ("08:02", 0.0), ("08:03:30", 500.0));
    // 8 minutes of layover less one to turn round take in 2 minutes; t2 leaves on time.
    let update = drive.update("t2").unwrap();
    assert_eq!(update.vehicle.as_deref(), Some("bus"));
    let leaves_late_s = update.calls[0].departure.since_s(drive.aimed("t2", 0).1);
    assert!((0.0..=60.0).contains(&leaves_late_s), "{leaves_late_s}");
    let late_s = drive.late_s("t2", 4);
    assert!((-30.0..=60.0).contains(&late_s), "{late_s}");
}

#[test]
fn a_delay_longer_than_the_layover_goes_on_to_the_next_trip() {
    let mut drive = Drive::town();
    drive.run("bus", "t1", ("08:15", 0.0), ("08:16:30", 500.0));
    // 15 minutes late: arrives at 08:27, needs one minute, was to leave at 08:20.
    let late_s = drive.update("t2").unwrap().calls[0].departure.since_s(drive.aimed("t2", 0).1);
    assert!((420.0..=540.0).contains(&late_s), "{late_s}");
}

#[test]
fn a_departure_is_never_told_before_it_is_aimed_at_a_terminal() {
    let mut drive = Drive::town();
    drive.ping("07:50", "bus", 0.0, 0.0, "t1");
    let update = drive.update("t1").unwrap();
    assert!(update.calls[0].departure >= drive.aimed("t1", 0).1);
    assert!(drive.row("A", "t1").unwrap().expected_departure.unwrap() >= drive.aimed("t1", 0).1);
}

#[test]
fn shuffling_about_the_terminal_before_the_start_is_no_departure() {
    let mut drive = Drive::town();
    for (clock, east_m) in [("07:50:00", 0.0), ("07:50:30", 90.0), ("07:51:00", 130.0), ("07:51:30", 60.0)] {
        drive.ping(clock, "bus", east_m, 20.0, "t1");
    }
    assert_eq!(drive.position("bus").next_call, Some(0));
    assert!(drive.visits.iter().all(|visit| visit.departure.is_none()));
}

#[test]
fn a_vehicle_seen_to_set_out_before_its_time_has_left_and_one_far_too_early_has_not() {
    for (early, left) in [
        (["07:55", "07:57:00", "07:57:20", "07:57:40"], true),
        (["07:40", "07:41:00", "07:41:20", "07:41:40"], false),
    ] {
        let mut drive = Drive::town();
        for (clock, east_m) in early.into_iter().zip([0.0, 300.0, 450.0, 600.0]) {
            drive.ping(clock, "bus", east_m, 0.0, "t1");
        }
        assert_eq!(drive.position("bus").next_call == Some(1), left);
        assert_eq!(drive.visits.iter().any(|visit| visit.departure.is_some()), left);
    }
}

#[test]
fn stops_passed_between_two_distant_pings_are_visited_at_interpolated_times() {
    let mut drive = Drive::town();
    drive.ping("08:01:00", "bus", 400.0, 0.0, "t1");
    drive.ping("08:04:00", "bus", 1600.0, 0.0, "t1");
    let visit =
        drive.visits.iter().rfind(|visit| visit.stop_sequence == drive.timetable().pattern_calls[1].sequence);
    let visit = visit.unwrap();
    // 585 m of 1,200 m in 180 s: 87.75 s after the first ping.
    let arrival_s = visit.arrival.unwrap().since_s(drive.at("08:01:00"));
    assert!((arrival_s - 87.75).abs() < 0.5, "{arrival_s}");
    assert!(visit.departure.unwrap() >= visit.arrival.unwrap());
    assert_eq!(visit.plus_minus_s, 90.0);
}

#[test]
fn a_loop_that_crosses_itself_is_followed_the_way_it_goes() {
    // A figure of eight: past X twice, once going east, once going north.
    let mut drive = Drive::of(
        "
        stop A 0 0
        stop X 1000 0
        stop B 2000 0
        stop C 2000 -1000
        stop D 1000 -1000
        stop Y 1000 5
        stop Z 1000 1000
        shape eight 0,0 2000,0 2000,-1000 1000,-1000 1000,1000
        route R bus
        trip t route=R shape=eight : A 08:00 X 08:03 B 08:06 C 08:09 D 08:12 Y 08:15 Z 08:18
    ",
    );
    let path: [(f64, f64); 5] =
        [(0.0, 0.0), (2000.0, 0.0), (2000.0, -1000.0), (1000.0, -1000.0), (1000.0, 1000.0)];
    let mut highest = 0;
    let mut s = 0;
    for legs in path.windows(2) {
        let [from, to] = [legs[0], legs[1]];
        let length_m = (to.0 - from.0).abs() + (to.1 - from.1).abs();
        let steps = (length_m / 60.0) as i32;
        for step in 0..steps {
            let share = f64::from(step) / f64::from(steps);
            let clock = format!("08:{:02}:{:02}", s / 60, s % 60);
            drive.ping(
                &clock,
                "bus",
                from.0 + (to.0 - from.0) * share,
                from.1 + (to.1 - from.1) * share,
                "t",
            );
            s += 11;
            let next = drive.position("bus").next_call.unwrap();
            assert!(next >= highest, "{clock}: from {highest} to {next}");
            assert!(next <= highest + 1, "{clock}: jumped from {highest} to {next}");
            highest = next;
        }
    }
    assert_eq!(highest, 6);
}

#[test]
fn an_out_and_back_line_is_not_turned_round_by_noise() {
    let mut drive = Drive::of(
        "
        stop A 0 0
        stop B 1500 0
        stop C 3000 0
        stop D 1500 8
        stop E 0 8
        shape s 0,0 3000,0 3000,8 0,8
        route R bus
        trip t route=R shape=s : A 08:00 B 08:04 C 08:08 D 08:12 E 08:16
    ",
    );
    // Outbound, with the fixes lying nearer to the inbound lane.
    for step in 0..40u32 {
        let s = step * 10;
        let clock = format!("08:{:02}:{:02}", s / 60, s % 60);
        drive.ping(&clock, "bus", f64::from(step) * 60.0, 9.0, "t");
        let along_m = drive.position("bus").along_m.unwrap();
        assert!((f64::from(along_m) - f64::from(step) * 60.0).abs() < 120.0, "{clock}: {along_m}");
    }
}

#[test]
fn a_silent_bus_is_held_then_gone_then_the_timetable_stands() {
    let mut drive = Drive::town();
    drive.run("bus", "t1", ("08:00", 0.0), ("08:01:30", 500.0));
    use crate::CallSource::{Held, Live, Unconfirmed};
    let source = |drive: &Drive| drive.row("D", "t1").unwrap().source;
    assert_eq!(source(&drive), Live);
    drive.until("08:02:05");
    assert_eq!(source(&drive), Held);
    assert!(drive.positions.contains_key("bus"));
    drive.until("08:03:10");
    assert!(!drive.positions.contains_key("bus"), "older than 90 s");
    assert!(drive.update("t1").unwrap().state == TripState::Running);
    drive.until("08:04:40");
    assert_eq!(drive.update("t1").unwrap().state, TripState::NoData);
    assert_eq!(source(&drive), Unconfirmed);
    assert_eq!(drive.row("D", "t1").unwrap().expected_arrival, None);
    assert!(drive.alerts.contains(&"silent".to_owned()));
    // It comes back: the trip is still its own.
    drive.ping("08:07:30", "bus", 2400.0, 0.0, "t1");
    assert_eq!(source(&drive), Live);
}

#[test]
fn the_first_vehicle_keeps_a_trip_and_the_second_is_shown_without_one() {
    let mut drive = Drive::town();
    drive.ping("08:01:00", "first", 300.0, 0.0, "t1");
    drive.ping("08:01:05", "second", 250.0, 0.0, "t1");
    drive.ping("08:01:15", "second", 300.0, 0.0, "t1");
    assert!(drive.position("first").trip.is_some());
    assert_eq!(drive.position("second").trip, None);
    assert_eq!(
        drive.alerts.iter().filter(|code| *code == "trip_claimed_twice").count(),
        1,
        "one alert, not one a ping"
    );
}

#[test]
fn a_second_vehicle_takes_over_when_the_first_has_fallen_silent() {
    let mut drive = Drive::town();
    drive.ping("08:01:00", "first", 300.0, 0.0, "t1");
    drive.until("08:04:10");
    drive.ping("08:04:15", "second", 1300.0, 0.0, "t1");
    assert!(drive.position("second").trip.is_some());
    assert_eq!(drive.update("t1").unwrap().vehicle.as_deref(), Some("second"));
}

#[test]
fn a_bus_that_claims_its_block_goes_from_trip_to_trip_by_itself() {
    let mut drive = Drive::town();
    let claim = || Claim { block: Some(Arc::from("b1")), ..Claim::default() };
    for s in (0..=720).step_by(10) {
        let clock = format!("08:{:02}:{:02}", s / 60, s % 60);
        drive.send(&clock, "bus", f64::from(s) / 720.0 * 4000.0, 0.0, claim());
    }
    drive.send("08:13:00", "bus", 4000.0, 0.0, claim());
    let trip = |drive: &Drive| {
        drive.position("bus").trip.map(|dated| drive.timetable().trips[dated.trip.at()].id.to_string())
    };
    assert_eq!(trip(&drive).as_deref(), Some("t2"));
    for s in (0..=300).step_by(10) {
        let clock = format!("08:{:02}:{:02}", 20 + s / 60, s % 60);
        drive.send(&clock, "bus", 4000.0 - f64::from(s) / 720.0 * 4000.0, 0.0, claim());
    }
    assert_eq!(drive.position("bus").next_call, Some(2));
}

#[test]
fn a_bus_that_claims_nothing_is_put_on_its_trip_by_place_heading_and_time() {
    let mut drive = Drive::town();
    drive.run("bus", "", ("08:00:30", 150.0), ("08:02:30", 850.0));
    let dated = drive.position("bus").trip.expect("a trip");
    assert_eq!(&*drive.timetable().trips[dated.trip.at()].id, "t1");
    assert!(drive.late_s("t1", 4).abs() < 60.0);
}

#[test]
fn a_parked_vehicle_beside_the_line_is_put_on_no_trip() {
    let mut drive = Drive::town();
    for s in 0..40 {
        let clock = format!("08:{:02}:{:02}", s * 15 / 60, s * 15 % 60);
        drive.ping(&clock, "parked", 1990.0 + f64::from(s % 3), 12.0, "");
    }
    assert_eq!(drive.position("parked").trip, None);
    assert!(drive.updates.is_empty());
}

#[test]
fn a_trip_past_midnight_belongs_to_the_day_before() {
    let mut drive = Drive::of(
        "
        stop A 0 0
        stop B 3000 0
        shape s 0,0 3000,0
        route R bus
        trip night route=R shape=s : A 24:30 B 24:40
    ",
    );
    drive.ping("24:31:00", "bus", 300.0, 0.0, "night");
    let trip = drive.position("bus").trip.unwrap();
    assert_eq!((trip.day, trip.start), (ServiceDay::parse(DAY).unwrap(), ServiceTime(24 * 3600 + 1800)));
    assert!(drive.late_s("night", 1).abs() < 60.0);
}

#[test]
fn a_dispatcher_outranks_a_claim() {
    let mut drive = Drive::town();
    drive.ping("08:31:00", "bus", 300.0, 0.0, "t1");
    let (day, start) = (ServiceDay::parse(DAY).unwrap(), ServiceTime(8 * 3600 + 1800));
    drive.command(Command::Assign { vehicle: Arc::from("bus"), trip: Some((Arc::from("t3"), day, start)) });
    drive.ping("08:31:20", "bus", 400.0, 0.0, "t1");
    let dated = drive.position("bus").trip.unwrap();
    assert_eq!(&*drive.timetable().trips[dated.trip.at()].id, "t3");
    drive.command(Command::Assign { vehicle: Arc::from("bus"), trip: None });
    drive.ping("08:31:40", "bus", 500.0, 0.0, "t1");
    assert_eq!(drive.position("bus").trip, None, "stays off until it claims something else");
}

#[test]
fn a_bus_off_its_line_loses_its_predictions_after_two_minutes_and_rejoins_ahead() {
    let mut drive = Drive::town();
    drive.run("bus", "t1", ("08:00", 0.0), ("08:01:30", 500.0));
    for s in (100..=320).step_by(10) {
        let clock = format!("08:{:02}:{:02}", s / 60, s % 60);
        drive.ping(&clock, "bus", 500.0 + f64::from(s - 100) * 4.0, 400.0, "t1");
    }
    assert_eq!(drive.update("t1").unwrap().state, TripState::NoData);
    drive.ping("08:06:00", "bus", 2200.0, 0.0, "t1");
    assert_eq!(drive.update("t1").unwrap().state, TripState::Running);
    assert_eq!(drive.position("bus").next_call, Some(3));
}

#[test]
fn a_less_trusted_source_that_is_elsewhere_is_ignored() {
    let mut drive = Drive::town();
    drive.ping("08:01:00", "bus", 300.0, 0.0, "t1");
    let t = drive.at("08:01:10");
    drive.give(crate::Ping { tier: crate::Tier::Legacy, ..bare("bus", t, 3000.0, 0.0) });
    assert!(drive.position("bus").along_m.unwrap() < 1000.0);
    assert_eq!(drive.alerts, ["conflict"]);
}

#[test]
fn a_ferry_is_at_its_pier_within_the_geofence() {
    let mut drive = Drive::of(
        "
        stop P 0 0
        stop Q 2000 0
        stop S 4000 0
        shape river 0,0 4000,0
        route F ferry
        trip f route=F shape=river : P 08:00 Q 08:10-08:12 S 08:22
    ",
    );
    drive.ping("08:01:00", "ferry", 200.0, 120.0, "f");
    drive.ping("08:09:00", "ferry", 1930.0, 180.0, "f");
    let position = drive.position("ferry");
    assert_eq!(
        (position.next_call, position.at_stop),
        (Some(1), true),
        "mid-river, and 70 m short of the pier"
    );
}

#[test]
fn the_last_stop_is_visited_though_the_next_fix_claims_the_next_trip() {
    let mut drive = Drive::town();
    drive.run("bus", "t1", ("08:00", 0.0), ("08:11:30", 3_850.0));
    drive.ping("08:12", "bus", 4_000.0, 0.0, "t2");
    let end = drive.visits.iter().find(|visit| visit.stop_sequence == 5).unwrap();
    let late_s = end.arrival.unwrap().since_s(drive.aimed("t1", 4).0);
    assert!((-30.0..=0.0).contains(&late_s), "{late_s}");
    // One that turns round on the way did not come there.
    let mut short = Drive::town();
    short.run("bus", "t1", ("08:00", 0.0), ("08:10:30", 3_500.0));
    short.ping("08:11", "bus", 3_400.0, 0.0, "t2");
    assert!(short.visits.iter().all(|visit| visit.stop_sequence != 5));
}

/// The town with a second line, 600 m north of the first.
fn two_lines() -> Drive {
    let north = "
        stop F 0 600
        stop G 2000 600
        stop H 4000 600
        shape north 0,600 2000,600 4000,600
        route N bus
        trip n1 route=N block=b9 shape=north : F 08:00 G 08:06 H 08:12
    ";
    Drive::of(&format!("{}{north}", super::drive::TOWN))
}

#[test]
fn a_bus_that_drives_another_line_than_it_claims_is_noticed_said_and_put_on_that_line() {
    let mut drive = two_lines();
    for s in (60..=420).step_by(15) {
        let clock = format!("08:{:02}:{:02}", s / 60, s % 60);
        drive.ping(&clock, "bus", f64::from(s) / 720.0 * 4000.0, 600.0, "t1");
    }
    assert_eq!(drive.alerts, ["claim_contradicted"]);
    let dated = drive.position("bus").trip.expect("a trip");
    assert_eq!(&*drive.timetable().trips[dated.trip.at()].id, "n1");
}

#[test]
fn a_bus_that_is_only_off_its_line_keeps_the_trip_it_claims() {
    let mut drive = two_lines();
    for s in (60..=420).step_by(15) {
        let clock = format!("08:{:02}:{:02}", s / 60, s % 60);
        drive.ping(&clock, "bus", f64::from(s) / 720.0 * 4000.0, -900.0, "t1");
    }
    assert!(!drive.alerts.contains(&"claim_contradicted".to_owned()));
    let dated = drive.position("bus").trip.expect("a trip");
    assert_eq!(&*drive.timetable().trips[dated.trip.at()].id, "t1");
}

#[test]
fn when_most_claims_are_unknown_it_is_said_once_and_vehicles_are_put_on_trips_by_evidence() {
    let mut drive = Drive::town();
    for n in 0..30 {
        let clock = format!("08:00:{n:02}");
        drive.ping(&clock, &format!("bus {n}"), 9_000.0 + f64::from(n) * 50.0, 9_000.0, "of another feed");
    }
    assert_eq!(drive.alerts.iter().filter(|code| *code == "wrong_feed").count(), 1);
    assert!(drive.tracker.counters().wrong_feed);
    drive.run("bus", "of another feed", ("08:02", 300.0), ("08:04:00", 1000.0));
    let dated = drive.position("bus").trip.expect("a trip");
    assert_eq!(&*drive.timetable().trips[dated.trip.at()].id, "t1");
}

#[test]
fn a_vehicle_that_comes_back_to_the_trip_it_left_keeps_its_predictions() {
    let mut drive = Drive::town();
    drive.run("bus", "t1", ("08:00", 0.0), ("08:04", 1_300.0));
    drive.ping("08:04:10", "bus", 1_350.0, 0.0, "t2");
    drive.run("bus", "t1", ("08:04:20", 1_400.0), ("08:08", 2_600.0));
    let gone = drive.log.iter().filter(|line| line.contains("TripUpdateGone(DatedTrip { trip: TripIdx(0)"));
    assert_eq!(gone.count(), 0, "also two minutes after it was left");
    assert!(drive.update("t1").is_some_and(|update| update.calls.iter().any(|call| !call.arrived)));
}
