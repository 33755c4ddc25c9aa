//! The halt of the bulk-debit breaker: what a run would take is told to people, and nothing of it is written.
//!
//! That rating is halted follows from the database, so every process and every start knows it: a discrepancy of the
//! kind [`BULK_DEBIT`] that is newer than the last `resume_rating` to which two operators agreed. Taps are stored and
//! acknowledged all the while, and priced when it goes on.

use super::desk::Desk;
use crate::finance::posting_day;
use crate::state::AppState;
use fares::Discrepancy;
use fares::breaker::{Breaker, Tripped};
use fares::command::RESUME_RATING;
use fares::engine::Effect;
use gtfs::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use store::{Db, FareCommit, StoreError};
use tokio_util::sync::CancellationToken;

/// The kind of discrepancy that halts rating.
pub const BULK_DEBIT: &str = "bulk_debit";
/// How often it is looked whether rating may go on.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Journals read at a time.
const PAGE_ROWS: u32 = 10_000;

/// Why rating is halted; `None` while it is not.
///
/// # Errors
/// When the database does not answer.
pub async fn halted(db: &Db) -> Result<Option<Arc<str>>, StoreError> {
    let Some(stored) = db.discrepancy_newest(BULK_DEBIT).await? else { return Ok(None) };
    let agreed = db.fare_command_agreed(RESUME_RATING).await?;
    let is_agreed = agreed.is_some_and(|agreed| agreed >= stored.found.found);
    Ok((!is_agreed).then_some(stored.found.detail))
}

/// A breaker that has seen the journals of the last day.
///
/// # Errors
/// [`StoreError::Refused`] while rating is halted; or when the database does not answer.
pub(super) async fn breaker(db: &Db) -> Result<Breaker, StoreError> {
    if let Some(why) = halted(db).await? {
        return Err(StoreError::Refused(format!("rating is halted: {why}")));
    }
    let mut breaker = Breaker::new(db.fare_command_agreed(RESUME_RATING).await?);
    let (mut id, mut since) = (i64::MAX, None);
    loop {
        let page = db.journals_before(id, PAGE_ROWS).await?;
        let Some(last) = page.last() else { return Ok(breaker) };
        id = last.id;
        for stored in &page {
            let posted = stored.journal.posted;
            if posted < *since.get_or_insert(Breaker::since(posted)) {
                return Ok(breaker);
            }
            breaker.take(&stored.journal);
        }
    }
}

/// Waits while rating is halted; `false` when the process is to shut down.
pub(super) async fn is_over(app: &AppState, token: &CancellationToken) -> bool {
    loop {
        match halted(&app.db).await {
            Ok(why) => {
                let is_over = why.is_none();
                if app.rating.set(why.clone()) {
                    match why {
                        Some(why) => {
                            tracing::error!(%why, "rating is halted: taps are kept, and wait to be priced")
                        }
                        None => tracing::info!("rating goes on"),
                    }
                }
                if is_over {
                    return true;
                }
            }
            Err(failure) => tracing::warn!(%failure, "the database does not say whether rating is halted"),
        }
        tokio::select! {
            () = token.cancelled() => return false,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

impl Desk {
    /// Looks at what is to be written: where it takes much from many for rides charged before, that is told instead.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it is too much: rating is halted then, and this desk is of no use any more.
    pub(super) async fn weigh(&mut self, now: Timestamp, effects: &[Effect]) -> Result<(), StoreError> {
        let journals = effects.iter().filter_map(|effect| match effect {
            Effect::Journal(journal) => Some(journal),
            _ => None,
        });
        let Some(tripped) = self.breaker.weigh(journals) else { return Ok(()) };
        let found = discrepancy(now, &tripped);
        let why = Arc::clone(&found.detail);
        let lease = self.lease.clone();
        let told = FareCommit { lease, at: now, discrepancies: vec![found], ..FareCommit::default() };
        self.db.fares_commit(&told).await?;
        Err(StoreError::Refused(format!("rating is halted: {why}")))
    }
}

fn discrepancy(now: Timestamp, tripped: &Tripped) -> Discrepancy {
    Discrepancy {
        kind: BULK_DEBIT.into(),
        cause: format!("{BULK_DEBIT}:{}", now.0).into(),
        subject: "rating".into(),
        amount: Some(tripped.amount),
        day: posting_day(now),
        found: now,
        detail: format!(
            "{tripped}; nothing of this step is written. Find out why, and ask for {RESUME_RATING} if it is right"
        )
        .into(),
    }
}
