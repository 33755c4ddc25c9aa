//! Lays patterns on the ground and fills in the times that the feed leaves out.

use super::draft::Draft;
use super::misfits::Misfits;
use super::patterns::Patterns;
use super::place::{Wanted, place, with_chords};
use super::shapes::FeedShape;
use super::spec::{SHAPES, TRIPS};
use super::stop_times::BLANK_S;
use super::table::{about_file, about_row};
use crate::findings::{Findings, Severity};
use crate::timetable::{CallTime, Shape, TimeProfile, as_usize};
use crate::{PatternIdx, ProfileIdx, ShapeIdx, StopIdx};
use std::collections::HashMap;

/// Gives every pattern its line and every call its place along it.
pub(super) fn lay(patterns: &Patterns, mut feed: Vec<FeedShape>, draft: &mut Draft, findings: &mut Findings) {
    report_missing(&feed, draft, findings);
    let mut layer =
        Layer { used: vec![None; feed.len()], chords: HashMap::new(), misfits: Misfits::default() };
    for at in 0..draft.timetable.patterns.len() {
        let wanted = wanted(patterns, at, draft);
        let number = patterns.shapes[at].filter(|&n| !feed[n as usize].line.xy.is_empty());
        let (shape, places) = match number {
            Some(number) => layer.on_shape(at, number, &feed[number as usize], &wanted, draft),
            None => layer.on_chords(at, &wanted, draft),
        };
        draft.timetable.patterns[at].shape = shape;
        let calls = as_usize(&draft.timetable.patterns[at].calls);
        for (call, along_m) in draft.timetable.pattern_calls[calls].iter_mut().zip(places) {
            call.along_m = along_m;
        }
    }
    // Only now are the feed's lines moved, so that none is copied.
    for (number, shape) in layer.used.iter().enumerate() {
        if let Some(shape) = shape {
            draft.timetable.shapes[shape.at()] = std::mem::take(&mut feed[number].line);
        }
    }
    layer.misfits.report(draft, findings);
}

fn report_missing(feed: &[FeedShape], draft: &Draft, findings: &mut Findings) {
    for trip in &draft.trips.rows {
        if let Some(number) = trip.shape.filter(|&n| feed[n as usize].line.xy.is_empty()) {
            let advice = "add this shape to shapes.txt; straight lines between stops are used";
            let (line, id) = (u64::from(trip.line), &draft.trips.shapes.all[number as usize]);
            findings.push(about_row(
                &TRIPS,
                Severity::Error,
                "foreign_key_violation",
                line,
                "shape_id",
                id,
                advice,
            ));
        }
    }
    let bare = draft.trips.rows.iter().filter(|t| t.shape.is_none()).count();
    if bare > 0 {
        let advice =
            "draw the lines of these trips in shapes.txt: without them a vehicle off its route is seen late";
        let count = format!("trips without a shape: {bare}");
        findings.push(about_file(&SHAPES, Severity::Warning, "missing_recommended_shape", &count, advice));
    }
}

fn wanted(patterns: &Patterns, at: usize, draft: &Draft) -> Vec<Wanted> {
    let timetable = &draft.timetable;
    let calls = as_usize(&timetable.patterns[at].calls);
    let times = patterns.times_of(patterns.samples[at]);
    let whole_s = times.last().map_or(0, |t| t.departure_s) as f32;
    timetable.pattern_calls[calls.clone()]
        .iter()
        .zip(times)
        .zip(&patterns.distances[calls])
        .map(|((call, time), &distance)| {
            let stop = &timetable.stops[call.stop.at()];
            let known = time.departure_s != BLANK_S && whole_s > 0.0;
            let time_share = if known { time.departure_s as f32 / whole_s } else { f32::NAN };
            Wanted { xy: timetable.plane.xy(stop.lat, stop.lon), distance, time_share }
        })
        .collect()
}

/// A line of chords, and the places of its calls.
type Chords = (ShapeIdx, Box<[f32]>);

struct Layer {
    /// Where the feed's shapes go in the timetable, once a pattern uses them whole.
    used: Vec<Option<ShapeIdx>>,
    /// Lines made of chords, by their stops.
    chords: HashMap<Box<[StopIdx]>, Chords>,
    misfits: Misfits,
}

