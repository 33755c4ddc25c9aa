//! A database of the run's own: a SQLite file in a temporary folder, or a new PostgreSQL database.

use anyhow::{Context as _, bail, ensure};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use std::path::{Path, PathBuf};

/// Where rows go during a run; gone afterwards.
pub(crate) struct Scratch {
    folder: tempfile::TempDir,
    kind: Kind,
}

enum Kind {
    Sqlite,
    Postgres { server: String, name: String },
}

impl Scratch {
    /// Makes one on `database`: `sqlite`, or the URL of a PostgreSQL server on this machine that lets us
    /// create databases.
    pub(crate) async fn make(database: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("padriew-load-").tempdir()?;
        let kind = match database.split(':').next() {
            Some("sqlite") => Kind::Sqlite,
            Some("postgres" | "postgresql") => {
                ensure!(
                    is_local(database),
                    "{database} is not on this machine; this program loads only its own"
                );
                let name = format!("padriew_load_{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
                admin(database, &format!("create database {name}")).await?;
                Kind::Postgres { server: database.to_owned(), name }
            }
            _ => bail!("--database {database}: use sqlite or postgres://USER@127.0.0.1:PORT/NAME"),
        };
        Ok(Self { folder, kind })
    }

    /// The folder for everything of the run.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What `padriew --database` takes.
    pub(crate) fn url(&self) -> String {
        match &self.kind {
            Kind::Sqlite => format!("sqlite:{}", self.sqlite_file().display()),
            Kind::Postgres { server, name } => with_name(server, name),
        }
    }

    /// The SQLite file.
    pub(crate) fn sqlite_file(&self) -> PathBuf {
        self.folder.path().join("padriew.db")
    }

    /// How results name it.
    pub(crate) fn words(&self) -> &'static str {
        match self.kind {
            Kind::Sqlite => "SQLite (WAL, synchronous=FULL)",
            Kind::Postgres { .. } => "PostgreSQL (synchronous_commit=on)",
        }
    }

    /// Removes the PostgreSQL database; the folder goes by itself.
    pub(crate) async fn remove(self) -> anyhow::Result<()> {
        match &self.kind {
            Kind::Sqlite => Ok(()),
            Kind::Postgres { server, name } => {
                admin(server, &format!("drop database {name} with (force)")).await
            }
        }
    }
}

/// Runs one statement on the server's own database. The name in it is made by this file.
async fn admin(server: &str, statement: &str) -> anyhow::Result<()> {
    let mut connection =
        PgConnection::connect(server).await.with_context(|| format!("no PostgreSQL at {server}"))?;
    connection.execute(AssertSqlSafe(statement.to_owned())).await.with_context(|| statement.to_owned())?;
    connection.close().await?;
    Ok(())
}

/// Loopback by name or number, or a socket folder.
fn is_local(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host_and_path = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = host_and_path.split(['/', '?']).next().unwrap_or_default();
    let by_socket = url.contains("host=/") || url.contains("host=%2F") || host.starts_with("%2F");
    let name = host
        .rsplit_once(':')
        .map_or(host, |(name, port)| if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host });
    by_socket || matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

/// The URL with another database name.
fn with_name(url: &str, name: &str) -> String {
    let (front, query) = url.split_once('?').map_or((url, None), |(front, query)| (front, Some(query)));
    let authority = front.find("://").map_or(0, |at| at + 3);
    let end = front[authority..].find('/').map_or(front.len(), |at| authority + at);
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    format!("{}/{name}{query}", &front[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_databases_of_this_machine_are_loaded() {
        assert!(is_local("postgres://a:b@127.0.0.1:5432/x"));
        assert!(is_local("postgres://localhost/x"));
        assert!(is_local("postgres:///x?host=/tmp/socket"));
        assert!(!is_local("postgres://a@db.example.org/x"));
    }

    #[test]
    fn the_name_of_the_database_is_exchanged_and_the_rest_stays() {
        assert_eq!(with_name("postgres://a@localhost:5/x", "y"), "postgres://a@localhost:5/y");
        assert_eq!(with_name("postgres:///x?host=/tmp", "y"), "postgres:///y?host=/tmp");
        assert_eq!(with_name("postgres://localhost", "y"), "postgres://localhost/y");
    }
}
