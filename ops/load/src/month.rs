//! `load month`: the fares of a town for a month of simulated time, with everything that goes wrong with terminals,
//! riders and vehicles; and whether everything adds up at the end.
//!
//! Real: terminals write down, sign and post their taps over HTTP to a server in this process, whose clock is set by
//! hand, minute by minute; the fare engine is told what the server's driver tells it, and days are closed at 05:00 as the
//! server closes them. Simulated: the riders and vehicles (those of the demo), and that a tracking server saw the
//! vehicles: what it would have seen is put into its table, late or never now and then. The engine looks once a simulated
//! minute for taps and every quarter of an hour for visits, not ten times and once in five seconds.

mod check;
mod office;
mod terminal;
mod town;

use crate::database::Scratch;
use crate::output::{grouped, machine, progress, say};
use anyhow::{Context as _, ensure};
use gtfs::{ServiceDay, Timestamp, Timetable};
use office::Office;
use server::clock::Clock;
use server::demo::network;
use server::driver::fares::{configuration, replay};
use server::ingest::{enroll, taps};
use server::role::Role;
use server::terminal::TerminalKey;
use server::{AppState, Config};
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use terminal::{Machine, Tally};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use town::{CardTap, Plan, Size, Town};

/// The first day: an ordinary Monday.
const FIRST_DAY: &str = "20261123";
/// A day of the month begins here, and its vehicles and riders with it, seconds after midnight.
const DAY_BEGINS_S: f64 = 3.0 * 3_600.0;
/// When the day before is closed, and when riders explain, seconds after midnight.
const CLOSE_S: f64 = 5.0 * 3_600.0 + 60.0;
const EXPLAIN_S: f64 = 9.0 * 3_600.0;
/// How far the clock is set at a time, seconds.
const STEP_S: f64 = 60.0;
/// Steps between two times at which visits are stored, and the engine hears of them.
const REFRESH_STEPS: u64 = 15;
/// Steps between two times at which terminals speak that have no taps.
const BEAT_STEPS: u64 = 60;
const STEPS_A_DAY: u64 = 1_440;
/// Steps that a terminal may take at the end to deliver everything.
const DELIVERY_STEPS_MAX: usize = 500;
/// How long the server may take to start.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Taps of the day whose close alone is measured.
const CLOSE_TAPS: u32 = 100_000;
/// Taps of a card and day, about.
const TAPS_A_CARD: u32 = 3;

/// What alone is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Only {
    /// The close of a day with 100,000 taps
    Close,
}

/// A simulated month of fares with faults.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// `sqlite`, or the URL of a PostgreSQL server on this machine (a database is made there and removed)
    #[arg(long, default_value = "sqlite")]
    database: String,
    /// Days
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=60))]
    days: u64,
    /// Fare terminals, on buses and at piers
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(3..=1000))]
    terminals: u32,
    /// Cards
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=5000))]
    cards: u32,
    /// Of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Measure this alone
    #[arg(long)]
    only: Option<Only>,
}

/// What came of it.
struct Outcome {
    places: usize,
    counted: office::Counted,
    tally: Tally,
    fates: String,
    numbers: check::Numbers,
    settled: (usize, fares::Satang),
    again: replay::Recomputed,
    again_s: f64,
    whole_s: f64,
}

/// Simulates and checks.
pub(crate) async fn run(mut args: Args) -> anyhow::Result<()> {
    let mut copies = 1;
    if args.only == Some(Only::Close) {
        (args.days, args.cards) = (1, 5_000);
        copies = CLOSE_TAPS.div_ceil(args.cards * TAPS_A_CARD);
    }
    let scratch = Scratch::make(&args.database).await?;
    let words = scratch.words();
    let outcome = simulate(&args, copies, &scratch).await;
    scratch.remove().await?;
    let outcome = outcome?;
    print(&args, copies, words, &outcome);
    for named in &outcome.again.named {
        say(&format!("  {named}"));
    }
    ensure!(outcome.again.differences == 0, "the books do not follow from the taps");
    say("");
    say("  everything adds up");
    Ok(())
}

