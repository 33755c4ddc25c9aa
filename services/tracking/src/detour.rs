//! Off the line and back: which stops were passed round, and whether others went the same way.
//!
//! While a vehicle is off its line its track is held against the stops ahead; only when it is back is
//! anything said of them. A stop counts as passed round when the track kept further from it than a
//! vehicle on the line may be, and when it could not have been reached between two fixes at the edge.
//! Two vehicles of one route that left and came back at the same places are a draft for the
//! dispatcher. What always holds: nothing is said of a stop that the track may have passed, nothing
//! after a jump that no vehicle can make, nothing is published of a draft, and none is of one vehicle.

use crate::matching::Sight;
use crate::run::Line;
use gtfs::{RouteIdx, StopIdx, Timestamp};
use smallvec::SmallVec;
use std::sync::Arc;

/// A stop that lies off the way between a fix on the line and one off it may have been served when
/// the way over it is no faster than this, metres per second: a bus in a free street (start).
const SERVED_MPS_MAX: f32 = 10.0;
/// Leaving and coming back this near to each other are the same places, metres (design §10),
const SAME_PLACE_M: f32 = 100.0;
/// and as much further as lay between the two fixes there, but at most this, metres.
const FIXES_APART_M_MAX: f32 = 200.0;
/// For this long, seconds (design §10).
const SAME_S: f64 = 3_600.0;
/// Ways round that are remembered.
const ROUNDS_MAX: usize = 256;

/// The track of a vehicle since it left its line.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    /// Where it left, and how far from there the first fix off the line was, metres.
    left: Edge,
    /// The call that was next.
    first: usize,
    /// Of the 64 calls from `first` on, those that it passed or may have passed.
    passed: u64,
    last: ([f32; 2], Timestamp),
    /// A fix off the line has been taken.
    off: bool,
    /// It jumped as no vehicle can.
    jumped: bool,
}

/// A place between a fix on the line and one off it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Edge {
    /// On the line.
    pub(crate) xy: [f32; 2],
    /// How far the fix off the line is from there, metres.
    pub(crate) apart_m: f32,
}

/// A way round that has ended on the line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Round {
    pub(crate) left: Edge,
    pub(crate) back: Edge,
    /// The calls passed round.
    pub(crate) calls: SmallVec<[usize; 4]>,
}

impl Trail {
    /// A track that leaves the line `from_m` along it.
    pub(crate) fn leaving(line: &Line<'_>, from_m: f32, from: Timestamp, next: usize) -> Option<Self> {
        let xy = line.shape.point_at(from_m)?;
        let left = Edge { xy, apart_m: 0.0 };
        Some(Self { left, first: next, passed: 0, last: (xy, from), off: false, jumped: false })
    }

    /// Takes a fix off the line. A vehicle within `near_m` of a stop passes it.
    pub(crate) fn take(&mut self, line: &Line<'_>, sight: &Sight, near_m: f32, mps_max: f32) {
        let at_edge = !self.off;
        if at_edge {
            self.left.apart_m = apart_m(self.left.xy, sight.xy);
        }
        self.off = true;
        self.go(line, sight, near_m, mps_max, at_edge);
    }

    /// Back on the line at `to_m`: the calls passed round on the way, of those left behind.
    pub(crate) fn back(
        mut self,
        line: &Line<'_>,
        sight: &Sight,
        to_m: f32,
        near_m: f32,
        mps_max: f32,
    ) -> Option<Round> {
        let xy = line.shape.point_at(to_m)?;
        let back = Edge { xy, apart_m: apart_m(self.last.0, xy) };
        self.go(line, sight, near_m, mps_max, true);
        if self.jumped {
            return None;
        }
        let behind = |at: &usize| line.calls.get(at + 1).is_some() && line.calls[*at].along_m + near_m < to_m;
        let missed = (self.first..self.first + 64).take_while(behind);
        let calls = missed.filter(|at| self.passed & (1 << (at - self.first)) == 0).collect();
        Some(Round { left: self.left, back, calls })
    }

