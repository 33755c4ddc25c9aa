//! `day`: service days on their way to being closed, and the seal of those that are.
//!
//! A closed day has a hash over the Merkle root of its journals and the hash of the day closed before it; the server
//! seals it with its key. What always holds: a closed day never changes, and gets no journal any more.

use crate::audit::{self, Actor, Change};
use crate::ledger::lock_head;
use crate::sql::{Tx, on_pool, on_tx};
use crate::words::{known, words};
use crate::{Db, StoreError, merkle};
use gtfs::{ServiceDay, Timestamp};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How far a day is (fares design, section 14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DayState {
    /// It gets journals.
    Open,
    /// Its close has begun.
    Cut,
    /// Everything in it was checked.
    Balanced,
    /// It is sealed.
    Closed,
}

words!(DayState { Open = "open", Cut = "cut", Balanced = "balanced", Closed = "closed" });

/// A day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// Which.
    pub day: ServiceDay,
    /// How far it is.
    pub state: DayState,
    /// The last step of its close that is done; empty before the first.
    pub step: Arc<str>,
    /// When that was.
    pub changed: Timestamp,
    /// How it was sealed, once it is closed.
    pub sealed: Option<Sealed>,
}

/// What stands for a whole day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayHash {
    /// How many journals stand in its books.
    pub journals: i64,
    /// The Merkle root over their digests, in the order of their numbers.
    pub root: Vec<u8>,
    /// The day closed before; `None` for the first.
    pub previous: Option<ServiceDay>,
    /// SHA-256 over the day, the hash of the day closed before, the root and the count.
    pub hash: Vec<u8>,
}

/// A [`DayHash`] and who vouches for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// What stands for the day.
    pub hash: DayHash,
    /// The hash, sealed with the server key.
    pub seal: Vec<u8>,
}

/// Refuses journals for the books of a closed day.
pub(crate) async fn refuse_closed(
    tx: &mut Tx,
    days: impl Iterator<Item = ServiceDay>,
) -> Result<(), StoreError> {
    for day in days.collect::<BTreeSet<ServiceDay>>() {
        let closed: Option<(i64,)> = on_tx!(&mut *tx, on => sqlx::query_as(
            "select changed_us from day where service_day = $1 and state = 'closed'",
        )
        .bind(day.to_string())
        .fetch_optional(on)
        .await?);
        if closed.is_some() {
            return Err(StoreError::Refused(format!("day {day} is closed: post into a later day's books")));
        }
    }
    Ok(())
}

macro_rules! day_columns {
    () => {
        "select service_day, state, step, changed_us, journals, root, previous, hash, seal from day "
    };
}

