//! `feed`: which feeds were in force, and since when.

use crate::sql::{on_pool, on_tx};
use crate::{Db, StoreError};
use gtfs::Timestamp;

/// A feed that was loaded and put in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedLoaded {
    /// SHA-256 of the bytes (of a folder: of its files, in the order of their names).
    pub sha256: Vec<u8>,
    /// feed_publisher_name.
    pub publisher: String,
    /// feed_version.
    pub version: String,
    /// The file, folder or URL it came from.
    pub path: String,
    /// How many bytes.
    pub byte_count: u64,
    /// When it was put in force.
    pub loaded: Timestamp,
}

impl Db {
    /// Notes that a feed was put in force.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn feed_loaded(&self, feed: &FeedLoaded) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        on_tx!(&mut tx, on => sqlx::query(
            "insert into feed (sha256, publisher, version, path, byte_count, loaded_us) \
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(feed.sha256.clone())
        .bind(feed.publisher.clone())
        .bind(feed.version.clone())
        .bind(feed.path.clone())
        .bind(i64::try_from(feed.byte_count).unwrap_or(i64::MAX))
        .bind(feed.loaded.0)
        .execute(on)
        .await
        .map(drop)?);
        Ok(tx.commit().await?)
    }

    /// The newest `rows_max` feeds, newest first.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn feeds_loaded(&self, rows_max: u32) -> Result<Vec<FeedLoaded>, StoreError> {
        type Columns = (Vec<u8>, String, String, String, i64, i64);
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            "select sha256, publisher, version, path, byte_count, loaded_us from feed order by id desc limit $1",
        )
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        let feed = |(sha256, publisher, version, path, byte_count, loaded_us): Columns| FeedLoaded {
            sha256,
            publisher,
            version,
            path,
            byte_count: byte_count.unsigned_abs(),
            loaded: Timestamp(loaded_us),
        };
        Ok(rows.into_iter().map(feed).collect())
    }
}
