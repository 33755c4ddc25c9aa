//! Where a tap was made: which vehicle, trip and stop.
//!
//! What the server itself saw of the vehicle comes first, what the driver typed in is a hint (fares design, section 4: one
//! mistyped trip blocked every tag-off of a bus in Auckland). A tap is placed when it comes, and again when more was seen.

use crate::ride::{Place, Ride, RideKey, Rides};
use crate::tap::{Tap, TapKind};
use crate::tariff::Tariff;
use gtfs::time::MICROS;
use gtfs::{ServiceDay, Timestamp};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// A tap this long before the vehicle was seen to arrive is still of that stop, seconds.
const EARLY_S_MAX: i64 = 20;
/// Where a vehicle was tells nothing of a tap this much later, seconds.
const SEEN_S_MAX: i64 = 1_800;
/// A hinted trip holds this long before its aimed start, and [`HINT_AFTER_S`] after its end, seconds.
const HINT_BEFORE_S: i64 = 1_800;
const HINT_AFTER_S: i64 = 3_600;
/// Calls remembered of a vehicle: two days of a busy bus.
pub const SEEN_MAX: usize = 1_000;

/// Where a terminal is mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    /// The vehicle; empty at a pier.
    pub vehicle: Arc<str>,
    /// GTFS stop_id; empty on a vehicle.
    pub stop: Arc<str>,
    /// GTFS-Fares network_id, for when nothing better is known.
    pub network: Arc<str>,
    /// GTFS agency_id, likewise.
    pub agency: Arc<str>,
}

/// A vehicle at a call of a ride, as it was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The vehicle.
    pub vehicle: Arc<str>,
    /// The ride.
    pub ride: RideKey,
    /// GTFS stop_sequence.
    pub sequence: u32,
    /// When it came.
    pub arrived: Option<Timestamp>,
    /// When it left.
    pub left: Option<Timestamp>,
}

impl Visit {
    fn begin(&self) -> Option<Timestamp> {
        self.arrived.or(self.left)
    }
}

/// A call at which a vehicle was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    begin: Timestamp,
    left: Option<Timestamp>,
    ride: Arc<RideKey>,
    sequence: u32,
}

/// What is known of where vehicles and terminals were.
#[derive(Clone, Debug, Default)]
pub struct Places {
    installed: HashMap<Arc<str>, Installed>,
    /// By vehicle, by the time of arrival.
    seen: HashMap<Arc<str>, VecDeque<Seen>>,
    /// The rides, with what was observed of them.
    pub(crate) rides: Rides,
    /// When the rides of a trip start on a day.
    starts: HashMap<(ServiceDay, Arc<str>), Vec<i32>>,
}

impl Places {
    /// Notes where a terminal is mounted.
    pub fn install(&mut self, terminal: Arc<str>, installed: Installed) {
        self.installed.insert(terminal, installed);
    }

    /// Notes a ride; what was observed of it before stays.
    pub fn ride(&mut self, ride: Ride) {
        let key = ride.key.clone();
        if let Entry::Vacant(vacant) = self.rides.entry(key.clone()) {
            vacant.insert(ride);
            self.starts.entry((key.day, key.trip)).or_default().push(key.start_s);
        }
    }

    /// The rides.
    #[must_use]
    pub fn rides(&self) -> &Rides {
        &self.rides
    }

    /// Forgets rides before `day` and what was seen on them.
    pub fn forget_before(&mut self, day: ServiceDay) {
        self.rides.retain(|key, _| key.day >= day);
        self.starts.retain(|(of, _), _| *of >= day);
        for seen in self.seen.values_mut() {
            seen.retain(|call| call.ride.day >= day);
        }
    }

    /// Notes an observation; `true` when it is news of a ride that is known.
    pub fn visit(&mut self, visit: &Visit) -> bool {
        let Some(begin) = visit.begin() else { return false };
        let Some(ride) = self.rides.get_mut(&visit.ride) else { return false };
        if !ride.observe(visit.sequence, visit.arrived, visit.left) {
            return false;
        }
        ride.vehicle = Arc::clone(&visit.vehicle);
        let seen = self.seen.entry(Arc::clone(&visit.vehicle)).or_default();
        let known =
            seen.iter_mut().rev().find(|call| call.sequence == visit.sequence && *call.ride == visit.ride);
        if let Some(call) = known {
            (call.begin, call.left) = (begin, visit.left.or(call.left));
            return true;
        }
        let key = seen.iter().rev().find(|call| *call.ride == visit.ride).map(|call| Arc::clone(&call.ride));
        let key = key.unwrap_or_else(|| Arc::new(visit.ride.clone()));
        let at = seen.iter().rposition(|call| call.begin <= begin).map_or(0, |before| before + 1);
        seen.insert(at, Seen { begin, left: visit.left, ride: key, sequence: visit.sequence });
        if seen.len() > SEEN_MAX {
            seen.pop_front();
        }
        true
    }

