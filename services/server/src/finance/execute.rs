//! What follows from a command: money, a change of the card, and a word for the operator.
//!
//! Pure. The fares driver calls [`follow`] for each command that became ready, in their order, and puts what comes back
//! into its commit with the cursor. What only the engine can do (a confirmed tap-off, an amnesty) comes back as `None`.

use super::posting_day;
use fares::{FareCommand, Journal, Occasion, Satang, post};
use gtfs::Timestamp;
use std::sync::Arc;
use store::{Card, CardChange, CardState, CommandResult, Concession, StoredCommand};

/// How long a lost card must have been denied before its balance moves (fares design, section 10): by then every
/// terminal knows it.
const LOST_AFTER_S: f64 = 30.0 * 60.0;

/// What follows from one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// Money that moves.
    pub journal: Option<Journal>,
    /// What becomes of the card.
    pub card: Option<CardChange>,
    /// For the operator.
    pub result: CommandResult,
}

/// What follows from `stored` at `now`, when the card is as in `card` (`None`: never seen) and `balance` is posted on it.
#[must_use]
pub fn follow(
    stored: &StoredCommand,
    card: Option<&Card>,
    balance: Satang,
    now: Timestamp,
) -> Option<Followed> {
    let command = &stored.asked.command;
    if matches!(command, FareCommand::ConfirmTapOff { .. } | FareCommand::Amnesty { .. }) {
        return None;
    }
    let result = |done, detail: String| CommandResult { command: stored.id, done, detail: detail.into() };
    let failed = |why: String| Some(Followed { journal: None, card: None, result: result(false, why) });
    if let Some(why) = stands_in_the_way(command, card, now) {
        return failed(why);
    }
    let deposit = card.map_or(Satang(0), |card| card.deposit);
    let movement = match command.movement(balance, deposit) {
        Ok(movement) => movement,
        Err(why) => return failed(why.to_string()),
    };
    let day = posting_day(now);
    let occasion = Occasion {
        cause: command.cause(&stored.asked.key),
        service_day: posting_day(stored.at),
        posting_day: day,
        effective: stored.at,
        posted: now,
    };
    let journal = match movement.map(|movement| post(occasion, &movement)).transpose() {
        Ok(journal) => journal,
        Err(why) => return failed(why.to_string()),
    };
    let detail = journal.as_ref().map_or_else(String::new, |_| format!("posted into {day}"));
    Some(Followed { journal, card: change(command, deposit), result: result(true, detail) })
}

fn stands_in_the_way(command: &FareCommand, card: Option<&Card>, now: Timestamp) -> Option<String> {
    let state = card.map(|card| card.state);
    match command {
        FareCommand::LostCard { .. } => match card {
            Some(card) if card.state == CardState::Denied && now.since_s(card.changed) >= LOST_AFTER_S => {
                None
            }
            Some(card) if card.state == CardState::Denied => {
                Some("the card has not been denied for 30 minutes yet, ask again then".to_owned())
            }
            _ => Some("deny the card first; its balance can move 30 minutes later".to_owned()),
        },
        FareCommand::TopUp { .. } | FareCommand::Allow { .. } | FareCommand::Concede { .. }
            if matches!(state, Some(CardState::Lost | CardState::Closed)) =>
        {
            Some("the card is lost or closed, and takes nothing more".to_owned())
        }
        _ => None,
    }
}

