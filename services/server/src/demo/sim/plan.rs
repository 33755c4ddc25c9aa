//! One vehicle's day, whole: what really happens to each trip of its block.

use super::battery::Battery;
use super::motion::Move;
use super::traffic::{Traffic, busy};
use gtfs::timetable::{CallTime, Mode, PatternCall};
use gtfs::{BlockIdx, ServiceDay, Timetable, TripIdx};

/// A driver rests at least this long between trips, however late, seconds.
const REST_S_MIN: f64 = 90.0;
/// Drivers aim to arrive a little early: share of the aimed running time they need on average.
const RUNNING_SHARE: f64 = 0.97;
/// The mean dwell that the timetable allows for at an ordinary bus stop, seconds.
const DWELL_ALLOWED_S: f64 = 13.0;

/// What a block's vehicle does on one day.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    /// The day.
    pub(super) day: ServiceDay,
    /// The block.
    pub(super) block: BlockIdx,
    /// Trips in order.
    pub(super) legs: Vec<Leg>,
}

/// One trip as it really runs. Times are seconds of the service day.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leg {
    /// The trip.
    pub(super) trip: TripIdx,
    /// Sorted by time.
    pub(super) moves: Vec<Move>,
    /// What happens at each call.
    pub(super) calls: Vec<CallLog>,
    /// Odometer at the start, metres.
    pub(super) odometer_m: f64,
    /// Charge at the departure and at the end, percent.
    pub(super) soc_pct: (f64, f64),
    /// Plugged in during the layover before this trip.
    pub(super) charged_before: bool,
}

/// What happens at one call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CallLog {
    /// Seconds of the service day.
    pub(super) arrival_s: f64,
    /// The same as the arrival where it rolls past.
    pub(super) departure_s: f64,
    /// On board after it.
    pub(super) passengers: u16,
}

impl Leg {
    /// Leaves its first stop.
    #[must_use]
    pub(super) fn departure_s(&self) -> f64 {
        self.calls.first().map_or(0.0, |c| c.departure_s)
    }

    /// Is done.
    #[must_use]
    pub(super) fn end_s(&self) -> f64 {
        self.calls.last().map_or(0.0, |c| c.arrival_s)
    }
}

/// Plans the day of `block` with the vehicle's own traffic; `None` when nothing runs.
#[must_use]
pub(super) fn plan(
    timetable: &Timetable,
    block: BlockIdx,
    day: ServiceDay,
    mut traffic: Traffic,
) -> Option<Plan> {
    let trips = timetable.blocks[block.at()].trips.iter();
    let mut legs: Vec<Leg> = Vec::new();
    let mut odometer_m = 10_000_000.0;
    let mut soc_pct = traffic.morning_soc_pct();
    for &trip in trips.filter(|t| timetable.runs_on(timetable.trips[t.at()].service, day)) {
        let aimed_s = f64::from(timetable.trips[trip.at()].start.0);
        let battery = match timetable.routes[timetable.route_of(trip).at()].mode {
            Mode::Ferry => Battery::FERRY,
            _ => Battery::BUS,
        };
        let ready_s = match legs.last() {
            Some(last) => last.end_s() + REST_S_MIN,
            None => aimed_s + traffic.pull_out_s(),
        };
        let start_s = aimed_s.max(ready_s) + traffic.segment_s(8.0, 2.0);
        let rest_s = legs.last().map_or(0.0, |last| start_s - last.end_s());
        let (charged_pct, charged_before) = battery.after_layover(soc_pct, rest_s);
        let mut run = Run { timetable, trip, traffic: &mut traffic, ferry: battery == Battery::FERRY };
        let (moves, calls) = run.drive(start_s);
        let length_m = moves.last().map_or(0.0, |m| m.to_m) - moves.first().map_or(0.0, |m| m.from_m);
        let span_s = calls.last().map_or(0.0, |c| c.arrival_s) - start_s;
        soc_pct = (charged_pct - battery.used_pct(length_m / 1000.0, span_s)).max(2.0);
        legs.push(Leg { trip, moves, calls, odometer_m, soc_pct: (charged_pct, soc_pct), charged_before });
        odometer_m += length_m;
    }
    (!legs.is_empty()).then_some(Plan { day, block, legs })
}

struct Run<'a> {
    timetable: &'a Timetable,
    trip: TripIdx,
    traffic: &'a mut Traffic,
    ferry: bool,
}

