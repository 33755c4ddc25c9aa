//! The past, in the order of its times, told to a fresh engine.
//!
//! Taps come in the order of their rows, each when it was received; between them the engine is woken at the very moments
//! at which it asked to be, days begin and are closed when they were, and commands are followed when they were. What was
//! seen of vehicles on a day is told when the day begins: what a card owes may not hang on when that was heard.

use super::moved::moved;
use super::stored::cards_of;
use super::{Mark, Part, Told};
use crate::close::Step;
use crate::driver::fares::record;
use crate::driver::fares::said::Said;
use crate::driver::fares::seen::seen_on;
use chrono_tz::Tz;
use fares::engine::Event;
use fares::replay::Replay;
use fares::{FareCommand, Tap, Tariffs};
use gtfs::{ServiceDay, Timestamp};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use store::{Concession, Day, DayState, Db, StoreError, StoredCommand};

/// Taps read at a time.
const PAGE_TAPS: u32 = 10_000;
/// Commands read at a time.
const PAGE_ROWS: u32 = 1_000;
/// Days read at a time.
const PAGE_DAYS: u32 = 400;
/// Rides of so many days before the first tap are told: what an engine that began then was told.
const DAYS_BACK: usize = 3;

/// Something that happened besides taps.
enum Happening {
    /// A day was closed, or its close was begun.
    Close(Day),
    /// A command was followed that bears on rides.
    Command(StoredCommand),
}

/// Everything that happened, for the cards of a part.
pub(super) struct Past<'a> {
    db: &'a Db,
    part: Part,
    pub(super) replay: Replay,
    tariffs: Tariffs,
    tz: Tz,
    said: Said,
    concessions: HashMap<Arc<str>, Vec<Concession>>,
    /// When terminals were last moved.
    moved: HashMap<Arc<str>, Timestamp>,
    /// Cards with a tap on a terminal that was elsewhere then.
    pub(super) unknown: BTreeSet<Arc<str>>,
    /// By time.
    happenings: VecDeque<(Timestamp, Happening)>,
    /// The first day that is not told yet; `None` before the first tap.
    next_day: Option<ServiceDay>,
    /// The first day whose close was not read yet.
    next_close: ServiceDay,
    /// The last command that was read.
    command: i64,
    /// The last tap that was told.
    row: i64,
    now: Timestamp,
}

impl<'a> Past<'a> {
    /// Before the first tap.
    pub(super) async fn begin(db: &'a Db, configuration: &[Event], part: Part) -> Result<Self, StoreError> {
        let tariffs = configuration.iter().rev().find_map(|event| match event {
            Event::Tariffs(tariffs) => Some(tariffs.clone()),
            _ => None,
        });
        let tariffs = tariffs.unwrap_or_default();
        let tz = tariffs.all().last().map_or(Tz::UTC, |tariff| tariff.tz());
        let mut past = Self {
            db,
            part,
            replay: Replay::new(),
            tariffs,
            tz,
            said: Said::default(),
            concessions: HashMap::new(),
            moved: moved(db).await?,
            unknown: BTreeSet::new(),
            happenings: VecDeque::new(),
            next_day: None,
            next_close: ServiceDay(chrono::NaiveDate::default()),
            command: 0,
            row: 0,
            now: Timestamp(0),
        };
        past.read_happenings().await?;
        past.know_cards().await?;
        past.at(past.now, configuration.to_vec()).await?;
        Ok(past)
    }

    /// Lives on until a commit of the live engine.
    pub(super) async fn live_until(&mut self, mark: Mark, told: &mut Told<'_>) -> Result<(), StoreError> {
        self.read_happenings().await?;
        while self.row < mark.taps {
            let left = u32::try_from(mark.taps - self.row).unwrap_or(u32::MAX);
            let page = self.db.taps_after(self.row, PAGE_TAPS.min(left)).await?;
            let Some((last, _)) = page.last() else { break };
            let last = *last;
            let taps: Vec<(i64, Arc<Tap>)> =
                page.into_iter().map(|(row, tap)| (row, Arc::new(tap))).collect();
            for request in taps.chunk_by(|(_, a), (_, b)| Arc::ptr_eq(&a.request, &b.request)) {
                self.request(request).await?;
            }
            self.row = last;
            let Part { at, of } = self.part;
            told.now_and_then(|| {
                let part = if of > 1 { format!("part {} of {of}: ", at + 1) } else { String::new() };
                format!("{part}{last} of {} taps", mark.taps)
            });
        }
        self.until(Timestamp(mark.until.0.saturating_add(1))).await?;
        self.wake_until(mark.until).await
    }

