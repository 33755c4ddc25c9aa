//! The counts of a feed, and the words for each of them.

use super::{grouped, iso, many};
use crate::timetable::{Mode, StopKind, Timetable};
use crate::{Lang, ServiceDay, TripIdx};
use std::collections::{BTreeMap, BTreeSet};

/// Trips of one service day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCount {
    /// The day.
    pub day: ServiceDay,
    /// Departures of trips from their first stop; a frequency template counts as often as it runs.
    pub departures: u64,
}

/// What a feed holds, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// feed_publisher_name, feed_version and feed_lang; empty where the feed has none.
    pub publisher: String,
    /// feed_version.
    pub version: String,
    /// feed_lang.
    pub lang: String,
    /// [`crate::timetable::FeedInfo::hash`].
    pub hash: u64,
    /// The zone of all times.
    pub zone: &'static str,
    /// agency_name of each.
    pub agency_names: Vec<String>,
    /// First day with any service.
    pub first_day: Option<ServiceDay>,
    /// Last day with any service.
    pub last_day: Option<ServiceDay>,
    /// Every day on which a trip departs, in order.
    pub day_counts: Vec<DayCount>,
    /// Routes by mode: bus, ferry, rail, other.
    pub routes_by_mode: [u64; 4],
    /// Rows of `stops.txt` that were usable.
    pub stop_rows: u64,
    /// Those of location_type 0.
    pub boarding_stops: u64,
    /// Those at which some trip calls.
    pub served_stops: u64,
    /// Rows of [`Timetable::trips`].
    pub trip_rows: u64,
    /// Rows that are frequency templates.
    pub templates: u64,
    /// Departures that the templates stand for, on one day each.
    pub template_departures: u64,
    /// Rows expanded from exact frequencies.
    pub expanded: u64,
    /// Distinct patterns.
    pub patterns: u64,
    /// Distinct time profiles.
    pub profiles: u64,
    /// Blocks with more than one trip.
    pub blocks: u64,
    /// Calls of all trip rows.
    pub calls: u64,
    /// The latest time of any call.
    pub latest: crate::ServiceTime,
    /// Lines used.
    pub lines: u64,
    /// Lines made of straight lines between stops.
    pub chords: u64,
    /// Rows of v1 fare attributes and rules.
    pub fares_v1: [u64; 2],
    /// Rows of v2 products, leg rules, transfer rules and rider categories.
    pub fares_v2: [u64; 4],
    /// Languages with translations, and how many texts each.
    pub translated: Vec<(Lang, u64)>,
}

impl Summary {
    /// Counts a timetable.
    #[must_use]
    pub fn of(t: &Timetable) -> Self {
        let count = |n: usize| n as u64;
        let trips = || (0..t.trips.len()).map(TripIdx::new);
        let template = |x: &&crate::timetable::Trip| x.frequency.is_some_and(|f| !f.exact);
        let served: BTreeSet<_> = t.pattern_calls.iter().map(|c| c.stop).collect();
        Self {
            publisher: t.feed.publisher.to_string(),
            version: t.feed.version.to_string(),
            lang: t.feed.lang.to_string(),
            hash: t.feed.hash,
            zone: t.tz.name(),
            agency_names: t.agencies.iter().map(|a| a.name.plain.to_string()).collect(),
            first_day: t.feed.first_day,
            last_day: t.feed.last_day,
            day_counts: day_counts(t),
            routes_by_mode: [Mode::Bus, Mode::Ferry, Mode::Rail, Mode::Other]
                .map(|mode| count(t.routes.iter().filter(|r| r.mode == mode).count())),
            stop_rows: count(t.stops.len()),
            boarding_stops: count(t.stops.iter().filter(|s| s.kind == StopKind::Stop).count()),
            served_stops: count(served.len()),
            trip_rows: count(t.trips.len()),
            templates: count(t.trips.iter().filter(template).count()),
            template_departures: t.trips.iter().filter(template).map(departures).sum(),
            expanded: count(t.trips.iter().filter(|x| x.frequency.is_some_and(|f| f.exact)).count()),
            patterns: count(t.patterns.len()),
            profiles: count(t.profiles.len()),
            blocks: count(t.blocks.iter().filter(|b| b.trips.len() > 1).count()),
            calls: trips().map(|trip| count(t.times(trip).len())).sum(),
            latest: crate::ServiceTime(t.reach.latest_s),
            lines: count(t.shapes.len()),
            chords: count(t.shapes.iter().filter(|s| s.is_chords).count()),
            fares_v1: [count(t.fares.attributes.len()), count(t.fares.rules.len())],
            fares_v2: [
                count(t.fares.products.len()),
                count(t.fares.leg_rules.len()),
                count(t.fares.transfer_rules.len()),
                count(t.fares.rider_categories.len()),
            ],
            translated: translated(t),
        }
    }

    /// Departures on a day.
    #[must_use]
    pub fn departures_on(&self, day: ServiceDay) -> u64 {
        self.day_counts.iter().find(|c| c.day == day).map_or(0, |c| c.departures)
    }

    pub(super) fn feed(&self) -> String {
        let version =
            if self.version.is_empty() { String::new() } else { format!("version {}", self.version) };
        let lang = if self.lang.is_empty() { String::new() } else { format!("language {}", self.lang) };
        let parts = [self.publisher.clone(), version, lang, format!("content {:016x}", self.hash)];
        joined(&parts)
    }

