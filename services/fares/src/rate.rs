//! The price of everything a card did: a pure function of the set of its taps.
//!
//! `legs = rate(taps, rides, tariffs, profile, horizon)`. Nothing is kept between calls and the order in which
//! taps arrived is not among the arguments, so it can not matter (fares design, section 2). Each passage is priced by
//! itself, then changing vehicles takes something off, then caps do.

use crate::autofill::{self, Habits};
use crate::cap::{Caps, Due};
use crate::card::{Amnesty, Profile};
use crate::journey::{End, Fate, Horizon, InForce, Passage, deadline, pair, service_day};
use crate::leg::{Leg, LegId, LegStatus, Price};
use crate::money::Satang;
use crate::ride::{PlacedTap, Rides};
use crate::tariff::{Ask, Fare, GroupIdx, Ridden, Tariff};
use gtfs::time::MICROS;
use gtfs::{ServiceDay, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;

/// Where stops are, metres east and north of any one point of the town.
pub type Stops = HashMap<Arc<str>, (i32, i32)>;

/// What a price rests on besides the card.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The tariffs, by the time from which they hold.
    pub tariffs: InForce<'a>,
    /// The rides that taps were made on.
    pub rides: &'a Rides,
    /// Where stops are.
    pub stops: &'a Stops,
    /// Hours in which a missing tap-off is nobody's fault.
    pub amnesties: &'a [Amnesty],
    /// Up to when the world is known.
    pub horizon: Horizon,
}

/// A leg, and when nothing but new evidence will change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatedLeg {
    /// The leg with its price.
    pub leg: Leg,
    /// From when it may be posted; [`Timestamp`]'s end while it is open.
    pub is_final_at: Timestamp,
}

/// What a card owes for its taps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rated {
    /// By start, then name.
    pub legs: Vec<RatedLeg>,
    /// One for each tap; positions are of `legs`.
    pub fates: Vec<Fate>,
    /// When to look again although nothing has come: an open ride is over then.
    pub look_again: Option<Timestamp>,
}

/// Prices the taps of a card, which are in [`PlacedTap::order`].
#[must_use]
pub fn rate(card: &Arc<str>, taps: &[PlacedTap], profile: &Profile, facts: Facts<'_>) -> Rated {
    let paired = pair(taps, facts.rides, facts.tariffs, facts.horizon);
    let mut rating =
        Rating { card, taps, profile, facts, legs: Vec::new(), last: None, caps: Caps::default() };
    let mut habits = Habits::default();
    // Positions of legs by passage, for the fates.
    let mut legs_of = Vec::with_capacity(paired.passages.len());
    let mut look_again = None;
    for (at, passage) in paired.passages.iter().enumerate() {
        legs_of.push(rating.legs.len());
        if passage.end == End::Open {
            let on = &taps[passage.first];
            look_again = Some(deadline(on, facts.rides, facts.tariffs.at(on.t)));
        }
        rating.passage(passage, &paired.passages[at + 1..], &mut habits);
    }
    let at_leg = |fate: &Fate| match *fate {
        Fate::Leg(passage) => Fate::Leg(legs_of[passage]),
        Fate::Repeat(passage) => Fate::Repeat(legs_of[passage]),
        Fate::Void(passage) => Fate::Void(legs_of[passage]),
        Fate::Denied => Fate::Denied,
    };
    Rated { fates: paired.fates.iter().map(at_leg).collect(), legs: rating.legs, look_again }
}

/// A card in the middle of being priced.
struct Rating<'a> {
    card: &'a Arc<str>,
    taps: &'a [PlacedTap],
    profile: &'a Profile,
    facts: Facts<'a>,
    legs: Vec<RatedLeg>,
    last: Option<Last<'a>>,
    caps: Caps,
}

/// The holder's last leg, from which he may change.
struct Last<'a> {
    /// What stands for it and those joined to it.
    chain: Ridden<'a>,
    leg: LegId,
    /// Changes so far.
    hops: u32,
    /// The version that priced it.
    tariff: &'a Tariff,
}

/// Where and when a passage ended, and what its fare goes by.
struct Course {
    status: LegStatus,
    to: Arc<str>,
    end: Timestamp,
    /// From when the time to change counts.
    change_from: Timestamp,
    way: Way,
    /// Charged instead, where it is cheaper.
    instead: Option<Way>,
}

