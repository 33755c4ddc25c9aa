//! Which sequence numbers of a device's boot were settled: a high-water mark and a map above it.
//!
//! Pure. The window is exact about what it calls [`Sighting::Fresh`] and [`Sighting::Known`]; where it
//! cannot know (below the first number it ever saw, or among numbers it skipped) it says
//! [`Sighting::Unsure`], and the caller asks the table. So nothing is stored twice, and nothing that
//! arrives late is taken for something else.

/// How far above the high-water mark numbers are remembered one by one.
pub const WINDOW_BITS: u64 = 4096;
const WORDS: usize = (WINDOW_BITS / 64) as usize;

/// What the window says of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// Never seen; now marked as settled.
    Fresh,
    /// Settled before.
    Known,
    /// Before the window's memory begins, or among skipped numbers.
    Unsure,
}

/// The settled numbers of one sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeqWindow {
    /// The first number seen.
    base: i64,
    /// Every number from `base` to here is settled or counted in `lost`.
    settled: i64,
    /// Numbers from `base` to `settled` that were skipped and have not come since.
    lost: i64,
    /// Bit i: `settled + 1 + i` is settled. The lowest bit is always clear.
    map: [u64; WORDS],
}

impl SeqWindow {
    /// A window for a sequence first seen at `base`.
    ///
    /// A device's first batch decides: it may have counted for months before its server was set up.
    #[must_use]
    pub fn starting_at(base: i64) -> Self {
        Self { base, settled: base.saturating_sub(1), lost: 0, map: [0; WORDS] }
    }

    /// A window as stored; `gaps` as [`Self::gaps`] gave it.
    #[must_use]
    pub fn stored(base: i64, settled: i64, lost: i64, gaps: &[u8]) -> Self {
        let mut map = [0; WORDS];
        for (word, bytes) in map.iter_mut().zip(gaps.chunks(8)) {
            let mut whole = [0; 8];
            whole[..bytes.len()].copy_from_slice(bytes);
            *word = u64::from_le_bytes(whole);
        }
        Self { base, settled, lost, map }
    }

    /// The first number seen.
    #[must_use]
    pub fn base(&self) -> i64 {
        self.base
    }

    /// The highest number up to which all are settled: what a device may delete.
    #[must_use]
    pub fn settled(&self) -> i64 {
        self.settled
    }

    /// How many numbers were skipped and have not come since.
    #[must_use]
    pub fn lost(&self) -> i64 {
        self.lost
    }

    /// The map above the mark, little-endian, without the zeros at its end; empty when nothing is missing.
    #[must_use]
    pub fn gaps(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.map.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.truncate(bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1));
        bytes
    }

    /// Settles `seq`, if it is new.
    pub fn sight(&mut self, seq: i64) -> Sighting {
        if seq <= self.settled {
            return if seq < self.base || self.lost > 0 { Sighting::Unsure } else { Sighting::Known };
        }
        let ahead = seq.abs_diff(self.settled) - 1;
        if ahead >= WINDOW_BITS {
            self.slide(ahead - WINDOW_BITS + 1);
        }
        let bit = (seq.abs_diff(self.settled) - 1) as usize;
        let (word, mask) = (&mut self.map[bit / 64], 1 << (bit % 64));
        if *word & mask != 0 {
            return Sighting::Known;
        }
        *word |= mask;
        self.advance();
        Sighting::Fresh
    }

    /// An [`Sighting::Unsure`] number was not in the table after all, and has been stored.
    pub fn found_late(&mut self, seq: i64) {
        if seq >= self.base {
            self.lost = (self.lost - 1).max(0);
        }
    }

    /// Moves the mark over the run of settled numbers just above it.
    fn advance(&mut self) {
        let ones = self
            .map
            .iter()
            .position(|&word| word != u64::MAX)
            .map_or(WORDS * 64, |at| at * 64 + self.map[at].trailing_ones() as usize);
        self.shift(ones as u64);
    }

    /// Moves the mark `by` numbers up; those that were not settled are lost.
    fn slide(&mut self, by: u64) {
        let in_map = by.min(WINDOW_BITS);
        let kept: u64 = (0..in_map as usize).map(|bit| self.map[bit / 64] >> (bit % 64) & 1).sum();
        self.lost = self.lost.saturating_add_unsigned(by - kept);
        self.shift(by);
        self.advance();
    }

    fn shift(&mut self, by: u64) {
        self.settled = self.settled.saturating_add_unsigned(by);
        if by >= WINDOW_BITS {
            self.map = [0; WORDS];
            return;
        }
        let (words, bits) = (by as usize / 64, by as u32 % 64);
        for at in 0..WORDS {
            let low = self.map.get(at + words).copied().unwrap_or(0);
            let high = self.map.get(at + words + 1).copied().unwrap_or(0);
            self.map[at] = if bits == 0 { low } else { low >> bits | high << (64 - bits) };
        }
    }
}

#[cfg(test)]
mod tests;
