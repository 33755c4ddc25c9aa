//! What must always hold of the ledger (fares design, section 12), and what to say where it does not.
//!
//! Each check looks and reports; none repairs anything. A close that finds a breach does not happen.

use crate::books::Books;
use crate::journal::{Account, Journal};
use crate::leg::LegId;
use crate::money::Satang;
use std::collections::BTreeMap;
use std::fmt;

/// One thing that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// Its name in the design, such as `I1`.
    pub invariant: &'static str,
    /// What was found, for a person.
    pub found: String,
}

/// Writes `I1: journal "psp:7" is out by 0.05`.
impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.found)
    }
}

/// I1 of one journal: its debits are its credits.
#[must_use]
pub fn balanced(journal: &Journal) -> Option<Breach> {
    let found = match journal.imbalance() {
        Some(Satang(0)) => return None,
        Some(out) => format!("journal {:?} is out by {out}", journal.cause),
        None => format!("journal {:?} is beyond the range of money", journal.cause),
    };
    Some(Breach { invariant: "I1", found })
}

/// I1 over all books: everything sums to zero.
#[must_use]
pub fn all_balanced(books: &Books) -> Option<Breach> {
    match books.total() {
        Some(Satang(0)) => None,
        total => Some(Breach { invariant: "I1", found: format!("all accounts sum to {total:?}, not to 0") }),
    }
}

/// I2: what is on the cards is what was worked out another way.
#[must_use]
pub fn stored_value(books: &Books, recomputed: &BTreeMap<Account, Satang>) -> Vec<Breach> {
    let cards = |account: &Account| matches!(account, Account::Card(_));
    let mut breaches: Vec<Breach> = recomputed
        .iter()
        .filter(|(account, debit)| cards(account) && books.debit(account) != **debit)
        .map(|(account, debit)| off(books.debit(account), *debit))
        .collect();
    let only_here = books
        .accounts()
        .filter(|(account, debit)| cards(account) && debit.0 != 0 && !recomputed.contains_key(account));
    breaches.extend(only_here.map(|(_, debit)| off(debit, Satang(0))));
    breaches
}

/// Says by how much, not whose card: tokens stand in no report.
fn off(books: Satang, recomputed: Satang) -> Breach {
    let found = format!("a card has {} in the books and {} recomputed", credit(books), credit(recomputed));
    Breach { invariant: "I2", found }
}

fn credit(debit: Satang) -> Satang {
    Satang(debit.0.saturating_neg())
}

/// I5: of each leg the books hold the charge of one revision only. `newest` has the highest revision of each leg
/// and what it charges; what all journals together took for a leg must be that.
#[must_use]
pub fn one_revision(journals: &[Journal], newest: &BTreeMap<LegId, Satang>) -> Vec<Breach> {
    let mut taken: BTreeMap<&LegId, i128> = BTreeMap::new();
    for posting in journals.iter().flat_map(|journal| &journal.postings) {
        if let (Some((leg, _)), Account::Card(_) | Account::LateWriteoff) = (&posting.leg, &posting.account) {
            *taken.entry(leg).or_default() += i128::from(posting.debit.0);
        }
    }
    let expected = |leg: &LegId| newest.get(leg).map_or(0, |charge| i128::from(charge.0));
    let legs: std::collections::BTreeSet<&LegId> = taken.keys().copied().chain(newest.keys()).collect();
    legs.into_iter()
        .filter(|leg| taken.get(leg).copied().unwrap_or_default() != expected(leg))
        .map(|leg| Breach {
            invariant: "I5",
            found: format!(
                "leg {leg} took {} satang, its newest revision charges {}",
                taken.get(leg).copied().unwrap_or_default(),
                expected(leg)
            ),
        })
        .collect()
}

/// I7: nothing that was collected is left unapportioned.
#[must_use]
pub fn cleared(books: &Books) -> Option<Breach> {
    match books.debit(&Account::FareClearing) {
        Satang(0) => None,
        left => {
            Some(Breach { invariant: "I7", found: format!("fare_clearing holds {}, not 0", credit(left)) })
        }
    }
}

