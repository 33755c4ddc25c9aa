//! What operators and other programs ask to be done with a card, and what follows from it.
//!
//! Pure: [`FareCommand::movement`] says which money moves, given the balance. Who may ask, and whether a second person
//! must agree, is decided before a command comes here; what a command means for rides is the engine's business.

use crate::leg::LegId;
use crate::money::{SATANG_PER_BAHT, Satang};
use crate::post::{Bearer, Movement, Payer};
use gtfs::ServiceDay;
use std::fmt;
use std::sync::Arc;

/// From this amount on a second operator must agree to what gives money away: 500 THB.
pub const FOUR_EYES_FROM: Satang = Satang(500 * SATANG_PER_BAHT);

/// The word of [`FareCommand::ResumeRating`].
pub const RESUME_RATING: &str = "resume_rating";

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is named after what it is; the variant says the rest")]
pub enum FareCommand {
    /// Value for a card: the payment service confirmed it, or an agent took cash.
    TopUp { card: Arc<str>, amount: Satang, by: Payer },
    /// Money back to a rider.
    Refund { card: Arc<str>, amount: Satang, borne_by: Bearer },
    /// The payment service took a payment back.
    Chargeback { card: Arc<str>, amount: Satang, psp: Arc<str> },
    /// A card was lost; its balance goes to another once it has been denied for 30 minutes.
    LostCard { card: Arc<str>, successor: Arc<str> },
    /// The debt of a card is given up.
    ForgiveDebt { card: Arc<str> },
    /// A deposit was taken for a card.
    TakeDeposit { card: Arc<str>, amount: Satang, by: Payer },
    /// A card is given back: its deposit is paid onto it, and it takes no more rides.
    Close { card: Arc<str> },
    /// The card is registered, or may ride again.
    Allow { card: Arc<str> },
    /// The card may not ride.
    Deny { card: Arc<str> },
    /// The holder is of a rider category on these days, both included.
    Concede { card: Arc<str>, category: Arc<str>, from: ServiceDay, to: ServiceDay },
    /// Where the rider got off, as he or an agent says.
    ConfirmTapOff { card: Arc<str>, leg: LegId, stop: Arc<str> },
    /// Readers failed: no default fares on these routes (empty: all) on this day.
    Amnesty { day: ServiceDay, routes: Vec<Arc<str>> },
    /// The bulk-debit breaker stopped the engine ([`crate::breaker`]); what it is about to debit is right.
    ResumeRating,
}

/// Why a command can not be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// There is nothing to move.
    NothingToMove,
    /// The card has no debt.
    NoDebt,
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NothingToMove => "nothing stands on the card, so there is nothing to move",
            Self::NoDebt => "the card has no debt to give up",
        })
    }
}

impl std::error::Error for CommandError {}

