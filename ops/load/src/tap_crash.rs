//! `load crash --taps`: kill -9 under load, connections cut in the middle, taps lost from flash.
//!
//! At the end every tap that a terminal still had is there, once and unchanged, and every other is named as a
//! gap with its terminal and number.

use crate::crash::{ALIVE_MS, Args};
use crate::database::Scratch;
use crate::output::{grouped, machine, progress, quantile, say};
use crate::serve;
use crate::tap_ledger;
use crate::terminals::{self, Terminal, wall_now};
use anyhow::{Context as _, bail, ensure};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use server::clock::Clock;
use server::terminal::{Spoken, TerminalClient};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::gap::GapState;
use store::{Access, Db};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// A life without any answer within this is a failure.
const FIRST_ANSWER_S_MAX: Duration = Duration::from_secs(10);
/// Taps between two requests.
const TAPS: std::ops::RangeInclusive<usize> = 1..=100;
/// One tap in this many is gone from flash before it was sent (2 %).
const FORGET_ONE_IN: u32 = 50;
/// One request in this many is sent over a connection that is cut before its answer, or within it.
const CUT_ONE_IN: u32 = 8;
/// Rounds in which a terminal must have delivered everything.
const DELIVERY_ROUNDS_MAX: u32 = 200;
/// Taps read at a time.
const PAGE_TAPS: u32 = 4_000;
/// Gaps that are looked through.
const GAPS_MAX: u32 = 10_000_000;

/// A terminal and what really happened to it.
struct Sender {
    terminal: Terminal,
    forgotten: BTreeSet<i64>,
    dice: StdRng,
    cuts: u64,
}

/// What the database says at the end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    stored: u64,
    twice: u64,
    missing: u64,
    named_gone: u64,
    not_named: u64,
    wrongly_named: u64,
    broken: u64,
    priced: u64,
    legs: u64,
    commits: u64,
}

/// Kills, cuts, forgets, and counts.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let scratch = Scratch::make(&args.database).await?;
    let words = scratch.words();
    let outcome = kill_again_and_again(&args, &scratch).await;
    scratch.remove().await?;
    let (senders, ready_s, found) = outcome?;
    let made: i64 = senders.iter().map(|sender| sender.terminal.memory.last_seq()).sum();
    let forgotten: usize = senders.iter().map(|sender| sender.forgotten.len()).sum();
    let cuts: u64 = senders.iter().map(|sender| sender.cuts).sum();
    say(&format!("kill -9 under taps, {} times, {words}", args.times));
    say(&format!("{}; {} terminals tap without a pause", machine(), args.devices));
    say("");
    for (what, count) in [
        ("taps made", made as u64),
        ("gone from flash before they were sent", forgotten as u64),
        ("connections cut before or within the answer", cuts),
        ("stored", found.stored),
        ("stored twice", found.twice),
        ("acknowledged but missing", found.missing),
        ("gone and named, terminal and number", found.named_gone),
        ("gone and not named", found.not_named),
        ("named as gone but there", found.wrongly_named),
        ("chain breaks found where there are none", found.broken),
        ("with exactly one fate, after all kills", found.priced),
        ("rides, each charged or held once", found.legs),
        ("commits of the engine, chain unbroken", found.commits),
    ] {
        say(&format!("  {what:44} {:>12}", grouped(count as f64)));
    }
    say(&format!("  {:44} {:>10.2} s", "restart to first answer, median", quantile(&ready_s, 0.5)));
    ensure!(made > 0 && found.stored > 0, "nothing was stored; there was no load");
    let sound = (found.twice, found.missing, found.not_named, found.wrongly_named, found.broken);
    ensure!(sound == (0, 0, 0, 0, 0), "a tap was lost, doubled or not accounted for");
    say("");
    say("  every tap is there once, or named as gone");
    Ok(())
}

async fn kill_again_and_again(
    args: &Args,
    scratch: &Scratch,
) -> anyhow::Result<(Vec<Sender>, Vec<f64>, Found)> {
    let padriew = args.padriew.clone().unwrap_or_else(serve::beside_us);
    let mut moments = StdRng::seed_from_u64(args.seed);
    let terminals = terminals::register_all(scratch, usize::from(args.devices)).await?;
    let mut senders: Vec<Sender> = (1..)
        .zip(terminals)
        .map(|(at, terminal)| {
            let dice = StdRng::seed_from_u64(args.seed.wrapping_add(at));
            Sender { terminal, forgotten: BTreeSet::new(), dice, cuts: 0 }
        })
        .collect();
    let mut ready_s = Vec::new();
    for time in 1..=args.times {
        let server = serve::start(&padriew, scratch).await?;
        ready_s.push(server.ready_in.as_secs_f64());
        let (stop, stopped) = watch::channel(false);
        let answers = Arc::new(Semaphore::new(0));
        let mut posting = JoinSet::new();
        for sender in senders.drain(..) {
            posting.spawn(sender.tap_until_killed(server.address, stopped.clone(), Arc::clone(&answers)));
        }
        let first = tokio::time::timeout(FIRST_ANSWER_S_MAX, answers.acquire()).await;
        drop(first.context("no tap was acknowledged")??);
        let alive = Duration::from_millis(moments.random_range(ALIVE_MS));
        tokio::time::sleep(alive).await;
        server.kill_9().await?;
        stop.send_replace(true);
        while let Some(done) = posting.join_next().await {
            senders.push(done.context("a client panicked")??);
        }
        let made: i64 = senders.iter().map(|sender| sender.terminal.memory.last_seq()).sum();
        let (times, ms) = (args.times, alive.as_millis());
        progress(&format!("kill {time} of {times} after {ms} ms, {} taps so far", grouped(made as f64)));
    }
    // One last life, in which every terminal delivers what it has.
    let server = serve::start(&padriew, scratch).await?;
    ready_s.push(server.ready_in.as_secs_f64());
    for sender in &mut senders {
        sender.deliver(server.address).await?;
    }
    tap_ledger::priced(scratch).await?;
    server.kill_9().await?;
    let mut found = look_up(scratch, &senders).await?;
    let ledger = tap_ledger::check(scratch).await?;
    (found.priced, found.legs, found.commits) = (ledger.taps, ledger.legs, ledger.commits);
    Ok((senders, ready_s, found))
}

