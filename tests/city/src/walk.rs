//! Walk-forward: each day is predicted by what was learned on the days before, and by nothing else.
//!
//! Between days the engine keeps only its document of what was learned, as a server that restarts
//! every night would. Headway lines run, but are not scored: a log tells their trips apart by start
//! times of the engine's own making, the scorer by trip_id.

use crate::day::Day;
use crate::laws::{Breaches, Watcher};
use crate::network::Network;
use crate::operate::Operation;
use crate::oracle::Oracle;
use crate::told::{Outcome, Told};
use crate::town::Service;
use crate::world::World;
use gtfs::Timetable;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use tracking::learned::Document;
use tracking::replay::{Degrade, PredictionLog, Recording, Row};
use tracking::score::{Given, Ground, Moments, Predictions, Scorecard, Truth, judge};
use tracking::{Effect, TripUpdate};

/// Only what is told to be this near is kept, seconds: scores look half an hour ahead.
const KEPT_S: f64 = 2_700.0;

/// Days that a baseline of history knows, as TheTransitClock does.
const DAYS_KNOWN: usize = 3;

/// What can go wrong: nothing is decided by what it was.
pub type Fault = Box<dyn std::error::Error>;

/// What to walk through.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The world.
    pub world: World,
    /// Days, from Monday.
    pub days: usize,
    /// Days from the first that are only learned from.
    pub train_only: usize,
    /// What was learned is carried from day to day.
    pub carry: bool,
    /// What is done to everything heard.
    pub degrade: Degrade,
    /// The route that is not heard of before the last day, and then alone judged.
    pub held_out: Option<&'static str>,
    /// From this day on the feed has other trip and stop ids.
    pub new_feed_from: Option<usize>,
    /// Futures of the oracle; none: it is not asked.
    pub futures: usize,
}

impl Plan {
    /// So many days of a world, everything carried, nothing degraded, no oracle.
    #[must_use]
    pub fn new(world: World, days: usize) -> Self {
        Self {
            world,
            days,
            train_only: 0,
            carry: true,
            degrade: Degrade::default(),
            held_out: None,
            new_feed_from: None,
            futures: 0,
        }
    }
}

/// One day walked.
#[derive(Debug)]
pub struct Walked {
    /// Which, from 0.
    pub at: usize,
    /// Reports heard.
    pub heard: usize,
    /// How the engine did; `None` on days that are only learned from.
    pub card: Option<Scorecard>,
    /// How the oracle did.
    pub oracle: Option<Scorecard>,
    /// Ghosts, visits, skips.
    pub outcome: Outcome,
    /// Laws broken.
    pub breaches: Breaches,
    /// Bytes of the document of what was learned, at the end of the day.
    pub learned_bytes: usize,
}

/// Walks; every day is handed to `done` as it ends.
///
/// # Errors
/// Never with the network of this package and a memory that suffices; what went wrong otherwise.
pub fn walk(plan: &Plan, mut done: impl FnMut(Walked)) -> Result<(), Fault> {
    let dates = crate::days(plan.days);
    let mut learned: Option<Arc<Document>> = None;
    let mut past = Past::default();
    for (at, date) in dates.iter().enumerate() {
        let renewed = plan.new_feed_from.is_some_and(|from| at >= from);
        let network = Network::new(if renewed { "n" } else { "" });
        let timetable = Arc::new(network.timetable(&crate::days(plan.days.max(7)))?);
        let day = Day::new(&plan.world, &network, at as u64, *date);
        let heard = heard(plan, &network, &day, at);
        let mut operation = Operation::new(Arc::clone(&timetable));
        if let (Some(document), Some(first)) = (learned.take().filter(|_| plan.carry), heard.rows.first()) {
            operation.learn(first.received, document);
        }
        let seen = watched(&mut operation, &timetable, &heard)?;
        let outcome = seen.told.outcome(&timetable, &network, &day);
        let judged = at >= plan.train_only && plan.held_out.is_none_or(|_| at + 1 == plan.days);
        let judged = if judged {
            Some(judged_by(plan, &network, &timetable, &day, &heard, &past, seen.log)?)
        } else {
            None
        };
        let (card, oracle) = judged.map_or((None, None), |(card, oracle)| (Some(card), oracle));
        past.add(&day, &network, &heard)?;
        let end = heard.rows.last().map_or(day.midnight, |row| row.received);
        let bytes = operation.tracker.lessons(end).document().to_bytes()?;
        learned = Some(Arc::new(Document::from_bytes(&bytes)?));
        let breaches = seen.watcher.breaches;
        let learned_bytes = bytes.len();
        done(Walked { at, heard: heard.rows.len(), card, oracle, outcome, breaches, learned_bytes });
    }
    Ok(())
}