impl Db {
    /// A day; `None` when its close was never begun.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn day(&self, day: ServiceDay) -> Result<Option<Day>, StoreError> {
        let row: Option<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(day_columns!(), "where service_day = $1"),
        )
        .bind(day.to_string())
        .fetch_optional(on)
        .await?);
        row.map(Columns::read).transpose()
    }

    /// The newest day whose close has begun, and the newest that is closed.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn days_done(&self) -> Result<(Option<ServiceDay>, Option<ServiceDay>), StoreError> {
        let (cut, closed): (Option<String>, Option<String>) = on_pool!(&self.reads, on => sqlx::query_as(
            "select max(service_day), max(case when state = 'closed' then service_day end) from day \
             where state <> 'open'",
        )
        .fetch_one(on)
        .await?);
        let day = |text: Option<String>| text.as_deref().and_then(ServiceDay::parse);
        Ok((day(cut), day(closed)))
    }

    /// At most `rows_max` days from `from` on, in their order.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn days(&self, from: ServiceDay, rows_max: u32) -> Result<Vec<Day>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(day_columns!(), "where service_day >= $1 order by service_day limit $2"),
        )
        .bind(from.to_string())
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        rows.into_iter().map(Columns::read).collect()
    }

    /// Notes that a step of the close is done.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the day is closed, or any other error of a write.
    pub async fn day_step(
        &self,
        day: ServiceDay,
        state: DayState,
        step: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        refuse_closed(&mut tx, std::iter::once(day)).await?;
        on_tx!(&mut tx, on => sqlx::query(
            "insert into day (service_day, state, step, changed_us, journals, root, previous, hash, seal) \
             values ($1, $2, $3, $4, 0, $5, '', $5, $5) on conflict (service_day) do update set \
             state = excluded.state, step = excluded.step, changed_us = excluded.changed_us",
        )
        .bind(day.to_string())
        .bind(state.word())
        .bind(step)
        .bind(at.0)
        .bind(Vec::<u8>::new())
        .execute(on)
        .await
        .map(drop)?);
        Ok(tx.commit().await?)
    }

    /// What stands for a day as its journals are now.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when a later day is closed already, or [`StoreError::Away`].
    pub async fn day_hash(&self, day: ServiceDay) -> Result<DayHash, StoreError> {
        let later: Option<(String,)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select service_day from day where state = 'closed' and service_day > $1 limit 1",
        )
        .bind(day.to_string())
        .fetch_optional(on)
        .await?);
        if let Some((later,)) = later {
            return Err(StoreError::Refused(format!(
                "day {later} is closed already: days close in their order"
            )));
        }
        let previous: Option<(String, Vec<u8>)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select service_day, hash from day where state = 'closed' and service_day < $1 \
             order by service_day desc limit 1",
        )
        .bind(day.to_string())
        .fetch_optional(on)
        .await?);
        let leaves = self.digests_of_day(day).await?;
        let (previous, before) = previous.unwrap_or_default();
        Ok(hashed(day, ServiceDay::parse(&previous), &before, &leaves))
    }

    async fn digests_of_day(&self, day: ServiceDay) -> Result<Vec<Vec<u8>>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select digest from journal where posting_day = $1 order by id",
        )
        .bind(day.to_string())
        .fetch_all(on)
        .await?);
        Ok(rows.into_iter().map(|(digest,)| digest).collect())
    }

    /// Closes a day for ever, and writes its hash to the audit log.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it is closed, or a journal came since it was hashed; or any other error of a write.
    pub async fn day_close(&self, day: ServiceDay, sealed: &Sealed, by: &Actor) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // With the head locked no journal can come in between.
        lock_head(&mut tx).await?;
        refuse_closed(&mut tx, std::iter::once(day)).await?;
        let (journals,): (i64,) = on_tx!(&mut tx, on => sqlx::query_as(
            "select count(*) from journal where posting_day = $1",
        )
        .bind(day.to_string())
        .fetch_one(on)
        .await?);
        if journals != sealed.hash.journals {
            return Err(StoreError::Refused(format!(
                "day {day} has {journals} journals and {} were hashed: hash it again",
                sealed.hash.journals
            )));
        }
        on_tx!(&mut tx, on => sqlx::query(
            "update day set state = 'closed', step = 'seal', changed_us = $2, journals = $3, root = $4, \
             previous = $5, hash = $6, seal = $7 where service_day = $1",
        )
        .bind(day.to_string())
        .bind(by.at.0)
        .bind(sealed.hash.journals)
        .bind(sealed.hash.root.as_slice())
        .bind(sealed.hash.previous.map_or_else(String::new, |day| day.to_string()))
        .bind(sealed.hash.hash.as_slice())
        .bind(sealed.seal.as_slice())
        .execute(on)
        .await
        .map(drop)?);
        let digits: String = sealed.hash.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let change = Change {
            action: "day_close".into(),
            subject: format!("day:{day}"),
            after: digits,
            ..Change::default()
        };
        audit::append(&mut tx, by, &change).await?;
        Ok(tx.commit().await?)
    }

    /// Every closed day whose journals are no longer what was sealed, with a sentence; and how many were read. The seals
    /// themselves are opened by who has the server key.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn days_verify(&self) -> Result<(u64, Vec<(ServiceDay, String)>), StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(day_columns!(), "where state = 'closed' order by service_day"),
        )
        .fetch_all(on)
        .await?);
        let (mut read, mut wrong) = (0, Vec::new());
        let mut before: Option<(ServiceDay, Vec<u8>)> = None;
        for row in rows {
            let stored = row.read()?;
            let Some(sealed) = stored.sealed else { continue };
            read += 1;
            let (previous, hash) = before.take().map_or((None, Vec::new()), |(day, hash)| (Some(day), hash));
            let now = hashed(stored.day, previous, &hash, &self.digests_of_day(stored.day).await?);
            if now != sealed.hash {
                wrong.push((
                    stored.day,
                    "its journals, or the day before, are not what was sealed".to_owned(),
                ));
            }
            before = Some((stored.day, sealed.hash.hash));
        }
        Ok((read, wrong))
    }
}

fn hashed(day: ServiceDay, previous: Option<ServiceDay>, before: &[u8], leaves: &[Vec<u8>]) -> DayHash {
    let (root, journals) = (merkle::root(leaves), i64::try_from(leaves.len()).unwrap_or(i64::MAX));
    let mut sha = Sha256::new();
    sha.update(day.to_string());
    sha.update((before.len() as u64).to_be_bytes());
    sha.update(before);
    sha.update(&root);
    sha.update(journals.to_be_bytes());
    DayHash { journals, root, previous, hash: sha.finalize().to_vec() }
}

#[derive(sqlx::FromRow)]
struct Columns {
    service_day: String,
    state: String,
    step: String,
    changed_us: i64,
    journals: i64,
    root: Vec<u8>,
    previous: String,
    hash: Vec<u8>,
    seal: Vec<u8>,
}

impl Columns {
    fn read(self) -> Result<Day, StoreError> {
        let name = self.service_day.as_str();
        let state = known("day", name, "state", &self.state, DayState::from_word(&self.state))?;
        let hash = DayHash {
            journals: self.journals,
            root: self.root,
            previous: ServiceDay::parse(&self.previous),
            hash: self.hash,
        };
        Ok(Day {
            day: known("day", name, "service_day", name, ServiceDay::parse(name))?,
            state,
            step: self.step.into(),
            changed: Timestamp(self.changed_us),
            sealed: (state == DayState::Closed).then_some(Sealed { hash, seal: self.seal }),
        })
    }
}
