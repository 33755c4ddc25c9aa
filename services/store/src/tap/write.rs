//! The statements that write taps.

use super::plan::{Plan, Windows};
use super::{NewTap, RefusedTap, TapBatch};
use crate::StoreError;
use crate::sql::{Many, Tx, many};
use bytes::Bytes;
use std::sync::{Arc, LazyLock};

static BATCHES: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into tap_batch (tap_last, tap_first, terminal, epoch, key_id, received_us, boot, up_ms, wall_us, \
         rtt_ms, deny_ver, tariff_ver, lines, body) values",
        14,
        "",
    )
});
static RUNS: LazyLock<Many> = LazyLock::new(|| {
    Many::new("insert into tap_run (terminal, epoch, seq_first, seq_count, tap_first) values", 5, "")
});
static WINDOWS: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into terminal_window (terminal, epoch, settled, settled_hash, above) values",
        5,
        "on conflict (terminal, epoch) do update set settled = excluded.settled, \
         settled_hash = excluded.settled_hash, above = excluded.above",
    )
});
static QUARANTINE: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into tap_quarantine (received_us, terminal, epoch, seq, code, detail, state, raw, boot, up_ms, wall_us, \
         rtt_ms, deny_ver) values",
        13,
        "",
    )
});
static GAPS: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into gap (terminal, epoch, seq_from, seq_to, state, cause, found_us, changed_us) values",
        8,
        "",
    )
});
static BREAKS: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into chain_break (terminal, epoch, seq, found_us, detail) values",
        5,
        "on conflict do nothing",
    )
});

struct BlockRow<'a> {
    batch: &'a TapBatch,
    first: i64,
    last: i64,
    lines: Vec<u8>,
}

struct RunRow<'a> {
    batch: &'a TapBatch,
    seq_first: i64,
    count: i64,
    tap_first: i64,
}

/// Writes the taps at the positions given of each request, and counts `newest` up.
pub(super) async fn blocks(
    tx: &mut Tx,
    parts: &[(&TapBatch, Vec<usize>)],
    newest: &mut i64,
) -> Result<(), StoreError> {
    let (mut rows, mut runs) = (Vec::new(), Vec::new());
    for (batch, positions) in parts.iter().filter(|(_, positions)| !positions.is_empty()) {
        let first = *newest + 1;
        for &at in positions {
            *newest += 1;
            add_to_runs(&mut runs, batch, &batch.block.taps()[at], *newest, first);
        }
        rows.push(BlockRow { batch, first, last: *newest, lines: batch.block.packed_of(positions)? });
    }
    many!(
        tx,
        BATCHES,
        &rows,
        |query, row| query
            .bind(row.last)
            .bind(row.first)
            .bind(Arc::clone(&row.batch.terminal))
            .bind(i64::from(row.batch.epoch))
            .bind(Arc::clone(&row.batch.key_id))
            .bind(row.batch.clock.received.0)
            .bind(Arc::clone(&row.batch.clock.boot))
            .bind(row.batch.clock.up_ms)
            .bind(row.batch.clock.wall.map(|wall| wall.0))
            .bind(row.batch.clock.rtt_ms)
            .bind(row.batch.deny_ver)
            .bind(Arc::clone(&row.batch.tariff_ver))
            .bind(row.lines.clone())
            .bind(row.batch.body.clone()),
        |query, on| query.execute(on).await?
    );
    many!(
        tx,
        RUNS,
        &runs,
        |query, run| query
            .bind(Arc::clone(&run.batch.terminal))
            .bind(i64::from(run.batch.epoch))
            .bind(run.seq_first)
            .bind(run.count)
            .bind(run.tap_first),
        |query, on| query.execute(on).await?
    );
    Ok(())
}

/// A tap joins the run before it in its block, or begins one.
fn add_to_runs<'a>(runs: &mut Vec<RunRow<'a>>, batch: &'a TapBatch, tap: &NewTap, id: i64, block_first: i64) {
    match runs.last_mut() {
        Some(run) if run.tap_first >= block_first && run.seq_first + run.count == tap.seq => run.count += 1,
        _ => runs.push(RunRow { batch, seq_first: tap.seq, count: 1, tap_first: id }),
    }
}

