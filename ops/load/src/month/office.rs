//! The server's side of a simulated month: the fare engine as the server's own driver runs it, in simulated time.

use super::town::Town;
use anyhow::{Context as _, ensure};
use fares::post::Payer;
use fares::{Account, FareCommand, LegStatus, Satang};
use gtfs::{ServiceDay, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use server::AppState;
use server::close::settlement;
use server::driver::fares::Known;
use server::driver::fares::close::{close, overdue};
use server::driver::fares::desk::Desk;
use server::ingest::enroll::local_actor;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use store::{CommandAsked, Visit};
use tokio::time::Instant;

/// Who asks and closes.
const WHO: &str = "load month (simulated)";
/// The payment service; there is none behind it.
const PSP: &str = "simulated";
/// Share of cards that have money from the start, percent; how much, baht.
const OPENING_PERCENT: u32 = 85;
const OPENING_BAHT: std::ops::RangeInclusive<i64> = 100..=400;
/// Whose card has less pays in, satang; of 100 so many do, that day.
const LOW: Satang = Satang(2_000);
const PAYS_IN_PERCENT: u32 = 80;
const PAID_BAHT: std::ops::RangeInclusive<i64> = 1..=3;
/// Of 100 concessions so many are given days later, for days that are past.
const CONCEDED_LATE_PERCENT: u32 = 10;
/// Rides without a tap-off that riders explain, a day.
const CONFIRMED_A_DAY: usize = 3;
/// The process dies once in so many days.
const DIES_EVERY_DAYS: u64 = 3;
/// Once in so many days a reader fails, and nobody is charged for it.
const AMNESTY_EVERY_DAYS: u64 = 10;
const PAGE_ROWS: u32 = 10_000;
const DAY_S: f64 = 86_400.0;

/// The office.
pub(crate) struct Office {
    app: AppState,
    desk: Desk,
    known: Known,
    /// Where settlements are written.
    folder: PathBuf,
    dice: StdRng,
    /// Commands by the time at which they are asked.
    asks: BTreeMap<(Timestamp, u64), FareCommand>,
    dies: Vec<Timestamp>,
    pub(crate) counted: Counted,
}

/// What the office did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) commands: u64,
    pub(crate) deaths: u64,
    /// Each close, seconds, and how many taps its day had.
    pub(crate) closes_s: Vec<f64>,
    pub(crate) closed: BTreeSet<ServiceDay>,
    pub(crate) settlements: Vec<PathBuf>,
}

impl Office {
    pub(crate) async fn open(app: AppState, folder: PathBuf, seed: u64) -> anyhow::Result<Self> {
        let (desk, known) = begin(&app).await?;
        let (dice, counted) = (StdRng::seed_from_u64(seed ^ 0x0ff1ce), Counted::default());
        Ok(Self { app, desk, known, folder, dice, asks: BTreeMap::new(), dies: Vec::new(), counted })
    }

    /// What is asked on the first day: money on cards, concessions.
    pub(crate) fn register(&mut self, town: &Town, begin: Timestamp, day: ServiceDay) {
        for (card, category) in town.cards() {
            if self.percent(OPENING_PERCENT) {
                let baht = self.dice.random_range(OPENING_BAHT);
                self.ask_at(begin, top_up(&card, baht));
            }
            if !category.is_empty() {
                let late_s = if self.percent(CONCEDED_LATE_PERCENT) { 2.4 * DAY_S } else { 0.0 };
                let from = day.previous();
                let to = std::iter::successors(Some(day), |day| Some(day.next())).nth(365).unwrap_or(day);
                let category = category.into();
                self.ask_at(begin.plus_s(late_s), FareCommand::Concede { card, category, from, to });
            }
        }
    }

    /// What will be asked on a day that begins now, and whether the process dies on it.
    pub(crate) async fn plan(&mut self, town: &Town, begin: Timestamp, nth: u64) -> anyhow::Result<()> {
        let cards = town.cards();
        let accounts: Vec<Account> = cards.iter().map(|(card, _)| Account::Card(Arc::clone(card))).collect();
        for balance in self.app.db.balances(&accounts).await? {
            let Account::Card(card) = balance.account else { continue };
            if -balance.debit.0 < LOW.0 && self.percent(PAYS_IN_PERCENT) {
                let hundred = self.dice.random_range(PAID_BAHT);
                let at = begin.plus_s(self.dice.random_range(0.1..0.9) * DAY_S);
                self.ask_at(at, top_up(&card, 100 * hundred));
            }
        }
        if nth % DIES_EVERY_DAYS == 1 {
            self.dies.push(begin.plus_s(self.dice.random_range(0.15..0.8) * DAY_S));
        }
        Ok(())
    }

