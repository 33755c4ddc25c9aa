//! I13: everything that a day's books say of rides, worked out once more by the naive second code.
//!
//! From the recorded times and places of taps, which are evidence, to legs, prices and shares. What does not agree is a
//! breach, and the day stays open.

use super::desk::Desk;
use fares::card::Profile;
use fares::engine::{CardHistory, PostedLeg, TapFate};
use fares::journey::{Horizon, InForce};
use fares::rate::Facts;
use fares::ride::{PlacedTap, Rides};
use fares::{Breach, Leg, LegId, LegStatus, oracle};
use gtfs::{ServiceDay, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::StoreError;

/// Cards that are worked out at a time.
const CARDS_AT_ONCE: usize = 200;
/// Breaches that are told; more of them say nothing new.
const BREACHES_MAX: usize = 100;

impl Desk {
    /// What does not agree in the books of `day`.
    pub(super) async fn recompute(
        &mut self,
        now: Timestamp,
        day: ServiceDay,
    ) -> Result<Vec<Breach>, StoreError> {
        let mut breaches = Vec::new();
        let mut rides = Days::default();
        for cards in self.db.fare_cards_of(day).await?.chunks(CARDS_AT_ONCE) {
            self.renew().await?;
            let from = self.engine.bears_on(day.start(self.tz()));
            let asked: Vec<(Arc<str>, Timestamp)> =
                cards.iter().map(|card| (Arc::clone(card), from)).collect();
            for history in self.histories(&asked).await? {
                let history = self.with_habits(history, day).await?;
                rides.need(&self.db, &history).await?;
                breaches.extend(self.differs(now, day, &history, &rides.rides));
            }
            if breaches.len() > BREACHES_MAX {
                breaches.truncate(BREACHES_MAX);
                break;
            }
        }
        Ok(breaches)
    }

    /// Where a tap-off is missing, what the card did for months decides.
    async fn with_habits(&self, history: CardHistory, day: ServiceDay) -> Result<CardHistory, StoreError> {
        let without_off = |posted: &PostedLeg| {
            matches!(posted.record.leg.status, LegStatus::MissingOff | LegStatus::Inferred)
        };
        if !history.legs.iter().any(without_off) {
            return Ok(history);
        }
        let start = day.start(self.tz());
        let days =
            InForce::of(self.engine.tariffs()).map_or(0, |tariffs| tariffs.at(start).limits().habit_days);
        let from = history.from.min(start.plus_s(-86_400.0 * f64::from(days + 3)));
        let card = Arc::clone(&history.card);
        Ok(self.histories(&[(card, from)]).await?.pop().unwrap_or(history))
    }

    fn differs(&self, now: Timestamp, day: ServiceDay, history: &CardHistory, rides: &Rides) -> Vec<Breach> {
        let Some(tariffs) = InForce::of(self.engine.tariffs()) else { return Vec::new() };
        let horizon = Horizon { now, closed: Some(day) };
        let (stops, amnesties) = (self.engine.stops(), self.engine.amnesties());
        let facts = Facts { tariffs, rides, stops, amnesties, horizon };
        let legs = second(history, &history.profile, facts);
        let stored: BTreeMap<&LegId, &PostedLeg> =
            history.legs.iter().map(|posted| (&posted.record.leg.id, posted)).collect();
        let of_day: Vec<&Leg> = legs.iter().filter(|leg| leg.service_day <= day).collect();
        let shares = oracle::shares(&of_day, tariffs);
        let mut breaches = Vec::new();
        for leg in of_day.iter().filter(|leg| leg.service_day == day) {
            let share = shares.get(&leg.id).map_or(0, |share| share.0);
            match stored.get(&leg.id) {
                None => breaches.push(breach(leg, "is not in the books".to_owned())),
                Some(posted) => breaches.extend(compared(leg, share, posted).map(|why| breach(leg, why))),
            }
        }
        let there: BTreeSet<&LegId> = legs.iter().map(|leg| &leg.id).collect();
        let surplus = history.legs.iter().map(|posted| &posted.record.leg).filter(|leg| {
            leg.service_day == day && leg.status != LegStatus::Withdrawn && !there.contains(&leg.id)
        });
        breaches
            .extend(surplus.map(|leg| breach(leg, "is in the books, and follows from no tap".to_owned())));
        breaches
    }
}

/// The legs of a card by the second code.
fn second(history: &CardHistory, profile: &Profile, facts: Facts<'_>) -> Vec<Leg> {
    let counts = |fate: &TapFate| !matches!(fate, TapFate::Expired | TapFate::Quarantine);
    let taps = history.taps.iter().filter(|(record, _)| counts(&record.fate));
    let mut taps: Vec<PlacedTap> = taps.map(|(record, _)| record.tap.clone()).collect();
    taps.sort_by(|a, b| a.order().cmp(&b.order()));
    oracle::rate(&history.card, &taps, profile, facts).0
}

/// What of a leg is not as it stands in the books.
fn compared(leg: &Leg, share: i64, posted: &PostedLeg) -> Option<String> {
    let stored = &posted.record.leg;
    if stored.status != leg.status || stored.price != leg.price {
        let (is, should) = (&stored.price, &leg.price);
        return Some(format!(
            "is {} and costs {} ({} {} {}), and should be {} and cost {} ({} {} {})",
            stored.status.word(),
            is.charge,
            is.alone,
            is.transfer,
            is.capped,
            leg.status.word(),
            should.charge,
            should.alone,
            should.transfer,
            should.capped
        ));
    }
    let given = posted.share.as_ref().map_or(0, |share| share.amount.0);
    (given != share).then(|| format!("gives its agency {given} satang, and should give {share}"))
}

fn breach(leg: &Leg, why: String) -> Breach {
    Breach { invariant: "I13", found: format!("leg {} {why}", leg.id) }
}

/// The stored rides of the days that were asked for.
#[derive(Default)]
struct Days {
    rides: Rides,
    there: BTreeSet<ServiceDay>,
}

impl Days {
    async fn need(&mut self, db: &store::Db, history: &CardHistory) -> Result<(), StoreError> {
        let days = history.legs.iter().map(|posted| posted.record.leg.service_day);
        let days = days.flat_map(|day| [day.previous(), day, day.next()]).collect::<BTreeSet<_>>();
        for day in days {
            if self.there.insert(day) {
                self.rides.extend(db.rides_of(day).await?.into_iter().map(|ride| (ride.key.clone(), ride)));
            }
        }
        Ok(())
    }
}
