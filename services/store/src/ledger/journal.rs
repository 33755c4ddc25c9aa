//! `journal`: money that moved, a row each, with its lines as text.

use super::Days;
use super::chain::{Fields, HASH_BYTES, Link};
use crate::sql::{Many, Tx, Word, many, many_rows, on_pool};
use crate::{Db, StoreError};
use fares::{Account, Journal, JournalKind, LegId, Posting, Satang};
use gtfs::{ServiceDay, Timestamp};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, LazyLock};

/// A journal and its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredJournal {
    /// Rises by one, in the order of commits.
    pub id: i64,
    /// The journal.
    pub journal: Journal,
    /// SHA-256 over the row.
    pub digest: Vec<u8>,
}

/// A row as it stands in the table.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Columns {
    pub(super) id: i64,
    kind: Word,
    cause: Word,
    service_day: Word,
    posting_day: Word,
    effective_us: i64,
    posted_us: i64,
    postings: Word,
    pub(super) digest: Vec<u8>,
}

macro_rules! journal_columns {
    () => {
        "select id, kind, cause, service_day, posting_day, effective_us, posted_us, postings, digest from journal "
    };
}

static INSERT: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into journal (id, kind, cause, service_day, posting_day, effective_us, posted_us, postings, \
         digest) values",
        9,
        "",
    )
});

static BY_CAUSE: LazyLock<Many> = LazyLock::new(|| {
    Many::new(concat!(journal_columns!(), "where kind <> 'fare' and cause in (values"), 1, ")")
});

impl Columns {
    pub(super) fn new(id: i64, journal: &Journal, days: &mut Days) -> Self {
        let mut row = Self {
            id,
            kind: journal.kind.word().into(),
            cause: Word::from(&journal.cause),
            service_day: days.text(journal.service_day),
            posting_day: days.text(journal.posting_day),
            effective_us: journal.effective.0,
            posted_us: journal.posted.0,
            postings: pack(&journal.postings).into(),
            digest: Vec::new(),
        };
        row.digest = row.computed().to_vec();
        row
    }

    /// The digest that the row should have.
    pub(super) fn computed(&self) -> [u8; HASH_BYTES] {
        Fields::of("journal")
            .int(self.id)
            .text(&self.kind)
            .text(&self.cause)
            .text(&self.service_day)
            .text(&self.posting_day)
            .int(self.effective_us)
            .int(self.posted_us)
            .text(&self.postings)
            .end()
    }

    /// What a row that is being written adds to the chain.
    pub(super) fn link(&self) -> Link {
        let mut kept = [0; HASH_BYTES];
        kept.copy_from_slice(&self.digest);
        Link { kept, place: Vec::new() }
    }

    /// What a row that was read adds to the chain, if it is as it was written.
    pub(super) fn link_read(&self) -> Link {
        Link { kept: self.computed(), place: Vec::new() }
    }

    /// Whether `journal` says the same: the days and hours of posting may differ when it is made again.
    fn says(&self, journal: &Journal) -> bool {
        &*self.kind == journal.kind.word()
            && *self.service_day == *journal.service_day.to_string()
            && self.effective_us == journal.effective.0
            && *self.postings == *pack(&journal.postings)
    }

    pub(super) fn read(self) -> Result<StoredJournal, StoreError> {
        let wrong =
            |field: &str| StoreError::Unreadable(format!("journal {}: its {field} can not be read", self.id));
        let journal = Journal {
            kind: JournalKind::from_word(&self.kind).ok_or_else(|| wrong("kind"))?,
            service_day: ServiceDay::parse(&self.service_day).ok_or_else(|| wrong("service_day"))?,
            posting_day: ServiceDay::parse(&self.posting_day).ok_or_else(|| wrong("posting_day"))?,
            effective: Timestamp(self.effective_us),
            posted: Timestamp(self.posted_us),
            postings: unpack(&self.postings).ok_or_else(|| wrong("postings"))?,
            cause: self.cause.into(),
        };
        Ok(StoredJournal { id: self.id, journal, digest: self.digest })
    }
}

/// A line each: account, debit, and where it is a leg's, leg and revision.
fn pack(postings: &[Posting]) -> String {
    let mut text = String::with_capacity(postings.len() * 64);
    for posting in postings {
        // Writing to a string cannot fail.
        _ = write!(text, "{}\t{}", posting.account, posting.debit.0);
        if let Some((leg, rev)) = &posting.leg {
            _ = write!(text, "\t{leg}\t{rev}");
        }
        text.push('\n');
    }
    text
}

fn unpack(text: &str) -> Option<Vec<Posting>> {
    let line = |line: &str| {
        let mut fields = line.split('\t');
        let (account, debit) = (Account::parse(fields.next()?)?, Satang(fields.next()?.parse().ok()?));
        let leg = match (fields.next(), fields.next()) {
            (None, None) => None,
            (Some(leg), Some(rev)) => Some((LegId::parse(leg)?, rev.parse().ok()?)),
            _ => return None,
        };
        Some(Posting { account, debit, leg })
    };
    text.lines().map(line).collect()
}