impl Layer {
    fn on_shape(
        &mut self,
        at: usize,
        number: u32,
        shape: &FeedShape,
        wanted: &[Wanted],
        draft: &mut Draft,
    ) -> (ShapeIdx, Vec<f32>) {
        let placed = place(shape, wanted);
        let calls = draft.timetable.calls(PatternIdx::new(at));
        for ((place, call), stop) in placed.iter().zip(calls).zip(wanted) {
            self.misfits.judge(*place, call.stop, number, shape, stop);
        }
        if placed.iter().all(Option::is_some) {
            let next = ShapeIdx::new(draft.timetable.shapes.len());
            let index = *self.used[number as usize].get_or_insert(next);
            if index == next {
                draft.timetable.shapes.push(Shape::default());
            }
            return (index, placed.iter().flatten().map(|p| p.along_m).collect());
        }
        let (line, places) = with_chords(&shape.line, wanted, &placed);
        draft.timetable.shapes.push(line);
        (ShapeIdx::new(draft.timetable.shapes.len() - 1), places)
    }

    fn on_chords(&mut self, at: usize, wanted: &[Wanted], draft: &mut Draft) -> (ShapeIdx, Vec<f32>) {
        let stops: Box<[StopIdx]> =
            draft.timetable.calls(PatternIdx::new(at)).iter().map(|c| c.stop).collect();
        if let Some((shape, places)) = self.chords.get(&stops) {
            return (*shape, places.to_vec());
        }
        let (line, places) = with_chords(&Shape::default(), wanted, &vec![None; wanted.len()]);
        let shape = ShapeIdx::new(draft.timetable.shapes.len());
        draft.timetable.shapes.push(line);
        self.chords.insert(stops, (shape, places.clone().into()));
        (shape, places)
    }
}

/// The profiles of the timetable: the drafts', with blank times filled in for each pattern that uses
/// them. Returns the profile of every trip; trips without a run keep the first.
pub(super) fn fill_times(patterns: &Patterns, draft: &mut Draft) -> Vec<ProfileIdx> {
    let mut filler = Filler::default();
    let mut of_trips = Vec::with_capacity(draft.trips.rows.len());
    for trip in &draft.trips.rows {
        let Some(run) = trip.run else {
            of_trips.push(ProfileIdx(0));
            continue;
        };
        let blank = patterns.times_of(run.profile).iter().any(|t| t.departure_s == BLANK_S);
        let key = (run.profile, blank.then_some(run.pattern));
        let profile = match filler.done.get(&key) {
            Some(&profile) => profile,
            None => {
                let mut times = patterns.times_of(run.profile).to_vec();
                let calls = draft.timetable.calls(run.pattern);
                interpolate(&mut times, |call| calls[call].along_m);
                let profile =
                    filler.add(times, &mut draft.timetable.profiles, &mut draft.timetable.profile_times);
                filler.done.insert(key, profile);
                profile
            }
        };
        of_trips.push(profile);
    }
    of_trips
}

#[derive(Default)]
struct Filler {
    done: HashMap<(u32, Option<PatternIdx>), ProfileIdx>,
    filled: HashMap<Box<[CallTime]>, ProfileIdx>,
}

impl Filler {
    fn add(
        &mut self,
        times: Vec<CallTime>,
        profiles: &mut Vec<TimeProfile>,
        all: &mut Vec<CallTime>,
    ) -> ProfileIdx {
        if let Some(&profile) = self.filled.get(times.as_slice()) {
            return profile;
        }
        let (profile, first) = (ProfileIdx::new(profiles.len()), all.len() as u32);
        all.extend_from_slice(&times);
        profiles.push(TimeProfile { times: first..all.len() as u32 });
        self.filled.insert(times.into_boxed_slice(), profile);
        profile
    }
}

/// Fills blank times in proportion to the distance between the known ones (GTFS reference,
/// stop_times.txt, arrival_time). The first and the last are known.
fn interpolate(times: &mut [CallTime], along_m: impl Fn(usize) -> f32) {
    let mut known = 0;
    for at in 1..times.len() {
        if times[at].departure_s == BLANK_S {
            continue;
        }
        let (from_s, to_s) = (f64::from(times[known].departure_s), f64::from(times[at].arrival_s));
        let (from_m, to_m) = (along_m(known), along_m(at));
        for (blank, time) in times.iter_mut().enumerate().take(at).skip(known + 1) {
            let share = f64::from((along_m(blank) - from_m) / (to_m - from_m));
            let s = (from_s + (to_s - from_s) * share).round() as i32;
            *time = CallTime { arrival_s: s, departure_s: s };
        }
        known = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_times_are_filled_by_distance_and_not_by_count() {
        let known = |s| CallTime { arrival_s: s, departure_s: s };
        let mut times = [known(0), known(BLANK_S), known(BLANK_S), known(100), known(BLANK_S), known(160)];
        let along_m = [0.0, 100.0, 900.0, 1000.0, 1500.0, 2000.0];
        interpolate(&mut times, |call| along_m[call]);
        assert_eq!(times.map(|t| t.departure_s), [0, 10, 90, 100, 130, 160]);
    }
}
