//! The pace of every atom against the timetable: learned from vehicles that drove from stop to stop.
//!
//! A pace is a factor on the aimed time. A drive of a seconds where m were aimed has variance θ·m
//! (a gamma process), so the best estimate of the factor is Σa / Σm, and belief before it weighs as
//! many aimed seconds as θ / σ², σ² being how much factors differ from leg to leg (Bühlmann's
//! credibility). From the timetable to the atom to the half hour of the kind of day, each level is
//! believed as far as it was seen; traffic right now comes on top. Dispersion is learned likewise. It
//! decides nothing about dwell or waiting: it is told what was driving. What always holds: factors
//! stay within bounds; with nothing seen every factor is 1, the timetable.

use super::atoms::{AtomIdx, Atoms};
use super::day_kind::DayKinds;
use super::field::Field;
use super::periods::{Periods, Slot};
use super::running::Running;
use crate::gamma::Gamma;
use crate::run::Line;
use gtfs::{Timestamp, Timetable};
use std::sync::Arc;

/// Weight of the belief in the timetable, aimed seconds on one leg: θ = 13 s within a leg over σ² = 0.35²
/// between legs (both as found over stop pairs of a timetable interpolated by distance; start).
const PRIOR_S: f64 = 100.0;
/// Factors beyond these are not believed.
const PACE_MIN: f64 = 0.2;
/// See [`PACE_MIN`].
const PACE_MAX: f64 = 6.0;
/// A drive this many standard deviations longer than expected was not all driving: it counts as
/// this long.
const OUTLIER_SD: f64 = 4.0;
/// Dispersion before anything is seen, seconds (tracking.md §11); also that by which outliers are told.
const THETA_S: f64 = 30.0;
/// Weight of that belief, expected seconds: some forty legs.
const THETA_PRIOR_S: f64 = 3_000.0;
/// Weight of the whole network's dispersion against a leg's own, expected seconds: some eight legs.
const THETA_LEG_PRIOR_S: f64 = 600.0;
/// Dispersion beyond these is not believed, seconds.
const THETA_S_RANGE: (f64, f64) = (4.0, 120.0);
/// Weight of what was seen of an atom at any time against this half hour, aimed seconds on one leg: some
/// eight drives (tracking.md §11).
const PERIOD_PRIOR_S: f64 = 600.0;
/// Noise with which a leg's neighbours take part in what was measured on it: R / 0.25² (§11, start).
const NEIGHBOUR_NOISE: f64 = 16.0;
/// Traffic changes no pace by less or more than this.
const TRAFFIC_RANGE: (f64, f64) = (0.5, 4.0);
/// Fastest believable drive over a leg, metres per second.
const FASTEST_MPS: f64 = 18.0;

/// The clock is looked at this often, microseconds: half hours begin on minutes.
const SLOT_CHECK_US: i64 = 60 * gtfs::time::MICROS;

/// What was seen of one atom.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    actual_s: f64,
    aimed_s: f64,
    /// Of squared differences between actual and expected, seconds squared,
    square_s2: f64,
    /// and of what was then expected.
    expected_s: f64,
}

/// What follows from it.
#[derive(Clone, Copy, Debug)]
struct Belief {
    factor: f32,
    theta_s: f32,
}

/// The pace of every atom.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    atoms: Arc<Atoms>,
    running: Arc<Running>,
    sums: Vec<Sums>,
    beliefs: Vec<Belief>,
    /// Of the whole network.
    all: Sums,
    periods: Periods,
    kinds: Arc<DayKinds>,
    /// The slot that `beliefs` are about.
    slot: Slot,
    field: Field,
    /// Up to when traffic has been told.
    now: Timestamp,
}

impl Pace {
    /// Nothing seen yet.
    pub(crate) fn new(timetable: &Timetable) -> Self {
        let atoms = Atoms::of(timetable);
        let sums = vec![Sums::default(); atoms.len()];
        let beliefs = vec![Belief { factor: 1.0, theta_s: THETA_S as f32 }; atoms.len()];
        let running = Arc::new(Running::of(timetable));
        let field = Field::new(atoms.len());
        Self {
            atoms: Arc::new(atoms),
            running,
            sums,
            beliefs,
            all: Sums::default(),
            periods: Periods::default(),
            kinds: Arc::new(DayKinds::of(timetable)),
            slot: Slot(0),
            field,
            now: Timestamp(0),
        }
    }

