//! Double entry: accounts, postings and journals, in whole satang.
//!
//! What always holds: the postings of a journal sum to zero; a journal is never changed, only corrected by
//! another one.

use crate::leg::LegId;
use crate::money::Satang;
use gtfs::{ServiceDay, Timestamp};
use std::fmt;
use std::sync::Arc;

/// Whose money. Fares design, section 10.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// What is owed to the holder of a card (token).
    Card(Arc<str>),
    /// Money that a payment service has taken and not paid out.
    PspReceivable(Arc<str>),
    /// Cash with an agent.
    CashAgent(Arc<str>),
    /// Concessions that somebody else pays for.
    SubsidyReceivable,
    /// A bank account, as its statements confirm it.
    Bank(Arc<str>),
    /// Collected fares, not yet apportioned.
    FareClearing,
    /// What is owed to an agency.
    AgencyPayable(Arc<str>),
    /// Deposits for cards.
    CardDeposit,
    /// Balances of cards that nobody has used for years.
    Dormant,
    /// Money that nobody can explain yet, by reason.
    Suspense(Arc<str>),
    /// Fares that came too late to be taken from the rider.
    LateWriteoff,
    /// Given to riders.
    Goodwill,
    /// Lost to fraud, and debts given up.
    FraudLoss,
    /// Fees of payment services.
    PspFee,
    /// Fees of the scheme.
    SchemeFee,
}

impl Account {
    fn parts(&self) -> (&'static str, Option<&Arc<str>>) {
        match self {
            Self::Card(id) => ("card", Some(id)),
            Self::PspReceivable(id) => ("psp_receivable", Some(id)),
            Self::CashAgent(id) => ("cash_agent", Some(id)),
            Self::SubsidyReceivable => ("subsidy_receivable", None),
            Self::Bank(id) => ("bank", Some(id)),
            Self::FareClearing => ("fare_clearing", None),
            Self::AgencyPayable(id) => ("agency_payable", Some(id)),
            Self::CardDeposit => ("card_deposit", None),
            Self::Dormant => ("dormant", None),
            Self::Suspense(id) => ("suspense", Some(id)),
            Self::LateWriteoff => ("late_writeoff", None),
            Self::Goodwill => ("goodwill", None),
            Self::FraudLoss => ("fraud_loss", None),
            Self::PspFee => ("psp_fee", None),
            Self::SchemeFee => ("scheme_fee", None),
        }
    }

    /// The account of its text, as [`Account`]'s `Display` writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (word, id) = text.split_once(':').map_or((text, None), |(word, id)| (word, Some(id)));
        Some(match (word, id) {
            ("card", Some(id)) => Self::Card(id.into()),
            ("psp_receivable", Some(id)) => Self::PspReceivable(id.into()),
            ("cash_agent", Some(id)) => Self::CashAgent(id.into()),
            ("subsidy_receivable", None) => Self::SubsidyReceivable,
            ("bank", Some(id)) => Self::Bank(id.into()),
            ("fare_clearing", None) => Self::FareClearing,
            ("agency_payable", Some(id)) => Self::AgencyPayable(id.into()),
            ("card_deposit", None) => Self::CardDeposit,
            ("dormant", None) => Self::Dormant,
            ("suspense", Some(id)) => Self::Suspense(id.into()),
            ("late_writeoff", None) => Self::LateWriteoff,
            ("goodwill", None) => Self::Goodwill,
            ("fraud_loss", None) => Self::FraudLoss,
            ("psp_fee", None) => Self::PspFee,
            ("scheme_fee", None) => Self::SchemeFee,
            _ => return None,
        })
    }
}

/// Writes `card:TOKEN`, `fare_clearing`.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (word, None) => f.write_str(word),
            (word, Some(id)) => write!(f, "{word}:{id}"),
        }
    }
}

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Whose money.
    pub account: Account,
    /// Above zero is a debit, below a credit.
    pub debit: Satang,
    /// The revision of the leg that it belongs to.
    pub leg: Option<(LegId, u32)>,
}

/// Why money moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JournalKind {
    /// Legs became final, or were corrected.
    Fare,
    /// Collected fares were shared out.
    Apportion,
    /// A card was topped up.
    TopUp,
    /// A payment service paid out, or an agent banked cash.
    Payout,
    /// A refund to a card.
    Refund,
    /// A payment was taken back.
    Chargeback,
    /// The balance of a lost card went to its successor.
    LostCard,
    /// A deposit was taken or given back.
    Deposit,
    /// A balance became dormant, or woke.
    Dormant,
    /// A debt was given up.
    DebtWriteoff,
    /// A concession was claimed.
    Subsidy,
    /// An agency was paid.
    Settlement,
    /// Money went into suspense, or out of it.
    Suspense,
}

impl JournalKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Fare,
        Self::Apportion,
        Self::TopUp,
        Self::Payout,
        Self::Refund,
        Self::Chargeback,
        Self::LostCard,
        Self::Deposit,
        Self::Dormant,
        Self::DebtWriteoff,
        Self::Subsidy,
        Self::Settlement,
        Self::Suspense,
    ];

    /// The word in the store and on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fare => "fare",
            Self::Apportion => "apportion",
            Self::TopUp => "top_up",
            Self::Payout => "payout",
            Self::Refund => "refund",
            Self::Chargeback => "chargeback",
            Self::LostCard => "lost_card",
            Self::Deposit => "deposit",
            Self::Dormant => "dormant",
            Self::DebtWriteoff => "debt_writeoff",
            Self::Subsidy => "subsidy",
            Self::Settlement => "settlement",
            Self::Suspense => "suspense",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Postings that are made together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// Why.
    pub kind: JournalKind,
    /// What made it: a command, a file line, a tap; found again by this text.
    pub cause: Arc<str>,
    /// The day that it is about.
    pub service_day: ServiceDay,
    /// The day in whose books it stands; later than `service_day` where that was closed.
    pub posting_day: ServiceDay,
    /// When what it is about happened.
    pub effective: Timestamp,
    /// When it was made.
    pub posted: Timestamp,
    /// Its lines; they sum to zero.
    pub postings: Vec<Posting>,
}

impl Journal {
    /// Debits less credits: zero, or the journal is wrong. `None` beyond the range of money.
    #[must_use]
    pub fn imbalance(&self) -> Option<Satang> {
        self.postings.iter().map(|posting| posting.debit).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_and_kind_reads_back_from_its_text() {
        for text in [
            "card:mE3k",
            "psp_receivable:omise",
            "cash_agent:7",
            "subsidy_receivable",
            "bank:scb:1",
            "fare_clearing",
            "agency_payable:",
            "card_deposit",
            "dormant",
            "suspense:bank",
            "late_writeoff",
            "goodwill",
            "fraud_loss",
            "psp_fee",
            "scheme_fee",
        ] {
            assert_eq!(Account::parse(text).map(|account| account.to_string()).as_deref(), Some(text));
        }
        assert_eq!(Account::parse("card"), None);
        assert_eq!(Account::parse("fare_clearing:x"), None);
        for kind in JournalKind::ALL {
            assert_eq!(JournalKind::from_word(kind.word()), Some(kind));
        }
    }
}
