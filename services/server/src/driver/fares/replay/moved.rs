//! When terminals were moved: only since then it is known where they were.

use gtfs::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use store::{Db, StoreError};

/// Rows of the audit log read at a time.
const PAGE_ROWS: i64 = 5_000;

/// When each terminal that was ever moved was moved last: from there, and not from before, it is known where it is.
pub(super) async fn moved(db: &Db) -> Result<HashMap<Arc<str>, Timestamp>, StoreError> {
    let mut moved = HashMap::new();
    if db.terminals().await?.iter().all(|terminal| terminal.cfg_ver <= 1) {
        return Ok(moved);
    }
    let mut mounted: HashMap<String, String> = HashMap::new();
    let mut id = 0;
    loop {
        let page = db.audit_after(id, PAGE_ROWS).await?;
        let Some(last) = page.last() else { return Ok(moved) };
        id = last.id;
        for row in page.into_iter().filter(|row| row.change.action == "terminal_put") {
            // Enrolled anew, a terminal stays where it is.
            let place = row.change.after.split(" epoch_min=").next().unwrap_or_default().to_owned();
            let before = mounted.insert(row.change.subject.clone(), place.clone());
            if before.is_some_and(|before| before != place) {
                moved.insert(row.change.subject.as_str().into(), row.actor.at);
            }
        }
    }
}