/// What a fare goes by.
enum Way {
    /// Two stops, either of which may be unknown, and when the rider got off.
    Between(Arc<str>, Arc<str>, Timestamp),
    /// The dearest of several stops to get off at, or of all when none is given.
    DearestFrom(Vec<Arc<str>>),
    /// The dearest of all stops to have got on at.
    DearestTo,
    /// The least fare of the network.
    Least,
    /// Nothing was ridden.
    Nothing,
}

impl<'a> Rating<'a> {
    fn passage(&mut self, passage: &Passage, later: &[Passage], habits: &mut Habits) {
        let first = &self.taps[passage.first];
        let tariff: &'a Tariff = self.facts.tariffs.at(first.t);
        let category = self.profile.category(first.t);
        let course = self.course(passage, later, tariff, category, habits);
        habits.note(&first.place, &course.to, first.t, course.status);
        for companion in 0..passage.pax {
            // Companions pay as adults, whoever the holder is (section 4).
            let category = if companion == 0 { category } else { "" };
            let priced = self.priced_leg(passage, &course, tariff, category, companion);
            self.legs.push(priced);
        }
    }

    /// One rider's leg, with what changing and caps take off.
    fn priced_leg(
        &mut self,
        passage: &Passage,
        course: &Course,
        tariff: &'a Tariff,
        category: &'a str,
        companion: u8,
    ) -> RatedLeg {
        let taps = self.taps;
        let first = &taps[passage.first];
        let id = LegId { tap: first.id.clone(), companion };
        let day = service_day(first, tariff);
        let fare = course_fare(tariff, first, course, category);
        let mut price = Price {
            full: fare.full,
            alone: fare.alone,
            tariff: Arc::clone(tariff.version()),
            product: Arc::clone(&fare.product),
            ..Price::default()
        };
        let is_ridden = course.status != LegStatus::Void;
        if companion == 0 && is_ridden {
            let next = Ridden {
                group: fare.group,
                route: &first.place.route,
                start: first.t,
                end: course.change_from,
                alone: fare.alone,
                rider: category,
                medium: "",
            };
            (price.transfer, price.after) = self.change(tariff, &id, next);
        }
        if is_ridden {
            let due = Due {
                network: &first.place.network,
                category: tariff.category(category),
                day,
                rider: companion,
                amount: Satang(price.alone.0 + price.transfer.0),
                is_default: matches!(course.status, LegStatus::MissingOff | LegStatus::MissingOn),
            };
            let capped = self.caps.take(tariff, due);
            price.charge = capped.charge;
            price.capped = Satang(capped.charge.0 - due.amount.0);
            price.cap = capped.by;
        }
        let leg = self.leg(id, passage, course, day, price);
        let is_final_at = self.final_at(passage, &leg, tariff);
        RatedLeg { leg, is_final_at }
    }

    /// Changing vehicles: greedy in the order of time, never dearer than separate legs (section 6). What it takes off,
    /// and the leg before.
    fn change(&mut self, tariff: &'a Tariff, id: &LegId, next: Ridden<'a>) -> (Satang, Option<LegId>) {
        let changed = self.last.as_ref().and_then(|last| {
            // Groups are numbered within one version.
            let group = match std::ptr::eq(last.tariff, tariff) {
                true => last.chain.group,
                false => tariff.group_named(last.tariff.group_id(last.chain.group)),
            };
            let before = Ridden { group, ..last.chain };
            let off = tariff.transfer(&before, &next, last.hops)?;
            Some((off, last.leg.clone(), tariff.joined(&before, &next), last.hops + 1))
        });
        let (off, before, chain, hops) = match changed {
            Some((off, before, chain, hops)) => (off, Some(before), chain, hops),
            None => (Satang(0), None, next, 0),
        };
        self.last = Some(Last { chain, leg: id.clone(), hops, tariff });
        (off, before)
    }

    fn leg(&self, id: LegId, passage: &Passage, course: &Course, day: ServiceDay, price: Price) -> Leg {
        let first = &self.taps[passage.first];
        let place = &first.place;
        let from = match passage.end {
            End::MissingOn => {
                self.ride_of(first).map_or_else(|| "".into(), |ride| Arc::clone(&ride.calls[0].stop))
            }
            _ => Arc::clone(&place.stop),
        };
        Leg {
            id,
            card: Arc::clone(self.card),
            off: passage.off.map(|off| self.taps[off].id.clone()),
            status: course.status,
            service_day: day,
            agency: Arc::clone(&place.agency),
            network: Arc::clone(&place.network),
            route: Arc::clone(&place.route),
            trip: place.ride.as_ref().map_or_else(|| "".into(), |ride| Arc::clone(&ride.trip)),
            vehicle: Arc::clone(&place.vehicle),
            from,
            to: Arc::clone(&course.to),
            start: first.t,
            end: course.end,
            price,
        }
    }

