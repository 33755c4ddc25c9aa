//! The postings of every event that is not a ride (fares design, section 10).
//!
//! One function, [`post`], from a typed [`Movement`] to a [`Journal`]. It decides no amount and checks no balance:
//! who asks has done both. What always holds: the journal sums to zero and has no line of zero.

use crate::journal::{Account, Journal, JournalKind, Posting};
use crate::money::Satang;
use gtfs::{ServiceDay, Timestamp};
use std::fmt;
use std::sync::Arc;

/// When and why money moves: all of a [`Journal`] but its kind and lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// What made it; the same text twice is the same movement.
    pub cause: Arc<str>,
    /// The day that it is about.
    pub service_day: ServiceDay,
    /// The day in whose books it stands.
    pub posting_day: ServiceDay,
    /// When it happened.
    pub effective: Timestamp,
    /// When it is posted.
    pub posted: Timestamp,
}

/// Who took a rider's money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payer {
    /// A payment service.
    Psp(Arc<str>),
    /// An agent, in cash.
    Agent(Arc<str>),
}

/// Who bears what is given back to a rider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// The agency that was paid for the ride.
    Agency(Arc<str>),
    /// The scheme.
    Goodwill,
}

/// Money that moves, other than by riding. Amounts are above zero but where they say otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "a field is named after the account it stands for; the variant says the rest"
)]
pub enum Movement {
    /// A card gets value: the payment service confirmed, or an agent took cash.
    TopUp { card: Arc<str>, amount: Satang, by: Payer },
    /// A payment service pays out what riders paid less its fee; `fee` may be zero.
    PspPayout { psp: Arc<str>, bank: Arc<str>, gross: Satang, fee: Satang },
    /// An agent brings cash to the bank.
    AgentBanked { agent: Arc<str>, bank: Arc<str>, amount: Satang },
    /// A rider gets money back on the card.
    Refund { card: Arc<str>, amount: Satang, borne_by: Bearer },
    /// A payment was taken back by the payment service.
    Chargeback { card: Arc<str>, psp: Arc<str>, amount: Satang },
    /// The balance of a lost card goes to its successor; a debt (below zero) goes too.
    LostCard { old: Arc<str>, new: Arc<str>, balance: Satang },
    /// A deposit is taken for a card.
    DepositTaken { amount: Satang, by: Payer },
    /// A deposit is given back, onto the card.
    DepositReturned { card: Arc<str>, amount: Satang },
    /// The balance of a card that nobody has used for years is set aside.
    FellDormant { card: Arc<str>, amount: Satang },
    /// The card is used again.
    WokeUp { card: Arc<str>, amount: Satang },
    /// The debt of a card is given up.
    DebtGivenUp { card: Arc<str>, amount: Satang },
    /// A concession is claimed for an agency.
    SubsidyClaimed { agency: Arc<str>, amount: Satang },
    /// Who pays for concessions has paid.
    SubsidyPaid { bank: Arc<str>, amount: Satang },
    /// An agency is paid.
    SettlementPaid { agency: Arc<str>, bank: Arc<str>, amount: Satang },
    /// A bank line that nobody can explain; below zero where money left the account.
    IntoSuspense { reason: Arc<str>, bank: Arc<str>, amount: Satang },
    /// What stood in suspense is explained by `account`; below zero where money had left.
    OutOfSuspense { reason: Arc<str>, account: Account, amount: Satang },
}

/// Why nothing is posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostError {
    /// The amount is not above zero, or zero where it may be below.
    Amount(Satang),
    /// The fee is below zero, or more than the payout.
    Fee(Satang),
    /// A card can not be its own successor.
    SameCard,
    /// The amount is beyond the range of money.
    Range,
}

impl fmt::Display for PostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Amount(amount) => write!(f, "the amount is {amount}, give one above 0.00"),
            Self::Fee(fee) => write!(f, "the fee is {fee}, give one from 0.00 to the amount paid out"),
            Self::SameCard => f.write_str("a card can not be its own successor, name the new card"),
            Self::Range => f.write_str("the amount is beyond the range of money"),
        }
    }
}

impl std::error::Error for PostError {}

/// The journal of a movement.
///
/// # Errors
/// [`PostError`] when an amount makes no sense.
pub fn post(occasion: Occasion, movement: &Movement) -> Result<Journal, PostError> {
    check(movement)?;
    let (kind, lines) = lines(movement)?;
    let posting = |(account, debit)| Posting { account, debit, leg: None };
    Ok(Journal {
        kind,
        cause: occasion.cause,
        service_day: occasion.service_day,
        posting_day: occasion.posting_day,
        effective: occasion.effective,
        posted: occasion.posted,
        postings: lines.into_iter().filter(|(_, debit)| debit.0 != 0).map(posting).collect(),
    })
}

