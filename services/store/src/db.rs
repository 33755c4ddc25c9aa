//! The open database: which one, how durable, and who may write.
//!
//! SQLite: WAL, `synchronous=FULL`, foreign keys, one write connection beside a pool of readers, and a
//! lock file so that tables never change under a serving process; several of one host may serve a file, on a
//! local disk. PostgreSQL: `synchronous_commit=on`, one pool; any number of processes.

mod lock;
mod postgres;
mod sqlite;

use crate::error::StoreError;
use crate::sql::{Pool, Tx};
use sqlx::{Sqlite, SqlitePool, Transaction};
use std::sync::Arc;

/// What this process wants the database for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To run the server: brings the tables up to date; on SQLite only while no other server has the file.
    Serve,
    /// For a short change by a command, such as adding a device, also while a server runs. Refused when
    /// the tables are not those of this program.
    Admin,
}

/// An open database. Cheap to clone; the last clone closes it.
#[derive(Clone, Debug)]
pub struct Db {
    /// For queries; on PostgreSQL with a statement timeout.
    pub(crate) reads: Pool,
    writes: Pool,
    _lock: Option<Arc<lock::LockFile>>,
}

impl Db {
    /// Opens `sqlite:PATH` or `postgres://…`; makes a SQLite file when there is none.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when the URL, the tables or another process stand in the way (the
    /// sentence says what to do), [`StoreError::Away`] when the server does not answer.
    pub async fn open(url: &str, access: Access) -> Result<Self, StoreError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            return sqlite::open(path.strip_prefix("//").unwrap_or(path), access).await;
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return postgres::open(url, access).await;
        }
        Err(StoreError::Unusable(format!(
            "the database URL begins with {:?}, use sqlite:PATH or postgres://USER@HOST/NAME",
            url.split(':').next().unwrap_or_default()
        )))
    }

    /// Opens for serving; see [`Db::open`].
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::open(url, Access::Serve).await
    }

    /// Waits for work in hand and closes every connection.
    pub async fn close(&self) {
        for pool in [&self.reads, &self.writes] {
            match pool {
                Pool::Sqlite(pool) => pool.close().await,
                Pool::Postgres(pool) => pool.close().await,
            }
        }
    }

    /// A transaction that writes. On SQLite it holds the only write lock from its first moment, so that
    /// it cannot fail half-way for want of it.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match &self.writes {
            Pool::Sqlite(pool) => Tx::Sqlite(begin_immediate(pool).await?),
            Pool::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }
}

/// Begins, on a fresh connection where the old one believes that it is still in a transaction: SQLite ends one
/// by itself when the disk is full (<https://sqlite.org/lang_transaction.html>, section 2.3), and the library
/// does not notice; without this nothing would be stored again when there is room.
async fn begin_immediate(pool: &SqlitePool) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    const BEGIN: &str = "begin immediate";
    match pool.begin_with(BEGIN).await {
        Err(sqlx::Error::InvalidSavePointStatement) => {
            // There is only this one connection.
            pool.acquire().await?.close().await?;
            pool.begin_with(BEGIN).await
        }
        begun => begun,
    }
}

/// Brings the tables up to date, or (`Admin`) says that they are not.
async fn migrate<A>(
    pool: A,
    migrator: &sqlx::migrate::Migrator,
    access: Access,
    applied: Option<i64>,
) -> Result<(), StoreError>
where
    A: for<'a> sqlx::Acquire<'a>,
    for<'a> <<A as sqlx::Acquire<'a>>::Connection as std::ops::Deref>::Target: sqlx::migrate::Migrate,
{
    let newest = migrator.iter().map(|migration| migration.version).max();
    match access {
        Access::Serve => migrator.run(pool).await.map_err(|error| {
            StoreError::Unusable(format!("the tables cannot be brought up to date: {error}"))
        }),
        Access::Admin if applied == newest => Ok(()),
        Access::Admin => Err(StoreError::Unusable(format!(
            "the tables are at version {}, this program needs {}: run padriew migrate, with every server stopped",
            applied.unwrap_or_default(),
            newest.unwrap_or_default()
        ))),
    }
}
