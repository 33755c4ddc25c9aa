//! `discrepancy`: what does not add up, with an owner and a state, until a person resolves it.

use crate::audit::{self, Actor, Change};
use crate::sql::{Many, Tx, many, on_pool, on_tx};
use crate::words::{known, words};
use crate::{Db, StoreError};
use fares::{Discrepancy, Satang};
use gtfs::{ServiceDay, Timestamp};
use std::sync::{Arc, LazyLock};

/// How far a discrepancy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiscrepancyState {
    /// Nobody has taken it.
    Open,
    /// Somebody has.
    Assigned,
    /// Settled, with a reason.
    Resolved,
}

words!(DiscrepancyState { Open = "open", Assigned = "assigned", Resolved = "resolved" });

/// A discrepancy and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDiscrepancy {
    /// Its number.
    pub id: i64,
    /// What was found.
    pub found: Discrepancy,
    /// The operator that has it; empty while it is open.
    pub owner: Arc<str>,
    /// How far it is.
    pub state: DiscrepancyState,
    /// When that changed last.
    pub changed: Timestamp,
    /// How it was settled; empty before.
    pub resolution: Arc<str>,
}

static INSERT: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into discrepancy (kind, cause, subject, amount_satang, day, found_us, detail, owner, state, \
         changed_us, resolution) values",
        11,
        "on conflict (cause) do nothing",
    )
});

/// Stores what is new by its cause.
pub(crate) async fn insert(tx: &mut Tx, found: &[Discrepancy]) -> Result<(), sqlx::Error> {
    many!(
        tx,
        INSERT,
        found,
        |query, row| query
            .bind(Arc::clone(&row.kind))
            .bind(Arc::clone(&row.cause))
            .bind(Arc::clone(&row.subject))
            .bind(row.amount.map(|amount| amount.0))
            .bind(row.day.to_string())
            .bind(row.found.0)
            .bind(Arc::clone(&row.detail))
            .bind("")
            .bind(DiscrepancyState::Open.word())
            .bind(row.found.0)
            .bind(""),
        |query, on| query.execute(on).await?
    );
    Ok(())
}

macro_rules! discrepancy_columns {
    () => {
        "select id, kind, cause, subject, amount_satang, day, found_us, detail, owner, state, changed_us, \
         resolution from discrepancy "
    };
}

impl Db {
    /// At most `rows_max` discrepancies in a state after `id`, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn discrepancies(
        &self,
        state: DiscrepancyState,
        id: i64,
        rows_max: u32,
    ) -> Result<Vec<StoredDiscrepancy>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(discrepancy_columns!(), "where state = $1 and id > $2 order by id limit $3"),
        )
        .bind(state.word())
        .bind(id)
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        rows.into_iter().map(Columns::read).collect()
    }

    /// The newest discrepancy of a kind.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn discrepancy_newest(&self, kind: &str) -> Result<Option<StoredDiscrepancy>, StoreError> {
        let row: Option<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(discrepancy_columns!(), "where kind = $1 order by id desc limit 1"),
        )
        .bind(kind)
        .fetch_optional(on)
        .await?);
        row.map(Columns::read).transpose()
    }

    /// At most `rows_max` discrepancies of a kind that nobody has resolved, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn discrepancies_of(
        &self,
        kind: &str,
        rows_max: u32,
    ) -> Result<Vec<StoredDiscrepancy>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(discrepancy_columns!(), "where state in ('open', 'assigned') and kind = $1 order by id limit $2"),
        )
        .bind(kind)
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        rows.into_iter().map(Columns::read).collect()
    }

    /// One discrepancy.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn discrepancy(&self, id: i64) -> Result<Option<StoredDiscrepancy>, StoreError> {
        let row: Option<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(discrepancy_columns!(), "where id = $1"),
        )
        .bind(id)
        .fetch_optional(on)
        .await?);
        row.map(Columns::read).transpose()
    }

    /// Gives an unresolved discrepancy to an operator; `false` when there is none such.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn discrepancy_assign(&self, id: i64, owner: &str, by: &Actor) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let changed = on_tx!(&mut tx, on => sqlx::query(
            "update discrepancy set owner = $2, state = 'assigned', changed_us = $3 \
             where id = $1 and state <> 'resolved'",
        )
        .bind(id)
        .bind(owner)
        .bind(by.at.0)
        .execute(on)
        .await?
        .rows_affected());
        self.told(tx, changed, by, id, "discrepancy_assign", owner).await
    }

    /// Settles an unresolved discrepancy with a reason; `false` when there is none such.
    ///
    /// # Errors
    /// [`StoreError::Refused`] without a reason, or any other error of a write.
    pub async fn discrepancy_resolve(&self, id: i64, reason: &str, by: &Actor) -> Result<bool, StoreError> {
        if reason.trim().is_empty() {
            return Err(StoreError::Refused("a discrepancy is resolved with a reason, give one".into()));
        }
        let mut tx = self.begin().await?;
        let changed = on_tx!(&mut tx, on => sqlx::query(
            "update discrepancy set owner = $4, state = 'resolved', changed_us = $3, resolution = $2 \
             where id = $1 and state <> 'resolved'",
        )
        .bind(id)
        .bind(reason)
        .bind(by.at.0)
        .bind(Arc::clone(&by.who))
        .execute(on)
        .await?
        .rows_affected());
        self.told(tx, changed, by, id, "discrepancy_resolve", reason).await
    }

    async fn told(
        &self,
        mut tx: Tx,
        changed: u64,
        by: &Actor,
        id: i64,
        action: &str,
        after: &str,
    ) -> Result<bool, StoreError> {
        if changed == 1 {
            let change = Change {
                action: action.into(),
                subject: format!("discrepancy:{id}"),
                after: after.into(),
                ..Change::default()
            };
            audit::append(&mut tx, by, &change).await?;
        }
        tx.commit().await?;
        Ok(changed == 1)
    }
}

#[derive(sqlx::FromRow)]
struct Columns {
    id: i64,
    kind: String,
    cause: String,
    subject: String,
    amount_satang: Option<i64>,
    day: String,
    found_us: i64,
    detail: String,
    owner: String,
    state: String,
    changed_us: i64,
    resolution: String,
}

impl Columns {
    fn read(self) -> Result<StoredDiscrepancy, StoreError> {
        let day = ServiceDay::parse(&self.day);
        Ok(StoredDiscrepancy {
            id: self.id,
            state: known(
                "discrepancy",
                &self.cause,
                "state",
                &self.state,
                DiscrepancyState::from_word(&self.state),
            )?,
            found: Discrepancy {
                day: known("discrepancy", &self.cause, "day", &self.day, day)?,
                kind: self.kind.into(),
                cause: self.cause.into(),
                subject: self.subject.into(),
                amount: self.amount_satang.map(Satang),
                found: Timestamp(self.found_us),
                detail: self.detail.into(),
            },
            owner: self.owner.into(),
            changed: Timestamp(self.changed_us),
            resolution: self.resolution.into(),
        })
    }
}
