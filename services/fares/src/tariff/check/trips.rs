//! What only the timetable shows: ids that it does not have, rides without a fare, fares that fall on the way.
//!
//! A fare that falls along a trip invites riders not to tap off, or to tap on late: law I12 (fares design,
//! section 7) needs fares that only rise. Rides are looked at by the areas of their stops, each once.

use super::Doubts;
use super::rules::described;
use crate::money::Satang;
use crate::tariff::{Ask, Tariff};
use gtfs::timetable::{StopKind, as_usize};
use gtfs::{ServiceTime, Timestamp, Timetable};
use std::collections::{BTreeMap, BTreeSet};

/// Moments at which rides are priced: noon, and when timeframes begin.
const MOMENTS_MAX: usize = 8;
/// Rides that are priced; only a hostile feed has more distinct ones.
const RIDES_MAX: usize = 2_000_000;

pub(super) fn check(tariff: &Tariff, timetable: &Timetable, doubts: &mut Doubts) {
    unknown_ids(tariff, timetable, doubts);
    let courses = courses(tariff, timetable);
    rules_without_ride(tariff, &courses, doubts);
    let mut pricing =
        Pricing { tariff, moments: moments(tariff, timetable), seen: BTreeMap::new(), rides: 0 };
    for course in &courses {
        pricing.course(course);
    }
    pricing.tell(doubts);
}

/// The stops of a pattern by their areas, and its route's network.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Course<'a> {
    network: &'a str,
    /// Areas of each call, and one stop that has them; a call like the one before is left out.
    calls: Vec<(Vec<&'a str>, &'a str)>,
}

fn courses<'a>(tariff: &'a Tariff, timetable: &'a Timetable) -> BTreeSet<Course<'a>> {
    let mut areas: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (area, stop) in &tariff.rows().stop_areas {
        areas.entry(stop).or_default().push(area);
    }
    let of = |pattern: &gtfs::timetable::JourneyPattern| {
        let route = &timetable.routes[pattern.route.at()].id;
        let network = tariff.network_of(route).map_or("", |network| &**network);
        let calls = timetable.pattern_calls[as_usize(&pattern.calls)].iter().map(|call| {
            let stop = &*timetable.stops[call.stop.at()].id;
            areas.get(stop).map_or((Vec::new(), ""), |areas| (areas.clone(), stop))
        });
        let mut calls: Vec<_> = calls.collect();
        // Two calls alike are a ride within the same areas: one pair of them is enough.
        let mut alike = 0;
        calls.dedup_by(|b, a| {
            alike = if a == b { alike + 1 } else { 0 };
            alike > 1
        });
        Course { network, calls }
    };
    timetable.patterns.iter().map(of).collect()
}

fn unknown_ids(tariff: &Tariff, timetable: &Timetable, doubts: &mut Doubts) {
    let rows = tariff.rows();
    for (network, route) in &rows.route_networks {
        if timetable.route(route).is_none() {
            doubts
                .error("route_not_in_feed", format!("route {route} of network {network} is not in the feed"));
        }
    }
    for (area, stop) in &rows.stop_areas {
        if timetable.stop(stop).is_none() {
            doubts.error("stop_not_in_feed", format!("stop {stop} of area {area} is not in the feed"));
        }
    }
    for (area, stop) in &rows.stop_areas {
        let at = timetable.stop(stop).map(|at| &timetable.stops[at.at()]);
        if at.is_some_and(|stop| stop.kind == StopKind::Station) {
            let what = format!("area {area} has station {stop}: name its platforms, where vehicles stop");
            doubts.warning("station_in_area", what);
        }
    }
    for route in &timetable.routes {
        if tariff.network_of(&route.id).is_none() {
            let what = format!("route {} is in no network: only rules for any network price it", route.id);
            doubts.warning("route_without_network", what);
        }
    }
    let span = timetable.feed.first_day.zip(timetable.feed.last_day);
    for days in &rows.days {
        let Some(service) = timetable.services.iter().find(|service| service.id == days.service) else {
            doubts.error(
                "service_not_in_feed",
                format!("service {} of a timeframe is not in the feed", days.service),
            );
            continue;
        };
        let Some((first, last)) = span else { continue };
        let mut dates =
            std::iter::successors(Some(first), |day| Some(day.next())).take_while(|day| *day <= last);
        if let Some(day) = dates.find(|day| days.contains(*day) != service.days.contains(day)) {
            let (ours, theirs) =
                if days.contains(day) { ("holds", "does not") } else { ("does not hold", "does") };
            let what = format!(
                "service {} {ours} on {day}, but in the feed it {theirs}: planners go by the feed",
                days.service
            );
            doubts.error("service_days_differ", what);
        }
    }
}

