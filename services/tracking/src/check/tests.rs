use super::*;
use crate::{Claim, Provenance, Tier};
use std::sync::Arc;

const NOW: Timestamp = Timestamp::from_s(1_795_136_525);

fn area() -> Area {
    Area { south: 13.60, north: 13.75, west: 101.00, east: 101.15 }
}

fn params() -> CheckParams {
    CheckParams { area: Some(area()), ..CheckParams::default() }
}

fn profile() -> DeviceProfile {
    DeviceProfile {
        vehicle: Arc::from("bus-017"),
        class: VehicleClass::Bus,
        tier: Tier::Signed,
        period_s: 5.0,
        clock_fix_allowed: false,
        simulated_is_live: false,
    }
}

fn report(t: Timestamp) -> Report {
    Report { t, lat: 13.68812, lon: 101.07156, claim: Claim::default(), ..Report::default() }
}

fn one(report: Report) -> Checked {
    check(report, &profile(), &mut DeviceState::default(), NOW, &params())
}

fn refusal(checked: &Checked) -> Option<(RejectCode, Detail)> {
    match checked.verdict {
        Verdict::Rej(reject) => Some((reject.code, reject.detail)),
        _ => None,
    }
}

#[test]
fn a_plain_ping_is_ok() {
    let checked = one(report(NOW.plus_s(-2.0)));
    assert_eq!(checked.verdict, Verdict::Ok);
    assert!(checked.is_live());
    assert_eq!(checked.ping.unwrap().t, NOW.plus_s(-2.0));
}

#[test]
fn a_ping_from_tomorrow_is_refused_and_says_by_how_much() {
    let checked = one(report(NOW.plus_s(86_400.0)));
    assert_eq!(refusal(&checked), Some((RejectCode::Future, Detail::Ms(86_400_000))));
    assert!(checked.ping.is_none());
}

#[test]
fn half_a_minute_ahead_is_taken_as_now_and_flagged() {
    let checked = one(report(NOW.plus_s(30.0)));
    assert_eq!(checked.verdict, Verdict::Flag);
    assert!(checked.flags.has(Flag::Clock));
    assert_eq!(checked.ping.unwrap().t, NOW);
}

#[test]
fn coordinates_off_the_earth_name_the_field() {
    let checked = one(Report { lat: f64::NAN, ..report(NOW) });
    assert_eq!(refusal(&checked), Some((RejectCode::Range, Detail::Field("lat"))));
    let checked = one(Report { lon: 181.0, ..report(NOW) });
    assert_eq!(refusal(&checked), Some((RejectCode::Range, Detail::Field("lon"))));
}

#[test]
fn null_island_is_refused() {
    let checked = one(Report { lat: 0.0, lon: 0.001, ..report(NOW) });
    assert_eq!(refusal(&checked), Some((RejectCode::Zero, Detail::None)));
}

#[test]
fn exchanged_coordinates_are_refused_and_called_swapped() {
    // Chachoengsao's longitude is no latitude, so the example is taken where both are possible.
    let params =
        CheckParams { area: Some(Area { south: 60.0, north: 60.3, west: 24.5, east: 25.2 }), ..params() };
    let swapped = Report { lat: 24.9, lon: 60.2, ..report(NOW) };
    let checked = check(swapped, &profile(), &mut DeviceState::default(), NOW, &params);
    assert_eq!(refusal(&checked), Some((RejectCode::Area, Detail::Swapped)));
}

#[test]
fn exchanged_coordinates_in_thailand_are_no_latitude_and_called_swapped() {
    let checked = one(Report { lat: 101.07156, lon: 13.68812, ..report(NOW) });
    assert_eq!(refusal(&checked), Some((RejectCode::Range, Detail::Swapped)));
}

#[test]
fn a_mile_outside_is_flagged_and_thirty_kilometres_refused() {
    let checked = one(Report { lat: 13.78, ..report(NOW) });
    assert_eq!((checked.verdict, checked.flags.has(Flag::Area)), (Verdict::Flag, true));
    let checked = one(Report { lat: 14.5, ..report(NOW) });
    assert!(matches!(refusal(&checked), Some((RejectCode::Area, Detail::Meters(m))) if m > 80_000.0));
}

#[test]
fn late_and_very_late_pings_differ() {
    assert_eq!(one(report(NOW.plus_s(-61.0))).verdict, Verdict::Hist(HistReason::Late));
    let slow = DeviceProfile { period_s: 50.0, ..profile() };
    let checked = check(report(NOW.plus_s(-75.0)), &slow, &mut DeviceState::default(), NOW, &params());
    assert_eq!(checked.verdict, Verdict::Ok);
    assert!(matches!(refusal(&one(report(NOW.plus_s(-8.0 * 86_400.0)))), Some((RejectCode::TooOld, _))));
}

