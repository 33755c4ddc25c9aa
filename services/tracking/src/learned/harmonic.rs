//! A tidal stream as a sum of harmonics, fitted by ridge regression.
//!
//! u(t) = u₀ + Σ a cos ωt + b sin ωt over the four constituents that carry most of a tide. It knows
//! nothing of ferries. What always holds: with nothing seen the stream is what the parent says, else 0.

use gtfs::Timestamp;
use gtfs::time::MICROS;

/// Numbers of a stream: the steady one, a cosine and a sine for each constituent, and last what is
/// faster than believed whichever way it goes: no stream, but taken for one if it had no place here.
pub(crate) const TERMS: usize = 10;
/// Where that last one stands.
const BOTH_WAYS: usize = TERMS - 1;
/// Periods of M2, S2, K1 and O1, hours (Schureman, Manual of Harmonic Analysis, 1958, table 2).
const PERIODS_H: [f64; 4] = [12.420_601, 12.0, 23.934_470, 25.819_342];
/// Weight of the belief before anything is seen, passages: a passage tells the stream to 0.4 m/s, a
/// harmonic is expected to have some 0.25 m/s (start), and what goes both ways may be anything that a
/// timetable gets wrong.
const RIDGE: Terms = [2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 0.1];

/// The stream as a vector of [`TERMS`] numbers, metres per second.
pub(crate) type Terms = [f64; TERMS];

/// What was seen of a stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fit {
    /// Σ φφᵀ, and Σ φu.
    gram: [Terms; TERMS],
    right: Terms,
}

impl Default for Fit {
    fn default() -> Self {
        Self { gram: [[0.0; TERMS]; TERMS], right: [0.0; TERMS] }
    }
}

/// The harmonics at an instant, of somebody who goes along (+1) or against (-1) the stream's positive
/// direction, or does not move (0).
fn phases(t: Timestamp, way: f64) -> Terms {
    let hours = t.0 as f64 / (3600.0 * MICROS as f64);
    let mut terms = [1.0; TERMS];
    for (at, period_h) in PERIODS_H.iter().enumerate() {
        let turns = hours / period_h;
        let angle = std::f64::consts::TAU * (turns - turns.floor());
        terms[1 + 2 * at] = libm::cos(angle);
        terms[2 + 2 * at] = libm::sin(angle);
    }
    terms[BOTH_WAYS] = way;
    terms
}

/// The stream at an instant, metres per second.
pub(crate) fn stream_mps(terms: &Terms, t: Timestamp) -> f64 {
    phases(t, 0.0).iter().zip(terms).map(|(phase, term)| phase * term).sum()
}

impl Fit {
    /// A stream of `mps` was met at `t`, going `way`: +1 along its positive direction, -1 against it, 0
    /// when it was measured.
    pub(crate) fn add(&mut self, t: Timestamp, way: f64, mps: f64) {
        let phases = phases(t, way);
        for (row, here) in self.gram.iter_mut().zip(&phases) {
            for (cell, there) in row.iter_mut().zip(&phases) {
                *cell += here * there;
            }
        }
        for (cell, here) in self.right.iter_mut().zip(&phases) {
            *cell += here * mps;
        }
    }

    /// Adds what was seen elsewhere.
    pub(crate) fn join(&mut self, other: &Self) {
        let cells = self.gram.as_flattened_mut().iter_mut().chain(&mut self.right);
        for (cell, more) in cells.zip(other.gram.as_flattened().iter().chain(&other.right)) {
            *cell += more;
        }
    }

    /// What was seen weighs `share` of what it weighed.
    pub(crate) fn fade(&mut self, share: f64) {
        for cell in self.gram.as_flattened_mut().iter_mut().chain(&mut self.right) {
            *cell *= share;
        }
    }

    /// How many passages.
    pub(crate) fn seen(&self) -> f64 {
        self.gram[0][0]
    }

