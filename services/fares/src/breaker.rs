//! The bulk-debit breaker: corrections that take much from many wait for a person (fares design, section 6).
//!
//! A new tariff or a change of the program can price rides again that were charged before. Most corrections give
//! something back, or come with a ride that is new; one that takes from many cards of which none rode is more likely a
//! mistake of ours. Pure: it is shown every journal, and says when to stop. What it does not do: stop anything, or look at
//! rides charged for the first time. What always holds: it says the same of the same journals in any order within its
//! window.

use crate::journal::{Account, Journal, JournalKind};
use crate::money::Satang;
use gtfs::Timestamp;
use gtfs::time::MICROS;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

/// The cards and the revenue that debits are held against are those of so many hours.
pub const WINDOW_H: i64 = 24;
/// Debits of this hour and so many before it are one run. What is wrong with a tariff or a program debits at once; late
/// taps and visits debit a few cards all day long.
pub const RUN_H: i64 = 1;
/// Fewer cards than this never stop it: a full bus whose visits came late is more than half a percent of a small town.
pub const CARDS_MIN: usize = 50;
/// More of the cards than this must not be debited, thousandths (fares design, section 6: 0.5 %).
pub const CARDS_PER_MILLE: i64 = 5;
/// More of the revenue than this must not be debited, thousandths (fares design, section 6: 1 %).
pub const REVENUE_PER_MILLE: i64 = 10;
/// What two people agreed to goes through for so long, seconds.
pub const AGREED_S: f64 = 3_600.0;

const HOUR_US: i64 = 3_600 * MICROS;

/// What fare journals took from a card.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    journals: u32,
    /// For rides that were charged before; below zero is given back.
    revised: i64,
    /// For rides that were charged for the first time.
    charged: i64,
}

/// Why to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tripped {
    /// Cards that would be debited for rides charged before.
    pub debited: usize,
    /// Cards that rode.
    pub cards: usize,
    /// What would be taken from them.
    pub amount: Satang,
    /// What was charged for rides, the first time.
    pub revenue: Satang,
}

impl fmt::Display for Tripped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { debited, cards, amount, revenue } = self;
        write!(
            f,
            "{amount} would be taken from {debited} of {cards} cards for rides that were charged before; {revenue} was \
             charged for rides in {WINDOW_H} hours"
        )
    }
}

/// The journals of the last day, summed.
#[derive(Debug, Default)]
pub struct Breaker {
    agreed_until: Option<Timestamp>,
    hours: BTreeMap<i64, HashMap<Arc<str>, Sums>>,
    cards: HashMap<Arc<str>, Sums>,
    revenue: i64,
}

impl Breaker {
    /// One that has seen nothing. What is posted until [`AGREED_S`] after `agreed` was agreed to, and is not counted.
    #[must_use]
    pub fn new(agreed: Option<Timestamp>) -> Self {
        Self { agreed_until: agreed.map(|at| at.plus_s(AGREED_S)), ..Self::default() }
    }

    /// The earliest time of journals that count beside one at `t`.
    #[must_use]
    pub fn since(t: Timestamp) -> Timestamp {
        Timestamp((t.0.div_euclid(HOUR_US) - WINDOW_H) * HOUR_US)
    }