#[test]
fn a_ping_behind_the_live_head_is_history() {
    let mut state = DeviceState::default();
    let newest = check(report(NOW.plus_s(-1.0)), &profile(), &mut state, NOW, &params());
    let older = check(report(NOW.plus_s(-3.0)), &profile(), &mut state, NOW, &params());
    assert_eq!(newest.verdict, Verdict::Ok);
    assert_eq!(older.verdict, Verdict::Hist(HistReason::OutOfOrder));
    assert_eq!(state.head_t(), Some(NOW.plus_s(-1.0)));
}

#[test]
fn an_impossible_speed_is_no_speed() {
    let checked = one(Report { speed_mps: Some(70.0), ..report(NOW) });
    assert_eq!(checked.ping.unwrap().speed_mps, None);
}

/// Reports five seconds apart, with their latitudes; returns the verdicts.
fn drive(lats: &[f64]) -> Vec<Verdict> {
    let mut state = DeviceState::default();
    (0i32..)
        .zip(lats)
        .map(|(i, &lat)| {
            let now = NOW.plus_s(f64::from(i) * 5.0);
            check(Report { lat, ..report(now) }, &profile(), &mut state, now, &params()).verdict
        })
        .collect()
}

#[test]
fn one_jump_is_history_and_the_next_good_fix_is_live() {
    let jump = Verdict::Hist(HistReason::Jump);
    assert_eq!(drive(&[13.68, 13.72, 13.6803]), [Verdict::Ok, jump, Verdict::Ok]);
}

#[test]
fn three_fixes_that_agree_move_the_vehicle() {
    let jump = Verdict::Hist(HistReason::Jump);
    assert_eq!(
        drive(&[13.68, 13.72, 13.7201, 13.7202, 13.7203]),
        [Verdict::Ok, jump, jump, Verdict::Ok, Verdict::Ok]
    );
}

#[test]
fn after_five_minutes_of_silence_one_fix_is_enough() {
    let mut state = DeviceState::default();
    let first = check(Report { lat: 13.62, ..report(NOW) }, &profile(), &mut state, NOW, &params());
    let later = NOW.plus_s(301.0);
    let far = Report { lat: 13.74, lon: 101.14, ..report(later) };
    assert_eq!(first.verdict, Verdict::Ok);
    assert_eq!(check(far, &profile(), &mut state, later, &params()).verdict, Verdict::Ok);
}

#[test]
fn poor_accuracy_is_flagged_and_worse_is_history() {
    let middling = one(Report { accuracy_m: Some(50.0), ..report(NOW) });
    assert_eq!((middling.verdict, middling.flags.has(Flag::Accuracy)), (Verdict::Flag, true));
    let poor = one(Report { hdop: Some(11.0), ..report(NOW) });
    assert_eq!(poor.verdict, Verdict::Hist(HistReason::Accuracy));
}

#[test]
fn a_standing_vehicle_keeps_its_place_and_takes_the_new_time() {
    let mut state = DeviceState::default();
    let still = |now, lat| Report { lat, speed_mps: Some(0.2), heading_deg: Some(90.0), ..report(now) };
    let first = check(still(NOW, 13.68), &profile(), &mut state, NOW, &params()).ping.unwrap();
    let later = NOW.plus_s(5.0);
    let second = check(still(later, 13.68004), &profile(), &mut state, later, &params()).ping.unwrap();
    assert_eq!((second.lat, second.t), (first.lat, later));
    assert_eq!(second.heading_deg, None, "a standing vehicle has no heading (R12)");
}

#[test]
fn a_frozen_receiver_is_flagged_and_not_live() {
    let mut state = DeviceState::default();
    let verdicts: Vec<_> = (0..=61)
        .map(|i| {
            let now = NOW.plus_s(f64::from(i) * 5.0);
            let driving = Report { odometer_m: Some(1_000.0 + f64::from(i) * 40.0), ..report(now) };
            check(driving, &profile(), &mut state, now, &params())
        })
        .collect();
    assert!(verdicts[59].is_live());
    assert!(verdicts[61].flags.has(Flag::Frozen) && !verdicts[61].is_live());
}

#[test]
fn local_time_sent_as_utc_is_refused_with_a_hint_until_correction_is_allowed_and_steady() {
    let mut state = DeviceState::default();
    let allowed = DeviceProfile { clock_fix_allowed: true, ..profile() };
    let at = |i: i32| NOW.plus_s(f64::from(i) * 5.0);
    let verdict = |i: i32, state: &mut DeviceState| {
        let ahead = Report { lat: 13.68 + 1e-5 * f64::from(i), ..report(at(i).plus_s(7.0 * 3600.0 - 1.0)) };
        check(ahead, &allowed, state, at(i), &params())
    };
    let first = verdict(0, &mut state);
    assert!(
        matches!(refusal(&first), Some((RejectCode::Clock, Detail::Hint(hint))) if hint.contains("local time"))
    );
    let last = (1..50).map(|i| verdict(i, &mut state)).last().unwrap();
    assert_eq!(last.verdict, Verdict::Flag);
    assert_eq!(last.ping.unwrap().t, at(49).plus_s(-1.0));
}