/// Writes the windows that were changed.
pub(super) async fn windows(tx: &mut Tx, windows: &Windows) -> Result<(), sqlx::Error> {
    let changed: Vec<_> = windows.iter().filter(|(_, (_, changed))| *changed).collect();
    many!(
        tx,
        WINDOWS,
        &changed,
        |query, row| query
            .bind(Arc::clone(&row.0.0))
            .bind(i64::from(row.0.1))
            .bind(row.1.0.settled())
            .bind(row.1.0.settled_hash())
            .bind(row.1.0.above()),
        |query, on| query.execute(on).await?
    );
    Ok(())
}

/// Something for a person to look at.
pub(super) struct QuarantineRow<'a> {
    pub(super) batch: &'a TapBatch,
    pub(super) seq: Option<i64>,
    pub(super) code: &'static str,
    pub(super) detail: Arc<str>,
    pub(super) raw: Bytes,
}

impl<'a> QuarantineRow<'a> {
    pub(super) fn of(batch: &'a TapBatch, refused: &RefusedTap) -> Self {
        let RefusedTap { seq, code, detail, raw, .. } = refused.clone();
        Self { batch, seq, code, detail, raw }
    }
}

/// Writes what is refused for the first time.
pub(super) async fn quarantine(tx: &mut Tx, batches: &[&TapBatch], plan: &Plan) -> Result<(), sqlx::Error> {
    let rows: Vec<QuarantineRow<'_>> = batches
        .iter()
        .zip(&plan.parts)
        .flat_map(|(batch, part)| {
            part.refused.iter().map(|&nth| QuarantineRow::of(batch, &batch.refused[nth]))
        })
        .collect();
    quarantine_rows(tx, &rows).await
}

pub(super) async fn quarantine_rows(tx: &mut Tx, rows: &[QuarantineRow<'_>]) -> Result<(), sqlx::Error> {
    many!(
        tx,
        QUARANTINE,
        rows,
        |query, row| query
            .bind(row.batch.clock.received.0)
            .bind(Arc::clone(&row.batch.terminal))
            .bind(i64::from(row.batch.epoch))
            .bind(row.seq)
            .bind(row.code)
            .bind(Arc::clone(&row.detail))
            .bind("open")
            .bind(row.raw.to_vec())
            .bind(Arc::clone(&row.batch.clock.boot))
            .bind(row.batch.clock.up_ms)
            .bind(row.batch.clock.wall.map(|wall| wall.0))
            .bind(row.batch.clock.rtt_ms)
            .bind(row.batch.deny_ver),
        |query, on| query.execute(on).await?
    );
    Ok(())
}

/// Writes what is gone.
pub(super) async fn gaps(tx: &mut Tx, batches: &[&TapBatch], plan: &Plan) -> Result<(), sqlx::Error> {
    let now_us = received_us(batches);
    many!(
        tx,
        GAPS,
        &plan.gaps,
        |query, gap| query
            .bind(Arc::clone(&gap.key.0))
            .bind(i64::from(gap.key.1))
            .bind(gap.from)
            .bind(gap.to)
            .bind("open")
            .bind(gap.cause)
            .bind(now_us)
            .bind(now_us),
        |query, on| query.execute(on).await?
    );
    Ok(())
}

/// Writes where chains do not hold.
pub(super) async fn breaks(tx: &mut Tx, batches: &[&TapBatch], plan: &Plan) -> Result<(), sqlx::Error> {
    let now_us = received_us(batches);
    many!(
        tx,
        BREAKS,
        &plan.breaks,
        |query, found| query
            .bind(Arc::clone(&found.key.0))
            .bind(i64::from(found.key.1))
            .bind(found.seq)
            .bind(now_us)
            .bind(found.detail),
        |query, on| query.execute(on).await?
    );
    for found in &plan.breaks {
        tracing::error!(terminal = %found.key.0, epoch = found.key.1, seq = found.seq, "a tap chain is broken");
    }
    Ok(())
}

/// The newest of a group stands for its moment.
fn received_us(batches: &[&TapBatch]) -> i64 {
    batches.iter().map(|batch| batch.clock.received.0).max().unwrap_or_default()
}
