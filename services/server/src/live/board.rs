//! One state of one stop's board, and how a reader that has an older state gets to it.
//!
//! Immutable: a change makes the next state. Each delta and each snapshot is encoded once, whoever
//! reads it; a reader remembers only the number of the state it has. A snapshot carries the server's
//! time, so the encoded text is kept in two halves around it.
//!
//! What always holds: `seq` grows by one with each change inside an epoch; the ring holds the last
//! deltas without a gap, at most [`DELTAS_MAX`] of them and [`DELTA_BYTES_MAX`] bytes.

use super::place::Place;
use super::rows::rows;
use axum::extract::ws::Utf8Bytes;
use gtfs::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use stop_display::frame::{Alert, Cfg, Delta, Row, Snap, ToPanel};
use tracking::StopBoard;

/// How many deltas a board keeps.
pub(super) const DELTAS_MAX: usize = 256;
/// How many bytes of deltas a board keeps.
pub(super) const DELTA_BYTES_MAX: usize = 16 * 1024;
/// How long rows may be shown as live without another frame, seconds (no data older than 90 s is live).
pub const FRAME_TTL_S: u32 = 90;
/// The server's time as it stands in an encoded snapshot, before the real one is put there.
const NOW_KEY: &str = "\"now\":";

/// One state of a board.
#[derive(Debug)]
pub struct Board {
    /// Lease epoch of the tracking role; `seq` counts inside it.
    pub ep: u64,
    /// Number of this state.
    pub seq: u64,
    /// The stop.
    pub place: Arc<Place>,
    /// What the core said last; `None` before its first word.
    pub content: Option<Arc<StopBoard>>,
    /// Messages.
    pub alerts: Arc<[Alert]>,
    rows: OnceLock<Vec<Row>>,
    deltas: Vec<Utf8Bytes>,
    snapshot: OnceLock<(String, String)>,
}

/// What a reader lacks.
#[derive(Debug, PartialEq)]
pub enum Lacks<'a> {
    /// Nothing: it has this state.
    Nothing,
    /// These deltas, in order.
    Deltas(&'a [Utf8Bytes]),
    /// A snapshot.
    Snapshot,
}

impl Board {
    /// The first state of an epoch.
    #[must_use]
    pub fn first(ep: u64, place: Arc<Place>, alerts: Arc<[Alert]>) -> Self {
        Self {
            ep,
            seq: 1,
            place,
            content: None,
            alerts,
            rows: OnceLock::new(),
            deltas: Vec::new(),
            snapshot: OnceLock::new(),
        }
    }

