//! `psp_line`, `bank_line`: what payment services and banks report, with the class that each line got.
//!
//! A file is stored once, by its SHA-256, in one transaction with the postings and discrepancies that follow from it.

use crate::audit::{self, Actor, Change};
use crate::ledger::{self, FareCommit};
use crate::sql::{Many, Tx, many, many_rows, on_pool, on_tx};
use crate::words::{known, words};
use crate::{Db, StoreError};
use fares::reconcile::{bank, psp};
use fares::{Account, Satang};
use gtfs::ServiceDay;
use std::sync::{Arc, LazyLock};

/// Who wrote a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A payment service.
    Psp,
    /// A bank.
    Bank,
}

words!(Source { Psp = "psp", Bank = "bank" });

/// A file, its lines with the word of their class, and what follows from them.
#[derive(Clone, Debug)]
pub struct Statement {
    /// SHA-256 of its bytes.
    pub sha256: Vec<u8>,
    /// Who wrote it.
    pub source: Source,
    /// The payment service, or the account at the bank.
    pub party: Arc<str>,
    /// The name of the file.
    pub name: Arc<str>,
    /// Lines that could not be read.
    pub refused: u32,
    /// The lines of a payment service.
    pub psp: Vec<(psp::Line, Arc<str>)>,
    /// The lines of a bank.
    pub bank: Vec<(bank::Line, Arc<str>)>,
    /// The postings and discrepancies.
    pub commit: FareCommit,
}

static PSP: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into psp_line (file, line, psp, reference, day, status, amount_satang, fee_satang, payout, class) \
         values",
        10,
        "",
    )
});

static BANK: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into bank_line (file, line, account, reference, day, amount_satang, description, class) values",
        8,
        "",
    )
});

macro_rules! psp_columns {
    () => {
        "select psp, line, reference, day, status, amount_satang, fee_satang, payout from psp_line "
    };
}

static BY_REFERENCE: LazyLock<Many> = LazyLock::new(|| {
    Many::new(concat!(psp_columns!(), "where (psp, reference) in (values"), 2, ") order by id")
});

static BY_PAYOUT: LazyLock<Many> = LazyLock::new(|| {
    Many::new(concat!(psp_columns!(), "where payout <> '' and payout in (values"), 1, ") order by id")
});

static BANK_BY_REFERENCE: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "select line, reference, day, amount_satang, description from bank_line where (account, reference) in (values",
        2,
        ") order by id",
    )
});

