//! What kind of day it is for the road: a weekday, a Saturday or a Sunday, as the feed runs it.
//!
//! On a public holiday a town drives as on a Sunday, and its feed says so: that day runs Sunday's trips
//! (`calendar_dates.txt`). So a day whose trips are clearly those of another kind of day is of that kind. A
//! holiday on which a feed runs what it always runs is not found out.

use chrono::{Datelike, Weekday};
use gtfs::{ServiceDay, Timestamp, Timetable};
use std::collections::BTreeMap;

/// Weekday, Saturday, Sunday.
pub(crate) const KINDS: usize = 3;
/// Another kind must be nearer than this share of the distance to the day's own, and by a trip (start).
const CLEARLY: f64 = 0.5;

/// The days that are not what their weekday says.
#[derive(Clone, Debug, Default)]
pub(crate) struct DayKinds {
    other: BTreeMap<ServiceDay, usize>,
}

impl DayKinds {
    /// Of a feed.
    pub(crate) fn of(timetable: &Timetable) -> Self {
        // By day, the services that run.
        let mut days: BTreeMap<ServiceDay, Vec<usize>> = BTreeMap::new();
        for (at, service) in timetable.services.iter().enumerate() {
            service.days.iter().for_each(|day| days.entry(*day).or_default().push(at));
        }
        let usual = Usual::of(timetable, &days);
        let kind_of = |(day, running): (&ServiceDay, &Vec<usize>)| {
            let (own, apart) = (by_weekday(*day), usual.apart(running));
            let other = (0..KINDS).min_by(|a, b| apart[*a].total_cmp(&apart[*b]))?;
            let clearly = apart[other] < CLEARLY * apart[own] && apart[own] - apart[other] >= 1.0;
            clearly.then_some((*day, other))
        };
        Self { other: days.iter().filter_map(kind_of).collect() }
    }

    /// The kind of the day of an instant, by the feed's clock.
    pub(crate) fn at(&self, timetable: &Timetable, t: Timestamp) -> usize {
        let day = ServiceDay::of(t, timetable.tz);
        self.other.get(&day).copied().unwrap_or_else(|| by_weekday(day))
    }
}

/// What runs on each kind of day.
struct Usual {
    /// By service, its trips.
    trips: Vec<f64>,
    /// By service, the share of the days of each kind on which it runs.
    share: Vec<[f64; KINDS]>,
    /// By kind, the trips of a usual day; infinite of a kind that the feed has no day of.
    all: [f64; KINDS],
}

impl Usual {
    fn of(timetable: &Timetable, days: &BTreeMap<ServiceDay, Vec<usize>>) -> Self {
        let mut trips = vec![0.0; timetable.services.len()];
        timetable.trips.iter().for_each(|trip| trips[trip.service.at()] += 1.0);
        let (mut share, mut counts) = (vec![[0.0; KINDS]; trips.len()], [0.0; KINDS]);
        for (day, running) in days {
            let kind = by_weekday(*day);
            counts[kind] += 1.0;
            running.iter().for_each(|service| share[*service][kind] += 1.0);
        }
        let mut all = counts.map(|n| if n > 0.0 { 0.0 } else { f64::INFINITY });
        for (share, trips) in share.iter_mut().zip(&trips) {
            for kind in 0..KINDS {
                share[kind] /= f64::max(counts[kind], 1.0);
                all[kind] += trips * share[kind];
            }
        }
        Self { trips, share, all }
    }

    /// How many trips a day differs by from a usual one of each kind: those of services that should run
    /// and do not, and those that should not and do.
    fn apart(&self, running: &[usize]) -> [f64; KINDS] {
        let mut apart = self.all;
        for &service in running {
            for (apart, share) in apart.iter_mut().zip(&self.share[service]) {
                *apart += self.trips[service] * (1.0 - 2.0 * share);
            }
        }
        apart
    }
}

fn by_weekday(day: ServiceDay) -> usize {
    match day.0.weekday() {
        Weekday::Sat => 1,
        Weekday::Sun => 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(services: &str, day: &str) -> usize {
        let timetable = gtfs::fixture::timetable(&format!(
            "stop A 0 0\nstop B 600 0\nroute R bus\n{services}\
             trip t1 route=R service=week : A 08:00 B 08:02\ntrip t2 route=R service=week : A 09:00 B 09:02\n\
             trip t3 route=R service=sun : A 10:00 B 10:02"
        ))
        .unwrap();
        let noon = ServiceDay::parse(day).unwrap().at(timetable.tz, gtfs::ServiceTime(12 * 3600));
        DayKinds::of(&timetable).at(&timetable, noon)
    }

    #[test]
    fn a_holiday_that_runs_the_trips_of_sundays_is_a_sunday() {
        // The 10th of December, Constitution Day, is a Thursday in 2026.
        let services = "service week 20261201 20261202 20261203 20261204 20261207 20261208 20261209 20261211\n\
                        service sun 20261206 20261210 20261213\n";
        assert_eq!(kind(services, "20261210"), 2);
        assert_eq!(kind(services, "20261209"), 0);
        assert_eq!(kind(services, "20261213"), 2);
    }

    #[test]
    fn a_town_that_runs_the_same_every_day_has_its_weekdays() {
        let services = "service week 20261201..20261213\nservice sun 20261201..20261213\n";
        for (day, expected) in [("20261210", 0), ("20261205", 1), ("20261206", 2), ("20270101", 0)] {
            assert_eq!(kind(services, day), expected, "{day}");
        }
    }
}
