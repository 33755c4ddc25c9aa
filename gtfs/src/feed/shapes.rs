//! `shapes.txt`: lines on the ground, measured in metres on the plane.

use super::draft::Names;
use super::source::Archive;
use super::spec::SHAPES;
use super::table::{Col, Row, about_row};
use super::value;
use crate::findings::{Findings, Severity};
use crate::geometry::distance_m;
use crate::timetable::{Plane, Shape};

/// Points of one line; 200,000 points a metre apart are longer than any bus route.
pub const SHAPE_POINTS_MAX: usize = 200_000;

/// A line, and the feed's own distances along it.
#[derive(Default)]
pub(super) struct FeedShape {
    pub(super) line: Shape,
    /// shape_dist_traveled at each point of `line`, not decreasing; empty when the feed has none.
    pub(super) distances: Vec<f32>,
}

struct Point {
    shape: u32,
    sequence: u32,
    xy: [f32; 2],
    /// NaN when empty.
    distance: f32,
    line: u32,
}

/// The shapes that trips use, by their number in `names`; empty where the file has none of that id.
pub(super) fn shapes(
    archive: &Archive<'_>,
    names: &Names,
    plane: &Plane,
    findings: &mut Findings,
) -> Vec<FeedShape> {
    let mut points: Vec<Point> = Vec::new();
    let mut columns: Option<[Col; 5]> = None;
    // Points of one shape mostly follow one another.
    let mut last = (vec![u8::MAX], None);
    archive.each_row(&SHAPES, findings, |row, findings| {
        let columns = columns.get_or_insert_with(|| {
            ["shape_id", "shape_pt_sequence", "shape_pt_lat", "shape_pt_lon", "shape_dist_traveled"]
                .map(|name| row.header.col(name))
        });
        let id = row.bytes_at(columns[0]);
        if last.0 != id {
            last = (id.to_vec(), names.find(row.at(columns[0])));
            if last.1.is_none() {
                report_unused(row, findings);
            }
        }
        if let Some(shape) = last.1 {
            points.extend(point(row, columns, shape, plane, findings));
        }
    });
    if !points.is_sorted_by_key(|p| (p.shape, p.sequence)) {
        points.sort_by_key(|p| (p.shape, p.sequence));
    }
    let mut shapes: Vec<FeedShape> = (0..names.all.len()).map(|_| FeedShape::default()).collect();
    for group in points.chunk_by(|a, b| a.shape == b.shape) {
        let number = group[0].shape as usize;
        shapes[number] = build(group, &names.all[number], findings);
    }
    shapes
}

fn report_unused(row: &Row<'_>, findings: &mut Findings) {
    if row.required("shape_id", findings).is_some() {
        let advice = "no trip uses this shape; remove it, or name it in trips.txt";
        row.report(findings, Severity::Warning, "unused_shape", "shape_id", advice);
    }
}

fn point(
    row: &Row<'_>,
    columns: &[Col; 5],
    shape: u32,
    plane: &Plane,
    findings: &mut Findings,
) -> Option<Point> {
    let Some(sequence) = value::whole(row.bytes_at(columns[1])) else {
        row.report(findings, Severity::Error, "invalid_integer", "shape_pt_sequence", value::WHOLE);
        return None;
    };
    let Some((lat, lon)) = value::place(row.at(columns[2]), row.at(columns[3])) else {
        let advice = "write degrees; are latitude and longitude swapped? The point is left out";
        row.report(findings, Severity::Error, "number_out_of_range", "shape_pt_lat", advice);
        return None;
    };
    if let Some(code) = value::impossible(lat, lon) {
        row.report(
            findings,
            Severity::Error,
            code,
            "shape_pt_lat",
            "correct the coordinates; the point is left out",
        );
        return None;
    }
    let distance = match row.at(columns[4]) {
        "" => f32::NAN,
        text => value::distance(text).unwrap_or(f32::NAN),
    };
    Some(Point { shape, sequence, xy: plane.xy(lat, lon), distance, line: row.line as u32 })
}

fn build(points: &[Point], id: &str, findings: &mut Findings) -> FeedShape {
    let line = points.first().map_or(0, |p| u64::from(p.line));
    if points.len() > SHAPE_POINTS_MAX {
        let advice = "keep a shape under 200,000 points; straight lines between stops are used instead";
        findings.push(about_row(&SHAPES, Severity::Error, "too_many_points", line, "shape_id", id, advice));
        return FeedShape::default();
    }
    let mut shape = FeedShape::default();
    let mut along_m = 0.0f64;
    for (at, point) in points.iter().enumerate() {
        if let Some(before) = at.checked_sub(1).map(|before| &points[before]) {
            check_order(before, point, id, findings);
        }
        if let Some(&last) = shape.line.xy.last() {
            let step_m = f64::from(distance_m(last, point.xy));
            if step_m <= 0.0 {
                continue;
            }
            along_m += step_m;
        }
        shape.line.xy.push(point.xy);
        shape.line.along_m.push(along_m as f32);
        shape.distances.push(point.distance);
    }
    // Distances with holes or steps back say nothing.
    if shape.distances.iter().any(|d| d.is_nan()) || !shape.distances.is_sorted() {
        shape.distances = Vec::new();
    }
    if shape.line.xy.len() < 2 {
        let advice =
            "give the shape at least two different points; straight lines between stops are used instead";
        findings.push(about_row(
            &SHAPES,
            Severity::Warning,
            "single_shape_point",
            line,
            "shape_id",
            id,
            advice,
        ));
        return FeedShape::default();
    }
    shape
}

fn check_order(before: &Point, point: &Point, id: &str, findings: &mut Findings) {
    let mut say = |code, field, advice| {
        findings.push(about_row(&SHAPES, Severity::Error, code, u64::from(point.line), field, id, advice));
    };
    if before.sequence == point.sequence {
        say("duplicate_key", "shape_pt_sequence", "number the points of a shape without repeating a number");
    }
    if point.distance < before.distance {
        say("decreasing_shape_distance", "shape_dist_traveled", "distances must grow along the shape");
    } else if point.distance == before.distance && distance_m(point.xy, before.xy) > EQUAL_DISTANCE_M_MAX {
        let code = "equal_shape_distance_diff_coordinates";
        say(code, "shape_dist_traveled", "two different points can not have the same distance");
    }
}

/// Points nearer than this may share a distance: rounding (canonical validator: 1.11 m).
const EQUAL_DISTANCE_M_MAX: f32 = 1.11;
