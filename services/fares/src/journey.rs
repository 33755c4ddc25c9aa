//! Taps of one card become passages: who was on the way from where to where.
//!
//! The pairing automaton of the fares design, section 4. Vehicle, trip and time decide; whether the terminal
//! said "on" or "off" only breaks ties. It reads taps in the order of their times, so the order in which
//! they were received can not matter. It knows no prices.

use crate::ride::{Place, PlacedTap, Rides};
use crate::tap::TapKind;
use crate::tariff::{Tariff, Tariffs};
use gtfs::time::MICROS;
use gtfs::{ServiceDay, Timestamp};
use std::sync::Arc;

/// Two taps on one vehicle whose trip is unknown belong to one ride if they are at most this far apart, seconds.
/// Ours: longer than any ride of a town, shorter than a vehicle needs to come round for most riders.
pub const UNKNOWN_RIDE_S: i64 = 3_600;

/// Tariffs of which there is at least one.
#[derive(Clone, Copy, Debug)]
pub struct InForce<'a> {
    first: &'a Arc<Tariff>,
    tariffs: &'a Tariffs,
}

impl<'a> InForce<'a> {
    /// `None` without a tariff.
    #[must_use]
    pub fn of(tariffs: &'a Tariffs) -> Option<Self> {
        Some(Self { first: tariffs.all().first()?, tariffs })
    }

    /// Every version.
    pub fn all(self) -> impl Iterator<Item = &'a Tariff> {
        self.tariffs.all().iter().map(|tariff| &**tariff)
    }

    /// The version that applies at `t`; before the first version, the first.
    #[must_use]
    pub fn at(self, t: Timestamp) -> &'a Tariff {
        self.tariffs.at(t).unwrap_or(self.first)
    }
}

/// Up to when the world is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Horizon {
    /// The present, for rides that are not over.
    pub now: Timestamp,
    /// Rides of this day and before are over, whatever the clock says: the day is being closed.
    pub closed: Option<ServiceDay>,
}

/// How a passage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// One tap is enough on this network.
    NotNeeded,
    /// There was a tap-off.
    Off,
    /// Off again at once, at the same stop: free.
    Void,
    /// Off again at the same stop after waiting: the least fare.
    SameStop,
    /// No tap-off.
    MissingOff,
    /// No tap-on.
    MissingOn,
    /// Still on the way.
    Open,
}

/// A rider, and companions, from one place to another; taps are positions in the list given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The tap that began it; the tap-off of [`End::MissingOn`].
    pub first: usize,
    /// The tap-off, where there was a tap-on too.
    pub off: Option<usize>,
    /// How it ended.
    pub end: End,
    /// Riders, 1 to 4.
    pub pax: u8,
}

/// What became of a tap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It began or ended this passage.
    Leg(usize),
    /// It was a second tap for this passage.
    Repeat(usize),
    /// It began or ended a passage that was not made.
    Void(usize),
    /// The terminal did not let the rider in.
    Denied,
}

/// What the taps of a card amount to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paired {
    /// By the time of their first tap.
    pub passages: Vec<Passage>,
    /// One for each tap.
    pub fates: Vec<Fate>,
}

/// Pairs the taps of a card, which are in [`PlacedTap::order`].
#[must_use]
pub fn pair(taps: &[PlacedTap], rides: &Rides, tariffs: InForce<'_>, horizon: Horizon) -> Paired {
    let mut pairing =
        Pairing { taps, rides, tariffs, done: Paired::default(), open: None, voided: Vec::new() };
    for (at, tap) in taps.iter().enumerate() {
        let fate = if tap.denied { Fate::Denied } else { pairing.take(at) };
        pairing.done.fates.push(fate);
    }
    pairing.finish(horizon)
}

/// The service day of a tap: that of its trip, or by the clock.
#[must_use]
pub fn service_day(tap: &PlacedTap, tariff: &Tariff) -> ServiceDay {
    tap.place.ride.as_ref().map_or_else(|| tariff.service_day_of(tap.t), |ride| ride.day)
}

