//! One transaction for a group of requests: nonces, windows, blocks, and what became of the doubtful.

use super::plan::{Key, Plan, Windows, key};
use super::window::TapWindow;
use super::{TapBatch, doubt, write};
use crate::sql::{Many, Tx, many, on_tx};
use crate::terminal_audit;
use crate::writer::{Committer, Receipts};
use crate::{Db, StoreError, nonce};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// Windows kept in memory. Beyond it all are forgotten and read again.
const WINDOWS_CACHED_MAX: usize = 10_000;

/// The writer's side of the tap tables, with the windows of the terminals it hears.
#[derive(Debug)]
pub struct TapCommitter {
    db: Db,
    windows: HashMap<Key, TapWindow>,
    /// Of `tap_head` after our last commit: who finds another, read again.
    version: i64,
}

/// `tap_head` as it was found, and locked.
pub(super) struct Head {
    pub(super) id: i64,
    version: i64,
}

impl TapCommitter {
    pub(super) fn new(db: Db) -> Self {
        Self { db, windows: HashMap::new(), version: 0 }
    }

    async fn attempt(&mut self, batches: &[&TapBatch]) -> Result<Receipts<TapBatch>, StoreError> {
        let mut tx = self.db.begin().await?;
        let head = lock_head(&mut tx).await?;
        if head.version != self.version + 1 {
            self.windows.clear();
        }
        let nonces: Vec<_> = batches.iter().map(|batch| batch.nonce.as_ref()).collect();
        let admitted = nonce::admit(&mut tx, &nonces).await?;
        let mut windows = self.windows(&mut tx, batches, &admitted).await?;
        let mut plan = Plan::of(batches, &admitted, &mut windows);
        let mut newest = head.id;
        let fresh: Vec<(&TapBatch, Vec<usize>)> = batches
            .iter()
            .zip(&mut plan.parts)
            .map(|(batch, part)| (*batch, std::mem::take(&mut part.fresh)))
            .collect();
        write::blocks(&mut tx, &fresh, &mut newest).await?;
        write::quarantine(&mut tx, batches, &plan).await?;
        // After the blocks, so that what came twice in one group is found.
        doubt::settle(&mut tx, batches, &mut plan, &mut newest).await?;
        doubt::check_links(&mut tx, &mut plan).await?;
        write::gaps(&mut tx, batches, &plan).await?;
        write::breaks(&mut tx, batches, &plan).await?;
        terminal_audit::insert(&mut tx, batches, &admitted).await?;
        write::windows(&mut tx, &windows).await?;
        if newest != head.id {
            move_head(&mut tx, newest).await?;
        }
        tx.commit().await?;
        self.version = head.version;
        let receipts = batches.iter().enumerate().map(|(at, batch)| {
            let window = windows.get(&key(batch)).filter(|_| admitted[at]);
            window
                .map_or(Err(StoreError::Replayed), |(window, _)| Ok(plan.receipt(at, batch, window, newest)))
        });
        let receipts = receipts.collect();
        self.remember(windows);
        Ok(receipts)
    }

    /// The windows of the admitted requests, from memory or the table.
    async fn windows(
        &self,
        tx: &mut Tx,
        batches: &[&TapBatch],
        admitted: &[bool],
    ) -> Result<Windows, StoreError> {
        let (mut windows, mut unknown) = (Windows::new(), Vec::new());
        for (batch, _) in batches.iter().zip(admitted).filter(|(_, admitted)| **admitted) {
            let key = key(batch);
            if windows.contains_key(&key) {
                continue;
            }
            let cached = self.windows.get(&key);
            if cached.is_none() {
                unknown.push(key.clone());
            }
            windows.insert(key, (cached.cloned().unwrap_or_default(), false));
        }
        read_windows(tx, &unknown, &mut windows).await?;
        Ok(windows)
    }

    fn remember(&mut self, windows: Windows) {
        if self.windows.len() + windows.len() > WINDOWS_CACHED_MAX {
            self.windows.clear();
        }
        self.windows.extend(windows.into_iter().map(|(key, (window, _))| (key, window)));
    }
}

impl Committer for TapCommitter {
    type Batch = TapBatch;

    async fn commit_together(&mut self, batches: &[&TapBatch]) -> Result<Receipts<TapBatch>, StoreError> {
        let outcome = self.attempt(batches).await;
        if outcome.is_err() {
            // A commit whose answer was lost may have been made: what is remembered may be wrong.
            self.windows.clear();
        }
        outcome
    }
}

pub(super) async fn lock_head(tx: &mut Tx) -> Result<Head, sqlx::Error> {
    let (id, version): (i64, i64) = on_tx!(tx, on => sqlx::query_as(
        "update tap_head set version = version + 1 where one = 1 returning id, version",
    )
    .fetch_one(on)
    .await?);
    Ok(Head { id, version })
}

pub(super) async fn move_head(tx: &mut Tx, id: i64) -> Result<(), sqlx::Error> {
    on_tx!(tx, on => sqlx::query("update tap_head set id = $1 where one = 1").bind(id).execute(on).await.map(drop))
}

static WINDOWS: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "select w.terminal, w.epoch, w.settled, w.settled_hash, w.above from terminal_window w join (values",
        2,
        ") as v on w.terminal = v.column1 and w.epoch = v.column2",
    )
});

pub(super) async fn read_windows(tx: &mut Tx, keys: &[Key], windows: &mut Windows) -> Result<(), StoreError> {
    use sqlx::Row;
    type Columns = (String, i64, i64, Vec<u8>, Vec<u8>);
    let mut rows: Vec<Columns> = Vec::new();
    many!(
        tx,
        WINDOWS,
        keys,
        |query, key| query.bind(Arc::clone(&key.0)).bind(i64::from(key.1)),
        |query, on| for row in query.fetch_all(on).await? {
            rows.push((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?));
        }
    );
    for (terminal, epoch, settled, hash, above) in rows {
        let unreadable = || StoreError::Unreadable(format!("terminal_window {terminal:?} epoch {epoch}"));
        let window = TapWindow::stored(settled, &hash, &above).ok_or_else(unreadable)?;
        let key = (terminal.as_str().into(), u32::try_from(epoch).unwrap_or_default());
        windows.insert(key, (window, false));
    }
    Ok(())
}
