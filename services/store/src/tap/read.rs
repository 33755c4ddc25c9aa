//! Taps back from the tables: after a cursor, or by name.

use super::plan::Key;
use super::{ChainHash, TAPS_MAX, block};
use crate::sql::{Tx, on_pool, on_tx};
use crate::{Db, StoreError};
use fares::tap::RequestClock;
use fares::{Tap, TapId, TapLine};
use gtfs::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Taps in a block at most, as a number of ids.
const BLOCK_IDS_MAX: i64 = TAPS_MAX as i64;

#[derive(sqlx::FromRow)]
struct Columns {
    tap_first: i64,
    terminal: String,
    received_us: i64,
    boot: String,
    up_ms: i64,
    wall_us: Option<i64>,
    rtt_ms: i64,
    deny_ver: i64,
    lines: Vec<u8>,
}

/// Lines with their hashes, by number.
pub(super) type ByNumber = BTreeMap<i64, (String, Option<ChainHash>)>;

impl Db {
    /// At most `rows_max` taps after `cursor` (0 at first), each with its id, the next cursor. Ids have no holes
    /// and rise in the order of commits.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn taps_after(&self, cursor: i64, rows_max: u32) -> Result<Vec<(i64, Tap)>, StoreError> {
        let last = cursor.saturating_add(i64::from(rows_max));
        let mut taps = Vec::new();
        for block in self.blocks(cursor.saturating_add(1), last).await? {
            block.taps(|id| id > cursor && id <= last, &mut taps)?;
        }
        Ok(taps)
    }

    /// The taps with these ids, in the order of ids; blocks that hold several are read once.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn taps_at(&self, mut ids: Vec<i64>) -> Result<Vec<(i64, Tap)>, StoreError> {
        ids.sort_unstable();
        ids.dedup();
        let mut taps = Vec::with_capacity(ids.len());
        let near = ids.chunk_by(|a, b| b - a <= BLOCK_IDS_MAX);
        for some in near.flat_map(|near| near.chunks(TAPS_MAX)) {
            let (Some(&first), Some(&last)) = (some.first(), some.last()) else { continue };
            for block in self.blocks(first, last).await? {
                block.taps(|id| some.binary_search(&id).is_ok(), &mut taps)?;
            }
        }
        Ok(taps)
    }

    /// The blocks with a tap from `first` to `last`.
    async fn blocks(&self, first: i64, last: i64) -> Result<Vec<Columns>, StoreError> {
        Ok(on_pool!(&self.reads, on => sqlx::query_as(
            "select tap_first, terminal, received_us, boot, up_ms, wall_us, rtt_ms, deny_ver, lines from tap_batch \
             where tap_last >= $1 and tap_last < $2 and tap_first <= $3 order by tap_last",
        )
        .bind(first)
        .bind(last.saturating_add(BLOCK_IDS_MAX))
        .bind(last)
        .fetch_all(on)
        .await?))
    }

    /// The tap of a name with its id; `None` when it was not stored.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn tap(&self, id: &TapId) -> Result<Option<(i64, Tap)>, StoreError> {
        let run: Option<(i64, i64)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select tap_first + $3 - seq_first, seq_first + seq_count from tap_run \
             where terminal = $1 and epoch = $2 and seq_first <= $3 order by seq_first desc limit 1",
        )
        .bind(Arc::clone(&id.terminal))
        .bind(i64::from(id.epoch))
        .bind(id.seq)
        .fetch_optional(on)
        .await?);
        match run {
            Some((tap, end)) if id.seq < end => Ok(self.taps_after(tap - 1, 1).await?.pop()),
            _ => Ok(None),
        }
    }

    /// The JSON of the request that brought the tap with this id, as it was signed, and the key that signed it.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn tap_evidence(&self, tap: i64) -> Result<Option<(Arc<str>, Vec<u8>)>, StoreError> {
        let row: Option<(i64, String, Vec<u8>)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select tap_first, key_id, body from tap_batch where tap_last >= $1 order by tap_last limit 1",
        )
        .bind(tap)
        .fetch_optional(on)
        .await?);
        let row = row.filter(|(first, ..)| *first <= tap);
        row.map(|(first, key, body)| Ok((key.into(), block::unpacked_body(&body, first)?))).transpose()
    }

    /// The chain hash that was sent with the tap of this id.
    pub(crate) async fn tap_hash(&self, tap: i64) -> Result<Option<ChainHash>, StoreError> {
        let row: Option<(i64, Vec<u8>)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select tap_first, lines from tap_batch where tap_last >= $1 order by tap_last limit 1",
        )
        .bind(tap)
        .fetch_optional(on)
        .await?);
        let Some((first, lines)) = row else { return Ok(None) };
        let text = block::unpacked(&lines, first)?;
        let at = usize::try_from(tap - first).unwrap_or(usize::MAX);
        Ok(block::lines(&text).nth(at).and_then(|(_, hash)| hash))
    }

    /// The id of the newest tap; 0 when there is none.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn taps_newest(&self) -> Result<i64, StoreError> {
        let (id,): (i64,) = on_pool!(&self.reads, on =>
            sqlx::query_as("select id from tap_head where one = 1").fetch_one(on).await?);
        Ok(id)
    }
}

