//! A course on the ground: its line, its poles, the metres between stops.

use crate::facts::{Facts, Line, Place};
use anyhow::Context as _;

/// Metres in a degree of latitude on the sphere of mean radius 6,371,008.8 m (IUGG).
const NORTH_M_PER_DEG: f64 = 111_195.08;
/// Metres in a degree of longitude at 13.68 degrees north.
const EAST_M_PER_DEG: f64 = 108_040.0;
/// How far a pole stands from the middle of the street; Thailand drives on the left.
const POLE_LEFT_M: f64 = 5.0;

/// One direction of a line.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    /// Position in `network.line`.
    pub(crate) line: usize,
    /// 0 out, 1 back.
    pub(crate) direction: u8,
    /// shape_id.
    pub(crate) shape_id: String,
    /// Latitude, longitude, metres from the start.
    pub(crate) shape: Vec<(f64, f64, f64)>,
    /// Where it stops.
    pub(crate) calls: Vec<Call>,
}

/// One stop of a course.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// stop_id.
    pub(crate) stop_id: String,
    /// Its place.
    pub(crate) place: String,
    /// Metres from the start of the shape.
    pub(crate) along_m: f64,
    /// Degrees north of the pole.
    pub(crate) lat: f64,
    /// Degrees east of the pole.
    pub(crate) lon: f64,
    /// `A` or `B` where a place has a pole on each side.
    pub(crate) platform: &'static str,
}

/// Both directions of every line.
pub(crate) fn all(facts: &Facts) -> anyhow::Result<Vec<Course>> {
    let mut courses = Vec::new();
    for (at, line) in facts.network.line.iter().enumerate() {
        let out: Vec<&Place> =
            line.course.split_whitespace().map(|name| facts.place(name)).collect::<Result<_, _>>()?;
        courses.push(one(at, line, 0, &out).with_context(|| format!("line {}", line.route))?);
        if !line.is_loop {
            let back: Vec<&Place> = out.into_iter().rev().collect();
            courses.push(one(at, line, 1, &back)?);
        }
    }
    Ok(courses)
}

fn one(at: usize, line: &Line, direction: u8, places: &[&Place]) -> anyhow::Result<Course> {
    let first = places.first().context("a course needs places")?;
    let last = places.last().context("a course needs places")?;
    let mut shape = Vec::new();
    let mut calls = Vec::new();
    let mut along_m = 0.0;
    for (i, place) in places.iter().enumerate() {
        if let Some(previous) = i.checked_sub(1).map(|i| places[i]) {
            along_m += distance_m(previous, place);
        }
        shape.push((place.lat, place.lon, along_m));
        if place.poles > 0 {
            // The pole belongs to the way a vehicle comes from; at the first stop to where it goes.
            let (from, to) = if i == 0 { (place, &places[1]) } else { (&places[i - 1], place) };
            calls.push(call(place, along_m, from, to));
        }
    }
    let shape_id = format!("{}-{}-{}", line.route, first.place, last.place);
    Ok(Course { line: at, direction, shape_id, shape, calls })
}

fn call(place: &Place, along_m: f64, from: &Place, to: &Place) -> Call {
    let name = place.place.replace("p_", "pier-").replace('_', "-");
    if place.poles == 1 {
        let (lat, lon) = (place.lat, place.lon);
        return Call { stop_id: name, place: place.place.clone(), along_m, lat, lon, platform: "" };
    }
    let (east_m, north_m) = ((to.lon - from.lon) * EAST_M_PER_DEG, (to.lat - from.lat) * NORTH_M_PER_DEG);
    let length_m = east_m.hypot(north_m).max(1.0);
    // North-east bound vehicles stop at A, south-west bound ones at B, on every line.
    let (suffix, platform) = if east_m + north_m > 0.0 { ("a", "A") } else { ("b", "B") };
    Call {
        stop_id: format!("{name}-{suffix}"),
        place: place.place.clone(),
        along_m,
        lat: place.lat + POLE_LEFT_M * east_m / length_m / NORTH_M_PER_DEG,
        lon: place.lon - POLE_LEFT_M * north_m / length_m / EAST_M_PER_DEG,
        platform,
    }
}

fn distance_m(a: &Place, b: &Place) -> f64 {
    ((b.lon - a.lon) * EAST_M_PER_DEG).hypot((b.lat - a.lat) * NORTH_M_PER_DEG)
}
