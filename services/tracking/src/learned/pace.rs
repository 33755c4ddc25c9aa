//! The pace of every atom against the timetable: learned from vehicles that drove from stop to stop.
//!
//! A pace is a factor on the aimed time. A drive of a seconds where m were aimed has variance θ·m
//! (a gamma process), so the best estimate of the factor is Σa / Σm, and belief before it weighs as
//! many aimed seconds as θ / σ², σ² being how much factors differ from leg to leg (Bühlmann's
//! credibility). It knows nothing of dwell or waiting: it is told driving times. What always holds:
//! factors stay within bounds; with nothing seen every factor is 1, the timetable.

use super::atoms::Atoms;
use crate::run::Line;
use std::sync::Arc;

/// Weight of the belief in the timetable, aimed seconds: θ = 13 s within a leg over σ² = 0.35²
/// between legs (both as found over stop pairs of a timetable interpolated by distance; start).
const PRIOR_S: f64 = 100.0;
/// Factors beyond these are not believed.
const PACE_MIN: f64 = 0.2;
/// See [`PACE_MIN`].
const PACE_MAX: f64 = 6.0;
/// A drive this many standard deviations longer than expected was not all driving: it counts as
/// this long.
const OUTLIER_SD: f64 = 4.0;
/// Dispersion by which outliers are told, seconds (tracking.md §11, cold prior).
const OUTLIER_THETA_S: f64 = 30.0;
/// Fastest believable drive over a leg, metres per second.
const FASTEST_MPS: f64 = 18.0;

/// What was seen of one atom.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    actual_s: f64,
    aimed_s: f64,
}

/// The pace of every atom.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    atoms: Arc<Atoms>,
    sums: Vec<Sums>,
}

impl Pace {
    /// Nothing seen yet.
    pub(crate) fn new(atoms: Atoms) -> Self {
        Self { sums: vec![Sums::default(); atoms.len()], atoms: Arc::new(atoms) }
    }

    /// Expected driving time, seconds, of the leg that ends at call `to`.
    pub(crate) fn leg_s(&self, line: &Line<'_>, to: usize) -> f64 {
        self.rest_s(line, line.calls[to - 1].along_m, to)
    }

    /// The same, of what is left of it at `along_m`.
    pub(crate) fn rest_s(&self, line: &Line<'_>, along_m: f32, to: usize) -> f64 {
        let Some(leg) = Leg::of(line, to) else { return 0.0 };
        let mut expected_s = 0.0;
        let mut from_m = leg.from_m;
        for piece in self.atoms.leg(line.first + to) {
            let share = f64::from(piece.to_m - from_m.max(along_m)).max(0.0) / leg.length_m;
            let factor = self.factor(piece.atom.at(), f64::from(piece.to_m - from_m) / leg.length_m);
            expected_s += share * leg.aimed_s * factor;
            from_m = piece.to_m;
        }
        expected_s
    }

    /// A vehicle drove the leg that ends at call `to` in `actual_s` seconds.
    pub(crate) fn learn(&mut self, line: &Line<'_>, to: usize, actual_s: f64) {
        let Some(leg) = Leg::of(line, to) else { return };
        let expected_s = self.leg_s(line, to);
        let most_s = expected_s + OUTLIER_SD * libm::sqrt(OUTLIER_THETA_S * expected_s);
        let actual_s = actual_s.clamp(leg.length_m / FASTEST_MPS, most_s.max(leg.length_m / FASTEST_MPS));
        let mut from_m = leg.from_m;
        for piece in self.atoms.leg(line.first + to) {
            let share = f64::from(piece.to_m - from_m) / leg.length_m;
            let factor = self.factor(piece.atom.at(), share);
            let sums = &mut self.sums[piece.atom.at()];
            sums.actual_s += actual_s * share * leg.aimed_s * factor / expected_s.max(1.0);
            sums.aimed_s += share * leg.aimed_s;
            from_m = piece.to_m;
        }
    }

    /// The factor of an atom that is `share` of its leg; the belief is shared out likewise.
    fn factor(&self, atom: usize, share: f64) -> f64 {
        let prior_s = PRIOR_S * share.max(0.01);
        let sums = self.sums[atom];
        ((sums.actual_s + prior_s) / (sums.aimed_s + prior_s)).clamp(PACE_MIN, PACE_MAX)
    }
}

/// A leg as aimed.
struct Leg {
    from_m: f32,
    length_m: f64,
    aimed_s: f64,
}

impl Leg {
    fn of(line: &Line<'_>, to: usize) -> Option<Self> {
        let before = to.checked_sub(1)?;
        let (from, at) = (line.calls.get(before)?, line.calls.get(to)?);
        let length_m = f64::from(at.along_m - from.along_m).max(1.0);
        let aimed_s = f64::from(line.times[to].arrival_s - line.times[before].departure_s);
        Some(Self { from_m: from.along_m, length_m, aimed_s: aimed_s.max(length_m / FASTEST_MPS) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Run;
    use gtfs::{ServiceDay, Timetable};

    const LINE: &str = "stop A 0 0\nstop B 600 0\nstop C 1000 0\nroute R bus\n\
                        trip t route=R : A 08:00 B 08:02 C 08:04";

    fn with(timetable: &Timetable, check: impl FnOnce(Pace, Line<'_>)) {
        let trip = timetable.trip("t", None).unwrap();
        let day = ServiceDay::parse("20261124").unwrap();
        let run = Run::new(timetable, trip, day, timetable.trips[trip.at()].start);
        check(Pace::new(Atoms::of(timetable)), run.line(timetable));
    }

    #[test]
    fn with_nothing_seen_a_drive_takes_what_the_timetable_says() {
        with(&gtfs::fixture::timetable(LINE).unwrap(), |pace, line| {
            assert!((pace.leg_s(&line, 1) - 120.0).abs() < 1e-3);
            assert!((pace.rest_s(&line, 450.0, 1) - 30.0).abs() < 1e-3);
            assert!(pace.rest_s(&line, 600.0, 1) < 0.01);
        });
    }

    #[test]
    fn a_leg_that_always_takes_longer_is_soon_expected_to_and_no_other_is() {
        with(&gtfs::fixture::timetable(LINE).unwrap(), |mut pace, line| {
            pace.learn(&line, 1, 240.0);
            let once_s = pace.leg_s(&line, 1);
            assert!(150.0 < once_s && once_s < 230.0, "{once_s}");
            for _ in 0..20 {
                pace.learn(&line, 1, 240.0);
            }
            assert!((pace.leg_s(&line, 1) - 240.0).abs() < 8.0);
            assert!((pace.leg_s(&line, 2) - 120.0).abs() < 1e-3);
        });
    }

    #[test]
    fn one_breakdown_is_not_taken_for_traffic() {
        with(&gtfs::fixture::timetable(LINE).unwrap(), |mut pace, line| {
            for _ in 0..10 {
                pace.learn(&line, 1, 120.0);
            }
            pace.learn(&line, 1, 3_600.0);
            assert!(pace.leg_s(&line, 1) < 150.0, "{}", pace.leg_s(&line, 1));
        });
    }
}
