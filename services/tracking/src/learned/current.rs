//! What the stream does to ferries: learned from their own speed over the ground.
//!
//! A ferry that sails a leg with the stream is faster than the leg usually is, and against it slower by
//! as much; no log of water speed is needed. One stream per leg between two piers of a route, both ways
//! together, shrunk to the route's. Positive is along the route's direction 0. What always holds: with
//! nothing seen there is no stream; no stream is believed that a ferry could hardly sail against.

use super::harmonic::{Fit, TERMS, Terms, stream_mps};
use super::names::{Bound, Names, Naming, RouteRef, StopRef};
use super::part::{Part, Taken};
use super::show::{Cell, Section};
use gtfs::timetable::{JourneyPattern, Mode};
use gtfs::{RouteIdx, StopIdx, Timestamp, Timetable};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Coming alongside and making fast, seconds: sailed at no speed (tracking.md §14, start).
const DOCKING_S: f64 = 60.0;
/// Docking is at most this share of a leg's sailing.
const DOCKING_SHARE_MAX: f64 = 0.4;
/// A faster stream is not believed, metres per second.
const STREAM_MPS_MAX: f64 = 3.0;
/// Nor one that takes more than this share of a ferry's speed.
const STREAM_SHARE_MAX: f64 = 0.7;

/// A leg tells of the stream after this many passages: before, what a ferry makes through the water is
/// what the timetable believes, and its slack would pass for a stream (start).
const PASSAGES_FIRST: u8 = 4;

/// A leg between two piers, whichever way; the lesser stop first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Reach {
    route: RouteIdx,
    piers: (StopIdx, StopIdx),
}

/// Where the legs of ferries are. Empty where there are none.
#[derive(Debug, Default)]
struct Reaches {
    all: Vec<Reach>,
    numbers: FxHashMap<Reach, u32>,
    /// By position in `Timetable::pattern_calls` of the call that the leg ends at: the reach, and +1
    /// when it is sailed along the route's direction 0, -1 against it.
    of_call: FxHashMap<u32, (u32, f64)>,
}

/// What was seen on a reach or a route, and the stream that follows.
#[derive(Clone, Debug, Default)]
struct Stream {
    fit: Fit,
    terms: Terms,
}

/// The streams that ferries meet.
#[derive(Clone, Debug)]
pub(crate) struct Currents {
    reaches: Arc<Reaches>,
    at: Vec<Stream>,
    /// By route.
    on: Vec<Stream>,
    /// Passages since the start, up to [`PASSAGES_FIRST`], by call like `Reaches::of_call`. Never iterated.
    passages: FxHashMap<u32, u8>,
}

/// A sailing: how far, and how long without any stream, seconds; docking included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sailing {
    pub(crate) length_m: f64,
    pub(crate) still_s: f64,
}

impl Sailing {
    fn docking_s(&self) -> f64 {
        DOCKING_S.min(DOCKING_SHARE_MAX * self.still_s)
    }

    /// Speed through the water, metres per second.
    fn water_mps(&self) -> f64 {
        self.length_m / (self.still_s - self.docking_s()).max(1.0)
    }

    /// How long it takes with a stream of `mps` behind it, seconds.
    pub(crate) fn with_s(&self, mps: f64) -> f64 {
        let water_mps = self.water_mps();
        let most_mps = STREAM_SHARE_MAX * water_mps;
        self.docking_s() + self.length_m / (water_mps + mps.clamp(-most_mps, most_mps)).max(0.1)
    }

    /// The stream behind one that took `actual_s`, metres per second.
    fn stream_mps(&self, actual_s: f64) -> f64 {
        let over_ground_mps = self.length_m / (actual_s - self.docking_s()).max(1.0);
        (over_ground_mps - self.water_mps()).clamp(-STREAM_MPS_MAX, STREAM_MPS_MAX)
    }
}

impl Reaches {
    fn of(timetable: &Timetable) -> Self {
        let mut reaches = Self::default();
        let ferry = |pattern: &&JourneyPattern| timetable.routes[pattern.route.at()].mode == Mode::Ferry;
        for pattern in timetable.patterns.iter().filter(ferry) {
            let sign = if is_forward(timetable, pattern) { 1.0 } else { -1.0 };
            for at in pattern.calls.start + 1..pattern.calls.end {
                let stop = |at: u32| timetable.pattern_calls[at as usize].stop;
                let (from, to) = (stop(at - 1), stop(at));
                let reach = Reach { route: pattern.route, piers: (from.min(to), from.max(to)) };
                let number = *reaches.numbers.entry(reach).or_insert_with(|| {
                    reaches.all.push(reach);
                    reaches.all.len() as u32 - 1
                });
                reaches.of_call.insert(at, (number, sign));
            }
        }
        reaches
    }
}

/// Direction 0; or, where the feed gives none, eastward from end to end.
fn is_forward(timetable: &Timetable, pattern: &JourneyPattern) -> bool {
    let calls = &timetable.pattern_calls[pattern.calls.start as usize..pattern.calls.end as usize];
    let lon = |call: &gtfs::timetable::PatternCall| timetable.stops[call.stop.at()].lon;
    let ends = calls.first().map(lon).zip(calls.last().map(lon));
    pattern.direction.map_or_else(|| ends.is_none_or(|(from, to)| from <= to), |direction| direction == 0)
}

