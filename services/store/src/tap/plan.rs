//! What a group of requests comes to: which taps are new, which need a look into the tables.
//!
//! Pure: changes the windows it is given and makes lists; the transaction is elsewhere.

use super::window::{Sighting, TapWindow};
use super::{Link, NewTap, RESEND_RANGES_MAX, TapBatch, TapItem, TapReceipt, chained};
use std::collections::BTreeMap;
use std::sync::Arc;

/// (terminal, epoch). Ordered, so that two processes lock rows in the same order.
pub(super) type Key = (Arc<str>, u32);

pub(super) fn key(batch: &TapBatch) -> Key {
    (Arc::clone(&batch.terminal), batch.epoch)
}

/// The windows a commit works on, and whether it changed them.
pub(super) type Windows = BTreeMap<Key, (TapWindow, bool)>;

/// Numbers that are gone.
#[derive(Clone, Debug)]
pub(super) struct NewGap {
    pub(super) key: Key,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) cause: &'static str,
}

/// A tap that does not follow from the one before it.
#[derive(Clone, Debug)]
pub(super) struct Break {
    pub(super) key: Key,
    pub(super) seq: i64,
    pub(super) detail: &'static str,
}

pub(super) const NO_HASH: &str = "the tap has no chain hash";
pub(super) const BAD_HASH: &str = "the chain hash is not that of the tap before it and this one's line";

/// What becomes of one request. Positions are those in its block, or in its `refused`.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) fresh: Vec<usize>,
    /// Taps whose numbers are settled: stored before, or thought gone.
    pub(super) doubts: Vec<usize>,
    pub(super) refused: Vec<usize>,
    pub(super) refused_doubts: Vec<usize>,
    pub(super) items: Vec<(Option<i64>, usize, TapItem)>,
    pub(super) conflict: bool,
}

/// The rows of one commit.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// One for each request.
    pub(super) parts: Vec<Part>,
    pub(super) gaps: Vec<NewGap>,
    pub(super) breaks: Vec<Break>,
    /// Taps whose predecessor or self came late: their link is looked up when both are stored.
    pub(super) links: Vec<(Key, i64)>,
}

impl Plan {
    /// Sights everything of the admitted requests, in their order.
    pub(super) fn of(batches: &[&TapBatch], admitted: &[bool], windows: &mut Windows) -> Self {
        let mut plan = Self::default();
        for (batch, admitted) in batches.iter().zip(admitted) {
            let mut part = Part::default();
            let key = key(batch);
            if let (true, Some((window, changed))) = (*admitted, windows.get_mut(&key)) {
                plan.sight_taps(batch, &key, window, &mut part);
                sight_refused(batch, window, &mut part);
                let gaps = plan.gaps.len();
                plan.settle_gone(batch, &key, window);
                *changed |= !part.fresh.is_empty() || !part.refused.is_empty() || plan.gaps.len() > gaps;
            }
            plan.parts.push(part);
        }
        plan
    }

    fn sight_taps(&mut self, batch: &TapBatch, key: &Key, window: &mut TapWindow, part: &mut Part) {
        for (at, tap) in batch.block.taps().iter().enumerate() {
            match window.sight(tap.seq, tap.hash) {
                Sighting::Fresh { before, has_next } => {
                    let after_last = at > 0 && part.fresh.last() == Some(&(at - 1));
                    let link = match tap.link {
                        Link::Follows | Link::Broken if after_last => tap.link,
                        _ => link(before, tap, batch.block.line(tap)),
                    };
                    if link == Link::Broken {
                        let detail = if tap.hash.is_some() { BAD_HASH } else { NO_HASH };
                        self.breaks.push(Break { key: key.clone(), seq: tap.seq, detail });
                    }
                    if has_next {
                        self.links.push((key.clone(), tap.seq + 1));
                    }
                    part.fresh.push(at);
                }
                Sighting::Known => part.doubts.push(at),
                Sighting::NoRoom => part.items.push((Some(tap.seq), at, TapItem::Later)),
            }
        }
    }

    /// What the terminal says it has no more. A terminal can only lose what it has numbered.
    fn settle_gone(&mut self, batch: &TapBatch, key: &Key, window: &mut TapWindow) {
        let held_below = batch.held_from.saturating_sub(1);
        let top = window.top().max(held_below);
        let lost = batch.lost.iter().map(|&(from, to)| (from, to.min(top), "lost"));
        for (from, to, cause) in lost.chain([(1, held_below, "held_from")]) {
            for (from, to) in window.settle(from, to) {
                self.gaps.push(NewGap { key: key.clone(), from, to, cause });
            }
        }
    }

    /// The answer to request `at`, once the commit is on disk.
    pub(super) fn receipt(
        &mut self,
        at: usize,
        batch: &TapBatch,
        window: &TapWindow,
        newest: i64,
    ) -> TapReceipt {
        let part = std::mem::take(&mut self.parts[at]);
        let resend = window
            .holes()
            .map(|(from, to)| (from.max(batch.held_from), to))
            .filter(|(from, to)| from <= to)
            .take(RESEND_RANGES_MAX)
            .collect();
        TapReceipt { ack: window.settled(), resend, items: part.items, newest, conflict: part.conflict }
    }
}

fn sight_refused(batch: &TapBatch, window: &mut TapWindow, part: &mut Part) {
    for (nth, refused) in batch.refused.iter().enumerate() {
        let Some(seq) = refused.seq.filter(|&seq| seq >= 1) else {
            part.refused.push(nth);
            part.items.push((None, refused.at, TapItem::Quarantined(refused.code)));
            continue;
        };
        match window.sight(seq, None) {
            Sighting::Fresh { .. } => {
                part.refused.push(nth);
                part.items.push((Some(seq), refused.at, TapItem::Quarantined(refused.code)));
            }
            Sighting::Known => part.refused_doubts.push(nth),
            Sighting::NoRoom => part.items.push((Some(seq), refused.at, TapItem::Later)),
        }
    }
}

fn link(before: Option<super::ChainHash>, tap: &NewTap, line: &str) -> Link {
    match (before, tap.hash) {
        (None, _) => Link::Unknown,
        (Some(before), Some(hash)) if chained(&before, line) == hash => Link::Follows,
        _ => Link::Broken,
    }
}
