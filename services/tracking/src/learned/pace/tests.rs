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
        pace.learn(&line, 1, 240.0);
        let once_s = pace.leg(&line, 1).mean_s;
        assert!(150.0 < once_s && once_s < 230.0, "{once_s}");
        for _ in 0..20 {
            pace.learn(&line, 1, 240.0);
        }
        assert!((pace.leg(&line, 1).mean_s - 240.0).abs() < 8.0);
        assert!((pace.leg(&line, 2).mean_s - 120.0).abs() < 1e-3);
    });
}

#[test]
fn one_breakdown_is_not_taken_for_traffic() {
    with(&gtfs::fixture::timetable(LINE).unwrap(), |mut pace, line| {
        for _ in 0..10 {
            pace.learn(&line, 1, 120.0);
        }
        pace.learn(&line, 1, 3_600.0);
        assert!(pace.leg(&line, 1).mean_s < 150.0, "{}", pace.leg(&line, 1).mean_s);
    });
}

#[test]
fn a_leg_that_varies_is_trusted_less_than_one_that_does_not() {
    with(&gtfs::fixture::timetable(LINE).unwrap(), |mut pace, line| {
        for drive in 0..30 {
            pace.learn(&line, 1, if drive % 2 == 0 { 60.0 } else { 180.0 });
            pace.learn(&line, 2, 120.0);
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
            pace.learn(&line, 1, 240.0);
        }
        let mut naming = Naming::new(&timetable);
        let saved = pace.save(&mut naming);
        assert_eq!(saved.len(), 3, "600 m");
        let names = naming.done();
        let mut again = Pace::new(&timetable);
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
