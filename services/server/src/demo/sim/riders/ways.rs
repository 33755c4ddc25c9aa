//! How to get somewhere with the vehicles as they really run today: the Connection Scan Algorithm (Dibbelt, Pajor,
//! Strasser and Wagner, 2013), on foot at both ends and between.

use super::super::SimVehicle;
use super::super::plan::{CallLog, Leg, Plan};
use super::person::Town;
use gtfs::{StopIdx, Timetable};

/// A vehicle that stands shorter does not take or leave anybody, seconds.
const STAND_S_MIN: f64 = 5.0;
/// A rider is at the stop this long before the doors close, seconds.
const READY_S_MIN: f64 = 3.0;
/// A way that takes longer is not taken, seconds.
const WAY_S_MAX: f64 = 5_400.0;
/// From the seat to the stop, seconds.
const ALIGHT_S: f64 = 5.0;
/// From the deck to the pier's gate, where the last of a full ferry has tapped off, seconds.
pub(super) const ASHORE_S_MAX: f64 = 45.0;

/// A trip that runs today.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'a> {
    pub(super) vehicle: &'a SimVehicle,
    pub(super) leg: &'a Leg,
}

/// From one call of a run to the next.
#[derive(Clone, Copy, Debug)]
struct Hop {
    run: usize,
    /// The call that it departs from.
    call: usize,
    from: StopIdx,
    to: StopIdx,
    departure_s: f64,
    arrival_s: f64,
    boards: bool,
    alights: bool,
}

/// One vehicle of a journey: from the call where the rider gets on to the one where they get off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Lift {
    pub(super) run: usize,
    pub(super) on: usize,
    pub(super) off: usize,
    /// When the rider stands at the stop, seconds of the service day.
    pub(super) ready_s: f64,
}

/// Everything that runs on a day, ready to be searched.
#[derive(Debug)]
pub(super) struct Ways<'a> {
    pub(super) timetable: &'a Timetable,
    pub(super) town: &'a Town,
    runs: Vec<Run<'a>>,
    /// By departure.
    hops: Vec<Hop>,
}

impl<'a> Ways<'a> {
    pub(super) fn of(
        timetable: &'a Timetable,
        town: &'a Town,
        fleet: &'a [SimVehicle],
        plans: &'a [Option<Plan>],
    ) -> Self {
        let mut ways = Self { timetable, town, runs: Vec::new(), hops: Vec::new() };
        for (vehicle, plan) in fleet.iter().zip(plans) {
            for leg in plan.iter().flat_map(|plan| &plan.legs) {
                ways.add(Run { vehicle, leg });
            }
        }
        ways.hops.sort_by(|a, b| a.departure_s.total_cmp(&b.departure_s));
        ways
    }

    fn add(&mut self, run: Run<'a>) {
        let calls = self.timetable.calls(self.timetable.trips[run.leg.trip.at()].pattern);
        let last = calls.len().saturating_sub(1);
        for (call, logs) in run.leg.calls.windows(2).enumerate() {
            let stands = |log: &CallLog| log.departure_s - log.arrival_s >= STAND_S_MIN;
            self.hops.push(Hop {
                run: self.runs.len(),
                call,
                from: calls[call].stop,
                to: calls[call + 1].stop,
                departure_s: logs[0].departure_s,
                arrival_s: logs[1].arrival_s,
                boards: calls[call].pickup && stands(&logs[0]),
                alights: calls[call + 1].drop_off && (call + 1 == last || stands(&logs[1])),
            });
        }
        self.runs.push(run);
    }

    /// The run of a lift.
    pub(super) fn run(&self, lift: &Lift) -> Run<'a> {
        self.runs[lift.run]
    }

    /// The stop of a call of a lift's run.
    pub(super) fn stop(&self, lift: &Lift, call: usize) -> StopIdx {
        let trip = self.run(lift).leg.trip;
        self.timetable.calls(self.timetable.trips[trip.at()].pattern)[call].stop
    }

    /// The earliest way from one stop to another, and when it ends. No lift when it is near enough to walk.
    pub(super) fn find(
        &self,
        from: StopIdx,
        to: StopIdx,
        after_s: f64,
        ferry: bool,
    ) -> Option<(Vec<Lift>, f64)> {
        let mut scan = Scan::new(self, from, after_s);
        if let Some(walk_s) = scan.reached_s(to) {
            return Some((Vec::new(), walk_s));
        }
        let first = self.hops.partition_point(|hop| hop.departure_s < after_s);
        for hop in &self.hops[first..] {
            let latest_s = scan.reached_s(to).unwrap_or(after_s + WAY_S_MAX);
            if hop.departure_s > latest_s {
                break;
            }
            if !ferry || self.runs[hop.run].vehicle.is_ferry() {
                scan.take(hop);
            }
        }
        Some((scan.way_back(to)?, scan.reached_s(to)?))
    }
}

/// How a stop was reached: with which lift, or on foot from where it all began.
#[derive(Clone, Copy, Debug)]
struct Reached {
    at_s: f64,
    by: Option<(Lift, StopIdx)>,
}

struct Scan<'a> {
    ways: &'a Ways<'a>,
    reached: Vec<Option<Reached>>,
    /// Where each run was boarded: the call and since when the rider was there.
    boarded: Vec<Option<(usize, StopIdx, f64)>>,
}

impl<'a> Scan<'a> {
    fn new(ways: &'a Ways<'a>, from: StopIdx, after_s: f64) -> Self {
        let mut reached = vec![None; ways.timetable.stops.len()];
        for &(stop, walk_s) in ways.town.near(from) {
            reached[stop.at()] = Some(Reached { at_s: after_s + walk_s, by: None });
        }
        Self { ways, reached, boarded: vec![None; ways.runs.len()] }
    }

    fn reached_s(&self, stop: StopIdx) -> Option<f64> {
        self.reached[stop.at()].map(|reached| reached.at_s)
    }

    fn take(&mut self, hop: &Hop) {
        if self.boarded[hop.run].is_none() {
            let ready = self.reached_s(hop.from).filter(|ready_s| ready_s + READY_S_MIN <= hop.departure_s);
            let Some(ready_s) = ready.filter(|_| hop.boards) else { return };
            self.boarded[hop.run] = Some((hop.call, hop.from, ready_s));
        }
        let Some((on, from, ready_s)) = self.boarded[hop.run].filter(|_| hop.alights) else { return };
        let lift = Lift { run: hop.run, on, off: hop.call + 1, ready_s };
        let is_ferry = self.ways.runs[hop.run].vehicle.is_ferry();
        let alight_s = if is_ferry { ASHORE_S_MAX } else { ALIGHT_S };
        for &(stop, walk_s) in self.ways.town.near(hop.to) {
            let at_s = hop.arrival_s + alight_s + walk_s;
            if self.reached_s(stop).is_none_or(|before_s| at_s < before_s) {
                self.reached[stop.at()] = Some(Reached { at_s, by: Some((lift, from)) });
            }
        }
    }

    /// The lifts to a stop, first one first. A lift's boarding stop was reached before the lift departed, so the way
    /// back ends; a later improvement of that stop can only name lifts that were there earlier still.
    fn way_back(&self, to: StopIdx) -> Option<Vec<Lift>> {
        let mut lifts = Vec::new();
        let mut stop = to;
        while let Some((lift, from)) = self.reached[stop.at()]?.by {
            if lifts.len() > self.ways.runs.len() {
                return None;
            }
            lifts.push(lift);
            stop = from;
        }
        lifts.reverse();
        Some(lifts)
    }
}