impl Columns {
    fn taps(&self, wanted: impl Fn(i64) -> bool, taps: &mut Vec<(i64, Tap)>) -> Result<(), StoreError> {
        let terminal: Arc<str> = self.terminal.as_str().into();
        let request = Arc::new(RequestClock {
            received: Timestamp(self.received_us),
            boot: self.boot.as_str().into(),
            up_ms: self.up_ms,
            wall: self.wall_us.map(Timestamp),
            rtt_ms: self.rtt_ms,
        });
        let text = block::unpacked(&self.lines, self.tap_first)?;
        for (id, (line, _)) in (self.tap_first..).zip(block::lines(&text)).filter(|(id, _)| wanted(*id)) {
            let read =
                TapLine::read(line).map_err(|error| StoreError::Unreadable(format!("tap {id}: {error}")))?;
            taps.push((id, read.tap(&line.into(), &terminal, &request, self.deny_ver)));
        }
        Ok(())
    }
}

/// The stored lines of these numbers. Runs hold at most [`TAPS_MAX`] numbers, so near ones are found together.
pub(super) async fn by_numbers(tx: &mut Tx, key: &Key, mut seqs: Vec<i64>) -> Result<ByNumber, StoreError> {
    seqs.sort_unstable();
    seqs.dedup();
    let mut found = ByNumber::new();
    for cluster in seqs.chunk_by(|a, b| b - a <= BLOCK_IDS_MAX) {
        let (Some(&from), Some(&to)) = (cluster.first(), cluster.last()) else { continue };
        for (seq_first, seq_count, tap_first) in runs(tx, key, from, to).await? {
            if !cluster.iter().any(|seq| (seq_first..seq_first + seq_count).contains(seq)) {
                continue;
            }
            let (block_first, text) = block_of(tx, tap_first).await?;
            let skipped = usize::try_from(tap_first - block_first).unwrap_or_default();
            let lines = block::lines(&text).skip(skipped);
            let numbered = (seq_first..seq_first + seq_count).zip(lines);
            found.extend(
                numbered
                    .filter(|(seq, _)| cluster.binary_search(seq).is_ok())
                    .map(|(seq, (line, hash))| (seq, (line.to_owned(), hash))),
            );
        }
    }
    Ok(found)
}

/// (first number, how many, id of the first) of the runs that may touch `from` to `to`.
async fn runs(tx: &mut Tx, key: &Key, from: i64, to: i64) -> Result<Vec<(i64, i64, i64)>, StoreError> {
    Ok(on_tx!(tx, on => sqlx::query_as(
        "select seq_first, seq_count, tap_first from tap_run where terminal = $1 and epoch = $2 \
         and seq_first > $3 and seq_first <= $4 order by seq_first",
    )
    .bind(Arc::clone(&key.0))
    .bind(i64::from(key.1))
    .bind(from.saturating_sub(BLOCK_IDS_MAX))
    .bind(to)
    .fetch_all(on)
    .await?))
}

/// The block with a tap in it: the id of its first tap, and its text.
async fn block_of(tx: &mut Tx, tap: i64) -> Result<(i64, String), StoreError> {
    let (first, lines): (i64, Vec<u8>) = on_tx!(tx, on => sqlx::query_as(
        "select tap_first, lines from tap_batch where tap_last >= $1 order by tap_last limit 1",
    )
    .bind(tap)
    .fetch_one(on)
    .await?);
    Ok((first, block::unpacked(&lines, first)?))
}
