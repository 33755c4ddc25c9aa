//! What an engine is told when it begins, and what of it changes later: tariffs, stops, terminals, rides, visits, days.

use super::Events;
use super::desk::Desk;
use super::facts::{rides_of, stops_of};
use super::seen::seen_on;
use super::tariffs::InForce;
use crate::config::Config;
use crate::prices;
use crate::state::AppState;
use anyhow::Context as _;
use fares::engine::Event;
use fares::place::{Installed, Visit};
use fares::replay::RECENT_S;
use fares::ride::RideKey;
use fares::{Tariff, Tariffs};
use gtfs::timetable::Mode;
use gtfs::{ServiceDay, Timestamp, Timetable};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use store::{Db, StoreError};
use tracking::check::VehicleClass;

/// Rides and visits of so many days before today are told: what the engine keeps.
const DAYS_BACK: u64 = 3;
/// But of at most so many taps.
const RECENT_TAPS_MAX: u32 = 100_000;
/// The clocks of requests are read back so far, seconds: a terminal may hold taps of an earlier run for days.
const HEARD_S: f64 = 7.0 * 86_400.0;
/// Visits are read again for today and the day before.
const VISIT_DAYS_BACK: u64 = 1;
/// As far as they were observed within this time, seconds: longer than a tap is placed anew for. What comes later is told to
/// no engine, so that it can not hang on when one begins.
const VISITS_S: f64 = 3.5 * 3_600.0;

/// A call of a ride by a vehicle.
type Call = (RideKey, u32, Arc<str>);
/// When it came and left.
type Times = (Option<Timestamp>, Option<Timestamp>);

/// What the engine was told already. The driver runs one; whoever runs a [`Desk`] in simulated time does too.
#[derive(Debug, Default)]
pub struct Known {
    tariffs: InForce,
    timetable: Option<Arc<Timetable>>,
    rides_of: BTreeSet<ServiceDay>,
    installed: HashMap<Arc<str>, Installed>,
    visits: HashMap<Call, Times>,
}

/// Where an engine's facts come from.
struct Source<'a> {
    db: &'a Db,
    /// Of the configuration.
    files: &'a Tariffs,
    timetable: Option<Arc<Timetable>>,
}

impl<'a> Source<'a> {
    fn of(app: &'a AppState) -> Self {
        Self { db: &app.db, files: &app.tariffs, timetable: app.feeds.current() }
    }
}

/// The timetable of the configuration, for a command that runs the engine without a server.
///
/// # Errors
/// When it can not be read.
pub(crate) fn timetable_of(config: &Config) -> anyhow::Result<Option<Arc<Timetable>>> {
    let path = std::path::Path::new(&config.gtfs);
    if config.gtfs.is_empty() || !path.exists() {
        return Ok(None);
    }
    let loaded =
        gtfs::load(gtfs::Source::Path(path)).with_context(|| format!("{} can not be used", config.gtfs))?;
    Ok(Some(Arc::new(loaded.timetable)))
}

/// What an engine is told that stands neither in taps nor in rides: tariffs, where stops are, where terminals are
/// mounted `now`.
///
/// # Errors
/// When the tariffs can not be used, or the database does not answer.
pub async fn configuration(
    config: &Config,
    timetable: Option<Arc<Timetable>>,
    db: &Db,
    now: Timestamp,
) -> anyhow::Result<Events> {
    let files = prices::of_files(&config.fares.tariff)?;
    let mut known = InForce::default();
    let mut events: Events = Vec::new();
    events.extend(known.news(db, &files, timetable.as_ref(), now).await?.map(Event::Tariffs));
    events.extend(timetable.as_deref().map(|timetable| Event::Stops(stops_of(timetable))));
    let tariff = fares::journey::InForce::of(known.all()).map(|tariffs| tariffs.at(now));
    let mounted = installed(db, tariff, timetable.as_deref()).await?;
    events.extend(mounted.into_iter().map(|(terminal, installed)| Event::Installed(terminal, installed)));
    Ok(events)
}

