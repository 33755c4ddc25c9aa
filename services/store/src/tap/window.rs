//! Which numbers of a terminal's epoch are settled: all up to a mark, and ranges above it.
//!
//! Pure. A number is settled when it is stored, quarantined, or known to be gone. Unlike
//! [`crate::seq_window`] it is exact over any distance, because each number may be money; in exchange a
//! terminal that leaves more than [`RANGES_MAX`] holes is asked to fill some before it is listened to further.

use super::{ChainHash, HASH_BYTES};

/// Ranges above the mark that are remembered.
pub const RANGES_MAX: usize = 1_024;
/// A range as stored: two numbers, a byte that says whether there is a hash, the hash.
const RANGE_BYTES: usize = 8 + 8 + 1 + HASH_BYTES;

/// What the window says of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// Never seen; now settled.
    Fresh {
        /// The chain hash of the number before, where it is known.
        before: Option<ChainHash>,
        /// Whether the number after is settled already.
        has_next: bool,
    },
    /// Settled before.
    Known,
    /// Too many holes below it; nothing changed.
    NoRoom,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    from: i64,
    to: i64,
    /// Of the tap `to`.
    hash: Option<ChainHash>,
}

/// The settled numbers of one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapWindow {
    /// Sorted, none touching the next. The first begins at 1; empty, it ends at 0 with the hash of zeros.
    ranges: Vec<Range>,
}

impl Default for TapWindow {
    fn default() -> Self {
        Self { ranges: vec![Range { from: 1, to: 0, hash: Some([0; HASH_BYTES]) }] }
    }
}

impl TapWindow {
    /// All numbers up to this one are settled.
    #[must_use]
    pub fn settled(&self) -> i64 {
        self.ranges[0].to
    }

    /// The highest settled number; 0 when there is none.
    #[must_use]
    pub fn top(&self) -> i64 {
        self.ranges[self.ranges.len() - 1].to
    }

    /// Settles `seq`, if it is new. `hash` is the chain hash of its tap, where it has one.
    pub fn sight(&mut self, seq: i64, hash: Option<ChainHash>) -> Sighting {
        let left = self.left_of(seq);
        if self.ranges[left].from <= seq && seq <= self.ranges[left].to || seq < 1 {
            return Sighting::Known;
        }
        let before = (self.ranges[left].to == seq - 1).then(|| self.ranges[left].hash).flatten();
        match self.put(left, Range { from: seq, to: seq, hash }) {
            Some(has_next) => Sighting::Fresh { before, has_next },
            None => Sighting::NoRoom,
        }
    }

    /// Settles what is missing from `from` to `to`, and says what that was.
    pub fn settle(&mut self, from: i64, to: i64) -> Vec<(i64, i64)> {
        let missing: Vec<(i64, i64)> = self
            .holes()
            .chain(self.top().checked_add(1).map(|above| (above, i64::MAX)))
            .map(|(first, last)| (first.max(from), last.min(to)))
            .filter(|(first, last)| first <= last)
            .collect();
        for &(from, to) in &missing {
            let left = self.left_of(from);
            // A hole between two ranges that it fills only in part may need a range more: the limit gives way.
            self.put_anyway(left, Range { from, to, hash: None });
        }
        missing
    }

    /// The holes below the highest number, rising.
    pub fn holes(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.ranges.windows(2).map(|pair| (pair[0].to + 1, pair[1].from - 1))
    }

    /// The position of the last range that begins at or before `seq`.
    fn left_of(&self, seq: i64) -> usize {
        if seq > self.top() {
            return self.ranges.len() - 1;
        }
        self.ranges.partition_point(|range| range.from <= seq).saturating_sub(1)
    }

    /// Puts `new` after `left`; whether it touches what follows. `None` when it would need a range too many.
    fn put(&mut self, left: usize, new: Range) -> Option<bool> {
        let touches = self.ranges[left].to == new.from - 1
            || self.ranges.get(left + 1).is_some_and(|right| right.from == new.to.saturating_add(1));
        (touches || self.ranges.len() <= RANGES_MAX).then(|| self.put_anyway(left, new))
    }

    fn put_anyway(&mut self, left: usize, new: Range) -> bool {
        let touches_left = self.ranges[left].to == new.from - 1;
        let touches_right =
            self.ranges.get(left + 1).is_some_and(|right| right.from == new.to.saturating_add(1));
        match (touches_left, touches_right) {
            (true, true) => {
                let right = self.ranges.remove(left + 1);
                (self.ranges[left].to, self.ranges[left].hash) = (right.to, right.hash);
            }
            (true, false) => (self.ranges[left].to, self.ranges[left].hash) = (new.to, new.hash),
            (false, true) => self.ranges[left + 1].from = new.from,
            (false, false) => self.ranges.insert(left + 1, new),
        }
        touches_right
    }

    /// The hash at the mark as stored; empty when there is none.
    #[must_use]
    pub(crate) fn settled_hash(&self) -> Vec<u8> {
        self.ranges[0].hash.map(Vec::from).unwrap_or_default()
    }

