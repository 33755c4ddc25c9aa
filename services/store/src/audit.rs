//! The audit log: one row per change, each chained to the one before by SHA-256.
//!
//! A row is written in the transaction of the change it tells of. The database refuses to change or delete
//! rows; who goes behind its back breaks the chain, and [`Db::audit_verify`] says where.

use crate::sql::{Tx, on_pool, on_tx};
use crate::{Db, StoreError};
use gtfs::Timestamp;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Who changes something, from where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// When.
    pub at: Timestamp,
    /// The operator's id, or the command, such as `padriew device`.
    pub who: Arc<str>,
    /// The role it was allowed by, such as `admin`; `local` for a command on the machine.
    pub role: Arc<str>,
    /// The address it came from; empty for a command on the machine.
    pub address: Arc<str>,
    /// The reason given; may be empty.
    pub reason: Arc<str>,
    /// Joins this row to the logs; may be empty.
    pub request_id: Arc<str>,
}

/// What was changed. Never holds a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The agency whose thing it is; empty when it is nobody's.
    pub agency: String,
    /// A stable word, such as `device_put`.
    pub action: String,
    /// The id of the thing.
    pub subject: String,
    /// How it was; empty when it is new.
    pub before: String,
    /// How it is now; empty when it is gone.
    pub after: String,
}

/// A row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Rises by one, without holes.
    pub id: i64,
    /// Who.
    pub actor: Actor,
    /// What.
    pub change: Change,
    /// SHA-256 over the previous row's hash and this row.
    pub hash: Vec<u8>,
}

/// What reading the whole log again came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditVerdict {
    /// Every row is as it was written, none is missing.
    Whole {
        /// How many rows.
        rows: u64,
    },
    /// The first row that is not as it was written, or is missing.
    Broken {
        /// Its id.
        id: i64,
        /// One sentence.
        reason: String,
    },
}

/// Rows read at a time while verifying.
const VERIFY_PAGE_ROWS: i64 = 1_000;

impl Db {
    /// Writes a row of its own, for what changes no table here.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn audit(&self, actor: &Actor, change: &Change) -> Result<i64, StoreError> {
        let mut tx = self.begin().await?;
        let id = append(&mut tx, actor, change).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// At most `rows_max` rows after `id`, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn audit_after(&self, id: i64, rows_max: i64) -> Result<Vec<AuditRow>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            "select id, at_us, who, role, address, agency, action, subject, value_before, value_after, reason, \
             request_id, hash from audit where id > $1 order by id limit $2",
        )
        .bind(id)
        .bind(rows_max)
        .fetch_all(on)
        .await?);
        Ok(rows.into_iter().map(AuditRow::from).collect())
    }

    /// Reads the whole log again and checks the chain, down to the newest row that was written.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn audit_verify(&self) -> Result<AuditVerdict, StoreError> {
        let broken = |id, reason: &str| Ok(AuditVerdict::Broken { id, reason: reason.into() });
        let (mut id, mut hash) = (0, Vec::new());
        loop {
            let page = self.audit_after(id, VERIFY_PAGE_ROWS).await?;
            if page.is_empty() {
                break;
            }
            for row in page {
                if row.id != id + 1 {
                    return broken(id + 1, "the row is missing");
                }
                if chain(&hash, row.id, &row.actor, &row.change) != row.hash {
                    return broken(row.id, "the row, or the one before it, is not as it was written");
                }
                (id, hash) = (row.id, row.hash);
            }
        }
        let head: (i64, Vec<u8>) = on_pool!(&self.reads, on =>
            sqlx::query_as("select id, hash from audit_head where one = 1").fetch_one(on).await?);
        if head != (id, hash) {
            return broken(id + 1, "rows are missing at the end");
        }
        Ok(AuditVerdict::Whole { rows: id.unsigned_abs() })
    }
}

/// Writes a row in the transaction of its change. The row of the head is locked until the commit, so the
/// chain has one end, with any number of processes.
pub(crate) async fn append(tx: &mut Tx, actor: &Actor, change: &Change) -> Result<i64, sqlx::Error> {
    let (id, previous): (i64, Vec<u8>) = on_tx!(tx, on => sqlx::query_as(
        "update audit_head set id = id + 1 where one = 1 returning id, hash",
    )
    .fetch_one(on)
    .await?);
    let hash = chain(&previous, id, actor, change);
    on_tx!(tx, on => sqlx::query("update audit_head set hash = $1 where one = 1")
        .bind(hash.clone())
        .execute(on)
        .await
        .map(drop)?);
    on_tx!(tx, on => sqlx::query(
        "insert into audit (id, at_us, who, role, address, agency, action, subject, value_before, value_after, \
         reason, request_id, hash) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(id)
    .bind(actor.at.0)
    .bind(Arc::clone(&actor.who))
    .bind(Arc::clone(&actor.role))
    .bind(Arc::clone(&actor.address))
    .bind(change.agency.clone())
    .bind(change.action.clone())
    .bind(change.subject.clone())
    .bind(change.before.clone())
    .bind(change.after.clone())
    .bind(Arc::clone(&actor.reason))
    .bind(Arc::clone(&actor.request_id))
    .bind(hash.clone())
    .execute(on)
    .await
    .map(drop)?);
    Ok(id)
}

/// SHA-256 over the previous hash and every field, each after its length, so that no two rows look alike.
fn chain(previous: &[u8], id: i64, actor: &Actor, change: &Change) -> Vec<u8> {
    let mut sha = Sha256::new();
    sha.update(previous);
    sha.update(id.to_be_bytes());
    sha.update(actor.at.0.to_be_bytes());
    let fields: [&str; 10] = [
        &actor.who,
        &actor.role,
        &actor.address,
        &change.agency,
        &change.action,
        &change.subject,
        &change.before,
        &change.after,
        &actor.reason,
        &actor.request_id,
    ];
    for field in fields {
        sha.update((field.len() as u64).to_be_bytes());
        sha.update(field);
    }
    sha.finalize().to_vec()
}

#[derive(sqlx::FromRow)]
struct Columns {
    id: i64,
    at_us: i64,
    who: String,
    role: String,
    address: String,
    agency: String,
    action: String,
    subject: String,
    value_before: String,
    value_after: String,
    reason: String,
    request_id: String,
    hash: Vec<u8>,
}

impl From<Columns> for AuditRow {
    fn from(row: Columns) -> Self {
        Self {
            id: row.id,
            actor: Actor {
                at: Timestamp(row.at_us),
                who: row.who.into(),
                role: row.role.into(),
                address: row.address.into(),
                reason: row.reason.into(),
                request_id: row.request_id.into(),
            },
            change: Change {
                agency: row.agency,
                action: row.action,
                subject: row.subject,
                before: row.value_before,
                after: row.value_after,
            },
            hash: row.hash,
        }
    }
}