    /// The taps of one request.
    async fn request(&mut self, taps: &[(i64, Arc<Tap>)]) -> Result<(), StoreError> {
        let Some((_, first)) = taps.first() else { return Ok(()) };
        self.until(first.request.received).await?;
        let now = self.now.max(first.request.received);
        let mut events = Vec::with_capacity(taps.len());
        for (row, tap) in taps.iter().filter(|(_, tap)| self.part.has(&tap.card)) {
            if self.moved.get(&tap.id.terminal).is_some_and(|moved| tap.request.received < *moved) {
                self.unknown.insert(Arc::clone(&tap.card));
            }
            events.push(Event::Tap(*row, Arc::clone(tap)));
        }
        if events.is_empty() {
            events.push(Event::Heard(Arc::clone(&first.id.terminal), Arc::clone(&first.request)));
        }
        self.at(now, events).await
    }

    /// Everything but taps that happened before `t`.
    async fn until(&mut self, t: Timestamp) -> Result<(), StoreError> {
        if self.next_day.is_none() {
            self.first_day(t).await?;
        }
        loop {
            let day = self.next_day.map_or(Timestamp(i64::MAX), |day| day.start(self.tz));
            let happening = self.happenings.front().map_or(Timestamp(i64::MAX), |(at, _)| *at);
            let next = day.min(happening);
            if next >= t {
                return self.wake_until(Timestamp(t.0.saturating_sub(1))).await;
            }
            self.wake_until(next).await?;
            if day <= happening {
                self.new_day(next).await?;
            } else if let Some((at, happening)) = self.happenings.pop_front() {
                let at = self.now.max(at);
                match happening {
                    Happening::Close(day) => self.close(at, &day).await?,
                    Happening::Command(command) => self.follow(at, &command).await?,
                }
            }
        }
    }

    async fn wake_until(&mut self, t: Timestamp) -> Result<(), StoreError> {
        while let Some(at) = self.replay.wake_at().filter(|at| *at <= t) {
            self.at(self.now.max(at), Vec::new()).await?;
        }
        Ok(())
    }

    /// Tells the engine, and gives it the rides that it asks for.
    async fn at(&mut self, now: Timestamp, events: Vec<Event>) -> Result<(), StoreError> {
        self.now = now;
        let stuck = |_| StoreError::Unreadable("the fare engine asks the same again and again".to_owned());
        let mut asked = self.replay.at(now, events).map_err(stuck)?;
        while !asked.is_empty() {
            let mut events = Vec::new();
            for day in asked {
                events.extend(self.db.rides_of(day).await?.into_iter().map(Event::Ride));
                events.push(Event::RidesEnd(day));
            }
            asked = self.replay.at(now, events).map_err(stuck)?;
        }
        Ok(())
    }

    async fn first_day(&mut self, t: Timestamp) -> Result<(), StoreError> {
        let today = ServiceDay::of(t, self.tz);
        let back: Vec<ServiceDay> =
            std::iter::successors(Some(today), |day| Some(day.previous())).take(DAYS_BACK + 1).collect();
        for day in back.into_iter().rev() {
            let (rides, visits) = seen_on(self.db, day).await?;
            self.at(self.now.max(day.start(self.tz)), rides.into_iter().chain(visits).collect()).await?;
        }
        let (rides, _) = seen_on(self.db, today.next()).await?;
        self.at(self.now, rides).await?;
        self.next_day = Some(today.next());
        Ok(())
    }

    /// A day begins: the rides of the next are known, and what will be seen on it is told.
    async fn new_day(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let Some(day) = self.next_day else { return Ok(()) };
        self.next_day = Some(day.next());
        let (_, visits) = seen_on(self.db, day).await?;
        let (rides, _) = seen_on(self.db, day.next()).await?;
        self.at(self.now.max(now), visits.into_iter().chain(rides).collect()).await
    }

    /// As [`crate::driver::fares::close`] has the live engine do it.
    async fn close(&mut self, now: Timestamp, closed: &Day) -> Result<(), StoreError> {
        let day = closed.day;
        let did = |step: Step| {
            let last = Step::ALL.into_iter().find(|step| step.word() == &*closed.step);
            closed.state == DayState::Closed || last.is_some_and(|last| last >= step)
        };
        if did(Step::EndLegs) {
            let held = self.replay.held().into_iter().map(Event::Load);
            self.at(now, std::iter::once(Event::Cut(day)).chain(held).collect()).await?;
        }
        if did(Step::Apportion) {
            let posted = self.replay.posted(day);
            self.at(now, posted.into_iter().map(Event::Share).collect()).await?;
        }
        if closed.state == DayState::Closed {
            self.at(now, vec![Event::Closed(day)]).await?;
        }
        Ok(())
    }

