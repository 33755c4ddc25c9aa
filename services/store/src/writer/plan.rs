//! What a group of batches comes to: which rows are new, which were seen, which the table must say.
//!
//! Pure: changes the windows it is given and makes lists of rows; the transaction is elsewhere.

use crate::boot::Boot;
use crate::ping::{Insert, PingBatch, PingReceipt};
use crate::quarantine;
use crate::seq_window::Sighting;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// (device, boot). Ordered, so that two processes lock rows in the same order.
pub(super) type Key = (Arc<str>, Arc<str>);

pub(super) fn key(batch: &PingBatch) -> Key {
    (Arc::clone(&batch.device), Arc::clone(&batch.boot))
}

/// The windows a commit works on, and whether it changed them.
pub(super) type Windows = BTreeMap<Key, (Boot, bool)>;

/// The rows of one commit.
#[derive(Default)]
pub(super) struct Plan<'a> {
    pub(super) fresh: Vec<Insert<'a>>,
    pub(super) unsure: Vec<Insert<'a>>,
    pub(super) rejected: Vec<quarantine::Row<'a>>,
    /// (batch, row) of each in `unsure`.
    unsure_at: Vec<(usize, usize)>,
    /// Positions of rows stored before, for each batch.
    duplicates: Vec<Vec<usize>>,
}

impl<'a> Plan<'a> {
    /// Sights every record of the admitted batches, in their order.
    pub(super) fn of(batches: &[&'a PingBatch], admitted: &[bool], windows: &mut Windows) -> Self {
        let mut plan = Self { duplicates: vec![Vec::new(); batches.len()], ..Self::default() };
        for (at, batch) in batches.iter().enumerate().filter(|&(at, _)| admitted[at]) {
            let mut window = windows.get_mut(&key(batch));
            plan.add_rows(at, batch, window.as_deref_mut());
            plan.add_rejected(batch, window);
        }
        plan
    }

    fn add_rows(&mut self, at: usize, batch: &'a PingBatch, window: Option<&mut (Boot, bool)>) {
        let Some((boot, changed)) = window else { return };
        for (row_at, row) in batch.rows.iter().enumerate() {
            let insert = Insert { boot_id: boot.id, source: &batch.source, row };
            match if batch.timed() { Sighting::Unsure } else { boot.window.sight(row.seq) } {
                Sighting::Fresh => {
                    *changed = true;
                    self.fresh.push(insert);
                }
                Sighting::Known => self.duplicates[at].push(row_at),
                Sighting::Unsure => {
                    self.unsure.push(insert);
                    self.unsure_at.push((at, row_at));
                }
            }
        }
    }

    fn add_rejected(&mut self, batch: &'a PingBatch, mut window: Option<&mut (Boot, bool)>) {
        for rejected in &batch.rejected {
            let sighting = match (rejected.seq, &mut window) {
                (Some(seq), Some((boot, changed))) if !batch.timed() => {
                    let sighting = boot.window.sight(seq);
                    *changed |= sighting == Sighting::Fresh;
                    sighting
                }
                _ => Sighting::Unsure,
            };
            if sighting != Sighting::Known {
                self.rejected.push(quarantine::Row {
                    device: &batch.device,
                    boot: Some(&batch.boot),
                    source: &batch.source,
                    rejected,
                });
            }
        }
    }

    /// `inserted` has (boot, seq) of the unsure rows that were new after all; the others are duplicates.
    pub(super) fn settle_unsure(
        &mut self,
        batches: &[&PingBatch],
        mut inserted: BTreeSet<(i64, i64)>,
        windows: &mut Windows,
    ) {
        for (insert, &(at, row_at)) in self.unsure.iter().zip(&self.unsure_at) {
            // Taken out, because a number twice in one commit is stored once.
            if !inserted.remove(&(insert.boot_id, insert.row.seq)) {
                self.duplicates[at].push(row_at);
                continue;
            }
            if let Some((boot, changed)) = windows.get_mut(&key(batches[at]))
                && !batches[at].timed()
            {
                boot.window.found_late(insert.row.seq);
                *changed = true;
            }
        }
    }

    /// The answer to batch `at`, once the commit is on disk.
    pub(super) fn receipt(&mut self, at: usize, batch: &PingBatch, windows: &Windows) -> PingReceipt {
        let mut duplicates = std::mem::take(&mut self.duplicates[at]);
        duplicates.sort_unstable();
        match windows.get(&key(batch)) {
            Some((boot, _)) if !batch.timed() => PingReceipt {
                ack: Some(boot.window.settled()),
                duplicates,
                lost: boot.window.lost().unsigned_abs(),
            },
            _ => PingReceipt { ack: None, duplicates, lost: 0 },
        }
    }
}
