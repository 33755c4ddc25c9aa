//! Where along its line each stop of a pattern is: a monotone best fit by dynamic programming.
//!
//! Each stop may take any place where the line passes within 100 m of it, or none. Places must grow
//! along the pattern; the choice with the smallest sum of squared offsets wins. So the third stop of
//! an out-and-back line is put on the way out, and the same stop again on the way back.

use super::shapes::FeedShape;
use crate::Projection;
use crate::timetable::Shape;

/// A stop further than this from the line has no place on it.
pub const OFFSET_M_MAX: f32 = 100.0;
/// Stops further than this from their line are reported.
pub const OFFSET_M_FINE: f32 = 50.0;
/// Two calls are at least this far apart along the line, even at one stop.
pub const GAP_M_MIN: f32 = 1.0;
/// A stop may be pushed this far past its nearest point to keep the order of the calls, at a cost:
/// two poles at one corner often project in the wrong order.
const PUSH_M_MAX: f32 = 50.0;
/// What leaving a stop off the line costs, in squared metres: more than the worst offset.
const UNPLACED_COST: f64 = 150.0 * 150.0;
/// The feed's own distance is a hint: 200 m away from it weighs as much as 20 m of offset.
const DISTANCE_WEIGHT: f64 = 0.01;
/// Beyond this the feed's own distance is wrong, and how wrong does not matter, metres.
const DISTANCE_M_MAX: f64 = 200.0;
/// Without distances the aimed time is a hint, to tell ways out and back apart: each kilometre away
/// from an even run weighs as much as one metre of offset.
const TIME_WEIGHT: f64 = 1e-6;

/// What is known of one call before it is placed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// The stop, on the plane.
    pub(super) xy: [f32; 2],
    /// shape_dist_traveled; NaN when unknown.
    pub(super) distance: f32,
    /// Share of the trip's aimed time that has passed here, 0 to 1; NaN when unknown.
    pub(super) time_share: f32,
}

/// The place of each call, strictly increasing; `None` for a call that has none.
pub(super) fn place(shape: &FeedShape, wanted: &[Wanted]) -> Vec<Option<Projection>> {
    let line = &shape.line;
    if line.length_m() < GAP_M_MIN * wanted.len() as f32 {
        return vec![None; wanted.len()];
    }
    let mut search = Search::default();
    for (call, stop) in wanted.iter().enumerate() {
        search.offer(call, shape, stop);
    }
    let mut placed = search.best(wanted.len());
    spread(&mut placed, line.length_m());
    placed
}

/// A stop placed at the end of a partial choice.
struct Node {
    call: usize,
    at: Projection,
    before: Option<usize>,
}

/// The end of a partial choice that no other beats both in cost and in room left.
#[derive(Clone, Copy)]
struct Front {
    along_m: f32,
    /// Cost so far, less the cost of leaving out every call so far: comparable between calls.
    cost: f64,
    node: usize,
}

#[derive(Default)]
struct Search {
    nodes: Vec<Node>,
    /// Sorted by `along_m` upwards and by `cost` downwards.
    front: Vec<Front>,
    /// The choices of the present call.
    new: Vec<Front>,
}

impl Search {
    /// Extends the choices by one call.
    fn offer(&mut self, call: usize, shape: &FeedShape, stop: &Wanted) {
        let (nodes, front, new) = (&mut self.nodes, &self.front, &mut self.new);
        shape.line.minima(stop.xy, 0.0..f32::INFINITY, OFFSET_M_MAX, |at| {
            let own = f64::from(at.offset_m).powi(2) + hint_cost(shape, stop, at.along_m) - UNPLACED_COST;
            let mut best = (own, None, at.along_m);
            let roomy = front.partition_point(|f| f.along_m + GAP_M_MIN <= at.along_m);
            if let Some(f) = roomy.checked_sub(1).map(|last| front[last])
                && f.cost + own < best.0
            {
                best = (f.cost + own, Some(f.node), at.along_m);
            }
            for f in front[roomy..].iter().take_while(|f| f.along_m <= at.along_m + PUSH_M_MAX) {
                let pushed_m = f.along_m + GAP_M_MIN;
                let cost = f.cost + own + f64::from(pushed_m - at.along_m).powi(2);
                if cost < best.0 {
                    best = (cost, Some(f.node), pushed_m);
                }
            }
            let (cost, before, along_m) = best;
            new.push(Front { along_m, cost, node: nodes.len() });
            nodes.push(Node { call, at: Projection { along_m, ..at }, before });
        });
        for choice in std::mem::take(&mut self.new) {
            self.add(choice);
        }
    }

