use super::*;
use crate::learned::names::{Bound, Naming};
use crate::learned::part::Part;
use crate::run::Run;
use gtfs::ServiceDay;

const LINE: &str = "stop A 0 0\nstop B 600 0\nstop C 1000 0\nroute R bus\n\
                    trip t route=R : A 08:00 B 08:02 C 08:04";

fn with(timetable: &Timetable, check: impl FnOnce(Pace, Line<'_>)) {
    let trip = timetable.trip("t", None).unwrap();
    let day = ServiceDay::parse("20261124").unwrap();
    let run = Run::new(timetable, trip, day, timetable.trips[trip.at()].start);
    check(Pace::new(timetable), run.line(timetable));
}

fn noon() -> gtfs::Timestamp {
    let timetable = gtfs::fixture::timetable(LINE).unwrap();
    ServiceDay::parse("20261124").unwrap().start(timetable.tz).plus_s(43_200.0)
}

/// A drive half a day before anyone asks: traffic has passed.
fn learn(pace: &mut Pace, line: &Line<'_>, to: usize, actual_s: f64) {
    let timetable = gtfs::fixture::timetable(LINE).unwrap();
    pace.learn(&timetable, line, to, actual_s, noon().plus_s(-43_200.0));
    pace.pass(&timetable, noon());
}

#[test]
fn with_nothing_seen_a_drive_takes_what_the_timetable_says() {
    with(&gtfs::fixture::timetable(LINE).unwrap(), |pace, line| {
        assert!((pace.leg(&line, 1).mean_s - 120.0).abs() < 1e-3);
        assert!((pace.rest(&line, 450.0, 1).mean_s - 30.0).abs() < 1e-3);
        assert!(pace.rest(&line, 600.0, 1).mean_s < 0.01);
    });
}

#[test]
fn a_leg_that_always_takes_longer_is_soon_expected_to_and_no_other_is() {
    with(&gtfs::fixture::timetable(LINE).unwrap(), |mut pace, line| {
        learn(&mut pace, &line, 1, 240.0);
        let once_s = pace.leg(&line, 1).mean_s;
        assert!(150.0 < once_s && once_s < 230.0, "{once_s}");
        for _ in 0..20 {
            learn(&mut pace, &line, 1, 240.0);
        }
        assert!((pace.leg(&line, 1).mean_s - 240.0).abs() < 8.0);
        assert!((pace.leg(&line, 2).mean_s - 120.0).abs() < 1e-3);
    });
}

#[test]
fn one_breakdown_is_not_taken_for_traffic() {
    with(&gtfs::fixture::timetable(LINE).unwrap(), |mut pace, line| {
        for _ in 0..10 {
            learn(&mut pace, &line, 1, 120.0);
        }
        learn(&mut pace, &line, 1, 3_600.0);
        assert!(pace.leg(&line, 1).mean_s < 150.0, "{}", pace.leg(&line, 1).mean_s);
    });
}

#[test]
fn a_leg_that_varies_is_trusted_less_than_one_that_does_not() {
    with(&gtfs::fixture::timetable(LINE).unwrap(), |mut pace, line| {
        for drive in 0..30 {
            learn(&mut pace, &line, 1, if drive % 2 == 0 { 60.0 } else { 180.0 });
            learn(&mut pace, &line, 2, 120.0);
        }
        let (wild, tame) = (pace.leg(&line, 1), pace.leg(&line, 2));
        assert!((wild.mean_s - 120.0).abs() < 10.0 && (tame.mean_s - 120.0).abs() < 10.0);
        assert!(wild.var_s2 > 2.0 * tame.var_s2, "{wild:?} {tame:?}");
    });
}

#[test]
fn what_was_learned_of_a_road_is_there_again_and_fades_to_the_timetable() {
    let timetable = gtfs::fixture::timetable(LINE).unwrap();
    with(&timetable, |mut pace, line| {
        for _ in 0..20 {
            learn(&mut pace, &line, 1, 240.0);
        }
        let mut naming = Naming::new(&timetable);
        let saved = pace.save(&mut naming);
        assert_eq!(saved.len(), 3, "600 m");
        let names = naming.done();
        let mut again = Pace::new(&timetable);
        again.pass(&timetable, noon());
        let taken = again.load(saved.clone(), &Bound::new(&names, &timetable));
        assert_eq!((taken.rows, taken.unbound, taken.out_of_range), (3, 0, 0));
        assert!((again.leg(&line, 1).mean_s - pace.leg(&line, 1).mean_s).abs() < 0.01);
        assert!((again.leg(&line, 1).var_s2 - pace.leg(&line, 1).var_s2).abs() < 10.0);
        let shown = Pace::show(&saved, &names, None);
        assert!(shown[0].rows.iter().all(|row| row.len() == shown[0].columns.len()));
        assert_eq!(shown[0].rows[0][1].to_string(), "Stop B");
        again.fade(0.001);
        assert!((again.leg(&line, 1).mean_s - 120.0).abs() < 4.0);
    });
}

#[test]
fn a_slow_half_hour_is_slow_at_that_hour_and_a_little_at_others() {
    let timetable = gtfs::fixture::timetable(LINE).unwrap();
    with(&timetable, |mut pace, line| {
        for day in 0..30 {
            let at = |hour: f64| noon().plus_s(f64::from(day) * 86_400.0 + hour * 3_600.0);
            pace.learn(&timetable, &line, 1, 120.0, at(-2.0));
            pace.learn(&timetable, &line, 1, 120.0, at(0.0));
            pace.learn(&timetable, &line, 1, 240.0, at(5.0));
        }
        let mut at = |hour: f64| {
            pace.pass(&timetable, noon().plus_s(35.0 * 86_400.0 + hour * 3_600.0));
            pace.leg(&line, 1).mean_s
        };
        let (noon_s, rush_s, night_s) = (at(0.0), at(5.0), at(14.0));
        assert!(noon_s < 130.0 && rush_s > 215.0, "{noon_s} {rush_s}");
        assert!(
            (145.0..175.0).contains(&night_s),
            "of an hour never seen the mean of all is believed: {night_s}"
        );
    });
}

#[test]
fn a_jam_right_now_is_expected_of_the_next_vehicle_but_not_of_one_an_hour_off() {
    let timetable = gtfs::fixture::timetable(LINE).unwrap();
    with(&timetable, |mut pace, line| {
        for minute in 0..4 {
            pace.learn(&timetable, &line, 1, 400.0, noon().plus_s(f64::from(minute) * 120.0));
        }
        let usual_s = pace.leg(&line, 1).mean_s;
        let soon_s = pace.leg_in(&line, 1, 60.0).mean_s;
        assert!(soon_s > 1.1 * usual_s, "{soon_s} against {usual_s}");
        assert!((pace.leg_in(&line, 1, 5_000.0).mean_s - usual_s).abs() < 0.06 * usual_s);
    });
}
