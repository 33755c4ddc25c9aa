//! `load crash`: kill -9 under load, again and again; at the end every acknowledged ping is there, once.

use crate::batches::{Device, signed};
use crate::database::Scratch;
use crate::http::Connection;
use crate::output::{grouped, machine, progress, quantile, say};
use crate::{devices, serve, stored};
use anyhow::{Context as _, bail, ensure};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use server::clock::Clock;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// The server dies at a random moment in this range after its first answer, milliseconds.
pub(crate) const ALIVE_MS: std::ops::Range<u64> = 0..600;
/// A life without any answer within this is a failure.
const FIRST_ANSWER_S_MAX: Duration = Duration::from_secs(10);
/// Pings in a request.
const BATCH_PINGS: std::ops::RangeInclusive<usize> = 1..=100;
/// Seconds between the pings of a batch.
const STEP_S: f64 = 0.01;
/// Promise of the reliability design: the first request is answered this soon after a restart, seconds.
const FIRST_REQUEST_S_MAX: f64 = 2.0;

/// kill -9 under load; every acknowledged ping must be there, once.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often the server is killed
    #[arg(long, default_value_t = 50)]
    pub(crate) times: u32,
    /// `sqlite`, or the URL of a PostgreSQL server on this machine (a database is made there and removed)
    #[arg(long, default_value = "sqlite")]
    pub(crate) database: String,
    /// The program under test; by default the one beside this program
    #[arg(long)]
    pub(crate) padriew: Option<PathBuf>,
    /// Devices that post without a pause, each over a connection of its own
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub(crate) devices: u16,
    /// Of the moments and batch sizes
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Fare terminals that post taps, instead of devices that post pings
    #[arg(long)]
    taps: bool,
}

/// A device, what it knows to be on disk, and the batch that it has no answer for.
struct Sender {
    device: Device,
    /// Numbers below this were acknowledged.
    acknowledged: u64,
    /// Sent again after a restart, with a new nonce: (end of its numbers, body).
    unanswered: Option<(u64, Vec<u8>)>,
    batches: StdRng,
    resent: u64,
}

/// Kills, restarts, and counts.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    if args.taps {
        return crate::tap_crash::run(args).await;
    }
    let scratch = Scratch::make(&args.database).await?;
    let words = scratch.words();
    let outcome = kill_again_and_again(&args, &scratch).await;
    scratch.remove().await?;
    let (senders, ready_s, found) = outcome?;
    let sent: u64 = senders.iter().map(|sender| sender.acknowledged).sum();
    let resent: u64 = senders.iter().map(|sender| sender.resent).sum();
    let slowest_s = quantile(&ready_s, 1.0);
    say(&format!("kill -9 under load, {} times, {words}", args.times));
    say(&format!("{}; {} devices post without a pause", machine(), args.devices));
    say("");
    say(&format!("  acknowledged pings                 {:>12}", grouped(sent as f64)));
    say(&format!("  of them in the database            {:>12}", grouped(found.once as f64)));
    say(&format!("  missing                            {:>12}", grouped(found.missing as f64)));
    say(&format!("  stored twice                       {:>12}", grouped(found.twice as f64)));
    say(&format!("  batches sent again after a kill    {:>12}", grouped(resent as f64)));
    say(&format!("  restart to first answer, median    {:>10.2} s", quantile(&ready_s, 0.5)));
    say(&format!(
        "  restart to first answer, slowest   {slowest_s:>10.2} s   (goal {FIRST_REQUEST_S_MAX} s)"
    ));
    ensure!(found.missing == 0 && found.twice == 0, "an acknowledged ping was lost or doubled");
    ensure!(sent > 0, "nothing was acknowledged; there was no load");
    say("");
    say("  every acknowledged ping is there, once");
    Ok(())
}

type Outcome = (Vec<Sender>, Vec<f64>, stored::Found);