async fn simulate(args: &Args, copies: u32, scratch: &Scratch) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    let first = ServiceDay::parse(FIRST_DAY).context("the first day")?;
    let days: Vec<ServiceDay> =
        std::iter::successors(Some(first), |day| Some(day.next())).take(args.days as usize).collect();
    let config = configured(scratch)?;
    let loaded = gtfs::load(gtfs::Source::Path(Path::new(&config.gtfs)))?;
    let timetable: Arc<Timetable> = Arc::new(loaded.timetable);
    let begin = first.start(timetable.tz).plus_s(DAY_BEGINS_S);
    let size = Size { terminals: args.terminals as usize, cards: args.cards, copies, seed: args.seed };
    let town = Town::new(&timetable, size, begin);
    let server = Server::start(config, begin).await?;
    let app = server.app.clone();
    let machines = machines(&app, &town, &server.base_url, args.seed).await?;
    let office = Office::open(app.clone(), scratch.folder().join("settlements"), args.seed).await?;
    let mut month = Month { app: app.clone(), town, machines, office, walking: HashSet::new() };
    let lived = month.live(&days).await;
    let checked = match lived {
        Ok(()) => month.check(&days, begun).await,
        Err(failure) => Err(failure),
    };
    server.stop().await?;
    checked
}

/// A server that only takes taps: the engine is run beside it, in simulated time.
fn configured(scratch: &Scratch) -> anyhow::Result<Config> {
    let (feed, tariff) = (scratch.folder().join("feed"), scratch.folder().join("tariff.toml"));
    network::write_to(&feed)?;
    network::write_tariff_to(&tariff)?;
    let mut config = Config {
        database: scratch.url(),
        gtfs: feed.display().to_string(),
        server_key: scratch.folder().join("server.key").display().to_string(),
        roles: vec![Role::Ingest.word().to_owned()],
        ..Config::default()
    };
    config.fares.tariff = vec![tariff.display().to_string()];
    Ok(config)
}

/// The server in this process.
struct Server {
    app: AppState,
    base_url: String,
    shutdown: CancellationToken,
    running: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl Server {
    #[expect(
        clippy::disallowed_methods,
        reason = "the server runs beside what is simulated, as its own process would"
    )]
    async fn start(config: Config, begin: Timestamp) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let (shutdown, clock) = (CancellationToken::new(), Clock::by_hand(begin));
        let (sender, ready) = oneshot::channel();
        let stop = shutdown.clone();
        let running = tokio::spawn(async move {
            let ready = async move |app: &AppState, _: &mut server::supervise::Supervisor| {
                let _ = sender.send(app.clone());
                Ok(())
            };
            server::run_with(config, clock, listener, stop, ready).await
        });
        let app = tokio::time::timeout(READY_WITHIN, ready).await.context("the server does not start")?;
        let app = app.context("the server did not start")?;
        let deadline = Instant::now() + READY_WITHIN;
        while app.feeds.current().is_none() {
            ensure!(Instant::now() < deadline, "the server has no timetable");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { app, base_url, shutdown, running })
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        self.running.await.context("the server panicked")?
    }
}

/// Registers every terminal.
async fn machines(app: &AppState, town: &Town, base_url: &str, seed: u64) -> anyhow::Result<Vec<Machine>> {
    let now = app.clock.now();
    let by = enroll::local_actor(now, "load month");
    let mut machines = Vec::new();
    for (nth, (id, place)) in (0..).zip(town.terminals()) {
        let (vehicle, stop) = match &place {
            server::demo::sim::riders::Mounting::Bus(vehicle) => (&**vehicle, ""),
            server::demo::sim::riders::Mounting::Pier(stop) => ("", &**stop),
        };
        let mount = taps::Mount { id: &id, vehicle, stop, network: "", note: "simulated" };
        taps::register(&app.db, &by, &mount).await?;
        let key = enroll::add_key(&app.db, &app.ingest.server_key, &id, &by).await?;
        let key = TerminalKey::new(&key.key_id, &key.secret);
        machines.push(Machine::new(
            (id.clone(), place),
            key,
            base_url,
            seed.wrapping_mul(1_000_003) + nth,
            now,
        )?);
    }
    app.ingest.registry.refresh(&app.db).await?;
    Ok(machines)
}

/// Everything that lives.
struct Month {
    app: AppState,
    town: Town,
    machines: Vec<Machine>,
    office: Office,
    /// Who was refused, with the journey, and makes no more taps of it.
    walking: HashSet<(Arc<str>, u8)>,
}