/// What is heard on a day of the plan.
fn heard(plan: &Plan, network: &Network, day: &Day, at: usize) -> Recording {
    let mut heard = day.recording(&plan.world, network);
    if let Some(route) = plan.held_out.filter(|_| at + 1 < plan.days) {
        heard.rows.retain(|row| row.report.claim.route.as_deref() != Some(route));
    }
    plan.degrade.apply(&heard)
}

/// What baselines may know of earlier days: what happened, and which trips there were.
#[derive(Default)]
struct Past {
    days: VecDeque<(Truth, Vec<Row>)>,
}

impl Past {
    fn add(&mut self, day: &Day, network: &Network, heard: &Recording) -> Result<(), Fault> {
        let mut trips: BTreeSet<Arc<str>> = BTreeSet::new();
        let firsts = heard
            .rows
            .iter()
            .filter(|row| row.report.claim.trip.clone().is_some_and(|trip| trips.insert(trip)));
        let firsts: Vec<Row> = firsts.cloned().collect();
        self.days.push_back((truth_of(day, network)?, firsts));
        if self.days.len() > DAYS_KNOWN {
            self.days.pop_front();
        }
        Ok(())
    }
}

/// What really happened, headway lines aside.
fn truth_of(day: &Day, network: &Network) -> Result<Truth, Fault> {
    let mut visits = Vec::new();
    crate::tides::stop_visits(day, network, &mut visits)?;
    let mut truth = Truth::read(visits.as_slice())?;
    let lines = network.town.lines.iter().filter(|line| line.service == Service::Headway);
    let unscored: Vec<&str> = lines.map(|line| line.route).collect();
    truth.trips.retain(|trip, _| !unscored.contains(&route(network, &trip.id)));
    Ok(truth)
}

/// The route of a trip: its id begins with it.
fn route<'a>(network: &Network, trip: &'a str) -> &'a str {
    trip.trim_start_matches(network.version.as_str()).split('.').next().unwrap_or_default()
}

/// Scores the engine and, when it is asked, the oracle.
fn judged_by(
    plan: &Plan,
    network: &Network,
    timetable: &Timetable,
    day: &Day,
    heard: &Recording,
    past: &Past,
    log: Vec<u8>,
) -> Result<(Scorecard, Option<Scorecard>), Fault> {
    let mut truth = truth_of(day, network)?;
    truth.trips.retain(|trip, _| plan.held_out.is_none_or(|only| route(network, &trip.id) == only));
    let pings = Moments::of(heard);
    // Earlier days are there for the baselines alone: nothing was heard of them today, so that no
    // moment of theirs is judged.
    let mut laid = heard.clone();
    for (happened, trips) in &past.days {
        truth.trips.extend(happened.trips.clone());
        laid.rows.extend(trips.iter().cloned());
    }
    let ground = Ground::of(timetable, &laid);
    let given = Given {
        log: &Predictions::read(log.as_slice())?,
        truth: &truth,
        pings: &pings,
        other: None,
        ground: Some(&ground),
    };
    let card = judge(&given);
    drop(log);
    if plan.futures == 0 {
        return Ok((card, None));
    }
    let mut foreseen = Vec::new();
    Oracle::new(&plan.world, network, day, plan.futures).log(heard, &mut foreseen)?;
    let log = Predictions::read(foreseen.as_slice())?;
    Ok((card, Some(judge(&Given { log: &log, ground: None, ..given }))))
}

/// What was told on a day.
struct Seen {
    log: Vec<u8>,
    watcher: Watcher,
    told: Told,
}

/// Plays a day and keeps what is told.
fn watched(
    operation: &mut Operation,
    timetable: &Arc<Timetable>,
    heard: &Recording,
) -> Result<Seen, csv::Error> {
    let mut seen = Seen { log: Vec::new(), watcher: Watcher::default(), told: Told::default() };
    let mut writer = PredictionLog::new(Arc::clone(timetable), &mut seen.log)?;
    let mut written = Ok(());
    operation.play(heard, |now, effect| {
        seen.watcher.see(now, effect);
        seen.told.see(now, effect);
        let result = match effect {
            Effect::TripUpdate(update) => {
                near(update, timetable).map_or(Ok(()), |near| writer.take(now, &near))
            }
            other => writer.take(now, other),
        };
        if result.is_err() && written.is_ok() {
            written = result;
        }
    });
    written?;
    writer.finish()?;
    Ok(seen)
}

/// The same update without what is far ahead; nothing of a headway line.
fn near(update: &TripUpdate, timetable: &Timetable) -> Option<Effect> {
    let scheduled = timetable.trips[update.trip.trip.at()].frequency.is_none_or(|frequency| frequency.exact);
    let mut update = update.clone();
    update.calls.retain(|call| call.arrival.since_s(update.made) <= KEPT_S);
    scheduled.then_some(Effect::TripUpdate(update))
}
