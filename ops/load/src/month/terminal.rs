//! A terminal of a simulated month with everything that goes wrong with one.
//!
//! It speaks as a real one does: [`Memory`] writes down and makes the requests, [`TerminalClient`] signs and posts them and
//! proves the answers. Each number it ever gave to a tap is told apart at the end: stored, or gone and known to be gone.

use super::town::CardTap;
use gtfs::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use server::demo::sim::riders::Mounting;
use server::terminal::{Memory, Moment, Spoken, TerminalClient, TerminalKey, Touch};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Chances a day, percent.
const OFFLINE_HOURS_PERCENT: u32 = 12;
const OFFLINE_DAYS_PERCENT: u32 = 2;
const REBOOT_PERCENT: u32 = 8;
const WIPE_PERCENT: u32 = 2;
/// How long it is offline, seconds.
const HOURS_S: std::ops::Range<f64> = 3_600.0..21_600.0;
const DAYS_S: std::ops::Range<f64> = 86_400.0..172_800.0;
/// One terminal in this many has a clock that is hours off.
const CLOCK_ONE_IN: u32 = 7;
const CLOCK_OFF_S: std::ops::Range<f64> = -20_000.0..20_000.0;
/// One tap in this many is gone from flash before it is sent.
const FORGET_ONE_IN: u32 = 300;
/// One answer in this many is lost on its way, and the request is sent again.
const ANSWER_LOST_ONE_IN: u32 = 25;
/// Requests in a row.
const REQUESTS_MAX: usize = 30;
/// Seconds of a day.
const DAY_S: f64 = 86_400.0;

/// One terminal.
pub(crate) struct Machine {
    pub(crate) id: String,
    pub(crate) mounting: Mounting,
    pub(crate) memory: Memory,
    client: TerminalClient,
    dice: StdRng,
    booted: Timestamp,
    boots: u32,
    clock_off_s: f64,
    offline: Vec<(Timestamp, Timestamp)>,
    /// When the power goes, and when the flash; by time.
    reboots: Vec<Timestamp>,
    wipes: Vec<Timestamp>,
    /// Numbers whose taps were gone from flash before they were sent, by epoch.
    pub(crate) gone: BTreeMap<u32, BTreeSet<i64>>,
    /// The last number of each epoch that ended with its flash.
    pub(crate) wiped: BTreeMap<u32, i64>,
    pub(crate) tally: Tally,
}

/// What happened to terminals.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) made: u64,
    pub(crate) denied: u64,
    pub(crate) requests: u64,
    pub(crate) resent: u64,
    pub(crate) refused: u64,
    pub(crate) forgotten: u64,
    pub(crate) reboots: u64,
    pub(crate) wipes: u64,
    pub(crate) offline: u64,
}

impl Tally {
    /// The sum.
    pub(crate) fn with(self, other: &Self) -> Self {
        Self {
            made: self.made + other.made,
            denied: self.denied + other.denied,
            requests: self.requests + other.requests,
            resent: self.resent + other.resent,
            refused: self.refused + other.refused,
            forgotten: self.forgotten + other.forgotten,
            reboots: self.reboots + other.reboots,
            wipes: self.wipes + other.wipes,
            offline: self.offline + other.offline,
        }
    }
}

impl Machine {
    pub(crate) fn new(
        (id, mounting): (String, Mounting),
        key: TerminalKey,
        base_url: &str,
        seed: u64,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let mut dice = StdRng::seed_from_u64(seed);
        let is_off = dice.random_range(0..CLOCK_ONE_IN) == 0;
        let clock_off_s = if is_off { dice.random_range(CLOCK_OFF_S) } else { 0.0 };
        Ok(Self {
            memory: Memory::new(1, &format!("{id}-1")),
            client: TerminalClient::new(base_url, key)?,
            id,
            mounting,
            dice,
            booted: now.plus_s(-600.0),
            boots: 1,
            clock_off_s,
            offline: Vec::new(),
            reboots: Vec::new(),
            wipes: Vec::new(),
            gone: BTreeMap::new(),
            wiped: BTreeMap::new(),
            tally: Tally::default(),
        })
    }

    /// What will go wrong on a day that begins now.
    pub(crate) fn fate_of_day(&mut self, begin: Timestamp) {
        let chance = |dice: &mut StdRng, percent| dice.random_range(0..100) < percent;
        let moment = |dice: &mut StdRng| begin.plus_s(dice.random_range(0.0..DAY_S));
        for (percent, span) in [(OFFLINE_HOURS_PERCENT, HOURS_S), (OFFLINE_DAYS_PERCENT, DAYS_S)] {
            if chance(&mut self.dice, percent) {
                let from = moment(&mut self.dice);
                self.offline.push((from, from.plus_s(self.dice.random_range(span))));
                self.tally.offline += 1;
            }
        }
        for (percent, times) in [(REBOOT_PERCENT, &mut self.reboots), (WIPE_PERCENT, &mut self.wipes)] {
            if chance(&mut self.dice, percent) {
                times.push(moment(&mut self.dice));
            }
        }
        self.offline.retain(|(_, to)| *to >= begin);
    }

