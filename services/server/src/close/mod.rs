//! The close of a service day: what is still open is ended, everything is checked, the day is sealed and paid out.
//!
//! A machine of steps (fares design, section 15). After each one the day's row says so, and each may be done twice: who
//! dies at any moment starts again and comes to the same root. What the engine must do is a [`FareWork`]; everything
//! else is here. What it does not do: change a figure so that it fits. A breach leaves the day *cut*, and taps go on.

pub mod report;
pub mod settlement;

use crate::finance::posting_day;
use crate::ingest::seal::ServerKey;
use anyhow::{Context, bail};
use fares::{Account, Books, Breach, Satang};
use gtfs::{ServiceDay, Timestamp};
use std::future::Future;
use store::{Actor, Day, DayState, Db, Sealed};

/// Journals read at a time.
const PAGE_ROWS: u32 = 10_000;

/// What only the fare engine can do. Each call posts through [`Db::fares_commit`], with causes or cursors that make a
/// second call change nothing.
pub trait FareWork: Sync {
    /// Step 2: ends open legs of the day, and fills in where riders got off.
    fn end_legs(&self, day: ServiceDay) -> impl Future<Output = anyhow::Result<()>> + Send;
    /// Step 3: rates every card again that was touched on the day, and posts what differs.
    fn rate(&self, day: ServiceDay) -> impl Future<Output = anyhow::Result<()>> + Send;
    /// Step 4: trues up week and month caps whose period ends with the day.
    fn true_up(&self, day: ServiceDay) -> impl Future<Output = anyhow::Result<()>> + Send;
    /// Step 5: shares out what was collected.
    fn apportion(&self, day: ServiceDay) -> impl Future<Output = anyhow::Result<()>> + Send;
    /// Step 6: works everything out once more, in the second code path; what does not agree.
    fn recompute(&self, day: ServiceDay) -> impl Future<Output = anyhow::Result<Vec<Breach>>> + Send;
}

/// The steps, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The close has begun.
    Cut,
    /// Open legs are ended.
    EndLegs,
    /// Every card is rated.
    Rate,
    /// Caps of weeks and months are trued up.
    TrueUp,
    /// What was collected is shared out.
    Apportion,
    /// Everything was checked.
    Check,
    /// Journals stand under their accounts, for statements.
    Name,
    /// The day is sealed.
    Seal,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Cut,
        Self::EndLegs,
        Self::Rate,
        Self::TrueUp,
        Self::Apportion,
        Self::Check,
        Self::Name,
        Self::Seal,
    ];

    /// The word in the store.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::EndLegs => "end_legs",
            Self::Rate => "rate",
            Self::TrueUp => "true_up",
            Self::Apportion => "apportion",
            Self::Check => "check",
            Self::Name => "name",
            Self::Seal => "seal",
        }
    }

    /// What the day is once the step is done.
    fn state(self) -> DayState {
        match self {
            Self::Check | Self::Name => DayState::Balanced,
            Self::Seal => DayState::Closed,
            _ => DayState::Cut,
        }
    }
}

/// Who closes days, and with what.
pub struct Closer<'a, W> {
    /// The database.
    pub db: &'a Db,
    /// What seals a day.
    pub key: &'a ServerKey,
    /// The engine.
    pub work: &'a W,
    /// For the audit log; its time is that of the close.
    pub by: Actor,
}

