//! What can go wrong with the store, by what the caller does about it.

use thiserror::Error;

/// An error of the store. Cloneable, because one failed commit answers many callers.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StoreError {
    /// The queue to the writer is over 75 % full. Nothing was taken; answer 503.
    #[error("the store is busy, send again in {retry_after_s} s")]
    Busy {
        /// Seconds until a retry is welcome, 1 to 30; the caller adds jitter.
        retry_after_s: u32,
    },
    /// The nonce was seen before. Nothing was taken; answer 401 `nonce`.
    #[error("this signed request was sent before, sign again with a new nonce")]
    Replayed,
    /// The database refuses what is in this batch or row; nothing else was lost.
    #[error("the database refuses this data: {0}")]
    Refused(String),
    /// The disk is full. Nothing was taken; answer 507. The store goes on by itself when there is space.
    #[error("the disk of the database is full, make space: {0}")]
    Full(String),
    /// A write or sync failed and the state of the disk is unknown. Every write is refused until the
    /// process is started again; answer 507.
    #[error("the store has stopped after a failed write, start the process again: {0}")]
    Stopped(String),
    /// The database does not answer, or another process was faster. Nothing is known of the last
    /// commit; answer 503, and the permanent keys settle it when the sender tries again.
    #[error("the database is away: {0}")]
    Away(String),
    /// The database cannot be opened as it is; the sentence says what to change.
    #[error("{0}")]
    Unusable(String),
    /// A stored row cannot be read.
    #[error("a stored row cannot be read: {0}")]
    Unreadable(String),
}

/// SQLite's primary result codes, <https://sqlite.org/rescode.html>.
mod sqlite_code {
    pub(super) const BUSY: u32 = 5;
    pub(super) const LOCKED: u32 = 6;
    pub(super) const FULL: u32 = 13;
    pub(super) const TOO_BIG: u32 = 18;
    pub(super) const CONSTRAINT: u32 = 19;
    pub(super) const MISMATCH: u32 = 20;
}

/// PostgreSQL's codes always have five characters, SQLite's at most four.
const POSTGRES_CODE_LEN: usize = 5;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let text = error.to_string();
        match &error {
            sqlx::Error::Database(cause) => match cause.code() {
                Some(code) if code.len() == POSTGRES_CODE_LEN => of_postgres(&code, text),
                Some(code) => of_sqlite(&code, text),
                None => Self::Away(text),
            },
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::RowNotFound
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::TypeNotFound { .. } => Self::Unreadable(text),
            sqlx::Error::Encode(_) | sqlx::Error::InvalidArgument(_) => Self::Refused(text),
            sqlx::Error::Configuration(_) => Self::Unusable(text),
            _ => Self::Away(text),
        }
    }
}

/// By class, <https://www.postgresql.org/docs/current/errcodes-appendix.html>. PostgreSQL itself
/// panics on a failed sync, so that a client only ever sees the connection go.
fn of_postgres(code: &str, text: String) -> StoreError {
    match (&code[..2], code) {
        (_, "53100") => StoreError::Full(text),
        ("22" | "23" | "54", _) => StoreError::Refused(text),
        ("58" | "XX", _) => StoreError::Stopped(text),
        ("3D" | "28" | "42", _) => StoreError::Unusable(text),
        _ => StoreError::Away(text),
    }
}

fn of_sqlite(code: &str, text: String) -> StoreError {
    // The low byte is the primary code, the rest says where it happened.
    match code.parse::<u32>().unwrap_or_default() & 0xff {
        sqlite_code::FULL => StoreError::Full(text),
        sqlite_code::CONSTRAINT | sqlite_code::MISMATCH | sqlite_code::TOO_BIG => StoreError::Refused(text),
        sqlite_code::BUSY | sqlite_code::LOCKED => StoreError::Away(text),
        // IOERR, CORRUPT, NOTADB, READONLY, CANTOPEN and what nobody expects: the disk is not to be trusted.
        _ => StoreError::Stopped(text),
    }
}