#[test]
fn a_buddhist_year_is_refused_with_a_hint() {
    let be = chrono::DateTime::parse_from_rfc3339("2569-11-20T02:22:03Z").unwrap().timestamp_micros();
    let ce = chrono::DateTime::parse_from_rfc3339("2026-11-20T02:22:05Z").unwrap().timestamp_micros();
    let checked =
        check(report(Timestamp(be)), &profile(), &mut DeviceState::default(), Timestamp(ce), &params());
    assert!(
        matches!(refusal(&checked), Some((RejectCode::Clock, Detail::Hint(hint))) if hint.contains("Buddhist"))
    );
}

#[test]
fn a_week_roll_over_is_put_right_at_once() {
    let checked = one(report(NOW.plus_s(-1024.0 * 7.0 * 86_400.0 - 2.0)));
    assert_eq!(checked.verdict, Verdict::Flag);
    assert_eq!(checked.ping.unwrap().t, NOW.plus_s(-2.0));
}

#[test]
fn an_unset_clock_is_refused_as_clock() {
    assert!(matches!(refusal(&one(report(Timestamp::from_s(5)))), Some((RejectCode::Clock, _))));
}

#[test]
fn knots_sent_as_metres_per_second_are_flagged() {
    let mut state = DeviceState::default();
    let last = (0..110)
        .map(|i| {
            let now = NOW.plus_s(f64::from(i) * 5.0);
            let lat = 13.61 + f64::from(i) * 50.0 / gtfs::timetable::NORTH_M_PER_DEG;
            check(
                Report { lat, speed_mps: Some(10.0 * 1.944), ..report(now) },
                &profile(),
                &mut state,
                now,
                &params(),
            )
        })
        .last()
        .unwrap();
    assert!(last.flags.has(Flag::Units));
}

#[test]
fn a_typed_position_is_history_and_a_simulated_one_lives_only_in_the_demo() {
    let typed = one(Report { provenance: Provenance::Man, ..report(NOW) });
    assert_eq!(typed.verdict, Verdict::Hist(HistReason::Provenance));
    let simulated = Report { provenance: Provenance::Sim, ..report(NOW) };
    assert_eq!(one(simulated.clone()).verdict, Verdict::Hist(HistReason::Provenance));
    let demo = DeviceProfile { simulated_is_live: true, ..profile() };
    let checked = check(simulated, &demo, &mut DeviceState::default(), NOW, &params());
    assert_eq!(checked.verdict, Verdict::Ok);
}

#[test]
fn a_charge_that_leaps_is_flagged_and_a_sentinel_is_no_charge() {
    let mut state = DeviceState::default();
    let mut charge = |i: i32, soc: f32| {
        let now = NOW.plus_s(f64::from(i) * 5.0);
        let ev = Some(Ev { soc_pct: Some(soc), ..Ev::default() });
        check(Report { ev, ..report(now) }, &profile(), &mut state, now, &params())
    };
    assert_eq!(charge(0, 80.0).verdict, Verdict::Ok);
    assert_eq!(charge(1, 79.0).verdict, Verdict::Ok, "one-point steps are normal");
    assert!(charge(2, 60.0).flags.has(Flag::Soc));
    assert_eq!(charge(3, 255.0).ping.unwrap().ev.unwrap().soc_pct, None);
}

#[test]
fn an_odometer_that_falls_starts_a_new_epoch() {
    let mut state = DeviceState::default();
    let mut odometer = |i: i32, m: f64| {
        let now = NOW.plus_s(f64::from(i) * 5.0);
        check(Report { odometer_m: Some(m), ..report(now) }, &profile(), &mut state, now, &params())
            .odometer_reset
    };
    assert!(!odometer(0, 50_000.0));
    assert!(!odometer(1, 50_040.0));
    assert!(odometer(2, 12.0));
}

#[test]
fn two_minutes_above_ninety_kilometres_an_hour_is_an_offence() {
    let mut state = DeviceState::default();
    let last = (0..=24)
        .map(|i| {
            let now = NOW.plus_s(f64::from(i) * 5.0);
            let lat = 13.60 + f64::from(i) * 130.0 / gtfs::timetable::NORTH_M_PER_DEG;
            check(
                Report { lat, speed_mps: Some(26.0), ..report(now) },
                &profile(),
                &mut state,
                now,
                &params(),
            )
        })
        .last()
        .unwrap();
    assert_eq!(last.overspeed_s, Some(120.0));
}
