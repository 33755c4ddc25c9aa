//! The timetable: trips, blocks, and the feed that says so.
//!
//! The planner knows the usual running time and that peaks are slower; it does not know each street,
//! nor the day. Trips without a timetable (headway lines) have their real starts here and only a
//! template in the feed. The feed is fixture text, read by the same loader as any other.

use crate::town::{Kind, Line, Service, Town};
use gtfs::{ServiceDay, Timetable};
use std::collections::BTreeMap;
use std::fmt::Write;

/// First and last departures, seconds of the service day.
const FIRST_S: i32 = 6 * 3600;
/// See [`FIRST_S`].
const LAST_S: i32 = 21 * 3600;
/// What the planner counts for a metre, seconds: 7 m/s without lights and stops.
pub(crate) const PLANNED_S_PER_M: f64 = 1.0 / 7.0;
/// What a ferry makes through the water, metres per second.
pub(crate) const FERRY_MPS: f64 = 4.5;
/// Counted for a stop, a junction, a pier, seconds.
const STOP_S: f64 = 11.0;
const JUNCTION_S: f64 = 7.0;
const PIER_S: f64 = 180.0;
/// And two in a hundred to be on the safe side.
const SLACK: f64 = 1.02;
/// Vehicles stand at least this long between trips, seconds, where they stand at all.
const LAYOVER_S_MIN: i32 = 240;

/// Days of the week that a trip runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Days {
    /// Monday to Friday.
    Weekday,
    /// Saturday and Sunday.
    Weekend,
}

impl Days {
    /// Of a day.
    #[must_use]
    pub fn of(day: ServiceDay) -> Self {
        use chrono::Datelike;
        if day.0.weekday().number_from_monday() <= 5 { Self::Weekday } else { Self::Weekend }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Weekday => "wd",
            Self::Weekend => "we",
        }
    }
}

/// One run along a line.
#[derive(Clone, Debug)]
pub struct Trip {
    /// trip_id; of a headway line, that of its template.
    pub id: String,
    /// Its line.
    pub line: usize,
    /// When it runs.
    pub days: Days,
    /// Aimed departure from the first stop, seconds of the day.
    pub start_s: i32,
    /// Aimed arrival (and departure) at each stop, seconds after the start.
    pub times_s: Vec<i32>,
}

impl Trip {
    /// Aimed time at a call, seconds of the service day.
    #[must_use]
    pub fn aimed_s(&self, call: usize) -> f64 {
        f64::from(self.start_s + self.times_s[call])
    }
}

/// What one vehicle does in a day.
#[derive(Clone, Debug)]
pub struct Block {
    /// block_id.
    pub id: String,
    /// When.
    pub days: Days,
    /// Its trips, in order.
    pub trips: Vec<usize>,
}

/// The whole timetable.
#[derive(Clone, Debug)]
pub struct Network {
    /// Where it runs.
    pub town: Town,
    /// Every trip.
    pub trips: Vec<Trip>,
    /// Every block.
    pub blocks: Vec<Block>,
    /// Put before every trip_id and stop_id, so that a new feed has none of the old ids.
    pub version: String,
}

impl Network {
    /// The network of every world; `version` is put before its ids.
    #[must_use]
    pub fn new(version: &str) -> Self {
        let town = Town::new();
        let (mut trips, mut blocks) = (Vec::new(), Vec::new());
        for days in [Days::Weekday, Days::Weekend] {
            let first = trips.len();
            for (at, line) in town.lines.iter().enumerate() {
                trips.extend(departures(line, at, days, version));
            }
            blocks.extend(chained(&town, &trips, first, days));
        }
        Self { town, trips, blocks, version: version.to_owned() }
    }

    /// The GTFS files, for [`gtfs::Source::Text`], with service on the given days.
    ///
    /// # Errors
    /// Never with the network of this package; the fixture's words if it were not well formed.
    pub fn feed(&self, days: &[ServiceDay]) -> Result<String, gtfs::fixture::FixtureError> {
        gtfs::fixture::feed_text(&self.fixture(days))
    }

    /// The timetable as the loader has it.
    ///
    /// # Errors
    /// As [`Network::feed`].
    pub fn timetable(&self, days: &[ServiceDay]) -> Result<Timetable, gtfs::fixture::FixtureError> {
        gtfs::fixture::timetable(&self.fixture(days))
    }

