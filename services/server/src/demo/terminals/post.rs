//! One terminal without its network: clocks, flash, duty, and the taps that riders make.

use super::tally::{Counted, Tally};
use super::today::Today;
use super::token::Tokens;
use crate::demo::sim::riders::{Mounting, SimShift, SimTap, TerminalFault};
use crate::terminal::{Memory, Moment, Touch};
use chrono::SecondsFormat;
use chrono_tz::Asia::Bangkok;
use gtfs::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use store::tap::TAPS_MAX;

/// A terminal on a bus wakes up this long before its first departure, seconds. Longer than between two heartbeats.
const AWAKE_BEFORE_S: f64 = 300.0;
/// And goes to sleep this long after the last arrival, seconds.
const AWAKE_AFTER_S: f64 = 900.0;
/// The duty is over this long after the last arrival: who came with the last ferry has tapped off, seconds.
const DUTY_AFTER_S: f64 = 120.0;
/// Why a card on the deny list is refused.
const ON_LIST: &str = "list";

/// A terminal at its place.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) mounting: Mounting,
    pub(super) fault: TerminalFault,
    pub(super) memory: Memory,
    /// What it has said to hold.
    pub(super) counted: Counted,
    /// The card whose rider waits for the fare.
    pub(super) waiting: Option<u32>,
    today: Option<Arc<Today>>,
    next_tap: usize,
    booted: Timestamp,
    run: i64,
    flash: i64,
    /// The flash has failed and is replaced when the rest is delivered.
    is_worn: bool,
    duty: Duty,
    /// Fare and balance that each card was last shown here, satang.
    shown: HashMap<u32, (i64, i64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Duty {
    Before,
    During,
    After,
}

impl Post {
    /// A terminal that was switched on a while before `now`.
    pub(super) fn new(mounting: Mounting, fault: TerminalFault, now: Timestamp) -> Self {
        Self {
            mounting,
            fault,
            memory: Memory::new(1, &boot_id()),
            counted: Counted::default(),
            waiting: None,
            today: None,
            next_tap: 0,
            booted: now.plus_s(-AWAKE_BEFORE_S),
            run: 0,
            flash: 0,
            is_worn: false,
            duty: Duty::Before,
            shown: HashMap::new(),
        }
    }

    /// Takes up a new day; the terminal of a bus was off during the night.
    pub(super) fn turn_to(&mut self, today: &Arc<Today>, now: Timestamp) {
        if self.today.as_ref().is_some_and(|known| known.day == today.day) {
            return;
        }
        if self.today.is_some() && matches!(self.mounting, Mounting::Bus(_)) {
            self.reboot(now);
        }
        let t_s = now.since_s(today.start);
        (self.run, self.flash) = (self.fault.run(t_s), self.fault.flash(t_s));
        (self.next_tap, self.duty) = (0, Duty::Before);
        self.today = Some(Arc::clone(today));
    }

    /// When the next rider taps.
    pub(super) fn next_tap_at(&self) -> Option<Timestamp> {
        let today = self.today.as_ref()?;
        today.taps(&self.mounting).get(self.next_tap).map(|tap| tap.at)
    }

    /// The taps that have been made until `now`.
    pub(super) fn take_taps(&mut self, now: Timestamp, tokens: &Tokens, tally: &Tally) {
        let Some(today) = self.today.clone() else { return };
        let taps = &today.taps(&self.mounting)[self.next_tap..];
        for tap in taps.iter().take_while(|tap| tap.at <= now) {
            self.next_tap += 1;
            if today.walks(tap) {
                continue;
            }
            let card = tokens.card(tap.card);
            let is_denied = self.memory.deny.denies(card);
            if is_denied {
                today.refuse(tap);
                tally.rider_refused();
            }
            self.waiting = (!is_denied).then_some(tap.card);
            self.touch(tap, card, is_denied);
            tally.tap_made();
        }
    }

    fn touch(&mut self, tap: &SimTap, card: &str, is_denied: bool) {
        let (vehicle, stop) = match &self.mounting {
            Mounting::Bus(vehicle) => (&**vehicle, ""),
            Mounting::Pier(stop) => ("", &**stop),
        };
        let is_trip_known = tap.is_trip_known && !vehicle.is_empty();
        let shown = self.shown.get(&tap.card).copied().filter(|_| !is_denied);
        let wall = self.wall(tap.at);
        let touch = Touch {
            card,
            kind: tap.kind,
            vehicle,
            trip: if is_trip_known { &tap.trip } else { "" },
            stop,
            fix: tap.fix,
            pax: tap.pax,
            denied: is_denied.then_some(ON_LIST),
            fare: shown.map(|(fare, _)| fare),
            // What it last showed; else what the server told when the duty began.
            balance: shown.map(|(_, balance)| balance).or_else(|| self.memory.balance(card)),
            up_ms: self.up_ms(tap.at),
            wall: &wall,
        };
        self.memory.touch(&touch);
    }

    /// The fare and balance that a card's rider has just been shown.
    pub(super) fn show(&mut self, card: u32, fare: i64, balance: i64) {
        self.shown.insert(card, (fare, balance));
    }

    /// What goes wrong by `now`: the power, the flash.
    pub(super) fn suffer(&mut self, now: Timestamp, tally: &Tally) {
        let Some(today) = &self.today else { return };
        let t_s = now.since_s(today.start);
        let (run, flash) = (self.fault.run(t_s), self.fault.flash(t_s));
        if run != self.run {
            self.run = run;
            self.reboot(now);
        }
        if flash != self.flash {
            (self.flash, self.is_worn) = (flash, true);
            // Not the newest: that it is gone shows at the next one, which would be of another epoch.
            let held = self.memory.request(&Moment::default(), TAPS_MAX, false).seqs;
            if let [.., gone, _] = held[..] {
                self.memory.forget(gone);
                tally.tap_lost();
            }
        }
    }

    /// A worn flash whose taps are all settled is replaced: numbers begin again, in the next epoch.
    pub(super) fn replace_flash(&mut self, now: Timestamp) {
        if !self.is_worn || self.memory.held() > 0 {
            return;
        }
        self.is_worn = false;
        let boot = boot_id();
        self.memory = Memory::new(self.memory.epoch() + 1, &boot);
        self.booted = now;
        if self.duty == Duty::During {
            self.duty = Duty::Before;
            self.begin_duty(now);
        }
    }

    fn reboot(&mut self, now: Timestamp) {
        self.memory.reboot(&boot_id());
        self.booted = now;
    }

    /// Begins the shift when it is time.
    pub(super) fn begin_duty(&mut self, now: Timestamp) {
        let Some((from, name)) = self.shift().map(|shift| (shift.from, shift.name.clone())) else { return };
        if self.duty == Duty::Before && now >= from.plus_s(-AWAKE_BEFORE_S) {
            self.memory.begin_shift(&name);
            self.memory.want_balances();
            self.duty = Duty::During;
        }
    }

    /// Ends the shift when it is over; its totals go with the next request.
    pub(super) fn end_duty(&mut self, now: Timestamp) {
        let Some(to) = self.shift().map(|shift| shift.to) else { return };
        if self.duty == Duty::During && now >= to.plus_s(DUTY_AFTER_S) {
            self.memory.end_shift();
            self.duty = Duty::After;
        }
    }

    fn shift(&self) -> Option<&SimShift> {
        self.today.as_ref()?.shift(&self.mounting)
    }

    /// Whether it is on: at a pier always, on a bus around its duty and until everything is delivered.
    pub(super) fn is_awake(&self, now: Timestamp) -> bool {
        let hours = |shift: &SimShift| shift.from.plus_s(-AWAKE_BEFORE_S)..shift.to.plus_s(AWAKE_AFTER_S);
        matches!(self.mounting, Mounting::Pier(_))
            || self.memory.held() > 0
            || self.shift().is_some_and(|shift| hours(shift).contains(&now))
    }

    /// Whether nothing gets out.
    pub(super) fn is_offline(&self, now: Timestamp) -> bool {
        let t_s = self.today.as_ref().map_or(0.0, |today| now.since_s(today.start));
        self.fault.is_offline(t_s)
    }

    /// Milliseconds since boot.
    pub(super) fn up_ms(&self, at: Timestamp) -> i64 {
        (at.since_s(self.booted) * 1_000.0) as i64
    }

    /// What its clock says, seconds since 1970.
    pub(super) fn clock_s(&self, at: Timestamp) -> i64 {
        at.plus_s(self.fault.ahead_s()).s()
    }

    /// What its clock says, as text.
    pub(super) fn wall(&self, at: Timestamp) -> String {
        let at = at.plus_s(self.fault.ahead_s()).utc().unwrap_or_default().with_timezone(&Bangkok);
        at.to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

/// The name of a run between two losses of power.
fn boot_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()[..8].to_owned()
}