/// Tells an engine everything, without a server.
///
/// # Errors
/// When the tariffs can not be used, or the database does not answer.
pub(crate) async fn offline(
    config: &Config,
    timetable: Option<Arc<Timetable>>,
    desk: &mut Desk,
    now: Timestamp,
) -> anyhow::Result<()> {
    let files = prices::of_files(&config.fares.tariff)?;
    let db = desk.db.clone();
    let source = Source { db: &db, files: &files, timetable };
    Known::tell(&source, desk, now).await?;
    Ok(())
}

impl Known {
    /// Tells a new engine everything.
    ///
    /// # Errors
    /// When something can not be read or written; the desk is to be opened anew then.
    pub async fn begin(app: &AppState, desk: &mut Desk) -> Result<Self, StoreError> {
        Self::tell(&Source::of(app), desk, app.clock.now()).await
    }

    async fn tell(app: &Source<'_>, desk: &mut Desk, now: Timestamp) -> Result<Self, StoreError> {
        let mut known = Self::default();
        let mut events = Vec::new();
        let (cut, closed) = app.db.days_done().await?;
        events.extend(cut.map(Event::Cut));
        events.extend(closed.map(Event::Closed));
        known.recorded(app, now, &mut events).await?;
        // A visit that came too late for the engine before this one is too late for this one.
        let worked = app.db.ledger_newest().await?.map(|(_, worked)| worked.min(now).plus_s(-VISITS_S));
        events.extend(known.news(app, now, DAYS_BACK, worked).await?);
        events.extend(amnesties(desk, &events));
        let heard = app.db.requests_heard(desk.taps_read(), now.plus_s(-HEARD_S)).await?;
        events.extend(heard.into_iter().map(|(terminal, clock)| Event::Heard(terminal, Arc::new(clock))));
        let held = app.db.fare_cards_held().await?;
        // What is seen of their vehicles may move their taps.
        let recent = app.db.fare_cards_recent(now.plus_s(-RECENT_S), RECENT_TAPS_MAX).await?;
        let cards: BTreeSet<Arc<str>> = held.into_iter().chain(recent).collect();
        events.extend(cards.into_iter().map(Event::Load));
        desk.tell(now, events).await?;
        Ok(known)
    }

    /// The rides of the last days as they were told, with what was told of vehicles on them: an engine knows what the one
    /// before it knew, whatever the timetable and the visits are by now.
    async fn recorded(
        &mut self,
        app: &Source<'_>,
        now: Timestamp,
        events: &mut Events,
    ) -> Result<(), StoreError> {
        let Some(timetable) = &app.timetable else { return Ok(()) };
        let today = ServiceDay::of(now, timetable.tz);
        for back in (0..=DAYS_BACK).rev() {
            let day = days_before(today, back);
            let (rides, visits) = seen_on(app.db, day).await?;
            // Today's timetable may be newer than what was told of today.
            if back > 0 && !rides.is_empty() {
                self.rides_of.insert(day);
            }
            events.extend(rides.into_iter().chain(visits));
        }
        Ok(())
    }

    /// Tells the engine what has changed.
    ///
    /// # Errors
    /// As [`Known::begin`].
    pub async fn refresh(&mut self, app: &AppState, desk: &mut Desk) -> Result<(), StoreError> {
        let now = app.clock.now();
        let since = now.plus_s(-VISITS_S);
        let mut events = self.news(&Source::of(app), now, VISIT_DAYS_BACK, Some(since)).await?;
        events.extend(amnesties(desk, &events));
        if events.is_empty() { Ok(()) } else { desk.tell(now, events).await }
    }

    async fn news(
        &mut self,
        app: &Source<'_>,
        now: Timestamp,
        days_back: u64,
        since: Option<Timestamp>,
    ) -> Result<Events, StoreError> {
        let mut events = Vec::new();
        let timetable = app.timetable.clone();
        events
            .extend(self.tariffs.news(app.db, app.files, timetable.as_ref(), now).await?.map(Event::Tariffs));
        let tariff = fares::journey::InForce::of(self.tariffs.all()).map(|tariffs| tariffs.at(now));
        for (terminal, installed) in installed(app.db, tariff, timetable.as_deref()).await? {
            if self.installed.get(&terminal) != Some(&installed) {
                self.installed.insert(Arc::clone(&terminal), installed.clone());
                events.push(Event::Installed(terminal, installed));
            }
        }
        if let Some(timetable) = &timetable {
            self.rides(timetable, now, &mut events);
        }
        let Some(timetable) = &self.timetable else { return Ok(events) };
        let today = ServiceDay::of(now, timetable.tz);
        for back in (0..=days_back).rev() {
            let day = days_before(today, back);
            let visits = match since {
                Some(since) => app.db.visits_since(day, since).await?,
                None => app.db.visits(day).await?,
            };
            events.extend(visits.into_iter().filter_map(|visit| self.visit(visit)).map(Event::Visit));
        }
        let from = days_before(today, days_back);
        self.visits.retain(|(ride, ..), _| ride.day >= from);
        Ok(events)
    }

