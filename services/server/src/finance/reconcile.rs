//! Files of payment services and banks, against the ledger: read, classed, posted into suspense where they do not
//! match, stored once.
//!
//! The rules are `fares::reconcile`; here the rows are fetched and the outcome is written. With `dry_run` nothing is
//! written. A payment service's file: what its lines take in beyond the ledger becomes a claim on the payment service
//! against `suspense:psp`, so that the payout that pays for it comes out. A bank's file: a payout to the satang, or
//! cash of an agent, is posted as such, everything else stands in `suspense:bank`.

use super::posting_day;
use anyhow::{Context, bail};
use fares::reconcile::bank::{self, Explained};
use fares::reconcile::read::{BadLine, Mapping, Read, Record};
use fares::reconcile::{Class, psp, read};
use fares::{Account, Discrepancy, Journal, JournalKind, Movement, Occasion, Posting, Satang, post};
use gtfs::{ServiceDay, Timestamp};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Actor, Db, FareCommit, Source, Statement};

/// Bytes of a file at most.
pub const FILE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A file to be read.
#[derive(Debug)]
pub struct Given<'a> {
    /// Its name, for messages.
    pub name: &'a str,
    /// The payment service, or the account at the bank.
    pub party: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// What it calls our columns.
    pub mapping: &'a Mapping,
    /// Write nothing.
    pub dry_run: bool,
}

/// What came of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// This very file was stored before; nothing happened.
    pub known: bool,
    /// Lines by class.
    pub classes: BTreeMap<String, u64>,
    /// Lines that an earlier file had, just so.
    pub seen_before: u64,
    /// Lines that can not be read, with why.
    pub bad: Vec<BadLine>,
    /// What a person must look at.
    pub discrepancies: Vec<Discrepancy>,
    /// Journals posted.
    pub journals: usize,
}

/// Matches a payment service's file.
///
/// # Errors
/// When it is no CSV file, its header lacks a column, or the store fails.
pub async fn psp_file(db: &Db, given: &Given<'_>, by: &Actor) -> anyhow::Result<Outcome> {
    let sha256 = Sha256::digest(given.bytes).to_vec();
    if db.statement_known(&sha256).await? {
        return Ok(Outcome { known: true, ..Outcome::default() });
    }
    let Read { lines, bad } = read::psp(&records(given)?, given.mapping).map_err(|bad| named(given, &bad))?;
    let references: Vec<Arc<str>> = lines.iter().map(|line| Arc::clone(&line.reference)).collect();
    let before = db.psp_lines(given.party, &references).await?;
    let same = |line: &psp::Line| {
        before.iter().any(|other| psp::Line { number: line.number, ..other.clone() } == *line)
    };
    let (seen, fresh): (Vec<psp::Line>, Vec<psp::Line>) = lines.into_iter().partition(same);
    let classed = classed(db, given.party, &fresh, &before).await?;
    let mut commit = FareCommit { at: by.at, salt: rand::random(), ..FareCommit::default() };
    commit.journals = excess(given.party, &classed, by.at)?;
    commit.discrepancies = classed.iter().filter_map(|c| c.discrepancy(given.party, by.at)).collect();
    let mut outcome = Outcome {
        seen_before: seen.len() as u64,
        bad,
        journals: commit.journals.len(),
        discrepancies: commit.discrepancies.clone(),
        ..Outcome::default()
    };
    for c in &classed {
        *outcome.classes.entry(c.class.word().to_owned()).or_default() += 1;
    }
    let stored =
        classed.into_iter().filter_map(|c| c.line.map(|line| (line, c.class.word().into()))).collect();
    let statement = statement(given, sha256, Source::Psp, &outcome, commit);
    store(db, given, Statement { psp: stored, ..statement }, by).await?;
    Ok(outcome)
}

/// The class of each line, with the lines of earlier files in mind; and of top-ups that no file tells of.
async fn classed(
    db: &Db,
    party: &str,
    fresh: &[psp::Line],
    before: &[psp::Line],
) -> anyhow::Result<Vec<psp::Classed>> {
    let days = fresh.iter().map(|line| line.day);
    let (Some(first), Some(last)) = (days.clone().min(), days.max()) else { return Ok(Vec::new()) };
    let booked = db.psp_booked(party, first.previous(), last.next()).await?;
    // A top-up of the last day may stand in the next file, one of the first in the file before.
    let covered = first..=last.previous();
    let names: Vec<Arc<str>> = booked.iter().map(|entry| Arc::clone(&entry.reference)).collect();
    let told = db.psp_lines(party, &names).await?;
    let mut classed = psp::classify(fresh, &booked, covered);
    classed.retain(|c| c.class != Class::NoPsp || !told.iter().any(|line| *line.reference == *c.reference()));
    for c in &mut classed {
        let Some(line) = &c.line else { continue };
        let alike = |other: &&psp::Line| {
            other.reference == line.reference
                && other.status != psp::Status::Declined
                && other.status.is_back() == line.status.is_back()
        };
        if line.status != psp::Status::Declined && before.iter().any(|other| alike(&other)) {
            c.class = Class::DuplicateRef;
        }
    }
    Ok(classed)
}

