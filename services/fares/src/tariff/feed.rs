//! The fare files of a feed as rows: numbers of stops, routes and services become ids again.

use super::frames::{Days, Frame};
use super::rows::{Network, Rows};
use gtfs::timetable::Stop;
use gtfs::{ServiceIdx, ServiceTime, StopIdx, Timetable};
use std::collections::{BTreeMap, BTreeSet};

/// A boarding area is within a platform within a station.
const PARENTS_MAX: usize = 2;

/// The rows of a feed's GTFS-Fares v2 files, with GTFS's meaning of everything and our defaults for what
/// it does not say. The version is the feed's, and applies from its first day on.
///
/// Stops with a stop_timezone of their own are priced in the feed's zone.
#[must_use]
pub fn rows(timetable: &Timetable) -> Rows {
    let (tables, feed) = (&timetable.fares, &timetable.feed);
    let defaults = Rows::default();
    let named = tables.networks.iter().map(|network| (&network.id, network.name.clone()));
    let used = tables.route_networks.iter().map(|(network, _)| (network, "".into()));
    let mut seen = BTreeSet::new();
    let networks = named.chain(used).filter(|(id, _)| seen.insert((*id).clone()));
    let boundary = ServiceTime(i32::try_from(defaults.limits.day_boundary_s).unwrap_or_default());
    let version =
        if feed.version.is_empty() { format!("{:016x}", feed.hash) } else { feed.version.to_string() };
    Rows {
        version: version.into(),
        valid_from: feed.first_day.map_or(defaults.valid_from, |day| day.at(timetable.tz, boundary)),
        tz: timetable.tz,
        currency: tables.products.first().map_or(defaults.currency, |product| product.amount.currency),
        riders: tables.rider_categories.clone(),
        media: tables.media.clone(),
        networks: networks.map(|(id, name)| Network { id: id.clone(), name, ..Network::default() }).collect(),
        route_networks: (tables.route_networks.iter())
            .map(|(network, route)| (network.clone(), timetable.routes[route.at()].id.clone()))
            .collect(),
        areas: tables.areas.clone(),
        stop_areas: stop_areas(timetable),
        frames: frames(timetable),
        days: days(timetable),
        products: tables.products.clone(),
        leg_rules: tables.leg_rules.clone(),
        priorities: tables.leg_rules.iter().any(|rule| rule.priority.is_some()),
        transfer_rules: tables.transfer_rules.clone(),
        ..defaults
    }
}

/// Every stop with the areas it is in: its own, else those of its station (GTFS reference,
/// `stop_areas.txt`, stop_id).
fn stop_areas(timetable: &Timetable) -> Vec<(Box<str>, Box<str>)> {
    let mut own: BTreeMap<StopIdx, Vec<&Box<str>>> = BTreeMap::new();
    for (area, stop) in &timetable.fares.stop_areas {
        own.entry(*stop).or_default().push(area);
    }
    if own.is_empty() {
        return Vec::new();
    }
    let mut rows = Vec::new();
    for (at, stop) in timetable.stops.iter().enumerate() {
        let parents = std::iter::successors(Some(StopIdx::new(at)), |at| parent(timetable, *at));
        let areas = parents.take(1 + PARENTS_MAX).find_map(|at| own.get(&at));
        rows.extend(areas.into_iter().flatten().map(|area| ((*area).clone(), stop.id.clone())));
    }
    rows
}

fn parent(timetable: &Timetable, stop: StopIdx) -> Option<StopIdx> {
    timetable.stops.get(stop.at()).and_then(|stop: &Stop| stop.parent)
}

fn frames(timetable: &Timetable) -> Vec<Frame> {
    let of = |frame: &gtfs::fares::Timeframe| Frame {
        group: frame.group.clone(),
        start: frame.start,
        end: frame.end,
        service: timetable.services[frame.service.at()].id.clone(),
    };
    timetable.fares.timeframes.iter().map(of).collect()
}

/// The days of the services that timeframes name, one by one.
fn days(timetable: &Timetable) -> Vec<Days> {
    let services: BTreeSet<ServiceIdx> =
        timetable.fares.timeframes.iter().map(|frame| frame.service).collect();
    let of = |service: ServiceIdx| {
        let service = &timetable.services[service.at()];
        Days { service: service.id.clone(), weekdays: 0, also: service.days.clone(), except: Vec::new() }
    };
    services.into_iter().map(of).collect()
}