impl Run<'_> {
    /// Drives the trip from its first to its last call.
    fn drive(&mut self, start_s: f64) -> (Vec<Move>, Vec<CallLog>) {
        let calls = self.timetable.calls(self.timetable.trips[self.trip.at()].pattern);
        let times = self.timetable.times(self.trip);
        let trip_start_s = f64::from(self.timetable.trips[self.trip.at()].start.0);
        let mut passengers = self.traffic.dwell(self.ferry, true, busy(start_s)).boarding;
        let mut log = vec![CallLog { arrival_s: start_s - 30.0, departure_s: start_s, passengers }];
        let mut moves = Vec::new();
        let mut rolling = false;
        for at in 1..calls.len() {
            let last = at + 1 == calls.len();
            let left_s = log.last().map_or(start_s, |c| c.departure_s);
            let arrival_s = left_s + self.segment_s(&calls[at - 1..=at], times[at - 1], times[at]);
            let dwell = self.traffic.dwell(self.ferry, last || calls[at].timepoint, busy(arrival_s));
            let stops = dwell.stand_s > 0.0;
            self.roll(&mut moves, (left_s, arrival_s), &calls[at - 1..=at], rolling, !stops);
            let off_chance = if last { 1.0 } else { 1.0 / (calls.len() - at) as f64 };
            if stops {
                passengers += if last { 0 } else { dwell.boarding };
                passengers -= self.traffic.alighting(passengers, off_chance);
            }
            let mut departure_s = arrival_s + if last { 0.0 } else { dwell.stand_s };
            if calls[at].timepoint && !last {
                departure_s = departure_s.max(trip_start_s + f64::from(times[at].departure_s));
            }
            log.push(CallLog { arrival_s, departure_s, passengers });
            rolling = departure_s <= arrival_s;
        }
        (moves, log)
    }

    /// How long the way between two calls takes.
    fn segment_s(&mut self, calls: &[PatternCall], from: CallTime, to: CallTime) -> f64 {
        let length_m = f64::from(calls[1].along_m - calls[0].along_m);
        let aimed_s = f64::from(to.arrival_s - from.departure_s);
        // Where the timetable gives one time per stop, the dwell is inside the running time.
        let allowed_s = if to.arrival_s == to.departure_s { DWELL_ALLOWED_S } else { 0.0 };
        let fastest_s = length_m / self.fastest_mps();
        let mean_s = (aimed_s * RUNNING_SHARE - allowed_s).max(fastest_s);
        self.traffic.segment_s(mean_s, fastest_s)
    }

    /// Adds the moves of one segment; a slow one may stand at a red light on the way.
    fn roll(
        &mut self,
        moves: &mut Vec<Move>,
        span: (f64, f64),
        calls: &[PatternCall],
        rolling: bool,
        on: bool,
    ) {
        let (from_m, to_m) = (f64::from(calls[0].along_m), f64::from(calls[1].along_m));
        let (from_s, to_s) = span;
        let excess_s = (to_s - from_s) - (to_m - from_m) / (self.fastest_mps() * 0.75);
        let light_s = if self.ferry { 0.0 } else { self.traffic.red_light_s(excess_s) };
        let ramp_s_max = if self.ferry { 25.0 } else { 8.0_f64 };
        let ramp = |s: f64, rolls: bool| if rolls { 0.0 } else { ramp_s_max.min(s * 0.3) };
        let ramps = |s: f64, rolls_in: bool, rolls_on: bool| (ramp(s, rolls_in), ramp(s, rolls_on));
        if light_s <= 0.0 {
            let (ramp_in_s, ramp_out_s) = ramps(to_s - from_s, rolling, on);
            moves.push(Move { from_s, to_s, from_m, to_m, ramp_in_s, ramp_out_s });
            return;
        }
        // The light is three quarters of the way on.
        let (stop_m, drive_s) = (from_m + (to_m - from_m) * 0.75, to_s - from_s - light_s);
        let (red_s, green_s) = (from_s + drive_s * 0.75, from_s + drive_s * 0.75 + light_s);
        let (ramp_in_s, ramp_out_s) = ramps(red_s - from_s, rolling, false);
        moves.push(Move { from_s, to_s: red_s, from_m, to_m: stop_m, ramp_in_s, ramp_out_s });
        let (ramp_in_s, ramp_out_s) = ramps(to_s - green_s, false, on);
        moves.push(Move { from_s: green_s, to_s, from_m: stop_m, to_m, ramp_in_s, ramp_out_s });
    }

    fn fastest_mps(&self) -> f64 {
        if self.ferry { 5.5 } else { 15.0 }
    }
}
