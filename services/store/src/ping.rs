//! `ping`: every accepted report, as the adapters handed it over.

mod ev;
mod insert;
mod read;

pub(crate) use insert::{Insert, insert, insert_unsure};
pub use read::{LiveHead, PingCursor, StoredPing};

use crate::nonce::Nonce;
use crate::quarantine::Rejected;
use crate::words::words;
use std::sync::Arc;
use tracking::Ping;
use tracking::check::Flags;

/// The boot of senders without a sequence: their `seq` is the time of the record, in microseconds.
pub const BOOT_TIMED: &str = "-";

/// What the checks said of an accepted record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Stored and tracked.
    Ok,
    /// Stored and tracked with lower trust.
    Flag,
    /// Stored; repairs history, never live.
    Hist,
}

words!(Verdict { Ok = "ok", Flag = "flag", Hist = "hist" });

/// An accepted record.
#[derive(Clone, Debug, PartialEq)]
pub struct PingRow {
    /// Its number in the device's boot; under [`BOOT_TIMED`], its time in microseconds.
    pub seq: i64,
    /// What the checks said.
    pub verdict: Verdict,
    /// Reasons for lower trust.
    pub flags: Flags,
    /// Satellites in the fix.
    pub satellites: Option<u16>,
    /// The record has no position (a heartbeat): `lat` and `lon` of the ping mean nothing and are not stored.
    pub heartbeat: bool,
    /// The report.
    pub ping: Ping,
}

/// One request's records of one device: stored whole in one commit, or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct PingBatch {
    /// The registered device.
    pub device: Arc<str>,
    /// Its boot, or [`BOOT_TIMED`].
    pub boot: Arc<str>,
    /// The adapter it came through, such as `pings` or `osmand`.
    pub source: Arc<str>,
    /// Of a signed request; a second request with it is refused whole.
    pub nonce: Option<Nonce>,
    /// Accepted records, in any order, at most [`BATCH_ROWS_MAX`] with the rejected ones.
    pub rows: Vec<PingRow>,
    /// Refused records; those with a `seq` are settled by it.
    pub rejected: Vec<Rejected>,
}

/// Records in a batch; larger ones are refused.
pub const BATCH_ROWS_MAX: usize = 2048;

/// What became of a batch: it is on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PingReceipt {
    /// The highest number up to which all are settled; `None` under [`BOOT_TIMED`].
    pub ack: Option<i64>,
    /// Positions in [`PingBatch::rows`] that were stored before, rising. Not for the tracker.
    pub duplicates: Vec<usize>,
    /// Numbers of this boot that were skipped and have not come.
    pub lost: u64,
}

impl PingBatch {
    /// Accepted and refused records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len() + self.rejected.len()
    }

    /// No record at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything in it is history, so it waits behind live batches.
    #[must_use]
    pub fn is_backfill(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|row| row.verdict == Verdict::Hist)
    }

    pub(crate) fn timed(&self) -> bool {
        &*self.boot == BOOT_TIMED
    }

    /// The lowest number in it.
    pub(crate) fn first_seq(&self) -> Option<i64> {
        let rejected = self.rejected.iter().filter_map(|rejected| rejected.seq);
        self.rows.iter().map(|row| row.seq).chain(rejected).min()
    }
}