    /// Counts journals that are to be posted, and says whether they may be without a person.
    pub fn weigh<'a>(&mut self, journals: impl IntoIterator<Item = &'a Journal>) -> Option<Tripped> {
        // Where nothing is taken for earlier rides, nothing is stopped: it is no matter that a night has little revenue.
        let mut debits = false;
        for journal in journals {
            debits |= self.take(journal);
        }
        if debits { self.tripped() } else { None }
    }

    /// Counts a journal, which is posted already or is to be; whether it takes something for rides that were charged
    /// before.
    pub fn take(&mut self, journal: &Journal) -> bool {
        if journal.kind != JournalKind::Fare {
            return false;
        }
        let is_agreed = self.agreed_until.is_some_and(|until| journal.posted < until);
        let mut of_card: BTreeMap<&Arc<str>, Sums> = BTreeMap::new();
        for posting in &journal.postings {
            let (Account::Card(card), Some((_, rev))) = (&posting.account, &posting.leg) else { continue };
            let sums = of_card.entry(card).or_insert(Sums { journals: 1, ..Sums::default() });
            // A line below zero takes back an earlier revision.
            match posting.debit.0 < 0 || *rev > 1 {
                true if is_agreed => {}
                true => sums.revised += posting.debit.0,
                false => sums.charged += posting.debit.0,
            }
        }
        // A ride that came late moves transfers and caps of those around it, and stands in the same journal.
        for sums in of_card.values_mut().filter(|sums| sums.charged > 0) {
            sums.revised = sums.revised.min(0);
        }
        let debits = of_card.values().any(|sums| sums.revised > 0);
        let hour = journal.posted.0.div_euclid(HOUR_US);
        for (card, sums) in of_card {
            let in_hour = self.hours.entry(hour).or_default().entry(Arc::clone(card)).or_default();
            *in_hour = in_hour.plus(sums, 1);
            self.add(card, sums, 1);
        }
        self.forget();
        debits
    }

    /// Whether what was counted is more than may go on without a person.
    fn tripped(&self) -> Option<Tripped> {
        let (debited, amount) = self.run();
        let is_more = |part: i128, of: i128, per_mille: i64| part * 1_000 > of * i128::from(per_mille);
        let is_many = is_more(debited as i128, self.cards.len() as i128, CARDS_PER_MILLE);
        let is_much = is_more(amount.into(), self.revenue.into(), REVENUE_PER_MILLE);
        (debited >= CARDS_MIN && (is_many || is_much)).then_some(Tripped {
            debited,
            cards: self.cards.len(),
            amount: Satang(amount),
            revenue: Satang(self.revenue),
        })
    }

    /// How many cards are debited by the run, and how much is taken from them.
    fn run(&self) -> (usize, i64) {
        let Some((newest, _)) = self.hours.last_key_value() else { return (0, 0) };
        let mut of_card: HashMap<&Arc<str>, i64> = HashMap::new();
        for (card, sums) in self.hours.range(newest - RUN_H..).flat_map(|(_, cards)| cards) {
            *of_card.entry(card).or_default() += sums.revised;
        }
        let debits = of_card.into_values().filter(|&revised| revised > 0);
        debits.fold((0, 0), |(cards, amount), revised| (cards + 1, amount + revised))
    }

    /// Forgets hours that are too long ago.
    fn forget(&mut self) {
        let Some((newest, _)) = self.hours.last_key_value() else { return };
        let first = newest - WINDOW_H;
        while let Some(entry) = self.hours.first_entry()
            && *entry.key() < first
        {
            for (card, sums) in entry.remove() {
                self.add(&card, sums, -1);
            }
        }
    }

    /// Adds to a card's sums, or takes away, and keeps the totals of all cards true.
    fn add(&mut self, card: &Arc<str>, sums: Sums, sign: i64) {
        let known = self.cards.entry(Arc::clone(card)).or_default();
        *known = known.plus(sums, sign);
        if known.journals == 0 {
            self.cards.remove(card);
        }
        self.revenue += sign * sums.charged;
    }
}

