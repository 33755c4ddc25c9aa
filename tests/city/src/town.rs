//! Streets, a river, and the lines that run on them.
//!
//! A grid of junctions; a *street* is the way from one junction to the next, each direction its own.
//! Lines share streets, so that what one learns another can use. What always holds: stops lie on
//! their line in order, and a line's legs cover it from end to end.

use crate::dice::Dice;
use std::collections::BTreeMap;

/// Metres between junctions, east and north.
const BLOCK_M: (f64, f64) = (1_100.0, 900.0);
/// Where stops are on a street, share of its length, for long and short streets.
const STOPS_LONG: [f64; 3] = [0.17, 0.5, 0.83];
const STOPS_SHORT: [f64; 2] = [0.25, 0.75];
/// Stops are this far left of the line, metres: traffic keeps left.
const KERB_M: f64 = 6.0;
/// Each so many stops of a line is a time point.
const TIME_POINT_EACH: usize = 5;
/// Piers, metres east and north.
const PIERS: [(f64, f64); 5] =
    [(-500.0, -900.0), (1_200.0, -1_150.0), (2_800.0, -850.0), (4_500.0, -1_200.0), (6_200.0, -900.0)];
/// Where vehicles sleep.
pub const DEPOT: [f64; 2] = [-700.0, 1_300.0];

/// What moves on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A bus.
    Bus,
    /// A ferry.
    Ferry,
}

/// How a line is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// By a timetable.
    Timetable,
    /// Every so many minutes, without one (`exact_times=0`).
    Headway,
}

/// One direction of a route.
#[derive(Clone, Debug)]
pub struct Line {
    /// route_id.
    pub route: &'static str,
    /// direction_id.
    pub direction: u8,
    /// What moves on it.
    pub kind: Kind,
    /// How it is served.
    pub service: Service,
    /// Minutes between departures.
    pub headway_min: u32,
    /// Whether vehicles stand at its ends, or run through.
    pub stands: bool,
    /// Its course, metres east and north.
    pub points: Vec<[f64; 2]>,
    /// Metres from its start to each point.
    pub along_m: Vec<f64>,
    /// The streets under it.
    pub legs: Vec<Leg>,
    /// Its stops, in order.
    pub stops: Vec<LineStop>,
}

/// A street under a line: from the end of the leg before to `to_m`.
#[derive(Clone, Copy, Debug)]
pub struct Leg {
    /// Where it ends, metres along the line.
    pub to_m: f64,
    /// Which street.
    pub street: usize,
}

/// A stop of a line.
#[derive(Clone, Debug)]
pub struct LineStop {
    /// stop_id without a version.
    pub id: String,
    /// Metres along the line.
    pub along_m: f64,
    /// Early vehicles wait here.
    pub time_point: bool,
}

/// The whole of it.
#[derive(Clone, Debug)]
pub struct Town {
    /// Every direction of every route.
    pub lines: Vec<Line>,
    /// Where each stop is, metres east and north.
    pub stops: BTreeMap<String, [f64; 2]>,
    /// How many streets there are (river reaches among them).
    pub streets: usize,
    /// The streets that meet the end of each.
    pub next_streets: Vec<Vec<usize>>,
}

/// A route as drawn: its junctions, minutes between departures, whether there is a way back.
struct Drawn(&'static str, &'static [(i8, i8)], u32, bool, Service, bool);

const DRAWN: [Drawn; 8] = [
    Drawn("R1", &[(0, 0), (5, 0), (5, 2)], 12, true, Service::Timetable, true),
    Drawn("R2", &[(0, 2), (3, 2), (3, 4), (5, 4)], 15, true, Service::Timetable, true),
    Drawn("R3", &[(0, 0), (2, 0), (2, 4)], 10, true, Service::Timetable, true),
    Drawn("R4", &[(0, 4), (0, 2), (4, 2), (4, 0)], 20, true, Service::Timetable, true),
    // A loop, and an out-and-back: in one trip the same road twice.
    Drawn("R5", &[(1, 0), (4, 0), (4, 2), (1, 2), (1, 0)], 15, false, Service::Timetable, true),
    Drawn("R6", &[(2, 2), (2, 4), (5, 4), (2, 4), (2, 2)], 30, false, Service::Timetable, true),
    Drawn("R7", &[(1, 1), (4, 1), (4, 4)], 12, true, Service::Headway, true),
    // Runs through its ends: no layover absorbs a delay.
    Drawn("R8", &[(0, 3), (5, 3), (5, 0), (2, 0)], 20, true, Service::Timetable, false),
];