/// What the lines of each reference took in beyond the ledger, as claims against suspense.
fn excess(party: &str, classed: &[psp::Classed], at: Timestamp) -> anyhow::Result<Vec<Journal>> {
    let mut sums: BTreeMap<(Arc<str>, bool), (i64, i64, ServiceDay)> = BTreeMap::new();
    for c in classed {
        let Some(line) = c.line.as_ref().filter(|line| line.status != psp::Status::Declined) else {
            continue;
        };
        let ours = c.booked.as_ref().map_or(0, |booked| booked.amount.0);
        let sum =
            sums.entry((Arc::clone(&line.reference), line.status.is_back())).or_insert((0, ours, line.day));
        sum.0 = sum.0.checked_add(line.effect().0).context("an amount beyond the range of money")?;
        sum.2 = sum.2.min(line.day);
    }
    let mut journals = Vec::new();
    for ((reference, is_back), (theirs, ours, day)) in sums {
        let beyond = theirs.checked_sub(ours).context("an amount beyond the range of money")?;
        if beyond == 0 {
            continue;
        }
        let side = if is_back { "back" } else { "paid" };
        let cause = format!("psp:{party}:{reference}:suspense:{side}:{theirs}");
        let posting = |account, debit| Posting { account, debit: Satang(debit), leg: None };
        journals.push(Journal {
            kind: JournalKind::Suspense,
            postings: vec![
                posting(Account::PspReceivable(party.into()), beyond),
                posting(Account::Suspense("psp".into()), -beyond),
            ],
            ..empty(cause, day, at)
        });
    }
    Ok(journals)
}

/// Matches a bank statement.
///
/// # Errors
/// As [`psp_file`].
pub async fn bank_file(db: &Db, given: &Given<'_>, by: &Actor) -> anyhow::Result<Outcome> {
    let sha256 = Sha256::digest(given.bytes).to_vec();
    if db.statement_known(&sha256).await? {
        return Ok(Outcome { known: true, ..Outcome::default() });
    }
    let Read { lines, bad } =
        read::bank(&records(given)?, given.mapping).map_err(|bad| named(given, &bad))?;
    let references: Vec<Arc<str>> = lines.iter().map(|line| Arc::clone(&line.reference)).collect();
    let before = db.bank_lines(given.party, &references).await?;
    let same = |line: &bank::Line| {
        before.iter().any(|other| bank::Line { number: line.number, ..other.clone() } == *line)
    };
    let (seen, fresh): (Vec<bank::Line>, Vec<bank::Line>) = lines.into_iter().partition(same);
    let explained = explained(db, &fresh).await?;
    let mut commit = FareCommit { at: by.at, salt: rand::random(), ..FareCommit::default() };
    let mut outcome = Outcome { seen_before: seen.len() as u64, bad, ..Outcome::default() };
    let mut stored = Vec::with_capacity(fresh.len());
    for (line, explained) in fresh.into_iter().zip(explained) {
        let (word, journal, found) = followed(given.party, &line, &explained, by.at)?;
        *outcome.classes.entry(word.to_owned()).or_default() += 1;
        commit.journals.push(journal);
        commit.discrepancies.extend(found);
        stored.push((line, word.into()));
    }
    outcome.journals = commit.journals.len();
    outcome.discrepancies.clone_from(&commit.discrepancies);
    let statement = statement(given, sha256, Source::Bank, &outcome, commit);
    store(db, given, Statement { bank: stored, ..statement }, by).await?;
    Ok(outcome)
}

async fn explained(db: &Db, lines: &[bank::Line]) -> anyhow::Result<Vec<Explained>> {
    let words = |line: &bank::Line| -> Vec<Arc<str>> {
        std::iter::once(&*line.reference).chain(line.description.split_whitespace()).map(Into::into).collect()
    };
    let mut names: Vec<Arc<str>> = lines.iter().flat_map(words).collect();
    names.sort_unstable();
    names.dedup();
    let mut of_psp: BTreeMap<Arc<str>, Vec<psp::Line>> = BTreeMap::new();
    for (psp, line) in db.psp_lines_of_payouts(&names).await? {
        of_psp.entry(psp).or_default().push(line);
    }
    let (mut payouts, mut settled) = (BTreeMap::new(), Vec::new());
    for (psp, lines) in of_psp {
        for (payout, of) in psp::payouts(&lines) {
            if db.journal_of_cause(&payout_cause(&psp, &payout)).await?.is_some() {
                settled.push(Arc::clone(&payout));
            }
            payouts.insert((Arc::clone(&psp), payout), of);
        }
    }
    Ok(bank::explain(lines, &payouts, &settled))
}

