//! The fare engine with its database: reads what came, answers what the engine asks, stores what follows.
//!
//! What always holds: effects and cursors are one transaction, fenced by the lease, so a crash repeats nothing and loses
//! nothing; after a commit that failed the engine in memory knows more than the database, and must be made anew. While it
//! catches up, the engine works out what comes next as the last is being written; nothing is read before that is done.

use super::record;
use super::said::Said;
use chrono_tz::Tz;
use fares::breaker::Breaker;
use fares::engine::{CardHistory, Effect, Event, FareEngine, Quote, TapRecord};
use fares::replay::RECENT_S;
use fares::{Account, Satang, Tap, TapId};
use gtfs::{ServiceDay, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use store::deny::DenyChange;
use store::lease::{LEASE_RENEW_S, LEASE_TTL_S};
use store::{CardChange, CardState, CommandResult, Db, FareCommit, KnownHeads, Lease, StoreError};
use tokio::time::Instant;

/// Taps in one transaction at most while terminals send: on SQLite they wait for their acks as long as it lasts.
pub const TAPS_AT_ONCE: u32 = 2_000;
/// While none sends: the cards of a larger transaction share pages.
const TAPS_AT_ONCE_QUIET: u32 = 16_000;
/// Cards whose history is read in one query.
const CARDS_AT_ONCE: usize = 500;
/// Questions of the engine in a row, of which each has an answer; more is a fault of ours.
const ROUNDS_MAX: usize = 64;
/// How often the lease is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(LEASE_RENEW_S as u64);
/// The cursor of taps.
pub(super) const TAPS: &str = "taps";
/// The cursor of commands.
const COMMANDS: &str = "commands";

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
    pub(super) db: Db,
    pub(super) lease: Option<Lease>,
    pub(super) engine: FareEngine,
    taps_read: i64,
    commands_read: i64,
    wake_at: Option<Timestamp>,
    now: Timestamp,
    /// What operators said of rides.
    pub(super) said: Said,
    /// Stops what takes much from many.
    pub(super) breaker: Breaker,
    /// Cards that were never seen before.
    unseen: BTreeSet<Arc<str>>,
    /// When the lease was last renewed.
    renewed: Instant,
    /// What the engine said and is not written yet: only while more taps wait.
    unwritten: Option<FareCommit>,
    heads: KnownHeads,
    /// Taps in the next transaction at most.
    taps_at_once: u32,
}

/// What a transaction writes besides what the engine says.
#[derive(Debug, Default)]
pub(super) struct Besides {
    pub(super) taps_read: Option<i64>,
    pub(super) commands_read: Option<i64>,
    pub(super) cards: Vec<CardChange>,
    pub(super) results: Vec<CommandResult>,
    pub(super) denied: Vec<DenyChange>,
}

impl Desk {
    /// An engine that has read nothing yet since `lease` was taken.
    ///
    /// # Errors
    /// When the database does not answer; [`StoreError::Refused`] while rating is halted.
    pub async fn open(db: Db, lease: Option<Lease>) -> Result<Self, StoreError> {
        let breaker = super::halt::breaker(&db).await?;
        let taps_read = db.fare_cursor(TAPS).await?;
        let commands_read = db.fare_cursor(COMMANDS).await?;
        let said = Said::read(&db).await?;
        let (engine, now) = (FareEngine::new(), Timestamp(0));
        Ok(Self {
            db,
            lease,
            engine,
            taps_read,
            commands_read,
            wake_at: None,
            now,
            said,
            breaker,
            unseen: BTreeSet::new(),
            renewed: Instant::now(),
            unwritten: None,
            heads: KnownHeads::default(),
            taps_at_once: TAPS_AT_ONCE,
        })
    }

    /// Renews the lease when it is time; also in the middle of long work, for nobody else knows that it goes on.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when another process has it, or what keeps it from being asked for.
    pub async fn renew(&mut self) -> Result<(), StoreError> {
        let Some(lease) = self.lease.as_ref().filter(|_| self.renewed.elapsed() >= RENEW_EVERY) else {
            return Ok(());
        };
        let granted = self.db.lease_take(&lease.role, &lease.shard, &lease.holder, LEASE_TTL_S).await?;
        if granted.is_none_or(|granted| granted.epoch != lease.epoch) {
            return Err(StoreError::Refused("the lease of the fare engine is another process's now".into()));
        }
        self.renewed = Instant::now();
        Ok(())
    }

    /// Follows commands and takes the taps that were committed since the last round, and does what is due.
    ///
    /// # Errors
    /// When something can not be read or written; the desk is to be opened anew then.
    pub async fn round(&mut self, now: Timestamp) -> Result<Round, StoreError> {
        self.renew().await?;
        self.follow_commands(now).await?;
        if self.engine.tariffs().all().is_empty() {
            // Taps wait behind the cursor until there is a price for them.
            return Ok(Round::default());
        }
        let taps = self.db.taps_after(self.taps_read, self.taps_at_once).await?;
        let is_due = self.wake_at.is_some_and(|at| at <= now);
        if taps.is_empty() && !is_due {
            return Ok(Round::default());
        }
        let read = taps.last().map_or(self.taps_read, |(row, _)| *row);
        let round = Round { taps: taps.len(), is_behind: taps.len() >= self.taps_at_once as usize };
        let events = taps.into_iter().map(|(row, tap)| Event::Tap(row, Arc::new(tap))).collect();
        self.work(now, events, Besides { taps_read: Some(read), ..Besides::default() }).await?;
        if !round.is_behind {
            self.write().await?;
        }
        Ok(round)
    }

