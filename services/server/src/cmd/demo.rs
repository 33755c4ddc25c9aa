//! `padriew demo`: a simulated town on this machine, in one command.

use super::out::say;
use super::serve::asked_to_stop;
use crate::clock::Clock;
use crate::demo::banner::{self, Town};
use crate::demo::sim::riders::{Purses, RIDERS_MAX};
use crate::demo::terminals::Park;
use crate::demo::{desk, fleet, network, start, terminals};
use crate::state::AppState;
use crate::supervise::{Stage, Supervisor};
use crate::{http, telemetry};
use anyhow::{Context as _, bail};
use gtfs::Timestamp;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

const EXAMPLES: &str = "\
Examples:
  padriew demo                                   a weekday, 07:30 in the morning peak: http://127.0.0.1:8080
  padriew demo --at 17:00 --speed 10             the evening peak, ten times as fast
  padriew demo --at 2026-11-28T10:00             a Saturday: the weekend timetable
  padriew demo --listen 0.0.0.0:8080             for panels and phones elsewhere in your network
  padriew demo --pause-fleet-after 60            all vehicles fall silent: see what panels then show
  kill -USR1 PID                                 the same by hand; once more, and they are back

Vehicles are simulated and say so on every page; so are the riders. Trackers and fare terminals post
real signed requests to the same address that real ones would use. The database is in a temporary
folder and is gone when the demo ends.";

/// The slowest and fastest that the demo's clock runs.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.1..=120.0;

/// Run a simulated town.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// When the demo begins, Bangkok time: HH:MM, or YYYY-MM-DDTHH:MM
    #[arg(long, value_name = "TIME", default_value = start::WHEN)]
    at: String,
    /// How fast the demo's clock runs: 10 shows ten minutes in one
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// The seed of everything random: the same seed, hour and feed give the same vehicles
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// At most this many vehicles
    #[arg(long, default_value_t = 60)]
    vehicles: usize,
    /// Riders with cards who tap on simulated fare terminals; 0 for neither
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(..=i64::from(RIDERS_MAX)))]
    riders: u32,
    /// All vehicles fall silent after this many (real) seconds; SIGUSR1 switches too
    #[arg(long, value_name = "SECONDS")]
    pause_fleet_after: Option<u64>,
}

/// Runs until Ctrl-C or SIGTERM.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    if !SPEEDS.contains(&args.speed) {
        bail!(
            "--speed {} is out of range; give a number from {} to {}",
            args.speed,
            SPEEDS.start(),
            SPEEDS.end()
        );
    }
    let begin = start::parse(&args.at)?;
    let listener = http::accept::bind(args.listen).with_context(|| {
        format!(
            "{} is taken: stop what runs there, or choose another port, such as --listen {}:{}",
            args.listen,
            args.listen.ip(),
            args.listen.port().saturating_add(1)
        )
    })?;
    // Port 0 asks the system for a free one.
    let listen = listener.local_addr().context("the listener has no address")?;
    let folder = tempfile::Builder::new().prefix("padriew-demo-").tempdir().context("no temporary folder")?;
    network::write_to(&folder.path().join("feed"))?;
    network::write_tariff_to(&folder.path().join("tariff.toml"))?;
    let config = start::config(listen, folder.path());
    telemetry::start(&config.log)?;

    let clock = Clock::demo(begin, args.speed);
    let town = start::town(&config, &args.fleet_wish(begin)).await?;
    let (silence, silent) = watch::channel(false);
    let way = Way { clock: clock.clone(), base_url: start::base_url(listen), silent: silent.clone() };
    let air = fleet::Air { clock: clock.clone(), client: start::client(listen)?, silent };
    for line in banner::lines(&Town::of(&town, listen, begin, args.speed)) {
        tell(&line);
    }
    let shutdown = CancellationToken::new();
    let (trackers, park) = (town.trackers, town.park);
    let ready = async move |app: &AppState, supervisor: &mut Supervisor| {
        ride(app, supervisor, park, way);
        supervisor.start_once(Stage::Edge, "fleet", move |token| async move {
            tokio::select! {
                () = token.cancelled() => {}
                () = fleet::run(trackers, air) => {}
            }
            Ok(())
        });
        Ok(())
    };
    let server = crate::run_with(config, clock, listener, shutdown.clone(), ready);
    tokio::pin!(server);
    tokio::select! {
        outcome = &mut server => return outcome,
        outcome = switch(silence, args.pause_fleet_after) => outcome?,
        outcome = asked_to_stop() => outcome?,
    }
    shutdown.cancel();
    server.await
}

impl Args {
    fn fleet_wish(&self, begin: Timestamp) -> start::FleetWish {
        start::FleetWish {
            seed: self.seed,
            vehicles_max: self.vehicles,
            riders: self.riders,
            begin,
            riders_until: Timestamp(i64::MAX),
        }
    }
}

/// How terminals reach the server.
struct Way {
    clock: Clock,
    base_url: String,
    silent: watch::Receiver<bool>,
}

/// Starts the fare terminals, if there are any.
fn ride(app: &AppState, supervisor: &mut Supervisor, park: Park, way: Way) {
    if park.terminals.is_empty() {
        return;
    }
    let tally = terminals::Tally::new(&app.metrics);
    let (top_ups, wishes) = mpsc::channel(terminals::TOP_UPS_WAITING_MAX);
    for wish in Purses::opening(park.riders.people(), park.riders.seed(), way.clock.now()) {
        let _ = top_ups.try_send(wish);
    }
    let Way { clock, base_url, silent } = way;
    let air = terminals::Air { clock, base_url, silent, tally: tally.clone(), top_ups, tell };
    let (riders, tokens, app) = (park.riders.people().to_vec(), Arc::clone(&park.tokens), app.clone());
    supervisor.start_once(Stage::Edge, "fare terminals", move |token| async move {
        tokio::select! {
            () = token.cancelled() => {}
            () = terminals::run(park, air) => {}
            () = desk::run(app, tokens, riders, wishes, tally) => {}
        }
        Ok(())
    });
}

/// Silences the fleet after a while, and switches it at each SIGUSR1.
async fn switch(silence: watch::Sender<bool>, after_s: Option<u64>) -> anyhow::Result<()> {
    let kind = tokio::signal::unix::SignalKind::user_defined1();
    let mut signal = tokio::signal::unix::signal(kind).context("SIGUSR1 can not be listened for")?;
    let mut pause = after_s.map(|s| Box::pin(tokio::time::sleep(Duration::from_secs(s))));
    loop {
        let timer = async {
            match pause.as_mut() {
                Some(timer) => timer.await,
                None => std::future::pending().await,
            }
        };
        let quiet = tokio::select! {
            () = timer => {
                pause = None;
                true
            }
            _ = signal.recv() => !*silence.borrow(),
        };
        silence.send_replace(quiet);
        tell(if quiet { "The fleet is silent now (SIGUSR1 wakes it)." } else { "The fleet reports again." });
    }
}

/// A demo goes on when nobody reads its output any more.
fn tell(line: &str) {
    let _ = say(line);
}