impl Sums {
    fn plus(self, other: Self, sign: i64) -> Self {
        let journals = if sign > 0 { self.journals + other.journals } else { self.journals - other.journals };
        Self {
            journals,
            revised: self.revised + sign * other.revised,
            charged: self.charged + sign * other.charged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Posting;
    use crate::leg::LegId;
    use crate::tap::TapId;
    use gtfs::ServiceDay;

    const NOW: Timestamp = Timestamp::from_s(1_795_582_800);

    /// A journal of one card: revisions and what each line takes.
    fn journal(card: usize, at: Timestamp, lines: &[(u32, i64)]) -> Journal {
        let leg = LegId { tap: TapId { terminal: "T".into(), epoch: 1, seq: 7 }, companion: 0 };
        let line = |&(rev, debit): &(u32, i64)| {
            let posting =
                |account, debit| Posting { account, debit: Satang(debit), leg: Some((leg.clone(), rev)) };
            [posting(Account::Card(format!("c{card}").into()), debit), posting(Account::FareClearing, -debit)]
        };
        Journal {
            kind: JournalKind::Fare,
            cause: "x".into(),
            service_day: ServiceDay::parse("20261120").unwrap(),
            posting_day: ServiceDay::parse("20261120").unwrap(),
            effective: at,
            posted: at,
            postings: lines.iter().flat_map(line).collect(),
        }
    }

    /// A day in which so many cards each paid 15.00 once.
    fn a_day(cards: usize, agreed: Option<Timestamp>) -> Breaker {
        let mut breaker = Breaker::new(agreed);
        for card in 0..cards {
            breaker.take(&journal(card, NOW, &[(1, 1_500)]));
        }
        breaker
    }

    fn debit(breaker: &mut Breaker, cards: usize, at: Timestamp, more: i64) {
        for card in 0..cards {
            breaker.take(&journal(card, at, &[(1, -1_500), (2, 1_500 + more)]));
        }
    }

    #[test]
    fn what_gives_back_never_stops_it_and_neither_do_first_charges() {
        let mut breaker = a_day(1_000, None);
        debit(&mut breaker, 1_000, NOW, -500);
        assert_eq!(breaker.tripped(), None);
        for card in 0..1_000 {
            breaker.take(&journal(card, NOW, &[(1, -1_500)]));
        }
        assert_eq!(breaker.tripped(), None, "withdrawn");
    }

    #[test]
    fn rides_that_come_late_never_stop_it_though_they_move_what_was_charged_around_them() {
        let mut town = a_day(1_000, None);
        for card in 0..500 {
            town.take(&journal(card, NOW, &[(1, 1_500), (1, -500), (2, 1_500)]));
        }
        assert_eq!(town.tripped(), None);
    }

    #[test]
    fn more_than_half_a_percent_of_the_cards_stops_it_but_not_fewer_than_fifty() {
        let mut town = a_day(100, None);
        debit(&mut town, CARDS_MIN - 1, NOW, 1);
        assert_eq!(town.tripped(), None, "a small town");
        let mut city = a_day(10_000, None);
        debit(&mut city, 50, NOW, 1);
        assert_eq!(city.tripped(), None, "half a percent");
        debit(&mut city, 51, NOW, 1);
        let (amount, revenue) = (Satang(101), Satang(15_000_000));
        assert_eq!(city.tripped(), Some(Tripped { debited: 51, cards: 10_000, amount, revenue }));
        assert_eq!(
            city.tripped().unwrap().to_string(),
            "1.01 would be taken from 51 of 10000 cards for rides that were charged before; 150000.00 was charged for \
             rides in 24 hours"
        );
    }

    #[test]
    fn more_than_one_percent_of_the_revenue_stops_it() {
        let mut city = a_day(10_000, None);
        debit(&mut city, 50, NOW, 3_000);
        assert_eq!(city.tripped(), None, "just one percent");
        debit(&mut city, 1, NOW, 1);
        assert_eq!(city.tripped().map(|tripped| tripped.debited), Some(50));
    }

    #[test]
    fn what_a_card_is_given_back_elsewhere_counts() {
        let mut city = a_day(1_000, None);
        debit(&mut city, 60, NOW, 200);
        assert!(city.tripped().is_some());
        debit(&mut city, 60, NOW.plus_s(60.0), -200);
        assert_eq!(city.tripped(), None);
    }

    #[test]
    fn what_takes_nothing_is_not_stopped_for_what_was_taken_before() {
        let mut city = a_day(1_000, None);
        debit(&mut city, 60, NOW, 200);
        assert_eq!(city.weigh([&journal(0, NOW, &[(1, 1_500)]), &journal(1, NOW, &[(2, -1_500)])]), None);
        assert!(
            city.weigh([&journal(0, NOW, &[(2, -1_500), (3, 1_600)]), &journal(1, NOW, &[(1, 1_500)])])
                .is_some()
        );
    }

    #[test]
    fn a_few_cards_every_hour_are_no_run() {
        let mut city = a_day(1_000, None);
        for hour in 1..20 {
            debit(&mut city, CARDS_MIN / 2 - 1, NOW.plus_s(3_600.0 * f64::from(hour)), 200);
            assert_eq!(city.tripped(), None, "hour {hour}");
        }
    }

    #[test]
    fn a_day_later_it_is_forgotten() {
        let mut city = a_day(1_000, None);
        debit(&mut city, 60, NOW, 200);
        let later = NOW.plus_s(25.5 * 3_600.0);
        city.take(&journal(5_000, later, &[(1, 1_500)]));
        assert_eq!((city.tripped(), city.cards.len(), city.revenue, city.run()), (None, 1, 1_500, (0, 0)));
        assert!(Breaker::since(later) > NOW && Breaker::since(NOW.plus_s(86_400.0)) <= NOW);
    }

    #[test]
    fn what_two_people_agreed_to_goes_through_and_what_comes_later_does_not() {
        let mut city = a_day(1_000, Some(NOW));
        debit(&mut city, 500, NOW.plus_s(AGREED_S - 1.0), 200);
        assert_eq!(city.tripped(), None);
        debit(&mut city, 500, NOW.plus_s(AGREED_S), 200);
        assert!(city.tripped().is_some());
    }
}