impl<W: FareWork> Closer<'_, W> {
    /// Closes a day, from wherever an earlier close of it ended. A closed day stays as it is.
    ///
    /// # Errors
    /// When the day is not over, a step fails, or something does not hold: then the day stays *cut*, and the sentence
    /// has every breach.
    pub async fn close(&self, day: ServiceDay) -> anyhow::Result<Sealed> {
        let today = posting_day(self.by.at);
        if day >= today {
            bail!("day {day} is not over: it is {today} by the books, whose days begin at 03:00");
        }
        let begun = self.db.day(day).await?;
        let done =
            begun.as_ref().and_then(|begun| Step::ALL.into_iter().find(|step| step.word() == &*begun.step));
        for step in Step::ALL.into_iter().filter(|step| done.is_none_or(|done| *step > done)) {
            self.step(day, step).await.with_context(|| format!("closing {day}, step {}", step.word()))?;
            if step != Step::Seal {
                self.db.day_step(day, step.state(), step.word(), self.by.at).await?;
            }
        }
        let closed = self.db.day(day).await?.and_then(|day| day.sealed);
        closed.with_context(|| format!("day {day} was sealed and its seal is not there"))
    }

    async fn step(&self, day: ServiceDay, step: Step) -> anyhow::Result<()> {
        match step {
            Step::Cut => Ok(()),
            Step::EndLegs => self.work.end_legs(day).await,
            Step::Rate => self.work.rate(day).await,
            Step::TrueUp => self.work.true_up(day).await,
            Step::Apportion => self.work.apportion(day).await,
            Step::Check => self.check(day).await,
            Step::Name => Ok(self.db.journal_accounts_write(day).await?),
            Step::Seal => self.seal(day).await,
        }
    }

    async fn check(&self, day: ServiceDay) -> anyhow::Result<()> {
        let mut breaches = breaches(self.db, day).await?;
        breaches.extend(self.work.recompute(day).await?);
        if breaches.is_empty() {
            return Ok(());
        }
        let told: Vec<String> = breaches.iter().map(Breach::to_string).collect();
        bail!("the day does not balance, and stays open:\n  {}", told.join("\n  "))
    }

    async fn seal(&self, day: ServiceDay) -> anyhow::Result<()> {
        let hash = self.db.day_hash(day).await?;
        let digest: [u8; 32] = hash.hash.as_slice().try_into().context("a hash of 32 bytes")?;
        let seal = self.key.seal(&owner(day), &digest)?;
        Ok(self.db.day_close(day, &Sealed { hash, seal }, &self.by).await?)
    }
}

/// What a seal is bound to.
fn owner(day: ServiceDay) -> String {
    format!("day:{day}")
}

/// Whether a closed day was sealed with this server key.
#[must_use]
pub fn seal_holds(key: &ServerKey, day: &Day) -> bool {
    let opened =
        day.sealed.as_ref().map(|sealed| (key.unseal(&owner(day.day), &sealed.seal), &sealed.hash.hash));
    matches!(opened, Some((Ok(hash), stored)) if hash.as_slice() == stored.as_slice())
}

/// I1 and I7 of a day's books, I10 of the chain since the day began, and the balances; `padriew audit verify` reads the
/// whole chain.
async fn breaches(db: &Db, day: ServiceDay) -> anyhow::Result<Vec<Breach>> {
    let (mut books, mut id, mut found) = (Books::default(), 0, Vec::new());
    loop {
        let page = db.journals_of_day(day, id, PAGE_ROWS).await?;
        let Some(last) = page.last() else { break };
        id = last.id;
        found.extend(page.iter().filter_map(|row| books.add(&row.journal).err()));
    }
    if books.debit(&Account::FareClearing) != Satang(0) {
        found.extend(fares::invariants::cleared(&books));
    }
    let verdict = db.ledger_verify_since(day.start(crate::finance::BOOKS_ZONE)).await?;
    let chain = |fault: store::ledger::Fault| Breach {
        invariant: "I10",
        found: format!("{}: {}", fault.place, fault.reason),
    };
    found.extend(verdict.faults.into_iter().map(chain));
    let (_, days) = db.days_verify().await?;
    found.extend(
        days.into_iter().map(|(day, why)| Breach { invariant: "I10", found: format!("day {day}: {why}") }),
    );
    Ok(found)
}

/// When the close of a day may begin: 05:00 of the next (fares design, section 15).
#[must_use]
pub fn due(day: ServiceDay) -> Timestamp {
    day.next().at(crate::finance::BOOKS_ZONE, gtfs::ServiceTime(CLOSE_BEGINS_S))
}

/// Seconds into the next day at which a close begins.
const CLOSE_BEGINS_S: i32 = 5 * 3600;

#[cfg(test)]
mod tests;