    /// The ranges above the mark as stored.
    #[must_use]
    pub(crate) fn above(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity((self.ranges.len() - 1) * RANGE_BYTES);
        for range in &self.ranges[1..] {
            bytes.extend_from_slice(&range.from.to_le_bytes());
            bytes.extend_from_slice(&range.to.to_le_bytes());
            bytes.push(u8::from(range.hash.is_some()));
            bytes.extend_from_slice(&range.hash.unwrap_or_default());
        }
        bytes
    }

    /// A window as stored; `None` when that is no window.
    #[must_use]
    pub(crate) fn stored(settled: i64, settled_hash: &[u8], above: &[u8]) -> Option<Self> {
        let mut ranges = vec![Range { from: 1, to: settled, hash: settled_hash.try_into().ok() }];
        for bytes in above.chunks(RANGE_BYTES) {
            let (from, rest) = bytes.split_first_chunk::<8>()?;
            let (to, rest) = rest.split_first_chunk::<8>()?;
            let (has_hash, hash) = rest.split_first()?;
            let hash: ChainHash = hash.try_into().ok()?;
            ranges.push(Range {
                from: i64::from_le_bytes(*from),
                to: i64::from_le_bytes(*to),
                hash: (*has_hash == 1).then_some(hash),
            });
        }
        Some(Self { ranges })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn hash(seq: i64) -> Option<ChainHash> {
        Some([(seq % 251) as u8; HASH_BYTES])
    }

    #[test]
    fn numbers_in_order_move_the_mark_and_know_the_hash_before() {
        let mut window = TapWindow::default();
        assert_eq!(window.sight(1, hash(1)), Sighting::Fresh { before: Some([0; 16]), has_next: false });
        assert_eq!(window.sight(2, hash(2)), Sighting::Fresh { before: hash(1), has_next: false });
        assert_eq!(window.sight(2, hash(2)), Sighting::Known);
        assert_eq!(window.sight(0, None), Sighting::Known);
        assert_eq!((window.settled(), window.top()), (2, 2));
    }

    #[test]
    fn a_hole_is_named_until_it_is_filled_or_given_up() {
        let mut window = TapWindow::default();
        for seq in [1, 2, 6, 7, 9] {
            window.sight(seq, hash(seq));
        }
        assert_eq!(window.holes().collect::<Vec<_>>(), [(3, 5), (8, 8)]);
        assert_eq!(window.sight(5, hash(5)), Sighting::Fresh { before: None, has_next: true });
        assert_eq!(window.settle(1, 4), [(3, 4)]);
        assert_eq!(window.settled(), 7);
        assert_eq!(window.sight(8, hash(8)), Sighting::Fresh { before: hash(7), has_next: true });
        assert_eq!((window.settled(), window.holes().count()), (9, 0));
        assert_eq!(window.settle(10, 12), [(10, 12)]);
        assert_eq!(window.sight(13, hash(13)), Sighting::Fresh { before: None, has_next: false });
    }

    #[test]
    fn too_many_holes_leave_no_room_above_but_each_hole_can_still_be_filled() {
        let mut window = TapWindow::default();
        let last = 2 * RANGES_MAX as i64;
        for seq in (2..=last).step_by(2) {
            assert!(matches!(window.sight(seq, None), Sighting::Fresh { .. }), "{seq}");
        }
        assert_eq!(window.sight(last + 2, None), Sighting::NoRoom);
        assert!(matches!(window.sight(last + 1, None), Sighting::Fresh { .. }));
        assert!(matches!(window.sight(1, None), Sighting::Fresh { .. }));
        assert!(matches!(window.sight(last + 9, None), Sighting::Fresh { .. }));
        assert_eq!(window.sight(last + 99, None), Sighting::NoRoom);
    }

    #[test]
    fn the_extremes_of_the_type_do_not_overflow() {
        let mut window = TapWindow::default();
        window.sight(i64::MAX, None);
        assert_eq!(window.holes().collect::<Vec<_>>(), [(1, i64::MAX - 1)]);
        assert_eq!(window.settle(i64::MIN, 5), [(1, 5)]);
        assert_eq!(window.sight(i64::MIN, None), Sighting::Known);
    }

    /// Against a set of every number, over pseudo-random orders of sightings and settlements.
    #[test]
    fn it_agrees_with_a_set_of_all_numbers_in_any_order() {
        let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut dice = move |sides: i64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as i64 % sides
        };
        for _ in 0..50 {
            let (mut window, mut seen) = (TapWindow::default(), BTreeSet::new());
            for step in 0..400 {
                let seq = 1 + step / 2 + dice(60);
                if dice(20) == 0 {
                    let (from, to) = (seq, seq + dice(9));
                    let missing: Vec<i64> =
                        window.settle(from, to).into_iter().flat_map(|(from, to)| from..=to).collect();
                    let expected: Vec<i64> = (from..=to).filter(|seq| seen.insert(*seq)).collect();
                    assert_eq!(missing, expected);
                } else {
                    let fresh = matches!(window.sight(seq, hash(seq)), Sighting::Fresh { .. });
                    assert_eq!(fresh, seen.insert(seq), "{seq}");
                }
                let mark = (1..).take_while(|seq| seen.contains(seq)).count() as i64;
                assert_eq!((window.settled(), window.top()), (mark, seen.last().copied().unwrap_or(0)));
                let back = TapWindow::stored(window.settled(), &window.settled_hash(), &window.above());
                assert_eq!(back.as_ref(), Some(&window));
            }
        }
    }
}
