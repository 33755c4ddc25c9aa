//! Reading the whole ledger again: every row against its digest, every commit against the chain, every cache against
//! the rows.
//!
//! Proves: no row was changed, removed or put in between since its commit. What it does not look at: holds and
//! cursors, which come and go. A head that was changed with all of its rows shows against the root of a closed day.

use super::chain::{CommitRow, Link};
use super::head::{CardHead, Head};
use super::{journal, leg, tap_state};
use crate::sql::{Word, on_pool};
use crate::{Db, StoreError};
use fares::{Account, Books};
use gtfs::Timestamp;
use std::collections::HashMap;

/// Commits read at a time.
const PAGE_COMMITS: i64 = 2_000;
/// Rows of one table read at a time.
const PAGE_ROWS: i64 = 50_000;
/// Faults named at most; more add nothing.
pub const FAULTS_MAX: usize = 100;

/// One thing that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The row or commit: `journal 17`, `leg 4`, `tap_state 9`, `commit 2`. Never a card token.
    pub place: String,
    /// One sentence.
    pub reason: String,
}

/// How much was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerRows {
    /// Commits.
    pub commits: u64,
    /// Journals.
    pub journals: u64,
    /// Revisions of legs.
    pub legs: u64,
    /// States of taps.
    pub taps: u64,
    /// Legs and taps whose places were generalised, so that only the rest can be proven.
    pub generalised: u64,
    /// Accounts whose balance was compared with the journals.
    pub balances: u64,
}

/// What reading the whole ledger again came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerVerdict {
    /// How much was read.
    pub rows: LedgerRows,
    /// What is not as it was written, at most [`FAULTS_MAX`]; empty when all is.
    pub faults: Vec<Fault>,
}

impl LedgerVerdict {
    fn fault(&mut self, place: String, reason: &str) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault { place, reason: reason.into() });
        }
    }
}

impl Db {
    /// Reads every row of the ledger again and checks it, and the balances that are kept.
    ///
    /// # Errors
    /// [`StoreError::Away`], or [`StoreError::Unreadable`] for a value that is not even of its kind.
    pub async fn ledger_verify(&self) -> Result<LedgerVerdict, StoreError> {
        let mut walk = Walk::default();
        walk.all(self).await?;
        walk.end(self).await?;
        walk.balances(self).await?;
        walk.card_heads(self).await?;
        Ok(walk.verdict)
    }

    /// As [`Db::ledger_verify`], of what was committed at `since` or later, and that all balances sum to zero: what a
    /// close needs, in a time that does not grow with the years.
    ///
    /// # Errors
    /// As [`Db::ledger_verify`].
    pub async fn ledger_verify_since(&self, since: Timestamp) -> Result<LedgerVerdict, StoreError> {
        let mut walk = Walk::default();
        if let Some(before) = commit_before(self, since).await? {
            walk.computed.clone_from(&before.hash);
            walk.at = before.into();
        }
        walk.all(self).await?;
        walk.end(self).await?;
        let (total,): (i64,) = on_pool!(&self.reads, on => sqlx::query_as(
            "select cast(coalesce(sum(debit_satang), 0) as bigint) from balance",
        )
        .fetch_one(on)
        .await?);
        if total != 0 {
            walk.verdict.fault("balance".into(), "all accounts together are not zero");
        }
        Ok(walk.verdict)
    }
}

/// The last commit before a time.
async fn commit_before(db: &Db, time: Timestamp) -> Result<Option<CommitRow>, StoreError> {
    Ok(on_pool!(&db.reads, on => sqlx::query_as(
        "select id, posted_us, lease_epoch, journal_last, leg_last, tap_state_last, hash from ledger_commit \
         where posted_us < $1 order by id desc limit 1",
    )
    .bind(time.0)
    .fetch_optional(on)
    .await?))
}

