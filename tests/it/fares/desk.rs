//! A desk on SQLite and on PostgreSQL lives through a town, and says what the engine alone says.

use super::drive::Drive;
use super::shelf::{self, Shelf};
use super::town::{Dice, Town, day, received};
use crate::harness::{Backend, on_both};
use ::fares::engine::Event;
use ::fares::tap::TapLine;
use ::fares::{LegStatus, Tap};
use gtfs::Timestamp;
use server::driver::fares::close::close;
use server::driver::fares::desk::Desk;
use server::ingest::seal::ServerKey;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use store::TapBatch;
use store::tap::Block;

const HOUR_S: f64 = 3_600.0;
pub(super) const DAYS: u64 = 3;

/// A tap as its terminal would have written it.
fn line(tap: &Tap) -> String {
    TapLine {
        epoch: tap.id.epoch,
        seq: tap.id.seq,
        boot: &tap.clock.boot,
        up_ms: tap.clock.up_ms,
        wall: "",
        card: &tap.card,
        kind: tap.kind,
        vehicle: &tap.whereabouts.vehicle,
        trip: &tap.whereabouts.trip,
        stop: &tap.whereabouts.stop,
        fix: None,
        gps: "",
        pax: tap.pax,
        denied: None,
        fare: None,
        balance: None,
    }
    .to_string()
}

pub(super) fn batch(tap: &Tap) -> TapBatch {
    let text = line(tap);
    let mut block = Block::default();
    block.push(&TapLine::read(&text).unwrap(), None);
    shelf::batch(&tap.id.terminal, tap.id.epoch, Arc::clone(&tap.request), block)
}

/// When each tap, visit and close happens; taps late now and then.
fn arrivals(town: &Town, dice: &mut Dice) -> Vec<(Timestamp, What)> {
    let mut arrivals = Vec::new();
    for (at, (t, _)) in town.taps.iter().enumerate() {
        let late_s = if dice.percent(70) { 1 } else { dice.below(30 * 3_600) };
        arrivals.push((t.plus_s(late_s as f64), What::Tap(at)));
    }
    for (at, visit) in town.visits.iter().enumerate() {
        arrivals.push((visit.left.or(visit.arrived).unwrap(), What::Visit(at)));
    }
    for n in 0..DAYS {
        arrivals.push((day(n).start(chrono_tz::Asia::Bangkok).plus_s(29.0 * HOUR_S), What::Close(n)));
        let dies = n * 24 * 3_600 + dice.below(24 * 3_600);
        arrivals.push((day(0).start(chrono_tz::Asia::Bangkok).plus_s(dies as f64), What::Dies));
    }
    arrivals.sort_by_key(|(t, _)| *t);
    arrivals
}

#[derive(Clone, Copy)]
enum What {
    Tap(usize),
    Visit(usize),
    Close(u64),
    Dies,
}

/// The server's side: a desk, and what a new one is told.
pub(super) struct Office<'a> {
    town: &'a Town,
    pub(super) shelf: Shelf,
    pub(super) desk: Desk,
    key: ServerKey,
    seen: Vec<Event>,
    cut: Option<u64>,
}

impl<'a> Office<'a> {
    /// One with an empty database of its own.
    pub(super) async fn open(town: &'a Town, backend: Backend) -> Self {
        let shelf = Shelf::open(backend).await;
        let desk = Desk::open(shelf.db.clone(), None).await.unwrap();
        let mut office = Self { town, shelf, desk, key: ServerKey::passing(), seen: Vec::new(), cut: None };
        office.begin(day(0).start(chrono_tz::Asia::Bangkok)).await;
        office
    }

    /// One in which a town has lived, with late taps, restarts and closes.
    pub(super) async fn lived(backend: Backend, town: &'a Town, seed: u64) -> Self {
        let mut office = Self::open(town, backend).await;
        for (now, what) in arrivals(town, &mut Dice(seed ^ 0xbead)) {
            office.happens(now, what).await;
        }
        for n in DAYS..DAYS + 3 {
            office.close(day(n).start(chrono_tz::Asia::Bangkok).plus_s(29.0 * HOUR_S), n).await;
        }
        office
    }

    /// Everything of that time when it happens; no day is closed.
    pub(super) async fn lives(&mut self, time: Range<Timestamp>) {
        let mut dice = Dice(0);
        let mut arrivals = arrivals(self.town, &mut dice);
        arrivals.retain(|(_, what)| matches!(what, What::Visit(_)));
        arrivals.extend(self.town.taps.iter().enumerate().map(|(at, (t, _))| (t.plus_s(1.0), What::Tap(at))));
        arrivals.sort_by_key(|(t, _)| *t);
        for (now, what) in arrivals.into_iter().filter(|(now, _)| time.contains(now)) {
            self.happens(now, what).await;
        }
    }

