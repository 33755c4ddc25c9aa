//! A [`MonitoredCall`] of the core becomes a row of a frame.
//!
//! Says nothing that the core did not say: a row without a prediction has no `e`, a row of the
//! timetable never claims a vehicle. Calls at which nobody can board (the last of a trip, or
//! pickup_type 1) are left off: a board is for people who want to go somewhere.

use super::words::Words;
use gtfs::{Timestamp, Timetable};
use stop_display::frame;
use tracking::{CallSource, CallState, MonitoredCall, StopBoard};

/// The rows of a board, in its order.
#[must_use]
pub(super) fn rows(timetable: &Timetable, words: &Words, board: &StopBoard) -> Vec<frame::Row> {
    board
        .calls
        .iter()
        .filter(|call| boards_here(timetable, call))
        .map(|call| row(timetable, words, call))
        .collect()
}

/// Whether a rider can board at this call.
fn boards_here(timetable: &Timetable, call: &MonitoredCall) -> bool {
    let Some(trip) = timetable.trips.get(call.trip.trip.at()) else { return false };
    let calls = timetable.calls(trip.pattern);
    let at = usize::from(call.call);
    at + 1 < calls.len() && calls[at].pickup
}

fn row(timetable: &Timetable, words: &Words, call: &MonitoredCall) -> frame::Row {
    let trip = &timetable.trips[call.trip.trip.at()];
    let place = &timetable.stops[timetable.calls(trip.pattern)[usize::from(call.call)].stop.at()];
    let held = call.source == CallSource::Held;
    frame::Row {
        id: row_id(timetable, call),
        r: timetable.routes[timetable.route_of(call.trip.trip).at()].id.to_string(),
        h: words.head_of(call.trip.trip),
        a: aimed(call).s(),
        e: expected(call).map(Timestamp::s),
        src: source(call.source),
        st: state(call.state),
        q: range(call),
        pt: call.position_t.filter(|_| held).map(Timestamp::s),
        gap: if let CallState::Standing(stops) = call.state { Some(stops) } else { None },
        occ: call.occupancy.map_or_else(String::new, |o| o.word().to_owned()),
        wc: trip.wheelchair.map_or(0, |yes| if yes { 1 } else { 2 }),
        ev: u8::from(call.soc_pct.is_some()),
        soc: call.soc_pct.map(|pct| pct.clamp(0.0, 100.0).round() as u8),
        plat: place.platform.to_string(),
        sim: u8::from(call.simulated),
    }
}

/// Stable over the life of the row; the start tells runs of a frequency-based trip apart.
fn row_id(timetable: &Timetable, call: &MonitoredCall) -> String {
    let trip = &timetable.trips[call.trip.trip.at()];
    match trip.frequency {
        None => format!("t:{}:{}", trip.id, call.call),
        Some(_) => format!("t:{}@{}:{}", trip.id, call.trip.start.0, call.call),
    }
}

/// At the first stop of a trip riders wait for the departure, elsewhere for the arrival.
fn aimed(call: &MonitoredCall) -> Timestamp {
    if call.call == 0 { call.aimed_departure } else { call.aimed_arrival }
}

fn expected(call: &MonitoredCall) -> Option<Timestamp> {
    match call.state {
        CallState::Departed => call.actual_departure.or(call.expected_departure),
        _ if call.call == 0 => call.expected_departure,
        _ => call.expected_arrival,
    }
}

/// The 80 % range of what is expected; a vehicle that waits does not leave before its time.
fn range(call: &MonitoredCall) -> Option<[i64; 2]> {
    let not_before = if call.call == 0 { call.aimed_departure } else { Timestamp(i64::MIN) };
    let is_coming = call.expected_arrival.is_some() && call.state != CallState::Departed;
    let [low, _, high] = call.arrival_q.filter(|_| is_coming)?;
    Some([low.max(not_before).s(), high.max(not_before).s()])
}

fn source(source: CallSource) -> frame::Source {
    match source {
        CallSource::Live => frame::Source::Live,
        CallSource::Held => frame::Source::Held,
        CallSource::Timetable => frame::Source::Timetable,
        CallSource::Unconfirmed => frame::Source::Unconfirmed,
    }
}

fn state(state: CallState) -> frame::State {
    match state {
        CallState::Ok => frame::State::Coming,
        CallState::Arriving => frame::State::Arriving,
        CallState::AtStop => frame::State::AtStop,
        CallState::Standing(_) => frame::State::Standing,
        CallState::Departed => frame::State::Gone,
        CallState::Cancelled => frame::State::Cancelled,
        CallState::Skipped => frame::State::Skipped,
    }
}
