//! A tap that could not be read, mended by a person: it goes the way of every other, under its own name.
//!
//! Its bytes stay in `tap_quarantine`. In the place of the key that signed it stands who mended it, in that of the signed
//! JSON what he wrote; its chain hash is the one that was sent, and is not expected to verify.

use super::plan::Key;
use super::window::{Sighting, TapWindow};
use super::{Block, TapBatch, block, commit, fill, read, write};
use crate::audit::{self, Actor, Change};
use crate::sql::{Tx, on_tx};
use crate::tap_quarantine::QuarantinedTap;
use crate::{Db, StoreError};
use fares::TapId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What begins [`TapBatch::key_id`] of a mended tap; ids of devices have no spaces, so no key is called so.
pub const MENDED_BY: &str = "mended by ";

impl Db {
    /// Stores a quarantined tap as a person has mended it, and settles its row as `fixed`. `block` has this one tap,
    /// `json` is what the person wrote. Gives the tap's name.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the row is settled, its name is another tap's, or its number was never used; or any
    /// other error of a write.
    pub async fn tap_mend(
        &self,
        row: &QuarantinedTap,
        block: Block,
        json: &[u8],
        by: &Actor,
    ) -> Result<TapId, StoreError> {
        let refused = |why: String| StoreError::Refused(why);
        let seq = match block.taps() {
            [tap] if row.seq.is_none_or(|seq| seq == tap.seq) => tap.seq,
            _ => return Err(refused("one tap is mended at a time, under the number that it has".into())),
        };
        let Some(epoch) = row.epoch else {
            return Err(refused(format!("{} is no tap of an epoch: it can only be dismissed", row.id)));
        };
        let key: Key = (Arc::clone(&row.terminal), epoch);
        let id = TapId { terminal: Arc::clone(&row.terminal), epoch, seq };
        let batch = TapBatch {
            terminal: Arc::clone(&row.terminal),
            epoch,
            key_id: format!("{MENDED_BY}{}", by.who).into(),
            nonce: None,
            clock: Arc::new(row.clock.clone()),
            deny_ver: row.deny_ver,
            tariff_ver: "".into(),
            held_from: 0,
            lost: Vec::new(),
            audits: Vec::new(),
            block,
            refused: Vec::new(),
            body: block::pack(json)?,
            backfill: true,
        };
        let mut tx = self.begin().await?;
        let mut newest = commit::lock_head(&mut tx).await?.id;
        if read::by_numbers(&mut tx, &key, vec![seq]).await?.contains_key(&seq) {
            return Err(refused(format!(
                "{id} is a tap already; the first stands, so this one can only be dismissed"
            )));
        }
        settle_number(&mut tx, &key, seq).await?;
        write::blocks(&mut tx, &[(&batch, vec![0])], &mut newest).await?;
        commit::move_head(&mut tx, newest).await?;
        // Before the gap is filled, which settles everything under this number as fixed.
        settle_row(&mut tx, row.id, "fixed", by).await?;
        fill::fill(&mut tx, &key, seq, seq, by.at).await?;
        audit::append(&mut tx, by, &change("tap_mend", row, &id.to_string())).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Settles a quarantined row as nothing that is worth a tap.
    ///
    /// # Errors
    /// [`StoreError::Refused`] without a reason, or when the row is settled; or any other error of a write.
    pub async fn tap_dismiss(&self, row: &QuarantinedTap, by: &Actor) -> Result<(), StoreError> {
        if by.reason.trim().is_empty() {
            return Err(StoreError::Refused("a tap is dismissed with a reason, give one".into()));
        }
        let mut tx = self.begin().await?;
        settle_row(&mut tx, row.id, "dismissed", by).await?;
        audit::append(&mut tx, by, &change("tap_dismiss", row, "dismissed")).await?;
        Ok(tx.commit().await?)
    }
}

fn change(action: &str, row: &QuarantinedTap, after: &str) -> Change {
    let subject = format!("tap_quarantine:{}", row.id);
    Change {
        action: action.into(),
        subject,
        before: row.code.to_string(),
        after: after.into(),
        ..Change::default()
    }
}

/// A number that was refused with its tap is settled; one that could not be read is a hole below the highest.
async fn settle_number(tx: &mut Tx, key: &Key, seq: i64) -> Result<(), StoreError> {
    let mut windows = BTreeMap::from([(key.clone(), (TapWindow::default(), false))]);
    commit::read_windows(tx, std::slice::from_ref(key), &mut windows).await?;
    if let Some((window, changed)) = windows.get_mut(key) {
        if seq > window.top() {
            let top = window.top();
            return Err(StoreError::Refused(format!(
                "{seq} is no number that the terminal has used: it is at {top}"
            )));
        }
        *changed = matches!(window.sight(seq, None), Sighting::Fresh { .. });
    }
    Ok(write::windows(tx, &windows).await?)
}

async fn settle_row(tx: &mut Tx, id: i64, state: &str, by: &Actor) -> Result<(), StoreError> {
    let settled = on_tx!(tx, on => sqlx::query(
        "update tap_quarantine set state = $2, settled_us = $3, settled_by = $4, reason = $5 \
         where id = $1 and state = 'open'",
    )
    .bind(id)
    .bind(state)
    .bind(by.at.0)
    .bind(Arc::clone(&by.who))
    .bind(Arc::clone(&by.reason))
    .execute(on)
    .await?
    .rows_affected());
    if settled == 1 { Ok(()) } else { Err(StoreError::Refused(format!("{id} is settled already"))) }
}
