//! How long waits last: a small histogram that starts from a stated belief and is conditioned on
//! what has already passed.
//!
//! Waits at a terminal are skewed, differ from place to place and have a long tail, so no mean and
//! variance describe them. Counts are kept per place, and shrunk towards those of the route, of the
//! network, and the prior. What always holds: the shares of a [`Mix`] sum to one, nothing below the
//! first edge or above the last is ever said, and a wait that has lasted is never said to be shorter.

/// Edges of the bins, seconds. Fine where most waits end, coarse in the tail.
const EDGES_S: [f64; BINS + 1] = [
    -240.0, -180.0, -120.0, -90.0, -60.0, -30.0, 0.0, 15.0, 30.0, 45.0, 60.0, 90.0, 120.0, 150.0, 180.0,
    240.0, 300.0, 420.0, 600.0, 900.0, 1_800.0,
];
/// How many bins.
pub(crate) const BINS: usize = 20;
/// Least share of a bin: nothing is impossible, seconds apart from what was believed.
const SHARE_MIN: f64 = 1e-4;

/// A wait beyond the last edge lasts this much longer than it has.
const BEYOND: f64 = 1.1;

/// How many waits were seen in each bin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Spread {
    counts: [f32; BINS],
}

impl Spread {
    /// One wait of `s` seconds; outside the edges it counts in the outermost bin.
    pub(crate) fn add(&mut self, s: f64) {
        let after = EDGES_S.partition_point(|edge| *edge <= s);
        self.counts[after.clamp(1, BINS) - 1] += 1.0;
    }

    /// Takes over counts as they were saved; false, and nothing changes, when they can not be.
    pub(crate) fn set(&mut self, counts: &[f32]) -> bool {
        let right = counts.len() == BINS && counts.iter().all(|n| n.is_finite() && *n >= 0.0);
        if right {
            self.counts.copy_from_slice(counts);
        }
        right
    }

    /// The counts, by bin.
    pub(crate) fn counts(&self) -> Vec<f32> {
        self.counts.to_vec()
    }

    /// Adds what was seen elsewhere.
    pub(crate) fn join(&mut self, other: &Self) {
        for (n, more) in self.counts.iter_mut().zip(&other.counts) {
            *n += more;
        }
    }

    /// What was seen weighs `share` of what it weighed.
    pub(crate) fn fade(&mut self, share: f64) {
        for n in &mut self.counts {
            *n *= share as f32;
        }
    }

    /// How many waits.
    pub(crate) fn seen(&self) -> f64 {
        self.counts.iter().map(|n| f64::from(*n)).sum()
    }
}

/// Shares of waits by bin: a belief.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mix {
    shares: [f64; BINS],
}

impl Mix {
    /// A belief from rising (seconds, share of waits that are over by then) pairs.
    pub(crate) fn of(points: &[(f64, f64)]) -> Self {
        let over = |s: f64| {
            let after = points.partition_point(|(at_s, _)| *at_s <= s);
            match (after.checked_sub(1).map(|at| points[at]), points.get(after)) {
                (None, _) => 0.0,
                (Some((_, share)), None) => share,
                (Some((from_s, from)), Some((to_s, to))) => {
                    from + (to - from) * (s - from_s) / (to_s - from_s)
                }
            }
        };
        let mut shares = [0.0; BINS];
        for (bin, share) in shares.iter_mut().enumerate() {
            *share = (over(EDGES_S[bin + 1]) - over(EDGES_S[bin])).max(SHARE_MIN);
        }
        let total: f64 = shares.iter().sum();
        Self { shares: shares.map(|share| share / total) }
    }

    /// This belief after what was seen, where it is worth `weight` waits.
    pub(crate) fn after(&self, seen: &Spread, weight: f64) -> Self {
        let total = seen.seen() + weight;
        let mut shares = self.shares;
        for (share, n) in shares.iter_mut().zip(&seen.counts) {
            *share = (*share * weight + f64::from(*n)) / total;
        }
        Self { shares }
    }

    /// Median and standard deviation (from p10 and p90, as if normal) of a wait that has lasted
    /// `lasted_s` already, seconds. See [`BEYOND`].
    pub(crate) fn given(&self, lasted_s: f64) -> (f64, f64) {
        if lasted_s >= EDGES_S[BINS] {
            return (BEYOND * lasted_s, (BEYOND - 1.0) * lasted_s);
        }
        let from = self.share_over(lasted_s);
        let at = |p: f64| self.quantile(from + p * (1.0 - from), lasted_s);
        let (p10, p50, p90) = (at(0.1), at(0.5), at(0.9));
        (p50, (p90 - p10) / (2.0 * 1.2816))
    }

    /// Share of waits that are over after `s` seconds.
    fn share_over(&self, s: f64) -> f64 {
        let mut share = 0.0;
        for (bin, width) in EDGES_S.windows(2).enumerate() {
            if s < width[1] {
                return share + self.shares[bin] * ((s - width[0]) / (width[1] - width[0])).max(0.0);
            }
            share += self.shares[bin];
        }
        1.0
    }

    /// The time by which a share `p` is over, at least `least_s`.
    fn quantile(&self, p: f64, least_s: f64) -> f64 {
        let mut before = 0.0;
        for (bin, width) in EDGES_S.windows(2).enumerate() {
            let share = self.shares[bin];
            if before + share >= p && share > 0.0 {
                return (width[0] + (width[1] - width[0]) * (p - before) / share).max(least_s);
            }
            before += share;
        }
        EDGES_S[BINS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: [(f64, f64); 6] =
        [(-30.0, 0.0), (0.0, 0.1), (20.0, 0.5), (90.0, 0.9), (600.0, 0.99), (1_800.0, 1.0)];

    #[test]
    fn the_prior_has_the_quantiles_it_was_given() {
        let (p50, sd) = Mix::of(&LATE).given(f64::MIN);
        assert!((p50 - 20.0).abs() < 7.5, "half a bin: {p50}");
        assert!((sd - 35.0).abs() < 8.0, "{sd}");
    }

    #[test]
    fn what_was_seen_overrules_the_prior_quickly() {
        let mut seen = Spread::default();
        for s in [170.0, 185.0, 200.0, 190.0] {
            seen.add(s);
        }
        let (p50, _) = Mix::of(&LATE).after(&seen, 2.0).given(f64::MIN);
        assert!(p50 > 120.0, "{p50}");
    }

    #[test]
    fn a_wait_that_has_outlasted_most_goes_on_the_longer_the_longer_it_has_lasted() {
        let mix = Mix::of(&LATE);
        let mut last = 0.0;
        for lasted_s in [60.0, 300.0, 9_000.0] {
            let (p50, sd) = mix.given(lasted_s);
            assert!(p50 - lasted_s > last, "{lasted_s}: {p50}");
            assert!(sd >= 0.0 && p50.is_finite());
            last = p50 - lasted_s;
        }
    }
}
