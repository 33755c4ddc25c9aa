//! Leases: one holder of a role per shard, by the database's own clock (`reliability` section 6).
//!
//! A take-over raises the epoch. A holder that writes fences itself with its epoch in the same transaction,
//! so that one that slept through its expiry changes nothing.

use crate::sql::{Tx, on_pool, on_tx};
use crate::{Db, StoreError};
use std::sync::Arc;

/// How long a lease holds without being renewed, seconds.
pub const LEASE_TTL_S: u32 = 10;
/// How often a holder renews, seconds.
pub const LEASE_RENEW_S: u32 = 3;

/// A lease that was held when it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The role, such as `tracking`.
    pub role: Arc<str>,
    /// The shard: an agency's feed; empty when there is one.
    pub shard: Arc<str>,
    /// The process; a new one at each start.
    pub holder: Arc<str>,
    /// Rises with each take-over. Frames carry it; readers keep the highest.
    pub epoch: i64,
}

/// A lease as it stands in its table, and whether it still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// Who has it, or had it last.
    pub lease: Lease,
    /// When it ends or ended, by the database's clock, microseconds since 1970.
    pub expires_us: i64,
    /// The database's clock at this moment.
    pub now_us: i64,
}

impl LeaseRow {
    /// Whether nobody else may take it.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.expires_us > self.now_us
    }
}

impl Db {
    /// The lease as it stands; `None` when nobody ever took it.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn lease_of(&self, role: &str, shard: &str) -> Result<Option<LeaseRow>, StoreError> {
        let row: Option<(String, i64, i64, i64)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select lease.holder, lease.epoch, lease.expires_us, db_clock.now_us \
             from lease cross join db_clock where lease.role = $1 and lease.shard = $2",
        )
        .bind(role.to_owned())
        .bind(shard.to_owned())
        .fetch_optional(on)
        .await?);
        Ok(row.map(|(holder, epoch, expires_us, now_us)| {
            let lease = Lease { role: role.into(), shard: shard.into(), holder: holder.into(), epoch };
            LeaseRow { lease, expires_us, now_us }
        }))
    }

    /// Takes the lease, or renews it; `None` while somebody else has it. `ttl_s` is [`LEASE_TTL_S`] but in tests.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn lease_take(
        &self,
        role: &str,
        shard: &str,
        holder: &str,
        ttl_s: u32,
    ) -> Result<Option<Lease>, StoreError> {
        let mut tx = self.begin().await?;
        let row: Option<(i64,)> = on_tx!(&mut tx, on => sqlx::query_as(
            "insert into lease (role, shard, holder, epoch, expires_us) \
             select $1, $2, $3, 1, now_us + $4 from db_clock where true \
             on conflict (role, shard) do update set holder = excluded.holder, \
             epoch = lease.epoch + case when lease.holder = excluded.holder then 0 else 1 end, \
             expires_us = excluded.expires_us \
             where lease.holder = excluded.holder or lease.expires_us <= excluded.expires_us - $4 \
             returning epoch",
        )
        .bind(role.to_owned())
        .bind(shard.to_owned())
        .bind(holder.to_owned())
        .bind(i64::from(ttl_s) * gtfs::time::MICROS)
        .fetch_optional(on)
        .await?);
        tx.commit().await?;
        let lease = |epoch| Lease { role: role.into(), shard: shard.into(), holder: holder.into(), epoch };
        Ok(row.map(|(epoch,)| lease(epoch)))
    }

    /// Ends the lease now, so that a standby need not wait for its expiry: by its holder, or by whoever
    /// knows that its holder is gone. Does nothing when somebody else has it already.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn lease_release(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        on_tx!(&mut tx, on => sqlx::query(
            "update lease set expires_us = (select now_us from db_clock) \
             where role = $1 and shard = $2 and holder = $3 and epoch = $4",
        )
        .bind(Arc::clone(&lease.role))
        .bind(Arc::clone(&lease.shard))
        .bind(Arc::clone(&lease.holder))
        .bind(lease.epoch)
        .execute(on)
        .await
        .map(drop)?);
        Ok(tx.commit().await?)
    }

    /// The database's clock, microseconds since 1970; for leases only, nothing else goes by it.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn clock_us(&self) -> Result<i64, StoreError> {
        let (now_us,): (i64,) =
            on_pool!(&self.reads, on => sqlx::query_as("select now_us from db_clock").fetch_one(on).await?);
        Ok(now_us)
    }
}

/// Fails unless `lease` is still its holder's; locks its row until the commit, so that it stays so.
pub(crate) async fn fence(tx: &mut Tx, lease: &Lease) -> Result<(), StoreError> {
    let held = on_tx!(tx, on => sqlx::query(
        "update lease set epoch = epoch where role = $1 and shard = $2 and holder = $3 and epoch = $4",
    )
    .bind(Arc::clone(&lease.role))
    .bind(Arc::clone(&lease.shard))
    .bind(Arc::clone(&lease.holder))
    .bind(lease.epoch)
    .execute(on)
    .await?
    .rows_affected());
    if held == 1 {
        return Ok(());
    }
    Err(StoreError::Refused(format!(
        "the lease of {} epoch {} is somebody else's now: this process must stop writing as its holder",
        lease.role, lease.epoch
    )))
}