    /// The rides around today that were not told yet; all of them for a new timetable.
    fn rides(&mut self, timetable: &Arc<Timetable>, now: Timestamp, events: &mut Events) {
        let is_new = self.timetable.as_ref().is_none_or(|known| !Arc::ptr_eq(known, timetable));
        if is_new {
            events.push(Event::Stops(stops_of(timetable)));
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

/// The hours of amnesties go by the tariffs: they are told again with them.
fn amnesties(desk: &Desk, events: &Events) -> Option<Event> {
    let mut events = events.iter();
    events.find_map(|event| match event {
        Event::Tariffs(tariffs) => Some(Event::Amnesties(desk.said.amnesties(tariffs))),
        _ => None,
    })
}

/// Where every terminal is mounted.
async fn installed(
    db: &Db,
    tariff: Option<&Tariff>,
    timetable: Option<&Timetable>,
) -> Result<Vec<(Arc<str>, Installed)>, StoreError> {
    let devices: HashMap<Arc<str>, store::Device> =
        db.devices().await?.into_iter().map(|device| (Arc::clone(&device.id), device)).collect();
    let of = |terminal: store::Terminal| {
        let device = devices.get(&terminal.id);
        let agency = device.map(|device| Arc::clone(&device.agency)).filter(|agency| !agency.is_empty());
        let agency = agency.or_else(|| agency_at(timetable?, &terminal.stop)).unwrap_or_else(|| "".into());
        let network = Some(terminal.network).filter(|network| !network.is_empty());
        let network = network.or_else(|| network_of(tariff, timetable?, device?.mode));
        let network = network.unwrap_or_else(|| "".into());
        let (vehicle, stop) = (terminal.vehicle, terminal.stop);
        (terminal.id, Installed { vehicle, stop, network, agency })
    };
    Ok(db.terminals().await?.into_iter().map(of).collect())
}

/// The network of all routes that a vehicle of this class can run, where they have one: before its first stop was seen,
/// a bus is at least a bus.
fn network_of(tariff: Option<&Tariff>, timetable: &Timetable, class: VehicleClass) -> Option<Arc<str>> {
    let is_ferry = class == VehicleClass::Ferry;
    let routes = timetable.routes.iter().filter(|route| (route.mode == Mode::Ferry) == is_ferry);
    let published = |route: &str| {
        let mut networks = timetable.fares.route_networks.iter();
        let found = networks.find(|(_, of)| *timetable.routes[of.at()].id == *route);
        found.map(|(network, _)| Arc::<str>::from(&**network))
    };
    let network = |route: &gtfs::timetable::Route| match tariff {
        Some(tariff) => tariff.network_of(&route.id).cloned(),
        None => published(&route.id),
    };
    let networks: BTreeSet<Option<Arc<str>>> = routes.map(network).collect();
    if networks.len() == 1 { networks.into_iter().next()? } else { None }
}

/// The agency of what calls at a stop.
fn agency_at(timetable: &Timetable, stop: &str) -> Option<Arc<str>> {
    let stop = timetable.stop(stop)?;
    let calls = timetable.stop_call_ranges.get(stop.at())?;
    let (pattern, _) = timetable.stop_calls.get(calls.start as usize)?;
    let route = &timetable.routes[timetable.patterns[pattern.at()].route.at()];
    Some((&*timetable.agencies[route.agency.at()].id).into())
}

pub(super) fn days_before(day: ServiceDay, days: u64) -> ServiceDay {
    ServiceDay(day.0.checked_sub_days(chrono::Days::new(days)).unwrap_or(day.0))
}
