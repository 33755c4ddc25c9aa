//! Fare card taps: stored once, by their permanent names, in an order that a reader can follow.
//!
//! The row of `tap_head` is locked from the first statement to the commit, so that ids rise in the order of
//! commits, with any number of processes: who reads after a cursor never misses one. Windows per terminal
//! keep taps unique, as those of `device_boot` do pings; the table is asked only where a window cannot know.

use crate::seq_window::{SeqWindow, Sighting};
use crate::sql::{Many, Tx, many, on_pool, on_tx};
use crate::words::known;
use crate::{Db, StoreError};
use fares::{TapId, TapKind};
use gtfs::Timestamp;
use sha2::{Digest, Sha256};
use std::sync::{Arc, LazyLock};

/// A tap as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapRow {
    /// Its permanent name.
    pub id: TapId,
    /// When the server had it.
    pub received: Timestamp,
    /// The card's keyed token.
    pub card: Arc<str>,
    /// What the terminal meant.
    pub kind: TapKind,
    /// The tap as the terminal hashed it.
    pub line: Arc<str>,
}

/// One request of a terminal: all taps are of its `terminal` and `epoch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapBatch {
    /// The terminal.
    pub terminal: Arc<str>,
    /// Its epoch.
    pub epoch: u32,
    /// When the request was received.
    pub received: Timestamp,
    /// Its bytes as sent: the evidence.
    pub body: Vec<u8>,
    /// The taps in it, in any order.
    pub taps: Vec<TapRow>,
}

/// What became of a batch: it is on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TapReceipt {
    /// The highest number up to which all are settled; what the terminal may delete.
    pub ack: Option<i64>,
    /// Positions of taps that were stored before, rising.
    pub duplicates: Vec<usize>,
    /// Numbers that were skipped and have not come.
    pub lost: u64,
}

static INSERT: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into tap (id, terminal, epoch, seq, received_us, card, kind, line, line_sha256) values",
        9,
        "",
    )
});

impl Db {
    /// Stores a batch; the answer comes after its commit is synced. A batch without a new tap changes nothing,
    /// one without any is a heartbeat and only hears what is settled.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when a tap is of another terminal or epoch, or any other error of a write.
    pub async fn taps_store(&self, batch: &TapBatch) -> Result<TapReceipt, StoreError> {
        check(batch)?;
        let Some(base) = batch.taps.iter().map(|tap| tap.id.seq).min() else {
            return self.heartbeat(batch).await;
        };
        let mut tx = self.begin().await?;
        lock_head(&mut tx).await?;
        let mut window = match window(&mut tx, batch).await? {
            Some(window) => window,
            None => SeqWindow::starting_at(base),
        };
        let (fresh, duplicates) = sift(&mut tx, batch, &mut window).await?;
        if !fresh.is_empty() {
            insert(&mut tx, batch, &fresh).await?;
            store_window(&mut tx, batch, &window).await?;
        }
        tx.commit().await?;
        Ok(TapReceipt { ack: Some(window.settled()), duplicates, lost: window.lost().unsigned_abs() })
    }

    async fn heartbeat(&self, batch: &TapBatch) -> Result<TapReceipt, StoreError> {
        let row: Option<(i64, i64)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select settled, lost from terminal_window where terminal = $1 and epoch = $2",
        )
        .bind(Arc::clone(&batch.terminal))
        .bind(i64::from(batch.epoch))
        .fetch_optional(on)
        .await?);
        let (ack, lost) = row.map_or((None, 0), |(settled, lost)| (Some(settled), lost.unsigned_abs()));
        Ok(TapReceipt { ack, duplicates: Vec::new(), lost })
    }

    /// At most `rows_max` taps after `cursor` (0 at first), each with its id, the next cursor.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn taps_after(&self, cursor: i64, rows_max: u32) -> Result<Vec<(i64, TapRow)>, StoreError> {
        type Columns = (i64, String, i64, i64, i64, String, String, String);
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            "select id, terminal, epoch, seq, received_us, card, kind, line from tap \
             where id > $1 order by id limit $2",
        )
        .bind(cursor)
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        let tap = |(id, terminal, epoch, seq, received_us, card, kind, line): Columns| {
            let epoch = u32::try_from(epoch).unwrap_or_default();
            let tap = TapRow {
                received: Timestamp(received_us),
                card: card.into(),
                kind: known("tap", &terminal, "kind", &kind, TapKind::from_word(&kind))?,
                line: line.into(),
                id: TapId { terminal: terminal.into(), epoch, seq },
            };
            Ok((id, tap))
        };
        rows.into_iter().map(tap).collect()
    }
}

fn check(batch: &TapBatch) -> Result<(), StoreError> {
    let foreign = |tap: &&TapRow| tap.id.terminal != batch.terminal || tap.id.epoch != batch.epoch;
    match batch.taps.iter().find(foreign) {
        Some(tap) => Err(StoreError::Refused(format!(
            "tap {} is in a batch of terminal {} epoch {}",
            tap.id, batch.terminal, batch.epoch
        ))),
        None => Ok(()),
    }
}