fn check(movement: &Movement) -> Result<(), PostError> {
    use Movement as M;
    match movement {
        M::LostCard { old, new, .. } if old == new => Err(PostError::SameCard),
        M::LostCard { balance: amount, .. }
        | M::IntoSuspense { amount, .. }
        | M::OutOfSuspense { amount, .. } => {
            if amount.0 == 0 {
                Err(PostError::Amount(*amount))
            } else {
                Ok(())
            }
        }
        M::PspPayout { gross, fee, .. } if gross.0 > 0 && (fee.0 < 0 || fee > gross) => {
            Err(PostError::Fee(*fee))
        }
        M::TopUp { amount, .. }
        | M::PspPayout { gross: amount, .. }
        | M::AgentBanked { amount, .. }
        | M::Refund { amount, .. }
        | M::Chargeback { amount, .. }
        | M::DepositTaken { amount, .. }
        | M::DepositReturned { amount, .. }
        | M::FellDormant { amount, .. }
        | M::WokeUp { amount, .. }
        | M::DebtGivenUp { amount, .. }
        | M::SubsidyClaimed { amount, .. }
        | M::SubsidyPaid { amount, .. }
        | M::SettlementPaid { amount, .. } => {
            if amount.0 > 0 {
                Ok(())
            } else {
                Err(PostError::Amount(*amount))
            }
        }
    }
}

type Lines = Vec<(Account, Satang)>;

fn lines(movement: &Movement) -> Result<(JournalKind, Lines), PostError> {
    use Movement as M;
    let card = |card: &Arc<str>| Account::Card(Arc::clone(card));
    let bank = |bank: &Arc<str>| Account::Bank(Arc::clone(bank));
    Ok(match movement {
        M::TopUp { card: to, amount, by } => (JournalKind::TopUp, pair(taken_by(by), card(to), *amount)?),
        M::PspPayout { psp, bank: to, gross, fee } => {
            (JournalKind::Payout, payout(Account::PspReceivable(Arc::clone(psp)), bank(to), *gross, *fee)?)
        }
        M::AgentBanked { agent, bank: to, amount } => {
            (JournalKind::Payout, pair(bank(to), Account::CashAgent(Arc::clone(agent)), *amount)?)
        }
        M::Refund { card: to, amount, borne_by } => {
            let bearer = match borne_by {
                Bearer::Agency(agency) => Account::AgencyPayable(Arc::clone(agency)),
                Bearer::Goodwill => Account::Goodwill,
            };
            (JournalKind::Refund, pair(bearer, card(to), *amount)?)
        }
        M::Chargeback { card: of, psp, amount } => {
            (JournalKind::Chargeback, pair(card(of), Account::PspReceivable(Arc::clone(psp)), *amount)?)
        }
        M::LostCard { old, new, balance } => (JournalKind::LostCard, pair(card(old), card(new), *balance)?),
        M::DepositTaken { amount, by } => {
            (JournalKind::Deposit, pair(taken_by(by), Account::CardDeposit, *amount)?)
        }
        M::DepositReturned { card: to, amount } => {
            (JournalKind::Deposit, pair(Account::CardDeposit, card(to), *amount)?)
        }
        M::FellDormant { card: of, amount } => {
            (JournalKind::Dormant, pair(card(of), Account::Dormant, *amount)?)
        }
        M::WokeUp { card: of, amount } => (JournalKind::Dormant, pair(Account::Dormant, card(of), *amount)?),
        M::DebtGivenUp { card: of, amount } => {
            (JournalKind::DebtWriteoff, pair(Account::FraudLoss, card(of), *amount)?)
        }
        M::SubsidyClaimed { agency, amount } => (
            JournalKind::Subsidy,
            pair(Account::SubsidyReceivable, Account::AgencyPayable(Arc::clone(agency)), *amount)?,
        ),
        M::SubsidyPaid { bank: to, amount } => {
            (JournalKind::Subsidy, pair(bank(to), Account::SubsidyReceivable, *amount)?)
        }
        M::SettlementPaid { agency, bank: from, amount } => {
            (JournalKind::Settlement, pair(Account::AgencyPayable(Arc::clone(agency)), bank(from), *amount)?)
        }
        M::IntoSuspense { reason, bank: at, amount } => {
            (JournalKind::Suspense, pair(bank(at), Account::Suspense(Arc::clone(reason)), *amount)?)
        }
        M::OutOfSuspense { reason, account, amount } => {
            (JournalKind::Suspense, pair(Account::Suspense(Arc::clone(reason)), account.clone(), *amount)?)
        }
    })
}

fn taken_by(payer: &Payer) -> Account {
    match payer {
        Payer::Psp(psp) => Account::PspReceivable(Arc::clone(psp)),
        Payer::Agent(agent) => Account::CashAgent(Arc::clone(agent)),
    }
}

fn pair(debit: Account, credit: Account, amount: Satang) -> Result<Lines, PostError> {
    Ok(vec![(debit, amount), (credit, negated(amount)?)])
}

fn payout(receivable: Account, bank: Account, gross: Satang, fee: Satang) -> Result<Lines, PostError> {
    let net = gross.checked_sub(fee).ok_or(PostError::Range)?;
    Ok(vec![(bank, net), (Account::PspFee, fee), (receivable, negated(gross)?)])
}

fn negated(amount: Satang) -> Result<Satang, PostError> {
    Satang(0).checked_sub(amount).ok_or(PostError::Range)
}

#[cfg(test)]
mod tests;