async fn commits(db: &Db, after: i64) -> Result<Vec<CommitRow>, StoreError> {
    Ok(on_pool!(&db.reads, on => sqlx::query_as(
        "select id, posted_us, lease_epoch, journal_last, leg_last, tap_state_last, hash from ledger_commit \
         where id > $1 order by id limit $2",
    )
    .bind(after)
    .bind(PAGE_COMMITS)
    .fetch_all(on)
    .await?))
}

#[derive(Default)]
struct Walk {
    /// Where the walk stands, as the stored rows have it.
    at: StoredHead,
    /// The hash that the last commit should have.
    computed: Vec<u8>,
    cards: HashMap<Word, CardHead>,
    books: Books,
    verdict: LedgerVerdict,
}

#[derive(Default)]
struct StoredHead {
    commit_id: i64,
    journal: i64,
    leg: i64,
    tap_state: i64,
    hash: Vec<u8>,
}

/// Rows of one page, taken from the front commit by commit.
struct Rows {
    journals: std::iter::Peekable<std::vec::IntoIter<journal::Columns>>,
    legs: std::iter::Peekable<std::vec::IntoIter<leg::Columns>>,
    taps: std::iter::Peekable<std::vec::IntoIter<tap_state::Columns>>,
    salts: HashMap<i64, Vec<u8>>,
}

impl From<CommitRow> for StoredHead {
    fn from(row: CommitRow) -> Self {
        Self {
            commit_id: row.id,
            journal: row.journal_last,
            leg: row.leg_last,
            tap_state: row.tap_state_last,
            hash: row.hash,
        }
    }
}

impl Walk {
    /// Every commit after where it stands.
    async fn all(&mut self, db: &Db) -> Result<(), StoreError> {
        loop {
            let commits = commits(db, self.at.commit_id).await?;
            if commits.is_empty() {
                return Ok(());
            }
            self.pages(db, &commits).await?;
        }
    }

    async fn pages(&mut self, db: &Db, commits: &[CommitRow]) -> Result<(), StoreError> {
        let mut rest = commits;
        while let Some(first) = rest.first() {
            let fits = |commit: &CommitRow| {
                commit.journal_last.saturating_sub(self.at.journal) <= PAGE_ROWS
                    && commit.leg_last.saturating_sub(self.at.leg) <= PAGE_ROWS
                    && commit.tap_state_last.saturating_sub(self.at.tap_state) <= PAGE_ROWS
            };
            let count = rest.iter().take_while(|commit| fits(commit)).count().max(1);
            let (page, tail) = rest.split_at(count);
            let last = page.last().unwrap_or(first);
            let mut rows = Rows {
                journals: journal::rows(db, self.at.journal.saturating_add(1), last.journal_last)
                    .await?
                    .into_iter()
                    .peekable(),
                legs: leg::rows(db, self.at.leg.saturating_add(1), last.leg_last)
                    .await?
                    .into_iter()
                    .peekable(),
                taps: tap_state::rows(db, self.at.tap_state.saturating_add(1), last.tap_state_last)
                    .await?
                    .into_iter()
                    .peekable(),
                salts: salts(db, first.id, last.id).await?,
            };
            for commit in page {
                self.commit(commit, &mut rows);
            }
            rest = tail;
        }
        Ok(())
    }

    fn commit(&mut self, commit: &CommitRow, rows: &mut Rows) {
        self.missing("commit", self.at.commit_id, commit.id - 1);
        let before = self.verdict.faults.len();
        let salt = rows.salts.remove(&commit.id);
        let mut links = Vec::new();
        let mut places = Places::new(salt.as_deref());
        self.journals(commit, rows, &mut links);
        self.legs(commit, rows, &mut links, &mut places);
        self.taps(commit, rows, &mut links, &mut places);
        places.report(commit.id, &mut self.verdict);
        // Whoever follows a changed commit may follow it as it was, or as it is now.
        let computed = commit.chained(&self.at.hash, links.iter());
        let whole = commit.hash == computed || commit.hash == commit.chained(&self.computed, links.iter());
        if !whole && self.verdict.faults.len() == before {
            self.verdict.fault(
                format!("commit {}", commit.id),
                "its rows are not those that were committed together",
            );
        }
        self.verdict.rows.commits += 1;
        self.computed = computed;
        self.at = commit.clone().into();
    }