    fn fixture(&self, service: &[ServiceDay]) -> String {
        let mut text = String::from("zone Asia/Bangkok\n");
        for days in [Days::Weekday, Days::Weekend] {
            let _ = write!(text, "service {}", days.word());
            for day in service.iter().filter(|day| Days::of(**day) == days) {
                let _ = write!(text, " {day}");
            }
            text.push('\n');
        }
        for (id, [east, north]) in &self.town.stops {
            let _ = writeln!(text, "stop {}{id} {east:.2} {north:.2}", self.version);
        }
        let mut routes: Vec<&Line> = self.town.lines.iter().collect();
        routes.dedup_by_key(|line| line.route);
        for line in routes {
            let mode = if line.kind == Kind::Ferry { "ferry" } else { "bus" };
            let _ = writeln!(text, "route {} {mode}", line.route);
        }
        for line in &self.town.lines {
            let _ = write!(text, "shape {}.{}", line.route, line.direction);
            for [east, north] in &line.points {
                let _ = write!(text, " {east:.2},{north:.2}");
            }
            text.push('\n');
        }
        self.write_trips(&mut text);
        text
    }

    fn write_trips(&self, text: &mut String) {
        let mut blocks = BTreeMap::new();
        for block in &self.blocks {
            blocks.extend(block.trips.iter().map(|trip| (*trip, &block.id)));
        }
        let mut templates = std::collections::BTreeSet::new();
        for (at, trip) in self.trips.iter().enumerate() {
            let line = &self.town.lines[trip.line];
            let headway = line.service == Service::Headway;
            if headway && !templates.insert(&trip.id) {
                continue;
            }
            let block = blocks.get(&at).filter(|_| !headway).map(|id| format!(" block={id}"));
            let _ = write!(
                text,
                "trip {} route={} service={} shape={}.{} direction={}{} :",
                trip.id,
                line.route,
                trip.days.word(),
                line.route,
                line.direction,
                line.direction,
                block.unwrap_or_default()
            );
            for (stop, time_s) in line.stops.iter().zip(&trip.times_s) {
                let time = gtfs::ServiceTime(time_s + if headway { 0 } else { trip.start_s });
                let star = if stop.time_point { "*" } else { "" };
                let _ = write!(text, " {}{} {time}{star}", self.version, stop.id);
            }
            text.push('\n');
            if headway {
                let (from, to) = (gtfs::ServiceTime(FIRST_S), gtfs::ServiceTime(LAST_S));
                let _ = writeln!(text, "every {} {from}-{to} {}", trip.id, headway_s(line, trip.days));
            }
        }
    }
}

fn headway_s(line: &Line, days: Days) -> i32 {
    let weekday_s = line.headway_min as i32 * 60;
    if days == Days::Weekday { weekday_s } else { weekday_s * 3 / 2 }
}

/// Whether the planner counts a peak at this time.
fn planned_pace(days: Days, start_s: i32) -> f64 {
    let hour = f64::from(start_s) / 3600.0;
    match days {
        Days::Weekday if (7.0..9.25).contains(&hour) || (16.25..18.75).contains(&hour) => 1.22,
        Days::Weekday => 1.04,
        Days::Weekend => 1.0,
    }
}

/// The planner's running times, seconds after the start; whole minutes at time points and the end.
fn planned(line: &Line, days: Days, start_s: i32) -> Vec<i32> {
    let pace = planned_pace(days, start_s);
    let (mut at_s, mut at_m) = (0.0, 0.0);
    let last = line.stops.len() - 1;
    let mut times = vec![0];
    for (n, stop) in line.stops.iter().enumerate().skip(1) {
        let length_m = stop.along_m - at_m;
        let junctions = line.legs.iter().filter(|leg| leg.to_m > at_m && leg.to_m < stop.along_m).count();
        at_s += SLACK
            * match line.kind {
                Kind::Bus => length_m * PLANNED_S_PER_M * pace + junctions as f64 * JUNCTION_S,
                Kind::Ferry => length_m / FERRY_MPS,
            };
        let round_s = if stop.time_point || n == last { 60.0 } else { 1.0 };
        times.push((libm::round(at_s / round_s) * round_s) as i32);
        at_s += if line.kind == Kind::Ferry { PIER_S } else { STOP_S };
        at_m = stop.along_m;
    }
    times
}

