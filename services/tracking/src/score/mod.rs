//! The scorer: predictions against what really happened, beside baselines on the same moments.
//!
//! e = actual - predicted, seconds; e > 0 means later than told. A *moment* is when somebody could
//! have looked: a ping of the trip, or a publication of another predictor. At each moment the latest
//! prediction standing counts, for every stop reached within half an hour. A missing prediction is
//! counted as missing, never left out silently. The industry's scores look once a *minute* instead.
//!
//! Pure: it reads streams it is given and opens no file. The same input gives the same figures, to
//! the last digit.

mod baseline;
mod better;
mod cell;
mod coverage;
mod ground;
mod industry;
mod input;
mod kind;
mod live;
mod minutes;
mod predictor;
mod promises;
mod repeated;
mod report;
mod sample;
mod smoother;
mod steadiness;
mod table;
mod tally;
mod theta;
mod wait;

#[cfg(test)]
mod tests;

pub use better::Comparison;
pub use cell::CellFigures;
pub use coverage::Coverage;
pub use ground::Ground;
pub use industry::{MBTA_BANDS_S, MBTA_BUCKETS_S, Mbta, is_reliable};
pub use input::{Call, Made, Moments, Predictions, ScoreError, Trip, Truth, Visit};
pub use kind::Kind;
pub use live::{Accuracy, Judged, RouteScore, Score, Windows};
pub(crate) use live::{LiveScores, SavedScores};
pub use minutes::Minutes;
pub use promises::{GHOSTS_LISTED_MAX, Promises};
pub use repeated::Repeated;
pub use report::{Beside, render, render_agreement, render_cells};
pub use smoother::{Agreement, TRUTH_GAP_S, TRUTH_GAP_SLOW_S};
pub use steadiness::Steadiness;
pub use tally::{BENCHMARK_BANDS_S, HORIZON_NAMES, HORIZONS_S, Tally};

pub use wait::WaitDelay;

use baseline::{Aimed, AtLastStop, AtPosition, By, ByLinks, Rounding, Travels};
use better::Pairs;
use cell::Cells;
use predictor::{Logged, Predictor};
use theta::Spread;

/// How far before an arrival predictions are judged, seconds.
pub const HORIZON_S_MAX: f64 = 1_800.0;

/// How long before an arrival coverage is asked for, seconds.
pub const COVERAGE_BEFORE_S: [f64; 3] = [300.0, 600.0, 1_200.0];

/// What is to be judged, and by what.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The log.
    pub log: &'a Predictions,
    /// What happened.
    pub truth: &'a Truth,
    /// When vehicles were heard.
    pub pings: &'a Moments,
    /// Another predictor's log; its publications are the moments then.
    pub other: Option<&'a Predictions>,
    /// The recording on its lines; without it there are only the baselines that need no place.
    pub ground: Option<&'a Ground<'a>>,
}

/// Everything there is to say about a prediction log.
#[derive(Clone, Debug, PartialEq)]
pub struct Scorecard {
    /// (moment, stop) pairs looked at.
    pub moments: u64,
    /// The log, its median, the other predictor if any, then the baselines, by name: at moments.
    pub rows: Vec<(String, Tally)>,
    /// The same, once a minute.
    pub minutes: Vec<(String, Minutes)>,
    /// Trip-stop minutes left out because the vehicle was not heard then.
    pub minutes_silent: u64,
    /// The log by kind and horizon, at moments.
    pub cells: Vec<CellFigures>,
    /// The same, once a minute: here next trips of a block are seen too.
    pub minute_cells: Vec<CellFigures>,
    /// Effective θ by kind, seconds, once a minute.
    pub theta_s: Vec<(Kind, f64)>,
    /// How many arrivals had a prediction five minutes before.
    pub coverage: Coverage,
    /// The same, ten and twenty minutes before.
    pub coverage_early: [Coverage; 2],
    /// Ghosts and vanished arrivals of the log.
    pub promises: Promises,
    /// Wobble and rises of the log.
    pub steadiness: Steadiness,
    /// The same of the other predictor.
    pub other_steadiness: Option<Steadiness>,
    /// What riders waited beyond what the log told; `None` without the recording on its lines.
    pub wait: Option<WaitDelay>,
    /// The log against each other row, at moments.
    pub better: Vec<Comparison>,
}

