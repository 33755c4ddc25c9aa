//! The close of a day, with the engine: what [`crate::close`] asks of it, and when it is time.

use super::desk::Desk;
use crate::close::{Closer, FareWork, due};
use crate::finance::posting_day;
use crate::ingest::enroll::local_actor;
use crate::ingest::seal::ServerKey;
use anyhow::ensure;
use fares::Breach;
use gtfs::{ServiceDay, Timestamp};
use store::{Db, Sealed, StoreError};
use tokio::sync::Mutex;

/// Days that are closed one after the other when the server was down for long.
const DAYS_MAX: usize = 60;

/// A desk at the close of a day.
struct AtClose<'a> {
    desk: Mutex<&'a mut Desk>,
    now: Timestamp,
}

impl FareWork for AtClose<'_> {
    async fn end_legs(&self, day: ServiceDay) -> anyhow::Result<()> {
        let mut desk = self.desk.lock().await;
        desk.round(self.now).await?;
        Ok(desk.end(self.now, day).await?)
    }

    /// Whatever came is rated as it comes; what is still to be rated is behind the cursor.
    async fn rate(&self, _day: ServiceDay) -> anyhow::Result<()> {
        let mut desk = self.desk.lock().await;
        while desk.round(self.now).await?.is_behind {}
        Ok(())
    }

    /// A cap of a week or month lowers each charge when it is made; only shares are trued up, with the rest of them.
    async fn true_up(&self, _day: ServiceDay) -> anyhow::Result<()> {
        Ok(())
    }

    async fn apportion(&self, day: ServiceDay) -> anyhow::Result<()> {
        let clearing = self.desk.lock().await.share(self.now, day).await?;
        ensure!(clearing.0 == 0, "I7: {clearing} of what was collected is not shared out");
        Ok(())
    }

    async fn recompute(&self, day: ServiceDay) -> anyhow::Result<Vec<Breach>> {
        Ok(self.desk.lock().await.recompute(self.now, day).await?)
    }
}

/// Closes a day with the engine of `desk`, from wherever an earlier close ended.
///
/// # Errors
/// When the day is not over, or something in it does not hold; it stays *cut* then, and taps go on.
pub async fn close(
    desk: &mut Desk,
    db: &Db,
    key: &ServerKey,
    now: Timestamp,
    day: ServiceDay,
    who: &str,
) -> anyhow::Result<Sealed> {
    let (_, closed) = db.days_done().await?;
    let sealed = {
        let work = AtClose { desk: Mutex::new(&mut *desk), now };
        Closer { db, key, work: &work, by: local_actor(now, who) }.close(day).await?
    };
    if closed.is_none_or(|closed| closed < day) {
        desk.closed(now, day).await?;
    }
    Ok(sealed)
}

/// The days that are over and not closed, oldest first: from the one after the last that was closed, or the first with
/// a tap.
///
/// # Errors
/// When the database does not answer.
pub async fn overdue(db: &Db, now: Timestamp) -> Result<Vec<ServiceDay>, StoreError> {
    let (_, closed) = db.days_done().await?;
    let first = match closed {
        Some(closed) => Some(closed.next()),
        None => db.fare_first_day().await?,
    };
    let Some(first) = first else { return Ok(Vec::new()) };
    let today = posting_day(now);
    let days = std::iter::successors(Some(first), |day| Some(day.next()));
    Ok(days.take_while(|day| *day < today && due(*day) <= now).take(DAYS_MAX).collect())
}