    pub(super) fn agencies(&self) -> String {
        const SHOWN: usize = 3;
        let shown = self.agency_names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        let more = self.agency_names.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{shown}{more}; times in {}", self.zone)
    }

    pub(super) fn days(&self) -> String {
        let Some((first, last)) = self.first_day.zip(self.last_day) else { return "none".to_owned() };
        let busiest = self.day_counts.iter().rev().max_by_key(|c| c.departures);
        let busiest = busiest
            .map_or(String::new(), |c| format!("; most on {}, {}", iso(c.day), many(c.departures, "trip")));
        format!("{} to {}, {} with trips{busiest}", iso(first), iso(last), self.day_counts.len())
    }

    pub(super) fn on(&self, today: ServiceDay) -> String {
        match self.departures_on(today) {
            0 => format!("{}, no trips", iso(today)),
            n => format!("{}, {}", iso(today), many(n, "trip")),
        }
    }

    pub(super) fn routes(&self) -> String {
        let words = ["bus", "ferry", "rail", "other"];
        let parts = self.routes_by_mode.iter().zip(words).filter(|(n, _)| **n > 0);
        let parts: Vec<String> = parts.map(|(n, word)| format!("{n} {word}")).collect();
        format!("{}: {}", self.routes_by_mode.iter().sum::<u64>(), parts.join(", "))
    }

    pub(super) fn stops(&self) -> String {
        let places = self.stop_rows - self.boarding_stops;
        let places =
            if places > 0 { format!(", {} stations and entrances", grouped(places)) } else { String::new() };
        let unserved = self.boarding_stops.saturating_sub(self.served_stops);
        let unserved =
            if unserved > 0 { format!(", {} without any trip", grouped(unserved)) } else { String::new() };
        format!("{}{unserved}{places}", grouped(self.boarding_stops))
    }

    pub(super) fn trips(&self) -> String {
        let blocks = if self.blocks > 0 { many(self.blocks, "block") } else { "no blocks".to_owned() };
        let [rows, patterns, profiles] = [self.trip_rows, self.patterns, self.profiles].map(grouped);
        format!(
            "{rows} on {patterns} patterns with {profiles} time profiles; {blocks}; until {}",
            self.latest
        )
    }

    pub(super) fn frequencies(&self) -> String {
        let templates = format!(
            "{} with \"every n minutes\", for about {} departures",
            grouped(self.templates),
            grouped(self.template_departures)
        );
        let exact = format!("{} from exact frequencies", grouped(self.expanded));
        joined(&[
            if self.templates > 0 { templates } else { String::new() },
            if self.expanded > 0 { exact } else { String::new() },
        ])
    }

    pub(super) fn calls(&self) -> String {
        grouped(self.calls)
    }

    pub(super) fn shapes(&self) -> String {
        let chords = if self.chords > 0 {
            format!(", {} of straight lines between stops", grouped(self.chords))
        } else {
            String::new()
        };
        format!("{}{chords}", grouped(self.lines))
    }

    pub(super) fn fares(&self) -> String {
        let [attributes, rules] = self.fares_v1;
        let [products, legs, transfers, riders] = self.fares_v2;
        let v1 = format!("v1: {}, {}", many(attributes, "fare"), many(rules, "rule"));
        let v2 = format!(
            "v2: {}, {}, {}, rider categories: {riders}",
            many(products, "product"),
            many(legs, "leg rule"),
            many(transfers, "transfer rule")
        );
        joined(&[
            if self.fares_v1[0] > 0 { v1 } else { String::new() },
            if self.fares_v2[0] > 0 { v2 } else { String::new() },
        ])
    }

    pub(super) fn languages(&self) -> String {
        let parts: Vec<String> =
            self.translated.iter().map(|(lang, n)| format!("{} ({})", lang.tag(), grouped(*n))).collect();
        if parts.is_empty() { String::new() } else { format!("translated texts: {}", parts.join(", ")) }
    }
}

fn joined(parts: &[String]) -> String {
    parts.iter().filter(|p| !p.is_empty()).cloned().collect::<Vec<_>>().join("; ")
}

/// How often a trip row runs on a day of its service.
fn departures(trip: &crate::timetable::Trip) -> u64 {
    match trip.frequency {
        Some(f) if !f.exact => u64::from((f.end.0 - trip.start.0).unsigned_abs().div_ceil(f.headway_s)),
        _ => 1,
    }
}

fn day_counts(t: &Timetable) -> Vec<DayCount> {
    let mut of_services = vec![0u64; t.services.len()];
    for trip in &t.trips {
        of_services[trip.service.at()] += departures(trip);
    }
    let mut days: BTreeMap<ServiceDay, u64> = BTreeMap::new();
    for (service, n) in t.services.iter().zip(of_services).filter(|(_, n)| *n > 0) {
        for day in &service.days {
            *days.entry(*day).or_default() += n;
        }
    }
    days.into_iter().map(|(day, departures)| DayCount { day, departures }).collect()
}

fn translated(t: &Timetable) -> Vec<(Lang, u64)> {
    let names = t.stops.iter().map(|s| &s.name);
    let names = names.chain(t.routes.iter().flat_map(|r| [&r.short_name, &r.long_name]));
    let names = names.chain(t.agencies.iter().map(|a| &a.name)).chain(t.trips.iter().map(|x| &x.headsign));
    let mut counts: BTreeMap<Lang, u64> = BTreeMap::new();
    for (lang, _) in names.flat_map(|text| text.translated.iter()) {
        *counts.entry(*lang).or_default() += 1;
    }
    counts.into_iter().collect()
}
