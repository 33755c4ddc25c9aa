//! The books once more, from the taps alone (I13): a fresh engine is told what the live one was told, and everything it
//! says is kept here instead of in a database.
//!
//! Pure: whoever reads taps, rides, closes and commands gives them in the order of their times. What the engine asks of
//! a card's past is answered from what it has said itself; only rides come from outside, as recorded facts. What always
//! holds: nothing of what the live engine recorded of taps, legs, holds or money is looked at before [`compare`].

mod compare;

pub use compare::{Difference, Subject, compare};

use crate::card::Profile;
use crate::engine::{CardHistory, Effect, Event, FareEngine, PostedLeg, TapRecord};
use crate::journal::{Account, Journal};
use crate::leg::LegId;
use crate::money::Satang;
use crate::tap::Tap;
use gtfs::{ServiceDay, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// Taps are given back to an engine as their terminals told them for so long, seconds; the live one's driver does so too.
/// A tap is placed anew by visits within 3 hours of it, and those are told up to 3.5 hours after they were observed.
pub const RECENT_S: f64 = 7.0 * 3_600.0;
/// Questions of the engine in a row; more is a fault of ours.
const ROUNDS_MAX: usize = 64;

/// The engine asked the same again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck;

/// One card, as its taps alone have it.
#[derive(Clone, Debug, Default)]
struct CardBook {
    taps: BTreeMap<i64, TapRecord>,
    legs: BTreeMap<LegId, PostedLeg>,
    holds: BTreeMap<LegId, Satang>,
    /// What rides took from it.
    taken: Satang,
    is_denied: bool,
}

/// A fresh engine, and what it has said.
#[derive(Debug, Default)]
pub struct Replay {
    engine: FareEngine,
    cards: HashMap<Arc<str>, CardBook>,
    profiles: HashMap<Arc<str>, Profile>,
    /// The taps of the last [`RECENT_S`], by row.
    recent: VecDeque<(i64, Arc<Tap>)>,
    /// Cards with a leg in the books of a day that is not closed.
    posted: BTreeMap<ServiceDay, BTreeSet<Arc<str>>>,
    accounts: BTreeMap<Account, Satang>,
    wake_at: Option<Timestamp>,
    now: Timestamp,
}

impl Replay {
    /// Nothing was said yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Has the engine take events at `now` and settle what follows. The days whose recorded rides it needs first: give
    /// those by another call, each as an [`Event::Ride`], and an [`Event::RidesEnd`].
    ///
    /// # Errors
    /// [`Stuck`], by a fault of the engine alone.
    pub fn at(&mut self, now: Timestamp, events: Vec<Event>) -> Result<BTreeSet<ServiceDay>, Stuck> {
        self.now = self.now.max(now);
        let (mut queue, mut effects, mut days) = (VecDeque::from(events), Vec::new(), BTreeSet::new());
        for _ in 0..ROUNDS_MAX {
            for event in queue.drain(..) {
                self.note(&event);
                self.engine.step(self.now, event, &mut effects);
            }
            self.take(&mut effects, &mut queue, &mut days);
            if queue.is_empty() && days.is_empty() {
                self.wake_at = None;
                self.engine.step(self.now, Event::Tick, &mut effects);
                self.take(&mut effects, &mut queue, &mut days);
            }
            if queue.is_empty() {
                return Ok(days);
            }
        }
        Err(Stuck)
    }

    fn note(&mut self, event: &Event) {
        if let Event::Closed(day) = event {
            self.posted.retain(|posted, _| posted > day);
        }
        if let Event::Tap(row, tap) = event {
            self.recent.push_back((*row, Arc::clone(tap)));
            let is_old = |tap: &Tap| self.now.since_s(tap.request.received) >= RECENT_S;
            while self.recent.front().is_some_and(|(_, tap)| is_old(tap)) {
                self.recent.pop_front();
            }
        }
    }

    /// Keeps what was said, and answers what was asked.
    fn take(
        &mut self,
        effects: &mut Vec<Effect>,
        queue: &mut VecDeque<Event>,
        days: &mut BTreeSet<ServiceDay>,
    ) {
        for effect in effects.drain(..) {
            match effect {
                Effect::Need(card, from) => queue.push_back(Event::History(self.asked(&card, from))),
                Effect::NeedRides(day) => _ = days.insert(day),
                Effect::Tap(record) => {
                    _ = self.book(&record.card).taps.insert(record.row, *record);
                }
                Effect::Leg(posted) => self.leg(*posted),
                Effect::Hold(card, leg, Some(held)) => {
                    self.book(&card).holds.insert(leg, held.price.charge);
                }
                Effect::Hold(card, leg, None) => _ = self.book(&card).holds.remove(&leg),
                Effect::Journal(journal) => self.journal(&journal),
                Effect::Deny(card, is_denied) => self.book(&card).is_denied = is_denied,
                Effect::WakeAt(at) => self.wake_at = Some(at),
                // A recorded fact, which this replay was given; and what moves no money.
                Effect::Ride(_) | Effect::Suspect(_) => {}
            }
        }
    }

    fn book(&mut self, card: &Arc<str>) -> &mut CardBook {
        self.cards.entry(Arc::clone(card)).or_default()
    }

    fn leg(&mut self, posted: PostedLeg) {
        let leg = &posted.record.leg;
        self.posted.entry(posted.record.posting_day).or_default().insert(Arc::clone(&leg.card));
        let card = Arc::clone(&leg.card);
        self.book(&card).legs.insert(posted.record.leg.id.clone(), posted);
    }

    fn journal(&mut self, journal: &Journal) {
        for posting in &journal.postings {
            match &posting.account {
                Account::Card(card) => self.book(card).taken.0 += posting.debit.0,
                other => self.accounts.entry(other.clone()).or_default().0 += posting.debit.0,
            }
        }
    }

    /// What the engine asks for, with recent taps as they were told.
    fn asked(&self, card: &Arc<str>, from: Timestamp) -> CardHistory {
        let mut history = self.card(card, from);
        for (record, raw) in &mut history.taps {
            if self.now.since_s(record.tap.t) < RECENT_S && !record.tap.place.vehicle.is_empty() {
                let at = self.recent.binary_search_by_key(&record.row, |(row, _)| *row);
                *raw = at.ok().map(|at| Arc::clone(&self.recent[at].1));
            }
        }
        history
    }

    /// What was said of a card since `from`. Its balance is what rides took, below zero.
    #[must_use]
    pub fn card(&self, card: &Arc<str>, from: Timestamp) -> CardHistory {
        let profile = self.profiles.get(card).cloned().unwrap_or_default();
        let none = CardBook::default();
        let book = self.cards.get(card).unwrap_or(&none);
        let mut taps: Vec<_> = book.taps.values().filter(|record| record.tap.t >= from).cloned().collect();
        taps.sort_by(|a, b| a.tap.order().cmp(&b.tap.order()));
        CardHistory {
            card: Arc::clone(card),
            from,
            profile,
            balance: Satang(-book.taken.0),
            is_denied: book.is_denied,
            taps: taps.into_iter().map(|record| (record, None)).collect(),
            legs: book.legs.values().filter(|posted| posted.record.leg.start >= from).cloned().collect(),
            holds: book.holds.iter().map(|(leg, amount)| (leg.clone(), *amount)).collect(),
        }
    }

    /// Notes what is known of a card besides its taps, for when the engine asks.
    pub fn profile(&mut self, card: &Arc<str>, profile: Profile) {
        self.profiles.insert(Arc::clone(card), profile);
    }

    /// When [`Replay::at`] has something to do although nothing comes.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.wake_at
    }

    /// The cards of which anything was said, in no order.
    pub fn cards(&self) -> impl Iterator<Item = &Arc<str>> {
        self.cards.keys()
    }

    /// Cards with a provisional charge.
    #[must_use]
    pub fn held(&self) -> BTreeSet<Arc<str>> {
        let held = self.cards.iter().filter(|(_, book)| !book.holds.is_empty());
        held.map(|(card, _)| Arc::clone(card)).collect()
    }

    /// Cards with a leg, or a correction of one, in the books of `day`.
    #[must_use]
    pub fn posted(&self, day: ServiceDay) -> BTreeSet<Arc<str>> {
        self.posted.get(&day).cloned().unwrap_or_default()
    }

    /// The cards with a leg of `day` whose tap-off is missing.
    #[must_use]
    pub fn without_off(&self, day: ServiceDay) -> BTreeSet<Arc<str>> {
        let is_without = |posted: &PostedLeg| {
            posted.record.leg.service_day == day && posted.record.leg.status == crate::LegStatus::MissingOff
        };
        let cards = self.cards.iter().filter(|(_, book)| book.legs.values().any(is_without));
        cards.map(|(card, _)| Arc::clone(card)).collect()
    }

    /// What rides moved on accounts that are no card's: debits less credits.
    #[must_use]
    pub fn accounts(&self) -> &BTreeMap<Account, Satang> {
        &self.accounts
    }
}
