//! What happened besides taps, in the order in which it happened: for who works the books out again.

use crate::sql::on_pool;
use crate::{Db, StoreError};
use fares::tap::RequestClock;
use gtfs::Timestamp;
use std::sync::Arc;

/// Requests read at a time.
const PAGE_ROWS: i64 = 5_000;

#[derive(sqlx::FromRow)]
struct Clocks {
    tap_last: i64,
    terminal: String,
    received_us: i64,
    boot: String,
    up_ms: i64,
    wall_us: Option<i64>,
    rtt_ms: i64,
}

impl Db {
    /// The newest commit of the ledger and when it was made; `None` before the first.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn ledger_newest(&self) -> Result<Option<(i64, Timestamp)>, StoreError> {
        let row: Option<(i64, i64)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select id, posted_us from ledger_commit order by id desc limit 1",
        )
        .fetch_optional(on)
        .await?);
        Ok(row.map(|(id, posted_us)| (id, Timestamp(posted_us))))
    }

    /// At most `rows_max` commands that were executed and bear on rides (concessions, confirmed tap-offs, amnesties),
    /// after an event: the event, when, and the command.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn ride_commands_done(
        &self,
        event: i64,
        rows_max: u32,
    ) -> Result<Vec<(i64, Timestamp, i64)>, StoreError> {
        let rows: Vec<(i64, i64, i64)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select e.id, e.at_us, e.command from fare_command_event e join fare_command c on c.id = e.command \
             where e.event = 'done' and c.kind in ('concede', 'confirm_tap_off', 'amnesty') and e.id > $1 \
             order by e.id limit $2",
        )
        .bind(event)
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        Ok(rows.into_iter().map(|(event, at_us, command)| (event, Timestamp(at_us), command)).collect())
    }

    /// The clocks of the requests whose last tap is `tap_last` or before, as far back as `since`, in the order of their
    /// commits.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn requests_heard(
        &self,
        tap_last: i64,
        since: Timestamp,
    ) -> Result<Vec<(Arc<str>, RequestClock)>, StoreError> {
        let (mut heard, mut before) = (Vec::new(), tap_last.saturating_add(1));
        loop {
            let page: Vec<Clocks> = on_pool!(&self.reads, on => sqlx::query_as(
                "select tap_last, terminal, received_us, boot, up_ms, wall_us, rtt_ms from tap_batch \
                 where tap_last < $1 order by tap_last desc limit $2",
            )
            .bind(before)
            .bind(PAGE_ROWS)
            .fetch_all(on)
            .await?);
            let Some(last) = page.last() else { break };
            before = last.tap_last;
            let is_there = last.received_us < since.0;
            let recent = page.into_iter().filter(|row| row.received_us >= since.0);
            heard.extend(recent.map(|row| (Arc::from(row.terminal.as_str()), clock(&row))));
            if is_there {
                break;
            }
        }
        heard.reverse();
        Ok(heard)
    }
}

fn clock(row: &Clocks) -> RequestClock {
    RequestClock {
        received: Timestamp(row.received_us),
        boot: row.boot.as_str().into(),
        up_ms: row.up_ms,
        wall: row.wall_us.map(Timestamp),
        rtt_ms: row.rtt_ms,
    }
}