/// Judges a log. With `other` (an agency's own predictions) its publications are the moments, where
/// the vehicle had been heard on the trip; else the pings are.
#[must_use]
pub fn score(log: &Predictions, truth: &Truth, pings: &Moments, other: Option<&Predictions>) -> Scorecard {
    judge(&Given { log, truth, pings, other, ground: None })
}

/// Judges a log with everything that is given.
#[must_use]
pub fn judge(given: &Given<'_>) -> Scorecard {
    let travels = given.ground.map_or_else(Travels::default, |ground| Travels::of(ground, given.truth));
    let moments = at_moments(given, &travels);
    let minutes = at_minutes(given, &travels);
    let covered = |before_s| coverage::of(given.log, given.truth, given.pings, before_s);
    let [at_5, at_10, at_20] = COVERAGE_BEFORE_S.map(covered);
    let steadiness = |log| steadiness::of(log, given.truth, given.pings);
    Scorecard {
        moments: moments.n,
        rows: moments.rows,
        minutes: minutes.rows,
        minutes_silent: minutes.silent,
        cells: moments.cells.figures(),
        minute_cells: minutes.cells.figures(),
        theta_s: minutes.spread.thetas_s(),
        coverage: at_5,
        coverage_early: [at_10, at_20],
        promises: promises::of(given.log, given.truth, given.pings),
        steadiness: steadiness(given.log),
        other_steadiness: given.other.map(steadiness),
        wait: given.ground.map(|ground| wait::of(given.log, given.truth, given.pings, ground)),
        better: moments.better,
    }
}

/// A predictor and its name in the tables.
type Named<'a> = (&'static str, Box<dyn Predictor<'a> + 'a>);

