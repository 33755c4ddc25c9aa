//! How a countdown behaves while one waits: does it wobble, does it go up, is it kept fresh?

use super::predictor::standing;
use super::sample::minutes_before;
use super::tally::{mean, share};
use super::{HORIZON_S_MAX, Made, Moments, Predictions, Truth};
use gtfs::Timestamp;

/// A window of the wobble, seconds (Cal-ITP).
const WINDOW_S: f64 = 120.0;

/// Sums over the last half hour of every approach.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Steadiness {
    /// (trip, stop) with anything told in their last half hour.
    pub approaches: u64,
    /// Times the told minute rose.
    pub rises: u64,
    windows: u64,
    wobble_s: f64,
    bins: u64,
    bins_with_one: u64,
    bins_with_two: u64,
}

impl Steadiness {
    /// Greatest less least arrival told within two minutes, mean over windows, seconds (Cal-ITP).
    #[must_use]
    pub fn wobble_s(&self) -> Option<f64> {
        mean(self.wobble_s, self.windows)
    }

    /// Rises of the told minute per approach.
    #[must_use]
    pub fn rises_per_approach(&self) -> Option<f64> {
        share(self.rises, self.approaches)
    }

    /// Shares of minutes in which the told value changed at least once, and at least twice (Cal-ITP's
    /// update completeness, for a log that holds changes only).
    #[must_use]
    pub fn updated(&self) -> (Option<f64>, Option<f64>) {
        (share(self.bins_with_one, self.bins), share(self.bins_with_two, self.bins))
    }

    fn approach(&mut self, made: &[Made], arrival: Timestamp, begun: Timestamp) {
        let first = made.partition_point(|made| made.at < arrival.plus_s(-HORIZON_S_MAX));
        let until = made.partition_point(|made| made.at < arrival);
        let in_time = &made[first.saturating_sub(1)..until];
        if in_time.iter().all(|made| made.withdrawn) {
            return;
        }
        self.approaches += 1;
        self.rises += in_time.windows(2).filter(|pair| rises(pair[0], pair[1])).count() as u64;
        for minute in minutes_before(arrival, begun) {
            let end = minute.plus_s(WINDOW_S).min(arrival);
            if let Some(wobble_s) = wobble_s(made, minute, end) {
                self.windows += 1;
                self.wobble_s += wobble_s;
            }
            let changes = between(made, minute, minute.plus_s(60.0).min(arrival)).len();
            self.bins += 1;
            self.bins_with_one += u64::from(changes >= 1);
            self.bins_with_two += u64::from(changes >= 2);
        }
    }
}

/// Whether a new value shows a greater minute than the old one would have at that instant.
fn rises(old: Made, new: Made) -> bool {
    let minute = |arrival: Timestamp| (arrival.since_s(new.at).max(0.0) / 60.0) as i64;
    !old.withdrawn && !new.withdrawn && minute(new.arrival) > minute(old.arrival)
}

fn between(made: &[Made], from: Timestamp, until: Timestamp) -> &[Made] {
    let first = made.partition_point(|made| made.at < from);
    let end = made.partition_point(|made| made.at < until).max(first);
    &made[first..end]
}

/// Spread of the arrivals told in a window, that standing at its start included; `None` of none.
fn wobble_s(made: &[Made], from: Timestamp, until: Timestamp) -> Option<f64> {
    let told = between(made, from, until).iter().filter(|made| !made.withdrawn);
    let told = standing(made, from).into_iter().chain(told).map(|made| made.arrival);
    let (least, greatest) = (told.clone().min()?, told.max()?);
    Some(greatest.since_s(least))
}

/// Over all arrivals.
pub(super) fn of(log: &Predictions, truth: &Truth, pings: &Moments) -> Steadiness {
    let mut steadiness = Steadiness::default();
    let Some(begun) = pings.begun() else { return steadiness };
    for (trip, visits) in &truth.trips {
        for visit in visits {
            steadiness.approach(log.of(trip, visit.sequence), visit.arrival, begun);
        }
    }
    steadiness
}
