use super::drive::{DAY, Drive};
use crate::{CallSource, CallState, Command, Event, Tap, TripState};
use gtfs::{ServiceDay, ServiceTime};
use std::sync::Arc;

#[test]
fn before_any_vehicle_is_heard_a_board_shows_the_timetable() {
    let drive = Drive::town();
    let row = drive.row("C", "t1").unwrap();
    assert_eq!(
        (row.source, row.expected_arrival, row.vehicle.as_deref()),
        (CallSource::Timetable, None, None)
    );
    assert!(drive.row("E", "t1").is_none(), "nobody boards at the last stop");
}

#[test]
fn a_trip_without_its_vehicle_is_unconfirmed_and_then_off_the_board() {
    let mut drive = Drive::town();
    drive.ping("07:55:00", "other", 9000.0, 9000.0, "");
    drive.until("08:00:30");
    assert_eq!(drive.row("B", "t1").unwrap().source, CallSource::Timetable);
    drive.until("08:01:02");
    assert_eq!(drive.row("B", "t1").unwrap().source, CallSource::Unconfirmed);
    drive.until("08:13:02");
    assert!(drive.row("B", "t1").is_none(), "ten minutes after its aimed time");
    assert!(drive.alerts.is_empty() && drive.updates.is_empty(), "silence cancels nothing");
}

#[test]
fn a_vehicle_that_was_held_and_came_back_is_held_again_as_soon_as_it_is_silent() {
    let mut drive = Drive::town();
    drive.run("bus", "t1", ("08:00", 0.0), ("08:01", 300.0));
    let source = |drive: &Drive| drive.row("C", "t1").unwrap().source;
    drive.until("08:01:35");
    assert_eq!(source(&drive), CallSource::Held);
    drive.ping("08:01:40", "bus", 500.0, 0.0, "t1");
    drive.until("08:02:05");
    assert_eq!(source(&drive), CallSource::Live);
    drive.until("08:02:13");
    assert_eq!(source(&drive), CallSource::Held);
}

#[test]
fn a_row_counts_down_arrives_stands_and_leaves_and_never_comes_back() {
    let mut drive = Drive::town();
    drive.run("bus", "t1", ("08:00", 0.0), ("08:01:50", 610.0));
    assert_eq!(drive.row("B", "t1").unwrap().state, CallState::Ok);
    drive.ping("08:02:40", "bus", 880.0, 0.0, "t1");
    drive.until("08:02:45");
    assert_eq!(drive.row("B", "t1").unwrap().state, CallState::Arriving);
    drive.ping("08:03:00", "bus", 995.0, 0.0, "t1");
    assert_eq!(drive.row("B", "t1").unwrap().state, CallState::AtStop);
    drive.ping("08:03:10", "bus", 1100.0, 0.0, "t1");
    let row = drive.row("B", "t1").unwrap();
    assert_eq!(row.state, CallState::Departed);
    assert!(row.actual_departure.is_some());
    drive.ping("08:04:00", "bus", 1400.0, 0.0, "t1");
    assert!(drive.row("B", "t1").is_some(), "kept two minutes");
    drive.ping("08:05:20", "bus", 1900.0, 0.0, "t1");
    assert!(drive.row("B", "t1").is_none());
}

#[test]
fn an_early_bus_that_has_passed_does_not_return_as_a_timetable_row() {
    let mut drive = Drive::town();
    drive.run("bus", "t1", ("08:00", 0.0), ("08:05", 4000.0));
    // Done seven minutes early; D was aimed at 08:09.
    drive.ping("08:05:10", "bus", 4000.0, 0.0, "t1");
    drive.until("08:08:00");
    assert!(drive.row("D", "t1").is_none());
}

#[test]
fn a_cancelled_trip_says_so_on_every_board_and_in_the_feed() {
    let mut drive = Drive::town();
    let (day, start) = (ServiceDay::parse(DAY).unwrap(), ServiceTime(8 * 3600));
    let cancel = |cancelled| Command::Cancel { trip: Arc::from("t1"), day, start, cancelled };
    drive.command(cancel(true));
    assert_eq!(drive.row("C", "t1").unwrap().state, CallState::Cancelled);
    assert_eq!(drive.update("t1").unwrap().state, TripState::Cancelled);
    drive.command(cancel(false));
    assert_eq!(drive.row("C", "t1").unwrap().state, CallState::Ok);
    assert!(drive.update("t1").is_none());
}