    /// The end of its trip and half an hour, or the close of its day (section 8). Where the tap-off is missing: when every
    /// departure that it could have been is over.
    fn final_at(&self, passage: &Passage, leg: &Leg, tariff: &Tariff) -> Timestamp {
        let first = &self.taps[passage.first];
        if self.facts.horizon.closed.is_some_and(|day| leg.service_day <= day) {
            return leg.start;
        }
        match passage.end {
            End::Open => return Timestamp(i64::MAX),
            End::MissingOff => return deadline(first, self.facts.rides, tariff),
            _ => {}
        }
        let grace_us = i64::from(tariff.limits().trip_end_grace_s) * MICROS;
        let end = self.ride_of(first).map_or(leg.end, |ride| ride.end().max(leg.end));
        Timestamp(end.0.saturating_add(grace_us))
    }

    fn ride_of(&self, tap: &PlacedTap) -> Option<&crate::ride::Ride> {
        tap.place.ride.as_deref().and_then(|key| self.facts.rides.get(key))
    }

    fn course(
        &self,
        passage: &Passage,
        later: &[Passage],
        tariff: &Tariff,
        category: &str,
        habits: &mut Habits,
    ) -> Course {
        let first = &self.taps[passage.first];
        let (from, off) = (Arc::clone(&first.place.stop), passage.off.map(|off| &self.taps[off]));
        match (passage.end, off) {
            (End::Off | End::SameStop | End::Void, Some(off)) => {
                let to = Arc::clone(&off.place.stop);
                let way = match passage.end {
                    End::Void => Way::Nothing,
                    End::SameStop => Way::Least,
                    _ => Way::Between(from, Arc::clone(&to), off.t),
                };
                let status = if passage.end == End::Void { LegStatus::Void } else { LegStatus::Complete };
                Course { status, to, end: off.t, change_from: off.t, way, instead: None }
            }
            (End::MissingOn, _) => self.without_on(first),
            (End::MissingOff | End::Open, _) => self.without_off(passage, later, tariff, category, habits),
            _ => self.one_tap(first, tariff),
        }
    }

    /// One tap is enough: the rider may have gone to the end of the trip, and changes from there.
    fn one_tap(&self, first: &PlacedTap, tariff: &Tariff) -> Course {
        let most = Timestamp(first.t.0 + i64::from(tariff.limits().chain_end_s_max) * MICROS);
        let change_from = self.ride_of(first).map_or(most, |ride| ride.end().clamp(first.t, most));
        Course {
            status: LegStatus::Complete,
            to: "".into(),
            end: change_from,
            change_from,
            way: Way::Between(Arc::clone(&first.place.stop), "".into(), first.t),
            instead: None,
        }
    }

    /// From the first stop of the trip; at a pier from the dearest.
    fn without_on(&self, off: &PlacedTap) -> Course {
        let to = Arc::clone(&off.place.stop);
        let way = match self.ride_of(off) {
            Some(ride) => Way::Between(Arc::clone(&ride.calls[0].stop), Arc::clone(&to), off.t),
            None => Way::DearestTo,
        };
        Course { status: LegStatus::MissingOn, to, end: off.t, change_from: off.t, way, instead: None }
    }

    /// To the end of the trip, unless it is known or follows where the rider got off (section 5).
    fn without_off(
        &self,
        passage: &Passage,
        later: &[Passage],
        tariff: &Tariff,
        category: &str,
        habits: &mut Habits,
    ) -> Course {
        let on = &self.taps[passage.first];
        let from = Arc::clone(&on.place.stop);
        let last = self.ride_of(on).and_then(|ride| ride.calls.last()).map(|call| Arc::clone(&call.stop));
        let way = match &last {
            _ if self.is_pardoned(on) => Way::Least,
            Some(last) => Way::Between(from, Arc::clone(last), on.t),
            None => {
                Way::DearestFrom(autofill::candidates(on, self.facts).into_iter().map(|c| c.stop).collect())
            }
        };
        let status = if passage.end == End::Open { LegStatus::Open } else { LegStatus::MissingOff };
        let to = last.unwrap_or_else(|| "".into());
        let mut course = Course { status, to, end: on.t, change_from: on.t, way, instead: None };
        if passage.end == End::MissingOff {
            self.fill(&mut course, on, later, tariff, category, habits);
        }
        course
    }

