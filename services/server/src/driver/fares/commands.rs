//! Commands of operators and programs: top-ups, refunds, lost cards, confirmed rides, amnesties.
//!
//! Each is one transaction: the money, what becomes of the card, the word for whoever asked, and the cursor.

use super::desk::{Besides, Desk};
use crate::finance::execute::{Followed, follow};
use fares::engine::Event;
use fares::{Account, FareCommand, LegStatus, Satang};
use gtfs::{ServiceDay, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::deny::DenyChange;
use store::{CardChange, CommandResult, StoreError, StoredCommand};

/// Commands in one round.
const COMMANDS_AT_ONCE: u32 = 200;
/// Rows of legs read at a time.
const PAGE_ROWS: u32 = 10_000;

impl Desk {
    /// Follows the commands that became ready since the last round.
    pub(super) async fn follow_commands(&mut self, now: Timestamp) -> Result<(), StoreError> {
        for (event, stored) in self.db.fare_commands_after(self.commands_read(), COMMANDS_AT_ONCE).await? {
            self.follow_one(now, event, &stored).await?;
        }
        Ok(())
    }

    async fn follow_one(
        &mut self,
        now: Timestamp,
        event: i64,
        stored: &StoredCommand,
    ) -> Result<(), StoreError> {
        let command = &stored.asked.command;
        let card = match command.card() {
            Some(token) => self.db.card(token).await?,
            None => None,
        };
        let balance = match command.card() {
            Some(token) => self.posted(token).await?,
            None => Satang(0),
        };
        let mut besides = Besides { commands_read: Some(event), ..Besides::default() };
        let Some(Followed { journal, card: change, result }) = follow(stored, card.as_ref(), balance, now)
        else {
            return self.about_rides(now, stored, besides).await;
        };
        let mut events: Vec<Event> = journal.into_iter().map(Event::Journal).collect();
        if result.done {
            besides.denied.extend(denial(command));
            if let FareCommand::Concede { card: token, from, .. } = command {
                events.extend(self.conceded(token, change.as_ref(), card, *from));
            }
        }
        besides.cards.extend(change);
        besides.results.push(result);
        self.settle(now, events, besides).await
    }

    /// A concession bears on rides from its first day on.
    fn conceded(
        &self,
        token: &Arc<str>,
        change: Option<&CardChange>,
        card: Option<store::Card>,
        from: ServiceDay,
    ) -> Vec<Event> {
        let Some(given) = change.and_then(|change| change.concession.clone()) else { return Vec::new() };
        let known = card.map_or_else(Vec::new, |card| card.concessions);
        let concessions = known.iter().chain([&given]);
        let profile = super::record::profile(concessions, self.said.confirmed(token), self.tz());
        let since = from.start(self.tz());
        vec![Event::Review(Arc::clone(token), since), Event::Profile(Arc::clone(token), profile)]
    }

    /// What only the engine can do.
    async fn about_rides(
        &mut self,
        now: Timestamp,
        stored: &StoredCommand,
        mut besides: Besides,
    ) -> Result<(), StoreError> {
        let command = &stored.asked.command;
        self.said.take(command);
        let events = match command {
            FareCommand::ConfirmTapOff { card, leg, .. } => {
                let known = self.db.card(card).await?.map_or_else(Vec::new, |card| card.concessions);
                let profile = super::record::profile(known.iter(), self.said.confirmed(card), self.tz());
                let since = self.db.tap(&leg.tap).await?.map_or(now, |(_, tap)| tap.request.received);
                let since = since.plus_s(-86_400.0);
                vec![Event::Review(Arc::clone(card), since), Event::Profile(Arc::clone(card), profile)]
            }
            FareCommand::Amnesty { day, .. } => {
                let amnesties = self.said.amnesties(self.engine.tariffs());
                let since = day.start(self.tz());
                let cards = self.without_off(*day).await?.into_iter();
                let review = cards.map(|card| Event::Review(card, since));
                std::iter::once(Event::Amnesties(amnesties)).chain(review).collect()
            }
            _ => Vec::new(),
        };
        besides.results.push(CommandResult { command: stored.id, done: true, detail: "".into() });
        self.settle(now, events, besides).await
    }

    /// Cards with a ride of a day whose tap-off is missing.
    async fn without_off(&self, day: ServiceDay) -> Result<BTreeSet<Arc<str>>, StoreError> {
        let (mut cards, mut id) = (BTreeSet::new(), 0);
        loop {
            let page = self.db.legs_of_day(day, id, PAGE_ROWS).await?;
            let Some((last, _)) = page.last() else { return Ok(cards) };
            id = *last;
            let missing = page.into_iter().map(|(_, row)| row.leg);
            cards.extend(missing.filter(|leg| leg.status == LegStatus::MissingOff).map(|leg| leg.card));
        }
    }

    async fn posted(&self, card: &Arc<str>) -> Result<Satang, StoreError> {
        let balances = self.db.balances(&[Account::Card(Arc::clone(card))]).await?;
        Ok(balances.first().map_or(Satang(0), |balance| Satang(balance.debit.0.saturating_neg())))
    }
}

/// What terminals are told of a card.
fn denial(command: &FareCommand) -> Option<DenyChange> {
    let (card, denied, reason) = match command {
        FareCommand::Deny { card } => (card, true, "operator"),
        FareCommand::LostCard { card, .. } => (card, true, "lost"),
        FareCommand::Close { card } => (card, true, "closed"),
        FareCommand::Allow { card } => (card, false, "allowed"),
        _ => return None,
    };
    Some(DenyChange { card: Arc::clone(card), denied, reason: reason.into() })
}
