//! One card in the engine's memory: its taps, what was posted for it, what is provisional.

use super::event::{CardHistory, PostedLeg, TapFate, TapRecord, is_of};
use crate::card::Profile;
use crate::leg::{Leg, LegId};
use crate::money::Satang;
use crate::retime::{Method, Timed};
use crate::ride::{Place, PlacedTap};
use crate::tap::{Tap, TapId};
use crate::tariff::{Period, Tariff};
use gtfs::{ServiceDay, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A tap, and what was last said of it.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) row: i64,
    pub(super) tap: PlacedTap,
    pub(super) timed: Timed,
    /// When the server had it.
    pub(super) received: Timestamp,
    /// As the terminal told it; `None` of a tap that was read back from the store.
    pub(super) raw: Option<Arc<Tap>>,
    /// The last record, as it was told.
    pub(super) told: Option<TapRecord>,
}

impl Held {
    pub(super) fn new(row: i64, tap: &Arc<Tap>, timed: Timed, place: Arc<Place>) -> Self {
        let placed = PlacedTap {
            id: tap.id.clone(),
            t: timed.t,
            kind: tap.kind,
            pax: tap.pax,
            denied: tap.denied.is_some(),
            place,
        };
        let received = tap.request.received;
        Self { row, tap: placed, timed, received, raw: Some(Arc::clone(tap)), told: None }
    }

    /// Whether it takes part in journeys.
    pub(super) fn counts(&self, expired_s: i64) -> bool {
        self.timed.method != Method::None && !self.is_expired(expired_s)
    }

    /// It came so late that no money moves (section 8).
    pub(super) fn is_expired(&self, expired_s: i64) -> bool {
        self.received.0 - self.timed.t.0 > expired_s * gtfs::time::MICROS
    }
}

/// One card.
#[derive(Clone, Debug)]
pub(super) struct Card {
    pub(super) token: Arc<str>,
    pub(super) profile: Profile,
    /// Its profile was told, and is newer than any that is read back.
    pub(super) is_profile_told: bool,
    /// What it is owed, posted.
    pub(super) balance: Satang,
    pub(super) is_denied: bool,
    /// By time, then name.
    pub(super) taps: Vec<Held>,
    pub(super) legs: BTreeMap<LegId, PostedLeg>,
    pub(super) holds: BTreeMap<LegId, Leg>,
    /// Provisional charges as they were read back, until the card is settled.
    pub(super) stored_holds: BTreeMap<LegId, Satang>,
    /// Everything since then is here; `None` before the first history.
    from: Option<Timestamp>,
    /// The earliest time from which something changed since it was last settled.
    pub(super) changed: Option<Timestamp>,
    /// A history since then was asked for.
    asked: Option<Timestamp>,
    pub(super) touched: Timestamp,
}

impl Card {
    pub(super) fn new(token: &Arc<str>) -> Self {
        Self {
            token: Arc::clone(token),
            profile: Profile::default(),
            is_profile_told: false,
            balance: Satang(0),
            is_denied: false,
            taps: Vec::new(),
            legs: BTreeMap::new(),
            holds: BTreeMap::new(),
            stored_holds: BTreeMap::new(),
            from: None,
            changed: None,
            asked: None,
            touched: Timestamp(0),
        }
    }

    /// Whether its history is here, and none is awaited.
    pub(super) fn is_loaded(&self) -> bool {
        self.from.is_some() && self.asked.is_none()
    }

    /// Whether a leg is priced with everything before it that bears on it: its day begins a day after what is here.
    pub(super) fn is_sure(&self, leg: &Leg, tz: chrono_tz::Tz) -> bool {
        leg.service_day.start(tz).0 >= self.loaded_from().0.saturating_add(super::DAY_US)
    }

    /// From when on its history is here.
    pub(super) fn loaded_from(&self) -> Timestamp {
        self.from.unwrap_or(Timestamp(i64::MAX))
    }

    /// What to ask the store for, if what is needed is not here and was not asked for.
    pub(super) fn ask(&mut self, from: Timestamp) -> Option<Timestamp> {
        let there = self.from.into_iter().chain(self.asked).min();
        if there.is_some_and(|there| there <= from) {
            return None;
        }
        self.asked = Some(from);
        Some(from)
    }

    /// Notes that what is at `t` or after it may be priced otherwise.
    pub(super) fn change(&mut self, t: Timestamp) {
        self.changed = Some(self.changed.map_or(t, |changed| changed.min(t)));
    }

    /// From when on legs may be priced otherwise, as far as they are here.
    pub(super) fn changed_since(&self) -> Option<Timestamp> {
        self.changed.map(|changed| changed.max(self.loaded_from()))
    }

    /// Puts a tap where it belongs; one of the same name is replaced.
    pub(super) fn put(&mut self, mut held: Held) {
        self.change(held.tap.t);
        if let Some(at) = self.taps.iter().position(|other| other.tap.id == held.tap.id) {
            let before = self.taps.remove(at);
            self.change(before.tap.t);
            held.told = before.told;
        }
        let at = self.taps.partition_point(|other| other.tap.order() < held.tap.order());
        self.taps.insert(at, held);
    }

