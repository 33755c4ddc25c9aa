//! The deny list: which cards terminals must not let in, as an append-only list of changes.
//!
//! Each change has a version, one above the one before it; the row of `deny_head` is locked from the first
//! statement to the commit, so that who has read up to a version never misses one below it.

use crate::sql::{Many, Tx, many, many_rows, on_pool, on_tx};
use crate::{Db, StoreError};
use gtfs::Timestamp;
use std::sync::{Arc, LazyLock};

/// Changes in one call.
pub const CHANGES_MAX: usize = 10_000;

/// A card is denied, or no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenyChange {
    /// The card's keyed token.
    pub card: Arc<str>,
    /// Whether terminals must refuse it from now on.
    pub denied: bool,
    /// A stable word: `debt`, `lost`, `stolen`, `clone`, `paid`, ...
    pub reason: Arc<str>,
}

/// A change with its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenyEntry {
    /// Rises by one.
    pub ver: i64,
    /// What changed.
    pub change: DenyChange,
    /// When.
    pub at: Timestamp,
    /// Who or what changed it.
    pub who: Arc<str>,
}

static NEWEST: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "select card, denied, reason from deny_entry where ver in (select max(ver) from deny_entry where card in \
         (values",
        1,
        ") group by card)",
    )
});

static INSERT: LazyLock<Many> = LazyLock::new(|| {
    Many::new("insert into deny_entry (ver, card, denied, reason, at_us, who) values", 6, "")
});

impl Db {
    /// Adds changes in their order, and gives the new version of the list. One that changes nothing is added
    /// all the same: it says why.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for more than [`CHANGES_MAX`], or any other error of a write.
    pub async fn deny_apply(
        &self,
        changes: &[DenyChange],
        at: Timestamp,
        who: &Arc<str>,
    ) -> Result<i64, StoreError> {
        if changes.len() > CHANGES_MAX {
            return Err(StoreError::Refused(format!(
                "{} changes of the deny list, make at most {CHANGES_MAX} at a time",
                changes.len()
            )));
        }
        let mut tx = self.begin().await?;
        let ver = apply(&mut tx, changes, at, who).await?;
        tx.commit().await?;
        Ok(ver)
    }

    /// Of these cards, those whose newest change denied them, each with the reason.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn denied_of(&self, cards: &[Arc<str>]) -> Result<Vec<(Arc<str>, Arc<str>)>, StoreError> {
        let rows = many_rows!(pool & self.reads, NEWEST, cards, (String, i64, String), |query, card| query
            .bind(Arc::clone(card)));
        let denied = rows.into_iter().filter(|(_, denied, _)| *denied == 1);
        Ok(denied.map(|(card, _, reason)| (card.into(), reason.into())).collect())
    }

    /// At most `rows_max` changes after `ver` (0 at first), oldest first.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn deny_since(&self, ver: i64, rows_max: u32) -> Result<Vec<DenyEntry>, StoreError> {
        type Columns = (i64, String, i64, String, i64, String);
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            "select ver, card, denied, reason, at_us, who from deny_entry where ver > $1 order by ver limit $2",
        )
        .bind(ver)
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        let row = |(ver, card, denied, reason, at_us, who): Columns| DenyEntry {
            ver,
            change: DenyChange { card: card.into(), denied: denied == 1, reason: reason.into() },
            at: Timestamp(at_us),
            who: who.into(),
        };
        Ok(rows.into_iter().map(row).collect())
    }
}

/// Appends changes in a transaction that may do more; the newest version.
pub(crate) async fn apply(
    tx: &mut Tx,
    changes: &[DenyChange],
    at: Timestamp,
    who: &str,
) -> Result<i64, sqlx::Error> {
    let count = i64::try_from(changes.len()).unwrap_or(i64::MAX);
    let (ver,): (i64,) = on_tx!(&mut *tx, on => sqlx::query_as(
            "update deny_head set ver = ver + $1 where one = 1 returning ver",
        )
        .bind(count)
        .fetch_one(on)
        .await?);
    let rows: Vec<(i64, &DenyChange)> = (ver - count + 1..).zip(changes).collect();
    many!(
        tx,
        INSERT,
        &rows,
        |query, row| query
            .bind(row.0)
            .bind(Arc::clone(&row.1.card))
            .bind(i64::from(row.1.denied))
            .bind(Arc::clone(&row.1.reason))
            .bind(at.0)
            .bind(who),
        |query, on| query.execute(on).await?
    );
    Ok(ver)
}