    /// Time passes: another half hour may have begun.
    pub(crate) fn pass(&mut self, timetable: &Timetable, now: Timestamp) {
        let begun = now.0.div_euclid(SLOT_CHECK_US) != self.now.0.div_euclid(SLOT_CHECK_US);
        self.now = self.now.max(now);
        if begun {
            let slot = Slot::of(&self.kinds, timetable, now);
            if std::mem::replace(&mut self.slot, slot) != slot {
                self.believe_all();
            }
        }
    }

    /// Driving time of the leg that ends at call `to` in the traffic usual at this hour.
    pub(crate) fn leg(&self, line: &Line<'_>, to: usize) -> Gamma {
        self.usual(line, f32::MIN, to)
    }

    /// Expected driving time of the same, begun in `ahead_s`.
    pub(crate) fn leg_in(&self, line: &Line<'_>, to: usize, ahead_s: f64) -> Gamma {
        self.in_traffic(line, to, self.leg(line, to), ahead_s)
    }

    /// The same, of what is left of it at `along_m`, where the vehicle is now.
    pub(crate) fn rest(&self, line: &Line<'_>, along_m: f32, to: usize) -> Gamma {
        self.in_traffic(line, to, self.usual(line, along_m, to), 0.0)
    }

    /// The legs' first atom speaks for all of it: vehicles drive legs whole.
    fn in_traffic(&self, line: &Line<'_>, to: usize, usual: Gamma, ahead_s: f64) -> Gamma {
        let first = self.atoms.leg(line.first + to).first();
        let residual = first.map_or(0.0, |piece| self.field.at(piece.atom, self.now, ahead_s));
        Gamma { mean_s: usual.mean_s * (1.0 + residual).clamp(TRAFFIC_RANGE.0, TRAFFIC_RANGE.1), ..usual }
    }

    /// What is left of a leg at `along_m`, in usual traffic.
    fn usual(&self, line: &Line<'_>, along_m: f32, to: usize) -> Gamma {
        let mut rest = Gamma { mean_s: 0.0, var_s2: 0.0 };
        let Some(leg) = self.aimed(line, to) else { return rest };
        let mut from_m = leg.from_m;
        for piece in self.atoms.leg(line.first + to) {
            let belief = self.beliefs[piece.atom.at()];
            let left_m = (piece.to_m - from_m.max(along_m)).max(0.0);
            let expected_s = f64::from(left_m * belief.factor) * leg.s_per_m;
            rest.mean_s += expected_s;
            rest.var_s2 += expected_s * f64::from(belief.theta_s);
            from_m = piece.to_m;
        }
        rest
    }

    /// A vehicle drove the leg that ends at call `to` in `actual_s` seconds, until `t`.
    pub(crate) fn learn(
        &mut self,
        timetable: &Timetable,
        line: &Line<'_>,
        to: usize,
        actual_s: f64,
        t: Timestamp,
    ) {
        let Some(leg) = self.aimed(line, to) else { return };
        let usual = self.usual(line, f32::MIN, to);
        let expected_s = usual.mean_s.max(1.0);
        let least_s = f64::from(line.calls[to].along_m - leg.from_m) / FASTEST_MPS;
        let most_s = expected_s + OUTLIER_SD * libm::sqrt(THETA_S * expected_s);
        let actual_s = actual_s.clamp(least_s, most_s.max(least_s));
        self.watch(line, to, actual_s / expected_s - 1.0, usual.var_s2 / (expected_s * expected_s), t);
        let square_s2 = (actual_s - expected_s) * (actual_s - expected_s);
        let slot = Slot::of(&self.kinds, timetable, t);
        let mut from_m = leg.from_m;
        for at in 0..self.atoms.leg(line.first + to).len() {
            let piece = self.atoms.leg(line.first + to)[at];
            let aimed_s = f64::from(piece.to_m - from_m) * leg.s_per_m;
            let share = aimed_s * f64::from(self.beliefs[piece.atom.at()].factor) / expected_s;
            let seen = Sums {
                actual_s: actual_s * share,
                aimed_s,
                square_s2: square_s2 * share,
                expected_s: expected_s * share,
            };
            self.sums[piece.atom.at()].add(&seen);
            self.all.add(&seen);
            self.periods.add(slot, piece.atom, self.sums.len(), seen.actual_s, aimed_s);
            self.believe(piece.atom);
            from_m = piece.to_m;
        }
    }

