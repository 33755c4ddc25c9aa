//! The timetable in force: flat arrays, small typed indexes, no pointers between rows.
//!
//! A trip is *pattern + time profile + start*: trips that call at the same stops share a
//! [`JourneyPattern`], trips with the same times relative to their start share a [`TimeProfile`].
//! A frequency-based service that expands to a million stop times costs one row a trip.

use crate::departures::Reach;
use crate::fares::FareTables;
use crate::{
    AgencyIdx, BlockIdx, PatternIdx, ProfileIdx, RouteIdx, ServiceDay, ServiceIdx, ServiceTime, ShapeIdx,
    StopIdx, Text, TripIdx,
};
use chrono_tz::Tz;
use std::collections::HashMap;
use std::ops::Range;

/// A feed, checked and laid out. Immutable: a new feed is a new timetable behind a new pointer.
#[derive(Debug)]
pub struct Timetable {
    /// What the feed says of itself.
    pub feed: FeedInfo,
    /// The zone of every time in the feed.
    pub tz: Tz,
    /// `agency.txt`, in file order.
    pub agencies: Vec<Agency>,
    /// `routes.txt`, in file order.
    pub routes: Vec<Route>,
    /// `stops.txt`, in file order; stations and entrances too.
    pub stops: Vec<Stop>,
    /// Trips with at least two usable stop times, sorted by (pattern, start, id).
    /// Frequencies with `exact_times=1` are expanded: one row per departure, same id; with
    /// `exact_times=0` there is one row per row of `frequencies.txt`, a template.
    pub trips: Vec<Trip>,
    /// Distinct (route, direction, shape, stop list).
    pub patterns: Vec<JourneyPattern>,
    /// The calls of all patterns; see [`JourneyPattern::calls`].
    pub pattern_calls: Vec<PatternCall>,
    /// Distinct lists of times relative to the start.
    pub profiles: Vec<TimeProfile>,
    /// The times of all profiles; see [`TimeProfile::times`].
    pub profile_times: Vec<CallTime>,
    /// Lines on the ground, in metres on [`Timetable::plane`].
    pub shapes: Vec<Shape>,
    /// `calendar.txt` and `calendar_dates.txt`, one per service_id.
    pub services: Vec<Service>,
    /// Duties of vehicles. A trip without a block_id is in none.
    pub blocks: Vec<Block>,
    /// `transfers.txt`.
    pub transfers: Vec<Transfer>,
    /// The fare files, unpriced.
    pub fares: FareTables,
    /// The plane on which shapes and stops are measured.
    pub plane: Plane,
    /// For each stop, where its patterns are in [`Timetable::stop_calls`].
    pub stop_call_ranges: Vec<Range<u32>>,
    /// (pattern, position in its calls) of every stop, sorted within a stop.
    pub stop_calls: Vec<(PatternIdx, u16)>,
    /// How far trips reach in time.
    pub reach: Reach,
    /// Lookups by id. Never iterated.
    pub index: Index,
}

/// `feed_info.txt`, and what loading adds.
#[derive(Clone, Debug, Default)]
pub struct FeedInfo {
    /// feed_publisher_name.
    pub publisher: Box<str>,
    /// feed_version.
    pub version: Box<str>,
    /// feed_lang.
    pub lang: Box<str>,
    /// First day with any service.
    pub first_day: Option<ServiceDay>,
    /// Last day with any service.
    pub last_day: Option<ServiceDay>,
    /// FNV-1a of all file contents: the same bytes have the same hash, on every machine.
    pub hash: u64,
}

/// A company that runs vehicles.
#[derive(Clone, Debug)]
pub struct Agency {
    /// agency_id; empty when the feed has one agency without an id.
    pub id: Box<str>,
    /// agency_name.
    pub name: Text,
    /// agency_url.
    pub url: Box<str>,
    /// agency_phone.
    pub phone: Box<str>,
}

/// How a route moves; GTFS route_type folded to what changes behaviour here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Road vehicles: 3, 11, 200-299, 700-899.
    Bus,
    /// 4, 1000-1099, 1200-1299.
    Ferry,
    /// 0, 1, 2, 5, 6, 7, 12 and their extended types.
    Rail,
    /// Anything else.
    Other,
}

/// A line.
#[derive(Clone, Debug)]
pub struct Route {
    /// route_id.
    pub id: Box<str>,
    /// Its agency.
    pub agency: AgencyIdx,
    /// route_short_name.
    pub short_name: Text,
    /// route_long_name.
    pub long_name: Text,
    /// route_type as given.
    pub route_type: u16,
    /// The same, folded.
    pub mode: Mode,
    /// Six hex digits, `RRGGBB`; FFFFFF when absent.
    pub color: [u8; 6],
    /// Six hex digits; 000000 when absent.
    pub text_color: [u8; 6],
    /// route_sort_order; file order when absent.
    pub sort_order: u32,
}

