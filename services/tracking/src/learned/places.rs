//! Where vehicles halt: a number for each (route, stop), and for each (route, first stop).
//!
//! What is learned of halting is kept by these numbers, which a call of a pattern finds without a
//! search. They mean nothing outside one timetable: route and stop carry it to the next.

use gtfs::timetable::{JourneyPattern, Mode, PatternCall};
use gtfs::{PatternIdx, RouteIdx, StopIdx, Timetable};
use rustc_hash::FxHashMap;

/// A stop of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) route: RouteIdx,
    pub(crate) stop: StopIdx,
}

/// Places of one kind, in the order of first use.
#[derive(Debug, Default)]
pub(crate) struct Numbered {
    all: Vec<Place>,
    /// Never iterated.
    numbers: FxHashMap<Place, u32>,
}

/// The places of a timetable.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// First stops.
    pub(crate) firsts: Numbered,
    /// All stops of patterns, the first among them.
    pub(crate) stops: Numbered,
    /// By route: it is a ferry.
    ferry: Vec<bool>,
    /// By number in `stops`: some trip of the route has it as a time point.
    timed: Vec<bool>,
    /// Parallel to `Timetable::patterns`.
    first_of: Vec<u32>,
    /// Parallel to `Timetable::pattern_calls`.
    stop_of: Vec<u32>,
}

impl Numbered {
    fn number(&mut self, place: Place) -> u32 {
        *self.numbers.entry(place).or_insert_with(|| {
            self.all.push(place);
            self.all.len() as u32 - 1
        })
    }

    /// By number.
    pub(crate) fn all(&self) -> &[Place] {
        &self.all
    }

    /// The number of a place, when there is one.
    pub(crate) fn find(&self, place: Place) -> Option<usize> {
        self.numbers.get(&place).map(|number| *number as usize)
    }
}

impl Places {
    /// Numbers the places of a timetable, in the order of its patterns.
    pub(crate) fn of(timetable: &Timetable) -> Self {
        let ferry = timetable.routes.iter().map(|route| route.mode == Mode::Ferry).collect();
        let mut places = Self { ferry, ..Self::default() };
        for pattern in &timetable.patterns {
            let calls = &timetable.pattern_calls[as_range(&pattern.calls)];
            let first = calls.first().map_or(0, |first| places.firsts.number(place(pattern, first)));
            places.first_of.push(first);
        }
        places.stop_of = vec![0; timetable.pattern_calls.len()];
        for pattern in &timetable.patterns {
            for at in as_range(&pattern.calls) {
                let call = &timetable.pattern_calls[at];
                let number = places.stops.number(place(pattern, call));
                places.timed.resize(places.stops.all.len(), false);
                places.timed[number as usize] |= call.timepoint;
                places.stop_of[at] = number;
            }
        }
        places
    }

    /// The first stop of a pattern.
    pub(crate) fn first(&self, pattern: PatternIdx) -> usize {
        self.first_of.get(pattern.at()).map_or(0, |number| *number as usize)
    }

    /// The stop of the call at `at` in `Timetable::pattern_calls`.
    pub(crate) fn stop(&self, at: usize) -> usize {
        self.stop_of.get(at).map_or(0, |number| *number as usize)
    }

    /// Whether a route is a ferry's.
    pub(crate) fn is_ferry(&self, route: RouteIdx) -> bool {
        self.ferry.get(route.at()).copied().unwrap_or_default()
    }

    /// Whether a stop, by number, is a time point.
    pub(crate) fn is_timed(&self, stop: usize) -> bool {
        self.timed.get(stop).copied().unwrap_or_default()
    }
}

fn place(pattern: &JourneyPattern, call: &PatternCall) -> Place {
    Place { route: pattern.route, stop: call.stop }
}

fn as_range(calls: &std::ops::Range<u32>) -> std::ops::Range<usize> {
    calls.start as usize..calls.end as usize
}
