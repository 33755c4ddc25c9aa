//! A recording laid on the lines of the trips that its vehicles claimed: the scorer's own placing.
//!
//! Never the live matcher, which is what is being judged. One forward pass of a Viterbi decoder over the
//! places on the line that are near each fix; the best place *so far* is what a baseline may know, the
//! path traced back from the end is what really happened. Vehicles that claimed no trip are nowhere.

use super::{Repeated, Trip};
use crate::replay::{Recording, Row};
use gtfs::geometry::Projection;
use gtfs::timetable::{CallTime, PatternCall, Shape};
use gtfs::{RouteIdx, Timestamp, Timetable, TripIdx};
use std::collections::BTreeMap;

/// A fix farther from the line is not on it, metres.
const CORRIDOR_M: f32 = 100.0;
/// Standard deviation of the offset from the line, metres: shapes are as wrong as receivers.
const OFFSET_SD_M: f64 = 20.0;
/// Standard deviation of going backward, which only noise does, metres.
const BACK_SD_M: f64 = 15.0;
/// Nobody drives faster, metres per second.
const MPS_MAX: f64 = 33.3;
/// What noise may add to a step, metres.
const STEP_M: f64 = 100.0;
/// Scale of the deviation from the timetable at the first fix, seconds (tracking's own prior).
const DEVIATION_S: f64 = 360.0;
/// Scale of how much longer or shorter a step takes than aimed, seconds (start).
const STEP_S: f64 = 300.0;
/// A vehicle this near its first stop has not left, metres: they shuffle while they wait.
const FIRST_STOP_M: f32 = 60.0;
/// Slower, and the heading says nothing, metres per second (R12).
const HEADING_MPS_MIN: f64 = 1.5;
/// How much a heading counts (von Mises κ).
const HEADING_KAPPA: f64 = 4.0;

/// Where every trip of a recording was.
#[derive(Debug)]
pub struct Ground<'a> {
    pub(super) ways: BTreeMap<Trip, Way<'a>>,
}

/// One trip on its line.
#[derive(Debug)]
pub(super) struct Way<'a> {
    pub(super) route: RouteIdx,
    pub(super) direction: Option<u8>,
    pub(super) origin: Timestamp,
    pub(super) calls: &'a [PatternCall],
    pub(super) times: &'a [CallTime],
    shape: &'a Shape,
    /// One track per vehicle that claimed it, by vehicle.
    pub(super) tracks: Vec<(String, Vec<Place>)>,
}

/// A fix on its line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) t: Timestamp,
    pub(super) received: Timestamp,
    /// Metres along, judged by this fix and those before.
    pub(super) known_m: f32,
    /// Metres along, judged by all fixes.
    pub(super) really_m: f32,
}

impl<'a> Ground<'a> {
    /// Lays a recording on the lines of a timetable. Trips that the timetable does not have are left out.
    #[must_use]
    pub fn of(timetable: &'a Timetable, recording: &Recording) -> Self {
        let repeated = Repeated::of(timetable);
        let mut claims: BTreeMap<(Trip, &str), Vec<&Row>> = BTreeMap::new();
        for row in &recording.rows {
            let claim = &row.report.claim;
            if let (Some(id), Some(day)) = (&claim.trip, claim.day) {
                let trip = repeated.trip(id, &day.to_string(), claim.start);
                claims.entry((trip, &row.vehicle)).or_default().push(row);
            }
        }
        let mut ways: BTreeMap<Trip, Way<'a>> = BTreeMap::new();
        for ((trip, vehicle), mut rows) in claims {
            let way = match ways.get_mut(&trip) {
                Some(way) => way,
                None => match Way::of(timetable, rows[0]) {
                    Some(way) => ways.entry(trip).or_insert(way),
                    None => continue,
                },
            };
            rows.sort_by_key(|row| row.report.t);
            rows.dedup_by_key(|row| row.report.t);
            let track = way.track(timetable, &rows);
            way.tracks.push((vehicle.to_owned(), track));
        }
        Self { ways }
    }
}

impl<'a> Way<'a> {
    fn of(timetable: &'a Timetable, row: &Row) -> Option<Self> {
        let claim = &row.report.claim;
        let trip: TripIdx = timetable.trip(claim.trip.as_ref()?, claim.start)?;
        let start = claim.start.unwrap_or(timetable.trips[trip.at()].start);
        let pattern = timetable.trips[trip.at()].pattern;
        let row = &timetable.patterns[pattern.at()];
        Some(Self {
            route: row.route,
            direction: row.direction,
            origin: claim.day?.at(timetable.tz, start),
            calls: timetable.calls(pattern),
            times: timetable.times(trip),
            shape: &timetable.shapes[row.shape.at()],
            tracks: Vec::new(),
        })
    }

    /// The position of a stop_sequence among the calls.
    pub(super) fn call(&self, sequence: u32) -> Option<usize> {
        self.calls.iter().position(|call| call.sequence == sequence)
    }

    /// Aimed seconds after the start at a distance along the line, in proportion between stops.
    pub(super) fn aimed_s(&self, along_m: f32) -> f64 {
        let (link, share) = self.link(along_m);
        let left_s = f64::from(self.times[link].departure_s);
        let reached_s = f64::from(self.times[(link + 1).min(self.times.len() - 1)].arrival_s);
        left_s + share * (reached_s - left_s).max(0.0)
    }