    pub(super) fn find_mut(&mut self, id: &TapId) -> Option<&mut Held> {
        self.taps.iter_mut().rev().find(|held| held.tap.id == *id)
    }

    /// Its taps of a run of a terminal, as told.
    pub(super) fn raw_of(&self, run: &(Arc<str>, Arc<str>)) -> Vec<(i64, Arc<Tap>)> {
        let of_run = |held: &&Held| {
            held.tap.id.terminal == run.0 && held.raw.as_ref().is_some_and(|tap| tap.clock.boot == run.1)
        };
        self.taps
            .iter()
            .filter(of_run)
            .filter_map(|held| Some((held.row, Arc::clone(held.raw.as_ref()?))))
            .collect()
    }

    /// Takes what was stored. What is in memory already is the newer.
    pub(super) fn load(&mut self, history: CardHistory) {
        let first_time = self.from.is_none();
        for (record, raw) in history.taps {
            if self.taps.iter().any(|held| held.row == record.row) {
                self.note_told(record);
            } else {
                self.put_stored(record, raw);
            }
        }
        for leg in history.legs {
            self.legs.entry(leg.record.leg.id.clone()).or_insert(leg);
        }
        if first_time {
            // Money that moves, and a profile that is told, in the same step are not stored yet.
            self.balance.0 += history.balance.0;
            self.is_denied = history.is_denied;
            if !self.is_profile_told {
                self.profile = history.profile;
            }
            self.stored_holds.extend(history.holds);
        }
        self.from = Some(self.from.map_or(history.from, |from| from.min(history.from)));
        self.asked = self.asked.filter(|asked| *asked < history.from);
    }

    fn note_told(&mut self, record: TapRecord) {
        if let Some(held) = self.taps.iter_mut().find(|held| held.row == record.row)
            && held.told.is_none()
        {
            held.told = Some(record);
        }
    }

    fn put_stored(&mut self, record: TapRecord, raw: Option<Arc<Tap>>) {
        // An expired tap stays expired: it is taken as received long after.
        let is_expired = record.fate == TapFate::Expired;
        let received = if is_expired { Timestamp(i64::MAX / 2) } else { record.timed.t };
        let (row, tap, timed) = (record.row, record.tap.clone(), record.timed);
        let at = self.taps.partition_point(|other| other.tap.order() < tap.order());
        self.taps.insert(at, Held { row, tap, timed, received, raw, told: Some(record) });
    }

    /// Forgets what is older than is needed from now on; it can be asked for again.
    pub(super) fn trim(&mut self, from: Timestamp) {
        if !self.is_loaded() || from <= self.loaded_from() {
            return;
        }
        self.taps.retain(|held| held.tap.t >= from);
        self.legs.retain(|_, posted| posted.record.leg.start >= from);
        self.from = Some(from);
    }

    /// Posted balance less provisional charges.
    pub(super) fn available(&self) -> Satang {
        Satang(self.balance.0 - self.holds.values().map(|leg| leg.price.charge.0).sum::<i64>())
    }

    pub(super) fn has_holds(&self) -> bool {
        !self.holds.is_empty()
    }

    /// Whether a provisional charge is of `day` or before.
    pub(super) fn holds_until(&self, day: ServiceDay) -> bool {
        self.holds.values().any(|leg| leg.service_day <= day)
    }

    /// Every leg, posted or provisional.
    fn all_legs(&self) -> impl Iterator<Item = &Leg> {
        let posted = self.legs.values().map(|posted| &posted.record.leg);
        posted.filter(|leg| !self.holds.contains_key(&leg.id)).chain(self.holds.values())
    }

    /// The legs that a tap began or ended, the holder's first.
    pub(super) fn legs_of(&self, tap: &TapId) -> Vec<&Leg> {
        let mut legs: Vec<&Leg> = self.all_legs().filter(|leg| is_of(leg, tap)).collect();
        legs.sort_by_key(|leg| leg.id.companion);
        legs
    }

    /// What the tightest cap of the day leaves to the holder after everything that is known.
    pub(super) fn day_left(&self, tariff: &Tariff, like: &Leg, category: &str) -> Option<Satang> {
        let category = tariff.category(category);
        let caps = tariff.caps().iter().filter(|cap| cap.period == Period::Day && cap.covers(&like.network));
        let left = |cap: &crate::tariff::Cap| {
            let counts = |leg: &&Leg| {
                leg.service_day == like.service_day && leg.id.companion == 0 && cap.covers(&leg.network)
            };
            let used: i64 = self.all_legs().filter(counts).map(|leg| leg.price.charge.0).sum();
            Some(Satang((cap.amount(category)?.0 - used).max(0)))
        };
        caps.filter_map(left).min()
    }
}
