//! The town's fare terminals: each takes the taps of simulated riders, keeps what was not acknowledged, and posts
//! signed batches to the server's own address, as a real terminal does.
//!
//! What riders do is in [`super::sim::riders`]; what a terminal writes down and sends is [`crate::terminal`], the same
//! that real terminals are tried with. What always holds: a tap is made once, at the moment that the rider's plan has,
//! however late this loop comes round; made = acknowledged + held + lost.

mod line;
mod post;
mod tally;
#[cfg(test)]
mod tests;
mod today;
mod token;

pub(crate) use tally::Tally;
pub(crate) use token::Tokens;

use super::sim::riders::{Mounting, Purses, RiderSlip, Riders, SimTopUp, TerminalFault};
use crate::clock::Clock;
use crate::terminal::TerminalKey;
use chrono::Timelike as _;
use chrono_tz::Asia::Bangkok;
use gtfs::Timestamp;
use line::Line;
use post::Post;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use today::Today;
use tokio::sync::{mpsc, watch};

/// How often a terminal says that it is there, seconds of the demo's clock (fares design, section 13).
const HEARTBEAT_S: f64 = 60.0;
/// But not more often than this in real time.
const HEARTBEAT_REAL_S_MIN: f64 = 0.6;
/// The first words are spread over this, real seconds.
const FIRST_WITHIN_REAL_S: f64 = 2.0;
/// After a failure a terminal waits this long, doubling up to [`RETRY_WAIT_MAX`].
const RETRY_WAIT_MIN: Duration = Duration::from_millis(500);
/// Longest wait after a failure.
const RETRY_WAIT_MAX: Duration = Duration::from_secs(15);
/// How many top-ups may wait for whoever takes them.
pub(crate) const TOP_UPS_WAITING_MAX: usize = 10_000;
/// Seconds of an hour.
const HOUR_S: f64 = 3_600.0;

/// A terminal with its key.
pub(crate) struct Terminal {
    /// Where it is mounted.
    pub(crate) mounting: Mounting,
    /// What is wrong with it.
    pub(crate) fault: TerminalFault,
    /// What it signs with.
    pub(crate) key: TerminalKey,
}

/// All terminals, and who taps on them.
pub(crate) struct Park {
    /// The terminals.
    pub(crate) terminals: Vec<Terminal>,
    /// The riders.
    pub(crate) riders: Arc<Riders>,
    /// What their cards say.
    pub(crate) tokens: Arc<Tokens>,
}

/// Everything the terminals share.
#[derive(Clone)]
pub(crate) struct Air {
    /// The demo's clock, which terminals tell with their own faults.
    pub(crate) clock: Clock,
    /// The server, such as `http://127.0.0.1:8080`.
    pub(crate) base_url: String,
    /// True while nothing gets through from a vehicle.
    pub(crate) silent: watch::Receiver<bool>,
    /// What is counted.
    pub(crate) tally: Tally,
    /// Where riders' wishes to pay in go.
    pub(crate) top_ups: mpsc::Sender<SimTopUp>,
    /// Prints a line for who watches the demo.
    pub(crate) tell: fn(&str),
}

/// Where terminals are mounted and what is wrong with each: faults are on the first buses, piers are sound.
pub(crate) fn mounted(riders: &Riders) -> Vec<(Mounting, TerminalFault)> {
    let mut faults = TerminalFault::SHOWN.into_iter();
    let fault_of = |mounting: Mounting| {
        let is_bus = matches!(mounting, Mounting::Bus(_));
        let fault = if is_bus { faults.next() } else { None };
        (mounting, fault.unwrap_or_default())
    };
    riders.mountings().into_iter().map(fault_of).collect()
}

/// What riders do wrong, for the banner.
pub(crate) fn slips() -> String {
    let words = |slip: RiderSlip| format!("{:.0} % {}", slip.share() * 100.0, slip.words());
    RiderSlip::ALL.map(words).join(", ")
}

