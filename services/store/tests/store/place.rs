//! Where a test keeps its rows: a SQLite file or a PostgreSQL schema of its own.

use gtfs::Timestamp;
use sqlx::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use store::writer::{WriterLimits, writer};
use store::{Actor, Db, PingBatch, PingRow, Verdict, Writer};
use tokio_util::sync::CancellationToken;
use tracking::check::Flags;
use tracking::{Claim, Ping, Provenance, Tier};

/// A database of one test.
pub(crate) struct Place {
    pub(crate) url: String,
    schema: Option<String>,
    _folder: tempfile::TempDir,
}

/// Names the server that the tests may use, such as `postgres://postgres@127.0.0.1:5433/postgres`.
pub(crate) const POSTGRES_ENV: &str = "PADRIEW_TEST_POSTGRES";

impl Place {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        Self { url, schema: None, _folder: folder }
    }

    /// `None`, said aloud, when there is no server.
    pub(crate) async fn postgres(test: &str) -> Option<Self> {
        static SCHEMAS: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var(POSTGRES_ENV) else {
            eprintln!("skipped on postgres: {POSTGRES_ENV} is not set ({test})");
            return None;
        };
        let schema = format!("t{}_{}", std::process::id(), SCHEMAS.fetch_add(1, Ordering::Relaxed));
        execute(&server, format!("create schema {schema}")).await;
        let mark = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{mark}options[search_path]={schema}");
        Some(Self { url, schema: Some(schema), _folder: tempfile::tempdir().unwrap() })
    }

    pub(crate) async fn open(&self) -> Db {
        Db::connect(&self.url).await.unwrap()
    }

    pub(crate) async fn remove(self) {
        if let Some(schema) = &self.schema {
            let server = std::env::var(POSTGRES_ENV).unwrap();
            execute(&server, format!("drop schema {schema} cascade")).await;
        }
    }

    /// Runs `sql` beside the store, as somebody with another program would.
    pub(crate) async fn execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        if let Some(path) = self.url.strip_prefix("sqlite:") {
            let mut connection = sqlx::SqliteConnection::connect(path).await?;
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await?;
        } else {
            let mut connection = sqlx::PgConnection::connect(&self.url).await?;
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await?;
        }
        Ok(())
    }
}

async fn execute(server: &str, sql: String) {
    let mut connection = sqlx::PgConnection::connect(server).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
}

/// One test body, run on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($place:ident: &Place) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports, reason = "a body may need nothing of its file")]
            use super::*;

            async fn body($place: &crate::place::Place) $body

            $(#[$meta])*
            #[tokio::test]
            async fn on_sqlite() {
                let place = crate::place::Place::sqlite().await;
                body(&place).await;
                place.remove().await;
            }

            $(#[$meta])*
            #[tokio::test]
            async fn on_postgres() {
                if let Some(place) = crate::place::Place::postgres(stringify!($name)).await {
                    body(&place).await;
                    place.remove().await;
                }
            }
        }
    )*};
}
pub(crate) use on_both;

/// Runs `body` beside a writer, then shuts the writer down.
pub(crate) async fn with_writer<T>(db: &Db, body: impl AsyncFnOnce(Writer) -> T) -> T {
    let (handle, task) = writer(db, WriterLimits::default());
    let shutdown = CancellationToken::new();
    let body = async {
        let out = body(handle).await;
        shutdown.cancel();
        out
    };
    let (ended, out) = tokio::join!(task.run(shutdown.clone()), body);
    ended.unwrap();
    out
}

/// 2026-11-20T00:00:00Z.
pub(crate) const DAY: Timestamp = Timestamp::from_s(1_795_132_800);

/// A row with everything set that can be.
pub(crate) fn row(seq: i64) -> PingRow {
    PingRow {
        seq,
        verdict: Verdict::Ok,
        flags: Flags::default(),
        satellites: None,
        heartbeat: false,
        ping: Ping {
            vehicle: "EV-07".into(),
            t: Timestamp(DAY.0 + seq * 1_000_000),
            received: Timestamp(DAY.0 + seq * 1_000_000 + 350_000),
            lat: 13.688_12,
            lon: 101.071_56 + seq as f64 * 1e-5,
            speed_mps: Some(8.4),
            heading_deg: None,
            accuracy_m: Some(4.2),
            hdop: None,
            odometer_m: None,
            claim: Claim::default(),
            door_open: None,
            passengers: None,
            occupancy: None,
            ev: None,
            provenance: Provenance::Gps,
            tier: Tier::Signed,
        },
    }
}

pub(crate) fn batch(device: &str, boot: &str, seqs: impl IntoIterator<Item = i64>) -> PingBatch {
    PingBatch {
        device: device.into(),
        boot: boot.into(),
        source: Arc::from("pings"),
        nonce: None,
        rows: seqs.into_iter().map(row).collect(),
        rejected: Vec::new(),
    }
}

pub(crate) fn actor() -> Actor {
    Actor {
        at: DAY,
        who: "padriew device".into(),
        role: "local".into(),
        address: "".into(),
        reason: "".into(),
        request_id: "".into(),
    }
}
