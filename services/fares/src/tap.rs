//! One touch of a card on a terminal, as the terminal told it.

mod line;
mod wall;

pub use line::{BadPart, CARD_BYTES_MAX, TEXT_BYTES_MAX, TapLine, denied};
pub use wall::instant;

use crate::money::Satang;
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

impl TapId {
    /// The tap of its text, as [`TapId`]'s `Display` writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.rsplitn(3, '/');
        let (seq, epoch, terminal) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { terminal: terminal.into(), epoch: epoch.parse().ok()?, seq: seq.parse().ok()? })
    }
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

/// The clocks of a request that brought taps, at the moment it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestClock {
    /// When the server had its headers.
    pub received: Timestamp,
    /// The run of the terminal in which it was sent.
    pub boot: Arc<str>,
    /// Milliseconds since that run began.
    pub up_ms: i64,
    /// The terminal's wall clock, where it has one.
    pub wall: Option<Timestamp>,
    /// The last round trip that the terminal measured, milliseconds.
    pub rtt_ms: i64,
}

/// The clocks of the terminal at the tap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapClock {
    /// The run of the terminal.
    pub boot: Arc<str>,
    /// Milliseconds since that run began.
    pub up_ms: i64,
    /// Its wall clock, right or wrong.
    pub wall: Option<Timestamp>,
    /// The time that its GPS receiver gave.
    pub gps: Option<Timestamp>,
}

/// Where the terminal believed it was. Hints: the server's own observation of the vehicle comes first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// The vehicle; empty at a pier.
    pub vehicle: Arc<str>,
    /// The trip that its driver chose; empty when unknown.
    pub trip: Arc<str>,
    /// The stop; empty when unknown.
    pub stop: Arc<str>,
    /// Latitude and longitude in millionths of a degree, accuracy in metres.
    pub fix: Option<(i32, i32, i32)>,
}

/// A tap as received. What follows from it (its time, leg, charge) is made elsewhere, and can be made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tap {
    /// Its permanent name.
    pub id: TapId,
    /// The card's keyed token; a card number never enters.
    pub card: Arc<str>,
    /// What the terminal meant.
    pub kind: TapKind,
    /// Its own clocks.
    pub clock: TapClock,
    /// Those of the request that brought it.
    pub request: Arc<RequestClock>,
    /// Where the terminal believed it was.
    pub whereabouts: Whereabouts,
    /// Riders: the holder and companions, 1 to [`PAX_MAX`].
    pub pax: u8,
    /// Why the terminal did not let the rider in; `None` when it did.
    pub denied: Option<Arc<str>>,
    /// The fare that the terminal showed.
    pub fare_shown: Option<Satang>,
    /// The balance that it showed.
    pub balance_shown: Option<Satang>,
    /// The version of the deny list that it had.
    pub deny_ver: i64,
    /// The tap as the terminal hashed it: `epoch|s|bt|up|w|c|k|v|trip|st|lat|lon|acc|gt|pax|out|f|b`.
    pub line: Arc<str>,
}

/// Most riders on one tap (fares design, section 11).
pub const PAX_MAX: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tap_is_named_by_terminal_epoch_and_number() {
        let id = TapId { terminal: "T-0412".into(), epoch: 2, seq: 18_801 };
        assert_eq!(id.to_string(), "T-0412/2/18801");
        assert_eq!(TapId::parse("T-0412/2/18801"), Some(id));
        for wrong in ["", "T-0412", "T-0412/2", "T-0412/2/x", "T-0412/-2/1"] {
            assert_eq!(TapId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_kind_reads_back_from_its_word() {
        for kind in [TapKind::On, TapKind::Off, TapKind::Tap] {
            assert_eq!(TapKind::from_word(kind.word()), Some(kind));
        }
        assert_eq!(TapKind::from_word("swipe"), None);
    }
}