fn change(command: &FareCommand, deposit: Satang) -> Option<CardChange> {
    let card = command.card()?;
    Some(match command {
        FareCommand::Allow { .. } => CardChange::to(card, CardState::Active),
        FareCommand::Deny { .. } => CardChange::to(card, CardState::Denied),
        FareCommand::Close { .. } => {
            CardChange { deposit: Some(Satang(0)), ..CardChange::to(card, CardState::Closed) }
        }
        FareCommand::LostCard { successor, .. } => {
            CardChange { replaced_by: Some(Arc::clone(successor)), ..CardChange::to(card, CardState::Lost) }
        }
        FareCommand::TakeDeposit { amount, .. } => {
            let in_all = Satang(deposit.0.saturating_add(amount.0));
            CardChange { deposit: Some(in_all), ..CardChange::to(card, CardState::Active) }
        }
        FareCommand::Concede { category, from, to, .. } => {
            let given = Concession { category: Arc::clone(category), from: *from, to: *to };
            CardChange { concession: Some(given), ..CardChange::seen(card) }
        }
        _ => CardChange::seen(card),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fares::post::Payer;
    use gtfs::ServiceDay;
    use store::CommandAsked;

    const NOW: Timestamp = Timestamp::from_s(1_795_582_800);

    fn asked(command: FareCommand) -> StoredCommand {
        StoredCommand {
            id: 7,
            asked: CommandAsked { key: "k1".into(), command, agency: "".into(), needs_approval: false },
            who: "somchai".into(),
            role: "fares".into(),
            reason: "r".into(),
            at: NOW,
            event: None,
            detail: "".into(),
        }
    }

    fn card(state: CardState, changed: Timestamp) -> Card {
        Card {
            token: "a".into(),
            state,
            deposit: Satang(5_000),
            replaced_by: None,
            opened: Timestamp(0),
            changed,
            concessions: Vec::new(),
        }
    }

    fn lines(followed: &Followed) -> Vec<String> {
        let postings = followed.journal.iter().flat_map(|journal| &journal.postings);
        postings.map(|posting| format!("{} {}", posting.account, posting.debit)).collect()
    }

    #[test]
    fn a_top_up_is_posted_under_the_reference_of_its_payment() {
        let by = Payer::Psp("omise".into());
        let top_up = asked(FareCommand::TopUp { card: "a".into(), amount: Satang(10_000), by });
        let followed = follow(&top_up, None, Satang(0), NOW).unwrap();
        assert_eq!(lines(&followed), ["psp_receivable:omise 100.00", "card:a -100.00"]);
        assert_eq!(&*followed.journal.as_ref().unwrap().cause, "psp:omise:k1");
        assert!(followed.result.done);
        let closed = card(CardState::Closed, NOW);
        let refused = follow(&top_up, Some(&closed), Satang(0), NOW).unwrap();
        assert!(!refused.result.done && refused.journal.is_none(), "{refused:?}");
    }

    #[test]
    fn a_lost_card_must_have_been_denied_for_half_an_hour() {
        let lost = asked(FareCommand::LostCard { card: "a".into(), successor: "b".into() });
        for (card, done) in [
            (None, false),
            (Some(card(CardState::Active, Timestamp(0))), false),
            (Some(card(CardState::Denied, NOW.plus_s(-1_799.0))), false),
            (Some(card(CardState::Denied, NOW.plus_s(-1_800.0))), true),
        ] {
            let followed = follow(&lost, card.as_ref(), Satang(800), NOW).unwrap();
            assert_eq!((followed.result.done, followed.journal.is_some()), (done, done), "{card:?}");
            if done {
                assert_eq!(lines(&followed), ["card:a 8.00", "card:b -8.00"]);
                assert_eq!(followed.card.unwrap().replaced_by.as_deref(), Some("b"));
            }
        }
    }

    #[test]
    fn a_card_that_is_given_back_gets_its_deposit_and_rides_no_more() {
        let close = asked(FareCommand::Close { card: "a".into() });
        let followed = follow(&close, Some(&card(CardState::Active, NOW)), Satang(0), NOW).unwrap();
        assert_eq!(lines(&followed), ["card_deposit 50.00", "card:a -50.00"]);
        let change = followed.card.unwrap();
        assert_eq!((change.state, change.deposit), (Some(CardState::Closed), Some(Satang(0))));
    }

    #[test]
    fn a_debt_that_is_not_there_is_not_given_up() {
        let forgive = asked(FareCommand::ForgiveDebt { card: "a".into() });
        let followed = follow(&forgive, None, Satang(5), NOW).unwrap();
        assert_eq!(&*followed.result.detail, "the card has no debt to give up");
        assert_eq!((followed.result.done, followed.card), (false, None));
    }

    #[test]
    fn what_only_the_engine_can_do_is_left_to_it() {
        let day = ServiceDay::parse("20261120").unwrap();
        let amnesty = asked(FareCommand::Amnesty { day, routes: Vec::new() });
        assert_eq!(follow(&amnesty, None, Satang(0), NOW), None);
    }
}
