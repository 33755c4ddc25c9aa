//! `operator`: the people and programs that use the API, each with a role and a token.
//!
//! Of a token only its SHA-256 is kept. What a role may do is decided where requests are answered.

use crate::audit::{self, Actor, Change};
use crate::sql::{on_pool, on_tx};
use crate::words::{known, words};
use crate::{Db, StoreError};
use gtfs::Timestamp;
use std::sync::Arc;

/// What an operator is there for (`reliability`, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperatorRole {
    /// Looks on.
    Viewer,
    /// Runs the service.
    Dispatcher,
    /// Looks after the money.
    Fares,
    /// Looks after the system.
    Admin,
    /// Looks at everything, changes nothing.
    Auditor,
}

words!(OperatorRole {
    Viewer = "viewer",
    Dispatcher = "dispatcher",
    Fares = "fares",
    Admin = "admin",
    Auditor = "auditor",
});

/// An operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name, which the audit log has.
    pub name: Arc<str>,
    /// What for.
    pub role: OperatorRole,
    /// The agency whose things alone may be seen; empty for all.
    pub agency: Arc<str>,
    /// SHA-256 of the token.
    pub token_sha256: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
    /// When its token was taken back.
    pub revoked: Option<Timestamp>,
}

macro_rules! operator_columns {
    () => {
        "select name, role, agency, token_sha256, created_us, revoked_us from operator "
    };
}

impl Db {
    /// Adds an operator, or gives one a new role, agency or token; who was revoked is live again.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the name would not fit a URL or the token is another's; or any other error of
    /// a write.
    pub async fn operator_put(&self, operator: &Operator, by: &Actor) -> Result<(), StoreError> {
        crate::device::check_id(&operator.name)?;
        let before = self.operator(&operator.name).await?;
        let shown = |o: &Operator| format!("role={} agency={}", o.role.word(), o.agency);
        let mut tx = self.begin().await?;
        on_tx!(&mut tx, on => sqlx::query(
            "insert into operator (name, role, agency, token_sha256, created_us, revoked_us) \
             values ($1, $2, $3, $4, $5, null) on conflict (name) do update set role = excluded.role, \
             agency = excluded.agency, token_sha256 = excluded.token_sha256, revoked_us = null",
        )
        .bind(Arc::clone(&operator.name))
        .bind(operator.role.word())
        .bind(Arc::clone(&operator.agency))
        .bind(operator.token_sha256.as_slice())
        .bind(operator.created.0)
        .execute(on)
        .await
        .map(drop)?);
        let change = Change {
            agency: operator.agency.as_ref().to_owned(),
            action: "operator_put".into(),
            subject: operator.name.as_ref().to_owned(),
            before: before.as_ref().map_or_else(String::new, shown),
            after: shown(operator),
        };
        audit::append(&mut tx, by, &change).await?;
        Ok(tx.commit().await?)
    }

    /// Takes an operator's token back; `false` when there is no such live one.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn operator_revoke(&self, name: &str, by: &Actor) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let revoked = on_tx!(&mut tx, on => sqlx::query(
            "update operator set revoked_us = $2 where name = $1 and revoked_us is null",
        )
        .bind(name)
        .bind(by.at.0)
        .execute(on)
        .await?
        .rows_affected());
        if revoked == 1 {
            let change = Change {
                action: "operator_revoke".into(),
                subject: name.to_owned(),
                before: "live".into(),
                after: "revoked".into(),
                ..Change::default()
            };
            audit::append(&mut tx, by, &change).await?;
        }
        tx.commit().await?;
        Ok(revoked == 1)
    }

    /// The live operator with this token.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn operator_of_token(&self, token_sha256: &[u8]) -> Result<Option<Operator>, StoreError> {
        let row: Option<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(operator_columns!(), "where token_sha256 = $1 and revoked_us is null"),
        )
        .bind(token_sha256)
        .fetch_optional(on)
        .await?);
        row.map(Operator::try_from).transpose()
    }

    /// One operator, live or not.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn operator(&self, name: &str) -> Result<Option<Operator>, StoreError> {
        let row: Option<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(operator_columns!(), "where name = $1"),
        )
        .bind(name)
        .fetch_optional(on)
        .await?);
        row.map(Operator::try_from).transpose()
    }

    /// Every operator, by name.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn operators(&self) -> Result<Vec<Operator>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(operator_columns!(), "order by name"),
        )
        .fetch_all(on)
        .await?);
        rows.into_iter().map(Operator::try_from).collect()
    }
}

#[derive(sqlx::FromRow)]
struct Columns {
    name: String,
    role: String,
    agency: String,
    token_sha256: Vec<u8>,
    created_us: i64,
    revoked_us: Option<i64>,
}

impl TryFrom<Columns> for Operator {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        Ok(Self {
            role: known("operator", &row.name, "role", &row.role, OperatorRole::from_word(&row.role))?,
            name: row.name.into(),
            agency: row.agency.into(),
            token_sha256: row.token_sha256,
            created: Timestamp(row.created_us),
            revoked: row.revoked_us.map(Timestamp),
        })
    }
}