    /// The likeliest stream, where `parent` is believed before: (G + Λ) c = r + Λ·parent, solved by
    /// Cholesky. G + Λ is positive definite, so every pivot is at least the least of Λ.
    pub(crate) fn solve(&self, parent: &Terms) -> Terms {
        let mut lower = [[0.0; TERMS]; TERMS];
        let mut terms = [0.0; TERMS];
        for i in 0..TERMS {
            for j in 0..=i {
                let known: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
                let own = self.gram[i][j] + if i == j { RIDGE[i] } else { 0.0 } - known;
                lower[i][j] = if i == j { libm::sqrt(own.max(1e-9)) } else { own / lower[j][j] };
            }
            let known: f64 = (0..i).map(|k| lower[i][k] * terms[k]).sum();
            terms[i] = (self.right[i] + RIDGE[i] * parent[i] - known) / lower[i][i];
        }
        for i in (0..TERMS).rev() {
            let known: f64 = (i + 1..TERMS).map(|k| lower[k][i] * terms[k]).sum();
            terms[i] = (terms[i] - known) / lower[i][i];
        }
        terms
    }

    /// As it is written: the lower half of G by rows, then r.
    pub(crate) fn numbers(&self) -> Vec<f32> {
        let half = self.gram.iter().enumerate().flat_map(|(at, row)| &row[..=at]);
        half.chain(&self.right).map(|number| *number as f32).collect()
    }

    /// Read back; `None` when the numbers can not be.
    pub(crate) fn of_numbers(numbers: &[f32]) -> Option<Self> {
        let (half, right) = numbers.split_at_checked(TERMS * (TERMS + 1) / 2)?;
        if right.len() != TERMS || numbers.iter().any(|number| !number.is_finite()) {
            return None;
        }
        let mut fit = Self::default();
        let mut half = half.iter();
        for i in 0..TERMS {
            for (j, number) in (0..=i).zip(&mut half) {
                fit.gram[i][j] = f64::from(*number);
                fit.gram[j][i] = f64::from(*number);
            }
        }
        for (cell, number) in fit.right.iter_mut().zip(right) {
            *cell = f64::from(*number);
        }
        let possible = (0..TERMS).all(|at| (0.0..=fit.gram[0][0]).contains(&fit.gram[at][at]));
        possible.then_some(fit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tide(t: Timestamp) -> f64 {
        0.1 + 0.5 * libm::cos(std::f64::consts::TAU * (t.0 as f64 / 3.6e9) / 12.420_601)
    }

    fn at_h(hours: f64) -> Timestamp {
        Timestamp::from_s(1_795_000_000).plus_s(hours * 3600.0)
    }

    #[test]
    fn a_week_of_passages_tells_the_tide_of_the_next_day() {
        let mut fit = Fit::default();
        for passage in 0..14 * 7 {
            // Sixteen hours a day.
            let t = at_h(f64::from(passage / 14 * 24) + f64::from(passage % 14) * 1.1);
            fit.add(t, 0.0, tide(t));
        }
        let terms = fit.solve(&[0.0; TERMS]);
        for quarter in 0..96 {
            let t = at_h(7.0 * 24.0 + f64::from(quarter) / 4.0);
            assert!((stream_mps(&terms, t) - tide(t)).abs() < 0.12, "{quarter}");
        }
    }

    #[test]
    fn ferries_that_beat_their_timetable_both_ways_have_met_no_stream() {
        let mut fit = Fit::default();
        for passage in 0..12 {
            let way = if passage % 2 == 0 { 1.0 } else { -1.0 };
            fit.add(at_h(f64::from(passage) * 0.6), way, 2.0 * way);
        }
        let terms = fit.solve(&[0.0; TERMS]);
        for hour in 0..12 {
            let mps = stream_mps(&terms, at_h(f64::from(hour)));
            assert!(mps.abs() < 0.1, "{hour} h: {mps}");
        }
    }

    #[test]
    fn with_nothing_seen_the_stream_is_the_parents() {
        let parent = [0.3; TERMS];
        for (mine, theirs) in Fit::default().solve(&parent).iter().zip(&parent) {
            assert!((mine - theirs).abs() < 1e-12);
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_nonsense_is_not() {
        let mut fit = Fit::default();
        fit.add(at_h(3.0), 1.0, 0.4);
        let numbers = fit.numbers();
        assert_eq!(Fit::of_numbers(&numbers).map(|fit| fit.numbers()), Some(numbers.clone()));
        assert_eq!(Fit::of_numbers(&numbers[1..]), None);
        assert_eq!(Fit::of_numbers(&vec![f32::NAN; numbers.len()]), None);
    }
}
