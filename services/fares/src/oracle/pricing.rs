//! What each leg costs alone (fares design, sections 5 and 6), before changes and caps.

use super::fill::{Fill, candidates};
use super::pairing::Passage;
use crate::card::Profile;
use crate::leg::{Leg, LegId, LegStatus, Price};
use crate::money::Satang;
use crate::rate::Facts;
use crate::tariff::{Ask, Fare, GroupIdx, Tariff};
use gtfs::Timestamp;
use gtfs::time::MICROS;
use std::sync::Arc;

/// A leg, and what transfer rules look at besides.
#[derive(Clone, Debug)]
pub(super) struct Alone {
    pub(super) leg: Leg,
    pub(super) group: GroupIdx,
    /// When the rider could change.
    pub(super) change: Timestamp,
    /// rider_category_id; empty for the default one.
    pub(super) rider: String,
}

/// The legs of every rider.
pub(super) fn legs(
    card: &Arc<str>,
    passages: &[Passage<'_>],
    fills: &[Fill],
    profile: &Profile,
    facts: Facts<'_>,
) -> Vec<Alone> {
    let of = |(passage, fill): (&Passage<'_>, &Fill)| {
        let riders = 0..passage.riders;
        riders.map(|companion| leg(card, passage, companion, fill, profile, facts)).collect::<Vec<_>>()
    };
    passages.iter().zip(fills).flat_map(of).collect()
}

/// The category of the holder, or the default one for those with him.
pub(super) fn rider<'p>(passage: &Passage<'_>, companion: u8, profile: &'p Profile) -> &'p str {
    if companion == 0 { profile.category(passage.first.t) } else { "" }
}

fn leg(
    card: &Arc<str>,
    passage: &Passage<'_>,
    companion: u8,
    fill: &Fill,
    profile: &Profile,
    facts: Facts<'_>,
) -> Alone {
    let tariff = facts.tariffs.at(passage.first.t);
    let rider = rider(passage, companion, profile);
    let place = &passage.first.place;
    let (from, to, end) = ends(passage, tariff);
    let (status, to) = match fill {
        Fill::None => (passage.status, to),
        Fill::Inferred(stop) => (LegStatus::Inferred, Arc::clone(stop)),
        Fill::Confirmed(stop) => (LegStatus::Confirmed, Arc::clone(stop)),
    };
    let fare = fare(passage, rider, fill, tariff, facts);
    Alone {
        group: fare.group,
        change: end,
        rider: rider.to_owned(),
        leg: Leg {
            id: LegId { tap: passage.first.id.clone(), companion },
            card: Arc::clone(card),
            off: passage.off.map(|off| off.id.clone()),
            status,
            service_day: passage.day,
            agency: Arc::clone(&place.agency),
            network: Arc::clone(&place.network),
            route: Arc::clone(&place.route),
            trip: place.ride.as_ref().map_or_else(|| "".into(), |key| Arc::clone(&key.trip)),
            vehicle: Arc::clone(&place.vehicle),
            from,
            to,
            start: passage.first.t,
            end,
            price: Price {
                full: fare.full,
                alone: fare.alone,
                charge: fare.alone,
                tariff: Arc::clone(tariff.version()),
                product: fare.product,
                ..Price::default()
            },
        },
    }
}

/// From, to, and the end in time, before anything was filled in.
fn ends(passage: &Passage<'_>, tariff: &Tariff) -> (Arc<str>, Arc<str>, Timestamp) {
    let first = passage.first;
    let stop = Arc::clone(&first.place.stop);
    match (passage.status, passage.off) {
        (_, Some(off)) => (stop, Arc::clone(&off.place.stop), off.t),
        (LegStatus::MissingOn, None) => {
            let begun = passage.ride.and_then(|ride| ride.calls.first());
            let from = begun.map_or_else(|| "".into(), |call| Arc::clone(&call.stop));
            (from, stop, first.t)
        }
        (_, None) if passage.is_one_tap => {
            let latest = Timestamp(first.t.0 + i64::from(tariff.limits().chain_end_s_max) * MICROS);
            let end = passage.ride.map_or(latest, |ride| ride.end().max(first.t).min(latest));
            (stop, "".into(), end)
        }
        (_, None) => {
            let last = passage.ride.and_then(|ride| ride.calls.last());
            (stop, last.map_or_else(|| "".into(), |call| Arc::clone(&call.stop)), first.t)
        }
    }
}

fn fare(passage: &Passage<'_>, rider: &str, fill: &Fill, tariff: &Tariff, facts: Facts<'_>) -> Fare {
    let default = unfilled(passage, rider, tariff, facts);
    let filled = match fill {
        Fill::None => None,
        Fill::Inferred(stop) | Fill::Confirmed(stop) => to_stop(passage, stop, rider, tariff),
    };
    match filled {
        Some(filled) if filled.alone < default.alone => filled,
        _ => default,
    }
}

/// What it costs to a stop, asked at boarding. Where no fare says it, it can not be filled in: the least fare takes part in
/// no change, and two legs with it may be dearer than without (I11).
pub(super) fn to_stop(passage: &Passage<'_>, stop: &str, rider: &str, tariff: &Tariff) -> Option<Fare> {
    let t = passage.first.t;
    ask(passage, &passage.first.place.stop, stop, (t, t), rider, tariff)
}

fn ask(
    passage: &Passage<'_>,
    from: &str,
    to: &str,
    (start, end): (Timestamp, Timestamp),
    rider: &str,
    tariff: &Tariff,
) -> Option<Fare> {
    let network = &passage.first.place.network;
    tariff.fare(&Ask { network, from, to, start, end, rider, medium: "" })
}

/// The least that a leg of its network costs.
fn least(passage: &Passage<'_>, rider: &str, tariff: &Tariff) -> Fare {
    let network = &passage.first.place.network;
    let (full, alone) = (tariff.minimum(network, ""), tariff.minimum(network, rider));
    Fare { full, alone, group: GroupIdx::NONE, product: "".into() }
}

/// What it costs when nothing is filled in.
pub(super) fn unfilled(passage: &Passage<'_>, rider: &str, tariff: &Tariff, facts: Facts<'_>) -> Fare {
    let (from, to, end) = ends(passage, tariff);
    let t = passage.first.t;
    let all = || tariff.rows().stop_areas.iter().map(|(_, stop)| stop.as_ref()).collect::<Vec<&str>>();
    let found = match passage.status {
        LegStatus::Void => {
            let free = Fare { full: Satang(0), alone: Satang(0), group: GroupIdx::NONE, product: "".into() };
            return free;
        }
        LegStatus::Complete if passage.is_at_once => None,
        // Its price is known at the tap, whenever the vehicle arrives.
        LegStatus::Complete if passage.is_one_tap => to_stop(passage, "", rider, tariff),
        LegStatus::Complete => ask(passage, &from, &to, (t, end), rider, tariff),
        LegStatus::MissingOn if passage.ride.is_some() => ask(passage, &from, &to, (t, t), rider, tariff),
        LegStatus::MissingOn => {
            dearest(all().into_iter().filter_map(|from| ask(passage, from, &to, (t, t), rider, tariff)))
        }
        _ if is_pardoned(passage, facts) => None,
        _ if passage.ride.is_some() => to_stop(passage, &to, rider, tariff),
        _ => {
            let could = candidates(passage, facts);
            let mut could: Vec<&str> = could.iter().map(|candidate| &*candidate.stop).collect();
            could.sort_unstable();
            let could = if could.is_empty() { all() } else { could };
            dearest(could.into_iter().filter_map(|to| to_stop(passage, to, rider, tariff)))
        }
    };
    found.unwrap_or_else(|| least(passage, rider, tariff))
}

/// The dearest for the rider; of equals that with the dearest full fare, then the first.
fn dearest(fares: impl Iterator<Item = Fare>) -> Option<Fare> {
    fares.fold(None, |dearest, fare| match dearest {
        Some(dearest) if (dearest.alone, dearest.full) >= (fare.alone, fare.full) => Some(dearest),
        _ => Some(fare),
    })
}

fn is_pardoned(passage: &Passage<'_>, facts: Facts<'_>) -> bool {
    let (place, t) = (&passage.first.place, passage.first.t);
    facts.amnesties.iter().any(|amnesty| {
        (amnesty.of == place.route || amnesty.of == place.network) && amnesty.from <= t && t < amnesty.until
    })
}