    fn fill(
        &self,
        course: &mut Course,
        on: &PlacedTap,
        later: &[Passage],
        tariff: &Tariff,
        category: &str,
        habits: &mut Habits,
    ) {
        let next = autofill::next_boarding(on, later, self.taps, self.facts.tariffs);
        let Some(found) = autofill::alighting(on, next, self.profile, habits, tariff, self.facts) else {
            return;
        };
        let filled = Way::Between(Arc::clone(&on.place.stop), Arc::clone(&found.stop), on.t);
        let by_default = way_fare(tariff, on, &course.way, category).alone;
        // A stop that no rule names has no fare: nothing follows from it.
        let is_less = ruled(tariff, on, &filled, category).is_some_and(|fare| fare.alone < by_default);
        // Where the way was as dear as to the end, nothing is filled in and none of the month's is used up.
        if found.is_confirmed || is_less {
            habits.filled(on.t, &found, tariff);
            course.status = if found.is_confirmed { LegStatus::Confirmed } else { LegStatus::Inferred };
            course.to = found.stop;
            course.instead = Some(filled);
        }
    }

    /// A missing tap-off that is nobody's fault.
    fn is_pardoned(&self, on: &PlacedTap) -> bool {
        let of = |amnesty: &Amnesty| amnesty.of == on.place.route || amnesty.of == on.place.network;
        let mut amnesties = self.facts.amnesties.iter();
        amnesties.any(|amnesty| of(amnesty) && amnesty.from <= on.t && on.t < amnesty.until)
    }
}

/// The fare of a course for a rider of `category`.
fn course_fare(tariff: &Tariff, first: &PlacedTap, course: &Course, category: &str) -> Fare {
    let fare = way_fare(tariff, first, &course.way, category);
    let instead = course.instead.as_ref().and_then(|way| ruled(tariff, first, way, category));
    instead.filter(|instead| instead.alone < fare.alone).unwrap_or(fare)
}

/// The fare of a way; where no rule gives one, the least of the network: the doubt is the rider's gain.
fn way_fare(tariff: &Tariff, first: &PlacedTap, way: &Way, rider: &str) -> Fare {
    let network: &str = &first.place.network;
    let least = || flat(tariff.minimum(network, ""), tariff.minimum(network, rider));
    ruled(tariff, first, way, rider).unwrap_or_else(least)
}

/// The fare that the rules give a way.
fn ruled(tariff: &Tariff, first: &PlacedTap, way: &Way, rider: &str) -> Option<Fare> {
    let network: &str = &first.place.network;
    let between = |from: &str, to: &str, end| {
        tariff.fare(&Ask { network, from, to, start: first.t, end, rider, medium: "" })
    };
    match way {
        Way::Between(from, to, end) => between(from, to, *end),
        Way::DearestFrom(stops) => {
            let ends = if stops.is_empty() { all_stops(tariff) } else { in_order(stops) };
            dearest(ends.into_iter().filter_map(|to| between(&first.place.stop, to, first.t)))
        }
        Way::DearestTo => {
            let starts = all_stops(tariff).into_iter();
            dearest(starts.filter_map(|from| between(from, &first.place.stop, first.t)))
        }
        Way::Least => None,
        Way::Nothing => Some(flat(Satang(0), Satang(0))),
    }
}

/// The dearest for the rider, of those the dearest for others, of those the first.
fn dearest(fares: impl Iterator<Item = Fare>) -> Option<Fare> {
    let dearer = |a: &Fare, b: &Fare| (b.alone, b.full) > (a.alone, a.full);
    fares.reduce(|dearest, fare| if dearer(&dearest, &fare) { fare } else { dearest })
}

/// By id, whatever order they were found in.
fn in_order(stops: &[Arc<str>]) -> Vec<&str> {
    let mut stops: Vec<&str> = stops.iter().map(|stop| &**stop).collect();
    stops.sort_unstable();
    stops.dedup();
    stops
}

/// A fare that no rule gave.
fn flat(full: Satang, alone: Satang) -> Fare {
    Fare { full, alone, group: GroupIdx::NONE, product: "".into() }
}

/// Every stop that the tariff has an area for: where distance decides, there are fares between them.
fn all_stops(tariff: &Tariff) -> Vec<&str> {
    tariff.rows().stop_areas.iter().map(|(_, stop)| &**stop).collect()
}

impl Passage {
    /// Whether it is a ride that was paid and made.
    pub(crate) fn is_boarding(&self) -> bool {
        !matches!(self.end, End::Void | End::MissingOn)
    }
}
