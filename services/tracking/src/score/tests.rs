use super::*;

const LOG: &str = "\
made_at,trip_id,start_date,stop_sequence,arrival,arrival_p10,arrival_p50,arrival_p90
1000.000,t,20260216,2,1250.000,1200.000,1255.000,1300.000
1100.000,t,20260216,2,1290.000,1240.000,1295.000,1340.000
";

const VISITS: &str = "\
service_date,trip_id_scheduled,vehicle_id,scheduled_stop_sequence,stop_id,schedule_arrival_time,actual_arrival_time
20260216,t,v,1,A,1970-01-01T00:16:00.000Z,1970-01-01T00:17:00.000Z
20260216,t,v,2,B,1970-01-01T00:20:00.000Z,1970-01-01T00:21:40.000Z
";

const PINGS: &str = "\
service_date,event_timestamp,received_timestamp,vehicle_id,trip_id_scheduled,start_time,latitude,longitude
20260216,1970-01-01T00:16:30Z,1970-01-01T00:16:30Z,v,t,00:10:00,13.7,101.0
20260216,1970-01-01T00:17:30Z,1970-01-01T00:17:30Z,v,t,00:10:00,13.7,101.0
20260216,1970-01-01T00:19:00Z,1970-01-01T00:19:00Z,v,t,00:10:00,13.7,101.0
";

fn card() -> Scorecard {
    let log = Predictions::read(LOG.as_bytes()).unwrap();
    let truth = Truth::read(VISITS.as_bytes()).unwrap();
    let recording = crate::replay::Recording::read(PINGS.as_bytes()).unwrap();
    score(&log, &truth, &Moments::of(&recording), None)
}

fn of<'a>(card: &'a Scorecard, name: &str) -> &'a Tally {
    &card.rows.iter().find(|(row, _)| row == name).unwrap().1
}

#[test]
fn the_latest_prediction_standing_at_each_ping_counts_and_a_missing_one_is_counted() {
    let card = card();
    // Stop 1 at 1020 s has one ping before it (990), stop 2 at 1300 s has three (990, 1050, 1140).
    assert_eq!(card.moments, 4);
    let ours = of(&card, "this log");
    assert_eq!((ours.n(), ours.missing), (2, 2));
    // 250 s to go: 1300 - 1250; 160 s to go: 1300 - 1290.
    assert_eq!((ours.mae_s(1), ours.mae_s(0)), (Some(50.0), Some(10.0)));
    assert_eq!(ours.interval_coverage(), Some(1.0));
}

#[test]
fn the_baselines_are_judged_at_the_same_moments() {
    let card = card();
    let delayed = of(&card, "timetable + delay at the last stop");
    // Before the first stop the aimed time; after it, 60 s late at stop 1: 1200 + 60, error 40 s.
    assert_eq!(delayed.n(), 4);
    assert_eq!(delayed.mae_s(0), Some((1020.0 - 990.0 + 40.0) / 2.0));
    assert_eq!(of(&card, "timetable").mae_s(1), Some(100.0));
}

#[test]
fn five_minutes_before_the_arrival_a_prediction_stood() {
    let coverage = card().coverage;
    // Stop 1: nobody was heard five minutes before. Stop 2 at 1300: heard at 990, told at 1000.
    assert_eq!(coverage, Coverage { arrivals: 1, predicted: 1, silent: 1 });
}

#[test]
fn the_benchmark_is_the_mean_of_four_shares() {
    let mut tally = Tally::default();
    for (to_go_s, error_s) in [(60.0, 90.0), (60.0, 91.0), (200.0, -60.0), (400.0, 0.0), (700.0, 300.0)] {
        tally.add(to_go_s, error_s);
    }
    assert_eq!(tally.benchmark(), Some((0.5 + 1.0 + 1.0 + 0.0) / 4.0));
}

#[test]
fn a_log_with_a_broken_time_names_the_line_and_field() {
    let broken = LOG.replace("1100.000,t", "yesterday,t");
    let error = Predictions::read(broken.as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "line 3, made_at: \"yesterday\" can not be read");
    let error = Predictions::read("made_at,trip_id\n".as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "there is no column start_date");
}
