//! Is one predictor better than another, or was it luck? A paired bootstrap.
//!
//! Trips share weather and traffic, moments of a trip share nearly everything: what is drawn anew is
//! therefore whole service days, or, where there is only one, whole trips (Efron and Tibshirani 1993,
//! chapter 8). Within one day that understates the doubt; the count of days is given for that reason.
//! Seeded: the same samples give the same interval.

use super::Tally;
use std::collections::BTreeMap;

/// Samples drawn.
const DRAWS: usize = 1_000;
/// The generator starts here, always.
const SEED: u64 = 0x5ca1_ab1e;

/// The log against another predictor, on the moments at which both told something.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The other.
    pub with: String,
    /// Moments at which both told something.
    pub n: u64,
    /// Service days, or trips when there is one day.
    pub units: usize,
    /// Whether the units are days.
    pub by_day: bool,
    /// Mean absolute error of the log less that of the other, seconds, and its 95 % interval.
    pub mae_s: [f64; 3],
    /// The same of the benchmark, as shares; `None` when a horizon is empty.
    pub benchmark: Option<[f64; 3]>,
}

impl Comparison {
    /// `better` or `worse` when the interval of the error excludes zero.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        let [_, low, high] = self.mae_s;
        match (high < 0.0, low > 0.0) {
            (true, _) => "better",
            (_, true) => "worse",
            _ => "no difference shown",
        }
    }
}

/// What both told on the same moments of one unit: the log, the other.
pub(super) type Pair = [Tally; 2];

/// Pairs by day, then trip.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs {
    days: BTreeMap<String, Vec<Pair>>,
}

impl Pairs {
    pub(super) fn add(&mut self, day: &str, pair: Pair) {
        if pair[0].n() > 0 {
            self.days.entry(day.to_owned()).or_default().push(pair);
        }
    }

    /// The comparison; `None` when the two never told anything at the same moment.
    pub(super) fn compare(&self, with: &str) -> Option<Comparison> {
        let by_day = self.days.len() > 1;
        let units: Vec<Pair> = if by_day {
            self.days.values().map(|trips| sum(trips.iter())).collect()
        } else {
            self.days.values().flatten().copied().collect()
        };
        let all = sum(units.iter());
        let mut generator = SplitMix(SEED);
        let mut mae_s = Vec::with_capacity(DRAWS);
        let mut benchmark = Vec::with_capacity(DRAWS);
        for _ in 0..DRAWS {
            let drawn = (0..units.len()).map(|_| &units[generator.below(units.len())]);
            let drawn = sum(drawn);
            mae_s.extend(mae_difference(&drawn));
            benchmark.extend(benchmark_difference(&drawn));
        }
        Some(Comparison {
            with: with.to_owned(),
            n: all[0].n(),
            units: units.len(),
            by_day,
            mae_s: with_interval(mae_difference(&all)?, mae_s),
            benchmark: benchmark_difference(&all).map(|difference| with_interval(difference, benchmark)),
        })
    }
}

fn sum<'a>(pairs: impl Iterator<Item = &'a Pair>) -> Pair {
    let mut all = Pair::default();
    for pair in pairs {
        all[0].merge(&pair[0]);
        all[1].merge(&pair[1]);
    }
    all
}

fn mae_difference([ours, theirs]: &Pair) -> Option<f64> {
    Some(ours.mae_all_s()? - theirs.mae_all_s()?)
}

fn benchmark_difference([ours, theirs]: &Pair) -> Option<f64> {
    Some(ours.benchmark()? - theirs.benchmark()?)
}

/// A value and the middle 95 % of its draws.
fn with_interval(value: f64, mut draws: Vec<f64>) -> [f64; 3] {
    draws.sort_by(f64::total_cmp);
    let at = |share: f64| draws.get((share * draws.len() as f64) as usize).copied().unwrap_or(value);
    [value, at(0.025), at(0.975)]
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        // The high half of a product maps evenly enough for a thousand draws.
        ((u128::from(z ^ (z >> 31)) * n as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(ours_s: f64, theirs_s: f64) -> Pair {
        let mut pair = Pair::default();
        for (tally, error_s) in pair.iter_mut().zip([ours_s, theirs_s]) {
            for to_go_s in [60.0, 240.0, 500.0, 800.0] {
                tally.add(to_go_s, error_s);
            }
        }
        pair
    }

    #[test]
    fn a_steady_advantage_is_better_and_an_even_one_is_not() {
        let mut steady = Pairs::default();
        let mut even = Pairs::default();
        for trip in 0..40u8 {
            let wander = f64::from(trip % 5);
            steady.add("20260216", pair(20.0 + wander, 30.0 + wander));
            even.add("20260216", if trip % 2 == 0 { pair(20.0, 30.0) } else { pair(30.0, 20.0) });
        }
        let steady = steady.compare("x").unwrap();
        assert_eq!((steady.verdict(), steady.units, steady.by_day), ("better", 40, false));
        assert!((steady.mae_s[0] + 10.0).abs() < 1e-9);
        let even = even.compare("x").unwrap();
        assert_eq!(even.verdict(), "no difference shown");
        assert!(even.mae_s[1] < 0.0 && even.mae_s[2] > 0.0);
    }

    #[test]
    fn with_several_days_whole_days_are_drawn() {
        let mut pairs = Pairs::default();
        for day in ["1", "2", "3"] {
            pairs.add(day, pair(10.0, 20.0));
            pairs.add(day, pair(10.0, 20.0));
        }
        let comparison = pairs.compare("x").unwrap();
        assert_eq!((comparison.units, comparison.by_day), (3, true));
    }
}