impl Db {
    /// Whether this very file was stored before.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn statement_known(&self, sha256: &[u8]) -> Result<bool, StoreError> {
        let row: Option<(i64,)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select read_us from statement_file where sha256 = $1",
        )
        .bind(sha256)
        .fetch_optional(on)
        .await?);
        Ok(row.is_some())
    }

    /// Stores a file with all that follows from it; `false` when it was stored before, and nothing happened.
    ///
    /// # Errors
    /// As [`Db::fares_commit`].
    pub async fn statement_store(&self, statement: &Statement, by: &Actor) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let lines = statement.psp.len() + statement.bank.len();
        let new = on_tx!(&mut tx, on => sqlx::query(
            "insert into statement_file (sha256, source, party, name, lines, refused, read_us) \
             values ($1, $2, $3, $4, $5, $6, $7) on conflict (sha256) do nothing",
        )
        .bind(statement.sha256.as_slice())
        .bind(statement.source.word())
        .bind(Arc::clone(&statement.party))
        .bind(Arc::clone(&statement.name))
        .bind(i64::try_from(lines).unwrap_or(i64::MAX))
        .bind(i64::from(statement.refused))
        .bind(by.at.0)
        .execute(on)
        .await?
        .rows_affected());
        if new == 0 {
            return Ok(false);
        }
        insert(&mut tx, statement).await?;
        ledger::commit_in(&mut tx, &statement.commit, &mut ledger::KnownHeads::default()).await?;
        let change = Change {
            action: "statement_store".into(),
            subject: format!("{}:{}", statement.source.word(), statement.party),
            after: format!("{} with {lines} lines, {} refused", statement.name, statement.refused),
            ..Change::default()
        };
        audit::append(&mut tx, by, &change).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The stored lines with these references of a payment service, in the order in which they were stored.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn psp_lines(&self, psp: &str, references: &[Arc<str>]) -> Result<Vec<psp::Line>, StoreError> {
        let rows =
            many_rows!(pool & self.reads, BY_REFERENCE, references, PspColumns, |query, reference| query
                .bind(psp)
                .bind(Arc::clone(reference)));
        rows.into_iter().map(|row| row.read().map(|(_, line)| line)).collect()
    }

    /// The stored lines of these payouts, each with its payment service.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn psp_lines_of_payouts(
        &self,
        payouts: &[Arc<str>],
    ) -> Result<Vec<(Arc<str>, psp::Line)>, StoreError> {
        let rows = many_rows!(pool & self.reads, BY_PAYOUT, payouts, PspColumns, |query, payout| query
            .bind(Arc::clone(payout)));
        rows.into_iter().map(PspColumns::read).collect()
    }

    /// The stored lines with these references of an account at a bank.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn bank_lines(
        &self,
        account: &str,
        references: &[Arc<str>],
    ) -> Result<Vec<bank::Line>, StoreError> {
        type Columns = (i64, String, String, i64, String);
        let rows =
            many_rows!(pool & self.reads, BANK_BY_REFERENCE, references, Columns, |query, reference| query
                .bind(account)
                .bind(Arc::clone(reference)));
        let line = |(line, reference, day, amount, description): Columns| {
            Ok(bank::Line {
                number: u32::try_from(line).unwrap_or_default(),
                day: known("bank_line", &reference, "day", &day, ServiceDay::parse(&day))?,
                reference: reference.into(),
                amount: Satang(amount),
                description: description.into(),
            })
        };
        rows.into_iter().map(line).collect()
    }

    /// What the ledger has of payments through a payment service on these days, both included: top-ups and deposits
    /// above zero, chargebacks below.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn psp_booked(
        &self,
        psp: &str,
        from: ServiceDay,
        to: ServiceDay,
    ) -> Result<Vec<psp::Booked>, StoreError> {
        let account = Account::PspReceivable(psp.into());
        let rows: Vec<(i64,)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select journal.id from journal_account join journal on journal.id = journal_account.journal \
             where journal_account.account = $1 and journal.kind in ('top_up', 'deposit', 'chargeback') \
             and journal.service_day between $2 and $3 order by journal.id",
        )
        .bind(account.to_string())
        .bind(from.to_string())
        .bind(to.to_string())
        .fetch_all(on)
        .await?);
        let prefix = format!("psp:{psp}:");
        let mut booked = Vec::with_capacity(rows.len());
        for (id,) in rows {
            for stored in self.journals_after(id - 1, 1).await? {
                let cause = stored.journal.cause.strip_prefix(&prefix).unwrap_or(&stored.journal.cause);
                let amount: i64 = stored
                    .journal
                    .postings
                    .iter()
                    .filter(|posting| posting.account == account)
                    .map(|posting| posting.debit.0)
                    .sum();
                booked.push(psp::Booked {
                    reference: cause.strip_suffix(":chargeback").unwrap_or(cause).into(),
                    day: stored.journal.service_day,
                    amount: Satang(amount),
                });
            }
        }
        Ok(booked)
    }
}

async fn insert(tx: &mut Tx, statement: &Statement) -> Result<(), sqlx::Error> {
    many!(
        &mut *tx,
        PSP,
        &statement.psp,
        |query, row| query
            .bind(statement.sha256.as_slice())
            .bind(i64::from(row.0.number))
            .bind(Arc::clone(&statement.party))
            .bind(Arc::clone(&row.0.reference))
            .bind(row.0.day.to_string())
            .bind(row.0.status.word())
            .bind(row.0.amount.0)
            .bind(row.0.fee.0)
            .bind(Arc::clone(&row.0.payout))
            .bind(Arc::clone(&row.1)),
        |query, on| query.execute(on).await?
    );
    many!(
        tx,
        BANK,
        &statement.bank,
        |query, row| query
            .bind(statement.sha256.as_slice())
            .bind(i64::from(row.0.number))
            .bind(Arc::clone(&statement.party))
            .bind(Arc::clone(&row.0.reference))
            .bind(row.0.day.to_string())
            .bind(row.0.amount.0)
            .bind(Arc::clone(&row.0.description))
            .bind(Arc::clone(&row.1)),
        |query, on| query.execute(on).await?
    );
    Ok(())
}

#[derive(sqlx::FromRow)]
struct PspColumns {
    psp: String,
    line: i64,
    reference: String,
    day: String,
    status: String,
    amount_satang: i64,
    fee_satang: i64,
    payout: String,
}

impl PspColumns {
    fn read(self) -> Result<(Arc<str>, psp::Line), StoreError> {
        let name = self.reference.as_str();
        let line = psp::Line {
            number: u32::try_from(self.line).unwrap_or_default(),
            day: known("psp_line", name, "day", &self.day, ServiceDay::parse(&self.day))?,
            status: known("psp_line", name, "status", &self.status, psp::Status::from_word(&self.status))?,
            reference: self.reference.into(),
            amount: Satang(self.amount_satang),
            fee: Satang(self.fee_satang),
            payout: self.payout.into(),
        };
        Ok((self.psp.into(), line))
    }
}
