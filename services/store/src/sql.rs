//! One SQL text for two databases.
//!
//! A query is written once, lower case, with `$1` placeholders; [`on_pool!`] and [`on_tx!`] compile the
//! same tokens for SQLite and for PostgreSQL. Nothing here asks which database it is.
//!
//! [`Many`] makes the texts that insert many rows at once. Only there do the placeholders differ: SQLite
//! keeps *named* parameters (`$1` is a name to it) in a list that it searches from the start for each one,
//! so that 14,000 of them cost 0.1 s a statement, while an unnamed `?` costs nothing.

use sqlx::sqlite::Sqlite;
use sqlx::{AssertSqlSafe, PgPool, Postgres, SqlSafeStr, SqlStr, SqlitePool, Transaction};
use std::fmt::Write;
use std::sync::Arc;

/// A pool of either database.
#[derive(Clone, Debug)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// An open transaction of either database. Dropped without [`Tx::commit`], it never happened.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Commits; the answer comes after the sync.
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
    }
}

/// Compiles `$body` for both databases, with `$on` bound to the pool.
macro_rules! on_pool {
    ($pool:expr, $on:ident => $body:expr) => {
        match $pool {
            $crate::sql::Pool::Sqlite($on) => $body,
            $crate::sql::Pool::Postgres($on) => $body,
        }
    };
}
pub(crate) use on_pool;

/// Compiles `$body` for both databases, with `$on` bound to the connection of the transaction.
macro_rules! on_tx {
    ($tx:expr, $on:ident => $body:expr) => {
        match $tx {
            $crate::sql::Tx::Sqlite(tx) => {
                let $on = &mut **tx;
                $body
            }
            $crate::sql::Tx::Postgres(tx) => {
                let $on = &mut **tx;
                $body
            }
        }
    };
}
pub(crate) use on_tx;

/// Runs a [`Many`] over all `$rows`: `$bind` binds one row, `$run` executes one statement.
macro_rules! many {
    ($tx:expr, $many:expr, $rows:expr, |$query:ident, $row:ident| $bind:expr, |$filled:ident, $on:ident| $run:expr) => {
        match $tx {
            $crate::sql::Tx::Sqlite(tx) => {
                for (sql, chunk) in $many.unnamed.split($rows) {
                    let mut $query = sqlx::query(sql);
                    for $row in chunk {
                        $query = $bind;
                    }
                    let ($filled, $on) = ($query, &mut **tx);
                    $run;
                }
            }
            $crate::sql::Tx::Postgres(tx) => {
                for (sql, chunk) in $many.numbered.split($rows) {
                    let mut $query = sqlx::query(sql);
                    for $row in chunk {
                        $query = $bind;
                    }
                    let ($filled, $on) = ($query, &mut **tx);
                    $run;
                }
            }
        }
    };
}
pub(crate) use many;

/// Asks a [`Many`] about all `$keys` and gathers the rows, as `$row`s: `$bind` binds one key.
macro_rules! many_rows {
    (@on $texts:expr, $keys:expr, $type:ty, |$query:ident, $key:ident| $bind:expr, $on:expr) => {{
        let mut rows: Vec<$type> = Vec::new();
        for (sql, chunk) in $texts.split($keys) {
            let mut $query = sqlx::query_as::<_, $type>(sql);
            for $key in chunk {
                $query = $bind;
            }
            rows.extend($query.fetch_all($on).await?);
        }
        rows
    }};
    (pool $pool:expr, $many:expr, $keys:expr, $type:ty, |$query:ident, $key:ident| $bind:expr) => {
        match $pool {
            $crate::sql::Pool::Sqlite(on) => {
                $crate::sql::many_rows!(@on $many.unnamed, $keys, $type, |$query, $key| $bind, on)
            }
            $crate::sql::Pool::Postgres(on) => {
                $crate::sql::many_rows!(@on $many.numbered, $keys, $type, |$query, $key| $bind, on)
            }
        }
    };
    (tx $tx:expr, $many:expr, $keys:expr, $type:ty, |$query:ident, $key:ident| $bind:expr) => {
        match $tx {
            $crate::sql::Tx::Sqlite(tx) => {
                $crate::sql::many_rows!(@on $many.unnamed, $keys, $type, |$query, $key| $bind, &mut **tx)
            }
            $crate::sql::Tx::Postgres(tx) => {
                $crate::sql::many_rows!(@on $many.numbered, $keys, $type, |$query, $key| $bind, &mut **tx)
            }
        }
    };
}
pub(crate) use many_rows;

