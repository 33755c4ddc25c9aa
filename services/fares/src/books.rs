//! The balance of every account, from journals alone.
//!
//! What it does not do: keep a history; "as of" is the same sum over fewer journals. What always holds: a
//! journal that does not sum to zero is not added.

use crate::invariants::{self, Breach};
use crate::journal::{Account, Journal};
use crate::money::Satang;
use gtfs::ServiceDay;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The float at which an alarm is raised: 40 M THB, below the 50 M of the Thai exemption (fares design, section 16).
pub const FLOAT_ALARM: Satang = Satang(40_000_000 * crate::money::SATANG_PER_BAHT);

/// Upper ends of the ages in which suspense is shown, days; the last class is older than them all.
pub const SUSPENSE_AGES_D: [i64; 3] = [7, 30, 90];

/// Balances by account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books {
    debits: BTreeMap<Account, Satang>,
    /// What stands in suspense, by reason, oldest first.
    suspense: BTreeMap<Arc<str>, VecDeque<(ServiceDay, Satang)>>,
}

/// What stands in suspense for one reason, by age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aged {
    /// The reason: the account is `suspense:{reason}`.
    pub reason: Arc<str>,
    /// The day of the oldest money in it.
    pub oldest: ServiceDay,
    /// By [`SUSPENSE_AGES_D`], the last for what is older than them all. What is owed is above zero.
    pub by_age: [Satang; SUSPENSE_AGES_D.len() + 1],
}

impl Books {
    /// Adds a journal, or says why not; then nothing changed.
    ///
    /// # Errors
    /// A breach of I1: it does not sum to zero, or an account would leave the range of money.
    pub fn add(&mut self, journal: &Journal) -> Result<(), Breach> {
        if let Some(breach) = invariants::balanced(journal) {
            return Err(breach);
        }
        let mut changed: BTreeMap<&Account, Satang> = BTreeMap::new();
        for posting in &journal.postings {
            let before =
                changed.get(&posting.account).copied().unwrap_or_else(|| self.debit(&posting.account));
            let after = before.checked_add(posting.debit).ok_or_else(|| Breach {
                invariant: "I1",
                found: format!("journal {:?} takes an account beyond the range of money", journal.cause),
            })?;
            changed.insert(&posting.account, after);
        }
        for (account, debit) in changed {
            self.debits.insert(account.clone(), debit);
        }
        for posting in &journal.postings {
            if let Account::Suspense(reason) = &posting.account {
                let open = self.suspense.entry(Arc::clone(reason)).or_default();
                stand(open, journal.posting_day, Satang(posting.debit.0.saturating_neg()));
            }
        }
        Ok(())
    }

    /// Debits less credits of an account; what is owed is below zero.
    #[must_use]
    pub fn debit(&self, account: &Account) -> Satang {
        self.debits.get(account).copied().unwrap_or_default()
    }

    /// Credits less debits: the balance of a card, what is owed to an agency.
    #[must_use]
    pub fn credit(&self, account: &Account) -> Satang {
        Satang(self.debit(account).0.saturating_neg())
    }

    /// Every account that was ever posted to and its debit, in the order of accounts.
    pub fn accounts(&self) -> impl Iterator<Item = (&Account, Satang)> {
        self.debits.iter().map(|(account, debit)| (account, *debit))
    }

    /// The sum of everything: zero. `None` beyond the range of money.
    #[must_use]
    pub fn total(&self) -> Option<Satang> {
        let total: i128 = self.debits.values().map(|debit| i128::from(debit.0)).sum();
        i64::try_from(total).ok().map(Satang)
    }

    /// What stands on all cards together, debts subtracted (I2). `None` beyond the range of money.
    #[must_use]
    pub fn stored_value(&self) -> Option<Satang> {
        self.cards().map(|debit| Satang(debit.0.saturating_neg())).sum()
    }

    /// The float: what is owed to riders, deposits and sleeping balances too; a rider's debt lowers nobody
    /// else's claim. `None` beyond the range of money.
    #[must_use]
    pub fn float(&self) -> Option<Satang> {
        let owed = |debit: Satang| Satang(debit.0.saturating_neg().max(0));
        let others = [Account::CardDeposit, Account::Dormant].map(|account| self.debit(&account));
        self.cards().chain(others).map(owed).sum()
    }

    fn cards(&self) -> impl Iterator<Item = Satang> {
        self.debits.iter().filter(|(account, _)| matches!(account, Account::Card(_))).map(|(_, debit)| *debit)
    }

    /// What stands in suspense on `today`, by reason and age; money leaves oldest first.
    #[must_use]
    pub fn aged_suspense(&self, today: ServiceDay) -> Vec<Aged> {
        let aged = |(reason, open): (&Arc<str>, &VecDeque<(ServiceDay, Satang)>)| {
            let mut by_age = [Satang(0); SUSPENSE_AGES_D.len() + 1];
            for &(day, amount) in open {
                let age_d = today.0.signed_duration_since(day.0).num_days();
                let class =
                    SUSPENSE_AGES_D.iter().position(|&end| age_d <= end).unwrap_or(SUSPENSE_AGES_D.len());
                by_age[class] = Satang(by_age[class].0.saturating_add(amount.0));
            }
            open.front().map(|&(oldest, _)| Aged { reason: Arc::clone(reason), oldest, by_age })
        };
        self.suspense.iter().filter_map(aged).collect()
    }