    /// The link that holds a distance along the line: the call before, and the share driven of the way
    /// to the next.
    pub(super) fn link(&self, along_m: f32) -> (usize, f64) {
        let before = self.calls.partition_point(|call| call.along_m <= along_m).saturating_sub(1);
        let Some(next) = self.calls.get(before + 1) else { return (before, 0.0) };
        let from_m = self.calls[before].along_m;
        (before, f64::from(((along_m - from_m) / (next.along_m - from_m)).clamp(0.0, 1.0)))
    }

    /// Whether a vehicle at a distance along the line has not yet left its first stop.
    pub(super) fn waits_at_start(&self, along_m: f32) -> bool {
        along_m <= self.calls[0].along_m + FIRST_STOP_M
    }

    /// What was known of the trip's place at a moment.
    pub(super) fn known(&self, moment: Timestamp) -> Option<Place> {
        let last = |track: &Vec<Place>| {
            let heard = track.partition_point(|place| place.received <= moment);
            heard.checked_sub(1).map(|at| track[at])
        };
        self.tracks.iter().filter_map(|(_, track)| last(track)).max_by_key(|place| place.t)
    }

    /// Places every fix that is near the line.
    fn track(&self, timetable: &Timetable, rows: &[&Row]) -> Vec<Place> {
        let mut steps: Vec<(Place, Vec<State>)> = Vec::new();
        for row in rows {
            let xy = timetable.plane.xy(row.report.lat, row.report.lon);
            let mut states: Vec<State> = Vec::new();
            self.shape.minima(xy, 0.0..self.shape.length_m(), CORRIDOR_M, |at| {
                states.push(self.state(
                    at,
                    row,
                    steps.last().map(|(place, states)| (place, states.as_slice())),
                ));
            });
            let best = states.iter().min_by(|a, b| a.cost.total_cmp(&b.cost));
            let Some(known_m) = best.map(|state| state.along_m) else { continue };
            let place = Place { t: row.report.t, received: row.received, known_m, really_m: known_m };
            steps.push((place, states));
        }
        traced_back(steps)
    }

    /// The cost of being at a place, by the cheapest way there.
    fn state(&self, at: Projection, row: &Row, before: Option<(&Place, &[State])>) -> State {
        let here = self.unlikely(at, row);
        let Some((place, states)) = before else {
            let late_s = row.report.t.since_s(self.origin) - self.aimed_s(at.along_m);
            return State { along_m: at.along_m, cost: here + far(late_s, DEVIATION_S), from: 0 };
        };
        let elapsed_s = row.report.t.since_s(place.t);
        let ways = states.iter().enumerate();
        let costs =
            ways.map(|(from, state)| (from, state.cost + self.step(state.along_m, at.along_m, elapsed_s)));
        let (from, cost) = costs.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0));
        State { along_m: at.along_m, cost: here + cost, from }
    }

    /// How unlikely a fix is at a place, whatever came before: minus a logarithm.
    fn unlikely(&self, at: Projection, row: &Row) -> f64 {
        let offset = f64::from(at.offset_m) / OFFSET_SD_M;
        let moving = row.report.speed_mps.is_none_or(|speed_mps| speed_mps >= HEADING_MPS_MIN);
        let heading = row.report.heading_deg.filter(|_| moving);
        let turned =
            heading.zip(self.shape.heading_deg_at(at.along_m)).map_or(0.0, |(heading_deg, line_deg)| {
                1.0 - libm::cos((heading_deg - f64::from(line_deg)).to_radians())
            });
        0.5 * offset * offset + HEADING_KAPPA * turned
    }

    /// How unlikely a step is.
    fn step(&self, from_m: f32, to_m: f32, elapsed_s: f64) -> f64 {
        let step_m = f64::from(to_m - from_m);
        let back = (step_m / BACK_SD_M).min(0.0);
        let too_far_m = (step_m - MPS_MAX * elapsed_s - STEP_M).max(0.0);
        let longer_s = elapsed_s - (self.aimed_s(to_m) - self.aimed_s(from_m)).max(0.0);
        0.5 * back * back + too_far_m / BACK_SD_M + far(longer_s, STEP_S)
    }
}

/// A place that a vehicle may be at: what it costs to be there, and from which state before.
struct State {
    along_m: f32,
    cost: f64,
    from: usize,
}

/// Minus the logarithm of a Student-t (ν = 2) of this scale, up to a constant.
fn far(value: f64, scale: f64) -> f64 {
    1.5 * libm::log(1.0 + 0.5 * (value / scale) * (value / scale))
}

/// Follows the cheapest path from its end to its start.
fn traced_back(mut steps: Vec<(Place, Vec<State>)>) -> Vec<Place> {
    let last = steps.last().and_then(|(_, states)| {
        states.iter().enumerate().min_by(|a, b| a.1.cost.total_cmp(&b.1.cost)).map(|(at, _)| at)
    });
    let mut at = last.unwrap_or(0);
    for (place, states) in steps.iter_mut().rev() {
        place.really_m = states[at].along_m;
        at = states[at].from;
    }
    steps.into_iter().map(|(place, _)| place).collect()
}
