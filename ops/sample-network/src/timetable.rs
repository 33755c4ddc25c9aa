//! Trips and their times.

use crate::FeedFile;
use crate::blocks;
use crate::calendar::{WEEKDAY, WEEKEND};
use crate::course::Course;
use crate::facts::{Facts, Headway, Line};
use crate::tables::table;
use anyhow::Context as _;

/// Start times in which traffic is slow: 07:00-09:00 and 16:00-18:30.
const PEAKS_S: [std::ops::Range<u32>; 2] = [7 * 3600..9 * 3600, 16 * 3600..18 * 3600 + 1800];
/// Times between time points are given to this many seconds.
const TIME_STEP_S: u32 = 10;

/// One trip of one kind of day.
#[derive(Clone, Debug)]
pub(crate) struct Trip {
    /// trip_id.
    pub(crate) id: String,
    /// route_id.
    pub(crate) route: String,
    /// service_id.
    pub(crate) service: &'static str,
    /// 0 out, 1 back.
    pub(crate) direction: u8,
    /// trip_headsign.
    pub(crate) headsign: String,
    /// shape_id.
    pub(crate) shape_id: String,
    /// Filled by [`blocks::assign`].
    pub(crate) block: String,
    /// Shortest rest before the next trip.
    pub(crate) layover_s_min: u32,
    /// In order.
    pub(crate) calls: Vec<Time>,
}

/// Aimed times of one call, seconds of the service day.
#[derive(Clone, Debug)]
pub(crate) struct Time {
    /// stop_id.
    pub(crate) stop_id: String,
    /// Place of the stop.
    pub(crate) place: String,
    /// Aimed arrival.
    pub(crate) arrival_s: u32,
    /// Aimed departure.
    pub(crate) departure_s: u32,
    /// The vehicle waits for its time.
    pub(crate) timepoint: bool,
}

/// Every trip, with its block, ordered by service, route and start.
pub(crate) fn all(facts: &Facts, courses: &[Course]) -> anyhow::Result<Vec<Trip>> {
    let mut trips = Vec::new();
    for service in [WEEKDAY, WEEKEND] {
        let mut of_day = Vec::new();
        for course in courses {
            let line = &facts.network.line[course.line];
            let headways = if service == WEEKDAY { &line.weekday } else { &line.weekend };
            for start_s in departures(headways) {
                let start_s = start_s + u32::from(course.direction) * line.back_after_min * 60;
                of_day.push(trip(facts, course, service, start_s)?);
            }
        }
        of_day.sort_by(|a, b| {
            (&a.route, a.calls[0].departure_s, &a.id).cmp(&(&b.route, b.calls[0].departure_s, &b.id))
        });
        blocks::assign(&mut of_day);
        trips.extend(of_day);
    }
    Ok(trips)
}

/// `trips.txt`, `stop_times.txt`.
pub(crate) fn files(trips: &[Trip]) -> anyhow::Result<Vec<FeedFile>> {
    let rows = trips.iter().map(|t| {
        let direction = t.direction.to_string();
        let fields = [&t.route, t.service, &t.id, &t.headsign, &direction, &t.block, &t.shape_id, "1", "2"];
        fields.map(str::to_owned).to_vec()
    });
    let times = trips.iter().flat_map(|trip| {
        trip.calls.iter().enumerate().map(|(at, call)| {
            vec![
                trip.id.clone(),
                clock(call.arrival_s),
                clock(call.departure_s),
                call.stop_id.clone(),
                (at + 1).to_string(),
                u8::from(call.timepoint).to_string(),
            ]
        })
    });
    Ok(vec![
        table(
            "trips.txt",
            "route_id,service_id,trip_id,trip_headsign,direction_id,block_id,shape_id,wheelchair_accessible,bikes_allowed",
            rows,
        )?,
        table(
            "stop_times.txt",
            "trip_id,arrival_time,departure_time,stop_id,stop_sequence,timepoint",
            times,
        )?,
    ])
}

fn departures(headways: &[Headway]) -> Vec<u32> {
    let mut starts = Vec::new();
    for pair in headways.windows(2) {
        let mut t = pair[0].0.0;
        while pair[0].1 > 0 && t < pair[1].0.0 {
            starts.push(t);
            t += pair[0].1 * 60;
        }
    }
    starts
}

fn trip(facts: &Facts, course: &Course, service: &'static str, start_s: u32) -> anyhow::Result<Trip> {
    let line = &facts.network.line[course.line];
    let last = course.calls.last().context("a course needs stops")?;
    let headsign = match &line.headsign_th {
        Some(text) => text.clone(),
        None => facts.place(&last.place)?.name_th.clone(),
    };
    let day = if service == WEEKDAY { 'w' } else { 'h' };
    let id = format!(
        "{}{}{day}{:02}{:02}{}",
        line.route,
        if course.direction == 0 { 'o' } else { 'i' },
        start_s / 3600,
        start_s / 60 % 60,
        line.suffix
    );
    Ok(Trip {
        id,
        route: line.route.clone(),
        service,
        direction: course.direction,
        headsign,
        shape_id: course.shape_id.clone(),
        block: String::new(),
        layover_s_min: line.layover_s_min,
        calls: times(line, course, start_s),
    })
}

fn times(line: &Line, course: &Course, start_s: u32) -> Vec<Time> {
    let stretch = if PEAKS_S.iter().any(|peak| peak.contains(&start_s)) { line.peak } else { 1.0 };
    let mut clock_s = f64::from(start_s);
    let mut previous_m = 0.0;
    let end = course.calls.len() - 1;
    let mut calls: Vec<Time> = Vec::with_capacity(course.calls.len());
    for (at, call) in course.calls.iter().enumerate() {
        clock_s += (call.along_m - previous_m) / (line.speed_kmh / 3.6) * stretch;
        previous_m = call.along_m;
        let timepoint = at == 0 || at == end || line.timepoints.contains(&call.place);
        let step_s = if timepoint { 60 } else { TIME_STEP_S };
        let earliest_s = calls.last().map_or(0, |c| c.departure_s + TIME_STEP_S);
        let arrival_s = round_up(clock_s, if at == end { 60 } else { TIME_STEP_S }).max(earliest_s);
        let dwell_s = if at == 0 || at == end { 0 } else { line.dwell_s };
        let departure_s = match at {
            0 => start_s,
            _ if at == end => arrival_s,
            _ => round_up(f64::from(arrival_s + dwell_s), step_s),
        };
        let arrival_s = if at == 0 { start_s } else { arrival_s };
        // Riders are told one time per ordinary stop; only time points and piers show a stay.
        let arrival_s = if timepoint || line.ferry { arrival_s } else { departure_s };
        clock_s = f64::from(departure_s).max(clock_s);
        calls.push(Time {
            stop_id: call.stop_id.clone(),
            place: call.place.clone(),
            arrival_s,
            departure_s,
            timepoint,
        });
    }
    calls
}

fn round_up(seconds: f64, step_s: u32) -> u32 {
    ((seconds / f64::from(step_s)).ceil() as u32) * step_s
}

fn clock(seconds: u32) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
