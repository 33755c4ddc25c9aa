//! Lines on the ground: where a place is along them, and where along them is a place.
//!
//! Everything is in metres on [`Timetable::plane`](crate::Timetable::plane) and allocates nothing.
//! It does not decide which of several nearby stretches is meant: [`Shape::minima`] names them all.

use crate::timetable::Shape;
use std::ops::Range;

/// A place projected on a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Projection {
    /// Metres along the line.
    pub along_m: f32,
    /// Metres from the place to the line, never negative.
    pub offset_m: f32,
    /// The segment it falls on: from point `segment` to point `segment + 1`.
    pub segment: u32,
}

impl Shape {
    /// A line through `points`, measured; a point that repeats the one before it is left out.
    #[must_use]
    pub fn through(points: impl IntoIterator<Item = [f32; 2]>) -> Self {
        let mut shape = Self::default();
        let mut along_m = 0.0f64;
        for point in points {
            if let Some(&last) = shape.xy.last() {
                let step_m = f64::from(distance_m(last, point));
                if step_m <= 0.0 {
                    continue;
                }
                along_m += step_m;
            }
            shape.xy.push(point);
            shape.along_m.push(along_m as f32);
        }
        shape
    }

    /// Metres from its first point to its last.
    #[must_use]
    pub fn length_m(&self) -> f32 {
        self.along_m.last().copied().unwrap_or(0.0)
    }

    /// The segment that contains `along_m`: the last one that starts at or before it.
    #[must_use]
    pub fn segment_at(&self, along_m: f32) -> usize {
        let after = self.along_m.partition_point(|&at| at <= along_m);
        after.saturating_sub(1).min(self.xy.len().saturating_sub(2))
    }

    /// The place at a distance along the line; its ends beyond its ends. `None` without points.
    #[must_use]
    pub fn point_at(&self, along_m: f32) -> Option<[f32; 2]> {
        let segment = self.segment_at(along_m);
        let from = *self.xy.get(segment)?;
        let Some(&to) = self.xy.get(segment + 1) else { return Some(from) };
        let (start_m, end_m) = (self.along_m[segment], self.along_m[segment + 1]);
        let length_m = end_m - start_m;
        let share = if length_m > 0.0 { ((along_m - start_m) / length_m).clamp(0.0, 1.0) } else { 0.0 };
        Some([from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share])
    }

    /// The direction of travel at a distance along the line: unit vector, east and north.
    /// `None` where the line has no direction.
    #[must_use]
    pub fn direction_at(&self, along_m: f32) -> Option<[f32; 2]> {
        self.direction_of(self.segment_at(along_m))
    }

    /// The direction of a segment: unit vector, east and north. `None` for a segment of no length.
    #[must_use]
    pub fn direction_of(&self, segment: usize) -> Option<[f32; 2]> {
        let (from, to) = (*self.xy.get(segment)?, *self.xy.get(segment + 1)?);
        let length_m = distance_m(from, to);
        (length_m > 0.0).then(|| [(to[0] - from[0]) / length_m, (to[1] - from[1]) / length_m])
    }

    /// The direction of travel at a distance along the line, degrees clockwise from north, 0 to 360.
    #[must_use]
    pub fn heading_deg_at(&self, along_m: f32) -> Option<f32> {
        let [east, north] = self.direction_at(along_m)?;
        Some(libm::atan2f(east, north).to_degrees().rem_euclid(360.0))
    }

    /// Calls `found` with every place between `window`'s ends (metres along) where the distance to
    /// `xy` is locally smallest and at most `within_m`, in order along the line.
    ///
    /// An end of the window counts as a minimum when the distance falls towards it: the true minimum
    /// may lie outside, and the caller's window says how far to believe that.
    pub fn minima(&self, xy: [f32; 2], window: Range<f32>, within_m: f32, mut found: impl FnMut(Projection)) {
        let Some(mut segments) = self.segments_in(&window) else { return };
        // The end of the segments walked so far, while the distance still falls towards it.
        let mut falling: Option<Projection> = None;
        while let Some(segment) = segments.next() {
            let Some((here, share)) = self.project_on(segment, xy, &window) else { continue };
            if here.offset_m > within_m {
                falling = None;
                segments.start = self.reachable(here, within_m).max(segments.start);
                continue;
            }
            match (falling.take(), share) {
                (_, Share::Inside) => found(here),
                (_, Share::End) => falling = Some(here),
                // The distance rises from the joint, towards which it fell: the joint was the minimum.
                (Some(joint), Share::Start) => found(joint),
                (None, Share::Start) if segment == 0 || here.along_m <= window.start => found(here),
                // It rises through the joint.
                (None, Share::Start) => {}
            }
        }
        if let Some(end) = falling {
            found(end);
        }
    }

    /// The first segment after `here` that can come within `within_m` of the place that is
    /// `here.offset_m` away: a line comes no metre nearer in less than a metre.
    fn reachable(&self, here: Projection, within_m: f32) -> usize {
        // A thousandth less, for what f32 rounds off.
        self.segment_at(here.along_m + (here.offset_m - within_m) * 0.999 - 0.1)
    }

    /// The place between `window`'s ends (metres along) nearest to `xy`; the first of equals.
    #[must_use]
    pub fn nearest(&self, xy: [f32; 2], window: Range<f32>) -> Option<Projection> {
        let mut best: Option<Projection> = None;
        for segment in self.segments_in(&window)? {
            if let Some((here, _)) = self.project_on(segment, xy, &window)
                && best.is_none_or(|b| here.offset_m < b.offset_m)
            {
                best = Some(here);
            }
        }
        best
    }

    fn segments_in(&self, window: &Range<f32>) -> Option<Range<usize>> {
        if self.xy.len() < 2 || window.start > window.end {
            return None;
        }
        let first = self.segment_at(window.start);
        let last = self.along_m.partition_point(|&at| at < window.end);
        Some(first..last.clamp(first + 1, self.xy.len() - 1))
    }

    /// Projects on the part of one segment inside the window; `None` for a segment of no length.
    fn project_on(&self, segment: usize, xy: [f32; 2], window: &Range<f32>) -> Option<(Projection, Share)> {
        let (from, to) = (self.xy[segment], self.xy[segment + 1]);
        let (start_m, end_m) = (self.along_m[segment], self.along_m[segment + 1]);
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let square = dx * dx + dy * dy;
        if square <= 0.0 || end_m <= start_m {
            return None;
        }
        let length_m = end_m - start_m;
        let low = ((window.start - start_m) / length_m).clamp(0.0, 1.0);
        let high = ((window.end - start_m) / length_m).clamp(low, 1.0);
        let free = ((xy[0] - from[0]) * dx + (xy[1] - from[1]) * dy) / square;
        let (at, share) = if free <= low {
            (low, Share::Start)
        } else if free >= high {
            (high, Share::End)
        } else {
            (free, Share::Inside)
        };
        let foot = [from[0] + dx * at, from[1] + dy * at];
        let along_m = if at >= 1.0 { end_m } else { start_m + length_m * at };
        let here = Projection { along_m, offset_m: distance_m(foot, xy), segment: segment as u32 };
        Some((here, share))
    }
}

/// Where on a segment the nearest point is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Share {
    Start,
    Inside,
    End,
}

/// Metres between two places on the plane.
#[must_use]
pub fn distance_m(a: [f32; 2], b: [f32; 2]) -> f32 {
    let (dx, dy) = (a[0] - b[0], a[1] - b[1]);
    libm::sqrtf(dx * dx + dy * dy)
}

#[cfg(test)]
mod tests;
