//! What terminals sent, made coarse once nobody prices it again: places and exact times go, ids, cards and kinds stay.
//!
//! A tap sent again after that is still known by its name; what was signed goes, because every place is in it.

use super::block;
use crate::sql::on_tx;
use crate::{Db, StoreError};
use fares::TapLine;
use gtfs::Timestamp;
use std::sync::Arc;

/// Requests in one transaction.
const CHUNK_ROWS: i64 = 500;
/// How far this has come: the last tap.
const CURSOR: &str = "places";
/// Microseconds of an hour.
const HOUR_US: i64 = 3_600_000_000;

/// A tap without its place and time.
fn coarse<'a>(tap: &TapLine<'a>) -> TapLine<'a> {
    TapLine { up_ms: 0, wall: "", vehicle: "", trip: "", stop: "", fix: None, gps: "", ..*tap }
}

/// Whether a stored line is this one, or what is left of it.
pub(super) fn is_same(stored: &str, line: &str) -> bool {
    stored == line || TapLine::read(line).is_ok_and(|tap| coarse(&tap).to_string() == stored)
}

impl Db {
    /// Makes coarse what was received before `before`; the number of requests.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`], or any error of a write; what was done before stays done.
    pub(crate) async fn taps_generalise(&self, before: Timestamp) -> Result<u64, StoreError> {
        let last = self.last_tap_before(before, self.taps_newest().await?).await?;
        let mut requests = 0;
        loop {
            let done = self.fare_cursor(CURSOR).await?;
            let mut tx = self.begin().await?;
            let rows: Vec<(i64, i64, Vec<u8>)> = on_tx!(&mut tx, on => sqlx::query_as(
                "select tap_last, tap_first, lines from tap_batch where tap_last > $1 and tap_last <= $2 \
                 order by tap_last limit $3",
            )
            .bind(done)
            .bind(last)
            .bind(CHUNK_ROWS)
            .fetch_all(on)
            .await?);
            let Some((end, ..)) = rows.last() else { return Ok(requests) };
            let end = *end;
            for (tap_last, tap_first, lines) in rows {
                let lines = without_places(&block::unpacked(&lines, tap_first)?, tap_first)?;
                on_tx!(&mut tx, on => sqlx::query(
                    "update tap_batch set lines = $2, body = $3, received_us = received_us - received_us % $4, \
                     up_ms = 0, wall_us = null, rtt_ms = 0 where tap_last = $1",
                )
                .bind(tap_last)
                .bind(lines)
                .bind(block::pack(b"")?)
                .bind(HOUR_US)
                .execute(on)
                .await
                .map(drop)?);
                requests += 1;
            }
            on_tx!(&mut tx, on => sqlx::query(
                "insert into fare_cursor (name, value) values ($1, $2) \
                 on conflict (name) do update set value = excluded.value",
            )
            .bind(Arc::<str>::from(CURSOR))
            .bind(end)
            .execute(on)
            .await
            .map(drop)?);
            tx.commit().await?;
        }
    }
}

fn without_places(text: &str, id: i64) -> Result<Vec<u8>, StoreError> {
    let mut left = block::Block::default();
    for (line, hash) in block::lines(text) {
        let tap = TapLine::read(line)
            .map_err(|error| StoreError::Unreadable(format!("tap_batch {id}: {error}")))?;
        left.push(&coarse(&tap), hash);
    }
    let all: Vec<usize> = (0..left.taps().len()).collect();
    left.packed_of(&all)
}
