//! The ledger: journals, revisions of legs, states of taps, holds, balances.
//!
//! [`crate::Db::fares_commit`] writes all that follows from a step of the fare engine in one transaction, with the
//! engine's cursors, so that a crash repeats nothing. Rows are numbered by `ledger_head`, whose row is locked until
//! the commit: ids rise by one in the order of commits. Each commit is chained to the one before by SHA-256 over its
//! rows, and [`crate::Db::ledger_verify`] finds the row that is not as it was written.
//!
//! What it does not do: rate, pair or decide anything. What always holds: a journal that does not sum to zero is
//! refused with all of its commit; a row is never changed, but that places are generalised after 13 months.

mod balance;
mod chain;
mod commit;
mod generalise;
mod head;
mod history;
mod hold;
mod journal;
mod leg;
mod ride;
mod tap_state;
mod verify;

use crate::card::CardChange;
use crate::deny::DenyChange;
use crate::fare_command::CommandResult;
use crate::lease::Lease;
use crate::sql::Word;
use fares::engine::Share;
use fares::ride::Ride;
use fares::{Discrepancy, Journal, Leg, LegId, Satang, TapId, TapKind};
use gtfs::{ServiceDay, Timestamp};
use std::sync::Arc;

pub use balance::Balance;
pub(crate) use commit::in_tx as commit_in;
pub use head::KnownHeads;
pub(crate) use head::lock as lock_head;
pub use history::CardHistory;
pub use hold::Hold;
pub use journal::StoredJournal;
pub use verify::{FAULTS_MAX, Fault, LedgerRows, LedgerVerdict};

/// Bytes of the salt of a commit.
pub const SALT_BYTES: usize = 16;

/// What one transaction of the fare engine, or of a command, writes.
#[derive(Clone, Debug, Default)]
pub struct FareCommit {
    /// The lease of the `fares` role; `None` for a command that only posts what touches no card.
    pub lease: Option<Lease>,
    /// When.
    pub at: Timestamp,
    /// Fresh random bytes: they keep places that were generalised from being guessed from their digests.
    pub salt: [u8; SALT_BYTES],
    /// How far the engine has read, by name: the last id of `taps`, `commands` and so on.
    pub cursors: Vec<(Arc<str>, i64)>,
    /// What is now known of taps.
    pub taps: Vec<TapState>,
    /// Revisions of legs.
    pub legs: Vec<LegRow>,
    /// Holds set or ended.
    pub holds: Vec<HoldChange>,
    /// Money that moves.
    pub journals: Vec<Journal>,
    /// Facts on which prices rest.
    pub rides: Vec<Ride>,
    /// Cards that go on the deny list, or come off it.
    pub denied: Vec<DenyChange>,
    /// Cards seen for the first time, registered, denied, replaced.
    pub cards: Vec<CardChange>,
    /// What became of commands.
    pub commands: Vec<CommandResult>,
    /// What does not add up; one whose cause is known is not stored again.
    pub discrepancies: Vec<Discrepancy>,
}

/// When and where a tap was, and what became of it, as known at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapState {
    /// The id of its row in `tap`.
    pub tap: i64,
    /// Its permanent name.
    pub id: TapId,
    /// Rises with each correction; the highest counts.
    pub rev: u32,
    /// The card's keyed token.
    pub card: Arc<str>,
    /// What the terminal meant.
    pub kind: TapKind,
    /// Riders: the holder and companions.
    pub pax: u8,
    /// What became of it: leg, repeat, void, denied, expired or quarantine (I3).
    pub fate: Arc<str>,
    /// The leg that it begins or ends.
    pub leg: Option<LegId>,
    /// The day whose cap it counts to.
    pub service_day: ServiceDay,
    /// The agency, as in [`Leg::agency`].
    pub agency: Arc<str>,
    /// GTFS-Fares network_id.
    pub network: Arc<str>,
    /// When it was.
    pub t: Timestamp,
    /// How that is known: a word, such as `uptime`.
    pub method: Arc<str>,
    /// By how much it may be wrong, milliseconds.
    pub bound_ms: i64,
    /// The vehicle; empty at a pier.
    pub vehicle: Arc<str>,
    /// GTFS trip_id; empty when unknown.
    pub trip: Arc<str>,
    /// GTFS stop_id; empty when unknown.
    pub stop: Arc<str>,
    /// GTFS route_id; empty when unknown.
    pub route: Arc<str>,
    /// When the trip starts, seconds of its day; `None` where the ride is unknown.
    pub ride_start_s: Option<i32>,
    /// GTFS stop_sequence of the call, when it is known.
    pub sequence: Option<u32>,
}

/// A stored [`TapState`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapStored {
    /// What is known.
    pub state: TapState,
    /// Since when.
    pub posted: Timestamp,
}

/// A revision of a leg. The later of two rows with the same revision counts: the close adds the share so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegRow {
    /// Rises with each correction, from 1; the highest counts.
    pub rev: u32,
    /// The leg.
    pub leg: Leg,
    /// What an agency was credited with; `None` before it was apportioned.
    pub share: Option<Share>,
    /// What came too late to be taken from the rider.
    pub waived: Satang,
    /// The day in whose books it stands.
    pub posting_day: ServiceDay,
}

/// A hold is set, or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldChange {
    /// The leg.
    pub leg: LegId,
    /// The card.
    pub card: Arc<str>,
    /// How much is held; `None` ends it.
    pub amount: Option<Satang>,
}

/// What became of a [`FareCommit`]: it is on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FareReceipt {
    /// Its number in the chain; `None` when there was nothing to chain.
    pub commit: Option<i64>,
    /// Causes of journals that were posted before, just so, and are not posted again.
    pub known: Vec<Arc<str>>,
}

/// The texts of the days of one commit, of which there are few.
#[derive(Debug, Default)]
struct Days(Vec<(ServiceDay, Word)>);

impl Days {
    fn text(&mut self, day: ServiceDay) -> Word {
        if let Some((_, text)) = self.0.iter().find(|(known, _)| *known == day) {
            return text.clone();
        }
        let text = Word::from(day.to_string());
        self.0.push((day, text.clone()));
        text
    }
}