fn payout_cause(psp: &str, payout: &str) -> String {
    format!("payout:{psp}:{payout}")
}

/// What is posted for a bank line, the word of its class, and what a person must look at.
fn followed(
    account: &str,
    line: &bank::Line,
    explained: &Explained,
    at: Timestamp,
) -> anyhow::Result<(&'static str, Journal, Option<Discrepancy>)> {
    let (bank, amount): (Arc<str>, _) = (account.into(), line.amount);
    let own = format!("bank:{account}:{}:{}:{}", line.reference, line.day, amount.0);
    let suspended = Movement::IntoSuspense { reason: "bank".into(), bank: Arc::clone(&bank), amount };
    let (word, cause, movement, why) = match explained {
        Explained::Payout { psp, payout, of } if of.gross.0 > 0 && of.fee.0 >= 0 && of.fee <= of.gross => {
            let (gross, fee) = (of.gross, of.fee);
            let movement = Movement::PspPayout { psp: Arc::clone(psp), bank, gross, fee };
            ("payout", payout_cause(psp, payout), movement, None)
        }
        Explained::Payout { payout, of, .. } | Explained::PayoutDiffers { payout, of, .. } => {
            let why = format!("payout {payout} should be {}, the bank has {amount}", of.net());
            ("payout_differs", own, suspended, Some(why))
        }
        Explained::Again { payout } => {
            ("payout_again", own, suspended, Some(format!("payout {payout} was explained by another line")))
        }
        Explained::Cash { agent } => {
            let movement = Movement::AgentBanked { agent: Arc::clone(agent), bank, amount };
            ("cash", own, movement, None)
        }
        Explained::Unmatched => ("unmatched", own, suspended, Some("nobody knows what this is".to_owned())),
    };
    let found = why.map(|why| Discrepancy {
        kind: format!("bank_{word}").into(),
        cause: cause.as_str().into(),
        subject: format!("bank:{account}:{}", line.reference).into(),
        amount: Some(amount),
        day: line.day,
        found: at,
        detail: format!("{why}, line {}", line.number).into(),
    });
    let of = empty(cause, line.day, at);
    let occasion = Occasion {
        cause: of.cause,
        service_day: of.service_day,
        posting_day: of.posting_day,
        effective: of.effective,
        posted: of.posted,
    };
    Ok((word, post(occasion, &movement)?, found))
}

/// A journal about `day`, in today's books, without lines.
fn empty(cause: String, day: ServiceDay, at: Timestamp) -> Journal {
    Journal {
        kind: JournalKind::Suspense,
        cause: cause.into(),
        service_day: day,
        posting_day: posting_day(at),
        effective: day.start(super::BOOKS_ZONE),
        posted: at,
        postings: Vec::new(),
    }
}

fn statement(
    given: &Given<'_>,
    sha256: Vec<u8>,
    source: Source,
    outcome: &Outcome,
    commit: FareCommit,
) -> Statement {
    Statement {
        sha256,
        source,
        party: given.party.into(),
        name: given.name.into(),
        refused: u32::try_from(outcome.bad.len()).unwrap_or(u32::MAX),
        psp: Vec::new(),
        bank: Vec::new(),
        commit,
    }
}

async fn store(db: &Db, given: &Given<'_>, statement: Statement, by: &Actor) -> anyhow::Result<()> {
    if given.dry_run {
        return Ok(());
    }
    db.statement_store(&statement, by).await.with_context(|| format!("{} was not stored", given.name))?;
    Ok(())
}

/// The records of a CSV file (RFC 4180), empty lines left away.
fn records(given: &Given<'_>) -> anyhow::Result<Vec<Record>> {
    if given.bytes.len() > FILE_BYTES_MAX {
        bail!("{} has more than {FILE_BYTES_MAX} bytes, split it", given.name);
    }
    let bytes = given.bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(given.bytes);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut records = Vec::new();
    for record in reader.byte_records() {
        let record = record.with_context(|| format!("{} is no CSV file", given.name))?;
        let number = record.position().map_or(0, csv::Position::line);
        let fields = record.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
        records.push((u32::try_from(number).unwrap_or(u32::MAX), fields));
    }
    Ok(records)
}

fn named(given: &Given<'_>, bad: &BadLine) -> anyhow::Error {
    anyhow::anyhow!("{}, {bad}", given.name)
}

#[cfg(test)]
mod tests;