impl Month {
    async fn live(&mut self, days: &[ServiceDay]) -> anyhow::Result<()> {
        let begin = self.app.clock.now();
        if let Some(first) = days.first() {
            self.office.register(&self.town, begin, *first);
        }
        let mut late = VecDeque::new();
        for (nth, day) in (0..).zip(days) {
            let lived = Instant::now();
            let before = self.made();
            self.day(nth, *day, days.get(nth as usize).map(|day| day.previous()), &mut late).await?;
            let (taps, closes) = (self.made() - before, &self.office.counted.closes_s);
            progress(&format!(
                "day {} of {}, {day}: {} taps in {:.1} s, last close {:.2} s",
                nth + 1,
                days.len(),
                grouped(taps as f64),
                lived.elapsed().as_secs_f64(),
                closes.last().copied().unwrap_or_default()
            ));
        }
        self.end(&mut late).await
    }

    fn made(&self) -> u64 {
        self.machines.iter().map(|machine| machine.tally.made).sum()
    }

    /// From 03:00 to 03:00; at 05:00 the day before is closed.
    async fn day(
        &mut self,
        nth: u64,
        day: ServiceDay,
        before: Option<ServiceDay>,
        late: &mut VecDeque<(Timestamp, store::Visit)>,
    ) -> anyhow::Result<()> {
        let begin = self.app.clock.now();
        let Plan { taps, visits } = self.town.day(day);
        let mut taps = VecDeque::from(taps);
        let mut visits: Vec<_> = late.drain(..).chain(visits).collect();
        visits.sort_by_key(|(known, _)| *known);
        *late = visits.into();
        self.walking.clear();
        self.machines.iter_mut().for_each(|machine| machine.fate_of_day(begin));
        self.office.plan(&self.town, begin, nth).await?;
        let at = |seconds: f64| begin.plus_s(seconds - DAY_BEGINS_S);
        for step in 1..=STEPS_A_DAY {
            let now = begin.plus_s(STEP_S * step as f64);
            let past = now.plus_s(-STEP_S);
            let (beats, hears) = (step % BEAT_STEPS == 0, step % REFRESH_STEPS == 0);
            self.minute(now, &mut taps, late, beats, hears).await?;
            if past < at(CLOSE_S) && at(CLOSE_S) <= now {
                self.office.close(now).await?;
            }
            if past < at(EXPLAIN_S) && at(EXPLAIN_S) <= now && nth > 0 {
                self.office.explain(now, before.unwrap_or(day), nth).await?;
            }
        }
        Ok(())
    }

    /// One step of the clock.
    async fn minute(
        &mut self,
        now: Timestamp,
        taps: &mut VecDeque<CardTap>,
        visits: &mut VecDeque<(Timestamp, store::Visit)>,
        beats: bool,
        hears: bool,
    ) -> anyhow::Result<()> {
        self.app.clock.set(now);
        while let Some(tap) = taps.pop_front_if(|tap| tap.at <= now) {
            self.touch(&tap);
        }
        self.machines.iter_mut().for_each(|machine| machine.suffer(now));
        let speaks =
            |machine: &&mut Machine| (beats || machine.memory.unsent() > 0) && !machine.is_offline(now);
        let speaking = self.machines.iter_mut().filter(speaks).map(|machine| machine.speak(now));
        let spoke = !futures_util::future::try_join_all(speaking).await?.is_empty();
        let asked = self.office.ask(now).await?;
        self.office.round(now, spoke || asked).await?;
        if hears {
            let mut seen = Vec::new();
            while let Some((_, visit)) = visits.pop_front_if(|(known, _)| *known <= now) {
                seen.push(visit);
            }
            self.office.hear(&seen).await?;
        }
        Ok(())
    }

    fn touch(&mut self, tap: &CardTap) {
        let journey = (Arc::clone(&tap.card), tap.journey);
        if self.walking.contains(&journey) {
            return;
        }
        let Some(machine) = self.machines.iter_mut().find(|machine| machine.id == tap.terminal) else {
            return;
        };
        let is_denied = machine.memory.deny.denies(&tap.card);
        machine.touch(tap, is_denied);
        if is_denied {
            self.walking.insert(journey);
        }
    }