    fn journals(&mut self, commit: &CommitRow, rows: &mut Rows, links: &mut Vec<Link>) {
        let mut id = self.at.journal;
        while let Some(row) = rows.journals.next_if(|row| row.id <= commit.journal_last) {
            self.missing("journal", id, row.id - 1);
            id = row.id;
            self.verdict.rows.journals += 1;
            let link = row.link_read();
            let is_as_written = row.digest == link.kept;
            links.push(link);
            if !is_as_written {
                self.verdict.fault(format!("journal {id}"), CHANGED);
                continue;
            }
            let added = row.read().map(|row| self.books.add(&row.journal));
            if !matches!(added, Ok(Ok(()))) {
                self.verdict
                    .fault(format!("journal {id}"), "its postings do not sum to zero, or can not be read");
            }
        }
        self.missing("journal", id, commit.journal_last);
    }

    fn legs(&mut self, commit: &CommitRow, rows: &mut Rows, links: &mut Vec<Link>, places: &mut Places<'_>) {
        let mut id = self.at.leg;
        while let Some(row) = rows.legs.next_if(|row| row.id <= commit.leg_last) {
            self.missing("leg", id, row.id - 1);
            id = row.id;
            self.verdict.rows.legs += 1;
            let link = row.link_read();
            let is_as_written = row.is_as_written(&link);
            links.push(link);
            if !is_as_written {
                self.verdict.fault(format!("leg {id}"), CHANGED);
            }
            places.see("leg", id, |salt| row.digest_place == row.computed_place(salt), row.is_general());
            self.cards.entry(row.card).or_default().leg = id;
        }
        self.missing("leg", id, commit.leg_last);
    }

    fn taps(&mut self, commit: &CommitRow, rows: &mut Rows, links: &mut Vec<Link>, places: &mut Places<'_>) {
        let mut id = self.at.tap_state;
        while let Some(row) = rows.taps.next_if(|row| row.id <= commit.tap_state_last) {
            self.missing("tap_state", id, row.id - 1);
            id = row.id;
            self.verdict.rows.taps += 1;
            let link = row.link_read();
            let is_as_written = row.is_as_written(&link);
            links.push(link);
            if !is_as_written {
                self.verdict.fault(format!("tap_state {id}"), CHANGED);
            }
            places.see(
                "tap_state",
                id,
                |salt| row.digest_place == row.computed_place(salt),
                row.is_general(),
            );
            self.cards.entry(row.card).or_default().tap_state = id;
        }
        self.missing("tap_state", id, commit.tap_state_last);
    }

    /// Names the rows after `id` up to `last`, of which there should be none.
    fn missing(&mut self, table: &str, id: i64, last: i64) {
        match last.saturating_sub(id) {
            ..=0 => {}
            1 => self.verdict.fault(format!("{table} {last}"), "the row is missing"),
            _ => self
                .verdict
                .fault(format!("{table} {} to {last}", id.saturating_add(1)), "the rows are missing"),
        }
    }

    /// The head against what was read.
    async fn end(&mut self, db: &Db) -> Result<(), StoreError> {
        let head: Head = on_pool!(&db.reads, on => sqlx::query_as(
            "select commit_id, journal, leg, tap_state, hash from ledger_head where one = 1",
        )
        .fetch_one(on)
        .await?);
        let at = &self.at;
        let walked = (at.commit_id, at.journal, at.leg, at.tap_state);
        if (head.commit_id, head.journal, head.leg, head.tap_state) != walked || head.hash != at.hash {
            self.verdict
                .fault(format!("commit {}", head.commit_id), "the head names another end of the chain");
        }
        let after: Vec<(String, i64)> = on_pool!(&db.reads, on => sqlx::query_as(
            "select 'journal', id from journal where id > $1 union all select 'leg', id from leg where id > $2 \
             union all select 'tap_state', id from tap_state where id > $3",
        )
        .bind(at.journal)
        .bind(at.leg)
        .bind(at.tap_state)
        .fetch_all(on)
        .await?);
        for (table, id) in after {
            self.verdict.fault(format!("{table} {id}"), "the row stands after the last commit");
        }
        Ok(())
    }

