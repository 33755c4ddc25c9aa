//! The totals that a terminal signs when a shift ends, and how they compare with what was received.
//!
//! A shift is compared once every number of it is settled, and again when a tap of it comes late. What
//! differs is written down and stays: nothing is corrected by a comparison.

use crate::sql::{Many, Tx, many, on_pool, on_tx};
use crate::tap::block::hex_of_hash;
use crate::tap::{ChainHash, TapBatch};
use crate::words::{known, words};
use crate::{Db, StoreError};
use fares::TapId;
use gtfs::Timestamp;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

/// Shifts compared in one go.
const COMPARED_MAX: i64 = 64;
/// Numbers in a shift that is compared; a longer one differs by itself.
pub const SHIFT_NUMBERS_MAX: i64 = 100_000;
/// Taps read at a time.
const PAGE_TAPS: u32 = 2_000;
/// Missing numbers that are named in a sentence.
const NAMED_MAX: usize = 20;

/// What a terminal says of a shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShiftAudit {
    /// The name of the shift, unique within the epoch.
    pub shift: Arc<str>,
    /// Its first number.
    pub from: i64,
    /// Its last.
    pub to: i64,
    /// How many taps.
    pub taps: i64,
    /// The sum of the fares shown, satang.
    pub fare_sum: i64,
    /// The chain hash of the last tap.
    pub head: Option<ChainHash>,
}

/// How a shift compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditState {
    /// Not everything is settled yet.
    Pending,
    /// What was received is what the terminal counted.
    Agrees,
    /// It is not.
    Differs,
}

words!(AuditState { Pending = "pending", Agrees = "agrees", Differs = "differs" });

/// A stored shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAudit {
    /// The terminal.
    pub terminal: Arc<str>,
    /// Its epoch.
    pub epoch: u32,
    /// What it says.
    pub audit: ShiftAudit,
    /// When it was first received.
    pub received: Timestamp,
    /// How it compares.
    pub state: AuditState,
    /// What differs; empty when nothing does.
    pub detail: Arc<str>,
}

static INSERT: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into terminal_audit (terminal, epoch, shift, seq_from, seq_to, tap_count, fare_sum, head, \
         received_us, state, detail) values",
        11,
        "on conflict (terminal, epoch, shift) do update set state = 'differs', \
         detail = 'the shift was sent twice, with other totals' \
         where terminal_audit.seq_from <> excluded.seq_from or terminal_audit.seq_to <> excluded.seq_to \
         or terminal_audit.tap_count <> excluded.tap_count or terminal_audit.fare_sum <> excluded.fare_sum \
         or terminal_audit.head <> excluded.head",
    )
});

/// Writes the shifts of a group of requests. One statement each: a shift may come twice in a group.
pub(crate) async fn insert(tx: &mut Tx, batches: &[&TapBatch], admitted: &[bool]) -> Result<(), sqlx::Error> {
    let of = |batch: &&TapBatch| -> Vec<(Arc<str>, u32, i64, ShiftAudit)> {
        let row = |audit: &ShiftAudit| {
            (Arc::clone(&batch.terminal), batch.epoch, batch.clock.received.0, audit.clone())
        };
        batch.audits.iter().map(row).collect()
    };
    let admitted = batches.iter().zip(admitted).filter(|(_, admitted)| **admitted);
    for row in admitted.flat_map(|(batch, _)| of(batch)) {
        many!(
            tx,
            INSERT,
            std::slice::from_ref(&row),
            |query, row| query
                .bind(Arc::clone(&row.0))
                .bind(i64::from(row.1))
                .bind(Arc::clone(&row.3.shift))
                .bind(row.3.from)
                .bind(row.3.to)
                .bind(row.3.taps)
                .bind(row.3.fare_sum)
                .bind(row.3.head.map(Vec::from).unwrap_or_default())
                .bind(row.2)
                .bind("pending")
                .bind(""),
            |query, on| query.execute(on).await?
        );
    }
    Ok(())
}

