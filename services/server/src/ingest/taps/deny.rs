//! The deny list in memory, and the piece of it that brings a terminal up to date.
//!
//! Only the newest change of each card is kept, so that a terminal of any age needs at most the list itself.
//! A terminal knows a card by the first 8 bytes of SHA-256 over its token, which is keyed already: the list
//! tells nobody a card number.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use store::deny::DenyEntry;

/// Changes in one reply: 2,000 hashes of 11 characters are 28 kB.
pub const PAGE_MAX: usize = 2_000;
/// Cards that are kept: ten towns' worth, 30 MB.
const CARDS_MAX: usize = 500_000;

/// What a terminal keeps of a card.
pub type CardHash = [u8; 8];

/// The hash of a card's token.
#[must_use]
pub fn hash_of(card: &str) -> CardHash {
    let digest = Sha256::digest(card.as_bytes());
    std::array::from_fn(|at| digest[at])
}

/// As it is on the wire: 11 characters.
#[must_use]
pub fn text_of(hash: CardHash) -> String {
    URL_SAFE_NO_PAD.encode(hash)
}

/// The newest change of every card.
#[derive(Debug, Default)]
pub struct DenyList {
    /// All changes up to this version are known.
    ver: i64,
    by_ver: BTreeMap<i64, (CardHash, bool)>,
    ver_of: HashMap<CardHash, i64>,
}

/// What brings a terminal from one version to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// The version that the terminal has; 0 for an empty list.
    pub from: i64,
    /// The version it has afterwards.
    pub ver: i64,
    /// Cards that are denied from now on.
    pub add: Vec<CardHash>,
    /// Cards that are no longer.
    pub del: Vec<CardHash>,
    /// Whether there is more to come at once.
    pub more: bool,
}

impl DenyList {
    /// The newest version.
    #[must_use]
    pub fn ver(&self) -> i64 {
        self.ver
    }

    /// Whether a card is denied.
    #[must_use]
    pub fn denies(&self, card: &str) -> bool {
        let newest = self.ver_of.get(&hash_of(card)).and_then(|ver| self.by_ver.get(ver));
        newest.is_some_and(|(_, denied)| *denied)
    }

    /// Takes over changes, oldest first. `false` when there is no room for more cards.
    pub fn take(&mut self, entries: &[DenyEntry]) -> bool {
        let known = self.ver;
        for entry in entries.iter().filter(|entry| entry.ver > known) {
            let hash = hash_of(&entry.change.card);
            if self.ver_of.len() >= CARDS_MAX && !self.ver_of.contains_key(&hash) {
                return false;
            }
            if let Some(before) = self.ver_of.insert(hash, entry.ver) {
                self.by_ver.remove(&before);
            }
            self.by_ver.insert(entry.ver, (hash, entry.change.denied));
            self.ver = entry.ver;
        }
        true
    }

    /// What a terminal with version `from` needs; `None` when it has everything.
    #[must_use]
    pub fn since(&self, from: i64) -> Option<Delta> {
        if from >= self.ver {
            return None;
        }
        let mut delta = Delta { from, ver: self.ver, ..Delta::default() };
        for (&ver, &(hash, denied)) in self.by_ver.range(from + 1..) {
            if delta.add.len() + delta.del.len() == PAGE_MAX {
                // All changes below this one are told, or were overtaken by a later one.
                (delta.ver, delta.more) = (ver - 1, true);
                break;
            }
            match denied {
                true => delta.add.push(hash),
                // Who has an empty list needs nothing taken off it.
                false if from > 0 => delta.del.push(hash),
                false => {}
            }
        }
        Some(delta)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gtfs::Timestamp;
    use std::collections::BTreeSet;
    use store::deny::DenyChange;

    fn entry(ver: i64, card: &str, denied: bool) -> DenyEntry {
        let change = DenyChange { card: card.into(), denied, reason: "debt".into() };
        DenyEntry { ver, change, at: Timestamp(0), who: "test".into() }
    }

    #[test]
    fn a_terminal_of_any_version_comes_to_the_same_list_page_by_page() {
        let mut list = DenyList::default();
        let entries: Vec<DenyEntry> = (1..=9_000)
            .map(|ver| entry(ver, &format!("card-{}", ver * 7_919 % 5_000), ver % 3 != 0))
            .collect();
        assert!(list.take(&entries));
        let right: BTreeSet<CardHash> =
            list.by_ver.values().filter(|(_, denied)| *denied).map(|(hash, _)| *hash).collect();
        for begin in [0, 1, 4_000, 8_999] {
            // What a terminal had at that version.
            let mut had = DenyList::default();
            had.take(&entries[..begin as usize]);
            let mut cards: BTreeSet<CardHash> =
                had.by_ver.values().filter(|(_, denied)| *denied).map(|(hash, _)| *hash).collect();
            let mut ver = begin;
            while let Some(delta) = list.since(ver) {
                assert!(delta.add.len() + delta.del.len() <= PAGE_MAX && delta.ver > ver);
                assert_eq!(delta.more, delta.ver < list.ver());
                cards.extend(&delta.add);
                for hash in &delta.del {
                    cards.remove(hash);
                }
                ver = delta.ver;
            }
            assert_eq!(cards, right, "from {begin}");
        }
    }

    #[test]
    fn the_newest_change_of_a_card_counts() {
        let mut list = DenyList::default();
        list.take(&[entry(1, "a", true), entry(2, "b", true), entry(3, "a", false)]);
        assert!(!list.denies("a") && list.denies("b"));
        let delta = list.since(1).unwrap();
        assert_eq!((delta.add, delta.del), (vec![hash_of("b")], vec![hash_of("a")]));
        assert_eq!(list.since(0).unwrap().del, Vec::<CardHash>::new());
        assert_eq!(list.since(3), None);
        assert_eq!(list.since(99), None, "a version from another server brings nothing");
        assert_eq!(text_of(hash_of("a")).len(), 11);
    }
}
