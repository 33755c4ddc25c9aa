//! Which trips run more than once a day under one trip_id: the join of GTFS-realtime needs their start.
//!
//! trip_id and start_date name every other trip, whatever start a source gives for it, or does not.

use super::Trip;
use gtfs::{ServiceTime, Timetable};
use std::collections::BTreeSet;

/// The trip_ids of a feed's `frequencies.txt`.
#[derive(Clone, Debug, Default)]
pub struct Repeated {
    ids: BTreeSet<Box<str>>,
}

impl Repeated {
    /// Of a timetable. The default knows none: then every trip_id runs once a day.
    #[must_use]
    pub fn of(timetable: &Timetable) -> Self {
        let trips = timetable.trips.iter().filter(|trip| trip.frequency.is_some());
        Self { ids: trips.map(|trip| Box::from(&*trip.id)).collect() }
    }

    /// A trip by what a source says of it: the start of one that runs once a day says nothing.
    pub(super) fn trip(&self, id: &str, day: &str, start: Option<ServiceTime>) -> Trip {
        let start = start.filter(|_| self.ids.contains(id));
        Trip { id: id.to_owned(), day: day.to_owned(), start }
    }
}