impl Currents {
    /// Nothing seen yet.
    pub(crate) fn new(timetable: &Timetable) -> Self {
        let reaches = Arc::new(Reaches::of(timetable));
        let at = vec![Stream::default(); reaches.all.len()];
        let on = if at.is_empty() { Vec::new() } else { vec![Stream::default(); timetable.routes.len()] };
        Self { reaches, at, on, passages: FxHashMap::default() }
    }

    /// The stream behind a ferry on the leg that ends at the call at `at` in
    /// `Timetable::pattern_calls`, at `t`, metres per second.
    pub(crate) fn behind_mps(&self, at: usize, t: Timestamp) -> f64 {
        let Some(&(reach, sign)) = self.reaches.of_call.get(&(at as u32)) else { return 0.0 };
        let stream = &self.at[reach as usize];
        let mps = stream_mps(&stream.terms, t);
        sign * mps.clamp(-STREAM_MPS_MAX, STREAM_MPS_MAX)
    }

    /// A ferry sailed the leg that ends at the call at `at` in `actual_s`, halfway at `t`.
    pub(crate) fn learn(&mut self, at: usize, t: Timestamp, sailing: Sailing, actual_s: f64) {
        let Some(&(reach, sign)) = self.reaches.of_call.get(&(at as u32)) else { return };
        let passages = self.passages.entry(at as u32).or_default();
        if *passages < PASSAGES_FIRST {
            *passages += 1;
            return;
        }
        let mps = sign * sailing.stream_mps(actual_s);
        let route = self.reaches.all[reach as usize].route;
        self.at[reach as usize].fit.add(t, sign, mps);
        self.on[route.at()].fit.add(t, sign, mps);
        self.conclude_route(route);
        self.conclude_reach(reach as usize);
    }

    /// Somebody measured, or foretells, the stream along a route's direction 0.
    pub(crate) fn told(&mut self, route: RouteIdx, t: Timestamp, mps: f64) {
        if let Some(stream) = self.on.get_mut(route.at()) {
            stream.fit.add(t, 0.0, mps.clamp(-STREAM_MPS_MAX, STREAM_MPS_MAX));
            self.conclude_route(route);
            let reaches = 0..self.at.len();
            for reach in reaches.filter(|reach| self.reaches.all[*reach].route == route).collect::<Vec<_>>() {
                self.conclude_reach(reach);
            }
        }
    }

    fn conclude_route(&mut self, route: RouteIdx) {
        let stream = &mut self.on[route.at()];
        stream.terms = stream.fit.solve(&[0.0; TERMS]);
    }

    fn conclude_reach(&mut self, reach: usize) {
        let parent = self.on[self.reaches.all[reach].route.at()].terms;
        let stream = &mut self.at[reach];
        stream.terms = stream.fit.solve(&parent);
    }

    fn conclude(&mut self) {
        for route in 0..self.on.len() {
            self.conclude_route(RouteIdx::new(route));
        }
        for reach in 0..self.at.len() {
            self.conclude_reach(reach);
        }
    }
}

/// Route, two piers (none: the whole route), the numbers of the fit.
type Row = (RouteRef, Option<(StopRef, StopRef)>, Vec<f32>);

impl Part for Currents {
    const NAME: &'static str = "currents";
    const VERSION: u32 = 2;
    type Saved = Vec<Row>;

    fn save(&self, names: &mut Naming<'_>) -> Vec<Row> {
        let routes = self.on.iter().enumerate().filter(|(_, stream)| stream.fit.seen() > 0.0);
        let mut rows: Vec<Row> =
            routes.map(|(at, stream)| (names.route(RouteIdx::new(at)), None, stream.fit.numbers())).collect();
        for (reach, stream) in self.reaches.all.iter().zip(&self.at) {
            if stream.fit.seen() > 0.0 {
                let piers = (names.stop(reach.piers.0), names.stop(reach.piers.1));
                rows.push((names.route(reach.route), Some(piers), stream.fit.numbers()));
            }
        }
        rows
    }

    fn load(&mut self, saved: Vec<Row>, bound: &Bound) -> Taken {
        let mut taken = Taken::default();
        self.at.fill(Stream::default());
        self.on.fill(Stream::default());
        for (route, piers, numbers) in saved {
            let fit = Fit::of_numbers(&numbers);
            let stream = self.find(route, piers, bound);
            if let (true, Some(stream), Some(fit)) = (taken.row(stream.is_some(), fit.is_some()), stream, fit)
            {
                stream.fit.join(&fit);
            }
        }
        self.conclude();
        taken
    }

    fn fade(&mut self, share: f64) {
        for stream in self.at.iter_mut().chain(&mut self.on) {
            stream.fit.fade(share);
        }
        self.conclude();
    }