impl FareCommand {
    /// The word in the store and on the wire.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::TopUp { .. } => "top_up",
            Self::Refund { .. } => "refund",
            Self::Chargeback { .. } => "chargeback",
            Self::LostCard { .. } => "lost_card",
            Self::ForgiveDebt { .. } => "forgive_debt",
            Self::TakeDeposit { .. } => "take_deposit",
            Self::Close { .. } => "close",
            Self::Allow { .. } => "allow",
            Self::Deny { .. } => "deny",
            Self::Concede { .. } => "concede",
            Self::ConfirmTapOff { .. } => "confirm_tap_off",
            Self::Amnesty { .. } => "amnesty",
            Self::ResumeRating => RESUME_RATING,
        }
    }

    /// The card that it is about.
    #[must_use]
    pub fn card(&self) -> Option<&Arc<str>> {
        match self {
            Self::TopUp { card, .. }
            | Self::Refund { card, .. }
            | Self::Chargeback { card, .. }
            | Self::LostCard { card, .. }
            | Self::ForgiveDebt { card }
            | Self::TakeDeposit { card, .. }
            | Self::Close { card }
            | Self::Allow { card }
            | Self::Deny { card }
            | Self::Concede { card, .. }
            | Self::ConfirmTapOff { card, .. } => Some(card),
            Self::Amnesty { .. } | Self::ResumeRating => None,
        }
    }

    /// The amount that it names.
    #[must_use]
    pub fn amount(&self) -> Option<Satang> {
        match self {
            Self::TopUp { amount, .. }
            | Self::Refund { amount, .. }
            | Self::Chargeback { amount, .. }
            | Self::TakeDeposit { amount, .. } => Some(*amount),
            _ => None,
        }
    }

    /// Whether a second operator must agree: a refund from `limit` on, a debt given up, a lost card, an amnesty, a
    /// run that takes much from many.
    #[must_use]
    pub fn needs_four_eyes(&self, limit: Satang) -> bool {
        match self {
            Self::Refund { amount, .. } => *amount >= limit,
            Self::TopUp { amount, by: Payer::Agent(_), .. } => *amount >= limit,
            Self::ForgiveDebt { .. } | Self::LostCard { .. } | Self::Amnesty { .. } | Self::ResumeRating => {
                true
            }
            _ => false,
        }
    }

    /// The money that moves, when `balance` stands on the card and `deposit` was taken for it.
    ///
    /// # Errors
    /// [`CommandError`] when there is nothing to move that should be.
    pub fn movement(&self, balance: Satang, deposit: Satang) -> Result<Option<Movement>, CommandError> {
        Ok(Some(match self {
            Self::TopUp { card, amount, by } => {
                Movement::TopUp { card: Arc::clone(card), amount: *amount, by: by.clone() }
            }
            Self::Refund { card, amount, borne_by } => {
                Movement::Refund { card: Arc::clone(card), amount: *amount, borne_by: borne_by.clone() }
            }
            Self::Chargeback { card, amount, psp } => {
                Movement::Chargeback { card: Arc::clone(card), amount: *amount, psp: Arc::clone(psp) }
            }
            Self::LostCard { .. } if balance.0 == 0 => return Err(CommandError::NothingToMove),
            Self::LostCard { card, successor } => {
                Movement::LostCard { old: Arc::clone(card), new: Arc::clone(successor), balance }
            }
            Self::ForgiveDebt { .. } if balance.0 >= 0 => return Err(CommandError::NoDebt),
            Self::ForgiveDebt { card } => {
                Movement::DebtGivenUp { card: Arc::clone(card), amount: Satang(balance.0.saturating_neg()) }
            }
            Self::TakeDeposit { amount, by, .. } => {
                Movement::DepositTaken { amount: *amount, by: by.clone() }
            }
            Self::Close { card } if deposit.0 > 0 => {
                Movement::DepositReturned { card: Arc::clone(card), amount: deposit }
            }
            _ => return Ok(None),
        }))
    }

    /// The cause of the journal that follows, when `key` made the command one. What names a payment is found again by
    /// [`crate::reconcile::psp`]: the key of a top-up is the payment's reference, that of a chargeback the reference
    /// and `:chargeback`.
    #[must_use]
    pub fn cause(&self, key: &str) -> Arc<str> {
        match self {
            Self::TopUp { by: Payer::Psp(psp), .. } | Self::TakeDeposit { by: Payer::Psp(psp), .. } => {
                format!("psp:{psp}:{key}").into()
            }
            Self::Chargeback { psp, .. } => format!("psp:{psp}:{key}").into(),
            _ => format!("command:{key}").into(),
        }
    }

    /// As one line of text for the store; [`Self::parse`] reads it back.
    #[must_use]
    pub fn line(&self) -> String {
        let party = |by: &Payer| match by {
            Payer::Psp(psp) => format!("psp:{psp}"),
            Payer::Agent(agent) => format!("agent:{agent}"),
        };
        let mut fields: Vec<String> = vec![self.word().to_owned()];
        fields.extend(self.card().map(|card| card.as_ref().to_owned()));
        match self {
            Self::TopUp { amount, by, .. } | Self::TakeDeposit { amount, by, .. } => {
                fields.extend([amount.0.to_string(), party(by)]);
            }
            Self::Refund { amount, borne_by, .. } => fields.extend([
                amount.0.to_string(),
                match borne_by {
                    Bearer::Agency(agency) => format!("agency:{agency}"),
                    Bearer::Goodwill => "goodwill:".to_owned(),
                },
            ]),
            Self::Chargeback { amount, psp, .. } => {
                fields.extend([amount.0.to_string(), psp.as_ref().to_owned()])
            }
            Self::LostCard { successor, .. } => fields.push(successor.as_ref().to_owned()),
            Self::Concede { category, from, to, .. } => {
                fields.extend([category.as_ref().to_owned(), from.to_string(), to.to_string()]);
            }
            Self::ConfirmTapOff { leg, stop, .. } => {
                fields.extend([leg.to_string(), stop.as_ref().to_owned()])
            }
            Self::Amnesty { day, routes } => {
                fields.push(day.to_string());
                fields.extend(routes.iter().map(|route| route.as_ref().to_owned()));
            }
            Self::ForgiveDebt { .. }
            | Self::Close { .. }
            | Self::Allow { .. }
            | Self::Deny { .. }
            | Self::ResumeRating => {}
        }
        fields.join("\t")
    }

    /// The command of its line.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split('\t').collect();
        let payer = |text: &str| match text.split_once(':')? {
            ("psp", psp) => Some(Payer::Psp(psp.into())),
            ("agent", agent) => Some(Payer::Agent(agent.into())),
            _ => None,
        };
        let bearer = |text: &str| match text.split_once(':')? {
            ("agency", agency) => Some(Bearer::Agency(agency.into())),
            ("goodwill", "") => Some(Bearer::Goodwill),
            _ => None,
        };
        let satang = |text: &str| text.parse().ok().map(Satang);
        Some(match fields.as_slice() {
            ["top_up", card, amount, by] => {
                Self::TopUp { card: (*card).into(), amount: satang(amount)?, by: payer(by)? }
            }
            ["take_deposit", card, amount, by] => {
                Self::TakeDeposit { card: (*card).into(), amount: satang(amount)?, by: payer(by)? }
            }
            ["refund", card, amount, by] => {
                Self::Refund { card: (*card).into(), amount: satang(amount)?, borne_by: bearer(by)? }
            }
            ["chargeback", card, amount, psp] => {
                Self::Chargeback { card: (*card).into(), amount: satang(amount)?, psp: (*psp).into() }
            }
            ["lost_card", card, successor] => {
                Self::LostCard { card: (*card).into(), successor: (*successor).into() }
            }
            ["forgive_debt", card] => Self::ForgiveDebt { card: (*card).into() },
            ["close", card] => Self::Close { card: (*card).into() },
            ["allow", card] => Self::Allow { card: (*card).into() },
            ["deny", card] => Self::Deny { card: (*card).into() },
            ["concede", card, category, from, to] => Self::Concede {
                card: (*card).into(),
                category: (*category).into(),
                from: ServiceDay::parse(from)?,
                to: ServiceDay::parse(to)?,
            },
            ["confirm_tap_off", card, leg, stop] => {
                Self::ConfirmTapOff { card: (*card).into(), leg: LegId::parse(leg)?, stop: (*stop).into() }
            }
            ["amnesty", day, routes @ ..] => Self::Amnesty {
                day: ServiceDay::parse(day)?,
                routes: routes.iter().map(|route| (*route).into()).collect(),
            },
            [RESUME_RATING] => Self::ResumeRating,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tap::TapId;

    fn all() -> Vec<FareCommand> {
        let card: Arc<str> = "a".into();
        let day = ServiceDay::parse("20261120").unwrap();
        let leg = LegId { tap: TapId { terminal: "T".into(), epoch: 1, seq: 7 }, companion: 1 };
        let (psp, agent) = (Payer::Psp("omise".into()), Payer::Agent("7".into()));
        use FareCommand as C;
        vec![
            C::TopUp { card: Arc::clone(&card), amount: Satang(10_000), by: psp },
            C::Refund { card: Arc::clone(&card), amount: Satang(1_500), borne_by: Bearer::Agency("".into()) },
            C::Refund { card: Arc::clone(&card), amount: Satang(1_500), borne_by: Bearer::Goodwill },
            C::Chargeback { card: Arc::clone(&card), amount: Satang(10_000), psp: "omise".into() },
            C::LostCard { card: Arc::clone(&card), successor: "b".into() },
            C::ForgiveDebt { card: Arc::clone(&card) },
            C::TakeDeposit { card: Arc::clone(&card), amount: Satang(5_000), by: agent },
            C::Close { card: Arc::clone(&card) },
            C::Allow { card: Arc::clone(&card) },
            C::Deny { card: Arc::clone(&card) },
            C::Concede { card: Arc::clone(&card), category: "senior".into(), from: day, to: day.next() },
            C::ConfirmTapOff { card, leg, stop: "P09".into() },
            C::Amnesty { day, routes: vec!["r3".into(), "r4".into()] },
            C::Amnesty { day, routes: vec![] },
            C::ResumeRating,
        ]
    }

    #[test]
    fn every_command_reads_back_from_its_line() {
        for command in all() {
            assert_eq!(FareCommand::parse(&command.line()), Some(command.clone()), "{}", command.line());
        }
        for wrong in ["", "top_up\ta\tx\tpsp:o", "top_up\ta\t5\tthief:o", "deny", "concede\ta\tsenior\t1\t2"]
        {
            assert_eq!(FareCommand::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_gives_money_away_needs_a_second_person() {
        let needs: Vec<&str> = all()
            .iter()
            .filter(|command| command.needs_four_eyes(Satang(1_500)))
            .map(FareCommand::word)
            .collect();
        assert_eq!(
            needs,
            ["refund", "refund", "lost_card", "forgive_debt", "amnesty", "amnesty", "resume_rating"]
        );
        assert!(!all()[1].needs_four_eyes(Satang(1_501)));
        let cash =
            FareCommand::TopUp { card: "a".into(), amount: Satang(9_000), by: Payer::Agent("7".into()) };
        assert!(cash.needs_four_eyes(Satang(9_000)), "cash that nobody else can see");
    }

    #[test]
    fn the_money_that_moves_follows_from_the_balance() {
        let card: Arc<str> = "a".into();
        let lost = FareCommand::LostCard { card: Arc::clone(&card), successor: "b".into() };
        assert_eq!(lost.movement(Satang(0), Satang(0)), Err(CommandError::NothingToMove));
        let moved = lost.movement(Satang(-500), Satang(0)).unwrap();
        assert_eq!(
            moved,
            Some(Movement::LostCard { old: Arc::clone(&card), new: "b".into(), balance: Satang(-500) })
        );
        let debt = FareCommand::ForgiveDebt { card: Arc::clone(&card) };
        assert_eq!(debt.movement(Satang(0), Satang(0)), Err(CommandError::NoDebt));
        let given = debt.movement(Satang(-500), Satang(0)).unwrap();
        assert_eq!(given, Some(Movement::DebtGivenUp { card: Arc::clone(&card), amount: Satang(500) }));
        let closed = FareCommand::Close { card: Arc::clone(&card) };
        assert_eq!(closed.movement(Satang(0), Satang(0)), Ok(None));
        let returned = Some(Movement::DepositReturned { card: Arc::clone(&card), amount: Satang(5_000) });
        assert_eq!(closed.movement(Satang(0), Satang(5_000)), Ok(returned));
        assert_eq!(FareCommand::Deny { card }.movement(Satang(0), Satang(0)), Ok(None));
    }
}
