//! Which lines pass near a place: a grid of cells over the plane, built once per timetable.

use gtfs::{PatternIdx, Timetable};
use rustc_hash::FxHashMap;

/// Side of a cell, metres. A line is entered in every cell within one side of it, so that one look
/// finds every line within that distance.
const CELL_M: f32 = 250.0;

/// Patterns by cell. Looked up, never iterated.
#[derive(Debug, Default)]
pub(crate) struct Grid {
    cells: FxHashMap<(i32, i32), Vec<PatternIdx>>,
}

impl Grid {
    /// The grid of a timetable's patterns.
    pub(crate) fn new(timetable: &Timetable) -> Self {
        let mut grid = Self::default();
        for (at, pattern) in timetable.patterns.iter().enumerate() {
            let shape = &timetable.shapes[pattern.shape.at()];
            let steps = (shape.length_m() / CELL_M).ceil() as usize;
            for step in 0..=steps {
                let along_m = (step as f32 * CELL_M).min(shape.length_m());
                if let Some(xy) = shape.point_at(along_m) {
                    grid.enter(xy, PatternIdx::new(at));
                }
            }
        }
        grid
    }

    fn enter(&mut self, xy: [f32; 2], pattern: PatternIdx) {
        let (x, y) = cell(xy);
        for dx in -1..=1 {
            for dy in -1..=1 {
                let patterns = self.cells.entry((x + dx, y + dy)).or_default();
                if patterns.last() != Some(&pattern) {
                    patterns.push(pattern);
                }
            }
        }
    }

    /// The patterns near a place, in order.
    pub(crate) fn near(&self, xy: [f32; 2]) -> &[PatternIdx] {
        self.cells.get(&cell(xy)).map_or(&[], Vec::as_slice)
    }
}

fn cell(xy: [f32; 2]) -> (i32, i32) {
    ((xy[0] / CELL_M).floor() as i32, (xy[1] / CELL_M).floor() as i32)
}
