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

#[test]
fn a_withdrawn_prediction_stands_no_more_and_counts_as_missing() {
    let log = format!("{LOG}1120.000,t,20260216,2,,,,\n");
    let log = Predictions::read(log.as_bytes()).unwrap();
    let truth = Truth::read(VISITS.as_bytes()).unwrap();
    let recording = crate::replay::Recording::read(PINGS.as_bytes()).unwrap();
    let card = score(&log, &truth, &Moments::of(&recording), None);
    // Of the pings at 990, 1050 and 1140 s only the second finds something.
    assert_eq!((of(&card, "this log").n(), of(&card, "this log").missing), (1, 3));
    assert_eq!((card.promises.told, card.promises.vanished), (1, 1));
}

#[test]
fn the_kind_of_situation_is_read_and_an_unknown_one_is_named() {
    let with = |kind: &str| {
        let lines = LOG.lines().enumerate();
        lines
            .map(|(at, line)| format!("{line},{}\n", if at == 0 { "kind" } else { kind }))
            .collect::<String>()
    };
    let log = Predictions::read(with("terminal").as_bytes()).unwrap();
    let truth = Truth::read(VISITS.as_bytes()).unwrap();
    let recording = crate::replay::Recording::read(PINGS.as_bytes()).unwrap();
    let card = score(&log, &truth, &Moments::of(&recording), None);
    let terminal: Vec<_> = card.cells.iter().filter(|cell| cell.kind == Kind::Terminal).collect();
    assert_eq!(terminal.iter().map(|cell| cell.n).sum::<u64>(), 2);
    // 160 s to go: 1300 - 1290, told p10 1240, p50 1295, p90 1340.
    assert_eq!((terminal[0].mae_s, terminal[0].inside), (Some(10.0), Some(1.0)));
    assert_eq!(terminal[0].pinball_s.unwrap().map(f64::round), [6.0, 3.0, 4.0]);
    let error = Predictions::read(with("flying").as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "line 2, kind: \"flying\" can not be read");
}

#[test]
fn mbta_goes_by_the_time_to_the_predicted_arrival_with_open_bands() {
    let mut mbta = Mbta::default();
    mbta.add(60.0, Some(59.0));
    mbta.add(60.0, Some(60.0));
    mbta.add(200.0, Some(-89.0));
    mbta.add(500.0, None);
    mbta.add(1_000.0, Some(359.0));
    mbta.add(-1.0, Some(0.0));
    mbta.add(1_800.0, Some(0.0));
    assert_eq!((mbta.n, mbta.right), ([2, 1, 1, 1], [1, 1, 0, 1]));
    assert_eq!((mbta.average(), mbta.pooled()), (Some(2.5 / 4.0), Some(3.0 / 5.0)));
}

#[test]
fn reliable_bands_are_those_of_the_published_formula() {
    // T = 0: -16 and +24 s; 10: about 146; 30: about 207.
    assert!(is_reliable(0.0, -15.7) && !is_reliable(0.0, -15.8) && is_reliable(-20.0, 24.3));
    assert!(is_reliable(600.0, 146.5) && !is_reliable(600.0, 146.6));
    assert!(is_reliable(1_800.0, -206.6) && !is_reliable(1_800.0, -206.7));
}

#[test]
fn a_minute_that_rises_and_a_value_that_wobbles_are_counted() {
    // At 1100 s the arrival moves from 1250 (2.5 min) to 1290 (3.2 min): the minute rises.
    let steadiness = card().steadiness;
    assert_eq!((steadiness.approaches, steadiness.rises), (1, 1));
    // Stop 2 at 1300: windows from 1020 (40), 1080 (40), 1140, 1200 and 1260 s (0).
    assert_eq!(steadiness.wobble_s(), Some(80.0 / 5.0));
}
