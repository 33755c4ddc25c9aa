//! The fare engine with its database: reads what came, answers what the engine asks, stores what follows.
//!
//! What always holds: effects and cursors are one transaction, fenced by the lease, so a crash repeats nothing and loses
//! nothing; after a commit that failed the engine in memory knows more than the database, and must be made anew.

use fares::engine::{Effect, Event, FareEngine, Quote};
use fares::{Satang, TapId};
use gtfs::{ServiceDay, Timestamp};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use store::{Db, Lease, StoreError};

/// Taps in one transaction at most: large while catching up, so that pages that many cards share are written once.
pub const TAPS_AT_ONCE: u32 = 20_000;
/// Cards whose history is read in one query.
const CARDS_AT_ONCE: usize = 500;
/// Questions of the engine in a row, of which each has an answer; more is a fault of ours.
const ROUNDS_MAX: usize = 64;
/// The cursor of taps, and of commands.
const TAPS: &str = "taps";

/// How far a round came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Taps that it took.
    pub taps: usize,
    /// Whether there are probably more.
    pub is_behind: bool,
}

/// The fare engine at work.
#[derive(Debug)]
pub struct Desk {
    db: Db,
    lease: Option<Lease>,
    engine: FareEngine,
    taps_read: i64,
    wake_at: Option<Timestamp>,
}

impl Desk {
    /// An engine that has read nothing yet since `lease` was taken.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open(db: Db, lease: Option<Lease>) -> Result<Self, StoreError> {
        let taps_read = db.fare_cursor(TAPS).await?;
        Ok(Self { db, lease, engine: FareEngine::new(), taps_read, wake_at: None })
    }

    /// Takes the taps that were committed since the last round, and does what is due.
    ///
    /// # Errors
    /// When something can not be read or written; the desk is to be opened anew then.
    pub async fn round(&mut self, now: Timestamp) -> Result<Round, StoreError> {
        let taps = self.db.taps_after(self.taps_read, TAPS_AT_ONCE).await?;
        let is_due = self.wake_at.is_some_and(|at| at <= now);
        if taps.is_empty() && !is_due {
            return Ok(Round::default());
        }
        let read = taps.last().map_or(self.taps_read, |(row, _)| *row);
        let round = Round { taps: taps.len(), is_behind: taps.len() >= TAPS_AT_ONCE as usize };
        let events = taps.into_iter().map(|(row, tap)| Event::Tap(row, Arc::new(tap))).collect();
        self.settle(now, events, read).await?;
        Ok(round)
    }

    /// Has the engine take events that have no cursor: visits, rides, a new tariff, a day to cut.
    ///
    /// # Errors
    /// As [`Desk::round`].
    pub async fn tell(&mut self, now: Timestamp, events: Vec<Event>) -> Result<(), StoreError> {
        self.settle(now, events, self.taps_read).await
    }

    async fn settle(&mut self, now: Timestamp, events: Vec<Event>, read: i64) -> Result<(), StoreError> {
        let mut effects = Vec::new();
        let mut queue: VecDeque<Event> = events.into();
        for _ in 0..ROUNDS_MAX {
            for event in queue.drain(..) {
                self.engine.step(now, event, &mut effects);
            }
            queue.extend(self.answers(&mut effects).await?);
            if !queue.is_empty() {
                continue;
            }
            self.engine.step(now, Event::Tick, &mut effects);
            queue.extend(self.answers(&mut effects).await?);
            if queue.is_empty() {
                return self.commit(now, effects, read).await;
            }
        }
        Err(StoreError::Unreadable("the fare engine asks the same again and again".into()))
    }

    async fn commit(&mut self, now: Timestamp, effects: Vec<Effect>, read: i64) -> Result<(), StoreError> {
        let wakes = effects.iter().filter_map(|effect| match effect {
            Effect::WakeAt(at) => Some(*at),
            _ => None,
        });
        self.wake_at = wakes.last();
        let is_news =
            read != self.taps_read || effects.iter().any(|effect| !matches!(effect, Effect::WakeAt(_)));
        if is_news {
            self.db.fares_commit(self.lease.as_ref(), now, &[(TAPS, read)], &effects).await?;
            self.taps_read = read;
        }
        Ok(())
    }

    /// Answers what the engine asked; the questions are taken out of `effects`.
    async fn answers(&self, effects: &mut Vec<Effect>) -> Result<Vec<Event>, StoreError> {
        let (mut cards, mut days) = (Vec::new(), BTreeSet::new());
        effects.retain(|effect| match effect {
            Effect::Need(card, from) => {
                cards.push((Arc::clone(card), *from));
                false
            }
            Effect::NeedRides(day) => {
                days.insert(*day);
                false
            }
            _ => true,
        });
        let mut events = Vec::new();
        for day in days {
            events.extend(self.db.rides_of(day).await?.into_iter().map(Event::Ride));
            events.push(Event::RidesEnd(day));
        }
        for some in cards.chunks(CARDS_AT_ONCE) {
            events.extend(self.db.card_histories(some).await?.into_iter().map(Event::History));
        }
        Ok(events)
    }

    /// What a terminal shows for a tap that this desk has taken.
    #[must_use]
    pub fn quote(&self, card: &str, tap: &TapId) -> Option<Quote> {
        self.engine.quote(card, tap)
    }

    /// When the next round has something to do although nothing comes.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.wake_at
    }

    /// The id of the last tap that was taken.
    #[must_use]
    pub fn taps_read(&self) -> i64 {
        self.taps_read
    }

    /// Makes the rides of a day final, and shares out what was charged for them; the day's clearing account is then zero.
    ///
    /// # Errors
    /// As [`Desk::round`].
    pub async fn cut(&mut self, now: Timestamp, day: ServiceDay) -> Result<Satang, StoreError> {
        let held = self.db.fare_cards_held(day).await?;
        let load = held.into_iter().map(Event::Load);
        self.tell(now, std::iter::once(Event::Cut(day)).chain(load).collect()).await?;
        let posted = self.db.fare_cards_of(day).await?;
        for some in posted.chunks(CARDS_AT_ONCE) {
            self.tell(now, some.iter().cloned().map(Event::Share).collect()).await?;
        }
        self.db.balance_of(&fares::Account::FareClearing).await
    }

    /// The books of a day take no more journals.
    ///
    /// # Errors
    /// As [`Desk::round`].
    pub async fn closed(&mut self, now: Timestamp, day: ServiceDay) -> Result<(), StoreError> {
        self.tell(now, vec![Event::Closed(day)]).await
    }
}
