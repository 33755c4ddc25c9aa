//! B2: the same rows into the same table with the same durability, and nothing else.

use crate::database::Scratch;
use anyhow::Context as _;
use server::clock::Clock;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Rows in a statement and a commit, as the server's writer has at most.
const ROWS_PER_COMMIT: usize = 512;
const COLUMNS: [&str; 27] = [
    "boot_id",
    "seq",
    "received_us",
    "t_us",
    "vehicle",
    "lat_deg",
    "lon_deg",
    "speed_mps",
    "heading_deg",
    "accuracy_m",
    "hdop",
    "satellites",
    "odometer_m",
    "trip",
    "trip_day",
    "trip_start_s",
    "block",
    "route",
    "door_open",
    "passengers",
    "occupancy",
    "ev",
    "provenance",
    "tier",
    "verdict",
    "flags",
    "source",
];

/// A connection of its own to a scratch database whose tables exist.
pub(crate) enum RawInsert {
    /// To the SQLite file.
    Sqlite(SqliteConnection),
    /// To PostgreSQL.
    Postgres(PgConnection),
}

/// PostgreSQL wants numbered placeholders; SQLite searches a list for each of those, so it gets plain ones.
fn statement(numbered: bool) -> Arc<str> {
    let place = |n: usize| if numbered { format!("${n}") } else { "?".to_owned() };
    let row = |at: usize| {
        let places: Vec<String> = (1..=COLUMNS.len()).map(|c| place(at * COLUMNS.len() + c)).collect();
        format!("({})", places.join(","))
    };
    let rows: Vec<String> = (0..ROWS_PER_COMMIT).map(row).collect();
    format!("insert into ping ({}) values {}", COLUMNS.join(","), rows.join(",")).into()
}

/// Binds one row like those that the server stores; the same tokens for both databases.
macro_rules! insert_commit {
    ($connection:expr, $text:expr, $boot:expr, $seq:expr, $now:expr) => {{
        let mut transaction = $connection.begin().await?;
        let mut query = sqlx::query(AssertSqlSafe(Arc::clone(&$text)));
        for i in 0..ROWS_PER_COMMIT as i64 {
            query = query.bind($boot).bind($seq + i).bind($now).bind($now - 1_000_000).bind("L0001");
            query = query.bind(13.69_f64).bind(101.07_f64).bind(0.3_f64).bind(None::<f64>).bind(4.5_f64);
            query = query.bind(None::<f64>).bind(11_i64).bind(None::<f64>).bind(None::<String>);
            query = query.bind(None::<String>).bind(None::<i64>).bind(None::<String>).bind(None::<String>);
            query = query.bind(None::<i64>).bind(None::<i64>).bind(None::<String>).bind(None::<String>);
            query = query.bind("GPS").bind("signed").bind("ok").bind(0_i64).bind("pings");
        }
        query.execute(&mut *transaction).await?;
        transaction.commit().await?;
    }};
}

impl RawInsert {
    /// Connects with the durability that the server uses.
    pub(crate) async fn open(scratch: &Scratch) -> anyhow::Result<Self> {
        let url = scratch.url();
        if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::new()
                .filename(scratch.sqlite_file())
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .pragma("wal_autocheckpoint", "4096")
                .pragma("cache_size", "-32768")
                .busy_timeout(Duration::from_secs(10));
            return Ok(Self::Sqlite(SqliteConnection::connect_with(&options).await?));
        }
        Ok(Self::Postgres(PgConnection::connect(&url).await.context("no PostgreSQL")?))
    }

    /// Inserts at least `rows` rows under `boot`, and says how many per second.
    pub(crate) async fn round(&mut self, boot: i64, rows: usize) -> anyhow::Result<f64> {
        let (text, now) = (statement(matches!(self, Self::Postgres(_))), Clock::system().now().0);
        let commits = rows.div_ceil(ROWS_PER_COMMIT);
        let begun = Instant::now();
        for commit in 0..commits {
            let seq = (commit * ROWS_PER_COMMIT) as i64;
            match self {
                Self::Sqlite(connection) => insert_commit!(connection, text, boot, seq, now),
                Self::Postgres(connection) => insert_commit!(connection, text, boot, seq, now),
            }
        }
        Ok((commits * ROWS_PER_COMMIT) as f64 / begun.elapsed().as_secs_f64())
    }
}