impl Town {
    /// The town of every world.
    #[must_use]
    pub fn new() -> Self {
        let mut drawing = Drawing::default();
        let mut lines = Vec::new();
        for Drawn(route, corners, headway_min, both, service, stands) in DRAWN {
            let there = junctions(corners);
            let back = there.iter().rev().copied().collect();
            for (direction, junctions) in [there, back].into_iter().enumerate().take(1 + usize::from(both)) {
                let line = drawing.line(route, direction as u8, &junctions);
                lines.push(Line { headway_min, service, stands, ..line });
            }
        }
        for direction in 0..2 {
            lines.push(drawing.ferry(direction));
        }
        let next_streets = drawing.next_streets();
        Self { lines, stops: drawing.stops, streets: drawing.streets.len(), next_streets }
    }

    /// A street of the town's middle, for closing.
    pub(crate) fn any_street(&self, dice: &mut Dice) -> usize {
        let line = &self.lines[(dice.unit() * 8.0) as usize];
        // Not the first or last leg: the ends of lines stay open.
        let legs = line.legs.len();
        line.legs[1 + (dice.unit() * (legs - 2) as f64) as usize].street
    }
}

impl Default for Town {
    fn default() -> Self {
        Self::new()
    }
}

impl Line {
    /// Where a place on the line is, metres east and north, and the direction there (a unit vector).
    #[must_use]
    pub fn at(&self, along_m: f64) -> ([f64; 2], [f64; 2]) {
        let after = self.along_m.partition_point(|m| *m <= along_m).clamp(1, self.along_m.len() - 1);
        let (a, b) = (self.points[after - 1], self.points[after]);
        let length_m = self.along_m[after] - self.along_m[after - 1];
        let share = ((along_m - self.along_m[after - 1]) / length_m).clamp(0.0, 1.0);
        let way = [(b[0] - a[0]) / length_m, (b[1] - a[1]) / length_m];
        ([a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share], way)
    }

    /// Its length, metres.
    #[must_use]
    pub fn length_m(&self) -> f64 {
        self.along_m.last().copied().unwrap_or(0.0)
    }

    /// The leg at a place, and where it begins, metres.
    #[must_use]
    pub fn leg(&self, along_m: f64) -> (Leg, f64) {
        let at = self.legs.partition_point(|leg| leg.to_m <= along_m).min(self.legs.len() - 1);
        (self.legs[at], if at == 0 { 0.0 } else { self.legs[at - 1].to_m })
    }
}

type Junction = (i8, i8);

/// Every junction from corner to corner.
fn junctions(corners: &[Junction]) -> Vec<Junction> {
    let mut all = vec![corners[0]];
    for pair in corners.windows(2) {
        let ((mut x, mut y), to) = (pair[0], pair[1]);
        while (x, y) != to {
            x += (to.0 - x).signum();
            y += (to.1 - y).signum();
            all.push((x, y));
        }
    }
    all
}

fn place((x, y): Junction) -> [f64; 2] {
    [f64::from(x) * BLOCK_M.0, f64::from(y) * BLOCK_M.1]
}

#[derive(Default)]
struct Drawing {
    streets: BTreeMap<(Junction, Junction), usize>,
    stops: BTreeMap<String, [f64; 2]>,
}

impl Drawing {
    fn street(&mut self, from: Junction, to: Junction) -> usize {
        let next = self.streets.len();
        *self.streets.entry((from, to)).or_insert(next)
    }

    fn terminal(&mut self, at: Junction) -> String {
        let id = format!("T{}{}", at.0, at.1);
        self.stops.insert(id.clone(), place(at));
        id
    }