/// Everybody who is asked, the log first.
fn field<'a>(given: &Given<'a>, travels: &'a Travels) -> Vec<Named<'a>> {
    let mut field: Vec<Named<'a>> = vec![
        ("this log", Box::new(Logged::of(given.log))),
        ("this log, its median (p50)", Box::new(Logged::median_of(given.log))),
    ];
    if let Some(other) = given.other {
        field.push(("the other predictor", Box::new(Logged::of(other))));
    }
    if let Some(ground) = given.ground {
        let blend = ByLinks::new(By::Blend, ground, travels);
        let half_hour = ByLinks::new(By::HalfHour, ground, travels);
        field.push(("timetable + delay", Box::new(AtPosition::new(ground))));
        field.push(("0.62 history + 0.38 last vehicle", Box::new(blend)));
        field.push(("segment mean of the half hour", Box::new(half_hour)));
    }
    field.push(("timetable + delay at the last stop", Box::new(AtLastStop::new(Rounding::Exact))));
    field.push(("the same, in whole minutes", Box::new(AtLastStop::new(Rounding::Minutes))));
    field.push(("timetable", Box::<Aimed<'a>>::default()));
    field
}

#[derive(Default)]
struct AtMoments {
    n: u64,
    rows: Vec<(String, Tally)>,
    cells: Cells,
    better: Vec<Comparison>,
}

fn at_moments(given: &Given<'_>, travels: &Travels) -> AtMoments {
    let mut field = field(given, travels);
    let mut own = Logged::of(given.log);
    let mut out = AtMoments::default();
    let mut tallies = vec![Tally::default(); field.len()];
    let mut pairs = vec![Pairs::default(); field.len()];
    for (trip, visits) in &given.truth.trips {
        own.enter(trip, visits);
        field.iter_mut().for_each(|(_, predictor)| predictor.enter(trip, visits));
        let mut trip_pairs = vec![better::Pair::default(); field.len()];
        let mut now = None;
        for (moment, at) in sample::moments(trip, visits, given.pings, given.other) {
            if now.replace(moment) != Some(moment) {
                field.iter_mut().for_each(|(_, predictor)| predictor.look(moment));
            }
            out.n += 1;
            let arrival = visits[at].arrival;
            let to_go_s = arrival.since_s(moment);
            let mut ours_s = None;
            for (i, (_, predictor)) in field.iter().enumerate() {
                let error_s = predictor.tell(at, moment).map(|told| arrival.since_s(told));
                match error_s {
                    Some(error_s) => tallies[i].add(to_go_s, error_s),
                    None => tallies[i].missing += 1,
                }
                if i == 0 {
                    ours_s = error_s;
                } else if let (Some(ours_s), Some(error_s)) = (ours_s, error_s) {
                    trip_pairs[i][0].add(to_go_s, ours_s);
                    trip_pairs[i][1].add(to_go_s, error_s);
                }
            }
            let standing = own.standing(at, moment);
            if let Some(quantiles) = standing.and_then(|made| made.quantiles) {
                tallies[0].within(to_go_s, quantiles[0] <= arrival && arrival <= quantiles[2]);
            }
            enter_cell(&mut out.cells, own.kind(at, moment), to_go_s, arrival, standing);
        }
        for (all, pair) in pairs.iter_mut().zip(trip_pairs) {
            all.add(&trip.day, pair);
        }
    }
    out.better =
        field.iter().zip(&pairs).skip(2).filter_map(|((name, _), pairs)| pairs.compare(name)).collect();
    out.rows = field.iter().zip(tallies).map(|((name, _), tally)| ((*name).to_owned(), tally)).collect();
    out
}

fn enter_cell(
    cells: &mut Cells,
    kind: Kind,
    to_go_s: f64,
    arrival: gtfs::Timestamp,
    standing: Option<&Made>,
) {
    let cell = cells.at(kind, to_go_s);
    match standing {
        None => cell.miss(),
        Some(made) => {
            cell.add(arrival.since_s(made.arrival));
            if let Some(quantiles) = made.quantiles {
                cell.add_quantiles(quantiles.map(|quantile| arrival.since_s(quantile)));
            }
        }
    }
}

#[derive(Default)]
struct AtMinutes {
    rows: Vec<(String, Minutes)>,
    silent: u64,
    cells: Cells,
    spread: Spread,
}

fn at_minutes(given: &Given<'_>, travels: &Travels) -> AtMinutes {
    let mut field = field(given, travels);
    let mut own = Logged::of(given.log);
    let mut out = AtMinutes::default();
    let mut sums = vec![Minutes::default(); field.len()];
    for (trip, visits) in &given.truth.trips {
        own.enter(trip, visits);
        field.iter_mut().for_each(|(_, predictor)| predictor.enter(trip, visits));
        let (minutes, silent) = sample::minutes(visits, given.pings);
        out.silent += silent;
        let mut now = None;
        for (moment, at) in minutes {
            if now.replace(moment) != Some(moment) {
                field.iter_mut().for_each(|(_, predictor)| predictor.look(moment));
            }
            let visit = &visits[at];
            let to_go_s = visit.arrival.since_s(moment);
            let stayed_s = visit.departure.map_or(0.0, |departure| departure.since_s(visit.arrival).max(0.0));
            for ((_, predictor), sum) in field.iter().zip(&mut sums) {
                let told = predictor.tell(at, moment);
                sum.add(to_go_s, told.map(|told| told.since_s(moment)), stayed_s);
            }
            let kind = own.kind(at, moment);
            let standing = own.standing(at, moment);
            if let Some(made) = standing {
                out.spread.add(kind, to_go_s, visit.arrival.since_s(made.arrival));
            }
            enter_cell(&mut out.cells, kind, to_go_s, visit.arrival, standing);
        }
    }
    out.rows = field.iter().zip(sums).map(|((name, _), sum)| ((*name).to_owned(), sum)).collect();
    out
}
