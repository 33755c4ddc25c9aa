//! A leg: one ride of one rider, from boarding to alighting, with what it costs and why.

use crate::money::Satang;
use crate::tap::TapId;
use gtfs::{ServiceDay, Timestamp};
use std::fmt;
use std::sync::Arc;

/// The permanent name of a leg: the tap that began it, and which rider of that tap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId {
    /// The tap-on; the tap-off where there was no tap-on.
    pub tap: TapId,
    /// 0 is the holder of the card, 1 to 3 those that rode along.
    pub companion: u8,
}

impl LegId {
    /// The leg of its text, as [`LegId`]'s `Display` writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // A terminal's name has no plus sign, a companion is above 0.
        let (tap, companion) = match text.rsplit_once('+') {
            Some((tap, companion)) => (tap, companion.parse().ok().filter(|&n| n > 0)?),
            None => (text, 0),
        };
        Some(Self { tap: TapId::parse(tap)?, companion })
    }
}

/// Writes `T-0412/2/18801`, or `T-0412/2/18801+1` for the first companion.
impl fmt::Display for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.tap)?;
        if self.companion > 0 { write!(f, "+{}", self.companion) } else { Ok(()) }
    }
}

/// What is known of a leg's two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LegStatus {
    /// The rider is, as far as is known, still on the way.
    Open,
    /// Both ends are known, or one is enough.
    Complete,
    /// The rider changed his mind at once; free.
    Void,
    /// There was no tap-off: charged to the end of the trip.
    MissingOff,
    /// There was no tap-off, but where he got off follows from the rest.
    Inferred,
    /// There was no tap-off; the rider or an agent said where he got off.
    Confirmed,
    /// There was no tap-on: charged from the beginning of the trip.
    MissingOn,
    /// Later taps showed that it never was; it costs nothing any more.
    Withdrawn,
}

impl LegStatus {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Open,
        Self::Complete,
        Self::Void,
        Self::MissingOff,
        Self::Inferred,
        Self::Confirmed,
        Self::MissingOn,
        Self::Withdrawn,
    ];

    /// The word in the store and on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Void => "void",
            Self::MissingOff => "missing_off",
            Self::Inferred => "inferred",
            Self::Confirmed => "confirmed",
            Self::MissingOn => "missing_on",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The status of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// One ride of one rider, priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Its permanent name.
    pub id: LegId,
    /// The card that pays.
    pub card: Arc<str>,
    /// The tap that ended it; `None` where one was enough or missing.
    pub off: Option<TapId>,
    /// What is known of its ends.
    pub status: LegStatus,
    /// The day whose cap it counts to: its trip's.
    pub service_day: ServiceDay,
    /// The agency that ran it: GTFS agency_id, empty when the feed has one without an id.
    pub agency: Arc<str>,
    /// GTFS-Fares network_id.
    pub network: Arc<str>,
    /// GTFS route_id; empty when unknown.
    pub route: Arc<str>,
    /// GTFS trip_id; empty when unknown.
    pub trip: Arc<str>,
    /// The vehicle; empty at a pier.
    pub vehicle: Arc<str>,
    /// Where it began; empty when unknown.
    pub from: Arc<str>,
    /// Where it ended, or is taken to have ended; empty when unknown.
    pub to: Arc<str>,
    /// When it began.
    pub start: Timestamp,
    /// When it ended or is taken to have ended.
    pub end: Timestamp,
    /// How much, and why.
    pub price: Price,
}

/// What a leg costs, and how that came about: `charge = alone + transfer + capped`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// What the leg would cost a rider without a concession.
    pub full: Satang,
    /// What it would cost this rider, alone.
    pub alone: Satang,
    /// What changing vehicles takes off; not above 0.
    pub transfer: Satang,
    /// What a cap takes off; not above 0.
    pub capped: Satang,
    /// What the rider pays.
    pub charge: Satang,
    /// The version of the tariff that applied.
    pub tariff: Arc<str>,
    /// The product and the rider category of it, `bus adult`.
    pub product: Arc<str>,
    /// The leg whose transfer credit it has.
    pub after: Option<LegId>,
    /// The cap that lowered it.
    pub cap: Option<Arc<str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_reads_back_from_its_word() {
        for status in LegStatus::ALL {
            assert_eq!(LegStatus::from_word(status.word()), Some(status));
        }
    }

    #[test]
    fn companions_are_named_after_the_tap_that_paid_for_them() {
        let tap = TapId { terminal: "T1".into(), epoch: 1, seq: 7 };
        assert_eq!(LegId { tap: tap.clone(), companion: 0 }.to_string(), "T1/1/7");
        let second = LegId { tap, companion: 2 };
        assert_eq!(second.to_string(), "T1/1/7+2");
        assert_eq!(LegId::parse("T1/1/7+2"), Some(second));
        assert_eq!(LegId::parse("T1/1/7").map(|leg| leg.companion), Some(0));
        for wrong in ["T1/1/7+0", "T1/1/7+x", "T1/1+1"] {
            assert_eq!(LegId::parse(wrong), None, "{wrong}");
        }
    }
}
