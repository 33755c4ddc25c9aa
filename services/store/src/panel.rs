//! `panel`: the stop displays that hold a token of their own.

use crate::audit::{self, Actor, Change};
use crate::sql::{Many, many, on_pool, on_tx};
use crate::{Db, StoreError};
use gtfs::Timestamp;
use std::sync::{Arc, LazyLock};

/// A stop display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    /// `[A-Za-z0-9._-]{1,64}`.
    pub id: Arc<str>,
    /// SHA-256 of its bearer token (at least 128 random bits; shown once, never stored).
    pub token_sha256: Vec<u8>,
    /// stop_id of what it shows.
    pub stop: Arc<str>,
    /// For people: where it hangs.
    pub label: Arc<str>,
    /// When it was paired.
    pub created: Timestamp,
    /// When it was last connected, to the minute or so.
    pub last_seen: Option<Timestamp>,
    /// When it was revoked; `None` while it may connect.
    pub revoked: Option<Timestamp>,
}

static SEEN: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "update panel set last_seen_us = v.column2 from (values",
        2,
        ") as v where panel.id = v.column1",
    )
});

impl Db {
    /// Pairs a panel, or changes its token, stop or label; a revoked one may connect again.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the token is another panel's, or any other error of a write.
    pub async fn panel_put(&self, panel: &Panel, by: &Actor) -> Result<(), StoreError> {
        crate::device::check_id(&panel.id)?;
        let mut tx = self.begin().await?;
        on_tx!(&mut tx, on => sqlx::query(
            "insert into panel (id, token_sha256, stop, label, created_us) values ($1, $2, $3, $4, $5) \
             on conflict (id) do update set token_sha256 = excluded.token_sha256, stop = excluded.stop, \
             label = excluded.label, revoked_us = null",
        )
        .bind(Arc::clone(&panel.id))
        .bind(panel.token_sha256.clone())
        .bind(Arc::clone(&panel.stop))
        .bind(Arc::clone(&panel.label))
        .bind(panel.created.0)
        .execute(on)
        .await
        .map(drop)?);
        let after = format!("stop={} label={:?}", panel.stop, panel.label);
        audit::append(&mut tx, by, &change("panel_put", &panel.id, after)).await?;
        Ok(tx.commit().await?)
    }

    /// Revokes a panel's token; `false` when there is no such panel that may connect.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn panel_revoke(&self, id: &str, by: &Actor) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let revoked = on_tx!(&mut tx, on => sqlx::query(
            "update panel set revoked_us = $2 where id = $1 and revoked_us is null",
        )
        .bind(id.to_owned())
        .bind(by.at.0)
        .execute(on)
        .await?
        .rows_affected());
        if revoked == 1 {
            audit::append(&mut tx, by, &change("panel_revoke", id, "revoked".into())).await?;
        }
        tx.commit().await?;
        Ok(revoked == 1)
    }

    /// Every panel, revoked ones too, by id. The web role keeps them in memory and reads them again within 5 s.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn panels(&self) -> Result<Vec<Panel>, StoreError> {
        type Columns = (String, Vec<u8>, String, String, i64, Option<i64>, Option<i64>);
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            "select id, token_sha256, stop, label, created_us, last_seen_us, revoked_us from panel order by id",
        )
        .fetch_all(on)
        .await?);
        let panel = |(id, token_sha256, stop, label, created_us, last_seen_us, revoked_us): Columns| Panel {
            id: id.into(),
            token_sha256,
            stop: stop.into(),
            label: label.into(),
            created: Timestamp(created_us),
            last_seen: last_seen_us.map(Timestamp),
            revoked: revoked_us.map(Timestamp),
        };
        Ok(rows.into_iter().map(panel).collect())
    }

    /// Notes when panels were last connected; called now and then with many.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn panels_seen(&self, seen: &[(Arc<str>, Timestamp)]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        many!(&mut tx, SEEN, seen, |query, row| query.bind(Arc::clone(&row.0)).bind(row.1.0), |query, on| {
            query.execute(on).await?
        });
        Ok(tx.commit().await?)
    }
}

fn change(action: &str, id: &str, after: String) -> Change {
    Change { action: action.into(), subject: id.into(), after, ..Change::default() }
}