    /// Every terminal delivers what it has, and the last day is closed.
    async fn end(&mut self, late: &mut VecDeque<(Timestamp, store::Visit)>) -> anyhow::Result<()> {
        self.machines.iter_mut().for_each(Machine::mend);
        let close = self.app.clock.now().plus_s(CLOSE_S - DAY_BEGINS_S);
        let mut none = VecDeque::new();
        for _ in 0..DELIVERY_STEPS_MAX {
            let now = self.app.clock.now().plus_s(STEP_S);
            self.minute(now, &mut none, late, true, true).await?;
            if now >= close && self.machines.iter().all(|machine| machine.memory.held() == 0) {
                return self.office.close(now).await;
            }
        }
        anyhow::bail!("terminals can not deliver what they hold")
    }

    async fn check(&self, days: &[ServiceDay], begun: Instant) -> anyhow::Result<Outcome> {
        let db = &self.app.db;
        progress("checking");
        check::days(db, days).await?;
        let settled = check::settlements(db, &self.office.counted).await?;
        let fates = check::fates(db, days).await?;
        let numbers = check::numbers(db, &self.machines).await?;
        let again = Instant::now();
        let timetable = self.app.feeds.current();
        let configuration = configuration(&self.app.config, timetable, db, self.app.clock.now()).await?;
        let in_memory = replay::TAPS_IN_MEMORY;
        let recomputed =
            replay::recompute(db, &configuration, in_memory, &mut |words| progress(words)).await?;
        let fates: Vec<String> =
            fates.iter().map(|(fate, n)| format!("{fate} {}", grouped(*n as f64))).collect();
        let places: BTreeSet<_> = self.machines.iter().map(|machine| &machine.mounting).collect();
        Ok(Outcome {
            places: places.len(),
            counted: self.office.counted.clone(),
            tally: self.tally(),
            fates: fates.join(", "),
            numbers,
            settled,
            again: recomputed,
            again_s: again.elapsed().as_secs_f64(),
            whole_s: begun.elapsed().as_secs_f64(),
        })
    }

    fn tally(&self) -> Tally {
        self.machines.iter().fold(Tally::default(), |sum, machine| sum.with(&machine.tally))
    }
}

fn print(args: &Args, copies: u32, database: &str, outcome: &Outcome) {
    let Outcome { tally, counted, numbers, again, .. } = outcome;
    say(&format!(
        "A simulated month: {} days, {} terminals at {} places, {} cards, {database}",
        args.days,
        args.terminals,
        outcome.places,
        grouped(f64::from(args.cards * copies))
    ));
    say(&format!("{}; taps signed and posted over HTTP to a server whose clock is set by hand", machine()));
    say("");
    let rows = [
        ("taps made", tally.made),
        ("  of them refused by a terminal's list", tally.denied),
        ("requests", tally.requests),
        ("  sent again because the answer was lost", tally.resent),
        ("times a terminal was offline", tally.offline),
        ("reboots", tally.reboots),
        ("flashes exchanged", tally.wipes),
        ("commands of riders and operators", counted.commands),
        ("deaths of the fare engine", counted.deaths),
        ("taps stored, each with one fate", numbers.stored),
        ("numbers gone, each named", numbers.named),
        ("numbers gone with a flash, never heard of", numbers.unheard),
    ];
    for (what, count) in rows {
        say(&format!("  {what:44} {:>12}", grouped(count as f64)));
    }
    say(&format!("  {:44} {}", "fates", outcome.fates));
    let (files, owed) = outcome.settled;
    say(&format!("  {:44} {files} files, {owed} THB in all, as the books owe", "settlements"));
    let closes = &counted.closes_s;
    let mean_s = closes.iter().sum::<f64>() / closes.len().max(1) as f64;
    let longest_s = closes.iter().copied().fold(0.0, f64::max);
    say(&format!(
        "  {:44} {} days, mean {mean_s:.2} s, longest {longest_s:.2} s",
        "closes, fare_clearing zero after each",
        closes.len()
    ));
    say(&format!(
        "  {:44} {} taps, {} cards, {} legs in {:.1} s, {} taps/s: {} differences",
        "worked out again from the taps",
        grouped(again.taps as f64),
        grouped(again.cards as f64),
        grouped(again.legs as f64),
        outcome.again_s,
        grouped(again.taps as f64 / outcome.again_s.max(1e-9)),
        again.differences
    ));
    say(&format!("  {:44} {:.0} s", "the whole", outcome.whole_s));
}

#[cfg(test)]
mod tests;
