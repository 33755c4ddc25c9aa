//! The canonical GTFS-realtime rules that apply to what Padriew writes, checked on whole feeds.
//!
//! Own code after the rule texts of the MobilityData gtfs-realtime-validator (`RULES.md`), for tests
//! only. Left out: rules about what Padriew never writes (congestion, shapes, frequency trips of the
//! exact kind beyond E019) and W004 (unrealistic speed), which the reports' own checks answer for.

use gtfs::realtime::{FeedMessage, StopTimeUpdate, TripDescriptor, TripUpdate, VehiclePosition};
use gtfs::{Timetable, TripIdx};
use std::collections::{BTreeMap, BTreeSet};

/// Positions farther than this from the stops of the feed are outside its area (E028), degrees.
const AREA_MARGIN_DEG: f32 = 0.05;
/// A header this far ahead of the reader's clock is of the future (E050), seconds.
const FUTURE_S: u64 = 60;
/// W007.
const REFRESH_S_MAX: u64 = 35;
/// W008.
const AGE_S_MAX: u64 = 65;

/// What is wrong: rule and where.
pub(super) type Broken = Vec<(&'static str, String)>;

/// The three feeds of one moment.
#[derive(Clone)]
pub(super) struct Feeds {
    pub(super) trips: FeedMessage,
    pub(super) vehicles: FeedMessage,
    pub(super) alerts: FeedMessage,
}

/// Checks one moment against the timetable, and against the moment before.
pub(super) fn check(timetable: &Timetable, now_s: u64, feeds: &Feeds, before: Option<&Feeds>) -> Broken {
    let mut broken = Broken::new();
    let pairs = [&feeds.trips, &feeds.vehicles, &feeds.alerts];
    let earlier = before.map(|before| [&before.trips, &before.vehicles, &before.alerts]);
    for (at, feed) in pairs.into_iter().enumerate() {
        header(feed, now_s, earlier.map(|feeds| feeds[at]), &mut broken);
    }
    for entity in &feeds.trips.entity {
        let Some(update) = &entity.trip_update else { continue };
        trip_update(timetable, update, &entity.id, &mut broken);
    }
    for entity in &feeds.vehicles.entity {
        let Some(vehicle) = &entity.vehicle else { continue };
        position(timetable, vehicle, feeds.vehicles.header.timestamp, &entity.id, &mut broken);
    }
    for entity in &feeds.alerts.entity {
        let Some(alert) = &entity.alert else { continue };
        if alert.informed_entity.is_empty() {
            broken.push(("E032", entity.id.clone()));
        }
        for about in &alert.informed_entity {
            let given = about.agency_id.is_some()
                || about.route_id.is_some()
                || about.trip.is_some()
                || about.stop_id.is_some()
                || about.route_type.is_some();
            if !given {
                broken.push(("E033", entity.id.clone()));
            }
            let agency = about.agency_id.as_deref();
            if agency.is_some_and(|id| timetable.agencies.iter().all(|agency| &*agency.id != id)) {
                broken.push(("E034", entity.id.clone()));
            }
            if let Some(trip) = &about.trip {
                descriptor(timetable, trip, &entity.id, &mut broken);
            }
        }
    }
    paired(feeds, &mut broken);
    broken
}

fn header(feed: &FeedMessage, now_s: u64, before: Option<&FeedMessage>, broken: &mut Broken) {
    let header = &feed.header;
    let mut rule = |rule, holds: bool| {
        if !holds {
            broken.push((rule, format!("{header:?}")));
        }
    };
    rule("E038", header.gtfs_realtime_version == "2.0");
    rule("E049", header.incrementality.is_some());
    rule("E048", header.timestamp.is_some());
    let t = header.timestamp.unwrap_or_default();
    rule("E050", t <= now_s + FUTURE_S);
    rule("W008", now_s.saturating_sub(t) <= AGE_S_MAX);
    // E001: seconds, not milliseconds.
    rule("E001", (1_000_000_000..5_000_000_000).contains(&t));
    if let Some(before) = before {
        let then = before.header.timestamp.unwrap_or_default();
        rule("E018", t >= then);
        rule("E017", t != then || before.entity == feed.entity);
        rule("W007", t.saturating_sub(then) <= REFRESH_S_MAX);
    }
    rule("E039", feed.entity.iter().all(|entity| entity.is_deleted != Some(true)));
    let ids: BTreeSet<&str> = feed.entity.iter().map(|entity| &*entity.id).collect();
    rule("unique entity ids", ids.len() == feed.entity.len());
    let newest = feed.entity.iter().filter_map(|entity| {
        let update = entity.trip_update.as_ref().and_then(|update| update.timestamp);
        update.or(entity.vehicle.as_ref().and_then(|vehicle| vehicle.timestamp))
    });
    rule("E012", newest.max().is_none_or(|newest| newest <= t));
}

/// The rules about naming a trip; the trip when it is known.
fn descriptor(
    timetable: &Timetable,
    trip: &TripDescriptor,
    at: &str,
    broken: &mut Broken,
) -> Option<TripIdx> {
    let mut rule = |rule, holds: bool| {
        if !holds {
            broken.push((rule, format!("{at}: {trip:?}")));
        }
    };
    rule("W009", trip.schedule_relationship.is_some());
    rule("W006", trip.trip_id.is_some());
    let start = trip.start_time.as_deref().map(|time| gtfs::ServiceTime::parse(time.as_bytes()));
    rule("E020", start.is_none_or(|start| start.is_some()));
    let day = trip.start_date.as_deref();
    rule("E021", day.is_none_or(|day| day.len() == 8 && gtfs::ServiceDay::parse(day).is_some()));
    let id = trip.trip_id.as_deref().unwrap_or_default();
    let found = timetable.trip(id, None);
    rule("E003", found.is_some());
    let found = found?;
    let row = &timetable.trips[found.at()];
    let pattern = &timetable.patterns[row.pattern.at()];
    rule("E004", trip.route_id.as_deref().is_none_or(|route| timetable.route(route).is_some()));
    rule(
        "E035",
        trip.route_id.as_deref().is_none_or(|route| route == &*timetable.routes[pattern.route.at()].id),
    );
    rule(
        "E024",
        trip.direction_id.is_none_or(|direction| Some(direction) == pattern.direction.map(u32::from)),
    );
    match row.frequency {
        None => {
            let first_s = row.start.0 + timetable.times(found).first().map_or(0, |time| time.arrival_s);
            rule("E023", start.flatten().is_none_or(|start| start.0 == first_s));
        }
        Some(frequency) if !frequency.exact => {
            rule("E006", trip.start_time.is_some() && trip.start_date.is_some());
            rule("E013", matches!(trip.schedule_relationship, None | Some(2 | 3)));
        }
        Some(_) => {}
    }
    Some(found)
}

fn trip_update(timetable: &Timetable, update: &TripUpdate, at: &str, broken: &mut Broken) {
    let trip = descriptor(timetable, &update.trip, at, broken);
    let cancelled = update.trip.schedule_relationship == Some(3);
    if update.stop_time_update.is_empty() && !cancelled {
        broken.push(("E041", at.to_owned()));
    }
    if update.timestamp.is_none() {
        broken.push(("W001", at.to_owned()));
    }
    let frequency = trip.and_then(|trip| timetable.trips[trip.at()].frequency);
    if frequency.is_some_and(|frequency| !frequency.exact) && update.vehicle.is_none() && !cancelled {
        broken.push(("W005", at.to_owned()));
    }
    let Some(trip) = trip else { return };
    let mut before: Option<&StopTimeUpdate> = None;
    let mut last_s: Option<i64> = None;
    for call in &update.stop_time_update {
        stop_time(timetable, trip, call, before, &mut last_s, at, broken);
        before = Some(call);
    }
}

fn stop_time(
    timetable: &Timetable,
    trip: TripIdx,
    call: &StopTimeUpdate,
    before: Option<&StopTimeUpdate>,
    last_s: &mut Option<i64>,
    at: &str,
    broken: &mut Broken,
) {
    let mut rule = |rule, holds: bool| {
        if !holds {
            broken.push((rule, format!("{at}: {call:?}, after {before:?}")));
        }
    };
    let calls = timetable.calls(timetable.trips[trip.at()].pattern);
    let stop = call.stop_id.as_deref().and_then(|id| timetable.stop(id));
    let scheduled = calls.iter().find(|row| Some(row.sequence) == call.stop_sequence);
    rule("E040", call.stop_id.is_some() || call.stop_sequence.is_some());
    rule("E011", call.stop_id.is_none() || stop.is_some());
    rule("E015", stop.is_none_or(|stop| timetable.stops[stop.at()].kind == gtfs::timetable::StopKind::Stop));
    rule("E051", call.stop_sequence.is_none() || scheduled.is_some());
    rule("E045", scheduled.is_none_or(|row| stop.is_none_or(|stop| stop == row.stop)));
    let twice = stop.is_some_and(|stop| calls.iter().filter(|row| row.stop == stop).count() > 1);
    rule("E009", !twice || call.stop_sequence.is_some());
    rule("W009", call.schedule_relationship.is_some());
    let pair = before.and_then(|before| before.stop_sequence).zip(call.stop_sequence);
    rule("E002", pair.is_none_or(|(before, here)| before <= here));
    rule("E036", pair.is_none_or(|(before, here)| before != here));
    let adjacent = pair.is_some_and(|(before, here)| here == before + 1);
    rule("E037", !adjacent || before.is_none_or(|before| before.stop_id != call.stop_id));
    let times = (call.arrival.is_some(), call.departure.is_some());
    match call.schedule_relationship {
        Some(2) => rule("E042", times == (false, false)),
        Some(1) => {}
        _ => rule("E043", times != (false, false)),
    }
    for event in call.arrival.iter().chain(&call.departure) {
        rule("E044", event.time.is_some() || event.delay.is_some());
    }
    let arrival = call.arrival.as_ref().and_then(|event| event.time);
    let departure = call.departure.as_ref().and_then(|event| event.time);
    rule("E025", arrival.zip(departure).is_none_or(|(arrival, departure)| arrival <= departure));
    rule("E022", arrival.or(departure).zip(*last_s).is_none_or(|(here, last)| here > last));
    *last_s = departure.or(arrival).or(*last_s);
}

fn position(
    timetable: &Timetable,
    vehicle: &VehiclePosition,
    header_s: Option<u64>,
    at: &str,
    broken: &mut Broken,
) {
    if let Some(trip) = &vehicle.trip {
        descriptor(timetable, trip, at, broken);
    }
    let mut rule = |rule, holds: bool| {
        if !holds {
            broken.push((rule, format!("{at}: {vehicle:?}")));
        }
    };
    rule("W002", vehicle.vehicle.as_ref().is_some_and(|vehicle| vehicle.id.is_some()));
    rule("W001", vehicle.timestamp.is_some());
    let age_s = header_s.zip(vehicle.timestamp).map(|(header, t)| header.saturating_sub(t));
    rule("no position older than 90 s", age_s.is_none_or(|age| age <= 90));
    let Some(place) = &vehicle.position else {
        rule("E026", false);
        return;
    };
    let valid = (-90.0..=90.0).contains(&place.latitude) && (-180.0..=180.0).contains(&place.longitude);
    rule("E026", valid && (place.latitude, place.longitude) != (0.0, 0.0));
    rule("E027", place.bearing.is_none_or(|bearing| (0.0..=360.0).contains(&bearing)));
    let near = |here: f32, of: fn(&gtfs::timetable::Stop) -> f64| {
        let all = || timetable.stops.iter().map(|stop| of(stop) as f32);
        let (low, high) = (all().fold(f32::MAX, f32::min), all().fold(f32::MIN, f32::max));
        (low - AREA_MARGIN_DEG..=high + AREA_MARGIN_DEG).contains(&here)
    };
    rule("E028", near(place.latitude, |stop| stop.lat) && near(place.longitude, |stop| stop.lon));
    let stop = vehicle.stop_id.as_deref();
    rule("E011", stop.is_none_or(|stop| timetable.stop(stop).is_some()));
    rule("E052 needs an id", vehicle.vehicle.is_some());
}

/// The rules across the two feeds: E047, W003, E052.
fn paired(feeds: &Feeds, broken: &mut Broken) {
    type Run = (Option<String>, Option<String>, Option<String>);
    let run = |trip: &TripDescriptor| -> Run {
        (trip.trip_id.clone(), trip.start_date.clone(), trip.start_time.clone())
    };
    let mut told: BTreeMap<Run, Option<&str>> = BTreeMap::new();
    for update in feeds.trips.entity.iter().filter_map(|entity| entity.trip_update.as_ref()) {
        let vehicle = update.vehicle.as_ref().and_then(|vehicle| vehicle.id.as_deref());
        if told.insert(run(&update.trip), vehicle).is_some() {
            broken.push(("one TripUpdate a run", format!("{:?}", update.trip)));
        }
    }
    let mut seen = BTreeSet::new();
    for vehicle in feeds.vehicles.entity.iter().filter_map(|entity| entity.vehicle.as_ref()) {
        let id = vehicle.vehicle.as_ref().and_then(|vehicle| vehicle.id.as_deref());
        if !seen.insert(id) {
            broken.push(("E052", format!("{id:?}")));
        }
        let Some(trip) = &vehicle.trip else { continue };
        match told.get(&run(trip)) {
            None => broken.push(("W003", format!("{id:?} is on a trip without times"))),
            Some(other) if *other != id => broken.push(("E047", format!("{id:?} against {other:?}"))),
            Some(_) => {}
        }
    }
    let placed: BTreeMap<Option<&str>, Run> = feeds
        .vehicles
        .entity
        .iter()
        .filter_map(|entity| entity.vehicle.as_ref())
        .filter_map(|v| Some((v.vehicle.as_ref().and_then(|v| v.id.as_deref()), run(v.trip.as_ref()?))))
        .collect();
    for (of, vehicle) in told.iter().filter(|(_, vehicle)| vehicle.is_some()) {
        if placed.get(vehicle).is_some_and(|place| place != of) {
            broken.push(("E047", format!("{vehicle:?} is on {:?}, told for {of:?}", placed.get(vehicle))));
        }
    }
}