    fn line(&mut self, route: &'static str, direction: u8, junctions: &[Junction]) -> Line {
        let (mut line, mut along_m) = (empty(route, direction, Kind::Bus), 0.0);
        line.points = junctions.iter().map(|junction| place(*junction)).collect();
        line.along_m.push(0.0);
        let mut stops = vec![(self.terminal(junctions[0]), 0.0)];
        for pair in junctions.windows(2) {
            let (from, to) = (place(pair[0]), place(pair[1]));
            let length_m = libm::hypot(to[0] - from[0], to[1] - from[1]);
            let way = [(to[0] - from[0]) / length_m, (to[1] - from[1]) / length_m];
            let shares: &[f64] = if way[1] == 0.0 { &STOPS_LONG } else { &STOPS_SHORT };
            for (n, share) in shares.iter().enumerate() {
                let id = format!("S{}{}{}{}.{n}", pair[0].0, pair[0].1, pair[1].0, pair[1].1);
                let m = length_m * share;
                let xy = [from[0] + way[0] * m - way[1] * KERB_M, from[1] + way[1] * m + way[0] * KERB_M];
                self.stops.insert(id.clone(), xy);
                stops.push((id, along_m + m));
            }
            along_m += length_m;
            line.along_m.push(along_m);
            line.legs.push(Leg { to_m: along_m, street: self.street(pair[0], pair[1]) });
        }
        stops.push((self.terminal(junctions[junctions.len() - 1]), along_m));
        line.stops = numbered(stops, TIME_POINT_EACH);
        line
    }

    /// The river line; its reaches are streets of their own.
    fn ferry(&mut self, direction: u8) -> Line {
        let mut line = empty("F1", direction, Kind::Ferry);
        let mut order: Vec<usize> = (0..PIERS.len()).collect();
        if direction == 1 {
            order.reverse();
        }
        let (mut stops, mut along_m) = (Vec::new(), 0.0);
        for (n, &pier) in order.iter().enumerate() {
            let at = [PIERS[pier].0, PIERS[pier].1];
            if let Some(last) = line.points.last() {
                let last: &[f64; 2] = last;
                along_m += libm::hypot(at[0] - last[0], at[1] - last[1]);
                let reach = |pier: usize| (100 + pier as i8, 0);
                let street = self.street(reach(order[n - 1]), reach(pier));
                line.legs.push(Leg { to_m: along_m, street });
            }
            line.points.push(at);
            line.along_m.push(along_m);
            self.stops.insert(format!("P{pier}"), at);
            stops.push((format!("P{pier}"), along_m));
        }
        line.stops = numbered(stops, 2);
        line
    }

    /// The streets that go on where each ends.
    fn next_streets(&self) -> Vec<Vec<usize>> {
        let mut next = vec![Vec::new(); self.streets.len()];
        for ((_, end), at) in &self.streets {
            next[*at] = self.streets.iter().filter(|((from, _), _)| from == end).map(|(_, to)| *to).collect();
        }
        next
    }
}

fn empty(route: &'static str, direction: u8, kind: Kind) -> Line {
    Line {
        route,
        direction,
        kind,
        service: Service::Timetable,
        headway_min: 30,
        stands: true,
        points: Vec::new(),
        along_m: Vec::new(),
        legs: Vec::new(),
        stops: Vec::new(),
    }
}

fn numbered(stops: Vec<(String, f64)>, time_point_each: usize) -> Vec<LineStop> {
    let last = stops.len() - 1;
    let stops = stops.into_iter().enumerate();
    stops
        .map(|(n, (id, along_m))| LineStop { id, along_m, time_point: n < last && n % time_point_each == 0 })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_share_streets_and_their_stops_are_in_order() {
        let town = Town::new();
        let mut users = vec![0; town.streets];
        for line in &town.lines {
            assert!(line.stops.windows(2).all(|pair| pair[1].along_m > pair[0].along_m + 150.0));
            assert!((line.legs[line.legs.len() - 1].to_m - line.length_m()).abs() < 1e-6);
            for leg in &line.legs {
                users[leg.street] += 1;
            }
        }
        assert_eq!(town.lines.len(), 16);
        assert!(users.iter().filter(|n| **n >= 2).count() >= 25, "{users:?}");
    }

    #[test]
    fn a_place_on_a_line_is_where_its_points_say() {
        let town = Town::new();
        let line = &town.lines[0];
        let (at, way) = line.at(5_500.0 + 450.0);
        assert!((at[0] - 5_500.0).abs() < 1e-9 && (at[1] - 450.0).abs() < 1e-9);
        assert_eq!(way, [0.0, 1.0]);
    }
}