async fn lock_head(tx: &mut Tx) -> Result<(), sqlx::Error> {
    on_tx!(tx, on => sqlx::query("update tap_head set id = id where one = 1").execute(on).await.map(drop))
}

/// The new taps, and the positions of the others.
async fn sift<'a>(
    tx: &mut Tx,
    batch: &'a TapBatch,
    window: &mut SeqWindow,
) -> Result<(Vec<&'a TapRow>, Vec<usize>), sqlx::Error> {
    let (mut fresh, mut duplicates): (Vec<&TapRow>, _) = (Vec::new(), Vec::new());
    for (at, tap) in batch.taps.iter().enumerate() {
        let new = match window.sight(tap.id.seq) {
            Sighting::Fresh => true,
            Sighting::Known => false,
            Sighting::Unsure => {
                let twice = fresh.iter().any(|other| other.id.seq == tap.id.seq);
                let late = !twice && !is_stored(tx, &tap.id).await?;
                if late {
                    window.found_late(tap.id.seq);
                }
                late
            }
        };
        if new { fresh.push(tap) } else { duplicates.push(at) }
    }
    Ok((fresh, duplicates))
}

/// Through the ranges of the batches, so that `tap` needs no index by its name.
async fn is_stored(tx: &mut Tx, id: &TapId) -> Result<bool, sqlx::Error> {
    let row: Option<(i64,)> = on_tx!(tx, on => sqlx::query_as(
        "select tap.id from tap_batch join tap on tap.id between tap_batch.tap_first and tap_batch.tap_last \
         where tap_batch.terminal = $1 and tap_batch.epoch = $2 and tap_batch.seq_min <= $3 \
         and tap_batch.seq_max >= $3 and tap.seq = $3 limit 1",
    )
    .bind(Arc::clone(&id.terminal))
    .bind(i64::from(id.epoch))
    .bind(id.seq)
    .fetch_optional(on)
    .await?);
    Ok(row.is_some())
}

async fn insert(tx: &mut Tx, batch: &TapBatch, fresh: &[&TapRow]) -> Result<(), sqlx::Error> {
    let count = i64::try_from(fresh.len()).unwrap_or(i64::MAX);
    let (last,): (i64,) = on_tx!(tx, on => sqlx::query_as(
        "update tap_head set id = id + $1 where one = 1 returning id",
    )
    .bind(count)
    .fetch_one(on)
    .await?);
    let first = last - count + 1;
    on_tx!(tx, on => sqlx::query(
        "insert into tap_batch (terminal, epoch, seq_min, seq_max, tap_first, tap_last, received_us, body) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(Arc::clone(&batch.terminal))
    .bind(i64::from(batch.epoch))
    .bind(fresh.iter().map(|tap| tap.id.seq).min())
    .bind(fresh.iter().map(|tap| tap.id.seq).max())
    .bind(first)
    .bind(last)
    .bind(batch.received.0)
    .bind(batch.body.clone())
    .execute(on)
    .await
    .map(drop)?);
    let rows: Vec<(i64, &TapRow)> = (first..).zip(fresh.iter().copied()).collect();
    many!(
        tx,
        INSERT,
        &rows,
        |query, row| query
            .bind(row.0)
            .bind(Arc::clone(&row.1.id.terminal))
            .bind(i64::from(row.1.id.epoch))
            .bind(row.1.id.seq)
            .bind(row.1.received.0)
            .bind(Arc::clone(&row.1.card))
            .bind(row.1.kind.word())
            .bind(Arc::clone(&row.1.line))
            .bind(Sha256::digest(row.1.line.as_bytes()).to_vec()),
        |query, on| query.execute(on).await?
    );
    Ok(())
}

async fn window(tx: &mut Tx, batch: &TapBatch) -> Result<Option<SeqWindow>, sqlx::Error> {
    let row: Option<(i64, i64, i64, Vec<u8>)> = on_tx!(tx, on => sqlx::query_as(
        "select base, settled, lost, gaps from terminal_window where terminal = $1 and epoch = $2",
    )
    .bind(Arc::clone(&batch.terminal))
    .bind(i64::from(batch.epoch))
    .fetch_optional(on)
    .await?);
    Ok(row.map(|(base, settled, lost, gaps)| SeqWindow::stored(base, settled, lost, &gaps)))
}

async fn store_window(tx: &mut Tx, batch: &TapBatch, window: &SeqWindow) -> Result<(), sqlx::Error> {
    on_tx!(tx, on => sqlx::query(
        "insert into terminal_window (terminal, epoch, base, settled, lost, gaps) values ($1, $2, $3, $4, $5, $6) \
         on conflict (terminal, epoch) do update set settled = excluded.settled, lost = excluded.lost, \
         gaps = excluded.gaps",
    )
    .bind(Arc::clone(&batch.terminal))
    .bind(i64::from(batch.epoch))
    .bind(window.base())
    .bind(window.settled())
    .bind(window.lost())
    .bind(window.gaps())
    .execute(on)
    .await
    .map(drop))
}