    /// Tells the field what a leg took against what it usually takes; its neighbours hear of it.
    fn watch(&mut self, line: &Line<'_>, to: usize, residual: f64, noise: f64, t: Timestamp) {
        for (leg, noise) in
            [(to, noise), (to - 1, noise * NEIGHBOUR_NOISE), (to + 1, noise * NEIGHBOUR_NOISE)]
        {
            let is_one = leg > 0 && leg < line.calls.len();
            if let Some(piece) = self.atoms.leg(line.first + leg).first().filter(|_| is_one) {
                self.field.measure(piece.atom, t, residual, noise);
            }
        }
        self.now = self.now.max(t);
    }

    /// Draws the conclusions from what was seen of every atom.
    fn believe_all(&mut self) {
        for at in 0..self.sums.len() {
            self.believe(AtomIdx(at as u32));
        }
    }

    /// Draws the conclusions from what was seen of an atom.
    fn believe(&mut self, atom: AtomIdx) {
        let (sums, all) = (self.sums[atom.at()], self.all);
        let share = f64::from(self.atoms.share(atom));
        let (prior_s, theta_prior_s) = (PRIOR_S * share, THETA_LEG_PRIOR_S * share);
        let theta_s = sums.theta_s(theta_prior_s, all.theta_s(THETA_PRIOR_S, THETA_S));
        let now = self.periods.of(self.slot, atom);
        let weight_s = PERIOD_PRIOR_S * share;
        let factor =
            (f64::from(now.actual_s) + weight_s * sums.factor(prior_s)) / (f64::from(now.aimed_s) + weight_s);
        self.beliefs[atom.at()] = Belief {
            factor: factor.clamp(PACE_MIN, PACE_MAX) as f32,
            theta_s: theta_s.clamp(THETA_S_RANGE.0, THETA_S_RANGE.1) as f32,
        };
    }

    fn aimed(&self, line: &Line<'_>, to: usize) -> Option<Leg> {
        let before = to.checked_sub(1)?;
        let (from, at) = (line.calls.get(before)?, line.calls.get(to)?);
        let length_m = f64::from(at.along_m - from.along_m).max(1.0);
        let aimed_s = self.running.leg_s(line.trip, line.times, to).max(length_m / FASTEST_MPS);
        Some(Leg { from_m: from.along_m, s_per_m: aimed_s / length_m })
    }
}

impl Sums {
    fn add(&mut self, seen: &Self) {
        self.actual_s += seen.actual_s;
        self.aimed_s += seen.aimed_s;
        self.square_s2 += seen.square_s2;
        self.expected_s += seen.expected_s;
    }

    fn fade(&mut self, share: f64) {
        self.actual_s *= share;
        self.aimed_s *= share;
        self.square_s2 *= share;
        self.expected_s *= share;
    }

    /// The factor, where belief in the timetable weighs `prior_s`.
    fn factor(&self, prior_s: f64) -> f64 {
        ((self.actual_s + prior_s) / (self.aimed_s + prior_s)).clamp(PACE_MIN, PACE_MAX)
    }

    /// The dispersion, where belief in `theta_s` weighs `prior_s`.
    fn theta_s(&self, prior_s: f64, theta_s: f64) -> f64 {
        (self.square_s2 + theta_s * prior_s) / (self.expected_s + prior_s).max(1.0)
    }
}

/// A leg as aimed: where it begins, and its pace.
struct Leg {
    from_m: f32,
    s_per_m: f64,
}

mod saved;

#[cfg(test)]
mod tests;
