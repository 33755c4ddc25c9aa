//! What plain inserting of the same taps costs: B1 with a key by name, B2 appended (fares design, section 18).
//!
//! One statement of many rows and one commit each time, through the same library, with the server's durability.

use crate::database::Scratch;
use anyhow::Context as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const COLUMNS: usize = 5;
/// A tap as plain inserting would keep it: its name, when it came, its line.
const TABLES: [&str; 2] = [
    "create table b1 (terminal text not null, epoch bigint not null, seq bigint not null, received_us bigint not null, \
     line text not null, primary key (terminal, seq))",
    "create table b2 (terminal text not null, epoch bigint not null, seq bigint not null, received_us bigint not null, \
     line text not null)",
];

/// A connection of its own to a place of its own.
pub(crate) enum Baseline {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Binds a statement's rows and commits; the same tokens for both databases.
macro_rules! insert_commit {
    ($connection:expr, $text:expr, $terminal:expr, $rows:expr) => {{
        let mut transaction = $connection.begin().await?;
        let mut query = sqlx::query(AssertSqlSafe(Arc::clone(&$text)));
        for (seq, line) in $rows {
            query = query.bind($terminal).bind(1_i64).bind(*seq).bind(1_795_136_525_000_000_i64).bind(line);
        }
        query.execute(&mut *transaction).await?;
        transaction.commit().await?;
    }};
}

impl Baseline {
    /// Opens a SQLite file beside the server's, or the server's PostgreSQL database, and makes the tables.
    pub(crate) async fn open(scratch: &Scratch) -> anyhow::Result<Self> {
        let url = scratch.url();
        if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::new()
                .filename(scratch.folder().join("baseline.db"))
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .pragma("wal_autocheckpoint", "4096")
                .pragma("cache_size", "-32768")
                .busy_timeout(Duration::from_secs(10));
            let mut connection = SqliteConnection::connect_with(&options).await?;
            for table in TABLES {
                sqlx::query(table).execute(&mut connection).await?;
            }
            return Ok(Self::Sqlite(connection));
        }
        let mut connection = PgConnection::connect(&url).await.context("no PostgreSQL")?;
        for table in TABLES {
            sqlx::query(table).execute(&mut connection).await?;
        }
        Ok(Self::Postgres(connection))
    }

    /// Inserts `rows` taps into `table`, `batch` a commit, of `terminals` in turn, from `seq` on; taps a second.
    pub(crate) async fn round(
        &mut self,
        table: &str,
        rows: usize,
        batch: usize,
        terminals: usize,
        seq: i64,
    ) -> anyhow::Result<f64> {
        let text = statement(table, batch, matches!(self, Self::Postgres(_)));
        let commits = rows.div_ceil(batch);
        let prepared: Vec<(String, Vec<(i64, String)>)> = (0..commits)
            .map(|commit| {
                let first = seq + (commit / terminals * batch) as i64;
                let taps = (first..first + batch as i64).map(|seq| (seq, line(seq))).collect();
                (format!("T-{:04}", commit % terminals), taps)
            })
            .collect();
        let begun = Instant::now();
        for (terminal, taps) in &prepared {
            match self {
                Self::Sqlite(connection) => insert_commit!(connection, text, terminal.as_str(), taps),
                Self::Postgres(connection) => insert_commit!(connection, text, terminal.as_str(), taps),
            }
        }
        Ok((commits * batch) as f64 / begun.elapsed().as_secs_f64())
    }
}

/// PostgreSQL wants numbered placeholders; SQLite searches a list for each of those, so it gets plain ones.
fn statement(table: &str, rows: usize, numbered: bool) -> Arc<str> {
    let place = |n: usize| if numbered { format!("${n}") } else { "?".to_owned() };
    let row = |at: usize| {
        let places: Vec<String> = (1..=COLUMNS).map(|column| place(at * COLUMNS + column)).collect();
        format!("({})", places.join(","))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("insert into {table} (terminal, epoch, seq, received_us, line) values {}", rows.join(",")).into()
}

/// A line as long as those that the terminals of the run make.
fn line(seq: i64) -> String {
    let card = (seq as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060) % 97_003;
    format!(
        "1|{seq}|9f2c|{}|2026-11-29T07:28:59.000Z|{card:032x}|on|L0001|r3_0715||13690400|101077900|6||1|ok|1500|4200",
        seq * 40
    )
}