impl Sender {
    fn client(&self, address: SocketAddr) -> anyhow::Result<TerminalClient> {
        TerminalClient::new(&format!("http://{address}"), self.terminal.key.clone())
    }

    async fn speak(&mut self, client: &mut TerminalClient) -> anyhow::Result<Spoken> {
        let wall = wall_now();
        let moment = self.terminal.moment(&wall);
        client.speak(&mut self.terminal.memory, Clock::system().now().s(), &moment, 500, false).await
    }

    /// Taps and sends until the connection breaks, which is the kill.
    async fn tap_until_killed(
        mut self,
        address: SocketAddr,
        stopped: watch::Receiver<bool>,
        answers: Arc<Semaphore>,
    ) -> anyhow::Result<Self> {
        let mut client = self.client(address)?;
        while !*stopped.borrow() {
            self.tap();
            if self.dice.random_range(0..CUT_ONE_IN) == 0 && self.cut(address).await.is_err() {
                break;
            }
            match self.speak(&mut client).await {
                Ok(Spoken::Stored(_)) => answers.add_permits(1),
                // The server says to try later, as it may while it stops.
                Ok(Spoken::Refused(429 | 503, _)) => {}
                Ok(other) => bail!("a sound request was not taken: {other:?}"),
                Err(_) => break,
            }
        }
        Ok(self)
    }

    fn tap(&mut self) {
        let wall = wall_now();
        for _ in 0..self.dice.random_range(TAPS) {
            let seq = self.terminal.touch(&wall);
            if self.dice.random_range(0..FORGET_ONE_IN) == 0 {
                self.terminal.memory.forget(seq);
                self.forgotten.insert(seq);
            }
        }
    }

    /// Sends a request and goes away: at once, or after the first bytes of the answer. It is sent again later.
    async fn cut(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let wall = wall_now();
        let sent = self.terminal.memory.request(&self.terminal.moment(&wall), 500, false);
        let (request, _) = self.terminal.signed(&sent);
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        stream.write_all(&request).await?;
        if self.dice.random_range(0..2) == 0 {
            let mut some = [0; 40];
            let _ = stream.read(&mut some).await?;
        }
        self.cuts += 1;
        Ok(())
    }

    /// Sends until everything is acknowledged or told to be lost.
    async fn deliver(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let mut client = self.client(address)?;
        for _ in 0..DELIVERY_ROUNDS_MAX {
            match self.speak(&mut client).await? {
                Spoken::Stored(reply) if reply.ack == self.terminal.memory.last_seq() => return Ok(()),
                Spoken::Stored(_) => {}
                Spoken::Refused(429 | 503, _) => tokio::time::sleep(Duration::from_millis(200)).await,
                other => bail!("a sound request was not taken: {other:?}"),
            }
        }
        bail!("{} did not come to an end", self.terminal.id)
    }
}

/// Compares the database with what the terminals know.
async fn look_up(scratch: &Scratch, senders: &[Sender]) -> anyhow::Result<Found> {
    let db = Db::open(&scratch.url(), Access::Admin).await?;
    let mut found = Found::default();
    let mut stored: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    let mut cursor = 0;
    loop {
        let taps = db.taps_after(cursor, PAGE_TAPS).await?;
        let Some((last, _)) = taps.last() else { break };
        cursor = *last;
        for (_, tap) in taps {
            found.stored += 1;
            found.twice +=
                u64::from(!stored.entry(tap.id.terminal.to_string()).or_default().insert(tap.id.seq));
        }
    }
    let mut gone: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for gap in db.gaps(GapState::Open, GAPS_MAX).await? {
        gone.entry(gap.terminal.to_string()).or_default().extend(gap.from..=gap.to);
    }
    found.broken = db.chain_breaks(GAPS_MAX).await?.len() as u64;
    db.close().await;
    let none = BTreeSet::new();
    for sender in senders {
        let id = &sender.terminal.id;
        let (stored, gone) = (stored.get(id).unwrap_or(&none), gone.get(id).unwrap_or(&none));
        for seq in 1..=sender.terminal.memory.last_seq() {
            match (sender.forgotten.contains(&seq), stored.contains(&seq), gone.contains(&seq)) {
                (true, false, true) => found.named_gone += 1,
                (true, false, false) => found.not_named += 1,
                (false, true, false) => {}
                (false, false, _) => found.missing += 1,
                (_, true, true) | (true, true, false) => found.wrongly_named += 1,
            }
        }
    }
    Ok(found)
}
