//! The difference between what a card owes and what is posted becomes records, holds and journals.
//!
//! Fares design, section 8: a changed leg is reversed and posted anew in one journal, untouched legs are not touched;
//! what is not final is a hold; what comes a month late credits the rider, but takes nothing from him.

use super::card::Card;
use super::event::{Effect, LegRecord, PostedLeg, TapFate, TapRecord};
use super::{DAY_US, FareEngine, days_before, first_of_period};
use crate::clone::suspicion;
use crate::journal::{Account, Journal, JournalKind, Posting};
use crate::journey::{Fate, InForce, service_day};
use crate::leg::{Leg, LegId, LegStatus, Price};
use crate::money::Satang;
use crate::rate::{Rated, RatedLeg, Stops, rate};
use crate::ride::PlacedTap;
use crate::tariff::Limits;
use gtfs::{ServiceDay, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl FareEngine {
    /// Settles one card; `false` when something stored has to come first.
    pub(super) fn settle(&mut self, now: Timestamp, token: &Arc<str>, effects: &mut Vec<Effect>) -> bool {
        let Some(mut card) = self.cards.remove(token) else { return true };
        let is_settled = card.is_loaded()
            && self.has_rides(&card, now, effects)
            && self.try_settle(now, &mut card, effects);
        self.cards.insert(Arc::clone(token), card);
        is_settled
    }

    fn try_settle(&mut self, now: Timestamp, card: &mut Card, effects: &mut Vec<Effect>) -> bool {
        let Some(facts) = self.facts(now) else { return true };
        let tariff = facts.tariffs.at(now);
        let (limits, tz) = (tariff.limits().clone(), tariff.tz());
        let taps: Vec<PlacedTap> = card.counting(&limits).map(|held| held.tap.clone()).collect();
        let rated = rate(&card.token, &taps, &card.profile, facts);
        let since = card.changed_since().map(|changed| {
            let tariff = facts.tariffs.at(changed);
            // The ride of a tap may be of the day before.
            let day = days_before(tariff.service_day_of(changed), 1);
            first_of_period(tariff, day)
        });
        let scope = Scope { since, closed: self.closed, tz };
        if let Some(from) = habits_from(card, &rated, &limits, &scope, now)
            && let Some(from) = card.ask(from)
        {
            effects.push(Effect::Need(Arc::clone(&card.token), from));
            return false;
        }
        card.suspect(facts.stops, &limits, effects);
        self.wake(&card.token, &rated, now);
        Settling { card, now, limits: &limits, scope, effects }.all(&rated);
        card.changed = None;
        true
    }

    /// Whether the rides of the days that are to be priced again are in memory; asks for them otherwise.
    fn has_rides(&mut self, card: &Card, now: Timestamp, effects: &mut Vec<Effect>) -> bool {
        let (Some(changed), Some(tariffs)) = (card.changed_since(), InForce::of(&self.tariffs)) else {
            return true;
        };
        let kept_from = self.rides_kept_from(now);
        let tariff = tariffs.at(changed);
        let since = first_of_period(tariff, tariff.service_day_of(changed));
        let days: BTreeSet<ServiceDay> =
            card.taps.iter().map(|held| service_day(&held.tap, tariffs.at(held.tap.t))).collect();
        let mut has_all = true;
        for day in days.range(since.min(kept_from)..kept_from).filter(|day| !self.rides_there.contains(day)) {
            has_all = false;
            if self.rides_asked.insert(*day) {
                effects.push(Effect::NeedRides(*day));
            }
        }
        has_all
    }

    fn wake(&mut self, token: &Arc<str>, rated: &Rated, now: Timestamp) {
        let finals = rated.legs.iter().map(|leg| leg.is_final_at);
        let next = finals.chain(rated.look_again).filter(|at| *at > now && at.0 < i64::MAX).min();
        if let Some(at) = next {
            self.wakes.insert((at, Arc::clone(token)));
        }
    }
}

/// Which legs are looked at, and in whose books their journals stand.
struct Scope {
    /// Nothing changed before this day; `None` where only time has passed.
    since: Option<ServiceDay>,
    closed: Option<ServiceDay>,
    tz: chrono_tz::Tz,
}

impl Scope {
    fn posting_day(&self, day: ServiceDay) -> ServiceDay {
        self.closed.map_or(day, |closed| day.max(closed.next()))
    }
}

/// From when on the card's habits are needed, and what was filled in this month: where a leg has no tap-off.
fn habits_from(
    card: &Card,
    rated: &Rated,
    limits: &Limits,
    scope: &Scope,
    now: Timestamp,
) -> Option<Timestamp> {
    let without_off = |rated: &&RatedLeg| {
        let leg = &rated.leg;
        let is_new = card.legs.get(&leg.id).is_none_or(|posted| !is_same(&posted.record.leg, leg));
        matches!(leg.status, LegStatus::MissingOff | LegStatus::Inferred)
            && rated.is_final_at <= now
            && is_new
            && card.is_sure(leg, scope.tz)
    };
    let first = rated.legs.iter().filter(without_off).map(|rated| rated.leg.start.0).min()?;
    Some(Timestamp(first - (i64::from(limits.habit_days) + 2) * DAY_US))
}

/// A card in the middle of being settled.
struct Settling<'a> {
    card: &'a mut Card,
    now: Timestamp,
    limits: &'a Limits,
    scope: Scope,
    effects: &'a mut Vec<Effect>,
}

