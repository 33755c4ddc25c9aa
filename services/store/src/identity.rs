//! `identity.db`: whose card is whose, apart from everything else.
//!
//! A SQLite file of its own, whichever database the server has: personal data stays on one machine, in one file that
//! can be locked away. Rows are sealed by the caller, each with a key of its own, which is sealed with the server key;
//! erasing a row destroys its key, and SQLite overwrites what it deletes. The ledger never points here.

use crate::StoreError;
use gtfs::Timestamp;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::path::Path;

/// The sealed link between a card and a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedIdentity {
    /// The key of the row, sealed with the server key.
    pub key: Vec<u8>,
    /// What is known of the person, sealed with the key of the row.
    pub person: Vec<u8>,
    /// When it was written.
    pub changed: Timestamp,
}

/// The open file.
#[derive(Clone, Debug)]
pub struct IdentityStore(SqlitePool);

/// `journal_mode=delete` and `secure_delete`: what is erased is overwritten, and stays in no log.
const TABLES: &str = "\
    create table if not exists card_identity (\
        card_sha256 blob primary key not null, key blob not null, person blob not null, changed_us integer not null\
    ) strict, without rowid";

impl IdentityStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when it can not be opened.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let cannot =
            |error: sqlx::Error| StoreError::Unusable(format!("cannot open {}: {error}", path.display()));
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Delete)
            .synchronous(SqliteSynchronous::Full)
            .pragma("secure_delete", "on");
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.map_err(cannot)?;
        sqlx::query(TABLES).execute(&pool).await.map_err(cannot)?;
        Ok(Self(pool))
    }

    /// Waits for work in hand and closes the file.
    pub async fn close(&self) {
        self.0.close().await;
    }

    /// Writes the identity of a card, over an older one.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn put(&self, card_sha256: &[u8], sealed: &SealedIdentity) -> Result<(), StoreError> {
        sqlx::query(
            "insert into card_identity (card_sha256, key, person, changed_us) values ($1, $2, $3, $4) \
             on conflict (card_sha256) do update set key = excluded.key, person = excluded.person, \
             changed_us = excluded.changed_us",
        )
        .bind(card_sha256)
        .bind(sealed.key.as_slice())
        .bind(sealed.person.as_slice())
        .bind(sealed.changed.0)
        .execute(&self.0)
        .await?;
        Ok(())
    }

    /// The identity of a card.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn get(&self, card_sha256: &[u8]) -> Result<Option<SealedIdentity>, StoreError> {
        let row: Option<(Vec<u8>, Vec<u8>, i64)> =
            sqlx::query_as("select key, person, changed_us from card_identity where card_sha256 = $1")
                .bind(card_sha256)
                .fetch_optional(&self.0)
                .await?;
        Ok(row.map(|(key, person, changed_us)| SealedIdentity {
            key,
            person,
            changed: Timestamp(changed_us),
        }))
    }

    /// Destroys the identity of a card, its key first; `false` when there was none.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn erase(&self, card_sha256: &[u8]) -> Result<bool, StoreError> {
        // Overwritten in place before the row goes: even a copy of the pages afterwards has no key.
        sqlx::query("update card_identity set key = zeroblob(length(key)) where card_sha256 = $1")
            .bind(card_sha256)
            .execute(&self.0)
            .await?;
        let gone = sqlx::query("delete from card_identity where card_sha256 = $1")
            .bind(card_sha256)
            .execute(&self.0)
            .await?
            .rows_affected();
        Ok(gone == 1)
    }
}