/// The departures of a line on a kind of day.
fn departures(line: &Line, at: usize, days: Days, version: &str) -> Vec<Trip> {
    let headway_s = headway_s(line, days);
    // Ways back leave half a headway later, and routes not all on the hour.
    let offset_s = i32::from(line.direction) * headway_s / 2 + (at as i32 * 137) % 600 / 60 * 60;
    let starts = (FIRST_S + offset_s..LAST_S).step_by(headway_s as usize);
    let id = |n: usize| match line.service {
        Service::Timetable => format!("{version}{}.{}{}{n}", line.route, line.direction, days.word()),
        Service::Headway => format!("{version}{}.{}{}", line.route, line.direction, days.word()),
    };
    starts
        .enumerate()
        .map(|(n, start_s)| Trip {
            id: id(n),
            line: at,
            days,
            start_s,
            times_s: planned(line, days, if line.service == Service::Headway { 12 * 3600 } else { start_s }),
        })
        .collect()
}

/// A vehicle while its block is being made: where it is free, and from when.
struct Free {
    place: String,
    from_s: i32,
    trips: Vec<usize>,
}

/// Puts trips together to blocks: each goes to the vehicle that has waited least at its first stop.
/// Lines that end at the same place exchange vehicles, but no ferry runs on a road and no headway
/// line has blocks that a timetable line could join.
fn chained(town: &Town, trips: &[Trip], first: usize, days: Days) -> Vec<Block> {
    let mut order: Vec<usize> = (first..trips.len()).collect();
    order.sort_by_key(|at| (trips[*at].start_s, *at));
    let mut vehicles: Vec<Free> = Vec::new();
    for at in order {
        let trip = &trips[at];
        let line = &town.lines[trip.line];
        let yard = |stop: usize| {
            let kept = if line.service == Service::Headway || !line.stands { line.route } else { "" };
            format!("{kept}{}", line.stops[stop].id)
        };
        let (from, to) = (yard(0), yard(line.stops.len() - 1));
        let layover_s = if line.stands { LAYOVER_S_MIN } else { 0 };
        let end_s = trip.start_s + trip.times_s.last().copied().unwrap_or(0);
        let free = vehicles.iter_mut().filter(|free| free.place == from && free.from_s <= trip.start_s);
        match free.max_by_key(|free| free.from_s) {
            Some(free) => {
                free.trips.push(at);
                (free.place, free.from_s) = (to, end_s + layover_s);
            }
            None => vehicles.push(Free { place: to, from_s: end_s + layover_s, trips: vec![at] }),
        }
    }
    let named = vehicles.into_iter().enumerate();
    named.map(|(n, free)| Block { id: format!("{}{n}", days.word()), days, trips: free.trips }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_feed_loads_without_an_error_and_has_what_towns_have() {
        let network = Network::new("");
        let days = crate::days(10);
        let timetable = network.timetable(&days).unwrap();
        assert_eq!(timetable.routes.len(), 9);
        assert!(timetable.trips.iter().any(|trip| trip.frequency.is_some_and(|f| !f.exact)));
        assert!(timetable.blocks.len() >= 40, "{}", timetable.blocks.len());
        assert!(timetable.pattern_calls.iter().any(|call| call.timepoint));
        let weekday: Vec<_> = network.blocks.iter().filter(|b| b.days == Days::Weekday).collect();
        assert!((30..70).contains(&weekday.len()), "{}", weekday.len());
        // Vehicles of one block run more than one route.
        let routes = |b: &Block| -> std::collections::BTreeSet<_> {
            b.trips.iter().map(|t| network.town.lines[network.trips[*t].line].route).collect()
        };
        assert!(weekday.iter().any(|block| routes(block).len() > 1));
    }

    #[test]
    fn no_vehicle_is_in_two_places_and_every_trip_has_one() {
        let network = Network::new("");
        let mut served = vec![0; network.trips.len()];
        for block in &network.blocks {
            for pair in block.trips.windows(2) {
                let (a, b) = (&network.trips[pair[0]], &network.trips[pair[1]]);
                assert!(b.start_s >= a.start_s + a.times_s[a.times_s.len() - 1]);
                let (la, lb) = (&network.town.lines[a.line], &network.town.lines[b.line]);
                assert_eq!(la.stops[la.stops.len() - 1].id, lb.stops[0].id);
            }
            for trip in &block.trips {
                served[*trip] += 1;
            }
        }
        assert!(served.iter().all(|n| *n == 1));
    }
}