/// Refuses a journal that does not sum to zero, is empty, or whose names would break its row.
pub(super) fn check(journal: &Journal) -> Result<(), StoreError> {
    if let Some(breach) = fares::invariants::balanced(journal) {
        return Err(StoreError::Refused(breach.to_string()));
    }
    if journal.postings.is_empty() {
        return Err(StoreError::Refused(format!("journal {:?} has no lines", journal.cause)));
    }
    let breaks = |posting: &Posting| {
        let id = match &posting.account {
            Account::Card(id)
            | Account::PspReceivable(id)
            | Account::CashAgent(id)
            | Account::Bank(id)
            | Account::AgencyPayable(id)
            | Account::Suspense(id) => id,
            _ => return false,
        };
        id.contains(char::is_control)
    };
    if journal.postings.iter().any(breaks) {
        let cause = &journal.cause;
        return Err(StoreError::Refused(format!(
            "journal {cause:?}: an account has a tab or line end in its name"
        )));
    }
    Ok(())
}

/// The journals that are new, and the causes of those that were posted before, just so.
pub(super) async fn sift<'a>(
    tx: &mut Tx,
    journals: &'a [Journal],
) -> Result<(Vec<&'a Journal>, Vec<Arc<str>>), StoreError> {
    let causes: Vec<&str> = journals
        .iter()
        .filter(|journal| journal.kind != JournalKind::Fare)
        .map(|journal| &*journal.cause)
        .collect();
    let rows = many_rows!(tx tx, BY_CAUSE, &causes, Columns, |query, cause| query.bind(*cause));
    let stored: HashMap<Word, Columns> = rows.into_iter().map(|row| (row.cause.clone(), row)).collect();
    let (mut fresh, mut known) = (Vec::with_capacity(journals.len()), Vec::new());
    for journal in journals {
        match stored.get(&Word::from(&journal.cause)).filter(|_| journal.kind != JournalKind::Fare) {
            None => fresh.push(journal),
            Some(row) if row.says(journal) => known.push(Arc::clone(&journal.cause)),
            Some(row) => {
                return Err(StoreError::Refused(format!(
                    "journal {} has the cause {:?} already and says something else",
                    row.id, journal.cause
                )));
            }
        }
    }
    Ok((fresh, known))
}

pub(super) async fn insert(tx: &mut Tx, rows: &[Columns]) -> Result<(), sqlx::Error> {
    many!(
        tx,
        INSERT,
        rows,
        |query, row| query
            .bind(row.id)
            .bind(Arc::clone(&row.kind.0))
            .bind(Arc::clone(&row.cause.0))
            .bind(Arc::clone(&row.service_day.0))
            .bind(Arc::clone(&row.posting_day.0))
            .bind(row.effective_us)
            .bind(row.posted_us)
            .bind(Arc::clone(&row.postings.0))
            .bind(row.digest.as_slice()),
        |query, on| query.execute(on).await?
    );
    Ok(())
}

/// Rows with ids from `first` to `last`, as they stand.
pub(super) async fn rows(db: &Db, first: i64, last: i64) -> Result<Vec<Columns>, StoreError> {
    Ok(on_pool!(&db.reads, on => sqlx::query_as(
        concat!(journal_columns!(), "where id between $1 and $2 order by id"),
    )
    .bind(first)
    .bind(last)
    .fetch_all(on)
    .await?))
}

impl Db {
    /// At most `rows_max` journals after `id`, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn journals_after(&self, id: i64, rows_max: u32) -> Result<Vec<StoredJournal>, StoreError> {
        let last = id.saturating_add(i64::from(rows_max));
        rows(self, id.saturating_add(1), last).await?.into_iter().map(Columns::read).collect()
    }

    /// At most `rows_max` journals before `id`, newest first.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn journals_before(&self, id: i64, rows_max: u32) -> Result<Vec<StoredJournal>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(journal_columns!(), "where id < $1 order by id desc limit $2"),
        )
        .bind(id)
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        rows.into_iter().map(Columns::read).collect()
    }

    /// The journals in the books of `day`, at most `rows_max` after `id`, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn journals_of_day(
        &self,
        day: ServiceDay,
        id: i64,
        rows_max: u32,
    ) -> Result<Vec<StoredJournal>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(journal_columns!(), "where posting_day = $1 and id > $2 order by id limit $3"),
        )
        .bind(day.to_string())
        .bind(id)
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        rows.into_iter().map(Columns::read).collect()
    }

    /// The journal of a cause that is not a ride's.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn journal_of_cause(&self, cause: &str) -> Result<Option<StoredJournal>, StoreError> {
        let row: Option<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(journal_columns!(), "where kind <> 'fare' and cause = $1"),
        )
        .bind(cause)
        .fetch_optional(on)
        .await?);
        row.map(Columns::read).transpose()
    }
}
