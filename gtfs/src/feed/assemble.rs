//! The last step: trips in their final order, and everything that is found through them.

use super::draft::Draft;
use super::frequencies::Band;
use crate::timetable::{Block, Timetable, Trip, as_usize};
use crate::{BlockIdx, PatternIdx, ProfileIdx, ServiceTime, Text, TripIdx};
use std::collections::BTreeMap;

/// Makes the trips, blocks and indexes from what the files gave.
pub(super) fn assemble(
    mut draft: Draft,
    profiles: &[ProfileIdx],
    bands: &BTreeMap<u32, Vec<Band>>,
) -> Timetable {
    let mut trips = Vec::with_capacity(draft.trips.rows.len());
    for (at, row) in draft.trips.rows.iter().enumerate() {
        let Some(run) = row.run else { continue };
        let headsign = headsign(&draft, run.pattern, row.headsign);
        let trip = |start, frequency| Trip {
            id: row.id.clone(),
            pattern: run.pattern,
            profile: profiles[at],
            start,
            service: row.service,
            block: row.block.map(BlockIdx),
            headsign: headsign.clone(),
            short_name: row.short_name.clone(),
            wheelchair: row.wheelchair,
            frequency,
        };
        match bands.get(&(at as u32)) {
            None => trips.push(trip(run.start, None)),
            Some(bands) => trips.extend(
                bands.iter().flat_map(|band| starts(band).map(|start| trip(start, Some(band.frequency)))),
            ),
        }
    }
    trips.sort_by(|a, b| (a.pattern, a.start, &a.id).cmp(&(b.pattern, b.start, &b.id)));
    let mut timetable = std::mem::replace(&mut draft, Draft::new()).into_timetable(trips);
    group_by_pattern(&mut timetable);
    group_by_block(&mut timetable);
    index_trips(&mut timetable);
    index_stops(&mut timetable);
    timetable.measure_reach();
    timetable
}

/// The starts of a band: each departure when exact, else only the first, which stands for all.
fn starts(band: &Band) -> impl Iterator<Item = ServiceTime> {
    let count = if band.frequency.exact { band.departures() } else { 1 };
    (0..count as i32).map(move |n| ServiceTime(band.start.0 + n * band.frequency.headway_s as i32))
}

/// trip_headsign, or where the pattern ends.
fn headsign(draft: &Draft, pattern: PatternIdx, number: u32) -> Text {
    let given = &draft.trips.headsigns.all[number as usize];
    if !given.is_empty() {
        return Text::new(given);
    }
    let last = draft.timetable.calls(pattern).last();
    last.map(|call| draft.timetable.stops[call.stop.at()].name.clone()).unwrap_or_default()
}

impl Draft {
    fn into_timetable(self, trips: Vec<Trip>) -> Timetable {
        let blocks = self.trips.blocks.all.into_iter().map(|id| Block { id, trips: Vec::new() }).collect();
        Timetable { trips, blocks, ..self.timetable }
    }
}

fn group_by_pattern(timetable: &mut Timetable) {
    let mut first = 0;
    for group in timetable.trips.chunk_by(|a, b| a.pattern == b.pattern) {
        let end = first + group.len() as u32;
        timetable.patterns[group[0].pattern.at()].trips = first..end;
        first = end;
    }
}

fn group_by_block(timetable: &mut Timetable) {
    for (at, trip) in timetable.trips.iter().enumerate() {
        if let Some(block) = trip.block {
            timetable.blocks[block.at()].trips.push(TripIdx::new(at));
        }
    }
    for (at, block) in timetable.blocks.iter_mut().enumerate() {
        block.trips.sort_by_key(|&t| (timetable.trips[t.at()].start, t));
        timetable.index.blocks.insert(block.id.clone(), BlockIdx::new(at));
    }
}

fn index_trips(timetable: &mut Timetable) {
    let trips = &timetable.trips;
    let mut by_id: Vec<TripIdx> = (0..trips.len()).map(TripIdx::new).collect();
    by_id.sort_by(|a, b| {
        let (x, y) = (&trips[a.at()], &trips[b.at()]);
        (&x.id, x.start, a).cmp(&(&y.id, y.start, b))
    });
    let mut first = 0;
    for group in by_id.chunk_by(|a, b| trips[a.at()].id == trips[b.at()].id) {
        let end = first + group.len() as u32;
        timetable.index.trips.insert(trips[group[0].at()].id.clone(), first..end);
        first = end;
    }
    timetable.index.trips_by_id = by_id;
}

fn index_stops(timetable: &mut Timetable) {
    let mut ends = vec![0u32; timetable.stops.len()];
    for call in &timetable.pattern_calls {
        ends[call.stop.at()] += 1;
    }
    let mut first = 0;
    timetable.stop_call_ranges = ends
        .iter()
        .map(|&count| {
            let range = first..first + count;
            first = range.end;
            range
        })
        .collect();
    let mut next: Vec<u32> = timetable.stop_call_ranges.iter().map(|r| r.start).collect();
    timetable.stop_calls = vec![(PatternIdx(0), 0); timetable.pattern_calls.len()];
    for (at, pattern) in timetable.patterns.iter().enumerate() {
        for (position, call) in timetable.pattern_calls[as_usize(&pattern.calls)].iter().enumerate() {
            let slot = &mut next[call.stop.at()];
            timetable.stop_calls[*slot as usize] = (PatternIdx::new(at), position as u16);
            *slot += 1;
        }
    }
}
