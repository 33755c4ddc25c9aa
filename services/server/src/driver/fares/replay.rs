//! The books from the taps as terminals signed them (I13; fares design, section 17): a fresh engine lives through
//! everything once more, and what it says is compared with what is stored. Nothing is written.
//!
//! [`past`] feeds it as [`super::begin`] and [`super::desk`] feed the live one; [`stored`] reads what it is compared with.
//! Cards have nothing to do with each other but the clocks of terminals, so they are taken in parts: the taps are read once
//! for each part, and only its cards are in memory.
//!
//! What is taken as recorded, because it can not be made again from taps: rides with what was observed of them, closes
//! with their time, commands. What can not be known any more is where a terminal was mounted before it was moved: cards
//! with a tap of then are left out, and counted.

mod moved;
mod past;
mod stored;

use crate::finance::card_shown;
use fares::engine::Event;
use fares::replay::{Difference, Subject};
use fares::{Account, Satang};
use gtfs::Timestamp;
use past::Past;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;
use store::{Db, StoreError};
use stored::Stored;
use tokio::time::Instant;

/// Taps whose cards are in memory together: about a kilobyte each, with their legs.
pub const TAPS_IN_MEMORY: i64 = 1_000_000;
/// Differences that are named; more of them say nothing new.
pub const NAMED_MAX: usize = 100;
/// How often it is said how far the work is.
const TOLD_EVERY: Duration = Duration::from_millis(1_500);
/// So often a running server may commit between two looks at its newest commit.
const MARKS_MAX: usize = 1_000;
/// So often cards that differ are looked at again when the server has moved on meanwhile.
const LOOKS_MAX: usize = 20;

/// Up to where the server has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    /// The newest commit of the ledger.
    commit: i64,
    /// When it was made.
    until: Timestamp,
    /// The last tap that the live engine has taken.
    taps: i64,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recomputed {
    /// Taps that were taken again.
    pub taps: i64,
    /// Cards that were compared.
    pub cards: usize,
    /// Legs of them.
    pub legs: usize,
    /// Cards that were left out: a terminal of theirs has been moved since.
    pub left_out: usize,
    /// What differs, all of it.
    pub differences: usize,
    /// The first [`NAMED_MAX`], each with its tap, leg or account and both values.
    pub named: Vec<String>,
}

/// Works out everything again from the stored taps and compares. `configuration` is what does not stand in the database
/// ([`super::configuration`]), `taps_in_memory` is [`TAPS_IN_MEMORY`] or less. `tell` hears now and then how far the
/// work is.
///
/// Left out is what can not be made again: which of several late requests the server took in one step. It matters only
/// for taps more than 30 days late, where what one gave back may pay for another.
///
/// # Errors
/// When the database does not answer.
pub async fn recompute(
    db: &Db,
    configuration: &[Event],
    taps_in_memory: i64,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<Recomputed, StoreError> {
    let mut done = Recomputed::default();
    let Some(mark) = mark(db).await? else { return Ok(done) };
    let mut told = Told { tell, last: Instant::now() };
    let mut stored = Stored::default();
    stored.read_until(db, mark.until, &mut told).await?;
    let in_books = stored.accounts.clone();
    let mut recomputed: BTreeMap<Account, Satang> = BTreeMap::new();
    let parts = u64::try_from(mark.taps / taps_in_memory.max(1) + 1).unwrap_or(1);
    for part in (0..parts).map(|at| Part { at, of: parts }) {
        let mut past = Past::begin(db, configuration, part).await?;
        past.live_until(mark, &mut told).await?;
        for (account, debit) in past.replay.accounts() {
            recomputed.entry(account.clone()).or_default().0 += debit.0;
        }
        done.left_out += past.unknown.len();
        done.part(db, &mut past, &mut stored, mark, &mut told).await?;
    }
    done.taps = mark.taps;
    // Without the cards that are left out, what agencies got can not be told.
    if done.left_out == 0 {
        done.put(accounts_differ(&in_books, &recomputed));
    }
    Ok(done)
}

impl Recomputed {
    /// Compares the cards of a part; those that differ once more when the server has moved on.
    async fn part(
        &mut self,
        db: &Db,
        past: &mut Past<'_>,
        stored: &mut Stored,
        mut seen: Mark,
        told: &mut Told<'_>,
    ) -> Result<(), StoreError> {
        let cards: BTreeSet<Arc<str>> = past.cards().await?;
        self.cards += cards.len();
        stored.legs = 0;
        let mut differing = stored.differing(db, past, &cards, told).await?;
        self.legs += stored.legs;
        for _ in 0..LOOKS_MAX {
            let Some(now) = mark(db).await? else { break };
            if differing.is_empty() || now == seen {
                break;
            }
            seen = now;
            past.live_until(now, told).await?;
            stored.read_until(db, now.until, told).await?;
            let again = differing.into_keys().collect();
            differing = stored.differing(db, past, &again, told).await?;
        }
        differing.into_values().for_each(|differences| self.put(differences));
        Ok(())
    }

    fn put(&mut self, differences: Vec<Difference>) {
        self.differences += differences.len();
        let room = NAMED_MAX.saturating_sub(self.named.len());
        self.named.extend(differences.iter().take(room).map(named));
    }
}

/// A difference, with the card's name as the audit log has it.
fn named(difference: &Difference) -> String {
    match &difference.subject {
        Subject::Account(Account::Card(card)) => {
            difference.to_string().replacen("a card", &card_shown(card), 1)
        }
        _ => difference.to_string(),
    }
}

/// What rides moved on accounts that are no card's: what agencies got, what was written off, what waits for the close.
fn accounts_differ(
    stored: &BTreeMap<Account, Satang>,
    recomputed: &BTreeMap<Account, Satang>,
) -> Vec<Difference> {
    let accounts: BTreeSet<&Account> = stored.keys().chain(recomputed.keys()).collect();
    let of = |books: &BTreeMap<Account, Satang>, account| books.get(account).copied().unwrap_or_default();
    let pairs = accounts.into_iter().map(|account| (account, of(stored, account), of(recomputed, account)));
    pairs
        .filter(|(_, is, should)| is != should)
        .map(|(account, is, should)| Difference {
            subject: Subject::Account(account.clone()),
            what: "what rides moved",
            stored: is.to_string(),
            recomputed: should.to_string(),
        })
        .collect()
}

/// The newest commit with the taps that were read by then; `None` where nothing was ever recorded.
async fn mark(db: &Db) -> Result<Option<Mark>, StoreError> {
    for _ in 0..MARKS_MAX {
        let Some((commit, until)) = db.ledger_newest().await? else { return Ok(None) };
        let taps = db.fare_cursor(super::desk::TAPS).await?;
        if db.ledger_newest().await?.is_some_and(|(newest, _)| newest == commit) {
            return Ok(Some(Mark { commit, until, taps }));
        }
    }
    Err(StoreError::Away("the server writes without a pause; try again when there are fewer taps".into()))
}

/// Some of the cards.
#[derive(Clone, Copy, Debug)]
struct Part {
    at: u64,
    of: u64,
}

impl Part {
    fn has(self, card: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        card.hash(&mut hasher);
        hasher.finish() % self.of == self.at
    }
}

/// Who hears how far the work is.
struct Told<'a> {
    tell: &'a mut (dyn FnMut(&str) + Send),
    last: Instant,
}

impl Told<'_> {
    fn now_and_then(&mut self, words: impl FnOnce() -> String) {
        if self.last.elapsed() >= TOLD_EVERY {
            self.last = Instant::now();
            (self.tell)(&words());
        }
    }
}
