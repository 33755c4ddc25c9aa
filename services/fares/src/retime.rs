//! When a tap really was, whatever the terminal's wall clock said.
//!
//! Fares design, section 3. In this order: milliseconds since the terminal was switched on, when the tap and a request
//! are of one run; the time of its GPS receiver; its wall clock less the error that the wall clock is known to have.
//! A tap without any of them has no time and waits in quarantine. Methods are named, with a bound on their error.

use crate::tap::{RequestClock, Tap};
use gtfs::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// Microseconds in a millisecond.
const MILLIS: i64 = 1_000;
/// Runs of terminals that are remembered, the least recently heard of are forgotten first.
pub const BOOTS_MAX: usize = 50_000;
/// The round trip of a terminal that never measured one, milliseconds.
const RTT_MS_UNKNOWN: i64 = 2_000;
/// A GPS receiver's time is right to this, milliseconds: one report a second.
const GPS_BOUND_MS: i64 = 1_000;
/// A corrected wall clock is right to this at best, milliseconds; quartz drifts 200 parts in a million at worst, 17 s a day.
const WALL_BOUND_MS: i64 = 20_000;
/// A tap that seems to be later than its receipt by this much has a wrong time, seconds (section 13).
pub const FUTURE_S_MAX: i64 = 30;

/// How the time of a tap was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Milliseconds since the terminal was switched on.
    Uptime,
    /// Its GPS receiver.
    Gps,
    /// Its wall clock, with the error that it is known to have taken off.
    Wall,
    /// No clock can be believed: the tap waits.
    None,
}

impl Method {
    /// The word in the store.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Uptime => "uptime",
            Self::Gps => "gps",
            Self::Wall => "wall",
            Self::None => "none",
        }
    }

    /// The method of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Uptime, Self::Gps, Self::Wall, Self::None].into_iter().find(|method| method.word() == word)
    }
}

/// The time of a tap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed {
    /// When it was.
    pub t: Timestamp,
    /// How that was found.
    pub method: Method,
    /// It was at most so much earlier or later, milliseconds.
    pub bound_ms: i64,
}

/// When a run of a terminal began, and how wrong its wall clock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Boot {
    /// The instant at which its uptime was 0.
    began: Timestamp,
    bound_ms: i64,
    /// Wall clock less true time, microseconds.
    wall_off_us: Option<i64>,
    heard: Timestamp,
}

/// What is known of the clocks of terminals.
#[derive(Clone, Debug, Default)]
pub struct Clocks {
    boots: HashMap<(Arc<str>, Arc<str>), Boot>,
}

impl Clocks {
    /// Learns from the clocks of a request; `true` when its run was not known before, so that earlier taps of it can be
    /// timed better.
    pub fn hear(&mut self, terminal: &Arc<str>, request: &RequestClock) -> bool {
        let key = (Arc::clone(terminal), Arc::clone(&request.boot));
        let bound_ms = if request.rtt_ms > 0 { request.rtt_ms } else { RTT_MS_UNKNOWN };
        let boot = Boot {
            began: Timestamp(request.received.0 - request.up_ms.saturating_mul(MILLIS)),
            bound_ms,
            wall_off_us: request.wall.map(|wall| wall.0 - request.received.0),
            heard: request.received,
        };
        let known = self.boots.get(&key);
        // A quicker round trip tells better; the first of equals stays, so that the order of requests does not matter much.
        if known.is_none_or(|known| (bound_ms, boot.heard) < (known.bound_ms, known.heard)) {
            let is_new = known.is_none();
            self.boots.insert(key, boot);
            self.forget();
            return is_new;
        }
        false
    }

    fn forget(&mut self) {
        if self.boots.len() <= BOOTS_MAX {
            return;
        }
        let mut heard: Vec<Timestamp> = self.boots.values().map(|boot| boot.heard).collect();
        let (_, oldest_kept, _) = heard.select_nth_unstable(BOOTS_MAX / 10);
        let oldest_kept = *oldest_kept;
        self.boots.retain(|_, boot| boot.heard > oldest_kept);
    }

    /// The time of a tap. A pure function of the tap and of what was heard of its run.
    #[must_use]
    pub fn time(&self, tap: &Tap) -> Timed {
        let request = &tap.request;
        if tap.clock.boot == request.boot {
            // The server had the request at most one round trip after it was sent.
            let t = Timestamp(request.received.0 - (request.up_ms - tap.clock.up_ms).saturating_mul(MILLIS));
            let bound_ms = if request.rtt_ms > 0 { request.rtt_ms } else { RTT_MS_UNKNOWN };
            return checked(Timed { t, method: Method::Uptime, bound_ms }, request.received);
        }
        let boot = self.boots.get(&(Arc::clone(&tap.id.terminal), Arc::clone(&tap.clock.boot)));
        if let Some(boot) = boot {
            let t = Timestamp(boot.began.0 + tap.clock.up_ms.saturating_mul(MILLIS));
            return checked(Timed { t, method: Method::Uptime, bound_ms: boot.bound_ms }, request.received);
        }
        if let Some(t) = tap.clock.gps {
            return checked(Timed { t, method: Method::Gps, bound_ms: GPS_BOUND_MS }, request.received);
        }
        // A clock with a battery goes on through a restart: today's error is that of the tap.
        let off_us = request.wall.map(|wall| wall.0 - request.received.0);
        match (tap.clock.wall, off_us) {
            (Some(wall), Some(off_us)) => {
                let t = Timestamp(wall.0.saturating_sub(off_us));
                checked(Timed { t, method: Method::Wall, bound_ms: WALL_BOUND_MS }, request.received)
            }
            (Some(t), None) => {
                checked(Timed { t, method: Method::Wall, bound_ms: WALL_BOUND_MS }, request.received)
            }
            (None, _) => untimed(request.received),
        }
    }

    /// How wrong the wall clock of a terminal is in a run, milliseconds; ahead is above zero.
    #[must_use]
    pub fn wall_off_ms(&self, terminal: &Arc<str>, boot: &Arc<str>) -> Option<i64> {
        let boot = self.boots.get(&(Arc::clone(terminal), Arc::clone(boot)))?;
        boot.wall_off_us.map(|off_us| off_us / MILLIS)
    }
}

/// A time later than the receipt is none, save for small errors, which are taken off.
fn checked(timed: Timed, received: Timestamp) -> Timed {
    let ahead_us = timed.t.0 - received.0;
    if ahead_us <= 0 {
        timed
    } else if ahead_us <= FUTURE_S_MAX * gtfs::time::MICROS {
        Timed { t: received, ..timed }
    } else {
        untimed(received)
    }
}

fn untimed(received: Timestamp) -> Timed {
    Timed { t: received, method: Method::None, bound_ms: i64::MAX }
}
