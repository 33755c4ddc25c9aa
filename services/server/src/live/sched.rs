//! The 36 hours of timetable that a panel keeps for when the network dies.
//!
//! Sent once per version: `sv` is a hash of what it says and of the window it covers. The window starts
//! on a six-hour mark, shifted per stop, so that a city's panels do not all fetch at the same second.
//! Frequency-based trips without fixed times are left out: they have no time to promise.

use super::words::Words;
use gtfs::{ServiceDay, StopIdx, Timestamp, Timetable, TripIdx, timetable::as_usize};
use stop_display::frame::SchedCall;

/// How far ahead a panel must always have the timetable, seconds.
pub(super) const SCHED_AHEAD_S: i64 = 36 * 3600;
/// How often the window moves on, seconds.
pub(super) const SCHED_STEP_S: i64 = 6 * 3600;
/// How far back the window reaches, so that a late vehicle is still found in it, seconds.
const SCHED_BACK_S: i64 = 30 * 60;
/// How much of it a panel is sent at most, bytes; the nearest calls. A snapshot must fit the 64 KiB that
/// may wait for a socket.
pub(super) const SCHED_BYTES_MAX: usize = 40 * 1024;

/// The timetable of one stop over one window.
#[derive(Clone, Debug, PartialEq)]
pub struct Sched {
    /// Version: eight hex digits.
    pub sv: String,
    /// The calls, by time: aimed epoch seconds, route_id, destination.
    pub calls: Vec<SchedCall>,
    /// The same as JSON.
    pub json: String,
}

/// When the window in force at `now` began, epoch seconds.
#[must_use]
pub(super) fn window_start_s(stop: StopIdx, now: Timestamp) -> i64 {
    let shift_s = i64::from(stop.0.wrapping_mul(2_654_435_761) % SCHED_STEP_S as u32);
    (now.s() - shift_s).div_euclid(SCHED_STEP_S) * SCHED_STEP_S + shift_s
}

impl Sched {
    /// The timetable of a stop for the window that begins at `start_s`.
    #[must_use]
    pub fn of(timetable: &Timetable, words: &Words, stop: StopIdx, start_s: i64) -> Self {
        let from = Timestamp::from_s(start_s - SCHED_BACK_S);
        let until = Timestamp::from_s(start_s + SCHED_STEP_S + SCHED_AHEAD_S);
        let (mut calls, mut json) = (Vec::new(), String::from("["));
        for (t, trip) in aimed_calls(timetable, stop, from, until) {
            let route = &timetable.routes[timetable.route_of(trip).at()];
            let call: SchedCall = (t.s(), route.id.to_string(), words.head_of(trip));
            // A number, a string and a number always have a JSON text.
            let text = serde_json::to_string(&call).unwrap_or_default();
            if json.len() + text.len() + 2 > SCHED_BYTES_MAX {
                break;
            }
            if !calls.is_empty() {
                json.push(',');
            }
            json.push_str(&text);
            calls.push(call);
        }
        json.push(']');
        let sv = format!("{:08x}", fnv32(&[&json, &timetable.feed.hash.to_string()]));
        Self { sv, calls, json }
    }
}

/// FNV-1a over texts, folded to 32 bits: names a version, protects nothing.
fn fnv32(texts: &[&str]) -> u32 {
    let hash = texts.iter().flat_map(|text| text.bytes()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash ^ (hash >> 32)) as u32
}

/// The aimed calls at which a rider can board within a span, by time: what the rider waits for is the
/// departure at the first stop of a trip and the arrival elsewhere.
#[must_use]
pub fn aimed_calls(
    timetable: &Timetable,
    stop: StopIdx,
    from: Timestamp,
    until: Timestamp,
) -> Vec<(Timestamp, TripIdx)> {
    let mut found = Vec::new();
    for &(pattern, at) in timetable.calls_at(stop) {
        let calls = timetable.calls(pattern);
        let at = usize::from(at);
        if at + 1 >= calls.len() || !calls[at].pickup {
            continue;
        }
        for trip in as_usize(&timetable.patterns[pattern.at()].trips).map(TripIdx::new) {
            found.extend(aimed_on_days(timetable, trip, at, from, until).map(|t| (t, trip)));
        }
    }
    found.sort_unstable();
    found
}

fn aimed_on_days(
    timetable: &Timetable,
    trip: TripIdx,
    at: usize,
    from: Timestamp,
    until: Timestamp,
) -> impl Iterator<Item = Timestamp> {
    let row = &timetable.trips[trip.at()];
    let is_template = row.frequency.is_some_and(|frequency| !frequency.exact);
    let time = timetable.times(trip)[at];
    let offset_s = row.start.0 + if at == 0 { time.departure_s } else { time.arrival_s };
    // A trip may run past midnight for more than a day: look as far back as its time reaches.
    let days_back = 1 + offset_s.max(0) / 86_400;
    let mut day = ServiceDay::of(from, timetable.tz);
    for _ in 0..days_back {
        day = day.previous();
    }
    let last = ServiceDay::of(until, timetable.tz).next();
    std::iter::successors(Some(day), move |day| (*day < last).then(|| day.next()))
        .filter(move |day| !is_template && timetable.runs_on(row.service, *day))
        .map(move |day| day.start(timetable.tz).plus_s(f64::from(offset_s)))
        .filter(move |t| from <= *t && *t < until)
}