    fn go(&mut self, line: &Line<'_>, sight: &Sight, near_m: f32, mps_max: f32, at_edge: bool) {
        let (from, since) = self.last;
        let elapsed_s = sight.t.since_s(since) as f32;
        let way_m = apart_m(from, sight.xy);
        self.jumped |= way_m > mps_max * elapsed_s + near_m;
        let reach_m = (SERVED_MPS_MAX * elapsed_s).max(way_m + near_m);
        for (bit, call) in line.calls.iter().skip(self.first).take(64).enumerate() {
            let Some(stop) = line.shape.point_at(call.along_m) else { continue };
            let over_m = apart_m(from, stop) + apart_m(stop, sight.xy);
            let near = from_stretch_m(stop, from, sight.xy) <= near_m;
            if near || (at_edge && over_m <= reach_m) {
                self.passed |= 1 << bit;
            }
        }
        self.last = (sight.xy, sight.t);
    }
}

/// Ways round of the last hour.
#[derive(Debug, Default)]
pub(crate) struct Detours {
    rounds: Vec<Past>,
}

#[derive(Debug)]
struct Past {
    route: RouteIdx,
    vehicle: Arc<str>,
    t: Timestamp,
    left: Edge,
    back: Edge,
    stops: Vec<StopIdx>,
    said: bool,
}

/// What several vehicles did alike, for a dispatcher to look at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Draft {
    /// Where they left the line and came back.
    pub(crate) left: [f32; 2],
    pub(crate) back: [f32; 2],
    /// Passed round by any of them, in the order of the first.
    pub(crate) stops: Vec<StopIdx>,
    pub(crate) vehicles: Vec<Arc<str>>,
}

impl Detours {
    /// Notes a way round; a draft when another vehicle of the route went the same way within the
    /// hour and nothing has been said of it.
    pub(crate) fn note(
        &mut self,
        now: Timestamp,
        route: RouteIdx,
        vehicle: &Arc<str>,
        round: &Round,
        stops: Vec<StopIdx>,
    ) -> Option<Draft> {
        self.rounds.retain(|past| now.since_s(past.t) <= SAME_S);
        if self.rounds.len() == ROUNDS_MAX {
            self.rounds.remove(0);
        }
        let (left, back) = (round.left, round.back);
        self.rounds.push(Past {
            route,
            vehicle: Arc::clone(vehicle),
            t: now,
            left,
            back,
            stops,
            said: false,
        });
        let alike = |past: &Past| past.route == route && same(&past.left, &left) && same(&past.back, &back);
        let others = self.rounds.iter().any(|past| alike(past) && past.vehicle != *vehicle);
        let said = self.rounds.iter().any(|past| alike(past) && past.said);
        if !others && !said {
            return None;
        }
        let mut draft = Draft { left: left.xy, back: back.xy, stops: Vec::new(), vehicles: Vec::new() };
        for past in self.rounds.iter_mut().filter(|past| alike(past)) {
            past.said = true;
            add(&mut draft.vehicles, std::slice::from_ref(&past.vehicle));
            add(&mut draft.stops, &past.stops);
        }
        (!said).then_some(draft)
    }
}

fn add<T: Clone + PartialEq>(all: &mut Vec<T>, more: &[T]) {
    for one in more {
        if !all.contains(one) {
            all.push(one.clone());
        }
    }
}

/// Whether two edges may be one place: each is known to the distance between its two fixes.
fn same(a: &Edge, b: &Edge) -> bool {
    apart_m(a.xy, b.xy) <= SAME_PLACE_M + a.apart_m.max(b.apart_m).min(FIXES_APART_M_MAX)
}

fn apart_m(a: [f32; 2], b: [f32; 2]) -> f32 {
    libm::hypotf(a[0] - b[0], a[1] - b[1])
}

/// From a point to the straight stretch between two others, metres.
fn from_stretch_m(point: [f32; 2], from: [f32; 2], to: [f32; 2]) -> f32 {
    let (way, off) = ([to[0] - from[0], to[1] - from[1]], [point[0] - from[0], point[1] - from[1]]);
    let length_m2 = way[0] * way[0] + way[1] * way[1];
    let share = if length_m2 > 0.0 { (off[0] * way[0] + off[1] * way[1]) / length_m2 } else { 0.0 };
    let share = share.clamp(0.0, 1.0);
    libm::hypotf(off[0] - share * way[0], off[1] - share * way[1])
}
