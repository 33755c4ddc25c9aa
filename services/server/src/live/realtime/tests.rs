//! The feeds of a simulated morning against the canonical rules, and the rules against broken feeds.

use super::validator::{Broken, Feeds, check};
use super::*;
use crate::demo::sim::{SimReport, World};
use gtfs::realtime::{StopTimeEvent, VehicleDescriptor};
use gtfs::{ServiceDay, ServiceTime, Timetable};
use std::collections::BTreeSet;
use tracking::{Claim, Command, Ev, Event, Ping, Provenance, Tier, Tracker};

/// How long the morning is, seconds.
const MORNING_S: usize = 30 * 60;
/// Nothing is heard from here on: positions go, then predictions.
const SILENT_FROM_S: usize = MORNING_S - 400;
/// The feeds are read this often, seconds.
const READ_EVERY_S: usize = 3;
/// Each simulated vehicle reports this often, seconds.
const PERIOD_S: usize = 5;

/// A town that reports to a core, second by second.
struct Town {
    common: Common,
    tracker: Tracker,
    known: Known,
    fleet: Vec<crate::demo::sim::SimVehicle>,
    wake_at: Option<Timestamp>,
}

impl Town {
    fn new() -> Self {
        let feed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ops/sample-network/feed");
        let loaded = gtfs::load(gtfs::Source::Path(feed.as_ref())).unwrap();
        let timetable = Arc::new(loaded.timetable);
        let world = Arc::new(World { timetable: Arc::clone(&timetable), seed: 7 });
        Self {
            tracker: Tracker::new(Arc::clone(&timetable)),
            fleet: world.fleet(morning(0), 100),
            common: Common::of(timetable, true, 1.0),
            known: Known::default(),
            wake_at: None,
        }
    }

    fn step(&mut self, now: Timestamp, event: Event) {
        let mut effects = Vec::new();
        self.tracker.step(now, event, &mut effects);
        for effect in effects {
            self.known.learn(&effect);
            if let Effect::WakeAt(t) = effect {
                self.wake_at = Some(t);
            }
        }
    }

    /// One second: the reports that are due, the tick that is due, and perhaps a new snapshot.
    fn second(&mut self, at: usize, silent: bool) -> Option<Snapshot> {
        let now = morning(at);
        for vehicle in 0..self.fleet.len() {
            if (at + vehicle).is_multiple_of(PERIOD_S)
                && !silent
                && let Some(report) = self.fleet[vehicle].report(now)
            {
                let name: Arc<str> = self.fleet[vehicle].name().into();
                self.step(now, Event::Ping(ping(name, &report, now)));
            }
        }
        if self.wake_at.is_none_or(|wake_at| wake_at <= now) {
            self.wake_at = None;
            self.step(now, Event::Tick);
        }
        self.known.snapshot(&self.common, now)
    }
}

/// 07:00 on a weekday in Bangkok, and so many seconds later.
fn morning(at: usize) -> Timestamp {
    let day = ServiceDay::parse("20261124").unwrap();
    day.at(chrono_tz::Asia::Bangkok, ServiceTime(7 * 3600)).plus_s(at as f64)
}

fn ping(vehicle: Arc<str>, report: &SimReport, now: Timestamp) -> Ping {
    Ping {
        vehicle,
        t: report.t.min(now),
        received: now,
        lat: report.lat,
        lon: report.lon,
        speed_mps: Some(report.spd as f32),
        heading_deg: report.hdg.map(|deg| deg as f32),
        accuracy_m: Some(report.acc as f32),
        hdop: None,
        odometer_m: Some(report.odo),
        claim: Claim { trip: report.trip.clone(), block: report.block.clone(), ..Claim::default() },
        door_open: Some(report.door == 1),
        passengers: Some(report.pax),
        occupancy: None,
        ev: Some(Ev { soc_pct: Some(report.ev.soc as f32), ..Ev::default() }),
        provenance: Provenance::Sim,
        tier: Tier::Signed,
    }
}

fn feeds(snapshot: &Snapshot) -> Feeds {
    let decoded = |feed| FeedMessage::decode(snapshot.protobuf(feed)).unwrap();
    Feeds {
        trips: decoded(Feed::TripUpdates),
        vehicles: decoded(Feed::VehiclePositions),
        alerts: decoded(Feed::Alerts),
    }
}

/// A trip that has not begun, to be cancelled.
fn later_trip(timetable: &Timetable) -> (Arc<str>, ServiceDay, ServiceTime) {
    let day = ServiceDay::parse("20261124").unwrap();
    let trip = timetable
        .trips
        .iter()
        .find(|trip| trip.start.0 > 7 * 3600 + 1200 && timetable.runs_on(trip.service, day))
        .unwrap();
    ((&*trip.id).into(), day, trip.start)
}

fn kinds(broken: &Broken) -> BTreeSet<&'static str> {
    broken.iter().map(|(rule, _)| *rule).collect()
}