/// location_type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StopKind {
    /// 0: where riders board.
    Stop,
    /// 1: a group of stops.
    Station,
    /// 2.
    Entrance,
    /// 3.
    Node,
    /// 4.
    BoardingArea,
}

/// A place.
#[derive(Clone, Debug)]
pub struct Stop {
    /// stop_id.
    pub id: Box<str>,
    /// stop_code, what is printed on the pole.
    pub code: Box<str>,
    /// stop_name.
    pub name: Text,
    /// Degrees north, WGS 84.
    pub lat: f64,
    /// Degrees east, WGS 84.
    pub lon: f64,
    /// location_type.
    pub kind: StopKind,
    /// parent_station.
    pub parent: Option<StopIdx>,
    /// platform_code.
    pub platform: Box<str>,
    /// wheelchair_boarding: `None` unknown.
    pub wheelchair: Option<bool>,
}

/// One run of a vehicle along a pattern.
#[derive(Clone, Debug)]
pub struct Trip {
    /// trip_id.
    pub id: Box<str>,
    /// Where it goes.
    pub pattern: PatternIdx,
    /// When, relative to its start.
    pub profile: ProfileIdx,
    /// Departure from its first stop.
    pub start: ServiceTime,
    /// On which days.
    pub service: ServiceIdx,
    /// The duty it belongs to.
    pub block: Option<BlockIdx>,
    /// trip_headsign; the last stop's name when absent.
    pub headsign: Text,
    /// trip_short_name.
    pub short_name: Box<str>,
    /// wheelchair_accessible: `None` unknown.
    pub wheelchair: Option<bool>,
    /// Set on a frequency-based trip.
    pub frequency: Option<Frequency>,
}

/// `frequencies.txt` for one trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frequency {
    /// exact_times=1: this trip row is one expanded departure. Otherwise it is a template that runs
    /// from `Trip::start` until `end`, and only says "every n minutes".
    pub exact: bool,
    /// Last moment (exclusive) at which a template's headway applies.
    pub end: ServiceTime,
    /// headway_secs.
    pub headway_s: u32,
}

/// Stops in order along a line on the ground (Transmodel JourneyPattern).
#[derive(Clone, Debug)]
pub struct JourneyPattern {
    /// Its route.
    pub route: RouteIdx,
    /// direction_id.
    pub direction: Option<u8>,
    /// Its calls, in [`Timetable::pattern_calls`].
    pub calls: Range<u32>,
    /// Its line; chords between stops when the feed has none (see [`Shape::is_chords`]).
    pub shape: ShapeIdx,
    /// Its trips, in [`Timetable::trips`], sorted by start.
    pub trips: Range<u32>,
}

/// One stop of a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PatternCall {
    /// The stop.
    pub stop: StopIdx,
    /// stop_sequence as the feed has it.
    pub sequence: u32,
    /// Metres along the pattern's shape; strictly increasing within a pattern.
    pub along_m: f32,
    /// pickup_type is not 1.
    pub pickup: bool,
    /// drop_off_type is not 1.
    pub drop_off: bool,
    /// timepoint=1: the vehicle waits here for its aimed departure.
    pub timepoint: bool,
}

/// Times relative to the departure from the first stop, one per call of a pattern.
#[derive(Clone, Debug)]
pub struct TimeProfile {
    /// In [`Timetable::profile_times`].
    pub times: Range<u32>,
}

/// Aimed times of one call, seconds after the start of the trip. The first arrival may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallTime {
    /// Aimed arrival.
    pub arrival_s: i32,
    /// Aimed departure; not before the arrival.
    pub departure_s: i32,
}

/// A line on the ground.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// Points on [`Timetable::plane`]: metres east, metres north.
    pub xy: Vec<[f32; 2]>,
    /// Metres along the line at each point; same length, not decreasing.
    pub along_m: Vec<f32>,
    /// Made from straight lines between stops because the feed has no usable shape.
    pub is_chords: bool,
}

/// The days of a service_id.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// service_id.
    pub id: Box<str>,
    /// Every active day, sorted.
    pub days: Vec<ServiceDay>,
}

/// What one vehicle does in a day: the trips of a block_id, sorted by start.
/// On a given day only those whose service is active run.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// block_id.
    pub id: Box<str>,
    /// Its trips.
    pub trips: Vec<TripIdx>,
}