    /// Where a tap at `t` was made.
    #[must_use]
    pub fn place(&self, tap: &Tap, t: Timestamp, tariff: &Tariff) -> Place {
        let nowhere = Installed::default();
        let installed = self.installed.get(&tap.id.terminal).unwrap_or(&nowhere);
        let hint = &tap.whereabouts;
        let vehicle = or(&installed.vehicle, &hint.vehicle);
        let mut place = Place {
            agency: Arc::clone(&installed.agency),
            network: Arc::clone(&installed.network),
            stop: or(&installed.stop, &hint.stop),
            vehicle,
            ..Place::default()
        };
        if place.vehicle.is_empty() || !installed.stop.is_empty() {
            place.vehicle = "".into();
            place.route = only_route(tariff, &place.network);
            return place;
        }
        let call = self
            .seen_at(&place.vehicle, t, tap.kind)
            .map(|seen| (Arc::clone(&seen.ride), Some(seen.sequence)));
        let call = call.or_else(|| self.hinted(tap, t, tariff));
        let Some((key, sequence)) = call else { return place };
        let Some(ride) = self.rides.get(&*key) else { return place };
        place.agency = Arc::clone(&ride.agency);
        place.route = Arc::clone(&ride.route);
        if let Some(network) = tariff.network_of(&ride.route) {
            place.network = Arc::clone(network);
        }
        if let Some(at) = sequence.and_then(|sequence| ride.at(sequence)) {
            place.sequence = sequence;
            place.stop = Arc::clone(&ride.calls[at].stop);
        }
        place.ride = Some(key);
        place
    }

    /// The call at which the vehicle was, or between which and the next.
    fn seen_at(&self, vehicle: &str, t: Timestamp, kind: TapKind) -> Option<&Seen> {
        let seen = self.seen.get(vehicle)?;
        let next = seen.partition_point(|call| call.begin.0 <= t.0 + EARLY_S_MAX * MICROS);
        let next_call = seen.get(next);
        let last = seen.get(next.checked_sub(1)?)?;
        let left = last.left.unwrap_or(last.begin);
        let is_last_call = self
            .rides
            .get(&*last.ride)
            .is_some_and(|ride| ride.calls.last().is_some_and(|call| call.sequence == last.sequence));
        if is_last_call && kind != TapKind::Off {
            // Nobody boards where a trip ends: it is for the next trip, if that has begun to be seen.
            let soon = next_call.filter(|next| next.begin.0 - t.0 <= SEEN_S_MAX * MICROS);
            return soon.or_else(|| (t.0 - left.0 <= EARLY_S_MAX * MICROS).then_some(last));
        }
        if t.0 - left.0 > SEEN_S_MAX * MICROS {
            return None;
        }
        match next_call {
            // Between two calls a rider gets off at the nearer one in time.
            Some(next)
                if kind == TapKind::Off && next.ride == last.ride && next.begin.0 - t.0 < t.0 - left.0 =>
            {
                Some(next)
            }
            _ => Some(last),
        }
    }

    /// The trip and stop that the terminal named, if that trip ran about then.
    fn hinted(&self, tap: &Tap, t: Timestamp, tariff: &Tariff) -> Option<(Arc<RideKey>, Option<u32>)> {
        let hint = &tap.whereabouts;
        if hint.trip.is_empty() {
            return None;
        }
        let day = tariff.service_day_of(t);
        let runs = |ride: &&Ride| {
            let begins = ride.calls.first().map_or(i64::MAX, |call| call.aimed.0 - HINT_BEFORE_S * MICROS);
            begins <= t.0 && t.0 <= ride.end().0.saturating_add(HINT_AFTER_S * MICROS)
        };
        let off_us = |ride: &&Ride| ride.calls.first().map_or(i64::MAX, |call| (call.aimed.0 - t.0).abs());
        let days = [day, day.previous(), day.next()].into_iter();
        let rides = days.flat_map(|day| self.rides_of_trip(day, &hint.trip));
        let ride = rides.filter(runs).min_by_key(|ride| (off_us(ride), &ride.key))?;
        let call = ride.calls.iter().find(|call| call.stop == hint.stop);
        Some((Arc::new(ride.key.clone()), call.map(|call| call.sequence)))
    }

    fn rides_of_trip<'a>(&'a self, day: ServiceDay, trip: &'a Arc<str>) -> impl Iterator<Item = &'a Ride> {
        let starts = self.starts.get(&(day, Arc::clone(trip))).into_iter().flatten();
        let key = move |start_s: &i32| RideKey { day, trip: Arc::clone(trip), start_s: *start_s };
        starts.filter_map(move |start_s| self.rides.get(&key(start_s)))
    }
}

/// The route of a network that has no other: what is ridden from its piers is known then, though the boat is not.
fn only_route(tariff: &Tariff, network: &str) -> Arc<str> {
    let mut routes = tariff.rows().route_networks.iter().filter(|(of, _)| **of == *network);
    match (routes.next(), routes.next()) {
        (Some((_, route)), None) => (&**route).into(),
        _ => "".into(),
    }
}

fn or(first: &Arc<str>, second: &Arc<str>) -> Arc<str> {
    Arc::clone(if first.is_empty() { second } else { first })
}
