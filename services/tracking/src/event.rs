//! What can happen to the tracker.

use crate::Ping;
use crate::learned::Document;
use gtfs::{ServiceDay, ServiceTime, StopIdx, Timestamp, Timetable};
use std::sync::Arc;

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A live report, judged OK or FLAG, already durable.
    Ping(Ping),
    /// A person at the console, or `padriew` itself, decided something.
    Command(Command),
    /// A new feed takes over; running trips are bound again.
    Timetable(Arc<Timetable>),
    /// What was learned before takes the place of what was learned so far.
    Learned(Arc<Document>),
    /// The same after a start, with how predictions had done by then.
    Recalled(Arc<Document>),
    /// A card was tapped on a vehicle: somebody is boarding.
    TapSeen(Tap),
    /// A gauge, or a tide table, says how fast the water runs.
    Tide(Tide),
    /// Time passed; asked for with [`crate::Effect::WakeAt`].
    Tick,
}

/// A card tapped on a vehicle; of whom is nobody's business here.
#[derive(Clone, Debug, PartialEq)]
pub struct Tap {
    /// The vehicle.
    pub vehicle: Arc<str>,
    /// When.
    pub t: Timestamp,
}

/// A stream, measured or foretold.
#[derive(Clone, Debug, PartialEq)]
pub struct Tide {
    /// route_id of the ferry route that it helps or hinders.
    pub route: Arc<str>,
    /// When.
    pub t: Timestamp,
    /// Metres per second along the route's direction 0; negative against it.
    pub along_mps: f64,
}

/// A decision from outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Put a vehicle on a trip, or (`None`) take it off any.
    Assign {
        /// The vehicle.
        vehicle: Arc<str>,
        /// trip_id, service day, start.
        trip: Option<(Arc<str>, ServiceDay, ServiceTime)>,
    },
    /// Cancel a trip, or (`cancelled: false`) restore it.
    Cancel {
        /// trip_id.
        trip: Arc<str>,
        /// Service day.
        day: ServiceDay,
        /// Start of the trip.
        start: ServiceTime,
        /// Cancelled or restored.
        cancelled: bool,
    },
    /// Close a stop, or open it again.
    CloseStop {
        /// The stop.
        stop: StopIdx,
        /// Closed or open.
        closed: bool,
    },
}