/// Rules for two areas that no trip joins in that order.
fn rules_without_ride(tariff: &Tariff, courses: &BTreeSet<Course<'_>>, doubts: &mut Doubts) {
    let mut joined: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    for course in courses {
        let mut before: BTreeSet<&str> = BTreeSet::new();
        for (areas, _) in &course.calls {
            for to in areas {
                joined.extend(before.iter().map(|from| (course.network, *from, *to)));
            }
            before.extend(areas);
        }
    }
    for (at, rule) in tariff.rows().leg_rules.iter().enumerate() {
        let (network, from, to) = (&*rule.network, &*rule.from_area, &*rule.to_area);
        if !network.is_empty() && !from.is_empty() && !to.is_empty() && !joined.contains(&(network, from, to))
        {
            let what = format!(
                "leg rule {} ({}) never matches: no trip of the feed goes from {from} to {to}",
                at + 1,
                described(rule)
            );
            doubts.warning("rule_never_matches", what);
        }
    }
}

fn moments(tariff: &Tariff, timetable: &Timetable) -> Vec<Timestamp> {
    let Some(first) = timetable.feed.first_day else { return Vec::new() };
    let rows = tariff.rows();
    let mut moments = vec![first.at(rows.tz, ServiceTime(12 * 3600))];
    for frame in &rows.frames {
        let days = rows.days.iter().find(|days| days.service == frame.service);
        let on = std::iter::successors(Some(first), |day| Some(day.next())).take(366);
        let day = days.and_then(|days| on.into_iter().find(|day| days.contains(*day)));
        moments.extend(day.map(|day| day.at(rows.tz, frame.start)));
    }
    moments.sort_unstable();
    moments.dedup();
    moments.truncate(MOMENTS_MAX);
    moments
}

/// What was seen of one kind in one network: how often, and the first.
struct Pricing<'a> {
    tariff: &'a Tariff,
    moments: Vec<Timestamp>,
    seen: BTreeMap<(&'static str, String), (usize, String)>,
    rides: usize,
}

impl Pricing<'_> {
    /// Prices every ride of a course for every category at every moment.
    fn course(&mut self, course: &Course<'_>) {
        let riders = &self.tariff.rows().riders;
        let riders: Vec<&str> =
            if riders.is_empty() { vec![""] } else { riders.iter().map(|r| &*r.id).collect() };
        for start in self.moments.clone() {
            for rider in &riders {
                self.rides += course.calls.len() * course.calls.len();
                if self.rides > RIDES_MAX {
                    return;
                }
                self.prices(course, start, rider);
            }
        }
    }

    fn prices(&mut self, course: &Course<'_>, start: Timestamp, rider: &str) {
        let (calls, network) = (&course.calls, course.network);
        let name = |at: usize| if calls[at].1.is_empty() { "a stop in no area" } else { calls[at].1 };
        // The fares to the call before, by where the rider got on.
        let mut before: Vec<Option<Satang>> = vec![None; calls.len()];
        for to in 1..calls.len() {
            let mut later_boarding: Option<(usize, Satang)> = None;
            for from in (0..to).rev() {
                let ask = Ask {
                    network,
                    from: calls[from].1,
                    to: calls[to].1,
                    start,
                    end: start,
                    rider,
                    medium: "",
                };
                let ride = |from, to| {
                    format!(
                        "{} to {} for {}",
                        name(from),
                        name(to),
                        if rider.is_empty() { "all" } else { rider }
                    )
                };
                let Some(fare) = self.tariff.fare(&ask).map(|fare| fare.alone) else {
                    self.note("ride_without_fare", network, ride(from, to));
                    before[from] = None;
                    continue;
                };
                if let Some(nearer) = before[from].filter(|nearer| *nearer > fare) {
                    let example =
                        format!("{} costs {fare}, but to {} already {nearer}", ride(from, to), name(to - 1));
                    self.note("fare_falls", network, example);
                }
                if let Some((at, later)) = later_boarding.filter(|(_, later)| *later > fare) {
                    let example =
                        format!("{} costs {fare}, but from {} still {later}", ride(from, to), name(at));
                    self.note("fare_falls", network, example);
                }
                before[from] = Some(fare);
                later_boarding = Some((from, fare));
            }
        }
    }

    fn note(&mut self, code: &'static str, network: &str, example: String) {
        self.seen.entry((code, network.to_owned())).or_insert((0, example)).0 += 1;
    }

    fn tell(self, doubts: &mut Doubts) {
        for ((code, network), (count, example)) in self.seen {
            let named = if network.is_empty() {
                "routes in no network".to_owned()
            } else {
                format!("network {network}")
            };
            if code == "fare_falls" {
                let what = format!(
                    "{named}: fares fall along a trip, so that riding further or tapping less costs less ({count} times; \
                     {example}): let fares only rise with the way"
                );
                doubts.error(code, what);
            } else {
                let what = format!(
                    "{named}: {count} kinds of ride have no fare ({example}): add a rule that covers them"
                );
                doubts.error(code, what);
            }
        }
        if self.rides > RIDES_MAX {
            let what = format!("only the first {RIDES_MAX} kinds of ride were priced");
            doubts.info("too_many_rides", what);
        }
    }
}
