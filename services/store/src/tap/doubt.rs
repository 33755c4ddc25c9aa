//! Taps whose numbers are settled already: sent again, a second one under the same name, or late after all.
//!
//! Rare, so one look-up each is good enough. What is found is what the tables say within the transaction, so
//! that two requests of one group see each other.

use super::plan::{BAD_HASH, Break, Key, NO_HASH, Plan, key};
use super::write::QuarantineRow;
use super::{ChainHash, HASH_BYTES, TapBatch, TapItem, block, chained, coarse, fill, read, write};
use crate::StoreError;
use crate::audit::{self, Actor, Change};
use crate::sql::{Tx, on_tx};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The word for a second tap under a used name.
pub(super) const CONFLICT: &str = "conflict";

/// Settles every doubt of a group.
pub(super) async fn settle(
    tx: &mut Tx,
    batches: &[&TapBatch],
    plan: &mut Plan,
    newest: &mut i64,
) -> Result<(), StoreError> {
    for (at, batch) in batches.iter().enumerate() {
        let doubts = std::mem::take(&mut plan.parts[at].doubts);
        if !doubts.is_empty() {
            let late = compare(tx, batch, &doubts, plan, at).await?;
            late_taps(tx, batch, late, plan, newest).await?;
        }
        for nth in std::mem::take(&mut plan.parts[at].refused_doubts) {
            let item = refused_again(tx, batch, nth).await?;
            plan.parts[at].items.push((batch.refused[nth].seq, batch.refused[nth].at, item));
        }
    }
    Ok(())
}

/// Compares with what is stored; the positions of those that are not stored.
async fn compare(
    tx: &mut Tx,
    batch: &TapBatch,
    doubts: &[usize],
    plan: &mut Plan,
    at: usize,
) -> Result<Vec<usize>, StoreError> {
    let taps = batch.block.taps();
    let seqs: Vec<i64> = doubts.iter().map(|&doubt| taps[doubt].seq).collect();
    let stored = read::by_numbers(tx, &key(batch), seqs).await?;
    let mut found: BTreeMap<i64, &str> =
        stored.iter().map(|(&seq, (line, _))| (seq, line.as_str())).collect();
    let mut late = Vec::new();
    for &doubt in doubts {
        let tap = &taps[doubt];
        let line = batch.block.line(tap);
        let item = match found.get(&tap.seq) {
            Some(first) if coarse::is_same(first, line) => TapItem::Duplicate,
            Some(_) => {
                conflict(tx, batch, tap.seq, &block::raw(line, tap.hash)).await?;
                plan.parts[at].conflict = true;
                TapItem::Quarantined(CONFLICT)
            }
            None => {
                found.insert(tap.seq, line);
                late.push(doubt);
                continue;
            }
        };
        plan.parts[at].items.push((Some(tap.seq), doubt, item));
    }
    Ok(late)
}

/// Stores taps that were thought gone.
async fn late_taps(
    tx: &mut Tx,
    batch: &TapBatch,
    late: Vec<usize>,
    plan: &mut Plan,
    newest: &mut i64,
) -> Result<(), StoreError> {
    if late.is_empty() {
        return Ok(());
    }
    let key = key(batch);
    let mut seqs: Vec<i64> = late.iter().map(|&at| batch.block.taps()[at].seq).collect();
    write::blocks(tx, &[(batch, late)], newest).await?;
    plan.links
        .extend(seqs.iter().flat_map(|&seq| [(key.clone(), seq), (key.clone(), seq.saturating_add(1))]));
    seqs.sort_unstable();
    for run in seqs.chunk_by(|a, b| a + 1 == *b) {
        if let (Some(&from), Some(&to)) = (run.first(), run.last()) {
            fill::fill(tx, &key, from, to, batch.clock.received).await?;
        }
    }
    Ok(())
}

