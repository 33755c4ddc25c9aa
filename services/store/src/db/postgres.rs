//! Opening PostgreSQL.

use super::{Access, Db, migrate};
use crate::error::StoreError;
use crate::sql::Pool;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::str::FromStr;
use std::time::Duration;

/// Connections that write: the group commit, and the odd change from the console.
const WRITERS_MAX: u32 = 4;
/// Connections that read.
const READERS_MAX: u32 = 8;
/// A query that takes longer is ended (`reliability` limits: 5 s).
const READ_TIMEOUT_MS: &str = "5000";
/// A transaction that waits longer for a row lock is ended and tried again.
const LOCK_TIMEOUT_MS: &str = "5000";
/// How long to wait for a connection before the database counts as away.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/postgres");

pub(super) async fn open(url: &str, access: Access) -> Result<Db, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| StoreError::Unusable(format!("the database URL cannot be read: {error}")))?
        .application_name("padriew");
    // `on` is the server's default, but a role or database may have been told otherwise.
    let writing = options.clone().options([("synchronous_commit", "on"), ("lock_timeout", LOCK_TIMEOUT_MS)]);
    let writes = pool(WRITERS_MAX).connect_with(writing).await?;
    let applied = applied(&writes).await?;
    migrate(&writes, &MIGRATOR, access, applied).await?;
    let reading =
        options.options([("statement_timeout", READ_TIMEOUT_MS), ("default_transaction_read_only", "on")]);
    let reads = pool(READERS_MAX).connect_with(reading).await?;
    Ok(Db { reads: Pool::Postgres(reads), writes: Pool::Postgres(writes), _lock: None })
}

fn pool(connections_max: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
}

async fn applied(pool: &PgPool) -> Result<Option<i64>, StoreError> {
    let (tables,): (bool,) =
        sqlx::query_as("select to_regclass('_sqlx_migrations') is not null").fetch_one(pool).await?;
    if !tables {
        return Ok(None);
    }
    Ok(sqlx::query_as::<_, (Option<i64>,)>("select max(version) from _sqlx_migrations")
        .fetch_one(pool)
        .await?
        .0)
}
