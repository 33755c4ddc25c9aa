//! Taps that were thought gone and came after all: their part of a gap is filled.

use super::plan::Key;
use crate::sql::{Tx, on_tx};
use gtfs::Timestamp;
use std::sync::Arc;

/// A stretch of a gap.
#[derive(sqlx::FromRow)]
struct Stretch {
    seq_from: i64,
    seq_to: i64,
    state: String,
    cause: String,
    found_us: i64,
    changed_us: i64,
}

/// Marks `from` to `to` as filled where a gap says that they are gone, what stood unreadable in their place as
/// mended, and has the shifts around them compared again.
pub(super) async fn fill(
    tx: &mut Tx,
    key: &Key,
    from: i64,
    to: i64,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let open: Vec<Stretch> = on_tx!(tx, on => sqlx::query_as(
        "select seq_from, seq_to, state, cause, found_us, changed_us from gap where terminal = $1 and epoch = $2 \
         and seq_from <= $4 and seq_to >= $3 and state <> 'filled' order by seq_from",
    )
    .bind(Arc::clone(&key.0))
    .bind(i64::from(key.1))
    .bind(from)
    .bind(to)
    .fetch_all(on)
    .await?);
    for gap in open {
        let (first, last) = (gap.seq_from.max(from), gap.seq_to.min(to));
        delete(tx, key, gap.seq_from).await?;
        let filled = "filled".to_owned();
        let parts = [
            (gap.seq_from, first - 1, &gap.state, gap.changed_us),
            (first, last, &filled, now.0),
            (last.saturating_add(1), gap.seq_to, &gap.state, gap.changed_us),
        ];
        for (seq_from, seq_to, state, changed_us) in parts.into_iter().filter(|part| part.0 <= part.1) {
            let (state, cause) = (state.clone(), gap.cause.clone());
            insert(tx, key, &Stretch { seq_from, seq_to, state, cause, found_us: gap.found_us, changed_us })
                .await?;
        }
    }
    on_tx!(tx, on => sqlx::query(
        "update tap_quarantine set state = 'fixed' where terminal = $1 and epoch = $2 and seq >= $3 and seq <= $4 \
         and state = 'open' and code <> 'conflict'",
    )
    .bind(Arc::clone(&key.0))
    .bind(i64::from(key.1))
    .bind(from)
    .bind(to)
    .execute(on)
    .await
    .map(drop)?);
    on_tx!(tx, on => sqlx::query(
        "update terminal_audit set state = 'pending' where terminal = $1 and epoch = $2 and seq_from <= $4 \
         and seq_to >= $3 and state <> 'pending'",
    )
    .bind(Arc::clone(&key.0))
    .bind(i64::from(key.1))
    .bind(from)
    .bind(to)
    .execute(on)
    .await
    .map(drop))
}

async fn delete(tx: &mut Tx, key: &Key, seq_from: i64) -> Result<(), sqlx::Error> {
    on_tx!(tx, on => sqlx::query("delete from gap where terminal = $1 and epoch = $2 and seq_from = $3")
        .bind(Arc::clone(&key.0))
        .bind(i64::from(key.1))
        .bind(seq_from)
        .execute(on)
        .await
        .map(drop))
}

async fn insert(tx: &mut Tx, key: &Key, gap: &Stretch) -> Result<(), sqlx::Error> {
    on_tx!(tx, on => sqlx::query(
        "insert into gap (terminal, epoch, seq_from, seq_to, state, cause, found_us, changed_us) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(Arc::clone(&key.0))
    .bind(i64::from(key.1))
    .bind(gap.seq_from)
    .bind(gap.seq_to)
    .bind(gap.state.clone())
    .bind(gap.cause.clone())
    .bind(gap.found_us)
    .bind(gap.changed_us)
    .execute(on)
    .await
    .map(drop))
}
