//! How vehicles move, stop, wait and leave: the physics of the town, one rule a function.
//!
//! The day and the oracle call the same functions. The day looks at what the traffic is; the oracle
//! draws what it may become. Nothing here knows of pings.

use crate::dice::Dice;
use crate::network::{FERRY_MPS, Network, PLANNED_S_PER_M};
use crate::tide;
use crate::town::{Kind, Line};
use crate::traffic::Traffic;
use crate::world::{Tails, World};
use tracking::Params;

/// However free the street, a bus makes no more than this, metres per second.
const BUS_MPS_MAX: f64 = 16.0;
/// Driving is drawn in pieces of this length at most, metres.
const PIECE_M: f64 = 100.0;
/// In a future they may be longer: sums of gammas of one scale are gammas.
const FORESEEN_M: f64 = 400.0;
/// This share of a driving time is sure: nobody is more than twice as fast as usual.
const SURE: f64 = 0.5;
/// A way round a closed street takes this much longer.
const DETOUR: f64 = 1.3;
/// Dispersion of a ferry's way, seconds.
const FERRY_THETA_S: f64 = 4.0;
/// Riders who get off at a stop, in the mean.
const ALIGHTING: f64 = 0.35;
/// A stop takes this long, and each rider this much more, seconds (design §11).
const DWELL_S: (f64, f64) = (6.0, 2.5);
/// Riders gather for this long at most, seconds.
const HEADWAY_S_MAX: f64 = 1_200.0;
/// Docking, and lying at a pier, seconds (design §14).
const PIER_S: (f64, f64) = (60.0, 120.0);
/// A driver needs this between two trips, seconds; less where vehicles run through.
const RECOVERY_S: (f64, f64) = (90.0, 25.0);

/// The rules of one day.
pub(crate) struct Motion<'a> {
    pub(crate) world: &'a World,
    pub(crate) network: &'a Network,
    pub(crate) traffic: &'a Traffic,
    /// The service day's beginning, epoch seconds: the tide knows no service days.
    pub(crate) midnight_s: f64,
    /// Riders of each call, beside the usual.
    riders: Vec<Vec<f64>>,
}

/// Whoever is on the way: a vehicle, or one of its futures.
pub(crate) struct Driver {
    pub(crate) dice: Dice,
    /// The street it is on, and whether it found it closed.
    on: Option<(usize, bool)>,
    /// Set in a future.
    foresight: Option<Foresight>,
}

/// What a future was drawn to be.
struct Foresight {
    /// When it began, seconds of the day.
    now_s: f64,
    /// The whole town, in standard deviations.
    town: f64,
    /// Each street (log of its pace); not a number until the vehicle comes there.
    streets: Vec<f64>,
}

/// A stretch of the way, or a red light (`from_m == to_m`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    pub(crate) from_s: f64,
    pub(crate) to_s: f64,
    pub(crate) from_m: f64,
    pub(crate) to_m: f64,
    pub(crate) detour: bool,
}

impl Driver {
    pub(crate) fn new(dice: Dice) -> Self {
        Self { dice, on: None, foresight: None }
    }

    /// One whose futures begin at `now_s`.
    pub(crate) fn foreseeing(dice: Dice, streets: usize) -> Self {
        Self {
            dice,
            on: None,
            foresight: Some(Foresight { now_s: 0.0, town: 0.0, streets: vec![f64::NAN; streets] }),
        }
    }

    /// Begins another future.
    pub(crate) fn again(&mut self, from_s: f64) {
        self.on = None;
        if let Some(future) = &mut self.foresight {
            future.now_s = from_s;
            future.town = self.dice.normal();
            future.streets.fill(f64::NAN);
        }
    }

    /// Whether it is going round a closed street.
    pub(crate) fn is_detoured(&self) -> bool {
        self.on.is_some_and(|(_, detour)| detour)
    }
}

impl<'a> Motion<'a> {
    pub(crate) fn new(world: &'a World, network: &'a Network, traffic: &'a Traffic, midnight_s: f64) -> Self {
        let riders = |(at, line): (usize, &Line)| {
            let mut dice = Dice::new(world.seed, "riders", at as u64);
            line.stops.iter().map(|_| dice.gamma(1.0, 0.4)).collect()
        };
        let riders = network.town.lines.iter().enumerate().map(riders).collect();
        Self { world, network, traffic, midnight_s, riders }
    }