    fn show(saved: &Vec<Row>, names: &Names, route: Option<RouteRef>) -> Vec<Section> {
        let rows = saved.iter().filter(|row| route.is_none_or(|route| row.0 == route));
        vec![Section {
            title: "streams that ferries meet".into(),
            prior: "no stream".into(),
            columns: vec![
                "route",
                "between",
                "passages",
                "steady m/s",
                "M2 m/s",
                "S2 m/s",
                "K1 m/s",
                "O1 m/s",
            ],
            rows: rows.map(|row| shown(row, names)).collect(),
            note: "positive is along direction 0 of the route; of each tide the amplitude".into(),
        }]
    }

    fn forget(saved: &mut Vec<Row>, route: RouteRef) -> u64 {
        let before = saved.len();
        saved.retain(|row| row.0 != route);
        (before - saved.len()) as u64
    }
}

impl Currents {
    fn find(
        &mut self,
        route: RouteRef,
        piers: Option<(StopRef, StopRef)>,
        bound: &Bound,
    ) -> Option<&mut Stream> {
        let route = bound.route(route)?;
        let Some((a, b)) = piers else { return self.on.get_mut(route.at()) };
        let (a, b) = (bound.stop(a)?, bound.stop(b)?);
        let reach = Reach { route, piers: (a.min(b), a.max(b)) };
        let number = *self.reaches.numbers.get(&reach)?;
        self.at.get_mut(number as usize)
    }
}

fn shown((route, piers, numbers): &Row, names: &Names) -> Vec<Cell> {
    let fit = Fit::of_numbers(numbers).unwrap_or_default();
    let terms = fit.solve(&[0.0; TERMS]);
    let between = piers.map_or_else(
        || "the whole route".to_owned(),
        |(a, b)| format!("{} and {}", names.stop(a), names.stop(b)),
    );
    let tide = |at: usize| Cell::Number(libm::hypot(terms[1 + 2 * at], terms[2 + 2 * at]), 2);
    vec![
        Cell::Text(names.route(*route).into()),
        Cell::Text(between),
        Cell::Number(fit.seen(), 1),
        Cell::Number(terms[0], 2),
        tide(0),
        tide(1),
        tide(2),
        tide(3),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIVER: &str = "stop P 0 0\nstop Q 5000 0\nroute F ferry\n\
        trip t1 route=F : P 08:00 Q 08:15\ntrip t2 route=F : Q 08:30 P 08:45";

    /// Minutes of a 5 km leg at `knots` with `mps` behind.
    fn minutes(knots: f64, mps: f64) -> f64 {
        let still_s = 5_000.0 / (knots * 0.514_444) + DOCKING_S;
        (Sailing { length_m: 5_000.0, still_s }.with_s(mps) - DOCKING_S) / 60.0
    }

    #[test]
    fn a_five_kilometre_leg_takes_what_the_design_says_with_and_against_the_stream() {
        let table = [
            (11.0, [14.7, 14.0, 15.5, 13.5, 16.1, 12.5, 17.9]),
            (8.0, [20.3, 18.9, 21.9, 18.1, 23.1, 16.3, 26.9]),
        ];
        for (knots, wanted) in table {
            for (mps, wanted) in [0.0, 0.3, -0.3, 0.5, -0.5, 1.0, -1.0].into_iter().zip(wanted) {
                assert!((minutes(knots, mps) - wanted).abs() < 0.2, "{knots} kn, {mps} m/s");
            }
        }
    }

    #[test]
    fn four_days_of_passages_halve_the_error_of_a_half_metre_tide() {
        let timetable = gtfs::fixture::timetable(RIVER).unwrap();
        let mut currents = Currents::new(&timetable);
        let tide = |t: Timestamp| 0.5 * libm::cos(std::f64::consts::TAU * (t.0 as f64 / 3.6e9) / 12.420_601);
        let sailing = Sailing { length_m: 5_000.0, still_s: 960.0 };
        let start = Timestamp::from_s(1_795_000_000);
        let (mut with_s, mut without_s) = (0.0, 0.0);
        for hour in 0..120 {
            let t = start.plus_s(3600.0 * f64::from(hour));
            // The leg ends at call 1 of the one pattern, and at call 3 of the other.
            for (at, sign) in [(1, 1.0), (3, -1.0)] {
                let actual_s = sailing.with_s(sign * tide(t));
                if hour >= 96 {
                    with_s += (sailing.with_s(currents.behind_mps(at, t)) - actual_s).abs();
                    without_s += (sailing.still_s - actual_s).abs();
                }
                currents.learn(at, t, sailing, actual_s);
            }
        }
        assert!(with_s < 0.4 * without_s, "{with_s} {without_s}");
    }

    #[test]
    fn a_gauge_helps_before_any_ferry_has_sailed() {
        let timetable = gtfs::fixture::timetable(RIVER).unwrap();
        let mut currents = Currents::new(&timetable);
        let t = Timestamp::from_s(1_795_000_000);
        assert_eq!(currents.behind_mps(1, t), 0.0);
        for minute in 0..30 {
            currents.told(RouteIdx(0), t.plus_s(60.0 * f64::from(minute)), 0.6);
        }
        assert!(currents.behind_mps(1, t) > 0.4 && currents.behind_mps(3, t) < -0.4);
    }
}