    fn add(&mut self, choice: Front) {
        let at = self.front.partition_point(|f| f.along_m <= choice.along_m);
        if at.checked_sub(1).is_some_and(|before| self.front[before].cost <= choice.cost) {
            return;
        }
        let start = self.front.partition_point(|f| f.along_m < choice.along_m);
        let beaten = self.front[start..].iter().take_while(|f| f.cost >= choice.cost).count();
        self.front.splice(start..start + beaten, [choice]);
    }

    fn best(&self, calls: usize) -> Vec<Option<Projection>> {
        let mut placed = vec![None; calls];
        let best = self.front.iter().min_by(|a, b| a.cost.total_cmp(&b.cost));
        let mut at = best.filter(|b| b.cost < 0.0).map(|b| b.node);
        while let Some(node) = at.map(|at| &self.nodes[at]) {
            placed[node.call] = Some(node.at);
            at = node.before;
        }
        placed
    }
}

fn hint_cost(shape: &FeedShape, stop: &Wanted, along_m: f32) -> f64 {
    if let Some(hint_m) = distance_along(shape, stop.distance) {
        return DISTANCE_WEIGHT * f64::from(hint_m - along_m).abs().min(DISTANCE_M_MAX).powi(2);
    }
    if stop.time_share.is_finite() {
        return TIME_WEIGHT * f64::from(stop.time_share * shape.line.length_m() - along_m).powi(2);
    }
    0.0
}

/// Metres along the line for a distance in the feed's own unit, when the shape has distances too.
fn distance_along(shape: &FeedShape, distance: f32) -> Option<f32> {
    let (all, along_m) = (&shape.distances, &shape.line.along_m);
    if !distance.is_finite() || all.len() < 2 {
        return None;
    }
    let after = all.partition_point(|&d| d < distance).clamp(1, all.len() - 1);
    let (from, to) = (all[after - 1], all[after]);
    let share = if to > from { ((distance - from) / (to - from)).clamp(0.0, 1.0) } else { 0.0 };
    Some(along_m[after - 1] + (along_m[after] - along_m[after - 1]) * share)
}

/// Keeps pushed places on the line: back from its end, still in order and apart.
fn spread(placed: &mut [Option<Projection>], length_m: f32) {
    let mut limit_m = length_m;
    for at in placed.iter_mut().rev().flatten() {
        at.along_m = at.along_m.min(limit_m);
        limit_m = at.along_m - GAP_M_MIN;
    }
}

/// A line made for one pattern: along the feed's line where its stops have places on it, straight to
/// the stops that have none. Returns the places of all calls, strictly increasing.
pub(super) fn with_chords(
    line: &Shape,
    wanted: &[Wanted],
    placed: &[Option<Projection>],
) -> (Shape, Vec<f32>) {
    let mut made = Shape { is_chords: placed.iter().all(Option::is_none), ..Shape::default() };
    let mut places = Vec::with_capacity(wanted.len());
    let mut length_m = 0.0f64;
    let mut before: Option<f32> = None;
    for (stop, at) in wanted.iter().zip(placed) {
        if let Some((from_m, at)) = before.zip(*at) {
            let inner = line.along_m.partition_point(|&m| m <= from_m)
                ..line.along_m.partition_point(|&m| m < at.along_m);
            for &xy in line.xy.get(inner).unwrap_or_default() {
                extend(&mut made, &mut length_m, xy, 0.0);
            }
        }
        let xy = at.and_then(|at| line.point_at(at.along_m)).unwrap_or(stop.xy);
        let start_m = places.last().map_or(0.0, |&m: &f32| m) + GAP_M_MIN;
        extend(&mut made, &mut length_m, xy, if places.is_empty() { 0.0 } else { f64::from(start_m) });
        places.push(length_m as f32);
        before = at.map(|at| at.along_m);
    }
    (made, places)
}

/// Adds a point, at least `least_m` along: two calls at one place are still apart.
fn extend(line: &mut Shape, length_m: &mut f64, xy: [f32; 2], least_m: f64) {
    if let Some(&last) = line.xy.last() {
        *length_m = (*length_m + f64::from(crate::geometry::distance_m(last, xy))).max(least_m);
    }
    line.xy.push(xy);
    line.along_m.push(*length_m as f32);
}

#[cfg(test)]
mod tests;