    pub(crate) fn line(&self, trip: usize) -> &'a Line {
        &self.network.town.lines[self.network.trips[trip].line]
    }

    /// What counts as being at a stop, metres: the engine's own definition of an arrival.
    pub(crate) fn zone_m(line: &Line) -> f64 {
        let mode =
            if line.kind == Kind::Ferry { gtfs::timetable::Mode::Ferry } else { gtfs::timetable::Mode::Bus };
        f64::from(Params::default().zone_m(mode))
    }

    /// Drives along a line from one place to another; returns when it comes there.
    pub(crate) fn drive(
        &self,
        driver: &mut Driver,
        line: &Line,
        (from_m, to_m): (f64, f64),
        from_s: f64,
        mut put: impl FnMut(Stretch),
    ) -> f64 {
        let (mut at_m, mut at_s) = (from_m, from_s);
        while at_m < to_m - 1e-6 {
            let (leg, _) = line.leg(at_m);
            let piece_m = if driver.foresight.is_some() { FORESEEN_M } else { PIECE_M };
            let end_m = (at_m + piece_m).min(leg.to_m).min(to_m);
            if driver.on.is_none_or(|(street, _)| street != leg.street) {
                driver.on = Some((leg.street, self.traffic.is_closed(leg.street, at_s)));
            }
            let detour = driver.is_detoured();
            let end_s = at_s + self.piece_s(driver, line, leg.street, end_m - at_m, at_s);
            put(Stretch { from_s: at_s, to_s: end_s, from_m: at_m, to_m: end_m, detour });
            (at_m, at_s) = (end_m, end_s);
            let crosses = at_m >= leg.to_m - 1e-6 && at_m < line.length_m() - 1e-6;
            if crosses && line.kind == Kind::Bus && driver.dice.chance(self.world.red) {
                let end_s = at_s + driver.dice.between(0.0, self.world.red_s_max);
                put(Stretch { from_s: at_s, to_s: end_s, from_m: at_m, to_m: at_m, detour });
                at_s = end_s;
            }
        }
        at_s
    }

    fn piece_s(&self, driver: &mut Driver, line: &Line, street: usize, length_m: f64, at_s: f64) -> f64 {
        if line.kind == Kind::Ferry {
            let with_mps = tide::current_mps(self.midnight_s + at_s);
            let along_mps = if line.direction == 0 { with_mps } else { -with_mps };
            let mean_s = length_m / (FERRY_MPS + along_mps);
            return SURE * mean_s + driver.dice.gamma((1.0 - SURE) * mean_s, FERRY_THETA_S / (1.0 - SURE));
        }
        let today = match &mut driver.foresight {
            None => self.traffic.today(street, at_s),
            Some(Foresight { now_s, town, streets }) => {
                if streets[street].is_nan() {
                    let dice = &mut driver.dice;
                    streets[street] = self.traffic.foreseen(street, *now_s, at_s - *now_s, *town, dice);
                }
                streets[street]
            }
        };
        let pace = libm::exp(self.traffic.usual(street, at_s) + today);
        let round = if driver.is_detoured() { DETOUR } else { 1.0 };
        let mean_s = length_m * (PLANNED_S_PER_M * pace * round).max(1.0 / BUS_MPS_MAX);
        match self.world.tails {
            // A sure part and a gamma: mean m and variance theta · m, as the design's segments.
            Tails::Gamma => {
                SURE * mean_s + driver.dice.gamma((1.0 - SURE) * mean_s, self.world.theta_s / (1.0 - SURE))
            }
            Tails::Heavy => {
                let late_s = libm::sqrt(self.world.theta_s * mean_s) * driver.dice.heavy();
                (mean_s + late_s).max(SURE * mean_s)
            }
        }
    }

    /// How long a vehicle stands at a call; nothing when nobody wants on or off.
    pub(crate) fn dwell_s(
        &self,
        driver: &mut Driver,
        line: usize,
        call: usize,
        headway_s: f64,
        at_s: f64,
    ) -> f64 {
        if self.network.town.lines[line].kind == Kind::Ferry {
            return driver.dice.gamma(PIER_S.0, 10.0) + driver.dice.gamma(PIER_S.1, 15.0);
        }
        let peak = |hour: f64| {
            let x = (at_s / 3600.0 - hour) / 1.2;
            libm::exp(-0.5 * x * x)
        };
        let busy = 0.6 + 0.9 * peak(7.8) + 0.8 * peak(17.3);
        let a_second = self.world.riders_per_min / 60.0 * self.riders[line][call] * busy;
        let riders = driver.dice.poisson(a_second * headway_s.clamp(0.0, HEADWAY_S_MAX) + ALIGHTING);
        if riders == 0 {
            return 0.0;
        }
        driver.dice.gamma(DWELL_S.0 + DWELL_S.1 * f64::from(riders), 3.0)
    }

    /// When a vehicle that could go at `ready_s` leaves a call of a trip.
    pub(crate) fn leaves_s(&self, driver: &mut Driver, trip: usize, call: usize, ready_s: f64) -> f64 {
        let line = self.line(trip);
        let aimed_s = self.network.trips[trip].aimed_s(call);
        let waits = line.kind == Kind::Ferry || driver.dice.chance(self.world.holds);
        if line.stops[call].time_point && ready_s < aimed_s && waits {
            return aimed_s + driver.dice.gamma(8.0, 8.0);
        }
        ready_s
    }

    /// When a vehicle that came to the first stop of a trip at `came_s` leaves it.
    pub(crate) fn starts_s(&self, driver: &mut Driver, trip: usize, came_s: f64) -> f64 {
        let stands = self.line(trip).stands;
        let recovery_s = if stands { RECOVERY_S.0 } else { RECOVERY_S.1 };
        let ready_s = came_s + driver.dice.gamma(recovery_s, 12.0);
        let aimed_s = self.network.trips[trip].aimed_s(0);
        ready_s.max(aimed_s) + driver.dice.gamma(self.world.late_s, 30.0)
    }
}