    /// The rows, in the order to show.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        self.rows.get_or_init(|| {
            let common = &self.place.common;
            self.content
                .as_ref()
                .map(|board| rows(&common.timetable, &common.words, board))
                .unwrap_or_default()
        })
    }

    /// The next state, reached from this one by a delta; `None` when a reader would see no difference.
    #[must_use]
    pub fn changed(&self, content: Arc<StopBoard>, alerts: Arc<[Alert]>) -> Option<Self> {
        let mut next = self.replaced(Arc::clone(&self.place), Some(content), alerts);
        let delta = self.delta_to(&next)?;
        next.deltas = ring(&self.deltas, delta);
        Some(next)
    }

    /// The next state, which every reader gets as a snapshot: for a new place, or a board nobody reads.
    #[must_use]
    pub fn replaced(&self, place: Arc<Place>, content: Option<Arc<StopBoard>>, alerts: Arc<[Alert]>) -> Self {
        Self { seq: self.seq + 1, content, ..Self::first(self.ep, place, alerts) }
    }

    /// The next state in a process that has the rows from another; `None` when nobody would see a difference.
    #[must_use]
    pub fn relayed(&self, rows: Vec<Row>, alerts: Arc<[Alert]>) -> Option<Self> {
        let mut next = self.replaced(Arc::clone(&self.place), None, alerts);
        next.rows = OnceLock::from(rows);
        let delta = self.delta_to(&next)?;
        next.deltas = ring(&self.deltas, delta);
        Some(next)
    }

    /// The same rows in the next timetable window.
    #[must_use]
    pub fn renewed(&self, place: Arc<Place>) -> Self {
        let mut next = self.replaced(place, self.content.clone(), Arc::clone(&self.alerts));
        next.rows = self.rows.clone();
        next
    }

    fn delta_to(&self, next: &Self) -> Option<Utf8Bytes> {
        let old: BTreeMap<&str, &Row> = self.rows().iter().map(|row| (&*row.id, row)).collect();
        let kept: BTreeSet<&str> = next.rows().iter().map(|row| &*row.id).collect();
        let up: Vec<Row> = next.rows().iter().filter(|row| old.get(&*row.id) != Some(row)).cloned().collect();
        let rm: Vec<String> =
            self.rows().iter().filter(|row| !kept.contains(&*row.id)).map(|row| row.id.clone()).collect();
        let alerts = (self.alerts != next.alerts).then(|| next.alerts.to_vec());
        if up.is_empty() && rm.is_empty() && alerts.is_none() {
            return None;
        }
        let delta = Delta { seq: next.seq, up, rm, alerts, ..Delta::default() };
        ToPanel::D(delta).encode().ok().map(Utf8Bytes::from)
    }

    /// What a reader lacks that has state `seq` of epoch `ep`.
    #[must_use]
    pub fn lacks(&self, ep: u64, seq: u64) -> Lacks<'_> {
        if ep != self.ep || seq > self.seq {
            return Lacks::Snapshot;
        }
        match usize::try_from(self.seq - seq) {
            Ok(0) => Lacks::Nothing,
            Ok(behind) if behind <= self.deltas.len() => {
                Lacks::Deltas(&self.deltas[self.deltas.len() - behind..])
            }
            _ => Lacks::Snapshot,
        }
    }

    /// The whole board for a reader that has timetable version `sv`, as of `now`.
    #[must_use]
    pub fn snapshot(&self, now: Timestamp, sv: &str) -> String {
        let (before, after) = self.snapshot.get_or_init(|| self.encode_snapshot());
        let sched = self.place.sched();
        let timetable = if sched.sv == sv { "" } else { &*sched.json };
        let mut text = String::with_capacity(before.len() + after.len() + timetable.len() + 32);
        text.push_str(before);
        text.push_str(&now.s().to_string());
        if !timetable.is_empty() {
            text.push_str(",\"sched\":");
            text.push_str(timetable);
        }
        text.push_str(after);
        text
    }

    /// The whole board as a frame, without the server's time and the timetable.
    #[must_use]
    pub fn snap(&self) -> Snap {
        let (common, fixed) = (&self.place.common, self.place.fixed());
        Snap {
            ep: self.ep,
            seq: self.seq,
            now: 0,
            ttl: FRAME_TTL_S,
            stop: fixed.stop.clone(),
            rows: self.rows().to_vec(),
            sv: self.place.sched().sv.clone(),
            sched: None,
            heads: fixed.heads.clone(),
            routes: fixed.routes.clone(),
            alerts: self.alerts.to_vec(),
            tiles: Vec::new(),
            cfg: Cfg { ver: 1, ..Cfg::default() },
            notice: common.notice.clone(),
            tz: fixed.tz.clone(),
            rate: (common.rate != 1.0).then_some(common.rate),
        }
    }

    /// The text of the snapshot before and after the value of `now`.
    fn encode_snapshot(&self) -> (String, String) {
        let snap = self.snap();
        // A snapshot always has a JSON text, and its numbers come before any text of a feed.
        let text = ToPanel::Snap(Box::new(snap)).encode().unwrap_or_default();
        let at = text.find(NOW_KEY).map_or(0, |at| at + NOW_KEY.len());
        (text[..at].to_owned(), text.get(at + 1..).unwrap_or_default().to_owned())
    }
}

/// The ring after one more delta.
fn ring(old: &[Utf8Bytes], delta: Utf8Bytes) -> Vec<Utf8Bytes> {
    let mut room = DELTA_BYTES_MAX.saturating_sub(delta.len());
    let kept = old.iter().rev().take(DELTAS_MAX - 1).take_while(|old| {
        let fits = old.len() <= room;
        room = room.saturating_sub(old.len());
        fits
    });
    let mut ring: Vec<Utf8Bytes> = kept.cloned().collect();
    ring.reverse();
    ring.push(delta);
    ring
}

#[cfg(test)]
mod tests;