/// `transfers.txt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// from_stop_id.
    pub from: StopIdx,
    /// to_stop_id.
    pub to: StopIdx,
    /// transfer_type.
    pub kind: u8,
    /// min_transfer_time, seconds.
    pub min_s: Option<u32>,
}

/// A local plane: metres east and north of an origin (equirectangular; better than 0.1 % within 100 km).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Plane {
    /// Origin, degrees north.
    pub lat: f64,
    /// Origin, degrees east.
    pub lon: f64,
    /// Metres in a degree of longitude at the origin.
    pub east_m_per_deg: f64,
}

/// Metres in a degree of latitude on the sphere of mean radius 6,371,008.8 m (IUGG).
pub const NORTH_M_PER_DEG: f64 = 111_195.079_734;

impl Plane {
    /// The plane around an origin.
    #[must_use]
    pub fn around(lat: f64, lon: f64) -> Self {
        Self { lat, lon, east_m_per_deg: NORTH_M_PER_DEG * libm::cos(lat.to_radians()) }
    }

    /// Metres east and north of the origin.
    #[must_use]
    pub fn xy(&self, lat: f64, lon: f64) -> [f32; 2] {
        [((lon - self.lon) * self.east_m_per_deg) as f32, ((lat - self.lat) * NORTH_M_PER_DEG) as f32]
    }

    /// Degrees north and east of a point on the plane.
    #[must_use]
    pub fn lat_lon(&self, xy: [f32; 2]) -> (f64, f64) {
        (self.lat + f64::from(xy[1]) / NORTH_M_PER_DEG, self.lon + f64::from(xy[0]) / self.east_m_per_deg)
    }
}

/// Lookups from feed ids.
#[derive(Debug, Default)]
pub struct Index {
    /// By stop_id.
    pub stops: HashMap<Box<str>, StopIdx>,
    /// By route_id.
    pub routes: HashMap<Box<str>, RouteIdx>,
    /// By trip_id: every row of that id (more than one only with frequencies), by start.
    pub trips: HashMap<Box<str>, Range<u32>>,
    /// Rows of `trips` lookups, sorted by (id, start).
    pub trips_by_id: Vec<TripIdx>,
    /// By block_id.
    pub blocks: HashMap<Box<str>, BlockIdx>,
}

impl Timetable {
    /// The stop of an id.
    #[must_use]
    pub fn stop(&self, id: &str) -> Option<StopIdx> {
        self.index.stops.get(id).copied()
    }

    /// The route of an id.
    #[must_use]
    pub fn route(&self, id: &str) -> Option<RouteIdx> {
        self.index.routes.get(id).copied()
    }

    /// The trip of an id. `start` chooses among the rows of a frequency-based trip: the one that starts
    /// then, else the template in force then; without such a row, or without `start`, the first.
    #[must_use]
    pub fn trip(&self, id: &str, start: Option<ServiceTime>) -> Option<TripIdx> {
        let rows = &self.index.trips_by_id[as_usize(self.index.trips.get(id)?)];
        let exact = |start| rows.iter().find(|t| self.trips[t.at()].start == start);
        let template = |start| {
            rows.iter().find(|t| {
                let trip = &self.trips[t.at()];
                trip.frequency.is_some_and(|f| !f.exact && (trip.start..f.end).contains(&start))
            })
        };
        let chosen = start.and_then(|start| exact(start).or_else(|| template(start)));
        chosen.or_else(|| rows.first()).copied()
    }

    /// The calls of a trip's pattern.
    #[must_use]
    pub fn calls(&self, pattern: PatternIdx) -> &[PatternCall] {
        &self.pattern_calls[as_usize(&self.patterns[pattern.at()].calls)]
    }

    /// The aimed times of a trip, relative to its start; one per call of its pattern.
    #[must_use]
    pub fn times(&self, trip: TripIdx) -> &[CallTime] {
        &self.profile_times[as_usize(&self.profiles[self.trips[trip.at()].profile.at()].times)]
    }

    /// The route of a trip.
    #[must_use]
    pub fn route_of(&self, trip: TripIdx) -> RouteIdx {
        self.patterns[self.trips[trip.at()].pattern.at()].route
    }

    /// Whether a service runs on a day.
    #[must_use]
    pub fn runs_on(&self, service: ServiceIdx, day: ServiceDay) -> bool {
        self.services[service.at()].days.binary_search(&day).is_ok()
    }

    /// The patterns that call at a stop, with the position of the call.
    #[must_use]
    pub fn calls_at(&self, stop: StopIdx) -> &[(PatternIdx, u16)] {
        &self.stop_calls[as_usize(&self.stop_call_ranges[stop.at()])]
    }
}

/// A range of array positions.
#[must_use]
pub fn as_usize(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}
