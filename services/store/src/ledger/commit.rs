//! [`Db::fares_commit`]: one transaction for all that follows from a step of the engine.

use super::chain::CommitRow;
use super::head::{self, CardHeads, Head, KnownHeads};
use super::{Days, FareCommit, FareReceipt, balance, hold, journal, leg, ride, tap_state};
use crate::sql::{Many, Tx, many, on_pool, on_tx};
use crate::{Db, StoreError, card, day, deny, discrepancy, fare_command, lease};
use fares::{Journal, LegId};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// Who denies a card for its debt.
const ENGINE: &str = "fares";

static CURSORS: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into fare_cursor (name, value) values",
        2,
        "on conflict (name) do update set value = excluded.value",
    )
});

impl Db {
    /// Writes all of `commit`, or nothing; the answer comes after the sync.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the lease was lost, a journal does not sum to zero, or a cause was posted
    /// before with something else; or any other error of a write.
    pub async fn fares_commit(&self, commit: &FareCommit) -> Result<FareReceipt, StoreError> {
        self.fares_commit_after(commit, &mut KnownHeads::default()).await
    }

    /// As [`Db::fares_commit`], for who commits again and again: what the last commit left is not read from the tables.
    ///
    /// # Errors
    /// As [`Db::fares_commit`]; `known` is empty then.
    pub async fn fares_commit_after(
        &self,
        commit: &FareCommit,
        known: &mut KnownHeads,
    ) -> Result<FareReceipt, StoreError> {
        let mut after = std::mem::take(known);
        let mut tx = self.begin().await?;
        if let Some(lease) = &commit.lease {
            lease::fence(&mut tx, lease).await?;
        }
        let receipt = in_tx(&mut tx, commit, &mut after).await?;
        tx.commit().await?;
        *known = after;
        Ok(receipt)
    }

    /// How far was read under a name; 0 when never.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn fare_cursor(&self, name: &str) -> Result<i64, StoreError> {
        let row: Option<(i64,)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select value from fare_cursor where name = $1",
        )
        .bind(name)
        .fetch_optional(on)
        .await?);
        Ok(row.map_or(0, |(value,)| value))
    }
}

/// Everything but the fence, in a transaction that may do more.
pub(crate) async fn in_tx(
    tx: &mut Tx,
    commit: &FareCommit,
    known: &mut KnownHeads,
) -> Result<FareReceipt, StoreError> {
    commit.journals.iter().try_for_each(journal::check)?;
    let cursors: Vec<&(Arc<str>, i64)> = commit.cursors.iter().collect();
    many!(tx, CURSORS, &cursors, |query, row| query.bind(Arc::clone(&row.0)).bind(row.1), |query, on| query
        .execute(on)
        .await?);
    ride::store(tx, &commit.rides).await?;
    deny::apply(tx, &commit.denied, commit.at, ENGINE).await?;
    card::change(tx, &commit.cards, commit.at).await?;
    fare_command::results(tx, &commit.commands, commit.at).await?;
    discrepancy::insert(tx, &commit.discrepancies).await?;
    let has_rows = !commit.legs.is_empty() || !commit.taps.is_empty();
    let head = if has_rows || !commit.journals.is_empty() || !commit.holds.is_empty() {
        head::lock(tx).await?
    } else {
        return Ok(FareReceipt::default());
    };
    day::refuse_closed(tx, commit.journals.iter().map(|journal| journal.posting_day)).await?;
    let (fresh, posted_before) = journal::sift(tx, &commit.journals).await?;
    let last = head.commit_id;
    let mut heads = heads(tx, commit, known, last).await?;
    let id = if has_rows || !fresh.is_empty() {
        Some(append(tx, head, commit, &fresh, &mut heads).await?)
    } else {
        None
    };
    heads.store(tx, known, id.unwrap_or(last)).await?;
    Ok(FareReceipt { commit: id, known: posted_before })
}

/// The heads of the cards, with what is now held on them.
async fn heads<'a>(
    tx: &mut Tx,
    commit: &'a FareCommit,
    known: &mut KnownHeads,
    last: i64,
) -> Result<CardHeads<'a>, sqlx::Error> {
    let of_taps = commit.taps.iter().map(|tap| &*tap.card);
    let of_legs = commit.legs.iter().map(|row| &*row.leg.card);
    let of_holds = commit.holds.iter().map(|change| &*change.card);
    let mut heads = CardHeads::read(tx, of_taps.chain(of_legs).chain(of_holds), known, last).await?;
    hold::change(&mut heads, &commit.holds, commit.at);
    Ok(heads)
}

