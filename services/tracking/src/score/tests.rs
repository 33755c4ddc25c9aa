use super::*;
use gtfs::Timestamp;

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

/// No trip_id runs more than once a day.
fn once() -> Repeated {
    Repeated::default()
}

fn card() -> Scorecard {
    let log = Predictions::read(LOG.as_bytes(), &once()).unwrap();
    let truth = Truth::read(VISITS.as_bytes(), &once()).unwrap();
    let recording = crate::replay::Recording::read(PINGS.as_bytes()).unwrap();
    score(&log, &truth, &Moments::of(&recording, &once()), None)
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
    let error = Predictions::read(broken.as_bytes(), &once()).unwrap_err().to_string();
    assert_eq!(error, "line 3, made_at: \"yesterday\" can not be read");
    let error = Predictions::read("made_at,trip_id\n".as_bytes(), &once()).unwrap_err().to_string();
    assert_eq!(error, "there is no column start_date");
}

#[test]
fn a_withdrawn_prediction_stands_no_more_and_counts_as_missing() {
    let log = format!("{LOG}1120.000,t,20260216,2,,,,\n");
    let log = Predictions::read(log.as_bytes(), &once()).unwrap();
    let truth = Truth::read(VISITS.as_bytes(), &once()).unwrap();
    let recording = crate::replay::Recording::read(PINGS.as_bytes()).unwrap();
    let card = score(&log, &truth, &Moments::of(&recording, &once()), None);
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
    let log = Predictions::read(with("terminal").as_bytes(), &once()).unwrap();
    let truth = Truth::read(VISITS.as_bytes(), &once()).unwrap();
    let recording = crate::replay::Recording::read(PINGS.as_bytes()).unwrap();
    let card = score(&log, &truth, &Moments::of(&recording, &once()), None);
    let terminal: Vec<_> = card.cells.iter().filter(|cell| cell.kind == Kind::Terminal).collect();
    assert_eq!(terminal.iter().map(|cell| cell.n).sum::<u64>(), 2);
    // 160 s to go: 1300 - 1290, told p10 1240, p50 1295, p90 1340.
    assert_eq!((terminal[0].mae_s, terminal[0].inside), (Some(10.0), Some(1.0)));
    assert_eq!(terminal[0].pinball_s.unwrap().map(f64::round), [6.0, 3.0, 4.0]);
    let error = Predictions::read(with("flying").as_bytes(), &once()).unwrap_err().to_string();
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

/// Three stops 600 m apart, two minutes from one to the next; the trip starts at 08:00 in Bangkok.
const TOWN: &str = "
    zone Asia/Bangkok
    stop A 0 0
    stop B 600 0
    stop C 1200 0
    shape s 0,0 1200,0
    route R bus
    trip t route=R shape=s : A 08:00 B 08:02 C 08:04
    trip u route=R shape=s : A 08:10 B 08:12 C 08:14
";

/// A recording of `TOWN` from (trip, seconds after 08:00 on 2 November 2026, metres along).
fn drive(pings: &[(&str, u32, f64)]) -> crate::replay::Recording {
    let header = "service_date,event_timestamp,vehicle_id,trip_id_scheduled,latitude,longitude\n";
    let mut text = header.to_owned();
    for (trip, s, along_m) in pings {
        let (lat, lon) = gtfs::fixture::lat_lon(*along_m, 3.0);
        let (minute, second) = (s / 60, s % 60);
        text += &format!("20261102,2026-11-02T01:{minute:02}:{second:02}Z,v,{trip},{lat},{lon}\n");
    }
    crate::replay::Recording::read(text.as_bytes()).unwrap()
}

/// 5 m/s all the way from `from_s` on, a ping every 20 s.
fn steady(trip: &'static str, from_s: u32) -> Vec<(&'static str, u32, f64)> {
    (0..=12).map(|i| (trip, from_s + i * 20, f64::from(i) * 100.0)).collect()
}

#[test]
fn arrivals_are_found_fifteen_metres_before_the_stop_and_departures_fifteen_behind() {
    let timetable = gtfs::fixture::timetable(TOWN).unwrap();
    let recording = drive(&steady("t", 60));
    let truth = Truth::derive(&Ground::of(&timetable, &recording), TRUTH_GAP_S);
    let visits = truth.trips.values().next().unwrap();
    // 585 m at 5 m/s from 08:01:00 on is 08:02:57; left at 615 m, 08:03:03. Of A no crossing was seen.
    let at =
        |s: f64| gtfs::ServiceDay::parse("20261102").unwrap().start(timetable.tz).plus_s(8.0 * 3600.0 + s);
    let near = |t: Timestamp, s: f64| t.since_s(at(s)).abs() < 0.1;
    assert_eq!(visits.len(), 2);
    assert!(near(visits[0].arrival, 177.0) && near(visits[0].departure.unwrap(), 183.0), "{visits:?}");
    assert!(near(visits[1].arrival, 297.0) && visits[1].departure.is_none());
    assert!(near(visits[1].aimed.unwrap(), 240.0));
}

#[test]
fn an_arrival_between_pings_too_far_apart_is_blurred_and_wants_a_prediction_still() {
    let timetable = gtfs::fixture::timetable(TOWN).unwrap();
    let mut pings = steady("t", 60);
    pings.retain(|(_, s, _)| !(120..=240).contains(s));
    let recording = drive(&pings);
    let truth = Truth::derive(&Ground::of(&timetable, &recording), TRUTH_GAP_S);
    let blurred: Vec<bool> = truth.trips.values().flatten().map(|visit| visit.blurred).collect();
    assert_eq!(blurred, [true, false]);
    let card = score(&Predictions::default(), &truth, &Moments::of(&recording, &once()), None);
    assert_eq!((card.moments, card.coverage.arrivals + card.coverage.silent), (13 - 8, 2));
}

#[test]
fn baselines_on_the_ground_know_the_place_and_what_earlier_vehicles_took() {
    let timetable = gtfs::fixture::timetable(TOWN).unwrap();
    let mut pings = steady("t", 60);
    pings.extend(steady("u", 660));
    let recording = drive(&pings);
    let ground = Ground::of(&timetable, &recording);
    let truth = Truth::derive(&ground, TRUTH_GAP_S);
    let (log, moments) = (Predictions::default(), Moments::of(&recording, &once()));
    let given = Given { log: &log, truth: &truth, pings: &moments, other: None, ground: Some(&ground) };
    let card = judge(&given);
    // Both trips run a minute late and as aimed: the delay at the place tells nearly all, 3 s before the
    // 15 m in front of the stop apart; at the first ping, still at A, too.
    let delay = of(&card, "timetable + delay");
    assert!(delay.n() > 20 && delay.mae_all_s().unwrap() < 4.0, "{:?}", delay.mae_all_s());
    assert!(of(&card, "timetable + delay at the last stop").mae_all_s().unwrap() > 20.0);
    // The link to C is known from the first trip, and takes two minutes.
    let half_hour = of(&card, "segment mean of the half hour");
    assert!(half_hour.mae_all_s().unwrap() < 4.0, "{:?}", half_hour.mae_all_s());
}

#[test]
fn a_rider_takes_the_next_vehicle_whichever_trip_was_told() {
    let timetable = gtfs::fixture::timetable(TOWN).unwrap();
    let recording = drive(&steady("t", 60));
    let ground = Ground::of(&timetable, &recording);
    let truth = Truth::derive(&ground, TRUTH_GAP_S);
    // B is reached at 08:02:57 and C at 08:04:57; told are 08:02:27 and nothing.
    let told = gtfs::ServiceDay::parse("20261102").unwrap().start(timetable.tz).s() + 8 * 3600;
    let log = format!(
        "made_at,trip_id,start_date,stop_sequence,arrival\n{}.0,t,20261102,2,{}.0\n",
        told + 60,
        told + 147
    );
    let log = Predictions::read(log.as_bytes(), &once()).unwrap();
    let moments = Moments::of(&recording, &once());
    let wait =
        judge(&Given { log: &log, truth: &truth, pings: &moments, other: None, ground: Some(&ground) }).wait;
    // Riders come to B at 08:01 and 08:02, to C at 08:01, 08:02, 08:03 and 08:04.
    let wait = wait.unwrap();
    assert_eq!((wait.riders, wait.untold), (2, 4));
    assert!((wait.mean_s.unwrap() - 30.0).abs() < 0.1, "{wait:?}");
}

#[test]
fn runs_of_one_headway_trip_are_told_apart_by_their_start_and_no_other_trip_is() {
    let town = "zone Asia/Bangkok\nstop A 0 0\nstop B 600 0\nroute R bus\n\
                trip h route=R : A 00:00 B 00:02\nevery h 06:00:00-20:00:00 600\n\
                trip t route=R : A 08:00 B 08:02\n";
    let repeated = Repeated::of(&gtfs::fixture::timetable(town).unwrap());
    let log = "made_at,trip_id,start_date,start_time,stop_sequence,arrival\n\
               1000.000,h,20260216,08:00:00,2,1200.000\n\
               1010.000,h,20260216,08:10:00,2,1800.000\n\
               1020.000,h,20260216,08:10:00,2,\n\
               1000.000,t,20260216,08:00:00,2,1300.000\n";
    let log = Predictions::read(log.as_bytes(), &repeated).unwrap();
    let visits = "service_date,trip_id_scheduled,start_time,vehicle_id,scheduled_stop_sequence,actual_arrival_time\n\
                  20260216,h,8:00:00,v,2,1970-01-01T00:20:10Z\n\
                  20260216,h,08:10:00,w,2,1970-01-01T00:30:10Z\n\
                  20260216,t,,x,2,1970-01-01T00:21:50Z\n";
    let truth = Truth::read(visits.as_bytes(), &repeated).unwrap();
    let pings = "service_date,event_timestamp,vehicle_id,trip_id_scheduled,start_time,latitude,longitude\n\
                 20260216,1970-01-01T00:17:00Z,v,h,08:00:00,13.7,101.0\n\
                 20260216,1970-01-01T00:17:01Z,w,h,08:10:00,13.7,101.0\n\
                 20260216,1970-01-01T00:17:02Z,x,t,07:59:00,13.7,101.0\n";
    let pings = crate::replay::Recording::read(pings.as_bytes()).unwrap();
    let card = score(&log, &truth, &Moments::of(&pings, &repeated), None);
    let ours = of(&card, "this log");
    // The first run and trip t were each told 10 s early and late; of the second nothing stands any more.
    assert_eq!((ours.n(), ours.missing), (2, 1));
    assert_eq!(ours.mae_s(1), Some(10.0));
}
