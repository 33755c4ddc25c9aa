//! One transaction for a group of batches: nonces, windows, pings, quarantine.

use super::plan::{Key, Plan, Windows, key};
use super::{Committer, Receipts};
use crate::boot::{self, Boot};
use crate::sql::Tx;
use crate::{Db, PingBatch, StoreError, nonce, ping, quarantine};
use std::collections::HashMap;

/// Windows kept in memory: more devices than a country's. Beyond it all are forgotten and read again.
const BOOTS_CACHED_MAX: usize = 50_000;
/// Times a commit is tried when another process changes the same windows at the same moment.
const ATTEMPTS_MAX: u32 = 5;

/// The writer's side of the database, with the windows of the devices it hears.
#[derive(Debug)]
pub struct PingCommitter {
    db: Db,
    boots: HashMap<Key, Boot>,
}

/// How one try ended.
enum Attempt {
    Done(Receipts<PingBatch>),
    /// Another process was faster; the windows must be read again.
    Conflict,
}

impl Committer for PingCommitter {
    type Batch = PingBatch;

    async fn commit_together(&mut self, batches: &[&PingBatch]) -> Result<Receipts<PingBatch>, StoreError> {
        for _ in 0..ATTEMPTS_MAX {
            match self.attempt(batches).await {
                Ok(Attempt::Done(receipts)) => return Ok(receipts),
                Ok(Attempt::Conflict) => self.boots.clear(),
                Err(error) => {
                    // A commit whose answer was lost may have been made: what is remembered may be wrong.
                    self.boots.clear();
                    return Err(error);
                }
            }
        }
        Err(StoreError::Away("other processes kept changing the same devices".into()))
    }
}

impl PingCommitter {
    pub(super) fn new(db: Db) -> Self {
        Self { db, boots: HashMap::new() }
    }

    async fn attempt(&mut self, batches: &[&PingBatch]) -> Result<Attempt, StoreError> {
        let mut tx = self.db.begin().await?;
        let nonces: Vec<_> = batches.iter().map(|batch| batch.nonce.as_ref()).collect();
        let admitted = nonce::admit(&mut tx, &nonces).await?;
        let mut windows = self.windows(&mut tx, batches, &admitted).await?;
        let mut plan = Plan::of(batches, &admitted, &mut windows);
        ping::insert(&mut tx, &plan.fresh).await?;
        let inserted = ping::insert_unsure(&mut tx, &plan.unsure).await?;
        plan.settle_unsure(batches, inserted, &mut windows);
        quarantine::insert(&mut tx, &plan.rejected).await?;
        let changed: Vec<&Boot> =
            windows.values().filter(|(_, changed)| *changed).map(|(boot, _)| boot).collect();
        if !boot::update(&mut tx, &changed).await? {
            return Ok(Attempt::Conflict);
        }
        tx.commit().await?;
        let receipts = batches.iter().enumerate().map(|(at, batch)| match admitted[at] {
            true => Ok(plan.receipt(at, batch, &windows)),
            false => Err(StoreError::Replayed),
        });
        let receipts = receipts.collect();
        self.remember(windows);
        Ok(Attempt::Done(receipts))
    }

    /// The windows of the admitted batches that have a number, from memory or the table.
    async fn windows(
        &self,
        tx: &mut Tx,
        batches: &[&PingBatch],
        admitted: &[bool],
    ) -> Result<Windows, StoreError> {
        let mut windows = Windows::new();
        for (batch, _) in batches.iter().zip(admitted).filter(|(_, admitted)| **admitted) {
            let (key, Some(base)) = (key(batch), batch.first_seq()) else { continue };
            if windows.contains_key(&key) {
                continue;
            }
            let boot = match self.boots.get(&key) {
                Some(boot) => boot.clone(),
                None => boot::find_or_insert(tx, &batch.device, &batch.boot, base).await?,
            };
            windows.insert(key, (boot, false));
        }
        Ok(windows)
    }

    fn remember(&mut self, windows: Windows) {
        if self.boots.len() + windows.len() > BOOTS_CACHED_MAX {
            self.boots.clear();
        }
        for (key, (mut boot, changed)) in windows {
            boot.version += i64::from(changed);
            self.boots.insert(key, boot);
        }
    }
}
