//! Walk-forward: each day is predicted by what was learned on the days before, and by nothing else.
//!
//! Between days the engine keeps only its document of what was learned, as a server that restarts
//! every night would. Headway lines are scored apart: their runs have no aimed times, so that not every
//! baseline can be asked.

use crate::day::Day;
use crate::laws::{Breaches, Watcher};
use crate::network::Network;
use crate::operate::Operation;
use crate::oracle::Oracle;
use crate::told::{Outcome, Told};
use crate::world::World;
use gtfs::Timetable;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use tracking::learned::Document;
use tracking::replay::{Degrade, PredictionLog, Recording, Row};
use tracking::score::{Given, Ground, Moments, Predictions, Repeated, Scorecard, Trip, Truth, judge};
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
    /// The only route judged.
    pub only: Option<&'static str>,
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
            only: None,
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
    /// How the engine did on trips of a timetable; `None` on days that are only learned from.
    pub card: Option<Scorecard>,
    /// How the oracle did.
    pub oracle: Option<Scorecard>,
    /// How both did on headway lines.
    pub headway: Option<(Scorecard, Option<Scorecard>)>,
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
        let scene = Scene { plan, network: &network, timetable: &timetable, day: &day, heard: &heard };
        let judged = if judged { Some(scene.judge(&past, seen.log)?) } else { None };
        let (timed, headway) = judged.map_or((None, None), |[timed, headway]| (Some(timed), Some(headway)));
        let (card, oracle) = timed.map_or((None, None), |(card, oracle)| (Some(card), oracle));
        past.add(truth_of(&day, &network, &Repeated::of(&timetable))?, &heard);
        let end = heard.rows.last().map_or(day.midnight, |row| row.received);
        let bytes = operation.tracker.lessons(end).document().to_bytes()?;
        learned = Some(Arc::new(Document::from_bytes(&bytes)?));
        let breaches = seen.watcher.breaches;
        let learned_bytes = bytes.len();
        let heard = heard.rows.len();
        done(Walked { at, heard, card, oracle, headway, outcome, breaches, learned_bytes });
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
    fn add(&mut self, happened: Truth, heard: &Recording) {
        let mut trips: BTreeSet<Arc<str>> = BTreeSet::new();
        let firsts = heard
            .rows
            .iter()
            .filter(|row| row.report.claim.trip.clone().is_some_and(|trip| trips.insert(trip)));
        let firsts: Vec<Row> = firsts.cloned().collect();
        self.days.push_back((happened, firsts));
        if self.days.len() > DAYS_KNOWN {
            self.days.pop_front();
        }
    }
}

/// What really happened.
fn truth_of(day: &Day, network: &Network, repeated: &Repeated) -> Result<Truth, Fault> {
    let mut visits = Vec::new();
    crate::tides::stop_visits(day, network, &mut visits)?;
    Ok(Truth::read(visits.as_slice(), repeated)?)
}

/// The route of a trip: its id begins with it.
fn route<'a>(network: &Network, trip: &'a str) -> &'a str {
    trip.trim_start_matches(network.version.as_str()).split('.').next().unwrap_or_default()
}

/// A scorecard of the engine and, when it was asked, of the oracle.
type Cards = (Scorecard, Option<Scorecard>);

/// A day that is to be judged.
#[derive(Clone, Copy)]
struct Scene<'a> {
    plan: &'a Plan,
    network: &'a Network,
    timetable: &'a Timetable,
    day: &'a Day,
    heard: &'a Recording,
}

impl Scene<'_> {
    /// Scores trips of a timetable, and headway lines.
    fn judge(&self, past: &Past, log: Vec<u8>) -> Result<[Cards; 2], Fault> {
        let Self { plan, network, timetable, day, heard } = *self;
        let (repeated, only) = (Repeated::of(timetable), plan.only.or(plan.held_out));
        let mut truth = truth_of(day, network, &repeated)?;
        truth.trips.retain(|trip, _| only.is_none_or(|only| route(network, &trip.id) == only));
        // Earlier days are there for the baselines alone: nothing was heard of them today, so that no
        // moment of theirs is judged.
        let mut laid = heard.clone();
        for (happened, trips) in &past.days {
            truth.trips.extend(happened.trips.clone());
            laid.rows.extend(trips.iter().cloned());
        }
        let (pings, ground) = (Moments::of(heard, &repeated), Ground::of(timetable, &laid));
        let mut told = Predictions::read(log.as_slice(), &repeated)?;
        drop(log);
        let mut foreseen = Vec::new();
        if plan.futures > 0 {
            Oracle::new(&plan.world, network, day, plan.futures).log(heard, &mut foreseen)?;
        }
        let foreseen = (plan.futures > 0).then(|| Predictions::read(foreseen.as_slice(), &repeated));
        let mut foreseen = foreseen.transpose()?;
        let headway = |trip: &Trip| trip.start.is_some();
        let (runs, timed) = std::mem::take(&mut truth.trips).into_iter().partition(|(trip, _)| headway(trip));
        let of_runs = (told.part(headway), foreseen.as_mut().map(|log| log.part(headway)));
        let cards = |truth: &Truth, log: &Predictions, foreseen: Option<&Predictions>| {
            let given = Given { log, truth, pings: &pings, other: None, ground: Some(&ground) };
            let oracle = foreseen.map(|log| judge(&Given { log, ground: None, ..given }));
            (judge(&given), oracle)
        };
        let timed = cards(&Truth { trips: timed }, &told, foreseen.as_ref());
        Ok([timed, cards(&Truth { trips: runs }, &of_runs.0, of_runs.1.as_ref())])
    }
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
            Effect::TripUpdate(update) => writer.take(now, &near(update)),
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

/// The same update without what is far ahead.
fn near(update: &TripUpdate) -> Effect {
    let mut update = update.clone();
    update.calls.retain(|call| call.arrival.since_s(update.made) <= KEPT_S);
    Effect::TripUpdate(update)
}
