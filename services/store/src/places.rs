//! Where riders were is forgotten once nobody needs it (fares design, section 16).
//!
//! In the ledger, in what terminals sent, in what inspectors noted, in settled rows of the quarantine and of suspected
//! clones. Money, days, routes, agencies and the names of taps stay; so do rides, which say nothing of riders.

use crate::sql::on_tx;
use crate::{Db, StoreError};
use gtfs::Timestamp;

/// What was made coarse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Legs and states of taps.
    pub ledger: u64,
    /// Requests of terminals.
    pub requests: u64,
    /// Inspections, quarantined taps and discrepancies.
    pub notes: u64,
}

/// What people and doors noted beside the ledger.
const NOTES: [&str; 3] = [
    "update inspection set place = '', at_us = at_us - at_us % 3600000000 \
     where at_us < $1 and (place <> '' or at_us % 3600000000 <> 0)",
    "update tap_quarantine set raw = substr(raw, 1, 0) where received_us < $1 and state <> 'open' and length(raw) > 0",
    "update discrepancy set detail = '' where found_us < $1 and kind = 'card_clone' and state = 'resolved' \
     and detail <> ''",
];

impl Db {
    /// Forgets where riders were before `before`.
    ///
    /// # Errors
    /// Any [`StoreError`] of a write; what was done before stays done.
    pub async fn places_forget(&self, before: Timestamp) -> Result<Forgotten, StoreError> {
        let mut notes = 0;
        for sql in NOTES {
            let mut tx = self.begin().await?;
            notes +=
                on_tx!(&mut tx, on => sqlx::query(sql).bind(before.0).execute(on).await?.rows_affected());
            tx.commit().await?;
        }
        let requests = self.taps_generalise(before).await?;
        Ok(Forgotten { ledger: self.ledger_generalise(before).await?, requests, notes })
    }
}