    /// What riders say the morning after of rides without a tap-off; and now and then an amnesty for the ferries.
    pub(crate) async fn explain(&mut self, now: Timestamp, day: ServiceDay, nth: u64) -> anyhow::Result<()> {
        let (mut id, mut left) = (0, CONFIRMED_A_DAY);
        while left > 0 {
            let page = self.app.db.legs_of_day(day, id, PAGE_ROWS).await?;
            let Some((last, _)) = page.last() else { break };
            id = *last;
            let missing = page.into_iter().filter(|(_, row)| row.leg.status == LegStatus::MissingOff);
            for (_, row) in missing.take(left) {
                left -= 1;
                let (card, leg, stop) = (row.leg.card, row.leg.id, row.leg.from);
                self.ask_at(now, FareCommand::ConfirmTapOff { card, leg, stop });
            }
        }
        if nth % AMNESTY_EVERY_DAYS == 2 {
            self.ask_at(now, FareCommand::Amnesty { day, routes: vec!["ferry".into()] });
        }
        Ok(())
    }

    fn percent(&mut self, n: u32) -> bool {
        self.dice.random_range(0..100) < n
    }

    fn ask_at(&mut self, at: Timestamp, command: FareCommand) {
        self.counted.commands += 1;
        self.asks.insert((at, self.counted.commands), command);
    }

    /// Puts what was asked until `now` where the engine reads it.
    pub(crate) async fn ask(&mut self, now: Timestamp) -> anyhow::Result<bool> {
        let due: Vec<(Timestamp, u64)> = self.asks.range(..=(now, u64::MAX)).map(|(key, _)| *key).collect();
        let by = local_actor(now, WHO);
        for key in &due {
            let Some(command) = self.asks.remove(key) else { continue };
            let key = format!("month-{}", key.1).into();
            let asked = CommandAsked { key, command, agency: "".into(), needs_approval: false };
            self.app.db.fare_command_ask(&asked, &by).await?;
        }
        Ok(!due.is_empty())
    }

    /// The engine takes what came, and does what is due.
    pub(crate) async fn round(&mut self, now: Timestamp, has_come: bool) -> anyhow::Result<()> {
        if self.dies.first().is_some_and(|at| *at <= now) {
            self.dies.clear();
            self.counted.deaths += 1;
            (self.desk, self.known) = begin(&self.app).await?;
        }
        let is_due = has_come || self.desk.wake_at().is_some_and(|at| at <= now);
        while is_due && self.desk.round(now).await?.is_behind {}
        Ok(())
    }

    /// What was seen of vehicles reaches the database, and the engine.
    pub(crate) async fn hear(&mut self, seen: &[Visit]) -> anyhow::Result<()> {
        if !seen.is_empty() {
            self.app.db.visits_store(seen, None).await?;
            self.known.refresh(&self.app, &mut self.desk).await?;
        }
        Ok(())
    }

    /// Closes the days whose time has come, as the server does at 05:00, and writes their settlements.
    pub(crate) async fn close(&mut self, now: Timestamp) -> anyhow::Result<()> {
        for day in overdue(&self.app.db, now).await? {
            let begun = Instant::now();
            close(&mut self.desk, &self.app.db, &self.app.ingest.server_key, now, day, WHO).await?;
            self.counted.closes_s.push(begun.elapsed().as_secs_f64());
            self.counted.closed.insert(day);
            let clearing = self.app.db.balances(&[Account::FareClearing]).await?;
            let clearing = clearing.first().map_or(Satang(0), |balance| balance.debit);
            ensure!(clearing.0 == 0, "{day} is closed and {clearing} stand on fare_clearing");
            self.counted.settlements.extend(settlement::write(&self.app.db, day, &self.folder).await?);
        }
        Ok(())
    }
}

async fn begin(app: &AppState) -> anyhow::Result<(Desk, Known)> {
    let mut desk = Desk::open(app.db.clone(), None).await?;
    let known = Known::begin(app, &mut desk).await.context("the engine can not begin")?;
    Ok((desk, known))
}

fn top_up(card: &Arc<str>, baht: i64) -> FareCommand {
    let amount = Satang(baht * fares::money::SATANG_PER_BAHT);
    FareCommand::TopUp { card: Arc::clone(card), amount, by: Payer::Psp(PSP.into()) }
}
