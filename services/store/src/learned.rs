//! `learned`: what the tracking core has learned, as packed documents, a few versions of each feed.
//!
//! The store does not look into a document. The server's versions of one day replace each other, so that
//! [`VERSIONS_MAX`] reaches back over days; what a person imported or emptied stays a version of its own.
//! What always holds: the newest version is the one in force; a server that did not know of it saves nothing.

use crate::audit::{self, Actor, Change};
use crate::lease::{self, Lease};
use crate::sql::{Tx, on_pool, on_tx};
use crate::{Db, StoreError};
use gtfs::Timestamp;

/// Versions kept of each feed.
pub const VERSIONS_MAX: i64 = 14;
/// A day of UTC, microseconds.
const DAY_US: i64 = 86_400_000_000;

/// A version, without its document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LearnedVersion {
    /// Rises with each version; 0 before it is stored.
    pub id: i64,
    /// Which of the server's feeds it is about, `[A-Za-z0-9._-]{1,64}`.
    pub feed: String,
    /// A person stored it with a command; otherwise the server did.
    pub by_command: bool,
    /// When what it says was right.
    pub saved: Timestamp,
    /// feed_version of the timetable it was learned on.
    pub feed_version: String,
    /// Stop visits behind it.
    pub visits: u64,
    /// Length of the document before packing.
    pub byte_count: u64,
}

type Columns = (i64, String, String, i64, String, i64, i64);

fn version((id, feed, source, saved_us, feed_version, visits, byte_count): Columns) -> LearnedVersion {
    LearnedVersion {
        id,
        feed,
        by_command: source == "command",
        saved: Timestamp(saved_us),
        feed_version,
        visits: visits.unsigned_abs(),
        byte_count: byte_count.unsigned_abs(),
    }
}

impl Db {
    /// Saves what the server learned, when `newest` is still the newest version (0: there is none).
    /// Answers its id, or `None` when somebody else was faster: read that one first. With a `lease`, only as
    /// long as it is still this holder's (fencing).
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the lease was lost, or any other error of a write.
    pub async fn learned_save(
        &self,
        fresh: &LearnedVersion,
        document: &[u8],
        newest: i64,
        lease: Option<&Lease>,
    ) -> Result<Option<i64>, StoreError> {
        let mut tx = self.begin().await?;
        if let Some(lease) = lease {
            lease::fence(&mut tx, lease).await?;
        }
        if newest_in(&mut tx, &fresh.feed).await? != newest {
            return Ok(None);
        }
        let day_us = fresh.saved.0.div_euclid(DAY_US) * DAY_US;
        on_tx!(&mut tx, on => sqlx::query(
            "delete from learned where feed = $1 and source = 'server' and saved_us >= $2 and id > \
             (select coalesce(max(id), 0) from learned where feed = $1 and source = 'command')",
        )
        .bind(fresh.feed.clone())
        .bind(day_us)
        .execute(on)
        .await
        .map(drop)?);
        let id = insert(&mut tx, fresh, document).await?;
        tx.commit().await?;
        Ok(Some(id))
    }

    /// Stores a version that a person made; a server that runs takes it over within ten seconds.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn learned_put(
        &self,
        fresh: &LearnedVersion,
        document: &[u8],
        by: &Actor,
    ) -> Result<i64, StoreError> {
        let mut tx = self.begin().await?;
        let id = insert(&mut tx, &LearnedVersion { by_command: true, ..fresh.clone() }, document).await?;
        let change = Change {
            action: "learned_put".into(),
            subject: fresh.feed.clone(),
            after: format!("version={id} visits={} bytes={}", fresh.visits, fresh.byte_count),
            ..Change::default()
        };
        audit::append(&mut tx, by, &change).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The id of the newest version; 0 when there is none.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn learned_newest(&self, feed: &str) -> Result<i64, StoreError> {
        let newest: (i64,) = on_pool!(&self.reads, on => sqlx::query_as(
            "select coalesce(max(id), 0) from learned where feed = $1",
        )
        .bind(feed.to_owned())
        .fetch_one(on)
        .await?);
        Ok(newest.0)
    }

    /// Every version of a feed, newest first.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn learned_versions(&self, feed: &str) -> Result<Vec<LearnedVersion>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            "select id, feed, source, saved_us, feed_version, visits, byte_count from learned \
             where feed = $1 order by id desc",
        )
        .bind(feed.to_owned())
        .fetch_all(on)
        .await?);
        Ok(rows.into_iter().map(version).collect())
    }

    /// The packed document of a version; `None` when it is not kept any more.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn learned_document(&self, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let row: Option<(Vec<u8>,)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select document from learned where id = $1",
        )
        .bind(id)
        .fetch_optional(on)
        .await?);
        Ok(row.map(|(document,)| document))
    }
}

async fn newest_in(tx: &mut Tx, feed: &str) -> Result<i64, StoreError> {
    let newest: (i64,) = on_tx!(tx, on => sqlx::query_as(
        "select coalesce(max(id), 0) from learned where feed = $1",
    )
    .bind(feed.to_owned())
    .fetch_one(on)
    .await?);
    Ok(newest.0)
}

/// Stores a version and drops the oldest beyond [`VERSIONS_MAX`].
async fn insert(tx: &mut Tx, fresh: &LearnedVersion, document: &[u8]) -> Result<i64, StoreError> {
    let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let id: (i64,) = on_tx!(tx, on => sqlx::query_as(
        "insert into learned (feed, source, saved_us, feed_version, visits, byte_count, document) \
         values ($1, $2, $3, $4, $5, $6, $7) returning id",
    )
    .bind(fresh.feed.clone())
    .bind(if fresh.by_command { "command" } else { "server" })
    .bind(fresh.saved.0)
    .bind(fresh.feed_version.clone())
    .bind(whole(fresh.visits))
    .bind(whole(fresh.byte_count))
    .bind(document.to_vec())
    .fetch_one(on)
    .await?);
    on_tx!(tx, on => sqlx::query(
        "delete from learned where feed = $1 and id not in \
         (select id from learned where feed = $1 order by id desc limit $2)",
    )
    .bind(fresh.feed.clone())
    .bind(VERSIONS_MAX)
    .execute(on)
    .await
    .map(drop)?);
    Ok(id.0)
}
