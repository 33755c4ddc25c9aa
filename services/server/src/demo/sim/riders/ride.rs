//! The taps of a journey: on a bus one, at piers one on and one off, and what riders do wrong.

use super::fault::RiderSlip;
use super::habit::Journey;
use super::person::Rider;
use super::tap::{Mounting, SimTap};
use super::ways::{ASHORE_S_MAX, Lift, Ways};
use fares::tap::TapKind;
use gtfs::timetable::NORTH_M_PER_DEG;
use gtfs::{StopIdx, Timestamp};
use rand::RngExt as _;
use rand::rngs::StdRng;
use std::sync::Arc;

/// Taps keep this distance from the moments at which a vehicle stops and leaves, seconds.
const MARGIN_S: f64 = 0.5;
/// Who gets off a ferry is at the pier's terminal after this at least, and [`ASHORE_S_MAX`] at most, seconds.
const ASHORE_S_MIN: f64 = 4.0;
/// A second tap by mistake comes after, seconds.
const AGAIN_S: std::ops::Range<f64> = 1.0..4.0;
/// How wrong a terminal's receiver is to each side, metres.
const FIX_OFF_M: f64 = 8.0;
/// What it says of that, metres.
const FIX_ACCURACY_M: i32 = 6;

/// Whose taps are made, of which journey of theirs.
pub(super) struct Ride<'a> {
    pub(super) rider: &'a Rider,
    pub(super) nth: u8,
    pub(super) ways: &'a Ways<'a>,
    /// From when seconds of the day count.
    pub(super) start: Timestamp,
}

impl Ride<'_> {
    /// All taps of a journey in order of time.
    pub(super) fn taps(&self, journey: &Journey, rng: &mut StdRng) -> Vec<SimTap> {
        let pax = if rng.random_bool(RiderSlip::Companion.share()) { 2 } else { 1 };
        let mut taps = Vec::new();
        for lift in &journey.lifts {
            let run = self.ways.run(lift);
            let log = run.leg.calls[lift.on];
            let first_s = (log.arrival_s + MARGIN_S).max(lift.ready_s);
            let last_s = log.departure_s - MARGIN_S;
            let on_s = if first_s < last_s { rng.random_range(first_s..last_s) } else { last_s };
            let is_ferry = run.vehicle.is_ferry();
            let kind = if is_ferry { TapKind::On } else { TapKind::Tap };
            let on = SimTap { pax, ..self.tap(lift, lift.on, kind, on_s, rng) };
            let again_s = on_s + rng.random_range(AGAIN_S);
            if rng.random_bool(RiderSlip::Again.share()) && again_s <= last_s {
                taps.push(SimTap { at: self.start.plus_s(again_s), is_again: true, ..on.clone() });
            }
            taps.push(on);
            if is_ferry && !rng.random_bool(RiderSlip::NoTapOff.share()) {
                let off_s = run.leg.calls[lift.off].arrival_s + rng.random_range(ASHORE_S_MIN..ASHORE_S_MAX);
                taps.push(SimTap { pax, ..self.tap(lift, lift.off, TapKind::Off, off_s, rng) });
            }
        }
        // The second tap by mistake was put first.
        taps.sort_by_key(|tap| tap.at);
        taps
    }

    fn tap(&self, lift: &Lift, call: usize, kind: TapKind, t_s: f64, rng: &mut StdRng) -> SimTap {
        let (ways, run) = (self.ways, self.ways.run(lift));
        let (stop, is_ferry) = (ways.stop(lift, call), run.vehicle.is_ferry());
        let vehicle: Arc<str> = run.vehicle.name().into();
        let mounting = if is_ferry {
            Mounting::Pier(ways.timetable.stops[stop.at()].id.clone().into())
        } else {
            Mounting::Bus(Arc::clone(&vehicle))
        };
        SimTap {
            at: self.start.plus_s(t_s),
            mounting,
            card: self.rider.card,
            journey: self.nth,
            kind,
            stop,
            vehicle,
            trip: ways.timetable.trips[run.leg.trip.at()].id.clone().into(),
            is_trip_known: run.vehicle.names_its_trip(),
            fix: (!is_ferry).then(|| fix(ways, stop, rng)),
            pax: 1,
            is_again: false,
        }
    }
}

/// Where a bus terminal's receiver thinks that a stop is.
fn fix(ways: &Ways<'_>, stop: StopIdx, rng: &mut StdRng) -> (i32, i32, i32) {
    let stop = &ways.timetable.stops[stop.at()];
    let mut off_m = || rng.random_range(-FIX_OFF_M..FIX_OFF_M);
    let lat = stop.lat + off_m() / NORTH_M_PER_DEG;
    let lon = stop.lon + off_m() / ways.timetable.plane.east_m_per_deg;
    let millionths = |degrees: f64| (degrees * 1e6).round() as i32;
    (millionths(lat), millionths(lon), FIX_ACCURACY_M)
}
