//! Opening SQLite.

use super::lock::LockFile;
use super::{Access, Db, migrate};
use crate::error::StoreError;
use crate::sql::Pool;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a statement waits for another process's write lock: a command that adds a device holds it for
/// milliseconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Readers never wait for the writer in WAL mode; each costs a thread.
const READERS_MAX: u32 = 4;
/// Rows that a query may be ahead of who reads them: few wake-ups where cards are read by the thousand.
const ROWS_AHEAD: usize = 1_024;
/// The write-ahead log is folded back at this many pages of 4 KiB (16 MiB).
const CHECKPOINT_PAGES: &str = "4096";
/// Pages kept in memory per connection, as negative KiB (32 MiB).
const CACHE_KIB: &str = "-32768";

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/sqlite");

pub(super) async fn open(path: &str, access: Access) -> Result<Db, StoreError> {
    if path.is_empty() || path.starts_with(":memory:") {
        return Err(StoreError::Unusable(
            "an in-memory database would lose what was acknowledged, give a file: sqlite:padriew.db".into(),
        ));
    }
    let path = Path::new(path);
    let lock = match access {
        Access::Serve => Some(LockFile::take(path).await?),
        Access::Admin => None,
    };
    // Beside another server the tables stay as they are.
    let access = if lock.as_ref().is_some_and(LockFile::is_shared) { Access::Admin } else { access };
    let options = options(path).create_if_missing(access == Access::Serve);
    let cannot = |error: sqlx::Error| {
        StoreError::Unusable(format!("cannot open {}: {error}; does the folder exist?", path.display()))
    };
    let writes = pool(1).connect_with(options.clone()).await.map_err(cannot)?;
    let applied = applied(&writes).await?;
    migrate(&writes, &MIGRATOR, access, applied).await?;
    let lock = lock.map(LockFile::share).transpose()?.map(Arc::new);
    let reads = pool(READERS_MAX).connect_with(options.read_only(true)).await.map_err(cannot)?;
    Ok(Db { reads: Pool::Sqlite(reads), writes: Pool::Sqlite(writes), _lock: lock })
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(ROWS_AHEAD)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("cache_size", CACHE_KIB)
        .pragma("temp_store", "memory")
}

fn pool(connections_max: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections_max)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
}

async fn applied(pool: &SqlitePool) -> Result<Option<i64>, StoreError> {
    let (tables,): (i64,) =
        sqlx::query_as("select count(*) from sqlite_master where name = '_sqlx_migrations'")
            .fetch_one(pool)
            .await?;
    if tables == 0 {
        return Ok(None);
    }
    Ok(sqlx::query_as::<_, (Option<i64>,)>("select max(version) from _sqlx_migrations")
        .fetch_one(pool)
        .await?
        .0)
}
