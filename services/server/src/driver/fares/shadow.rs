//! Reads what cards did in past days, and has a proposed tariff rate it ([`fares::shadow`]).
//!
//! A few hundred cards at a time: memory holds them and the rides of the days, however many cards there are.

use super::facts::stops_of;
use super::record;
use super::said::Said;
use fares::engine::TapFate;
use fares::journey::{Horizon, InForce};
use fares::rate::{Facts, Stops};
use fares::ride::{PlacedTap, Rides};
use fares::shadow::{Shadow, Window, as_if, needs};
use fares::{Leg, Tariff, Tariffs};
use gtfs::{ServiceDay, Timestamp, Timetable};
use std::collections::HashMap;
use std::sync::Arc;
use store::{Card, Db};

/// Days that are rated: the last that are over (fares design, section 6).
pub(crate) const DAYS: u64 = 30;
/// Cards that are read at a time.
const CARDS_AT_ONCE: u32 = 200;

/// What is held against what.
pub(crate) struct Asked<'a> {
    /// What cards did.
    pub(crate) db: &'a Db,
    /// The versions that applied.
    pub(crate) in_force: &'a Tariffs,
    /// The version on trial.
    pub(crate) proposed: &'a Tariff,
    /// Where stops are.
    pub(crate) timetable: &'a Timetable,
    /// The present.
    pub(crate) now: Timestamp,
}

/// The days, and what the proposed version would have come to in them. `progress` is told how many cards were rated.
///
/// # Errors
/// When the database does not answer, or holds what can not be read.
pub(crate) async fn shadow(
    asked: Asked<'_>,
    mut progress: impl FnMut(usize) + Send,
) -> anyhow::Result<(Window, Shadow)> {
    let Asked { db, in_force, proposed, timetable, now } = asked;
    let last = proposed.service_day_of(now).previous();
    let first = ServiceDay(last.0.checked_sub_days(chrono::Days::new(DAYS - 1)).unwrap_or(last.0));
    let window = Window { first, last };
    let tariffs = as_if(in_force, proposed, first)?;
    let (rides_from, since) = needs(&tariffs, first);
    let said = Said::read(db).await?;
    let trial = Trial {
        rides: rides(db, rides_from, last.next()).await?,
        stops: stops_of(timetable),
        horizon: Horizon { now, closed: db.days_done().await?.0 },
        amnesties: said.amnesties(&tariffs),
        said,
        tariffs,
        window,
        since,
    };
    let (mut shadow, mut token, mut rated) = (Shadow::default(), Arc::<str>::from(""), 0);
    loop {
        let cards = db.cards_after(&token, CARDS_AT_ONCE).await?;
        let Some(newest) = cards.last() else { return Ok((window, shadow)) };
        token = Arc::clone(newest);
        trial.rate(db, &cards, &mut shadow).await?;
        rated += cards.len();
        progress(rated);
    }
}

/// What is the same for all cards.
struct Trial {
    tariffs: Tariffs,
    rides: Rides,
    stops: Stops,
    amnesties: Vec<fares::card::Amnesty>,
    horizon: Horizon,
    said: Said,
    window: Window,
    since: Timestamp,
}

impl Trial {
    async fn rate(&self, db: &Db, cards: &[Arc<str>], shadow: &mut Shadow) -> anyhow::Result<()> {
        let Some(tariffs) = InForce::of(&self.tariffs) else { return Ok(()) };
        let Self { rides, stops, amnesties, horizon, .. } = self;
        let facts = Facts { tariffs, rides, stops, amnesties, horizon: *horizon };
        let known = db.cards(cards).await?.into_iter().map(|card| (Arc::clone(&card.token), card));
        let known: HashMap<Arc<str>, Card> = known.collect();
        let tz = tariffs.at(horizon.now).tz();
        for stored in db.cards_histories(cards, self.since).await? {
            let history = record::history(stored, self.since)?;
            let concessions = known.get(&history.card).into_iter().flat_map(|card| &card.concessions);
            let profile = record::profile(concessions, self.said.confirmed(&history.card), tz);
            let counts = |fate: &TapFate| !matches!(fate, TapFate::Expired | TapFate::Quarantine);
            let taps = history.taps.iter().filter(|(tap, _)| counts(&tap.fate));
            let mut taps: Vec<PlacedTap> = taps.map(|(tap, _)| tap.tap.clone()).collect();
            taps.sort_by(|a, b| a.order().cmp(&b.order()));
            let charged: Vec<&Leg> = history.legs.iter().map(|posted| &posted.record.leg).collect();
            shadow.card(self.window, (&history.card, &taps, &profile), &charged, facts);
        }
        Ok(())
    }
}

async fn rides(db: &Db, first: ServiceDay, last: ServiceDay) -> anyhow::Result<Rides> {
    let mut rides = Rides::default();
    for day in std::iter::successors(Some(first), |day| Some(day.next())).take_while(|day| *day <= last) {
        rides.extend(db.rides_of(day).await?.into_iter().map(|ride| (ride.key.clone(), ride)));
    }
    Ok(rides)
}