/// A leg that differs from what is posted.
struct Change {
    old: Option<LegRecord>,
    new: Leg,
}

impl Settling<'_> {
    fn all(&mut self, rated: &Rated) {
        self.fates(rated);
        let changes = self.changes(rated);
        self.holds(rated);
        self.post(changes);
        self.deny();
    }

    /// Every tap has one fate; what changed is told.
    fn fates(&mut self, rated: &Rated) {
        let mut fates = rated.fates.iter();
        let expired_s = expired_s(self.limits);
        for held in &mut self.card.taps {
            let fate = if held.counts(expired_s) {
                fates.next().map_or(TapFate::Quarantine, |fate| told(fate, &rated.legs))
            } else if held.is_expired(expired_s) && held.timed.method != crate::retime::Method::None {
                TapFate::Expired
            } else {
                TapFate::Quarantine
            };
            let rev = match &held.told {
                Some(last) if last.fate == fate && last.timed == held.timed && last.tap == held.tap => {
                    continue;
                }
                Some(last) => last.rev + 1,
                None => 1,
            };
            let record = TapRecord {
                row: held.row,
                rev,
                card: Arc::clone(&self.card.token),
                tap: held.tap.clone(),
                timed: held.timed,
                fate,
            };
            held.told = Some(record.clone());
            self.effects.push(Effect::Tap(Box::new(record)));
        }
    }

    /// Legs whose final price is not what is posted, and posted legs that are no more.
    fn changes(&self, rated: &Rated) -> Vec<Change> {
        let mut changes = Vec::new();
        for RatedLeg { leg, is_final_at } in &rated.legs {
            let posted = self.card.legs.get(&leg.id);
            let is_due = *is_final_at <= self.now || posted.is_some();
            if !is_due || !self.is_looked_at(leg, posted.is_some()) {
                continue;
            }
            if posted.is_none_or(|posted| !is_same(&posted.record.leg, leg)) {
                changes.push(Change { old: posted.map(|posted| posted.record.clone()), new: leg.clone() });
            }
        }
        let there: BTreeSet<&LegId> = rated.legs.iter().map(|rated| &rated.leg.id).collect();
        for posted in self.card.legs.values() {
            let leg = &posted.record.leg;
            let is_gone = leg.status != LegStatus::Withdrawn && !there.contains(&leg.id);
            if is_gone && self.is_looked_at(leg, true) {
                changes.push(Change { old: Some(posted.record.clone()), new: withdrawn(leg) });
            }
        }
        changes
    }

    /// Whether a leg may be posted anew: everything that bears on it is in memory, it is not older than 56 days, and
    /// something of its time has changed.
    fn is_looked_at(&self, leg: &Leg, is_posted: bool) -> bool {
        let is_frozen = self.now.0 - leg.start.0 > i64::from(self.limits.expired_days) * DAY_US;
        let is_changed = !is_posted || self.scope.since.is_some_and(|since| leg.service_day >= since);
        !is_frozen && is_changed && self.card.is_sure(leg, self.scope.tz)
    }

    fn is_stale(&self, leg: &Leg) -> bool {
        self.now.0 - leg.start.0 > i64::from(self.limits.late_days) * DAY_US
    }

    /// What is not posted yet is held.
    fn holds(&mut self, rated: &Rated) {
        let held = |rated: &&RatedLeg| {
            rated.is_final_at > self.now
                && !self.card.legs.contains_key(&rated.leg.id)
                && rated.leg.status != LegStatus::Void
        };
        let wanted: BTreeMap<LegId, Leg> =
            rated.legs.iter().filter(held).map(|rated| (rated.leg.id.clone(), rated.leg.clone())).collect();
        for (id, leg) in &wanted {
            if self.card.holds.get(id) != Some(leg) {
                let hold = Some(Box::new(leg.clone()));
                self.effects.push(Effect::Hold(Arc::clone(&self.card.token), id.clone(), hold));
            }
        }
        let stored = std::mem::take(&mut self.card.stored_holds);
        let ended: BTreeSet<&LegId> = self.card.holds.keys().chain(stored.keys()).collect();
        for id in ended.into_iter().filter(|id| !wanted.contains_key(*id)) {
            self.effects.push(Effect::Hold(Arc::clone(&self.card.token), id.clone(), None));
        }
        self.card.holds = wanted;
    }

    /// Reverses and posts anew, one journal for each service day.
    fn post(&mut self, changes: Vec<Change>) {
        let mut by_day: BTreeMap<ServiceDay, Vec<Change>> = BTreeMap::new();
        for change in changes {
            by_day.entry(change.new.service_day).or_default().push(change);
        }
        // What stale legs gave back may be taken again by others of them, but not more (section 8).
        let mut budget = by_day
            .values()
            .flatten()
            .filter(|change| self.is_stale(&change.new))
            .fold(0, |sum, change| sum + change.old.as_ref().map_or(0, |old| taken(old).0));
        for (day, changes) in by_day {
            let mut postings = Vec::new();
            let mut cause = None;
            let posting_day = self.scope.posting_day(day);
            for Change { old, new } in changes {
                let mut waived = Satang(0);
                if self.is_stale(&new) {
                    waived = Satang((new.price.charge.0 - budget).max(0));
                    budget -= new.price.charge.0 - waived.0;
                }
                let rev = old.as_ref().map_or(1, |old| old.rev + 1);
                let record = LegRecord { rev, leg: new, waived, posting_day };
                if let Some(old) = &old {
                    lines(&self.card.token, old, -1, &mut postings);
                }
                lines(&self.card.token, &record, 1, &mut postings);
                self.card.balance.0 += old.as_ref().map_or(0, |old| taken(old).0) - taken(&record).0;
                cause.get_or_insert_with(|| format!("fare/{}/r{rev}", record.leg.id));
                self.keep(record);
            }
            if !postings.is_empty() {
                self.effects.push(Effect::Journal(Journal {
                    kind: JournalKind::Fare,
                    cause: cause.unwrap_or_default().into(),
                    service_day: day,
                    posting_day,
                    effective: self.card.taps.last().map_or(self.now, |held| held.tap.t).min(self.now),
                    posted: self.now,
                    postings,
                }));
            }
        }
    }

    fn keep(&mut self, record: LegRecord) {
        let share = self.card.legs.get(&record.leg.id).and_then(|posted| posted.share.clone());
        let posted = PostedLeg { record, share };
        self.effects.push(Effect::Leg(Box::new(posted.clone())));
        self.card.legs.insert(posted.record.leg.id.clone(), posted);
    }

    /// A card in debt is denied until its debt is paid (section 11).
    fn deny(&mut self) {
        let is_denied = self.card.available().0 < 0;
        if is_denied != self.card.is_denied {
            self.card.is_denied = is_denied;
            self.effects.push(Effect::Deny(Arc::clone(&self.card.token), is_denied));
        }
    }
}

