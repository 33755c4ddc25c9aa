//! One touch of a card on a terminal, as the terminal told it.

use gtfs::Timestamp;
use std::fmt;
use std::sync::Arc;

/// The permanent name of a tap. Sent ten times, it is one tap, for ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TapId {
    /// The terminal.
    pub terminal: Arc<str>,
    /// Rises when the terminal's sequence starts again (a new enrolment, a lost memory).
    pub epoch: u32,
    /// Rises by one per tap within the epoch.
    pub seq: i64,
}

/// Writes `T-0412/2/18801`.
impl fmt::Display for TapId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.terminal, self.epoch, self.seq)
    }
}

/// What the terminal meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TapKind {
    /// Getting on.
    On,
    /// Getting off.
    Off,
    /// The terminal does not know: where only one tap a ride is asked for.
    Tap,
}

impl TapKind {
    /// The word on the wire and in the store.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Tap => "tap",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::On, Self::Off, Self::Tap].into_iter().find(|kind| kind.word() == word)
    }
}

/// A tap as received. What follows from it (its time, leg, charge) is made elsewhere, and can be made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tap {
    /// Its permanent name.
    pub id: TapId,
    /// When the server had it.
    pub received: Timestamp,
    /// The card's keyed token; a card number never enters.
    pub card: Arc<str>,
    /// What the terminal meant.
    pub kind: TapKind,
    /// The tap as the terminal hashed it: `epoch|s|bt|up|w|c|k|v|trip|st|lat|lon|acc|gt|pax|out|f|b`.
    pub line: Arc<str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tap_is_named_by_terminal_epoch_and_number() {
        let id = TapId { terminal: "T-0412".into(), epoch: 2, seq: 18_801 };
        assert_eq!(id.to_string(), "T-0412/2/18801");
    }

    #[test]
    fn every_kind_reads_back_from_its_word() {
        for kind in [TapKind::On, TapKind::Off, TapKind::Tap] {
            assert_eq!(TapKind::from_word(kind.word()), Some(kind));
        }
        assert_eq!(TapKind::from_word("swipe"), None);
    }
}