    /// As [`crate::driver::fares::commands`] has the live engine do it.
    async fn follow(&mut self, now: Timestamp, stored: &StoredCommand) -> Result<(), StoreError> {
        let command = &stored.asked.command;
        self.said.take(command);
        let events = match command {
            FareCommand::Concede { card, category, from, to } if self.part.has(card) => {
                let given = Concession { category: Arc::clone(category), from: *from, to: *to };
                self.concede(card, given);
                self.review(card, from.start(self.tz))
            }
            FareCommand::ConfirmTapOff { card, leg, .. } if self.part.has(card) => {
                let tap = self.db.tap(&leg.tap).await?;
                let since = tap.map_or(now, |(_, tap)| tap.request.received).plus_s(-86_400.0);
                self.review(card, since)
            }
            FareCommand::Amnesty { day, .. } => {
                let since = day.start(self.tz);
                let cards = self.replay.without_off(*day).into_iter();
                let review = cards.map(|card| Event::Review(card, since));
                let amnesties = Event::Amnesties(self.said.amnesties(&self.tariffs));
                std::iter::once(amnesties).chain(review).collect()
            }
            _ => return Ok(()),
        };
        self.at(now, events).await
    }

    fn concede(&mut self, card: &Arc<str>, given: Concession) {
        let known = self.concessions.entry(Arc::clone(card)).or_default();
        known.retain(|other| (&other.category, other.from) != (&given.category, given.from));
        let at = known.partition_point(|other| other.from <= given.from);
        known.insert(at, given);
    }

    fn review(&mut self, card: &Arc<str>, since: Timestamp) -> Vec<Event> {
        let concessions = self.concessions.get(card).into_iter().flatten();
        let profile = record::profile(concessions, self.said.confirmed(card), self.tz);
        self.replay.profile(card, profile.clone());
        vec![Event::Review(Arc::clone(card), since), Event::Profile(Arc::clone(card), profile)]
    }

    /// Closes and commands that came since they were last read.
    async fn read_happenings(&mut self) -> Result<(), StoreError> {
        let mut happenings: Vec<(Timestamp, Happening)> = Vec::new();
        loop {
            let page = self.db.days(self.next_close, PAGE_DAYS).await?;
            let count = page.len();
            for day in page {
                if day.state == DayState::Closed {
                    self.next_close = day.day.next();
                }
                happenings.push((day.changed, Happening::Close(day)));
            }
            if count < PAGE_DAYS as usize {
                break;
            }
        }
        loop {
            let page = self.db.ride_commands_done(self.command, PAGE_ROWS).await?;
            let Some((last, ..)) = page.last() else { break };
            self.command = *last;
            for (_, at, id) in page {
                let command = self.db.fare_command(id).await?;
                happenings.extend(command.map(|command| (at, Happening::Command(command))));
            }
        }
        self.happenings.extend(happenings);
        self.happenings.make_contiguous().sort_by_key(|(at, _)| *at);
        Ok(())
    }

    /// Concessions that no command gave were there from the beginning.
    async fn know_cards(&mut self) -> Result<(), StoreError> {
        let mut by_command: HashMap<&Arc<str>, Vec<(&Arc<str>, ServiceDay)>> = HashMap::new();
        for (_, happening) in &self.happenings {
            if let Happening::Command(stored) = happening
                && let FareCommand::Concede { card, category, from, .. } = &stored.asked.command
            {
                by_command.entry(card).or_default().push((category, *from));
            }
        }
        for card in cards_of(self.db, self.part).await? {
            let later = by_command.get(&card.token);
            let mut concessions = card.concessions;
            concessions
                .retain(|given| later.is_none_or(|later| !later.contains(&(&given.category, given.from))));
            if !concessions.is_empty() {
                self.replay.profile(&card.token, record::profile(concessions.iter(), Vec::new(), self.tz));
                self.concessions.insert(card.token, concessions);
            }
        }
        Ok(())
    }

    /// The cards to compare: of which anything was said here or is stored.
    pub(super) async fn cards(&self) -> Result<BTreeSet<Arc<str>>, StoreError> {
        let stored = cards_of(self.db, self.part).await?.into_iter().map(|card| card.token);
        let mut cards: BTreeSet<Arc<str>> = self.replay.cards().cloned().chain(stored).collect();
        cards.retain(|card| !self.unknown.contains(card));
        Ok(cards)
    }
}
