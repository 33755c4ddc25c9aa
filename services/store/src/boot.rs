//! `device_boot`: the settled sequence numbers of each device, kept for ever.

use crate::seq_window::SeqWindow;
use crate::sql::{Many, Tx, many, on_tx};
use std::sync::{Arc, LazyLock};

/// A row of `device_boot`.
#[derive(Clone, Debug)]
pub(crate) struct Boot {
    pub(crate) id: i64,
    pub(crate) window: SeqWindow,
    /// Rises with each change, so that two processes cannot both change the same state.
    pub(crate) version: i64,
}

/// The row of (`device`, `boot`), made with a window that begins at `base` if there is none.
pub(crate) async fn find_or_insert(
    tx: &mut Tx,
    device: &Arc<str>,
    boot: &Arc<str>,
    base: i64,
) -> Result<Boot, sqlx::Error> {
    if let Some(found) = find(tx, device, boot).await? {
        return Ok(found);
    }
    let window = SeqWindow::starting_at(base);
    let inserted: Option<(i64,)> = on_tx!(tx, on => sqlx::query_as(
        "insert into device_boot (device, boot, base, settled, lost, gaps, version) \
         values ($1, $2, $3, $4, 0, $5, 0) on conflict (device, boot) do nothing returning id",
    )
    .bind(Arc::clone(device))
    .bind(Arc::clone(boot))
    .bind(window.base())
    .bind(window.settled())
    .bind(window.gaps())
    .fetch_optional(on)
    .await?);
    match inserted {
        Some((id,)) => Ok(Boot { id, window, version: 0 }),
        // Another process made it between the two statements.
        None => find(tx, device, boot).await?.ok_or(sqlx::Error::RowNotFound),
    }
}

async fn find(tx: &mut Tx, device: &Arc<str>, boot: &Arc<str>) -> Result<Option<Boot>, sqlx::Error> {
    let row: Option<(i64, i64, i64, i64, Vec<u8>, i64)> = on_tx!(tx, on => sqlx::query_as(
        "select id, base, settled, lost, gaps, version from device_boot where device = $1 and boot = $2",
    )
    .bind(Arc::clone(device))
    .bind(Arc::clone(boot))
    .fetch_optional(on)
    .await?);
    Ok(row.map(|(id, base, settled, lost, gaps, version)| Boot {
        id,
        window: SeqWindow::stored(base, settled, lost, &gaps),
        version,
    }))
}

static UPDATE: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "update device_boot set settled = v.column2, lost = v.column3, gaps = v.column4, \
         version = device_boot.version + 1 from (values",
        5,
        ") as v where device_boot.id = v.column1 and device_boot.version = v.column5",
    )
});

/// Stores the windows of `boots`. `false` when another process changed one of them since it was read: the
/// transaction must then be given up and tried again from a fresh read.
pub(crate) async fn update(tx: &mut Tx, boots: &[&Boot]) -> Result<bool, sqlx::Error> {
    let mut updated = 0;
    many!(
        tx,
        UPDATE,
        boots,
        |query, boot| query
            .bind(boot.id)
            .bind(boot.window.settled())
            .bind(boot.window.lost())
            .bind(boot.window.gaps())
            .bind(boot.version),
        |query, on| updated += query.execute(on).await?.rows_affected()
    );
    Ok(updated == boots.len() as u64)
}
