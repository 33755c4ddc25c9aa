//! What the simulated riders and drivers do to terminals.

use fares::tap::TapKind;
use gtfs::{StopIdx, Timestamp};
use std::sync::Arc;

/// Where a terminal is mounted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mounting {
    /// On a bus, by its name.
    Bus(Arc<str>),
    /// At a pier, by its stop_id.
    Pier(Arc<str>),
}

impl Mounting {
    /// The id of the terminal there.
    #[must_use]
    pub fn terminal(&self) -> String {
        match self {
            Self::Bus(vehicle) => format!("T-{vehicle}"),
            Self::Pier(stop) => format!("P-{stop}"),
        }
    }
}

/// A touch of a card on a terminal.
#[derive(Clone, Debug, PartialEq)]
pub struct SimTap {
    /// When.
    pub at: Timestamp,
    /// On which terminal.
    pub mounting: Mounting,
    /// Whose card, counted from 1.
    pub card: u32,
    /// Which journey of the card's day, counted from 0: who is refused walks, and makes no more taps of it.
    pub journey: u8,
    /// What the rider means.
    pub kind: TapKind,
    /// Where.
    pub stop: StopIdx,
    /// The vehicle that is taken or left; a terminal at a pier does not know it.
    pub vehicle: Arc<str>,
    /// Its trip; likewise.
    pub trip: Arc<str>,
    /// Whether the driver has told the terminal which trip this is.
    pub is_trip_known: bool,
    /// What the terminal's receiver says: millionths of a degree, metres. None at a pier.
    pub fix: Option<(i32, i32, i32)>,
    /// Riders.
    pub pax: u8,
    /// The same card again within seconds, by mistake.
    pub is_again: bool,
}

/// A duty of a terminal: what its shift audit covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimShift {
    /// The terminal.
    pub mounting: Mounting,
    /// The vehicle's block or the pier, and the day.
    pub name: String,
    /// The first departure.
    pub from: Timestamp,
    /// The last arrival.
    pub to: Timestamp,
}
