//! What was refused, with its bytes and the reason: nothing is dropped silently.

use crate::sql::{Many, Tx, many, on_pool};
use crate::{Db, StoreError};
use bytes::Bytes;
use gtfs::Timestamp;
use std::sync::{Arc, LazyLock};

/// Bytes kept of a refused record; the rest is cut.
pub const RAW_BYTES_MAX: usize = 4096;

/// A refused record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its sequence number, if it had one that could be read. It is settled: the device need not send it again.
    pub seq: Option<i64>,
    /// When it was received.
    pub received: Timestamp,
    /// The reject code, such as `future`.
    pub code: Arc<str>,
    /// What was wrong, for a person.
    pub detail: Arc<str>,
    /// The record as it came; cut at [`RAW_BYTES_MAX`].
    pub raw: Bytes,
}

/// A stored refused record and who sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// The device, or the id that an unknown sender gave.
    pub device: Arc<str>,
    /// Its boot, where it has one.
    pub boot: Option<Arc<str>>,
    /// The adapter it came through.
    pub source: Arc<str>,
    /// The record.
    pub rejected: Rejected,
}

/// A refused record to write.
pub(crate) struct Row<'a> {
    pub(crate) device: &'a Arc<str>,
    pub(crate) boot: Option<&'a Arc<str>>,
    pub(crate) source: &'a Arc<str>,
    pub(crate) rejected: &'a Rejected,
}

static INSERT: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into quarantine (received_us, device, boot, seq, source, code, detail, raw) values",
        8,
        "",
    )
});

pub(crate) async fn insert(tx: &mut Tx, rows: &[Row<'_>]) -> Result<(), sqlx::Error> {
    many!(
        tx,
        INSERT,
        rows,
        |query, row| query
            .bind(row.rejected.received.0)
            .bind(Arc::clone(row.device))
            .bind(row.boot.map(Arc::clone))
            .bind(row.rejected.seq)
            .bind(Arc::clone(row.source))
            .bind(Arc::clone(&row.rejected.code))
            .bind(Arc::clone(&row.rejected.detail))
            .bind(row.rejected.raw[..row.rejected.raw.len().min(RAW_BYTES_MAX)].to_vec()),
        |query, on| query.execute(on).await?
    );
    Ok(())
}

impl Db {
    /// Stores what an unknown sender sent (R25); the records of known devices go with their batch.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write.
    pub async fn quarantine(
        &self,
        device: &Arc<str>,
        source: &Arc<str>,
        rejected: &[Rejected],
    ) -> Result<(), StoreError> {
        let rows: Vec<Row<'_>> =
            rejected.iter().map(|rejected| Row { device, boot: None, source, rejected }).collect();
        let mut tx = self.begin().await?;
        insert(&mut tx, &rows).await?;
        Ok(tx.commit().await?)
    }

    /// The newest `rows_max` refused records, newest first.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn quarantined(&self, rows_max: u32) -> Result<Vec<Quarantined>, StoreError> {
        type Columns = (i64, String, Option<String>, Option<i64>, String, String, String, Vec<u8>);
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            "select received_us, device, boot, seq, source, code, detail, raw from quarantine \
             order by id desc limit $1",
        )
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        let row = |(received_us, device, boot, seq, source, code, detail, raw): Columns| Quarantined {
            device: device.into(),
            boot: boot.map(Into::into),
            source: source.into(),
            rejected: Rejected {
                seq,
                received: Timestamp(received_us),
                code: code.into(),
                detail: detail.into(),
                raw: raw.into(),
            },
        };
        Ok(rows.into_iter().map(row).collect())
    }
}
