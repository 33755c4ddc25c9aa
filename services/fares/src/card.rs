//! What is known of a card besides its taps.

use gtfs::Timestamp;
use std::sync::Arc;

/// A concession that the holder has for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concession {
    /// GTFS-Fares rider_category_id.
    pub category: Arc<str>,
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub until: Timestamp,
}

/// Where the holder, or an agent for him, says that a ride without a tap-off ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// The tap that began the ride.
    pub tap: crate::TapId,
    /// GTFS stop_id.
    pub stop: Arc<str>,
}

/// Rides that must not be charged to their end because a reader had failed: routes and hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amnesty {
    /// GTFS route_id, or a network_id.
    pub of: Arc<str>,
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub until: Timestamp,
}

/// What is known of a card besides its taps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Its concessions, in the order in which they were given; of several that hold, the last counts.
    pub concessions: Vec<Concession>,
    /// Ends that were confirmed.
    pub confirmed: Vec<Confirmed>,
}

impl Profile {
    /// The rider category at `t`; empty for the default one.
    #[must_use]
    pub fn category(&self, t: Timestamp) -> &str {
        let holds = |concession: &&Concession| concession.from <= t && t < concession.until;
        self.concessions.iter().rev().find(holds).map_or("", |concession| &concession.category)
    }
}
