//! How fast streets are: for ever, by the hour, and today.
//!
//! The log of the pace is a sum: what the street always does, what the hour does to it, what the whole
//! town does today, and the street's own congestion, which comes and goes (an Ornstein-Uhlenbeck
//! process) and is met by every vehicle on it. Crashes are added on top in worlds that have them.

use crate::dice::Dice;
use crate::network::Days;
use crate::town::Town;
use crate::world::World;

/// Congestion is kept by the minute, and a day has this many minutes (28 h).
const MINUTES: usize = 28 * 60;
/// How long a crash lasts, seconds, in the mean.
const CRASH_S: f64 = 2_000.0;
/// What it does to its street and to those that lead on from it (log).
const CRASH: (f64, f64) = (1.1, 0.5);

/// The streets on one day.
#[derive(Clone, Debug)]
pub struct Traffic {
    days: Days,
    usual: Vec<Usual>,
    town: Vec<f32>,
    streets: Vec<Vec<f32>>,
    /// Streets closed, and when, seconds of the day.
    closed: Vec<(usize, f64, f64)>,
    decay_s: f64,
    town_sd: f64,
    street_sd: f64,
}

/// What a street always does.
#[derive(Clone, Copy, Debug)]
struct Usual {
    log: f64,
    peaks: f64,
}

impl Traffic {
    /// Of a day, numbered from the beginning of the simulation.
    #[must_use]
    pub fn new(world: &World, town: &Town, days: Days, day: u64) -> Self {
        let usual = |street: usize| {
            let mut dice = Dice::new(world.seed, "street", street as u64);
            Usual { log: dice.normal() * world.street_sd, peaks: dice.between(0.4, 1.6) }
        };
        let wave = |purpose: &str, n: usize, sd: f64| {
            let mut dice = Dice::new(world.seed, purpose, (day << 16) + n as u64);
            let keep = libm::exp(-60.0 / world.congestion_s);
            let fresh = sd * libm::sqrt(1.0 - keep * keep);
            let mut level = dice.normal() * sd;
            let mut next = || {
                level = level * keep + dice.normal() * fresh;
                level as f32
            };
            (0..MINUTES).map(|_| next()).collect::<Vec<f32>>()
        };
        let streets = 0..town.streets;
        let mut traffic = Self {
            days,
            usual: streets.clone().map(usual).collect(),
            town: wave("town", 0, world.town_sd),
            streets: streets.map(|n| wave("congestion", n, world.congestion_sd)).collect(),
            closed: Vec::new(),
            decay_s: world.congestion_s,
            town_sd: world.town_sd,
            street_sd: world.congestion_sd,
        };
        traffic.crash(world, town, day);
        let mut dice = Dice::new(world.seed, "closures", day);
        for _ in 0..world.closures {
            let from_s = dice.between(8.0, 15.0) * 3600.0;
            traffic.closed.push((
                town.any_street(&mut dice),
                from_s,
                from_s + dice.between(2.0, 4.0) * 3600.0,
            ));
        }
        traffic
    }

    fn crash(&mut self, world: &World, town: &Town, day: u64) {
        let mut dice = Dice::new(world.seed, "crashes", day);
        for _ in 0..dice.poisson(world.incidents) {
            let street = town.any_street(&mut dice);
            let from = (dice.between(6.5, 20.0) * 60.0) as usize;
            let lasts = (dice.gamma(CRASH_S, CRASH_S / 4.0) / 60.0) as usize;
            let near = town.next_streets[street].iter().map(|next| (*next, CRASH.1));
            for (street, log) in near.chain([(street, CRASH.0)]) {
                for minute in self.streets[street].iter_mut().skip(from).take(lasts) {
                    *minute += log as f32;
                }
            }
        }
    }

    /// The log of the pace that a street has at this hour on such days, over the planner's metre.
    #[must_use]
    pub fn usual(&self, street: usize, at_s: f64) -> f64 {
        let usual = self.usual[street];
        let bump = |hour: f64, width: f64| {
            let x = (at_s / 3600.0 - hour) / width;
            libm::exp(-0.5 * x * x)
        };
        let hour = match self.days {
            Days::Weekday => usual.peaks * (0.26 * bump(8.0, 0.8) + 0.30 * bump(17.4, 1.0)),
            Days::Weekend => usual.peaks * 0.12 * bump(12.5, 2.5) - 0.06,
        };
        usual.log + hour
    }

    /// What today adds to it.
    #[must_use]
    pub fn today(&self, street: usize, at_s: f64) -> f64 {
        let minute = ((at_s / 60.0).max(0.0) as usize).min(MINUTES - 1);
        f64::from(self.town[minute]) + f64::from(self.streets[street][minute])
    }

    /// One of the futures of what today adds to a street, `ahead_s` after `now_s`: the mean reverts, the
    /// spread grows. `town` is the future's one draw for what the whole town shares.
    #[must_use]
    pub fn foreseen(&self, street: usize, now_s: f64, ahead_s: f64, town: f64, dice: &mut Dice) -> f64 {
        let keep = libm::exp(-ahead_s.max(0.0) / self.decay_s);
        let fresh = libm::sqrt(1.0 - keep * keep);
        self.today(street, now_s) * keep + fresh * (town * self.town_sd + dice.normal() * self.street_sd)
    }

    /// Whether a street is closed.
    #[must_use]
    pub fn is_closed(&self, street: usize, at_s: f64) -> bool {
        self.closed.iter().any(|(closed, from, to)| *closed == street && (*from..*to).contains(&at_s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn congestion_persists_for_minutes_and_is_forgotten_over_hours() {
        let (world, town) = (World::own(5), Town::new());
        let traffic = Traffic::new(&world, &town, Days::Weekday, 0);
        let correlation = |lag: usize| {
            let (mut sum, mut square) = (0.0, 0.0);
            for street in 0..town.streets {
                for minute in (360..1260).step_by(7) {
                    let at = |m: usize| traffic.today(street, m as f64 * 60.0);
                    sum += at(minute) * at(minute + lag);
                    square += at(minute) * at(minute);
                }
            }
            sum / square
        };
        // exp(-5/25) = 0.82, exp(-120/25) = 0.01, the town's own wave being one day's.
        assert!(correlation(5) > 0.7, "{}", correlation(5));
        assert!(correlation(120) < 0.35, "{}", correlation(120));
    }
}
