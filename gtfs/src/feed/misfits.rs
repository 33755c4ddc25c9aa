//! Stops that do not lie on their shapes: one finding for each stop, however many shapes it misses.

use super::draft::Draft;
use super::place::{OFFSET_M_FINE, Wanted};
use super::shapes::FeedShape;
use super::spec::STOPS;
use super::table::about_row;
use crate::findings::{Findings, Severity};
use crate::{Projection, StopIdx};
use std::collections::{BTreeMap, BTreeSet};

/// What is wrong between stops and shapes.
#[derive(Default)]
pub(super) struct Misfits {
    /// By kind and stop: the shapes, and the largest offset with its shape.
    all: BTreeMap<(Kind, StopIdx), Misfit>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The line does not come near, where the trip calls.
    TooFar,
    /// The line comes near, but not in the order of the trip.
    OutOfOrder,
}

#[derive(Default)]
struct Misfit {
    offset_m: f32,
    worst: u32,
    shapes: BTreeSet<u32>,
}

impl Misfits {
    /// Looks at where a stop was placed on shape `number`, if anywhere.
    pub(super) fn judge(
        &mut self,
        place: Option<Projection>,
        stop: StopIdx,
        number: u32,
        shape: &FeedShape,
        wanted: &Wanted,
    ) {
        let nearest = || shape.line.nearest(wanted.xy, 0.0..f32::INFINITY);
        let offset_m = place.or_else(nearest).map_or(f32::INFINITY, |p| p.offset_m);
        let kind = match place {
            _ if offset_m > OFFSET_M_FINE => Kind::TooFar,
            None => Kind::OutOfOrder,
            Some(_) => return,
        };
        let misfit = self.all.entry((kind, stop)).or_default();
        if offset_m > misfit.offset_m || misfit.shapes.is_empty() {
            (misfit.offset_m, misfit.worst) = (offset_m, number);
        }
        misfit.shapes.insert(number);
    }

    /// Says what was found, in the order of `stops.txt`.
    pub(super) fn report(&self, draft: &Draft, findings: &mut Findings) {
        for ((kind, stop), misfit) in &self.all {
            let row = &draft.timetable.stops[stop.at()];
            let shape = &draft.trips.shapes.all[misfit.worst as usize];
            let more = match misfit.shapes.len() {
                0 | 1 => String::new(),
                n => format!(", and {} more", n - 1),
            };
            let (code, words, advice) = match kind {
                Kind::TooFar => (
                    "stop_too_far_from_shape",
                    format!("{:.0} m from shape {shape}{more}", misfit.offset_m.ceil()),
                    "move the stop or redraw the shape; they should be within 50 m",
                ),
                Kind::OutOfOrder => (
                    "stops_match_shape_out_of_order",
                    format!("not in turn on shape {shape}{more}"),
                    "the shape passes these stops in another order than the trip; put one of them right",
                ),
            };
            let value = format!("{} ({}): {words}", row.id, row.name);
            let line = u64::from(draft.stop_lines[stop.at()]);
            findings.push(about_row(&STOPS, Severity::Warning, code, line, "", &value, advice));
        }
    }
}
