//! Runs the engine as the server's driver does: feed, answer what it asks, tick, store.

use super::books::Books;
use super::town::Town;
use fares::engine::{Effect, Event, FareEngine};
use gtfs::{ServiceDay, Timestamp};
use std::collections::VecDeque;

/// More rounds of questions than this are a loop.
const ROUNDS_MAX: usize = 50;

pub(crate) struct Drive<'a> {
    pub(crate) town: &'a Town,
    pub(crate) books: Books,
    pub(crate) engine: FareEngine,
    closed: Option<ServiceDay>,
    cut: Option<ServiceDay>,
    now: Timestamp,
}

impl<'a> Drive<'a> {
    pub(crate) fn new(town: &'a Town) -> Self {
        let (engine, books) = (FareEngine::new(), Books::default());
        let mut drive = Self { town, books, engine, closed: None, cut: None, now: Timestamp(0) };
        drive.configure();
        drive
    }

    /// What a driver tells an engine that has just begun.
    fn configure(&mut self) {
        let mut effects = Vec::new();
        for event in self.town.configuration() {
            self.engine.step(self.now, event, &mut effects);
        }
        if let Some(cut) = self.cut {
            self.engine.step(self.now, Event::Cut(cut), &mut effects);
        }
        if let Some(closed) = self.closed {
            self.engine.step(self.now, Event::Closed(closed), &mut effects);
        }
        self.books.store(&effects);
    }

    /// The process dies and begins again.
    pub(crate) fn restart(&mut self, visits: Vec<Event>) {
        self.engine = FareEngine::new();
        self.configure();
        let cards: Vec<_> =
            self.books.records.values().map(|record| std::sync::Arc::clone(&record.card)).collect();
        self.at(self.now, visits.into_iter().chain(cards.into_iter().map(Event::Load)).collect());
    }

    /// Feeds events, answers questions, ticks, and stores everything at once.
    pub(crate) fn at(&mut self, now: Timestamp, events: Vec<Event>) {
        self.now = now;
        let mut effects = Vec::new();
        let mut queue: VecDeque<Event> = events.into();
        for _ in 0..ROUNDS_MAX {
            while let Some(event) = queue.pop_front() {
                self.engine.step(now, event, &mut effects);
                self.answer(&mut effects, &mut queue);
            }
            self.engine.step(now, Event::Tick, &mut effects);
            self.answer(&mut effects, &mut queue);
            if queue.is_empty() {
                self.books.store(&effects);
                return;
            }
        }
        panic!("the engine asks again and again");
    }

    fn answer(&self, effects: &mut Vec<Effect>, queue: &mut VecDeque<Event>) {
        effects.retain(|effect| match effect {
            Effect::Need(card, from) => {
                queue.push_front(Event::History(self.books.history(card, *from)));
                false
            }
            Effect::NeedRides(day) => {
                let of_day = self.books.rides.values().filter(|ride| ride.key.day == *day);
                queue.extend(of_day.cloned().map(Event::Ride));
                queue.push_back(Event::RidesEnd(*day));
                false
            }
            _ => true,
        });
    }

    /// The close of a day as the server does it.
    pub(crate) fn close(&mut self, now: Timestamp, day: ServiceDay) {
        self.cut = Some(day);
        let held = self.books.touched(day).into_iter().map(Event::Load);
        self.at(now, std::iter::once(Event::Cut(day)).chain(held).collect());
        let touched = self.books.touched(day).into_iter().map(Event::Share).collect();
        self.at(now, touched);
        assert_eq!(self.books.balance(&fares::Account::FareClearing).0, 0, "I7: {day} is closed");
        self.closed = Some(day);
        self.at(now, vec![Event::Closed(day)]);
    }
}
