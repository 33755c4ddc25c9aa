//! What the engine says, as rows; and rows, as what the engine wants to know.

use crate::finance::card_shown;
use chrono_tz::Tz;
use fares::Discrepancy;
use fares::card::{Concession, Confirmed, Profile};
use fares::clone::{Seen, Suspicion};
use fares::engine::{CardHistory, Effect, LegRecord, PostedLeg, TapFate, TapRecord};
use fares::retime::{Method, Timed};
use fares::ride::{Place, PlacedTap, RideKey};
use fares::tariff::frames::service_day_of;
use gtfs::{ServiceTime, Timestamp};
use std::sync::Arc;
use store::deny::DenyChange;
use store::{FareCommit, HoldChange, LegRow, StoreError, TapState};

/// Why the engine denies a card, and why no longer.
pub(super) const DEBT: &str = "debt";
const PAID: &str = "paid";
/// A card that was in two places at once.
const CARD_CLONE: &str = "card_clone";
/// Days begin this long after midnight where no trip says otherwise, seconds (fares design, section 11).
const DAY_BOUNDARY_S: u32 = 3 * 3_600;

/// Puts effects into the rows of one transaction. Questions of the engine are not among them.
pub(super) fn add(effects: Vec<Effect>, tz: Tz, commit: &mut FareCommit) {
    for effect in effects {
        match effect {
            Effect::Tap(record) => commit.taps.push(tap_state(*record, tz)),
            Effect::Leg(posted) => commit.legs.push(leg_row(*posted)),
            Effect::Hold(card, leg, held) => {
                commit.holds.push(HoldChange { leg, card, amount: held.map(|leg| leg.price.charge) });
            }
            Effect::Journal(journal) => commit.journals.push(journal),
            Effect::Ride(ride) => commit.rides.push(*ride),
            Effect::Deny(card, denied) => {
                let reason = if denied { DEBT } else { PAID }.into();
                commit.denied.push(DenyChange { card, denied, reason });
            }
            Effect::Suspect(found) => commit.discrepancies.push(doubt(&found, tz, commit.at)),
            Effect::Need(..) | Effect::NeedRides(_) | Effect::WakeAt(_) => {}
        }
    }
}

/// A card that seems to be in two places, as a person reads it; the card by its digest.
fn doubt(found: &Suspicion, tz: Tz, now: Timestamp) -> Discrepancy {
    let (first, second) = (&found.first, &found.second);
    let told = |seen: &Seen| {
        let at = if seen.vehicle.is_empty() { String::new() } else { format!(" on {}", seen.vehicle) };
        format!("{} at {}{at}", seen.tap, seen.stop)
    };
    let apart_s = second.t.since_s(first.t);
    Discrepancy {
        kind: CARD_CLONE.into(),
        cause: format!("{CARD_CLONE}/{}/{}", first.tap, second.tap).into(),
        subject: card_shown(&found.card).into(),
        amount: None,
        day: service_day_of(second.t, tz, DAY_BOUNDARY_S),
        found: now,
        detail: format!("{} and {}: {} m in {apart_s:.0} s", told(first), told(second), found.distance_m)
            .into(),
    }
}

fn tap_state(record: TapRecord, tz: Tz) -> TapState {
    let TapRecord { row, rev, card, tap, timed, fate } = record;
    let place = &tap.place;
    let ride = place.ride.as_deref();
    let (word, leg) = fate.parts();
    TapState {
        tap: row,
        rev,
        card,
        kind: tap.kind,
        pax: tap.pax,
        fate: word.into(),
        leg: leg.cloned(),
        service_day: ride.map_or_else(|| service_day_of(tap.t, tz, DAY_BOUNDARY_S), |ride| ride.day),
        agency: Arc::clone(&place.agency),
        network: Arc::clone(&place.network),
        t: tap.t,
        method: timed.method.word().into(),
        bound_ms: timed.bound_ms,
        vehicle: Arc::clone(&place.vehicle),
        trip: ride.map_or_else(|| "".into(), |ride| Arc::clone(&ride.trip)),
        stop: Arc::clone(&place.stop),
        route: Arc::clone(&place.route),
        ride_start_s: ride.map(|ride| ride.start_s),
        sequence: place.sequence,
        id: tap.id,
    }
}

fn leg_row(posted: PostedLeg) -> LegRow {
    let PostedLeg { record: LegRecord { rev, leg, waived, posting_day }, share } = posted;
    LegRow { rev, leg, share, waived, posting_day }
}

/// A tap as it was recorded last.
pub(super) fn tap_record(state: TapState) -> Result<TapRecord, StoreError> {
    let wrong =
        |what: &str| StoreError::Unreadable(format!("tap_state of {}: its {what} can not be read", state.id));
    let fate = TapFate::of(&state.fate, state.leg.clone()).ok_or_else(|| wrong("fate"))?;
    let method = Method::from_word(&state.method).ok_or_else(|| wrong("method"))?;
    let ride = state
        .ride_start_s
        .map(|start_s| Arc::new(RideKey { day: state.service_day, trip: Arc::clone(&state.trip), start_s }));
    let place = Place {
        agency: state.agency,
        network: state.network,
        route: state.route,
        vehicle: state.vehicle,
        ride,
        sequence: state.sequence,
        stop: state.stop,
    };
    let denied = fate == TapFate::Denied;
    Ok(TapRecord {
        row: state.tap,
        rev: state.rev,
        card: state.card,
        tap: PlacedTap {
            id: state.id,
            t: state.t,
            kind: state.kind,
            pax: state.pax,
            denied,
            place: Arc::new(place),
        },
        timed: Timed { t: state.t, method, bound_ms: state.bound_ms },
        fate,
    })
}

/// What was stored of a card since `from`; what it holds beside taps and legs is added by the caller.
pub(super) fn history(stored: store::CardHistory, from: Timestamp) -> Result<CardHistory, StoreError> {
    let posted = |row: LegRow| PostedLeg {
        record: LegRecord { rev: row.rev, leg: row.leg, waived: row.waived, posting_day: row.posting_day },
        share: row.share,
    };
    Ok(CardHistory {
        card: stored.card,
        from,
        balance: stored.balance,
        taps: stored
            .taps
            .into_iter()
            .map(|state| Ok((tap_record(state)?, None)))
            .collect::<Result<_, StoreError>>()?,
        legs: stored.legs.into_iter().map(posted).collect(),
        holds: stored.holds.into_iter().map(|hold| (hold.leg, hold.amount)).collect(),
        ..CardHistory::default()
    })
}

/// What is known of a card besides its taps.
pub(super) fn profile<'a>(
    concessions: impl Iterator<Item = &'a store::Concession>,
    confirmed: Vec<Confirmed>,
    tz: Tz,
) -> Profile {
    let boundary = ServiceTime(DAY_BOUNDARY_S as i32);
    let concession = |given: &store::Concession| Concession {
        category: Arc::clone(&given.category),
        from: given.from.at(tz, boundary),
        until: given.to.next().at(tz, boundary),
    };
    Profile { concessions: concessions.map(concession).collect(), confirmed }
}