impl Db {
    /// Compares the shifts of which everything is settled, and says how many it compared.
    ///
    /// # Errors
    /// Any [`StoreError`] of a query or a write.
    pub async fn shifts_compare(&self) -> Result<usize, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            "select a.terminal, a.epoch, a.shift, a.seq_from, a.seq_to, a.tap_count, a.fare_sum, a.head, \
             a.received_us, a.state, a.detail from terminal_audit a \
             join terminal_window w on w.terminal = a.terminal and w.epoch = a.epoch \
             where a.state = 'pending' and w.settled >= a.seq_to order by a.received_us limit $1",
        )
        .bind(COMPARED_MAX)
        .fetch_all(on)
        .await?);
        let count = rows.len();
        for row in rows {
            let stored = StoredAudit::try_from(row)?;
            let differences = self.differences(&stored).await?;
            self.compared(&stored, &differences).await?;
        }
        Ok(count)
    }

    /// What differs between a shift and what was received of it; empty when nothing does.
    async fn differences(&self, stored: &StoredAudit) -> Result<String, StoreError> {
        let audit = &stored.audit;
        let numbers = audit.to.saturating_sub(audit.from).saturating_add(1);
        if audit.from < 1 || !(1..=SHIFT_NUMBERS_MAX).contains(&numbers) {
            return Ok(format!("the shift has {numbers} numbers, 1 to {SHIFT_NUMBERS_MAX} can be compared"));
        }
        let mut missing: BTreeSet<i64> = (audit.from..=audit.to).collect();
        let (mut taps, mut fare_sum) = (0_i64, 0_i64);
        for (tap_first, count) in self.runs_of(stored).await? {
            let mut cursor = tap_first - 1;
            while cursor < tap_first + count - 1 {
                let left = u32::try_from(tap_first + count - 1 - cursor).unwrap_or(PAGE_TAPS);
                for (id, tap) in self.taps_after(cursor, left.min(PAGE_TAPS)).await? {
                    cursor = id;
                    if missing.remove(&tap.id.seq) {
                        taps += 1;
                        fare_sum = fare_sum.saturating_add(tap.fare_shown.unwrap_or_default().0);
                    }
                }
            }
        }
        let head = self.hash_of(&stored.terminal, stored.epoch, audit.to).await?;
        Ok(sentence(audit, taps, fare_sum, head, &missing))
    }

    /// (id of the first tap, how many) of each run that touches a shift.
    async fn runs_of(&self, stored: &StoredAudit) -> Result<Vec<(i64, i64)>, StoreError> {
        Ok(on_pool!(&self.reads, on => sqlx::query_as(
            "select tap_first, seq_count from tap_run where terminal = $1 and epoch = $2 and seq_first > $3 \
             and seq_first <= $4 order by seq_first",
        )
        .bind(Arc::clone(&stored.terminal))
        .bind(i64::from(stored.epoch))
        .bind(stored.audit.from - crate::tap::TAPS_MAX as i64)
        .bind(stored.audit.to)
        .fetch_all(on)
        .await?))
    }

    async fn hash_of(
        &self,
        terminal: &Arc<str>,
        epoch: u32,
        seq: i64,
    ) -> Result<Option<ChainHash>, StoreError> {
        let id = TapId { terminal: Arc::clone(terminal), epoch, seq };
        let Some((tap, _)) = self.tap(&id).await? else { return Ok(None) };
        self.tap_hash(tap).await
    }

    async fn compared(&self, stored: &StoredAudit, differences: &str) -> Result<(), StoreError> {
        let state = if differences.is_empty() { AuditState::Agrees } else { AuditState::Differs };
        if state == AuditState::Differs {
            let (terminal, shift) = (&stored.terminal, &stored.audit.shift);
            tracing::warn!(%terminal, epoch = stored.epoch, %shift, differences, "a shift differs from its taps");
        }
        let mut tx = self.begin().await?;
        on_tx!(&mut tx, on => sqlx::query(
            "update terminal_audit set state = $4, detail = $5 where terminal = $1 and epoch = $2 and shift = $3 \
             and state = 'pending'",
        )
        .bind(Arc::clone(&stored.terminal))
        .bind(i64::from(stored.epoch))
        .bind(Arc::clone(&stored.audit.shift))
        .bind(state.word())
        .bind(differences.to_owned())
        .execute(on)
        .await
        .map(drop)?);
        Ok(tx.commit().await?)
    }

    /// At most `rows_max` shifts in this state, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn shift_audits(
        &self,
        state: AuditState,
        rows_max: u32,
    ) -> Result<Vec<StoredAudit>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            "select terminal, epoch, shift, seq_from, seq_to, tap_count, fare_sum, head, received_us, state, detail \
             from terminal_audit where state = $1 order by received_us, terminal, epoch, shift limit $2",
        )
        .bind(state.word())
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        rows.into_iter().map(StoredAudit::try_from).collect()
    }
}

fn sentence(
    audit: &ShiftAudit,
    taps: i64,
    fare_sum: i64,
    head: Option<ChainHash>,
    missing: &BTreeSet<i64>,
) -> String {
    let mut differs = Vec::new();
    if taps != audit.taps {
        differs.push(format!("n is {}, received {taps}", audit.taps));
    }
    if fare_sum != audit.fare_sum {
        differs.push(format!("sum_f is {}, received {fare_sum}", audit.fare_sum));
    }
    if head != audit.head {
        let hex = |hash: Option<ChainHash>| hash.map_or_else(|| "none".to_owned(), |hash| hex_of_hash(&hash));
        differs.push(format!("head is {}, received {}", hex(audit.head), hex(head)));
    }
    let mut text = differs.join("; ");
    if !text.is_empty() && !missing.is_empty() {
        text.push_str("; missing");
        for seq in missing.iter().take(NAMED_MAX) {
            // Writing to a string can not fail.
            let _ = write!(text, " {seq}");
        }
        if missing.len() > NAMED_MAX {
            let _ = write!(text, " and {} more", missing.len() - NAMED_MAX);
        }
    }
    text
}

#[derive(sqlx::FromRow)]
struct Columns {
    terminal: String,
    epoch: i64,
    shift: String,
    seq_from: i64,
    seq_to: i64,
    tap_count: i64,
    fare_sum: i64,
    head: Vec<u8>,
    received_us: i64,
    state: String,
    detail: String,
}

impl TryFrom<Columns> for StoredAudit {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let state = AuditState::from_word(&row.state);
        Ok(Self {
            state: known("terminal_audit", &row.terminal, "state", &row.state, state)?,
            epoch: u32::try_from(row.epoch).unwrap_or_default(),
            audit: ShiftAudit {
                shift: row.shift.into(),
                from: row.seq_from,
                to: row.seq_to,
                taps: row.tap_count,
                fare_sum: row.fare_sum,
                head: row.head.as_slice().try_into().ok(),
            },
            terminal: row.terminal.into(),
            received: Timestamp(row.received_us),
            detail: row.detail.into(),
        })
    }
}
