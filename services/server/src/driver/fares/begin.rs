//! What an engine is told when it begins, and what of it changes later: tariffs, stops, terminals, rides, visits, days.

use super::Events;
use super::desk::Desk;
use super::facts::{rides_of, stops_of};
use crate::prices;
use crate::state::AppState;
use fares::engine::Event;
use fares::place::{Installed, Visit};
use fares::ride::RideKey;
use gtfs::{ServiceDay, Timestamp, Timetable};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use store::StoreError;

/// Rides and visits of so many days before today are told: what the engine keeps.
const DAYS_BACK: u64 = 3;
/// Cards that tapped within this time are loaded at once, seconds: what is seen of their vehicles may move their taps.
const RECENT_S: f64 = 6.0 * 3_600.0;
/// But of at most so many taps.
const RECENT_TAPS_MAX: u32 = 100_000;
/// Visits are read again for today and the day before.
const VISIT_DAYS_BACK: u64 = 1;

/// What the engine was told already.
#[derive(Debug, Default)]
pub(super) struct Known {
    timetable: Option<Arc<Timetable>>,
    rides_of: BTreeSet<ServiceDay>,
    installed: HashMap<Arc<str>, Installed>,
    visits: HashMap<(RideKey, u32, Arc<str>), (Option<Timestamp>, Option<Timestamp>)>,
}

impl Known {
    /// Tells a new engine everything.
    pub(super) async fn begin(app: &AppState, desk: &mut Desk) -> Result<Self, StoreError> {
        let mut known = Self::default();
        let now = app.clock.now();
        let mut events = Vec::new();
        if !app.tariffs.all().is_empty() {
            events.push(Event::Tariffs(app.tariffs.clone()));
        }
        let (cut, closed) = app.db.days_done().await?;
        events.extend(cut.map(Event::Cut));
        events.extend(closed.map(Event::Closed));
        events.extend(known.news(app, now, DAYS_BACK).await?);
        let held = app.db.fare_cards_held().await?;
        let recent = app.db.fare_cards_recent(now.plus_s(-RECENT_S), RECENT_TAPS_MAX).await?;
        let cards: BTreeSet<Arc<str>> = held.into_iter().chain(recent).collect();
        events.extend(cards.into_iter().map(Event::Load));
        desk.tell(now, events).await?;
        Ok(known)
    }

    /// Tells the engine what has changed.
    pub(super) async fn refresh(&mut self, app: &AppState, desk: &mut Desk) -> Result<(), StoreError> {
        let now = app.clock.now();
        let events = self.news(app, now, VISIT_DAYS_BACK).await?;
        if events.is_empty() { Ok(()) } else { desk.tell(now, events).await }
    }

    async fn news(&mut self, app: &AppState, now: Timestamp, days_back: u64) -> Result<Events, StoreError> {
        let mut events = Vec::new();
        let timetable = app.feeds.current();
        for (terminal, installed) in installed(app, timetable.as_deref()).await? {
            if self.installed.get(&terminal) != Some(&installed) {
                self.installed.insert(Arc::clone(&terminal), installed.clone());
                events.push(Event::Installed(terminal, installed));
            }
        }
        if let Some(timetable) = &timetable {
            self.rides(app, timetable, now, &mut events);
        }
        let Some(timetable) = &self.timetable else { return Ok(events) };
        let today = ServiceDay::of(now, timetable.tz);
        for back in (0..=days_back).rev() {
            let day = days_before(today, back);
            let visits = app.db.visits(day).await?;
            events.extend(visits.into_iter().filter_map(|visit| self.visit(visit)).map(Event::Visit));
        }
        let from = days_before(today, days_back);
        self.visits.retain(|(ride, ..), _| ride.day >= from);
        Ok(events)
    }

    /// The rides around today that were not told yet; all of them for a new timetable.
    fn rides(&mut self, app: &AppState, timetable: &Arc<Timetable>, now: Timestamp, events: &mut Events) {
        let is_new = self.timetable.as_ref().is_none_or(|known| !Arc::ptr_eq(known, timetable));
        if is_new {
            events.push(Event::Stops(stops_of(timetable)));
            if app.tariffs.all().is_empty() {
                events.extend(published(timetable));
            }
            self.timetable = Some(Arc::clone(timetable));
        }
        let today = ServiceDay::of(now, timetable.tz);
        let days = (0..=DAYS_BACK).rev().map(|back| days_before(today, back)).chain([today.next()]);
        for day in days {
            // A day that has begun keeps the rides it began with.
            if self.rides_of.insert(day) || (is_new && day > today) {
                events.extend(rides_of(timetable, day).into_iter().map(Event::Ride));
            }
        }
        self.rides_of.retain(|day| *day >= days_before(today, DAYS_BACK + 1));
    }

    /// A visit that is new, or says more than before.
    fn visit(&mut self, visit: store::Visit) -> Option<Visit> {
        let ride = RideKey { day: visit.day, trip: visit.trip, start_s: visit.start.0 };
        let key = (ride.clone(), visit.stop_sequence, Arc::clone(&visit.vehicle));
        let times = (visit.arrival, visit.departure);
        if self.visits.insert(key, times) == Some(times) {
            return None;
        }
        Some(Visit {
            vehicle: visit.vehicle,
            ride,
            sequence: visit.stop_sequence,
            arrived: visit.arrival,
            left: visit.departure,
        })
    }
}

/// The tariff that the feed publishes, where no file says what riders pay.
fn published(timetable: &Timetable) -> Option<Event> {
    match prices::of_feed(timetable) {
        Ok(Some(tariffs)) => Some(Event::Tariffs(tariffs)),
        Ok(None) => {
            tracing::warn!("there is no tariff: taps are kept, and priced once fares.tariff names one");
            None
        }
        Err(failure) => {
            tracing::error!(failure = format!("{failure:#}"), "taps are kept, but not priced");
            None
        }
    }
}

/// Where every terminal is mounted.
async fn installed(
    app: &AppState,
    timetable: Option<&Timetable>,
) -> Result<Vec<(Arc<str>, Installed)>, StoreError> {
    let agencies: HashMap<Arc<str>, Arc<str>> =
        app.db.devices().await?.into_iter().map(|device| (device.id, device.agency)).collect();
    let terminals = app.db.terminals().await?.into_iter();
    let of = |terminal: store::Terminal| {
        let agency = agencies.get(&terminal.id).filter(|agency| !agency.is_empty()).cloned();
        let agency = agency.or_else(|| agency_at(timetable?, &terminal.stop)).unwrap_or_else(|| "".into());
        let installed =
            Installed { vehicle: terminal.vehicle, stop: terminal.stop, network: terminal.network, agency };
        (terminal.id, installed)
    };
    Ok(terminals.map(of).collect())
}

/// The agency of what calls at a stop.
fn agency_at(timetable: &Timetable, stop: &str) -> Option<Arc<str>> {
    let stop = timetable.stop(stop)?;
    let calls = timetable.stop_call_ranges.get(stop.at())?;
    let (pattern, _) = timetable.stop_calls.get(calls.start as usize)?;
    let route = &timetable.routes[timetable.patterns[pattern.at()].route.at()];
    Some((&*timetable.agencies[route.agency.at()].id).into())
}

fn days_before(day: ServiceDay, days: u64) -> ServiceDay {
    ServiceDay(day.0.checked_sub_days(chrono::Days::new(days)).unwrap_or(day.0))
}
