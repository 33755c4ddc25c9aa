//! One transaction for a group of batches: nonces, windows, pings, quarantine.

use super::plan::{Key, Plan, Windows, key};
use crate::boot::{self, Boot};
use crate::sql::Tx;
use crate::{Db, PingBatch, PingReceipt, StoreError, nonce, ping, quarantine};
use std::collections::HashMap;

/// Windows kept in memory: more devices than a country's. Beyond it all are forgotten and read again.
const BOOTS_CACHED_MAX: usize = 50_000;
/// Times a commit is tried when another process changes the same windows at the same moment.
const ATTEMPTS_MAX: u32 = 5;

type Receipts = Vec<Result<PingReceipt, StoreError>>;

/// The writer's side of the database, with the windows of the devices it hears.
pub(super) struct Committer {
    db: Db,
    boots: HashMap<Key, Boot>,
}

/// How one try ended.
enum Attempt {
    Done(Receipts),
    /// Another process was faster; the windows must be read again.
    Conflict,
}

impl Committer {
    pub(super) fn new(db: Db) -> Self {
        Self { db, boots: HashMap::new() }
    }

    /// Stores `batches` in one transaction; when the database refuses something in it, each on its own, so
    /// that only the batch at fault fails.
    pub(super) async fn commit(&mut self, batches: &[&PingBatch]) -> Result<Receipts, StoreError> {
        match self.commit_together(batches).await {
            Err(StoreError::Refused(reason)) if batches.len() > 1 => {
                tracing::warn!(
                    reason,
                    batches = batches.len(),
                    "a batch is refused, each is stored on its own"
                );
                self.commit_apart(batches).await
            }
            Err(refused @ StoreError::Refused(_)) => Ok(vec![Err(refused)]),
            outcome => outcome,
        }
    }

    async fn commit_apart(&mut self, batches: &[&PingBatch]) -> Result<Receipts, StoreError> {
        let mut receipts = Vec::with_capacity(batches.len());
        for batch in batches {
            match self.commit_together(&[batch]).await {
                Ok(one) => receipts.extend(one),
                Err(stopped @ StoreError::Stopped(_)) => return Err(stopped),
                Err(error) => receipts.push(Err(error)),
            }
        }
        Ok(receipts)
    }

    async fn commit_together(&mut self, batches: &[&PingBatch]) -> Result<Receipts, StoreError> {
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

    async fn attempt(&mut self, batches: &[&PingBatch]) -> Result<Attempt, StoreError> {
        let mut tx = self.db.begin().await?;
        let admitted = admit(&mut tx, batches).await?;
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

/// Which batches may go on: those without a nonce, and the first of each nonce.
async fn admit(tx: &mut Tx, batches: &[&PingBatch]) -> Result<Vec<bool>, StoreError> {
    let nonces: Vec<_> = batches.iter().filter_map(|batch| batch.nonce.as_ref()).collect();
    let mut taken = nonce::take(tx, &nonces).await?;
    Ok(batches
        .iter()
        .map(|batch| match &batch.nonce {
            // Taken out, because the second of two equal ones in a group is a replay.
            Some(nonce) => taken.remove(&(nonce.key_id.as_ref().into(), nonce.nonce.as_ref().into())),
            None => true,
        })
        .collect())
}
