//! The fare engine: taps, visits and commands go in; legs, holds, journals and verdicts come out.
//!
//! Pure: [`FareEngine::step`] is the only way in, [`Effect`]s the only way out, `now` is an argument. It keeps the cards
//! of the last two days; for any other it asks ([`Effect::Need`]) and goes on when it is answered ([`Event::History`]).
//!
//! What always holds: what is posted is what [`crate::rate`] says of the set of taps, as far as it is final; only the
//! difference is posted. A tap has exactly one fate. Every journal sums to zero.

mod card;
pub mod event;
mod settle;
mod share;

pub use event::{CardHistory, Effect, Event, LegRecord, PostedLeg, Quote, Share, TapFate, TapRecord};

use crate::card::Amnesty;
use crate::journal::{Account, Journal};
use crate::journey::{Horizon, InForce};
use crate::place::{Places, Visit};
use crate::rate::{Facts, Stops};
use crate::retime::{Clocks, Method, Timed};
use crate::ride::{Ride, RideKey};
use crate::tap::{RequestClock, Tap, TapId};
use crate::tariff::{Period, Tariff, Tariffs};
use card::{Card, Held};
use gtfs::time::MICROS;
use gtfs::{ServiceDay, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Cards untouched for this long leave the memory, seconds (fares design, section 2).
pub const CARD_KEPT_S: i64 = 48 * 3_600;
/// How often cards are looked through for those that may leave, seconds.
const SWEEP_S: i64 = 3_600;
/// Taps on a vehicle are placed anew when it is seen within this time of them, seconds.
const REPLACED_S_MAX: i64 = 3 * 3_600;
/// Days of rides that are kept.
const RIDES_DAYS: u64 = 3;
const DAY_US: i64 = 86_400 * MICROS;

/// The taps on a vehicle, with their cards.
type Boarded = BTreeMap<(Timestamp, TapId), Arc<str>>;
/// A run of a terminal: between two starts.
type Run = (Arc<str>, Arc<str>);

/// The engine of one scheme: all its cards.
#[derive(Debug, Default)]
pub struct FareEngine {
    tariffs: Tariffs,
    stops: Stops,
    amnesties: Vec<Amnesty>,
    clocks: Clocks,
    places: Places,
    cards: HashMap<Arc<str>, Card>,
    /// Cards with something to settle.
    dirty: BTreeSet<Arc<str>>,
    /// Cards whose charges of days that are cut are to be shared out.
    to_share: BTreeSet<Arc<str>>,
    /// When cards have something to do although nothing comes.
    wakes: BTreeSet<(Timestamp, Arc<str>)>,
    /// Recent taps by vehicle: the time, the card.
    boarded: HashMap<Arc<str>, Boarded>,
    /// Taps whose run was not known, by terminal and run: the card.
    untimed: HashMap<Run, BTreeSet<Arc<str>>>,
    /// Rides that are new or were observed anew since they were last told.
    rides_news: BTreeSet<RideKey>,
    /// Past days whose rides were read back, and those that were asked for.
    rides_there: BTreeSet<ServiceDay>,
    rides_asked: BTreeSet<ServiceDay>,
    cut: Option<ServiceDay>,
    closed: Option<ServiceDay>,
    swept: Timestamp,
}

impl FareEngine {
    /// An engine that knows nothing yet; without a tariff it keeps taps and prices none.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one event; appends what follows to `effects`.
    pub fn step(&mut self, now: Timestamp, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Tariffs(tariffs) => {
                self.tariffs = tariffs;
                self.all_dirty();
            }
            Event::Stops(stops) => self.stops = stops,
            Event::Amnesties(amnesties) => {
                self.amnesties = amnesties;
                self.all_dirty();
            }
            Event::Installed(terminal, installed) => self.places.install(terminal, installed),
            Event::Ride(ride) => self.ride(ride),
            Event::RidesEnd(day) => {
                self.rides_asked.remove(&day);
                self.rides_there.insert(day);
            }
            Event::Visit(visit) => self.visit(&visit),
            Event::Heard(terminal, request) => self.hear(&terminal, &request),
            Event::Tap(row, tap) => self.tap(now, row, tap, effects),
            Event::Load(token) => self.load(now, self.window_from(now), token, effects),
            Event::Review(token, since) => self.review(now, token, since, effects),
            Event::History(history) => self.history(now, history),
            Event::Profile(card, profile) => {
                if let Some(known) = self.cards.get_mut(&card) {
                    (known.profile, known.is_profile_told) = (profile, true);
                    known.change(Timestamp(i64::MIN));
                    self.dirty.insert(card);
                }
            }
            Event::Journal(journal) => self.journal(now, journal, effects),
            Event::Cut(day) => self.cut(day),
            Event::Share(card) => self.ask_share(now, card, effects),
            Event::Closed(day) => self.closed = self.closed.max(Some(day)),
            Event::Tick => self.tick(now, effects),
        }
    }

    /// What a terminal shows for a tap, once it was settled.
    #[must_use]
    pub fn quote(&self, card: &str, tap: &TapId) -> Option<Quote> {
        let card = self.cards.get(card)?;
        let legs = card.legs_of(tap);
        let first = *legs.first()?;
        let fare = legs.iter().map(|leg| leg.price.charge.0).sum();
        let tariff = InForce::of(&self.tariffs)?.at(first.start);
        let category = card.profile.category(first.start);
        let day_left = card.day_left(tariff, first, category);
        Some(Quote { fare: crate::Satang(fare), balance: card.available(), day_left })
    }

    /// Posted balance less provisional charges; `None` when the card is not in memory.
    #[must_use]
    pub fn available(&self, card: &str) -> Option<crate::Satang> {
        self.cards.get(card).map(Card::available)
    }

    /// Cards in memory.
    #[must_use]
    pub fn cards(&self) -> usize {
        self.cards.len()
    }

    /// Where stops are.
    #[must_use]
    pub fn stops(&self) -> &Stops {
        &self.stops
    }

    /// Hours in which a missing tap-off is nobody's fault.
    #[must_use]
    pub fn amnesties(&self) -> &[Amnesty] {
        &self.amnesties
    }

    /// From when on a card's taps bear on a ride at `t`.
    #[must_use]
    pub fn bears_on(&self, t: Timestamp) -> Timestamp {
        self.window_from(t)
    }

    /// The tariffs in force.
    #[must_use]
    pub fn tariffs(&self) -> &Tariffs {
        &self.tariffs
    }

    /// The day whose books are open for journals about `day`.
    fn posting_day(&self, day: ServiceDay) -> ServiceDay {
        self.closed.map_or(day, |closed| day.max(closed.next()))
    }

    fn facts(&self, now: Timestamp) -> Option<Facts<'_>> {
        Some(Facts {
            tariffs: InForce::of(&self.tariffs)?,
            rides: self.places.rides(),
            stops: &self.stops,
            amnesties: &self.amnesties,
            horizon: Horizon { now, closed: self.cut },
        })
    }

    /// A rule has changed: everything in memory is priced again.
    fn all_dirty(&mut self) {
        for (token, card) in &mut self.cards {
            card.change(Timestamp(i64::MIN));
            self.dirty.insert(Arc::clone(token));
        }
    }

    fn ride(&mut self, ride: Ride) {
        // What was read back from the store is no news to it.
        if !self.rides_asked.contains(&ride.key.day) {
            self.rides_news.insert(ride.key.clone());
        }
        self.places.ride(ride);
    }

    fn hear(&mut self, terminal: &Arc<str>, request: &RequestClock) {
        if self.clocks.hear(terminal, request) {
            self.retime(&(Arc::clone(terminal), Arc::clone(&request.boot)));
        }
    }

    fn tap(&mut self, now: Timestamp, row: i64, tap: Arc<Tap>, effects: &mut Vec<Effect>) {
        self.hear(&tap.id.terminal, &tap.request);
        let timed = self.clocks.time(&tap);
        if timed.method != Method::Uptime {
            let run = (Arc::clone(&tap.id.terminal), Arc::clone(&tap.clock.boot));
            self.untimed.entry(run).or_default().insert(Arc::clone(&tap.card));
        }
        let held = self.held(row, &tap, timed);
        let token = Arc::clone(&tap.card);
        let needs_from = self.window_from(timed.t);
        let card = self.cards.entry(Arc::clone(&token)).or_insert_with(|| Card::new(&token));
        card.touched = now;
        card.put(held);
        if let Some(from) = card.ask(needs_from) {
            effects.push(Effect::Need(Arc::clone(&token), from));
        }
        self.dirty.insert(token);
    }

    /// A tap at the place where it was made.
    fn held(&mut self, row: i64, tap: &Arc<Tap>, timed: Timed) -> Held {
        let place = match InForce::of(&self.tariffs) {
            Some(tariffs) => self.places.place(tap, timed.t, tariffs.at(timed.t)),
            None => crate::ride::Place::default(),
        };
        if !place.vehicle.is_empty() {
            let boarded = self.boarded.entry(Arc::clone(&place.vehicle)).or_default();
            boarded.insert((timed.t, tap.id.clone()), Arc::clone(&tap.card));
        }
        Held::new(row, tap, timed, Arc::new(place))
    }

    /// Times taps anew of a run that was not known when they came.
    fn retime(&mut self, run: &Run) {
        for token in self.untimed.remove(run).unwrap_or_default() {
            let Some(card) = self.cards.get_mut(&token) else { continue };
            let again: Vec<(i64, Arc<Tap>)> = card.raw_of(run);
            for (row, tap) in again {
                let timed = self.clocks.time(&tap);
                let held = self.held(row, &tap, timed);
                if let Some(card) = self.cards.get_mut(&token) {
                    card.put(held);
                }
            }
            self.dirty.insert(token);
        }
    }

    /// A vehicle was seen: riders that tapped on it about then may have been elsewhere than was thought.
    fn visit(&mut self, visit: &Visit) {
        if !self.places.visit(visit) {
            return;
        }
        self.rides_news.insert(visit.ride.clone());
        let Some(at) = visit.left.or(visit.arrived) else { return };
        let around = |by: i64| (Timestamp(at.0 + by * REPLACED_S_MAX * MICROS), lowest());
        let Some(boarded) = self.boarded.get(&visit.vehicle) else { return };
        let near: Vec<(TapId, Arc<str>)> = boarded
            .range(around(-1)..around(1))
            .map(|((_, id), card)| (id.clone(), Arc::clone(card)))
            .collect();
        for (id, token) in near {
            self.replace(&id, &token);
        }
    }

    fn replace(&mut self, id: &TapId, token: &Arc<str>) {
        let Some(tariffs) = InForce::of(&self.tariffs) else { return };
        let Some(card) = self.cards.get_mut(token) else { return };
        let Some(held) = card.find_mut(id) else { return };
        // A ride's end may have moved even where the place is the same.
        self.dirty.insert(Arc::clone(token));
        if let Some(tap) = &held.raw {
            let place = self.places.place(tap, held.timed.t, tariffs.at(held.timed.t));
            if place != *held.tap.place {
                held.tap.place = Arc::new(place);
            }
        }
        let t = held.tap.t;
        card.change(t);
    }

    fn review(&mut self, now: Timestamp, token: Arc<str>, since: Timestamp, effects: &mut Vec<Effect>) {
        self.load(now, self.window_from(since), Arc::clone(&token), effects);
        if let Some(card) = self.cards.get_mut(&token) {
            card.change(since);
        }
    }

    /// Has a card settled with everything since `from` in memory.
    fn load(&mut self, now: Timestamp, from: Timestamp, token: Arc<str>, effects: &mut Vec<Effect>) {
        let card = self.cards.entry(Arc::clone(&token)).or_insert_with(|| Card::new(&token));
        card.touched = now;
        if let Some(from) = card.ask(from) {
            effects.push(Effect::Need(Arc::clone(&token), from));
        }
        self.dirty.insert(token);
    }

    fn history(&mut self, now: Timestamp, history: CardHistory) {
        let token = Arc::clone(&history.card);
        for (record, _) in
            history.taps.iter().filter(|(record, raw)| raw.is_some() && !record.tap.place.vehicle.is_empty())
        {
            let boarded = self.boarded.entry(Arc::clone(&record.tap.place.vehicle)).or_default();
            boarded.insert((record.tap.t, record.tap.id.clone()), Arc::clone(&token));
        }
        let card = self.cards.entry(Arc::clone(&token)).or_insert_with(|| Card::new(&token));
        card.touched = now;
        card.load(history);
        self.dirty.insert(token);
    }

    /// From when on taps must be in memory to price one at `t`: the beginning of the longest period of a cap, and a day
    /// before it for rides that go on over its edge.
    fn window_from(&self, t: Timestamp) -> Timestamp {
        let Some(tariffs) = InForce::of(&self.tariffs) else { return Timestamp(t.0 - 2 * DAY_US) };
        let tariff = tariffs.at(t);
        // Its ride may be of the day before.
        let day = tariff.service_day_of(t).previous();
        Timestamp(first_of_period(tariff, day).start(tariff.tz()).0 - DAY_US)
    }

    /// Money that moved by a command or a file: the balances of cards in memory follow.
    fn journal(&mut self, now: Timestamp, mut journal: Journal, effects: &mut Vec<Effect>) {
        journal.posting_day = self.posting_day(journal.posting_day.max(journal.service_day));
        for posting in &journal.postings {
            let Account::Card(token) = &posting.account else { continue };
            self.load(now, self.window_from(now), Arc::clone(token), effects);
            if let Some(card) = self.cards.get_mut(token) {
                card.balance.0 -= posting.debit.0;
            }
        }
        effects.push(Effect::Journal(journal));
    }

    fn cut(&mut self, day: ServiceDay) {
        self.cut = self.cut.max(Some(day));
        let with_holds = self.cards.iter().filter(|(_, card)| card.holds_until(day));
        self.dirty.extend(with_holds.map(|(token, _)| Arc::clone(token)));
    }

    fn ask_share(&mut self, now: Timestamp, token: Arc<str>, effects: &mut Vec<Effect>) {
        let from = self.cut.map_or(now, |day| day.start(self.tz()));
        let from = self.window_from(from);
        self.load(now, from, Arc::clone(&token), effects);
        self.to_share.insert(token);
    }

    fn tz(&self) -> chrono_tz::Tz {
        InForce::of(&self.tariffs).map_or(chrono_tz::UTC, |tariffs| tariffs.at(Timestamp(0)).tz())
    }

    fn tick(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        while let Some((at, _)) = self.wakes.first()
            && *at <= now
        {
            if let Some((_, token)) = self.wakes.pop_first() {
                self.dirty.insert(token);
            }
        }
        for token in std::mem::take(&mut self.dirty) {
            if !self.settle(now, &token, effects) {
                self.dirty.insert(token);
            }
        }
        for token in std::mem::take(&mut self.to_share) {
            if self.dirty.contains(&token) {
                self.to_share.insert(token);
            } else if !self.share(now, &token, effects) {
                self.dirty.insert(Arc::clone(&token));
                self.to_share.insert(token);
            }
        }
        for key in std::mem::take(&mut self.rides_news) {
            effects.extend(self.places.rides.get(&key).map(|ride| Effect::Ride(Box::new(ride.clone()))));
        }
        self.sweep(now);
        if let Some((at, _)) = self.wakes.first() {
            effects.push(Effect::WakeAt(*at));
        }
    }

    /// Forgets what is two days old.
    fn sweep(&mut self, now: Timestamp) {
        if now.0 - self.swept.0 < SWEEP_S * MICROS {
            return;
        }
        self.swept = now;
        let oldest = Timestamp(now.0 - CARD_KEPT_S * MICROS);
        let (dirty, wakes) = (&self.dirty, &self.wakes);
        let awaited: BTreeSet<&Arc<str>> = wakes.iter().map(|(_, token)| token).collect();
        self.cards.retain(|token, card| {
            card.touched >= oldest || dirty.contains(token) || awaited.contains(token) || card.has_holds()
        });
        let kept_from = self.window_from(oldest);
        for card in self.cards.values_mut() {
            card.trim(kept_from);
        }
        self.boarded.retain(|_, boarded| {
            *boarded = boarded.split_off(&(oldest, lowest()));
            !boarded.is_empty()
        });
        let cards = &self.cards;
        self.untimed.retain(|_, tokens| {
            tokens.retain(|token| cards.contains_key(token));
            !tokens.is_empty()
        });
        let kept_from = self.rides_kept_from(now);
        self.places.forget_before(kept_from);
        self.rides_there.clear();
    }

    /// Rides of this day and after are in memory: of three days, or since the longest period of a cap began.
    fn rides_kept_from(&self, now: Timestamp) -> ServiceDay {
        let day = self.tariff_day(now);
        let usual = days_before(day, RIDES_DAYS);
        InForce::of(&self.tariffs).map_or(usual, |tariffs| usual.min(first_of_period(tariffs.at(now), day)))
    }

    fn tariff_day(&self, t: Timestamp) -> ServiceDay {
        let of = |tariff: &Tariff| tariff.service_day_of(t);
        InForce::of(&self.tariffs)
            .map_or_else(|| ServiceDay::of(t, chrono_tz::UTC), |tariffs| of(tariffs.at(t)))
    }
}

/// The first day on which a leg of `day` depends by a cap.
pub(crate) fn first_of_period(tariff: &Tariff, day: ServiceDay) -> ServiceDay {
    let first = tariff.caps().iter().map(|cap| match cap.period {
        Period::Rolling(days) => days_before(day, u64::from(days)).0,
        period => crate::cap::first_day(period, day),
    });
    ServiceDay(first.min().unwrap_or(day.0).min(day.0))
}

fn days_before(day: ServiceDay, days: u64) -> ServiceDay {
    ServiceDay(day.0.checked_sub_days(chrono::Days::new(days)).unwrap_or(day.0))
}

/// Before every tap of one instant.
fn lowest() -> TapId {
    TapId { terminal: "".into(), epoch: 0, seq: i64::MIN }
}