    /// Says whether terminals wait for acks: transactions grow while they do not, and are small again at once.
    pub fn pace(&mut self, is_quiet: bool) {
        let more = self.taps_at_once.saturating_mul(2).min(TAPS_AT_ONCE_QUIET);
        self.taps_at_once = if is_quiet { more } else { TAPS_AT_ONCE };
    }

    /// Has the engine take events that have no cursor: visits, rides, a new tariff, a day to cut.
    ///
    /// # Errors
    /// As [`Desk::round`].
    pub async fn tell(&mut self, now: Timestamp, events: Vec<Event>) -> Result<(), StoreError> {
        self.settle(now, events, Besides::default()).await
    }

    pub(super) async fn settle(
        &mut self,
        now: Timestamp,
        events: Vec<Event>,
        besides: Besides,
    ) -> Result<(), StoreError> {
        self.work(now, events, besides).await?;
        self.write().await
    }

    /// Has the engine take events; what it says is left unwritten, and what it said before is written by then.
    async fn work(&mut self, now: Timestamp, events: Vec<Event>, besides: Besides) -> Result<(), StoreError> {
        self.now = now;
        self.renew().await?;
        let mut said = self.step(now, events).await?;
        for _ in 0..ROUNDS_MAX {
            let answers = self.answers(&mut said).await?;
            if answers.is_empty() {
                return self.leave(now, said, besides).await;
            }
            said.extend(self.step(now, answers).await?);
        }
        Err(StoreError::Unreadable("the fare engine asks the same again and again".into()))
    }

    /// What the engine says to events, and then to its tick unless it has a question; meanwhile the last is written.
    async fn step(&mut self, now: Timestamp, events: Vec<Event>) -> Result<Vec<Effect>, StoreError> {
        let mut engine = std::mem::take(&mut self.engine);
        let stepped = tokio::task::spawn_blocking(move || {
            let mut effects = Vec::new();
            for event in events {
                engine.step(now, event, &mut effects);
            }
            if !effects.iter().any(is_question) {
                engine.step(now, Event::Tick, &mut effects);
            }
            (engine, effects)
        });
        let (stepped, written) = tokio::join!(stepped, self.write());
        let (engine, effects) =
            stepped.map_err(|failure| StoreError::Unreadable(format!("the fare engine: {failure}")))?;
        self.engine = engine;
        written.map(|()| effects)
    }

    /// Writes what is unwritten.
    async fn write(&mut self) -> Result<(), StoreError> {
        match self.unwritten.take() {
            Some(commit) => self.db.fares_commit_after(&commit, &mut self.heads).await.map(drop),
            None => Ok(()),
        }
    }

    /// Makes a transaction of what the engine said.
    async fn leave(
        &mut self,
        now: Timestamp,
        effects: Vec<Effect>,
        besides: Besides,
    ) -> Result<(), StoreError> {
        let mut wakes = effects.iter().filter_map(|effect| match effect {
            Effect::WakeAt(at) => Some(*at),
            _ => None,
        });
        self.wake_at = wakes.next_back();
        let is_said = effects.iter().any(|effect| !matches!(effect, Effect::WakeAt(_)));
        let taps_read = besides.taps_read.unwrap_or(self.taps_read);
        let commands_read = besides.commands_read.unwrap_or(self.commands_read);
        if !is_said && (taps_read, commands_read) == (self.taps_read, self.commands_read) {
            return Ok(());
        }
        self.weigh(now, &effects).await?;
        let (lease, salt) = (self.lease.clone(), rand::random());
        let cursors = vec![(TAPS.into(), taps_read), (COMMANDS.into(), commands_read)];
        let Besides { cards, results, denied, .. } = besides;
        let mut commit =
            FareCommit { lease, at: now, salt, cursors, cards, commands: results, ..FareCommit::default() };
        record::add(effects, self.tz(), &mut commit);
        let seen = std::mem::take(&mut self.unseen);
        commit.cards.splice(0..0, seen.iter().map(CardChange::seen));
        self.keep_denied(&mut commit.denied).await?;
        commit.denied.extend(denied);
        self.unwritten = Some(commit);
        (self.taps_read, self.commands_read) = (taps_read, commands_read);
        Ok(())
    }

    /// Who paid a debt is not let in where an operator denied the card, or it was lost.
    async fn keep_denied(&self, changes: &mut Vec<DenyChange>) -> Result<(), StoreError> {
        let paid = changes.iter().filter(|change| !change.denied);
        let paid: Vec<Arc<str>> = paid.map(|change| Arc::clone(&change.card)).collect();
        if !paid.is_empty() {
            let barred = self.db.cards(&paid).await?.into_iter().filter(is_barred);
            let barred: BTreeSet<Arc<str>> = barred.map(|card| card.token).collect();
            changes.retain(|change| change.denied || !barred.contains(&change.card));
        }
        Ok(())
    }

