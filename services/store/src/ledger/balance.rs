//! `balance`: what stands on each account, a cache of the journals; `journal_account`: which journals those are.

use crate::sql::{Many, Tx, many, many_rows, on_pool};
use crate::{Db, StoreError};
use fares::{Account, Books, Journal, JournalKind, Posting, Satang};
use gtfs::ServiceDay;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What stands on an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The account.
    pub account: Account,
    /// Debits less credits; what is owed is below zero.
    pub debit: Satang,
    /// The last journal that touched it.
    pub journal: i64,
}

/// Journals summed up at a time.
const PAGE_ROWS: u32 = 10_000;

static UPSERT: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into balance (account, debit_satang, journal) values",
        3,
        "on conflict (account) do update set debit_satang = balance.debit_satang + excluded.debit_satang, \
         journal = excluded.journal",
    )
});

static READ: LazyLock<Many> = LazyLock::new(|| {
    Many::new("select account, debit_satang, journal from balance where account in (values", 1, ")")
});

static NAMED: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into journal_account (account, journal) values",
        2,
        "on conflict (account, journal) do nothing",
    )
});

/// Adds journals, with their numbers, to the balances.
pub(super) async fn add(tx: &mut Tx, journals: &[(i64, &Journal)]) -> Result<(), StoreError> {
    let mut changed: BTreeMap<&Account, (Satang, i64)> = BTreeMap::new();
    for (id, posting) in
        journals.iter().flat_map(|(id, journal)| journal.postings.iter().map(move |p| (*id, p)))
    {
        let (debit, last) = changed.entry(&posting.account).or_default();
        *debit = debit.checked_add(posting.debit).ok_or_else(beyond)?;
        *last = id;
    }
    // Text sorts as the table does, so that its pages are met once each.
    let mut rows: Vec<(String, Satang, i64)> =
        changed.into_iter().map(|(account, (debit, last))| (account.to_string(), debit, last)).collect();
    rows.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    many!(
        tx,
        UPSERT,
        &rows,
        |query, row| query.bind(row.0.as_str()).bind(row.1.0).bind(row.2),
        |query, on| query.execute(on).await?
    );
    name(tx, journals.iter().filter(|(_, journal)| journal.kind != JournalKind::Fare).copied()).await?;
    Ok(())
}

fn beyond() -> StoreError {
    StoreError::Refused("the postings of this commit take an account beyond the range of money".into())
}

/// Notes under each account the journals that touch it.
async fn name(tx: &mut Tx, journals: impl Iterator<Item = (i64, &Journal)>) -> Result<(), sqlx::Error> {
    let account = |posting: &Posting| posting.account.to_string();
    let mut rows: Vec<(String, i64)> =
        journals.flat_map(|(id, journal)| journal.postings.iter().map(move |p| (account(p), id))).collect();
    rows.sort_unstable();
    rows.dedup();
    many!(tx, NAMED, &rows, |query, row| query.bind(row.0.as_str()).bind(row.1), |query, on| query
        .execute(on)
        .await?);
    Ok(())
}

impl Db {
    /// What stands on each of these accounts; one that was never posted to is left out.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn balances(&self, accounts: &[Account]) -> Result<Vec<Balance>, StoreError> {
        let names: Vec<String> = accounts.iter().map(Account::to_string).collect();
        let rows = many_rows!(pool & self.reads, READ, &names, (String, i64, i64), |query, name| query
            .bind(name.as_str()));
        rows.into_iter().map(balance).collect()
    }

    /// What stands on every account, at most `rows_max` after the account with this text, in the order of texts.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn balances_after(&self, account: &str, rows_max: u32) -> Result<Vec<Balance>, StoreError> {
        let rows: Vec<(String, i64, i64)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select account, debit_satang, journal from balance where account > $1 order by account limit $2",
        )
        .bind(account)
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        rows.into_iter().map(balance).collect()
    }

    /// The journals that touch an account, at most `rows_max` after `id`, oldest first: those of rides once their
    /// day has been closed.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn journal_ids_of(
        &self,
        account: &Account,
        id: i64,
        rows_max: u32,
    ) -> Result<Vec<i64>, StoreError> {
        let rows: Vec<(i64,)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select journal from journal_account where account = $1 and journal > $2 order by journal limit $3",
        )
        .bind(account.to_string())
        .bind(id)
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Notes under each account the journals of the rides of a day's books. Said twice it is the same.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn journal_accounts_write(&self, day: ServiceDay) -> Result<(), StoreError> {
        let mut id = 0;
        loop {
            let page = self.journals_of_day(day, id, PAGE_ROWS).await?;
            let Some(last) = page.last() else { return Ok(()) };
            id = last.id;
            let mut tx = self.begin().await?;
            name(&mut tx, page.iter().map(|row| (row.id, &row.journal))).await?;
            tx.commit().await?;
        }
    }

    /// What is owed to riders: on cards, debts of others not subtracted, with deposits and sleeping balances.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn float(&self) -> Result<Satang, StoreError> {
        // The sign after the colon is the next after it: every card stands in between.
        let (owed,): (i64,) = on_pool!(&self.reads, on => sqlx::query_as(
            "select cast(coalesce(-sum(debit_satang), 0) as bigint) from balance where debit_satang < 0 \
             and (account >= 'card:' and account < 'card;' or account in ('card_deposit', 'dormant'))",
        )
        .fetch_one(on)
        .await?);
        Ok(Satang(owed))
    }

    /// Books of those journals alone that touch money in suspense: for its age.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn suspense_books(&self) -> Result<Books, StoreError> {
        let rows: Vec<(i64,)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select distinct journal from journal_account where account >= 'suspense:' and account < 'suspense;' \
             order by journal",
        )
        .fetch_all(on)
        .await?);
        let mut books = Books::default();
        for (id,) in rows {
            for row in self.journals_after(id - 1, 1).await? {
                books.add(&row.journal).map_err(|breach| StoreError::Unreadable(breach.to_string()))?;
            }
        }
        Ok(books)
    }

    /// The books of all journals up to `last`, summed up again from the journals alone, and the last journal in them.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] for a journal that does not sum to zero, or [`StoreError::Away`].
    pub async fn books(&self, last: i64) -> Result<(Books, i64), StoreError> {
        let (mut books, mut id) = (Books::default(), 0);
        loop {
            let page = self.journals_after(id, PAGE_ROWS).await?;
            let Some(end) = page.last().map(|row| row.id) else { return Ok((books, id)) };
            for row in page.iter().take_while(|row| row.id <= last) {
                books.add(&row.journal).map_err(|breach| StoreError::Unreadable(breach.to_string()))?;
                id = row.id;
            }
            if end > last {
                return Ok((books, id));
            }
        }
    }
}

fn balance((account, debit, journal): (String, i64, i64)) -> Result<Balance, StoreError> {
    let parsed = Account::parse(&account);
    let account =
        parsed.ok_or_else(|| StoreError::Unreadable(format!("balance: {account:?} is no account")))?;
    Ok(Balance { account, debit: Satang(debit), journal })
}
