//! The deny list as a terminal keeps it.

use super::reply::ReplyDelta;
use crate::ingest::taps::deny::{hash_of, text_of};
use std::collections::HashSet;

/// Hashes of denied cards, and the version they are of. Versions only rise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardList {
    ver: i64,
    cards: HashSet<String>,
}

impl CardList {
    /// The version.
    #[must_use]
    pub fn ver(&self) -> i64 {
        self.ver
    }

    /// How many cards are denied.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cards.len()
    }

    /// Whether no card is denied.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cards.is_empty()
    }

    /// Whether a card's token is denied.
    #[must_use]
    pub fn denies(&self, card: &str) -> bool {
        self.cards.contains(&text_of(hash_of(card)))
    }

    /// Takes over a piece that fits: one for this version, or a whole list. `false` when it does not, and the
    /// list is asked for anew.
    pub fn apply(&mut self, delta: &ReplyDelta) -> bool {
        if delta.ver < self.ver || (delta.from != self.ver && delta.from != 0) {
            return false;
        }
        if delta.from == 0 {
            self.cards.clear();
        }
        self.cards.extend(delta.add.iter().cloned());
        for card in &delta.del {
            self.cards.remove(card);
        }
        self.ver = delta.ver;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(from: i64, ver: i64, add: &[&str], del: &[&str]) -> ReplyDelta {
        let texts = |cards: &[&str]| cards.iter().map(|card| text_of(hash_of(card))).collect();
        ReplyDelta { from, ver, add: texts(add), del: texts(del), more: false }
    }

    #[test]
    fn pieces_apply_in_order_and_versions_only_rise() {
        let mut list = CardList::default();
        assert!(list.apply(&delta(0, 5, &["a", "b"], &[])));
        assert!(list.apply(&delta(5, 7, &["c"], &["a"])));
        assert!(!list.denies("a") && list.denies("b") && list.denies("c"));
        assert!(!list.apply(&delta(5, 6, &["a"], &[])), "an older one");
        assert!(!list.apply(&delta(8, 9, &["a"], &[])), "one with a piece missing before it");
        assert!(!list.apply(&delta(0, 3, &["a"], &[])), "a whole list of an older version");
        assert!(list.apply(&delta(0, 9, &["d"], &[])));
        assert_eq!((list.ver(), list.len()), (9, 1));
    }
}
