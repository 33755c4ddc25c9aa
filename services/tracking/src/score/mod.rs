//! The scorer: predictions against what really happened, beside baselines on the same moments.
//!
//! e = actual - predicted, seconds; e > 0 means later than told. A *moment* is when somebody could
//! have looked: a ping of the trip, or a publication of another predictor. At each moment the latest
//! prediction standing counts, for every stop reached within half an hour. A missing prediction is
//! counted as missing, never left out silently.
//!
//! Pure: it reads streams it is given and opens no file.

mod coverage;
mod input;
mod report;
mod tally;

#[cfg(test)]
mod tests;

pub use coverage::Coverage;
pub use input::{Call, Made, Moments, Predictions, ScoreError, Trip, Truth, Visit};
pub use report::{Beside, render};
pub use tally::{BENCHMARK_BANDS_S, HORIZONS_S, Tally};

use gtfs::Timestamp;

/// How far before an arrival predictions are judged, seconds.
pub const HORIZON_S_MAX: f64 = 1_800.0;

/// Everything there is to say about a prediction log.
#[derive(Clone, Debug, PartialEq)]
pub struct Scorecard {
    /// (moment, stop) pairs looked at.
    pub moments: u64,
    /// The log, then the baselines, by name.
    pub rows: Vec<(String, Tally)>,
    /// How many arrivals had a prediction five minutes before.
    pub coverage: Coverage,
}

/// Judges a log. With `other` (an agency's own predictions) its publications are the moments, where
/// the vehicle had been heard on the trip; else the pings are.
#[must_use]
pub fn score(log: &Predictions, truth: &Truth, pings: &Moments, other: Option<&Predictions>) -> Scorecard {
    let mut card = Scorecard { moments: 0, rows: Vec::new(), coverage: coverage::of(log, truth, pings) };
    let mut ours = Tally::default();
    let mut median = Tally::default();
    let mut aimed = Tally::default();
    let mut delayed = Tally::default();
    let mut theirs = Tally::default();
    for (trip, visits) in &truth.trips {
        for (at, visit) in visits.iter().enumerate() {
            let calls = log.of(trip, visit.sequence);
            let their_calls = other.map_or(&[][..], |other| other.of(trip, visit.sequence));
            for moment in moments_of(trip, pings, other.map(|_| their_calls)) {
                let to_go_s = visit.arrival.since_s(moment);
                if to_go_s <= 0.0 || to_go_s > HORIZON_S_MAX {
                    continue;
                }
                card.moments += 1;
                let judge = |tally: &mut Tally, told: Option<Timestamp>| match told {
                    Some(told) => tally.add(to_go_s, visit.arrival.since_s(told)),
                    None => tally.missing += 1,
                };
                let standing = standing(calls, moment);
                judge(&mut ours, standing.map(|made| made.arrival));
                judge(&mut median, standing.and_then(|made| made.quantiles).map(|q| q[1]));
                if let Some([p10, _, p90]) = standing.and_then(|made| made.quantiles) {
                    ours.within(p10 <= visit.arrival && visit.arrival <= p90);
                }
                judge(&mut aimed, visit.aimed);
                judge(&mut delayed, with_delay(visits, at, moment));
                if other.is_some() {
                    judge(&mut theirs, self::standing(their_calls, moment).map(|made| made.arrival));
                }
            }
        }
    }
    card.rows.push(("this log".into(), ours));
    card.rows.push(("this log, its median (p50)".into(), median));
    if other.is_some() {
        card.rows.push(("the other predictor".into(), theirs));
    }
    card.rows.push(("timetable + delay at the last stop".into(), delayed));
    card.rows.push(("timetable".into(), aimed));
    card
}

/// When somebody could have looked at the predictions of one call.
fn moments_of<'a>(
    trip: &'a Trip,
    pings: &'a Moments,
    theirs: Option<&'a [Made]>,
) -> Box<dyn Iterator<Item = Timestamp> + 'a> {
    let heard = pings.of_trip(trip);
    match theirs {
        None => Box::new(heard.iter().copied()),
        Some(made) => {
            let first = heard.first().copied();
            let moments = made.iter().map(|made| made.at);
            Box::new(moments.filter(move |moment| first.is_some_and(|first| first <= *moment)))
        }
    }
}

/// The latest prediction made by a moment.
fn standing(calls: &[Made], moment: Timestamp) -> Option<&Made> {
    let after = calls.partition_point(|made| made.at <= moment);
    after.checked_sub(1).map(|at| &calls[at])
}

/// The baseline every rider can compute: the aimed time plus the delay at the last stop reached, or
/// the aimed time before any; never in the past.
fn with_delay(visits: &[Visit], at: usize, moment: Timestamp) -> Option<Timestamp> {
    let aimed = visits[at].aimed?;
    let last = visits[..at].iter().rev().find(|visit| visit.arrival <= moment);
    let delay_s = last.and_then(|visit| Some(visit.arrival.since_s(visit.aimed?))).unwrap_or(0.0);
    Some(aimed.plus_s(delay_s).max(moment))
}