/// When a passage that began with `tap` is over for lack of a tap-off.
#[must_use]
pub fn deadline(tap: &PlacedTap, rides: &Rides, tariff: &Tariff) -> Timestamp {
    let limits = tariff.limits();
    match tap.place.ride.as_deref().and_then(|key| rides.get(key)) {
        Some(ride) => later(ride.end(), limits.trip_end_grace_s),
        None => later(tap.t, limits.journey_s_max),
    }
}

fn later(t: Timestamp, seconds: u32) -> Timestamp {
    Timestamp(t.0.saturating_add(i64::from(seconds) * MICROS))
}

/// The automaton: at most one passage is open.
struct Pairing<'a> {
    taps: &'a [PlacedTap],
    rides: &'a Rides,
    tariffs: InForce<'a>,
    done: Paired,
    /// The passage that the rider is on.
    open: Option<usize>,
    /// Service days on which a passage was void, one entry each.
    voided: Vec<ServiceDay>,
}

impl Pairing<'_> {
    fn take(&mut self, at: usize) -> Fate {
        let tap = &self.taps[at];
        if !self.tariffs.at(tap.t).rule(&tap.place.network).tap_off {
            return self.board_only(at);
        }
        match self.open {
            Some(passage) => self.on_the_way(at, passage),
            None if tap.kind == TapKind::Off => self.missing_on(at),
            None => self.board(at),
        }
    }

    /// A network where the rider taps only once.
    fn board_only(&mut self, at: usize) -> Fate {
        if let Some(paid) = self.paid(at) {
            self.join(paid, at);
            return Fate::Repeat(paid);
        }
        self.missing_off();
        Fate::Leg(self.push(at, End::NotNeeded))
    }

    /// The passage that was paid on this vehicle and trip.
    fn paid(&self, at: usize) -> Option<usize> {
        let tap = &self.taps[at];
        let apart_us = |p: usize| tap.t.0 - self.first(p).t.0;
        let within_us = |tariff: &Tariff| i64::from(tariff.limits().journey_s_max) * MICROS;
        // Each passage has the limit of its own tariff; beyond the longest of them none can count.
        let longest_us = self.tariffs.all().map(within_us).max().unwrap_or(0);
        let recent = (0..self.done.passages.len()).rev().take_while(|&p| apart_us(p) <= longest_us);
        let mut paid = recent.filter(|&p| {
            let limit_us = within_us(self.tariffs.at(self.first(p).t));
            self.done.passages[p].end == End::NotNeeded && apart_us(p) <= limit_us
        });
        paid.find(|&p| same_run(self.first(p), tap))
    }

    fn on_the_way(&mut self, at: usize, passage: usize) -> Fate {
        let (on, tap) = (self.first(passage), &self.taps[at]);
        let limits = self.tariffs.at(on.t).limits();
        let waited_us = tap.t.0 - on.t.0;
        let within = |seconds: u32| waited_us < i64::from(seconds) * MICROS;
        let (run, pier) = (same_run(on, tap), same_pier_network(&on.place, &tap.place));
        let here = same_stop(&on.place, &tap.place);
        let in_time = waited_us <= self.journey_us_max(passage);
        let again = match tap.kind {
            TapKind::Off => false,
            _ if run => within(limits.repeat_s) || here,
            _ => pier && here && within(limits.repeat_s),
        };
        if again {
            self.join(passage, at);
            return Fate::Repeat(passage);
        }
        let is_off = tap.kind == TapKind::Off || (pier && tap.kind == TapKind::Tap);
        if !in_time || !(run || (pier && is_off)) {
            self.missing_off();
            return if tap.kind == TapKind::Off { self.missing_on(at) } else { self.board(at) };
        }
        if is_off && here {
            return self.same_stop(at, passage, within(limits.void_s));
        }
        self.close(passage, at, End::Off);
        Fate::Leg(passage)
    }

    /// Off again where he got on.
    fn same_stop(&mut self, at: usize, passage: usize, at_once: bool) -> Fate {
        let on = self.first(passage);
        let tariff = self.tariffs.at(on.t);
        let day = service_day(on, tariff);
        let voids = self.voided.iter().filter(|&&voided| voided == day).count();
        if at_once && voids < tariff.limits().voids_per_day as usize {
            self.voided.push(day);
            self.close(passage, at, End::Void);
            let first = self.done.passages[passage].first;
            self.done.fates[first] = Fate::Void(passage);
            return Fate::Void(passage);
        }
        self.close(passage, at, End::SameStop);
        Fate::Leg(passage)
    }

    fn board(&mut self, at: usize) -> Fate {
        let passage = self.push(at, End::Open);
        self.open = Some(passage);
        Fate::Leg(passage)
    }

    fn missing_on(&mut self, at: usize) -> Fate {
        Fate::Leg(self.push(at, End::MissingOn))
    }

    /// Whoever was on the way has got off unseen.
    fn missing_off(&mut self) {
        if let Some(passage) = self.open.take() {
            self.done.passages[passage].end = End::MissingOff;
        }
    }

    fn close(&mut self, passage: usize, off: usize, end: End) {
        self.open = None;
        let passage = &mut self.done.passages[passage];
        (passage.off, passage.end) = (Some(off), end);
    }

    fn push(&mut self, first: usize, end: End) -> usize {
        self.done.passages.push(Passage { first, off: None, end, pax: self.taps[first].pax.max(1) });
        self.done.passages.len() - 1
    }

    /// A second tap may bring companions.
    fn join(&mut self, passage: usize, at: usize) {
        let passage = &mut self.done.passages[passage];
        passage.pax = passage.pax.max(self.taps[at].pax);
    }

    fn first(&self, passage: usize) -> &PlacedTap {
        &self.taps[self.done.passages[passage].first]
    }

    /// Twice the aimed time of the trip and half an hour, at most four hours (section 11).
    fn journey_us_max(&self, passage: usize) -> i64 {
        let on = self.first(passage);
        let limits = self.tariffs.at(on.t).limits();
        let ride = on.place.ride.as_deref().and_then(|key| self.rides.get(key));
        let aimed_s = ride.map_or(i64::from(u32::MAX), |ride| ride.aimed_us() / MICROS);
        i64::from(limits.journey_s(u32::try_from(aimed_s).unwrap_or(u32::MAX))) * MICROS
    }

    fn finish(mut self, horizon: Horizon) -> Paired {
        if let Some(passage) = self.open {
            let on = self.first(passage);
            let tariff = self.tariffs.at(on.t);
            let is_closed = horizon.closed.is_some_and(|day| service_day(on, tariff) <= day);
            if is_closed || horizon.now >= deadline(on, self.rides, tariff) {
                self.missing_off();
            }
        }
        self.done
    }
}

/// On one vehicle, on one trip.
fn same_run(a: &PlacedTap, b: &PlacedTap) -> bool {
    let (here, there) = (&a.place, &b.place);
    let one_trip = match (&here.ride, &there.ride) {
        (Some(this), Some(that)) => this == that,
        _ => (b.t.0 - a.t.0).abs() <= UNKNOWN_RIDE_S * MICROS,
    };
    !here.vehicle.is_empty() && here.vehicle == there.vehicle && one_trip
}

/// Both at piers of one network, where the vehicle is not known.
fn same_pier_network(a: &Place, b: &Place) -> bool {
    (a.vehicle.is_empty() || b.vehicle.is_empty()) && a.network == b.network
}

fn same_stop(a: &Place, b: &Place) -> bool {
    match (a.sequence, b.sequence) {
        (Some(here), Some(there)) => here == there,
        _ => !a.stop.is_empty() && a.stop == b.stop,
    }
}
