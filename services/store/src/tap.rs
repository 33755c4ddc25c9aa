//! Fare card taps: each stored once, by its permanent name, in an order that a reader can follow.
//!
//! A row is a request: its taps as one packed [`Block`] of canonical lines, beside the bytes as signed.
//! Where a tap is follows from `tap_run` (consecutive numbers have consecutive ids), what is settled from
//! `terminal_window`. The row of `tap_head` is locked from the first statement to the commit, so that ids
//! rise in the order of commits, with any number of processes: who reads after a cursor never misses a tap.
//!
//! What always holds: an answer comes after the sync; the first tap of a name stands; every number up to
//! [`TapReceipt::ack`] is stored, quarantined, or a row of `gap`.

pub mod block;
mod coarse;
mod commit;
mod count;
mod doubt;
mod fill;
mod lately;
mod mend;
mod plan;
mod read;
pub mod window;
mod write;

pub use block::{Block, Link, NewTap, chained};
pub use commit::TapCommitter;
pub use mend::MENDED_BY;

use crate::nonce::Nonce;
use crate::terminal_audit::ShiftAudit;
use crate::writer::{Batch, WriterLimits, WriterTask, writer_of};
use crate::{Db, Writer};
use bytes::Bytes;
use fares::tap::RequestClock;
use std::sync::Arc;

/// Taps in one request (fares design, section 13).
pub const TAPS_MAX: usize = 500;
/// Taps, and other things that could not be read, in one request.
pub const PIECES_MAX: usize = 2_048;
/// Bytes of a chain hash: the first of a SHA-256.
pub const HASH_BYTES: usize = 16;
/// Ranges that a reply asks for again.
pub const RESEND_RANGES_MAX: usize = 20;
/// A request whose newest tap is older than this waits behind live ones, milliseconds (section 8: live < 5 min).
const BACKFILL_MS: i64 = 5 * 60 * 1_000;

/// What links a tap to the one before it.
pub type ChainHash = [u8; HASH_BYTES];

/// One request of a terminal.
#[derive(Clone, Debug)]
pub struct TapBatch {
    /// The terminal.
    pub terminal: Arc<str>,
    /// Its epoch.
    pub epoch: u32,
    /// The key it was signed with, which verified.
    pub key_id: Arc<str>,
    /// Of the signature; it is taken once.
    pub nonce: Option<Nonce>,
    /// The clocks of the request.
    pub clock: Arc<RequestClock>,
    /// The deny list that it had.
    pub deny_ver: i64,
    /// The tariff that it had.
    pub tariff_ver: Arc<str>,
    /// The lowest number that the terminal still has; 0 when it does not say.
    pub held_from: i64,
    /// Ranges that it says are gone.
    pub lost: Vec<(i64, i64)>,
    /// The totals of its shifts.
    pub audits: Vec<ShiftAudit>,
    /// The readable taps.
    pub block: Block,
    /// What could not be read as a tap.
    pub refused: Vec<RefusedTap>,
    /// The JSON as signed, packed by [`block::pack`].
    pub body: Vec<u8>,
    /// Whether the terminal is emptying an old store: live requests go first.
    pub backfill: bool,
}

/// Something in a batch that is no tap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedTap {
    /// Its position in the request.
    pub at: usize,
    /// Its number, where that can be read: it is settled then.
    pub seq: Option<i64>,
    /// A stable word, such as `format`.
    pub code: &'static str,
    /// What is wrong, for a person.
    pub detail: Arc<str>,
    /// Its bytes, all of them.
    pub raw: Bytes,
}

/// What became of a tap that was not simply accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TapItem {
    /// It was stored before.
    Duplicate,
    /// It is kept for a person to look at; the word says why.
    Quarantined(&'static str),
    /// There are too many holes below it: it is neither stored nor settled, send the lower ones first.
    Later,
}

/// What became of a request: it is on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TapReceipt {
    /// Every number up to this one is settled: what the terminal may delete.
    pub ack: i64,
    /// Holes that it may still fill, rising, at most [`RESEND_RANGES_MAX`].
    pub resend: Vec<(i64, i64)>,
    /// Taps that were not simply accepted: number (or `None`, and then the position counts), and why.
    pub items: Vec<(Option<i64>, usize, TapItem)>,
    /// The id of the newest tap of anyone.
    pub newest: i64,
    /// Whether a second tap under a used name was found: the terminal is suspended.
    pub conflict: bool,
}

/// Whether taps of this age, by the terminal's uptime, wait behind live ones.
#[must_use]
pub fn is_backfill(up_now_ms: i64, newest_up_ms: i64) -> bool {
    up_now_ms.saturating_sub(newest_up_ms) > BACKFILL_MS
}

impl Batch for TapBatch {
    type Receipt = TapReceipt;
    const ROWS_MAX: usize = PIECES_MAX;

    fn rows(&self) -> usize {
        self.block.taps().len() + self.refused.len()
    }

    fn is_backfill(&self) -> bool {
        self.backfill
    }
}

/// A writer of taps and the task behind it; nothing is stored until the task runs.
#[must_use]
pub fn tap_writer(db: &Db, limits: WriterLimits) -> (Writer<TapBatch>, WriterTask<TapCommitter>) {
    writer_of(TapCommitter::new(db.clone()), limits)
}
