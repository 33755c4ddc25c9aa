//! Boards on their way from the process that tracks to those that serve panels.
//!
//! A message carries the rows and messages of one stop; names, routes and the timetable each process has
//! from the feed itself. Newest wins: the bus drops what is older than what it has.

use bytes::Bytes;
use gtfs::StopIdx;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use stop_display::frame::{Alert, Row};
use store::bus::{Bus, Message, Topic};

/// What a message carries.
#[derive(Debug, Serialize, Deserialize)]
pub struct Relayed {
    /// The rows, in the order to show.
    pub rows: Vec<Row>,
    /// Messages to riders.
    pub alerts: Vec<Alert>,
}

/// The sending side; without a link to other processes it does nothing.
#[derive(Clone, Debug, Default)]
pub struct Relay {
    bus: Option<Bus>,
    epoch: i64,
}

impl Relay {
    /// Sends over a bus that is joined to other processes.
    #[must_use]
    pub fn over(bus: Bus) -> Self {
        Self { bus: Some(bus), epoch: 0 }
    }

    /// The same in an epoch of the tracking lease: readers keep what is of the highest.
    #[must_use]
    pub fn under(&self, epoch: i64) -> Self {
        Self { epoch, ..self.clone() }
    }

    /// No longer answers for what it sent.
    pub fn disown(&self) {
        if let Some(bus) = &self.bus {
            bus.disown();
        }
    }

    /// Stamps a snapshot of the GTFS-realtime feeds with the epoch, and sends it.
    pub fn send_realtime(&self, snapshot: &mut super::Snapshot) {
        snapshot.epoch = self.epoch;
        if let Some(bus) = &self.bus {
            snapshot.send(bus);
        }
    }

    /// Sends a state of a board.
    pub(super) fn send(&self, board: &super::Board) {
        let Some(bus) = &self.bus else { return };
        let stop: StopIdx = board.place.stop;
        let id: Arc<str> = (&*board.place.common.timetable.stops[stop.at()].id).into();
        let relayed = Relayed { rows: board.rows().to_vec(), alerts: board.alerts.to_vec() };
        // Rows and messages always have a JSON text.
        let payload = Bytes::from(serde_json::to_vec(&relayed).unwrap_or_default());
        bus.publish(&Topic::Board(id), Message { epoch: self.epoch, seq: board.seq, payload });
    }
}

/// Reads a message; `None` when another version wrote it.
#[must_use]
pub fn read(message: &Message) -> Option<Relayed> {
    serde_json::from_slice(&message.payload).ok()
}
