use super::drive::{Drive, bare};
use crate::board::BOARD_CALLS_MAX;
use crate::{CallState, Claim, Ping};
use proptest::prelude::*;
use std::sync::Arc;

/// A drive out along the town's line with noise, pauses, gaps and repeats: seconds to the next
/// ping, metres on, metres of noise east and north.
fn pings() -> impl Strategy<Value = Vec<(u16, u16, i8, i8)>> {
    prop::collection::vec((1u16..60, 0u16..500, -40i8..40, -40i8..40), 5..60)
}

fn made(drive: &Drive, steps: &[(u16, u16, i8, i8)]) -> Vec<Ping> {
    let mut t = drive.at("07:58");
    let mut east_m = 0.0;
    let claim = Claim { trip: Some(Arc::from("t1")), ..Claim::default() };
    steps
        .iter()
        .map(|&(wait_s, on_m, dx, dy)| {
            t = t.plus_s(f64::from(wait_s));
            east_m = (east_m + f64::from(on_m)).min(4_100.0);
            let ping = bare("bus", t, east_m + f64::from(dx), f64::from(dy));
            Ping { claim: claim.clone(), accuracy_m: None, ..ping }
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn progress_never_falls_and_visits_come_in_order(steps in pings()) {
        let mut drive = Drive::town();
        let (mut along_m, mut next) = (0.0f32, 0);
        for ping in made(&drive, &steps) {
            drive.give(ping);
            let position = drive.position("bus");
            if let (Some(m), Some(call)) = (position.along_m, position.next_call) {
                prop_assert!(m >= along_m && call >= next, "{along_m} {next} -> {m} {call}");
                (along_m, next) = (m, call);
            }
        }
        let arrivals: Vec<_> = drive.visits.iter().filter_map(|visit| visit.arrival).collect();
        prop_assert!(arrivals.is_sorted());
        prop_assert!(drive.visits.iter().all(|v| v.departure.zip(v.arrival).is_none_or(|(d, a)| d >= a)));
    }

    #[test]
    fn what_is_told_is_in_order_and_not_in_the_past(steps in pings()) {
        let mut drive = Drive::town();
        for ping in made(&drive, &steps) {
            drive.give(ping);
            for update in drive.updates.values() {
                for pair in update.calls.windows(2) {
                    prop_assert!(pair[0].departure < pair[1].arrival, "{pair:?}");
                }
                for call in &update.calls {
                    let [p10, p50, p90] = call.arrival_q;
                    prop_assert!(call.arrival <= call.departure);
                    prop_assert!(p10 <= call.arrival && call.arrival <= p90 && p10 <= p50 && p50 <= p90, "{call:?}");
                }
            }
            for (stop, board) in &drive.boards {
                prop_assert!(board.calls.len() <= BOARD_CALLS_MAX);
                prop_assert!(board.calls.is_sorted_by_key(crate::MonitoredCall::shown), "{stop}");
                let mut trips: Vec<_> = board.calls.iter().map(|call| call.trip).collect();
                trips.dedup();
                prop_assert_eq!(trips.len(), board.calls.len());
                for call in board.calls.iter().filter(|call| call.state == CallState::Ok) {
                    let past_s = call.expected_arrival.map_or(0.0, |t| drive.now.since_s(t));
                    prop_assert!(past_s <= 8.0, "{stop} shows {past_s} s ago as coming");
                }
            }
        }
    }

    #[test]
    fn the_same_log_gives_the_same_bytes_and_repeats_change_nothing(steps in pings()) {
        let run = |repeat: bool| {
            let mut drive = Drive::town();
            for ping in made(&drive, &steps) {
                drive.give(ping.clone());
                if repeat {
                    // As a driver hands over a duplicate: before anything else happens.
                    drive.step(crate::Event::Ping(ping));
                }
            }
            (drive.log, drive.updates, drive.visits)
        };
        let (once, again, doubled) = (run(false), run(false), run(true));
        prop_assert_eq!(&once.0, &again.0);
        prop_assert_eq!(&once.1, &doubled.1);
        prop_assert_eq!(&once.2, &doubled.2);
    }
}