/// Rows per statement, largest first. Few sizes, so that each text is prepared once and kept. SQLite
/// allows 32,766 values in a statement, PostgreSQL 65,535.
pub(crate) const ROWS_PER_STATEMENT: [usize; 4] = [512, 64, 8, 1];

/// The texts of a statement with `values (…), (…)`, for each number of rows in [`ROWS_PER_STATEMENT`].
pub(crate) struct Many {
    pub(crate) unnamed: Texts,
    pub(crate) numbered: Texts,
}

/// The texts for one style of placeholder.
pub(crate) struct Texts([Arc<str>; ROWS_PER_STATEMENT.len()]);

impl Many {
    /// `head` ends before the first row, `tail` follows the last; each row has `columns` values.
    pub(crate) fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        let texts = |placeholder: fn(&mut String, usize)| {
            Texts(ROWS_PER_STATEMENT.map(|rows| text(head, tail, rows, columns, placeholder)))
        };
        Self {
            unnamed: texts(|sql, _| sql.push('?')),
            // Writing to a string cannot fail.
            numbered: texts(|sql, n| _ = write!(sql, "${n}")),
        }
    }
}

fn text(
    head: &str,
    tail: &str,
    rows: usize,
    columns: usize,
    placeholder: fn(&mut String, usize),
) -> Arc<str> {
    let mut sql = String::from(head);
    for row in 0..rows {
        sql.push_str(if row == 0 { " (" } else { ", (" });
        for column in 0..columns {
            if column > 0 {
                sql.push_str(", ");
            }
            placeholder(&mut sql, row * columns + column + 1);
        }
        sql.push(')');
    }
    sql.push(' ');
    sql.push_str(tail);
    sql.into()
}

impl Texts {
    /// `rows` in as few statements as the sizes allow.
    pub(crate) fn split<'a, T>(&'a self, rows: &'a [T]) -> impl Iterator<Item = (SqlStr, &'a [T])> {
        let mut rest = rows;
        std::iter::from_fn(move || {
            let at = ROWS_PER_STATEMENT.iter().position(|&size| size <= rest.len())?;
            let (chunk, tail) = rest.split_at(ROWS_PER_STATEMENT[at]);
            rest = tail;
            // Safe: made of static texts and placeholders only.
            Some((AssertSqlSafe(Arc::clone(&self.0[at])).into_sql_str(), chunk))
        })
    }
}

/// Text of a row, shared: written without a copy where the domain has it shared already.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Word(pub(crate) Arc<str>);

impl std::ops::Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&Arc<str>> for Word {
    fn from(text: &Arc<str>) -> Self {
        Self(Arc::clone(text))
    }
}

impl From<String> for Word {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<Word> for Arc<str> {
    fn from(word: Word) -> Self {
        word.0
    }
}

impl<DB: sqlx::Database> sqlx::Type<DB> for Word
where
    str: sqlx::Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <str as sqlx::Type<DB>>::type_info()
    }

    fn compatible(ty: &DB::TypeInfo) -> bool {
        <str as sqlx::Type<DB>>::compatible(ty)
    }
}

impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for Word
where
    &'r str: sqlx::Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
        <&str as sqlx::Decode<'r, DB>>::decode(value).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_split_into_as_few_statements_as_the_sizes_allow() {
        let many = Many::new("insert into t (a, b) values", 2, "on conflict do nothing");
        let rows: Vec<u32> = (0..597).collect();
        let sizes: Vec<usize> = many.numbered.split(&rows).map(|(_, chunk)| chunk.len()).collect();
        assert_eq!(sizes, [512, 64, 8, 8, 1, 1, 1, 1, 1]);
        let back: Vec<u32> = many.numbered.split(&rows).flat_map(|(_, chunk)| chunk.to_vec()).collect();
        assert_eq!(back, rows);
        assert_eq!(many.unnamed.split(&rows[..0]).count(), 0);
    }

    #[test]
    fn placeholders_are_numbered_across_rows_or_unnamed() {
        let many = Many::new("insert into t (a, b) values", 2, "on conflict do nothing");
        assert_eq!(&*many.numbered.0[3], "insert into t (a, b) values ($1, $2) on conflict do nothing");
        assert_eq!(&*many.unnamed.0[3], "insert into t (a, b) values (?, ?) on conflict do nothing");
        assert!(many.numbered.0[2].contains("($1, $2), ($3, $4)"));
        assert!(many.numbered.0[0].contains("($1023, $1024) on"));
    }
}
