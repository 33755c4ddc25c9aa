//! What has been read of a feed so far.

use crate::timetable::{Index, Plane, Timetable};
use crate::{AgencyIdx, PatternIdx, RouteIdx, ServiceIdx, ServiceTime};
use chrono_tz::Tz;
use std::collections::HashMap;

/// A timetable under construction, and the ids that only construction needs.
pub(super) struct Draft {
    pub(super) timetable: Timetable,
    pub(super) agencies: HashMap<Box<str>, AgencyIdx>,
    pub(super) services: HashMap<Box<str>, ServiceIdx>,
    /// The line of each stop in stops.txt.
    pub(super) stop_lines: Vec<u32>,
    /// zone_id of each stop, for fares.
    pub(super) zones: Vec<Box<str>>,
    /// network_id of routes that name one themselves, for fares.
    pub(super) route_networks: Vec<(Box<str>, RouteIdx)>,
    pub(super) trips: Trips,
}

/// `trips.txt`, before the times are known.
#[derive(Default)]
pub(super) struct Trips {
    pub(super) rows: Vec<TripDraft>,
    pub(super) by_id: HashMap<Box<str>, u32>,
    /// block_id, in the order first seen.
    pub(super) blocks: Names,
    /// shape_id, in the order first seen.
    pub(super) shapes: Names,
    /// trip_headsign: few texts, many trips.
    pub(super) headsigns: Names,
}

/// One row of `trips.txt`.
pub(super) struct TripDraft {
    pub(super) id: Box<str>,
    pub(super) route: RouteIdx,
    pub(super) service: ServiceIdx,
    pub(super) direction: Option<u8>,
    /// Into [`Trips::blocks`].
    pub(super) block: Option<u32>,
    /// Into [`Trips::shapes`].
    pub(super) shape: Option<u32>,
    /// Into [`Trips::headsigns`].
    pub(super) headsign: u32,
    pub(super) short_name: Box<str>,
    pub(super) wheelchair: Option<bool>,
    pub(super) line: u32,
    /// Set once its stop times are read and usable.
    pub(super) run: Option<Run>,
}

/// How a trip runs.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) pattern: PatternIdx,
    /// Into the drafts of profiles.
    pub(super) profile: u32,
    pub(super) start: ServiceTime,
}

/// Distinct texts, numbered in the order first seen.
#[derive(Default)]
pub(super) struct Names {
    pub(super) all: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
}

impl Names {
    pub(super) fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.all.len() as u32;
        self.all.push(name.into());
        self.numbers.insert(name.into(), number);
        number
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }
}

impl Draft {
    pub(super) fn new() -> Self {
        let timetable = Timetable {
            feed: crate::timetable::FeedInfo::default(),
            tz: Tz::UTC,
            agencies: Vec::new(),
            routes: Vec::new(),
            stops: Vec::new(),
            trips: Vec::new(),
            patterns: Vec::new(),
            pattern_calls: Vec::new(),
            profiles: Vec::new(),
            profile_times: Vec::new(),
            shapes: Vec::new(),
            services: Vec::new(),
            blocks: Vec::new(),
            transfers: Vec::new(),
            fares: crate::fares::FareTables::default(),
            plane: Plane::default(),
            stop_call_ranges: Vec::new(),
            stop_calls: Vec::new(),
            reach: crate::departures::Reach::default(),
            index: Index::default(),
        };
        Self {
            timetable,
            agencies: HashMap::new(),
            services: HashMap::new(),
            stop_lines: Vec::new(),
            zones: Vec::new(),
            route_networks: Vec::new(),
            trips: Trips::default(),
        }
    }
}