    /// I1, and at a close I7.
    #[must_use]
    pub fn breaches(&self, closing: bool) -> Vec<Breach> {
        let cleared = closing.then(|| invariants::cleared(self)).flatten();
        invariants::all_balanced(self).into_iter().chain(cleared).collect()
    }
}

/// Puts `amount` into suspense: first against what stands there the other way round, oldest first.
fn stand(open: &mut VecDeque<(ServiceDay, Satang)>, day: ServiceDay, mut amount: Satang) {
    while let Some((_, oldest)) = open.front_mut() {
        if amount.0 == 0 || (oldest.0 < 0) == (amount.0 < 0) {
            break;
        }
        let met = oldest.0.unsigned_abs().min(amount.0.unsigned_abs());
        let toward_zero =
            |of: i64| if of < 0 { of.saturating_add_unsigned(met) } else { of.saturating_sub_unsigned(met) };
        (oldest.0, amount.0) = (toward_zero(oldest.0), toward_zero(amount.0));
        if oldest.0 == 0 {
            open.pop_front();
        }
    }
    if amount.0 != 0 {
        open.push_back((day, amount));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{JournalKind, Posting};
    use gtfs::Timestamp;

    fn day(text: &str) -> ServiceDay {
        ServiceDay::parse(text).unwrap()
    }

    fn journal(on: &str, lines: &[(&str, i64)]) -> Journal {
        Journal {
            kind: JournalKind::TopUp,
            cause: "test".into(),
            service_day: day(on),
            posting_day: day(on),
            effective: Timestamp(0),
            posted: Timestamp(0),
            postings: lines
                .iter()
                .map(|&(account, debit)| Posting {
                    account: Account::parse(account).unwrap(),
                    debit: Satang(debit),
                    leg: None,
                })
                .collect(),
        }
    }

    fn books(journals: &[Journal]) -> Books {
        let mut books = Books::default();
        for journal in journals {
            books.add(journal).unwrap();
        }
        books
    }

    #[test]
    fn balances_follow_from_journals_and_everything_sums_to_zero() {
        let books = books(&[
            journal("20261120", &[("psp_receivable:omise", 10_000), ("card:a", -10_000)]),
            journal("20261120", &[("card:a", 1_500), ("fare_clearing", -1_500)]),
            journal("20261120", &[("card:b", 1_500), ("fare_clearing", -1_500)]),
        ]);
        assert_eq!(books.credit(&Account::Card("a".into())), Satang(8_500));
        assert_eq!(books.total(), Some(Satang(0)));
        assert_eq!(books.stored_value(), Some(Satang(7_000)), "a debt counts against it");
        assert_eq!(books.float(), Some(Satang(8_500)), "a debt lowers nobody else's claim");
        assert_eq!(books.breaches(false), []);
        assert_eq!(books.breaches(true).len(), 1, "3,000 satang are not apportioned");
    }

    #[test]
    fn a_journal_that_is_out_or_overflows_changes_nothing() {
        let mut books = books(&[journal("20261120", &[("card:a", i64::MIN + 1), ("goodwill", i64::MAX)])]);
        let before = books.clone();
        assert!(books.add(&journal("20261120", &[("card:a", 1), ("goodwill", -2)])).is_err());
        assert!(books.add(&journal("20261120", &[("goodwill", 5), ("card:a", -5)])).is_err());
        assert_eq!(books, before);
    }

    #[test]
    fn suspense_ages_and_leaves_oldest_first() {
        let books = books(&[
            journal("20260801", &[("bank:scb", 5_000), ("suspense:bank", -5_000)]),
            journal("20261101", &[("bank:scb", 3_000), ("suspense:bank", -3_000)]),
            journal("20261119", &[("bank:scb", 1_000), ("suspense:bank", -1_000)]),
            journal("20261120", &[("suspense:bank", 5_500), ("psp_receivable:omise", -5_500)]),
        ]);
        let aged = books.aged_suspense(day("20261120"));
        assert_eq!(aged.len(), 1);
        assert_eq!((aged[0].oldest, aged[0].by_age), (day("20261101"), [1_000, 2_500, 0, 0].map(Satang)));
        assert_eq!(books.credit(&Account::Suspense("bank".into())), Satang(3_500));
    }

    #[test]
    fn suspense_that_is_explained_leaves_nothing_behind() {
        let books = books(&[
            journal("20261118", &[("suspense:bank", 700), ("bank:scb", -700)]),
            journal("20261119", &[("bank:scb", 500), ("suspense:bank", -500)]),
            journal("20261120", &[("bank:scb", 200), ("suspense:bank", -200)]),
        ]);
        assert_eq!(books.aged_suspense(day("20261120")), []);
    }
}