/// Appends the rows and chains them; the number of the commit.
async fn append<'a>(
    tx: &mut Tx,
    head: Head,
    commit: &'a FareCommit,
    fresh: &[&Journal],
    heads: &mut CardHeads<'a>,
) -> Result<i64, StoreError> {
    let numbered: Vec<(i64, &Journal)> = (head.journal + 1..).zip(fresh.iter().copied()).collect();
    let mut days = Days::default();
    let journals: Vec<journal::Columns> =
        numbered.iter().map(|(id, journal)| journal::Columns::new(*id, journal, &mut days)).collect();
    let legs = legs(&head, commit, &numbered, heads, &mut days);
    let taps: Vec<tap_state::Columns> = (head.tap_state + 1..)
        .zip(&commit.taps)
        .map(|(id, tap)| {
            let prev = heads.next_tap(&tap.card, id);
            let slot = leg::Slot { id, prev, journal: 0, posted_us: commit.at.0 };
            tap_state::Columns::new(&slot, tap, &commit.salt, &mut days)
        })
        .collect();
    journal::insert(tx, &journals).await?;
    leg::insert(tx, &legs).await?;
    tap_state::insert(tx, &taps).await?;
    balance::add(tx, &numbered).await?;

    let next = |from: i64, rows: usize| from + i64::try_from(rows).unwrap_or(i64::MAX);
    let mut row = CommitRow {
        id: head.commit_id + 1,
        posted_us: commit.at.0,
        lease_epoch: commit.lease.as_ref().map_or(0, |lease| lease.epoch),
        journal_last: next(head.journal, journals.len()),
        leg_last: next(head.leg, legs.len()),
        tap_state_last: next(head.tap_state, taps.len()),
        hash: Vec::new(),
    };
    let links: Vec<_> = journals
        .iter()
        .map(journal::Columns::link)
        .chain(legs.iter().map(leg::Columns::link))
        .chain(taps.iter().map(tap_state::Columns::link))
        .collect();
    row.hash = row.chained(&head.hash, links.iter());
    chain(tx, &row, &commit.salt).await?;
    let head = Head {
        commit_id: row.id,
        journal: row.journal_last,
        leg: row.leg_last,
        tap_state: row.tap_state_last,
        hash: row.hash,
    };
    head::store(tx, &head).await?;
    Ok(row.id)
}

/// The rows of the legs, each with the journal that posts its revision, 0 where none does.
fn legs<'a>(
    head: &Head,
    commit: &'a FareCommit,
    numbered: &[(i64, &Journal)],
    heads: &mut CardHeads<'a>,
    days: &mut Days,
) -> Vec<leg::Columns> {
    let mut journal_of: HashMap<(&LegId, u32), i64> = HashMap::new();
    for (id, journal) in numbered {
        let revisions = journal.postings.iter().filter_map(|posting| posting.leg.as_ref());
        journal_of.extend(revisions.map(|(leg, rev)| ((leg, *rev), *id)));
    }
    (head.leg + 1..)
        .zip(&commit.legs)
        .map(|(id, row)| {
            let slot = leg::Slot {
                id,
                prev: heads.next_leg(&row.leg.card, id),
                journal: journal_of.get(&(&row.leg.id, row.rev)).copied().unwrap_or_default(),
                posted_us: commit.at.0,
            };
            leg::Columns::new(&slot, row, &commit.salt, days)
        })
        .collect()
}

async fn chain(tx: &mut Tx, row: &CommitRow, salt: &[u8]) -> Result<(), sqlx::Error> {
    on_tx!(&mut *tx, on => sqlx::query(
        "insert into ledger_commit (id, posted_us, lease_epoch, journal_last, leg_last, tap_state_last, hash) \
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(row.id)
    .bind(row.posted_us)
    .bind(row.lease_epoch)
    .bind(row.journal_last)
    .bind(row.leg_last)
    .bind(row.tap_state_last)
    .bind(row.hash.as_slice())
    .execute(on)
    .await
    .map(drop)?);
    on_tx!(tx, on => sqlx::query("insert into ledger_salt (commit_id, salt) values ($1, $2)")
        .bind(row.id)
        .bind(salt)
        .execute(on)
        .await
        .map(drop))
}