async fn kill_again_and_again(args: &Args, scratch: &Scratch) -> anyhow::Result<Outcome> {
    let padriew = args.padriew.clone().unwrap_or_else(serve::beside_us);
    let mut moments = StdRng::seed_from_u64(args.seed);
    let mut senders: Vec<Sender> = Vec::new();
    for (at, device) in devices::register(scratch, usize::from(args.devices)).await?.into_iter().enumerate() {
        let batches = StdRng::seed_from_u64(args.seed.wrapping_add(1 + at as u64));
        senders.push(Sender { device, acknowledged: 0, unanswered: None, batches, resent: 0 });
    }
    let mut ready_s = Vec::new();
    for time in 1..=args.times {
        let server = serve::start(&padriew, scratch).await?;
        ready_s.push(server.ready_in.as_secs_f64());
        let (stop, stopped) = watch::channel(false);
        let answers = Arc::new(Semaphore::new(0));
        let mut posting = start_posting(senders, server.address, &stopped, &answers);
        let first = tokio::time::timeout(FIRST_ANSWER_S_MAX, answers.acquire()).await;
        drop(first.context("no ping was acknowledged")??);
        let alive = Duration::from_millis(moments.random_range(ALIVE_MS));
        tokio::time::sleep(alive).await;
        server.kill_9().await?;
        stop.send_replace(true);
        senders = finish(&mut posting).await?;
        let sent: u64 = senders.iter().map(|sender| sender.acknowledged).sum();
        progress(&format!(
            "kill {time} of {} after {} ms, {} pings acknowledged so far",
            args.times,
            alive.as_millis(),
            grouped(sent as f64)
        ));
    }
    // One last life, in which every device gets its answer.
    let server = serve::start(&padriew, scratch).await?;
    ready_s.push(server.ready_in.as_secs_f64());
    for sender in &mut senders {
        let mut connection = Connection::open(server.address).await?;
        if sender.unanswered.is_some() {
            sender.post(&mut connection).await?;
        }
    }
    server.kill_9().await?;
    let wanted =
        senders.iter().map(|s| (s.device.key.key_id.as_str(), s.device.boot.as_str(), s.acknowledged));
    let found = stored::look_up(scratch, wanted).await?;
    Ok((senders, ready_s, found))
}

fn start_posting(
    senders: Vec<Sender>,
    address: SocketAddr,
    stopped: &watch::Receiver<bool>,
    answers: &Arc<Semaphore>,
) -> JoinSet<anyhow::Result<Sender>> {
    let mut posting = JoinSet::new();
    for sender in senders {
        posting.spawn(sender.post_until_killed(address, stopped.clone(), Arc::clone(answers)));
    }
    posting
}

async fn finish(posting: &mut JoinSet<anyhow::Result<Sender>>) -> anyhow::Result<Vec<Sender>> {
    let mut senders = Vec::new();
    while let Some(done) = posting.join_next().await {
        senders.push(done.context("a client panicked")??);
    }
    Ok(senders)
}

impl Sender {
    /// Posts batch after batch until the connection breaks, which is the kill.
    async fn post_until_killed(
        mut self,
        address: SocketAddr,
        stopped: watch::Receiver<bool>,
        answers: Arc<Semaphore>,
    ) -> anyhow::Result<Self> {
        let Ok(mut connection) = Connection::open(address).await else { return Ok(self) };
        while !*stopped.borrow() {
            match self.post(&mut connection).await {
                Ok(()) => answers.add_permits(1),
                Err(failure) if failure.is::<Refused>() => return Err(failure),
                Err(_) => break,
            }
        }
        Ok(self)
    }

    /// Posts the unanswered batch again, or a new one. An error leaves it unanswered.
    async fn post(&mut self, connection: &mut Connection) -> anyhow::Result<()> {
        let now = Clock::system().now();
        let (end, body) = match self.unanswered.take() {
            Some(batch) => {
                self.resent += 1;
                batch
            }
            None => {
                let count = self.batches.random_range(BATCH_PINGS);
                let body = self.device.body(count, now.plus_s(-(count as f64) * STEP_S), STEP_S);
                (self.device.seq, body)
            }
        };
        self.unanswered = Some((end, body.clone()));
        let answer = connection.exchange(&signed(&self.device.key, now, &body)?).await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        match answer.status {
            200 if !text.contains("\"rej\":[{") => {
                self.acknowledged = end;
                self.unanswered = None;
                Ok(())
            }
            // The server says to try later, as it may while it stops.
            503 => bail!("busy"),
            status => Err(Refused(format!("status {status}: {text}")).into()),
        }
    }
}

/// An answer that must not be: the run ends with it.
#[derive(Debug)]
struct Refused(String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a sound batch was not taken: {}", self.0)
    }
}

impl std::error::Error for Refused {}
