//! What is stored, as the recomputation compares it: cards with the newest of everything, and what other journals than
//! those of rides gave them.

use super::past::Past;
use super::{Part, Told};
use crate::driver::fares::record;
use fares::replay::{Difference, compare};
use fares::{Account, JournalKind, Satang};
use gtfs::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use store::{CardState, Db, StoreError};

/// Journals read at a time.
const PAGE_ROWS: u32 = 10_000;
/// Cards read at a time.
const CARDS_AT_ONCE: usize = 200;
/// Names of cards read at a time.
const PAGE_CARDS: u32 = 5_000;
const STATES: [CardState; 5] =
    [CardState::Unregistered, CardState::Active, CardState::Denied, CardState::Lost, CardState::Closed];

/// What was read of the journals so far.
#[derive(Default)]
pub(super) struct Stored {
    journal: i64,
    /// What journals that are no ride's gave cards.
    given: HashMap<Arc<str>, Satang>,
    /// What rides moved on accounts that are no card's.
    pub(super) accounts: BTreeMap<Account, Satang>,
    /// Legs that were compared.
    pub(super) legs: usize,
}

impl Stored {
    /// Reads the journals that were posted up to `until`.
    pub(super) async fn read_until(
        &mut self,
        db: &Db,
        until: Timestamp,
        told: &mut Told<'_>,
    ) -> Result<(), StoreError> {
        loop {
            told.now_and_then(|| format!("{} journals read", self.journal));
            let page = db.journals_after(self.journal, PAGE_ROWS).await?;
            let is_last = page.last().is_none_or(|row| row.journal.posted > until);
            for row in page.into_iter().take_while(|row| row.journal.posted <= until) {
                self.journal = row.id;
                let is_rides = matches!(row.journal.kind, JournalKind::Fare | JournalKind::Apportion);
                for posting in row.journal.postings {
                    match posting.account {
                        Account::Card(card) if !is_rides => {
                            self.given.entry(card).or_default().0 -= posting.debit.0;
                        }
                        Account::Card(_) => {}
                        account if is_rides => self.accounts.entry(account).or_default().0 += posting.debit.0,
                        _ => {}
                    }
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Those of the cards that differ, and in what.
    pub(super) async fn differing(
        &mut self,
        db: &Db,
        past: &Past<'_>,
        cards: &BTreeSet<Arc<str>>,
        told: &mut Told<'_>,
    ) -> Result<BTreeMap<Arc<str>, Vec<Difference>>, StoreError> {
        let cards: Vec<Arc<str>> = cards.iter().cloned().collect();
        let mut differing = BTreeMap::new();
        for (nth, some) in cards.chunks(CARDS_AT_ONCE).enumerate() {
            told.now_and_then(|| format!("{} of {} cards compared", nth * CARDS_AT_ONCE, cards.len()));
            for stored in db.cards_histories(some, Timestamp(i64::MIN)).await? {
                let card = Arc::clone(&stored.card);
                let stored = record::history(stored, Timestamp(i64::MIN))?;
                self.legs += stored.legs.len();
                let given = self.given.get(&card).copied().unwrap_or_default();
                let mut differences = Vec::new();
                compare(&past.replay.card(&card, Timestamp(i64::MIN)), &stored, given, &mut differences);
                if !differences.is_empty() {
                    differing.insert(card, differences);
                }
            }
        }
        Ok(differing)
    }
}

/// Every card of a part that the database knows, with its concessions.
pub(super) async fn cards_of(db: &Db, part: Part) -> Result<Vec<store::Card>, StoreError> {
    let mut cards = Vec::new();
    for state in STATES {
        let mut after: Arc<str> = "".into();
        loop {
            let page = db.cards_in(state, &after, PAGE_CARDS).await?;
            let Some(last) = page.last() else { break };
            after = Arc::clone(last);
            let of_part: Vec<Arc<str>> = page.into_iter().filter(|card| part.has(card)).collect();
            cards.extend(db.cards(&of_part).await?);
        }
    }
    Ok(cards)
}