impl Card {
    /// Says which taps in a row, of those that something has changed of, no single card can have made.
    fn suspect(&self, stops: &Stops, limits: &Limits, effects: &mut Vec<Effect>) {
        let Some(changed) = self.changed_since() else { return };
        let mut first: Option<&super::card::Held> = None;
        for second in self.counting(limits) {
            if let Some(first) = first.filter(|_| second.tap.t >= changed) {
                let pair = ((&first.tap, &first.timed), (&second.tap, &second.timed));
                let found = suspicion(&self.token, pair.0, pair.1, stops);
                effects.extend(found.map(|found| Effect::Suspect(Box::new(found))));
            }
            first = Some(second);
        }
    }

    /// The taps that journeys are made of.
    fn counting<'a>(&'a self, limits: &Limits) -> impl Iterator<Item = &'a super::card::Held> + use<'a> {
        let expired_s = expired_s(limits);
        self.taps.iter().filter(move |held| held.counts(expired_s))
    }
}

fn expired_s(limits: &Limits) -> i64 {
    i64::from(limits.expired_days) * 86_400
}

fn told(fate: &Fate, legs: &[RatedLeg]) -> TapFate {
    let id = |at: usize| legs[at].leg.id.clone();
    match *fate {
        Fate::Leg(at) => TapFate::Leg(id(at)),
        Fate::Repeat(at) => TapFate::Repeat(id(at)),
        Fate::Void(at) => TapFate::Void(id(at)),
        Fate::Denied => TapFate::Denied,
    }
}

/// What was taken from the rider.
fn taken(record: &LegRecord) -> Satang {
    Satang(record.leg.price.charge.0 - record.waived.0)
}

/// A leg that never was.
fn withdrawn(leg: &Leg) -> Leg {
    let price = Price { tariff: Arc::clone(&leg.price.tariff), ..Price::default() };
    Leg { status: LegStatus::Withdrawn, off: None, price, ..leg.clone() }
}

/// The same for the books: when a vehicle came to the end of its trip changes nothing that was charged.
fn is_same(a: &Leg, b: &Leg) -> bool {
    let but = |leg: &Leg| (leg.end, leg.start);
    if but(a) == but(b) { a == b } else { *a == Leg { end: a.end, start: a.start, ..b.clone() } }
}

/// The lines of a revision: `sign` 1 posts it, -1 reverses it (section 10, "leg final" and "revision").
fn lines(token: &Arc<str>, record: &LegRecord, sign: i64, postings: &mut Vec<Posting>) {
    let leg = Some((record.leg.id.clone(), record.rev));
    let mut line = |account, debit: i64| {
        if debit != 0 {
            postings.push(Posting { account, debit: Satang(sign * debit), leg: leg.clone() });
        }
    };
    line(Account::Card(Arc::clone(token)), taken(record).0);
    line(Account::LateWriteoff, record.waived.0);
    line(Account::FareClearing, -record.leg.price.charge.0);
}