/// I8: the shares of the agencies are what was collected.
#[must_use]
pub fn shared_out(collected: Satang, shares: &[Satang]) -> Option<Breach> {
    let shared: Option<Satang> = shares.iter().copied().sum();
    match shared {
        Some(shared) if shared == collected => None,
        shared => Some(Breach {
            invariant: "I8",
            found: format!("{collected} was collected and {} shared out", shared.unwrap_or_default()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{JournalKind, Posting};
    use crate::tap::TapId;
    use gtfs::{ServiceDay, Timestamp};

    fn journal(lines: &[(&str, i64)]) -> Journal {
        let day = ServiceDay::parse("20261120").unwrap();
        let leg = LegId { tap: TapId { terminal: "T".into(), epoch: 1, seq: 1 }, companion: 0 };
        Journal {
            kind: JournalKind::Fare,
            cause: "test".into(),
            service_day: day,
            posting_day: day,
            effective: Timestamp(0),
            posted: Timestamp(0),
            postings: lines
                .iter()
                .map(|&(account, debit)| Posting {
                    account: Account::parse(account).unwrap(),
                    debit: Satang(debit),
                    leg: Some((leg.clone(), 1)),
                })
                .collect(),
        }
    }

    #[test]
    fn a_journal_that_is_out_is_named_with_the_amount() {
        assert_eq!(balanced(&journal(&[("card:a", 1_500), ("fare_clearing", -1_500)])), None);
        let breach = balanced(&journal(&[("card:a", 1_500), ("fare_clearing", -1_495)])).unwrap();
        assert_eq!(breach.to_string(), "I1: journal \"test\" is out by 0.05");
        assert!(balanced(&journal(&[("card:a", i64::MAX), ("card:b", i64::MAX)])).is_some());
    }

    #[test]
    fn a_card_that_differs_from_its_recomputation_is_reported_without_its_token() {
        let mut books = Books::default();
        books.add(&journal(&[("card:secret", 1_500), ("fare_clearing", -1_500)])).unwrap();
        let card = Account::Card("secret".into());
        assert_eq!(stored_value(&books, &[(card.clone(), Satang(1_500))].into()), []);
        let wrong = stored_value(&books, &[(card, Satang(1_200))].into());
        assert_eq!(wrong[0].to_string(), "I2: a card has -15.00 in the books and -12.00 recomputed");
        assert_eq!(stored_value(&books, &BTreeMap::new()).len(), 1, "a card that was not recomputed at all");
        assert!(!wrong[0].found.contains("secret"));
    }

    #[test]
    fn a_leg_that_was_charged_twice_is_found() {
        let once = journal(&[("card:a", 1_500), ("fare_clearing", -1_500)]);
        let leg = once.postings[0].leg.clone().unwrap().0;
        let newest = [(leg, Satang(1_500))].into();
        assert_eq!(one_revision(std::slice::from_ref(&once), &newest), []);
        assert_eq!(one_revision(&[once.clone(), once.clone()], &newest).len(), 1);
        assert_eq!(one_revision(&[], &newest).len(), 1, "a leg that nobody paid");
        assert_eq!(one_revision(&[once], &BTreeMap::new()).len(), 1, "a charge without a leg");
    }

    #[test]
    fn money_left_unapportioned_and_shares_that_do_not_add_up_are_found() {
        let mut books = Books::default();
        books.add(&journal(&[("card:a", 1_500), ("fare_clearing", -1_500)])).unwrap();
        assert_eq!(cleared(&books).unwrap().to_string(), "I7: fare_clearing holds 15.00, not 0");
        books.add(&journal(&[("fare_clearing", 1_500), ("agency_payable:A", -1_500)])).unwrap();
        assert_eq!((cleared(&books), all_balanced(&books)), (None, None));
        assert_eq!(shared_out(Satang(1_200), &[Satang(742), Satang(458)]), None);
        assert!(shared_out(Satang(1_200), &[Satang(742), Satang(457)]).is_some());
        assert!(shared_out(Satang(0), &[Satang(i64::MAX), Satang(1)]).is_some());
    }
}
