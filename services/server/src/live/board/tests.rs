//! A reader that applies what it is sent always has the board that the server has.

use super::*;
use crate::live::Common;
use gtfs::{ServiceDay, ServiceTime, StopIdx};
use stop_display::board::{Applied, Board as Panel};
use stop_display::frame::{Level, ToPanel};
use tracking::{CallSource, CallState, DatedTrip, MonitoredCall};

const TOWN: &str = "
    zone Asia/Bangkok
    stop A 0 0
    stop B 500 0
    stop C 1200 300
    route R bus
    trip t1 route=R : A 08:00 B 08:02 C 08:05
    trip t2 route=R : A 08:30 B 08:32 C 08:35
    trip t3 route=R : A 09:00 B 09:02 C 09:05
";

fn common() -> Arc<Common> {
    Arc::new(Common::of(Arc::new(gtfs::fixture::timetable(TOWN).unwrap()), true, 1.0))
}

fn at(time: &str) -> Timestamp {
    let day = ServiceDay::parse("20261124").unwrap();
    day.at(chrono_tz::Asia::Bangkok, ServiceTime::parse(time.as_bytes()).unwrap())
}

fn first(common: &Arc<Common>) -> Board {
    let stop = common.timetable.stop("B").unwrap();
    Board::first(7, Arc::new(Place::new(Arc::clone(common), stop, at("08:00:00"))), Arc::from([]))
}

/// The board of stop B with these trips, each expected so many seconds late.
fn content(common: &Common, rows: &[(&str, i64)]) -> Arc<StopBoard> {
    let call = |(id, late_s): &(&str, i64)| {
        let trip = common.timetable.trip(id, None).unwrap();
        let start = common.timetable.trips[trip.at()].start;
        let aimed = ServiceDay::parse("20261124").unwrap().at(common.timetable.tz, start).plus_s(120.0);
        MonitoredCall {
            trip: DatedTrip { trip, day: ServiceDay::parse("20261124").unwrap(), start },
            call: 1,
            vehicle: None,
            aimed_arrival: aimed,
            aimed_departure: aimed,
            expected_arrival: Some(aimed.plus_s(*late_s as f64)),
            expected_departure: Some(aimed.plus_s(*late_s as f64)),
            arrival_q: None,
            actual_departure: None,
            source: CallSource::Live,
            position_t: None,
            state: CallState::Ok,
            occupancy: None,
            soc_pct: None,
            simulated: true,
            headway_s: None,
        }
    };
    Arc::new(StopBoard { stop: StopIdx::new(1), calls: rows.iter().map(call).collect() })
}

fn no_alerts() -> Arc<[Alert]> {
    Arc::from([])
}

fn decode(text: &str) -> ToPanel {
    ToPanel::decode(text).unwrap()
}

fn opened(board: &Board) -> Panel {
    match decode(&board.snapshot(at("08:00:00"), "")) {
        ToPanel::Snap(snap) => Panel::new(*snap),
        other => panic!("{other:?}"),
    }
}