    pub(super) async fn begin(&mut self, now: Timestamp) {
        self.desk = Desk::open(self.shelf.db.clone(), None).await.unwrap();
        let mut events = self.town.configuration();
        events.extend(self.cut.map(|n| Event::Cut(day(n))));
        events.extend(self.cut.map(|n| Event::Closed(day(n))));
        events.extend(self.seen.iter().cloned());
        let held = self.shelf.db.fare_cards_held().await.unwrap();
        let recent = self.shelf.db.fare_cards_recent(now.plus_s(-6.0 * HOUR_S), 10_000).await.unwrap();
        events.extend(held.into_iter().chain(recent).map(Event::Load));
        self.desk.tell(now, events).await.unwrap();
    }

    async fn happens(&mut self, now: Timestamp, what: What) {
        match what {
            What::Tap(at) => {
                let tap = received(&self.town.taps[at].1, now);
                self.shelf.writer.submit(batch(&tap)).await.unwrap();
                self.desk.round(now).await.unwrap();
            }
            What::Visit(at) => {
                let visit = Event::Visit(self.town.visits[at].clone());
                self.seen.push(visit.clone());
                self.desk.tell(now, vec![visit]).await.unwrap();
            }
            What::Close(n) => self.close(now, n).await,
            What::Dies => self.begin(now).await,
        }
    }

    /// As the server does at 05:00: everything is worked out twice, and the day sealed.
    async fn close(&mut self, now: Timestamp, n: u64) {
        self.desk.round(now).await.unwrap();
        close(&mut self.desk, &self.shelf.db, &self.key, now, day(n), "test").await.unwrap();
        self.cut = Some(n);
    }

    /// Accounts, and the newest revision of every leg.
    pub(super) async fn outcome(&self) -> String {
        let mut lines = Vec::new();
        let (books, _) = self.shelf.db.books(i64::MAX).await.unwrap();
        for (account, debit) in books.accounts().filter(|(_, debit)| debit.0 != 0) {
            lines.push(format!("{account} {debit}"));
        }
        let mut newest = BTreeMap::new();
        for n in 0..DAYS {
            for (id, row) in self.shelf.db.legs_of_day(day(n), 0, 100_000).await.unwrap() {
                newest.insert(row.leg.id.clone(), (row.rev, id, row));
            }
        }
        for (_, _, row) in newest.into_values().filter(|(_, _, row)| row.leg.status != LegStatus::Withdrawn) {
            let share = row.share.as_ref().map_or(0, |share| share.amount.0);
            lines.push(format!(
                "{} {} {} share {share}",
                row.leg.id,
                row.leg.status.word(),
                row.leg.price.charge
            ));
        }
        lines.sort();
        lines.join("\n")
    }
}

/// The same town in memory, everything in order.
fn in_memory(town: &Town) -> String {
    let mut drive = Drive::new(town);
    let mut arrivals: Vec<(Timestamp, What)> = Vec::new();
    arrivals.extend(town.taps.iter().enumerate().map(|(at, (t, _))| (t.plus_s(1.0), What::Tap(at))));
    arrivals.extend(
        (0..DAYS + 3).map(|n| (day(n).start(chrono_tz::Asia::Bangkok).plus_s(29.0 * HOUR_S), What::Close(n))),
    );
    for (at, visit) in town.visits.iter().enumerate() {
        arrivals.push((visit.left.or(visit.arrived).unwrap(), What::Visit(at)));
    }
    arrivals.sort_by_key(|(t, _)| *t);
    let mut row = 0;
    for (now, what) in arrivals {
        match what {
            What::Tap(at) => {
                let tap = received(&town.taps[at].1, now);
                drive.books.taps.push(Arc::clone(&tap));
                drive.at(now, vec![Event::Tap(row, tap)]);
                row += 1;
            }
            What::Visit(at) => drive.at(now, vec![Event::Visit(town.visits[at].clone())]),
            What::Close(n) => drive.close(now, day(n)),
            What::Dies => {}
        }
    }
    let mut lines = Vec::new();
    for (account, debit) in drive.books.balances.iter().filter(|(_, debit)| debit.0 != 0) {
        lines.push(format!("{account} {debit}"));
    }
    for (record, share) in
        drive.books.legs.values().filter(|(record, _)| record.leg.status != LegStatus::Withdrawn)
    {
        let share = share.as_ref().map_or(0, |share| share.amount.0);
        lines.push(format!(
            "{} {} {} share {share}",
            record.leg.id,
            record.leg.status.word(),
            record.leg.price.charge
        ));
    }
    lines.sort();
    lines.join("\n")
}

#[test]
fn a_town_on_a_real_database_ends_with_the_same_books_as_in_memory_however_late_its_taps_come() {
    on_both("fares desk", async |backend| {
        let town = Town::new(1, 12, DAYS);
        let office = Office::lived(backend, &town, 1).await;
        assert_eq!(office.outcome().await, in_memory(&town), "{backend:?}");
        let verdict = office.shelf.db.ledger_verify().await.unwrap();
        assert!(verdict.faults.is_empty(), "{:?}", verdict.faults);
        office.shelf.close().await;
    });
}
