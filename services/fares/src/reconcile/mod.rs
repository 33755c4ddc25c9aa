//! Money that others report, matched with the ledger; pure (fares design, section 15).
//!
//! Three ways: a card's top-up ↔ the line of the payment service's file ↔ the bank line of its payout, which is the
//! sum of the lines less the fee. [`psp`] and [`bank`] give every line and every top-up one class; what is not
//! `matched` is a [`Discrepancy`], and its money stands in suspense until a person explains it.
//!
//! What it does not do: read a database, or fix anything. What always holds: the order of lines and of top-ups changes
//! no class.

pub mod bank;
mod discrepancy;
pub mod psp;
pub mod read;

pub use discrepancy::Discrepancy;

/// What became of a line, or of a top-up that no line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Both say the same.
    Matched,
    /// The ledger has it, the payment service does not.
    NoPsp,
    /// They have it, the ledger does not.
    NoLedger,
    /// The reference is the same, the amount is not.
    AmountDiffers,
    /// The reference stands in more than one line.
    DuplicateRef,
    /// The payment did not happen, and the ledger gave no value.
    Declined,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 6] =
        [Self::Matched, Self::NoPsp, Self::NoLedger, Self::AmountDiffers, Self::DuplicateRef, Self::Declined];

    /// The word in the store and on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::NoPsp => "no_psp",
            Self::NoLedger => "no_ledger",
            Self::AmountDiffers => "amount_differs",
            Self::DuplicateRef => "duplicate_ref",
            Self::Declined => "declined",
        }
    }

    /// The class of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.word() == word)
    }

    /// Whether a person must look at it.
    #[must_use]
    pub fn is_discrepancy(self) -> bool {
        !matches!(self, Self::Matched | Self::Declined)
    }
}