/// Runs all terminals until dropped.
pub(crate) async fn run(park: Park, air: Air) {
    let (days, day) = watch::channel(None);
    let purses = Arc::new(Mutex::new(Purses::default()));
    let count = park.terminals.len().max(1) as f64;
    let runs = park.terminals.into_iter().enumerate().map(|(at, terminal)| {
        let phase_s = FIRST_WITHIN_REAL_S * air.clock.speed() * at as f64 / count;
        let keeper = Keeper {
            post: Post::new(terminal.mounting, terminal.fault, air.clock.now()),
            key: terminal.key,
            day: day.clone(),
            tokens: Arc::clone(&park.tokens),
            purses: Arc::clone(&purses),
            air: air.clone(),
        };
        keeper.run(phase_s)
    });
    let runs = futures_util::future::join_all(runs);
    tokio::join!(plan_days(&park.riders, &air.clock, days), report(&air), runs);
}

/// Plans each day when it begins.
async fn plan_days(riders: &Arc<Riders>, clock: &Clock, days: watch::Sender<Option<Arc<Today>>>) {
    loop {
        let day = riders.day_of(clock.now());
        let own = Arc::clone(riders);
        if let Ok(today) = tokio::task::spawn_blocking(move || Today::of(&own, day)).await {
            days.send_replace(Some(Arc::new(today)));
        }
        let mut next = riders.start_of(day.next());
        while riders.day_of(next) == day {
            next = next.plus_s(HOUR_S);
        }
        clock.sleep_until(next.plus_s(1.0)).await;
    }
}

/// Says every hour of the demo's clock what became of the taps.
async fn report(air: &Air) {
    loop {
        let now = air.clock.now();
        let next = Timestamp::from_s(now.s() - now.s().rem_euclid(HOUR_S as i64)).plus_s(HOUR_S);
        air.clock.sleep_until(next).await;
        let hour = next.utc().unwrap_or_default().with_timezone(&Bangkok).hour();
        (air.tell)(&format!("  {hour:02}:00  {}", air.tally.words()));
    }
}

/// One terminal at work.
struct Keeper {
    post: Post,
    key: TerminalKey,
    day: watch::Receiver<Option<Arc<Today>>>,
    tokens: Arc<Tokens>,
    purses: Arc<Mutex<Purses>>,
    air: Air,
}

impl Keeper {
    async fn run(mut self, phase_s: f64) {
        let clock = self.air.clock.clone();
        let beat_s = HEARTBEAT_S.max(HEARTBEAT_REAL_S_MIN * clock.speed());
        let mut beat = clock.now().plus_s(phase_s);
        let mut retry_wait = RETRY_WAIT_MIN;
        let Ok(mut line) = Line::new(&self.air.base_url, self.key.clone()) else {
            tracing::error!("a simulated terminal has no HTTP client");
            return;
        };
        loop {
            let next = self.post.next_tap_at().map_or(beat, |tap| tap.min(beat));
            tokio::select! {
                () = clock.sleep_until(next) => {}
                _ = self.day.changed() => {}
            }
            let now = clock.now();
            self.live(now);
            let has_news = self.post.memory.unsent() > 0;
            if now < beat && !has_news {
                continue;
            }
            beat = if now >= beat { now.plus_s(beat_s) } else { beat };
            let is_offline = self.is_offline(now);
            self.air.tally.holds(&mut self.post.counted, self.post.memory.held(), is_offline);
            if is_offline || !self.post.is_awake(now) {
                continue;
            }
            match line.deliver(&mut self.post, &self.air, &self.purses).await {
                Ok(()) => retry_wait = RETRY_WAIT_MIN,
                Err(failure) => {
                    let terminal = self.post.mounting.terminal();
                    tracing::debug!(terminal, failure = format!("{failure:#}"), "taps kept for later");
                    tokio::time::sleep(retry_wait).await;
                    retry_wait = (retry_wait * 2).min(RETRY_WAIT_MAX);
                    beat = clock.now();
                }
            }
            self.air.tally.holds(&mut self.post.counted, self.post.memory.held(), is_offline);
        }
    }

    /// Everything that has happened at the terminal until `now`, in this order: a tap is of the boot and the duty in
    /// which it was made.
    fn live(&mut self, now: Timestamp) {
        let today = self.day.borrow_and_update().clone();
        if let Some(today) = today {
            self.post.turn_to(&today, now);
        }
        self.post.begin_duty(now);
        self.post.take_taps(now, &self.tokens, &self.air.tally);
        self.post.suffer(now, &self.air.tally);
        self.post.end_duty(now);
    }

    fn is_offline(&self, now: Timestamp) -> bool {
        let is_mute = matches!(self.post.mounting, Mounting::Bus(_)) && *self.air.silent.borrow();
        is_mute || self.post.is_offline(now)
    }
}