    /// Everything that goes wrong until `now`.
    pub(crate) fn suffer(&mut self, now: Timestamp) {
        let due = |times: &mut Vec<Timestamp>| {
            let due = times.iter().any(|at| *at <= now);
            times.retain(|at| *at > now);
            due
        };
        if due(&mut self.reboots) {
            self.tally.reboots += 1;
            self.boot(now);
            self.memory.reboot(&format!("{}-{}", self.id, self.boots));
        }
        if due(&mut self.wipes) {
            self.tally.wipes += 1;
            self.wipe(now);
        }
    }

    fn boot(&mut self, now: Timestamp) {
        self.boots += 1;
        self.booted = now;
    }

    /// The flash is exchanged with all that was in it.
    fn wipe(&mut self, now: Timestamp) {
        let epoch = self.memory.epoch();
        self.wiped.insert(epoch, self.memory.last_seq());
        self.boot(now);
        self.memory = Memory::new(epoch + 1, &format!("{}-{}", self.id, self.boots));
    }

    /// A rider touches a card.
    pub(crate) fn touch(&mut self, tap: &CardTap, is_denied: bool) {
        let (vehicle, stop) = match &self.mounting {
            Mounting::Bus(vehicle) => (Arc::clone(vehicle), "".into()),
            Mounting::Pier(stop) => ("".into(), Arc::clone(stop)),
        };
        let is_trip_known = tap.what.is_trip_known && !vehicle.is_empty();
        let wall = self.wall(tap.at);
        let touch = Touch {
            card: &tap.card,
            kind: tap.what.kind,
            vehicle: &vehicle,
            trip: if is_trip_known { &tap.what.trip } else { "" },
            stop: &stop,
            fix: tap.what.fix,
            pax: tap.what.pax,
            denied: is_denied.then_some("list"),
            fare: None,
            balance: None,
            up_ms: self.up_ms(tap.at),
            wall: &wall,
        };
        let seq = self.memory.touch(&touch);
        self.tally.made += 1;
        self.tally.denied += u64::from(is_denied);
        if self.dice.random_range(0..FORGET_ONE_IN) == 0 {
            self.memory.forget(seq);
            self.gone.entry(self.memory.epoch()).or_default().insert(seq);
            self.tally.forgotten += 1;
        }
    }

    /// Whether nothing gets out.
    pub(crate) fn is_offline(&self, now: Timestamp) -> bool {
        self.offline.iter().any(|(from, to)| (*from..*to).contains(&now))
    }

    /// From now on it is online, whatever was to come.
    pub(crate) fn mend(&mut self) {
        self.offline.clear();
    }

    /// Sends what it has, until there is nothing more to say or the server does not take it.
    pub(crate) async fn speak(&mut self, now: Timestamp) -> anyhow::Result<()> {
        let wall = self.wall(now);
        for _ in 0..REQUESTS_MAX {
            let rtt_ms = self.dice.random_range(40..900);
            let moment = Moment { up_ms: self.up_ms(now), wall: &wall, rtt_ms };
            let clock_s = now.plus_s(self.clock_off_s).s();
            self.tally.requests += 1;
            if self.dice.random_range(0..ANSWER_LOST_ONE_IN) == 0 {
                // The server has it, and the terminal does not know.
                let mut unanswered = self.memory.clone();
                self.client.speak(&mut unanswered, clock_s, &moment, 500, false).await?;
                self.tally.resent += 1;
                continue;
            }
            match self.client.speak(&mut self.memory, clock_s, &moment, 500, false).await? {
                Spoken::Stored(reply) => {
                    let is_more = reply.deny.as_ref().is_some_and(|delta| delta.more);
                    if self.memory.unsent() == 0 && reply.resend.is_empty() && !is_more {
                        return Ok(());
                    }
                }
                Spoken::ClockSet(_) => {}
                Spoken::Refused(429 | 503, _) => {
                    self.tally.refused += 1;
                    return Ok(());
                }
                Spoken::Refused(status, words) => anyhow::bail!("{}: status {status}: {words}", self.id),
            }
        }
        Ok(())
    }

    fn up_ms(&self, at: Timestamp) -> i64 {
        (at.0 - self.booted.0).max(0) / 1_000
    }

    /// What its clock says.
    fn wall(&self, at: Timestamp) -> String {
        let at = at.plus_s(self.clock_off_s).utc();
        at.map_or_else(String::new, |at| at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
    }
}