/// Checks the links that could not be checked from the windows.
pub(super) async fn check_links(tx: &mut Tx, plan: &mut Plan) -> Result<(), StoreError> {
    let mut links = std::mem::take(&mut plan.links);
    links.sort_unstable();
    links.dedup();
    for group in links.chunk_by(|a, b| a.0 == b.0) {
        let key: &Key = &group[0].0;
        let seqs = group.iter().flat_map(|(_, seq)| [seq - 1, *seq]).collect();
        let stored = read::by_numbers(tx, key, seqs).await?;
        for &(_, seq) in group {
            let before: Option<ChainHash> = if seq == 1 {
                Some([0; HASH_BYTES])
            } else {
                stored.get(&(seq - 1)).and_then(|(_, hash)| *hash)
            };
            let (Some(before), Some((line, hash))) = (before, stored.get(&seq)) else { continue };
            if *hash != Some(chained(&before, line)) {
                let detail = if hash.is_some() { BAD_HASH } else { NO_HASH };
                plan.breaks.push(Break { key: key.clone(), seq, detail });
            }
        }
    }
    Ok(())
}

/// Quarantines the second tap of a name, raises the alarm, and suspends its terminal, unless it was enrolled
/// anew since that epoch began.
async fn conflict(tx: &mut Tx, batch: &TapBatch, seq: i64, raw: &str) -> Result<(), StoreError> {
    let raw = Bytes::copy_from_slice(raw.as_bytes());
    if is_quarantined(tx, batch, seq, &raw).await? {
        return Ok(());
    }
    let (terminal, epoch) = (&batch.terminal, batch.epoch);
    let row = QuarantineRow {
        batch,
        seq: Some(seq),
        code: CONFLICT,
        detail: "another tap has this name; the first stands".into(),
        raw,
    };
    write::quarantine_rows(tx, &[row]).await?;
    let suspended = suspend(tx, batch).await?;
    tracing::error!(%terminal, epoch, seq, suspended, "two taps have one name: is the terminal cloned?");
    let by = Actor {
        at: batch.clock.received,
        who: "padriew serve".into(),
        role: "local".into(),
        address: "".into(),
        reason: "two taps have one name".into(),
        request_id: "".into(),
    };
    let change = Change {
        agency: String::new(),
        action: "tap_conflict".into(),
        subject: format!("{terminal}/{epoch}/{seq}"),
        before: if suspended { "active".into() } else { String::new() },
        after: if suspended { "suspended".into() } else { String::new() },
    };
    audit::append(tx, &by, &change).await?;
    Ok(())
}

async fn suspend(tx: &mut Tx, batch: &TapBatch) -> Result<bool, sqlx::Error> {
    let rows = on_tx!(tx, on => sqlx::query(
        "update device set state = 'suspended', changed_us = $2 where id = $1 and state = 'active' \
         and not exists (select 1 from terminal where terminal.id = device.id and terminal.epoch_min > $3)",
    )
    .bind(Arc::clone(&batch.terminal))
    .bind(batch.clock.received.0)
    .bind(i64::from(batch.epoch))
    .execute(on)
    .await?
    .rows_affected());
    Ok(rows == 1)
}

/// Something unreadable under a settled number: kept, unless the same bytes are.
async fn refused_again(tx: &mut Tx, batch: &TapBatch, nth: usize) -> Result<TapItem, StoreError> {
    let refused = &batch.refused[nth];
    if is_quarantined(tx, batch, refused.seq.unwrap_or_default(), &refused.raw).await? {
        return Ok(TapItem::Duplicate);
    }
    write::quarantine_rows(tx, &[QuarantineRow::of(batch, refused)]).await?;
    Ok(TapItem::Quarantined(refused.code))
}

async fn is_quarantined(tx: &mut Tx, batch: &TapBatch, seq: i64, raw: &Bytes) -> Result<bool, sqlx::Error> {
    let row: Option<(i64,)> = on_tx!(tx, on => sqlx::query_as(
        "select id from tap_quarantine where terminal = $1 and epoch = $2 and seq = $3 and raw = $4 limit 1",
    )
    .bind(Arc::clone(&batch.terminal))
    .bind(i64::from(batch.epoch))
    .bind(seq)
    .bind(raw.to_vec())
    .fetch_optional(on)
    .await?);
    Ok(row.is_some())
}