#[test]
fn a_closed_stop_is_skipped_on_its_board_and_in_the_feed() {
    let mut drive = Drive::town();
    drive.run("bus", "t1", ("08:00", 0.0), ("08:01", 300.0));
    let stop = drive.timetable().stop("C").unwrap();
    drive.command(Command::CloseStop { stop, closed: true });
    assert_eq!(drive.row("C", "t1").unwrap().state, CallState::Skipped);
    assert!(drive.update("t1").unwrap().calls.iter().any(|call| call.call == 2 && call.skipped));
    drive.command(Command::CloseStop { stop, closed: false });
    assert_eq!(drive.row("C", "t1").unwrap().state, CallState::Ok);
}

#[test]
fn a_service_by_headway_says_every_so_many_minutes_until_a_vehicle_is_bound() {
    let mut drive = Drive::of(
        "
        stop A 0 0
        stop B 2000 0
        stop C 4000 0
        shape s 0,0 4000,0
        route R bus
        trip often route=R shape=s : A 00:00 B 00:05 C 00:10
        every often 07:00-10:00 600
    ",
    );
    let row = drive.row("B", "often").unwrap();
    assert_eq!((row.headway_s, row.source), (Some(600), CallSource::Timetable));
    assert_eq!(drive.boards["B"].calls.len(), 1, "one row, not one a headway");
    drive.ping("08:02:00", "bus", 0.0, 0.0, "often");
    drive.ping("08:03:00", "bus", 400.0, 0.0, "often");
    let trip = drive.position("bus").trip.unwrap();
    assert_eq!(trip.start, ServiceTime(8 * 3600 + 120), "born when a vehicle was bound, and kept");
    let board = &drive.boards["B"];
    assert!(
        board
            .calls
            .iter()
            .any(|call| call.vehicle.as_deref() == Some("bus") && call.expected_arrival.is_some())
    );
    assert!(board.calls.iter().any(|call| call.headway_s == Some(600)));
}

#[test]
fn a_service_by_headway_says_the_headway_that_is_driven_once_vehicles_have_come() {
    let mut drive = Drive::of(
        "
        stop A 0 0
        stop B 2000 0
        stop C 4000 0
        shape s 0,0 4000,0
        route R bus
        trip often route=R shape=s : A 00:00 B 00:05 C 00:10
        every often 07:00-10:00 600
    ",
    );
    drive.run("one", "often", ("08:02", 0.0), ("08:10", 3200.0));
    drive.run("two", "often", ("08:17", 0.0), ("08:25", 3200.0));
    let told = drive.boards["B"].calls.iter().find_map(|call| call.headway_s);
    assert_eq!(told, Some(690), "two times the timetable's 600 s and once 900 s, in half minutes");
}

#[test]
fn taps_keep_a_vehicle_at_its_stop_a_little_longer() {
    let mut drive = Drive::town();
    drive.run("bus", "t1", ("08:00", 0.0), ("08:03:00", 990.0));
    drive.ping("08:03:10", "bus", 1000.0, 0.0, "t1");
    let departure = |drive: &Drive| drive.update("t1").unwrap().calls[1].departure;
    let before = departure(&drive);
    for tap in 0..20 {
        let t = drive.at("08:03:10").plus_s(0.2 * f64::from(tap));
        drive.step(Event::TapSeen(Tap { vehicle: "bus".into(), t }));
    }
    drive.step(Event::Tick);
    drive.ping("08:03:16", "bus", 1000.0, 0.0, "t1");
    assert!(departure(&drive).since_s(before) > 20.0, "{}", departure(&drive).since_s(before));
}

#[test]
fn the_charge_of_a_vehicle_reaches_its_position_and_its_rows() {
    let mut drive = Drive::town();
    let t = drive.at("08:01:00");
    let claim = crate::Claim { trip: Some(Arc::from("t1")), ..crate::Claim::default() };
    let ev = Some(crate::Ev { soc_pct: Some(71.0), ..crate::Ev::default() });
    drive.give(crate::Ping {
        claim,
        ev,
        provenance: crate::Provenance::Sim,
        ..super::drive::bare("bus", t, 300.0, 0.0)
    });
    assert_eq!(drive.position("bus").soc_pct, Some(71.0));
    let row = drive.row("C", "t1").unwrap();
    assert_eq!((row.soc_pct, row.simulated), (Some(71.0), true));
}