    /// Where a journal is not as it was written nobody can say what a balance should be.
    async fn balances(&mut self, db: &Db) -> Result<(), StoreError> {
        if self.verdict.faults.iter().any(|fault| fault.place.starts_with("journal")) {
            return Ok(());
        }
        let (mut after, mut met) = (String::new(), 0);
        loop {
            let page = db.balances_after(&after, PAGE_ROWS as u32).await?;
            let Some(last) = page.last() else { break };
            after = last.account.to_string();
            for balance in page {
                met += 1;
                if self.books.debit(&balance.account) != balance.debit {
                    self.verdict
                        .fault(shown(&balance.account, balance.journal), "it is not the sum of its journals");
                }
            }
        }
        self.verdict.rows.balances = met;
        if met != self.books.accounts().count() as u64 {
            self.verdict.fault("balance".into(), "an account has no row, or a row no account");
        }
        Ok(())
    }

    async fn card_heads(&mut self, db: &Db) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let page: Vec<(Word, i64, i64)> = on_pool!(&db.reads, on => sqlx::query_as(
                "select card, tap_state, leg from card_head where card > $1 order by card limit $2",
            )
            .bind(after.as_str())
            .bind(PAGE_ROWS)
            .fetch_all(on)
            .await?);
            let Some(last) = page.last() else { break };
            after = last.0.to_string();
            for (card, tap_state, leg) in page {
                let met = self.cards.remove(&card).unwrap_or_default();
                if (met.tap_state, met.leg) != (tap_state, leg) {
                    let place = format!("card_head with tap_state {tap_state}, leg {leg}");
                    self.verdict.fault(place, "these are not the newest rows of the card");
                }
            }
        }
        if !self.cards.is_empty() {
            self.verdict.fault("card_head".into(), "a card that has rows is missing");
        }
        Ok(())
    }
}

const CHANGED: &str = "the row is not as it was written";

/// Cards are not named.
fn shown(account: &Account, journal: i64) -> String {
    match account {
        Account::Card(_) => format!("balance of a card, last touched by journal {journal}"),
        account => format!("balance {account}"),
    }
}

/// The places of a commit's rows against its salt.
struct Places<'a> {
    salt: Option<&'a [u8]>,
    seen: u64,
    general: u64,
    wrong: Vec<String>,
}

impl<'a> Places<'a> {
    fn new(salt: Option<&'a [u8]>) -> Self {
        Self { salt, seen: 0, general: 0, wrong: Vec::new() }
    }

    fn see(&mut self, table: &str, id: i64, holds: impl Fn(&[u8]) -> bool, is_general: bool) {
        self.seen += 1;
        match self.salt {
            None if is_general => self.general += 1,
            Some(salt) if holds(salt) => {}
            _ => self.wrong.push(format!("{table} {id}")),
        }
    }

    /// When no place holds, it is rather the salt that was changed.
    fn report(self, commit: i64, verdict: &mut LedgerVerdict) {
        verdict.rows.generalised += self.general;
        if self.seen > 1 && self.wrong.len() as u64 == self.seen {
            return verdict
                .fault(format!("commit {commit}"), "its salt, or every place and time in it, was changed");
        }
        for place in self.wrong {
            verdict.fault(place, "its place or time is not as it was written");
        }
    }
}

async fn salts(db: &Db, first: i64, last: i64) -> Result<HashMap<i64, Vec<u8>>, StoreError> {
    let rows: Vec<(i64, Vec<u8>)> = on_pool!(&db.reads, on => sqlx::query_as(
        "select commit_id, salt from ledger_salt where commit_id between $1 and $2",
    )
    .bind(first)
    .bind(last)
    .fetch_all(on)
    .await?);
    Ok(rows.into_iter().collect())
}