fn ids(rows: &[Row]) -> Vec<&str> {
    let mut ids: Vec<&str> = rows.iter().map(|row| &*row.id).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn deltas_lead_a_reader_to_the_board_that_the_server_has() {
    let common = common();
    let mut board = first(&common);
    let mut panel = opened(&board);
    let days: [&[(&str, i64)]; 4] =
        [&[("t1", 0), ("t2", 0)], &[("t1", 40), ("t2", 0)], &[("t2", 15), ("t3", 0)], &[]];
    for rows in days {
        let next = board.changed(content(&common, rows), no_alerts()).unwrap();
        let Lacks::Deltas(deltas) = next.lacks(7, board.seq) else {
            panic!("{:?}", next.lacks(7, board.seq))
        };
        assert_eq!(deltas.len(), 1);
        assert_eq!(panel.apply(decode(&deltas[0])), Applied::Changed);
        assert_eq!(ids(&panel.snap.rows), ids(next.rows()));
        assert!(next.rows().iter().all(|row| panel.snap.rows.contains(row)));
        board = next;
    }
}

#[test]
fn a_change_that_nobody_would_see_makes_no_state() {
    let common = common();
    let board = first(&common).changed(content(&common, &[("t1", 0)]), no_alerts()).unwrap();
    assert!(board.changed(content(&common, &[("t1", 0)]), no_alerts()).is_none());
}

#[test]
fn a_reader_gets_what_it_lacks_and_not_more() {
    let common = common();
    let mut board = first(&common);
    for late_s in 1..=5 {
        board = board.changed(content(&common, &[("t1", late_s)]), no_alerts()).unwrap();
    }
    assert_eq!(board.seq, 6);
    assert_eq!(board.lacks(7, 6), Lacks::Nothing);
    assert!(matches!(board.lacks(7, 4), Lacks::Deltas(deltas) if deltas.len() == 2));
    assert!(matches!(board.lacks(7, 1), Lacks::Deltas(deltas) if deltas.len() == 5));
    assert_eq!(board.lacks(7, 0), Lacks::Snapshot, "it has seen nothing");
    assert_eq!(board.lacks(7, 9), Lacks::Snapshot, "it has seen more than there is");
    assert_eq!(board.lacks(6, 6), Lacks::Snapshot, "it has seen another epoch");
}

#[test]
fn the_ring_is_bounded_in_deltas_and_in_bytes() {
    let small = |n: usize| Utf8Bytes::from("x".repeat(n));
    let mut deltas = Vec::new();
    for _ in 0..2 * DELTAS_MAX {
        deltas = ring(&deltas, small(10));
    }
    assert_eq!(deltas.len(), DELTAS_MAX);
    for _ in 0..100 {
        deltas = ring(&deltas, small(1_000));
    }
    assert_eq!(deltas.len(), DELTA_BYTES_MAX / 1_000);
}

#[test]
fn a_snapshot_tells_the_time_it_is_sent_and_the_timetable_once() {
    let common = common();
    let board = first(&common);
    let snap = |now: &str, sv: &str| match decode(&board.snapshot(at(now), sv)) {
        ToPanel::Snap(snap) => *snap,
        other => panic!("{other:?}"),
    };
    let (early, late) = (snap("08:00:00", ""), snap("08:00:09", "other"));
    assert_eq!(late.now - early.now, 9);
    assert_eq!(early.sched, late.sched);
    assert_eq!(snap("08:00:00", &early.sv).sched, None, "the reader has it");
    let aimed: Vec<i64> = early.sched.unwrap().into_iter().map(|(t, ..)| t).collect();
    assert!(
        aimed.is_sorted() && aimed.contains(&at("08:02:00").s()),
        "the call at B, not the start of the trip"
    );
    assert!(aimed.contains(&(at("09:02:00").s() + 86_400)), "tomorrow's too");
    assert_eq!(early.notice.unwrap().get("en"), "Simulated vehicles");
}

#[test]
fn the_last_stop_of_a_trip_shows_nothing_to_board() {
    let common = common();
    let stop = common.timetable.stop("C").unwrap();
    let sched = crate::live::aimed_calls(&common.timetable, stop, at("00:00:00"), at("23:00:00"));
    assert!(sched.is_empty());
}

#[test]
fn a_message_reaches_a_reader_as_a_delta() {
    let common = common();
    let board = first(&common).changed(content(&common, &[("t1", 0)]), no_alerts()).unwrap();
    let mut panel = opened(&board);
    let alert = Alert { id: "al1".to_owned(), level: Level::Emergency, ..Alert::default() };
    let next = board.changed(content(&common, &[("t1", 0)]), Arc::from([alert.clone()])).unwrap();
    let Lacks::Deltas(deltas) = next.lacks(7, board.seq) else { panic!("no delta") };
    panel.apply(decode(&deltas[0]));
    assert_eq!(panel.snap.alerts, [alert]);
    assert_eq!(panel.snap.rows.len(), 1);
}