    /// The zone of the tariff.
    pub(super) fn tz(&self) -> Tz {
        self.engine.tariffs().all().last().map_or(Tz::UTC, |tariff| tariff.tz())
    }

    /// What was stored of cards, each since its time.
    pub(super) async fn histories(
        &self,
        asked: &[(Arc<str>, Timestamp)],
    ) -> Result<Vec<CardHistory>, StoreError> {
        let Some(from) = asked.iter().map(|(_, from)| *from).min() else { return Ok(Vec::new()) };
        let cards: Vec<Arc<str>> = asked.iter().map(|(card, _)| Arc::clone(card)).collect();
        let stored = self.db.cards_histories(&cards, from).await?;
        let known = self.db.cards(&cards).await?.into_iter();
        let known: HashMap<Arc<str>, store::Card> =
            known.map(|card| (Arc::clone(&card.token), card)).collect();
        let denied = self.db.denied_of(&cards).await?.into_iter();
        let in_debt = denied.filter(|(_, reason)| &**reason == record::DEBT).map(|(card, _)| card);
        let in_debt: BTreeSet<Arc<str>> = in_debt.collect();
        let mut histories = Vec::with_capacity(stored.len());
        for stored in stored {
            let mut history = record::history(stored, from)?;
            history.is_denied = in_debt.contains(&history.card);
            if let Some(card) = known.get(&history.card) {
                let confirmed = self.said.confirmed(&history.card);
                history.profile = record::profile(card.concessions.iter(), confirmed, self.tz());
            }
            histories.push(history);
        }
        self.with_raw(&mut histories).await?;
        Ok(histories)
    }

    /// Recent taps as the terminal told them: what is seen of their vehicles later may move them.
    async fn with_raw(&self, histories: &mut [CardHistory]) -> Result<(), StoreError> {
        let is_recent = |record: &TapRecord| {
            self.now.since_s(record.tap.t) < RECENT_S && !record.tap.place.vehicle.is_empty()
        };
        let taps = || histories.iter().flat_map(|history| &history.taps);
        let rows = taps().filter(|(record, _)| is_recent(record)).map(|(record, _)| record.row).collect();
        let told: HashMap<i64, Arc<Tap>> =
            self.db.taps_at(rows).await?.into_iter().map(|(row, tap)| (row, Arc::new(tap))).collect();
        for (record, raw) in histories.iter_mut().flat_map(|history| &mut history.taps) {
            *raw = told.get(&record.row).cloned();
        }
        Ok(())
    }

    /// Answers what the engine asked; the questions are taken out of `effects`.
    async fn answers(&mut self, effects: &mut Vec<Effect>) -> Result<Vec<Event>, StoreError> {
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
            let histories = self.histories(some).await?;
            let unseen =
                histories.iter().filter(|history| history.taps.is_empty() && history.legs.is_empty());
            self.unseen.extend(unseen.map(|history| Arc::clone(&history.card)));
            events.extend(histories.into_iter().map(Event::History));
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

    /// The number of the last command that was followed.
    pub(super) fn commands_read(&self) -> i64 {
        self.commands_read
    }

    /// The id of the last tap that was taken.
    #[must_use]
    pub fn taps_read(&self) -> i64 {
        self.taps_read
    }

    /// Makes the rides of a day final.
    ///
    /// # Errors
    /// As [`Desk::round`].
    pub async fn end(&mut self, now: Timestamp, day: ServiceDay) -> Result<(), StoreError> {
        let held = self.db.fare_cards_held().await?;
        let load = held.into_iter().map(Event::Load);
        self.tell(now, std::iter::once(Event::Cut(day)).chain(load).collect()).await
    }

    /// Shares out what was charged in the books of a day that was ended; its clearing account is then zero.
    ///
    /// # Errors
    /// As [`Desk::round`].
    pub async fn share(&mut self, now: Timestamp, day: ServiceDay) -> Result<Satang, StoreError> {
        let posted = self.db.fare_cards_of(day).await?;
        for some in posted.chunks(CARDS_AT_ONCE) {
            self.tell(now, some.iter().cloned().map(Event::Share).collect()).await?;
        }
        let balances = self.db.balances(&[Account::FareClearing]).await?;
        Ok(balances.first().map_or(Satang(0), |balance| balance.debit))
    }

    /// The books of a day take no more journals.
    ///
    /// # Errors
    /// As [`Desk::round`].
    pub async fn closed(&mut self, now: Timestamp, day: ServiceDay) -> Result<(), StoreError> {
        self.tell(now, vec![Event::Closed(day)]).await
    }
}

fn is_question(effect: &Effect) -> bool {
    matches!(effect, Effect::Need(..) | Effect::NeedRides(_))
}

fn is_barred(card: &store::Card) -> bool {
    matches!(card.state, CardState::Denied | CardState::Lost | CardState::Closed)
}
