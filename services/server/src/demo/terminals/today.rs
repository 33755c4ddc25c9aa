//! One day of the riders, by terminal.

use crate::demo::sim::riders::{Mounting, Riders, SimShift, SimTap};
use gtfs::{ServiceDay, Timestamp};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

/// What will happen, and who walks since a terminal refused the card.
#[derive(Debug)]
pub(super) struct Today {
    pub(super) day: ServiceDay,
    pub(super) start: Timestamp,
    taps: HashMap<Mounting, Vec<SimTap>>,
    shifts: HashMap<Mounting, SimShift>,
    /// Cards and their journeys.
    walking: Mutex<HashSet<(u32, u8)>>,
}

impl Today {
    pub(super) fn of(riders: &Riders, day: ServiceDay) -> Self {
        let plan = riders.day(day);
        let mut taps: HashMap<Mounting, Vec<SimTap>> = HashMap::new();
        for tap in plan.taps {
            taps.entry(tap.mounting.clone()).or_default().push(tap);
        }
        let shifts = plan.shifts.into_iter().map(|shift| (shift.mounting.clone(), shift)).collect();
        Self { day, start: riders.start_of(day), taps, shifts, walking: Mutex::default() }
    }

    pub(super) fn taps(&self, mounting: &Mounting) -> &[SimTap] {
        self.taps.get(mounting).map_or(&[], Vec::as_slice)
    }

    pub(super) fn shift(&self, mounting: &Mounting) -> Option<&SimShift> {
        self.shifts.get(mounting)
    }

    /// Whether the rider has been refused on this journey.
    pub(super) fn walks(&self, tap: &SimTap) -> bool {
        let walking = self.walking.lock().unwrap_or_else(PoisonError::into_inner);
        walking.contains(&(tap.card, tap.journey))
    }

    /// The rider was refused.
    pub(super) fn refuse(&self, tap: &SimTap) {
        self.walking.lock().unwrap_or_else(PoisonError::into_inner).insert((tap.card, tap.journey));
    }
}