#[test]
fn the_feeds_of_a_simulated_morning_break_no_rule() {
    let mut town = Town::new();
    let (trip, day, start) = later_trip(&town.common.timetable);
    let mut before: Option<Feeds> = None;
    let (mut snapshots, mut trips, mut vehicles, mut cancelled, mut no_data) = (0, 0, 0, 0, 0);
    for at in 0..MORNING_S {
        if at == 600 {
            let cancel = Command::Cancel { trip: Arc::clone(&trip), day, start, cancelled: true };
            town.step(morning(at), Event::Command(cancel));
        }
        let Some(snapshot) = town.second(at, at > SILENT_FROM_S).filter(|_| at.is_multiple_of(READ_EVERY_S))
        else {
            continue;
        };
        let now_s = morning(at).s().unsigned_abs();
        let these = feeds(&snapshot);
        let broken = check(&town.common.timetable, now_s, &these, before.as_ref());
        assert!(broken.is_empty(), "at second {at}: {:?}, {} in all", broken.first(), broken.len());
        let relation = |wanted| {
            let updates = these.trips.entity.iter().filter_map(|entity| entity.trip_update.as_ref());
            updates.filter(|update| update.trip.schedule_relationship == Some(wanted)).count()
        };
        (snapshots, cancelled) = (snapshots + 1, cancelled.max(relation(3)));
        (trips, vehicles) = (trips.max(these.trips.entity.len()), vehicles.max(these.vehicles.entity.len()));
        let silent = these.trips.entity.iter().filter_map(|entity| entity.trip_update.as_ref());
        no_data +=
            silent.flat_map(|u| &u.stop_time_update).filter(|c| c.schedule_relationship == Some(2)).count();
        before = Some(these);
    }
    eprintln!(
        "{snapshots} snapshots, up to {trips} trips and {vehicles} vehicles, {no_data} calls without data"
    );
    assert!(snapshots > 400 && trips >= 30 && vehicles >= 15 && cancelled == 1 && no_data > 0);
    let last = before.unwrap();
    assert!(last.vehicles.entity.is_empty(), "a position older than 90 s is still told");
}

#[test]
fn json_and_protobuf_say_the_same() {
    let mut town = Town::new();
    let snapshot = (0..120).filter_map(|at| town.second(at, false)).last().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&snapshot.json(Feed::TripUpdates)).unwrap();
    let message = FeedMessage::decode(snapshot.protobuf(Feed::TripUpdates)).unwrap();
    assert_eq!(json["entity"].as_array().unwrap().len(), message.entity.len());
    assert_eq!(json, serde_json::to_value(&message).unwrap());
    let first = &json["entity"][0]["trip_update"];
    assert_eq!(first["trip"]["schedule_relationship"], "SCHEDULED");
}

/// A moment of the morning that is in order, to be broken.
fn in_order() -> (Town, Feeds, u64) {
    let mut town = Town::new();
    let snapshot = (0..300).filter_map(|at| town.second(at, false)).last().unwrap();
    let these = feeds(&snapshot);
    (town, these, snapshot.timestamp_s)
}

#[test]
fn the_rules_catch_what_they_are_for() {
    let (town, good, now_s) = in_order();
    let timetable = &town.common.timetable;
    let caught = |change: &dyn Fn(&mut Feeds)| {
        let mut bad = good.clone();
        change(&mut bad);
        kinds(&check(timetable, now_s, &bad, Some(&good)))
    };
    let update = |feeds: &mut Feeds| feeds.trips.entity[0].trip_update.clone().unwrap();
    let put = |feeds: &mut Feeds, update| feeds.trips.entity[0].trip_update = Some(update);
    let changed = |change: &dyn Fn(&mut gtfs::realtime::TripUpdate)| {
        caught(&|feeds| {
            let mut message = update(feeds);
            change(&mut message);
            put(feeds, message);
            feeds.trips.header.timestamp = Some(now_s + 1);
        })
    };
    assert!(caught(&|_| {}).is_empty());
    assert!(changed(&|u| u.stop_time_update.reverse()).contains("E002"));
    assert!(changed(&|u| u.trip.trip_id = Some("nowhere".to_owned())).contains("E003"));
    assert!(changed(&|u| u.trip.start_time = Some("7:99:00".to_owned())).contains("E020"));
    assert!(changed(&|u| u.trip.start_date = Some("2026-11-24".to_owned())).contains("E021"));
    assert!(changed(&|u| u.trip.start_time = Some("00:00:01".to_owned())).contains("E023"));
    assert!(changed(&|u| u.trip.route_id = Some("nowhere".to_owned())).contains("E004"));
    assert!(changed(&|u| u.stop_time_update.clear()).contains("E041"));
    assert!(changed(&|u| u.trip.schedule_relationship = None).contains("W009"));
    assert!(changed(&|u| u.stop_time_update[0].stop_sequence = Some(9_999)).contains("E051"));
    let early = || Some(StopTimeEvent { time: Some(1), ..StopTimeEvent::default() });
    assert!(changed(&|u| u.stop_time_update[1].departure = early()).contains("E025"));
    assert!(changed(&|u| u.stop_time_update[1].arrival = early()).contains("E022"));
    assert!(changed(&|u| u.vehicle = Some(VehicleDescriptor::default())).contains("E047"));
    let header = |change: &dyn Fn(&mut FeedHeader)| caught(&|feeds| change(&mut feeds.trips.header));
    assert!(header(&|h| h.timestamp = Some(now_s - 10)).contains("E018"));
    assert!(header(&|h| h.timestamp = Some(now_s + 61)).contains("E050"));
    assert!(header(&|h| h.timestamp = Some(now_s + 36)).contains("W007"));
    assert!(header(&|h| h.timestamp = None).contains("E048"));
    assert!(header(&|h| h.incrementality = None).contains("E049"));
    let same_second = caught(&|feeds| {
        feeds.trips.entity.pop();
    });
    assert!(same_second.contains("E017"));
}
