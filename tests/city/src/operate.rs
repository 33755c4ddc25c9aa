//! The engine at work in the town: what was heard goes in, what it tells is watched.
//!
//! The same rules and the same core as `tracking::replay`, but one tracker lives through many days,
//! a watcher sees every effect, and the timetable may change in between.

use gtfs::{Timestamp, Timetable};
use std::collections::BTreeMap;
use std::sync::Arc;
use tracking::check::{Area, CheckParams, DeviceProfile, DeviceState, VehicleClass, check};
use tracking::learned::Document;
use tracking::replay::{Recording, Row};
use tracking::{Effect, Event, Params, Tier, Tracker};

/// A tracker, and what stands between it and the devices.
pub struct Operation {
    /// The core.
    pub tracker: Tracker,
    devices: BTreeMap<Arc<str>, (DeviceProfile, DeviceState)>,
    checks: CheckParams,
    wake: Option<Timestamp>,
    effects: Vec<Effect>,
}

impl Operation {
    /// Begins with nothing known but the timetable.
    #[must_use]
    pub fn new(timetable: Arc<Timetable>) -> Self {
        Self {
            checks: CheckParams { area: Area::of(&timetable), ..CheckParams::default() },
            tracker: Tracker::with_params(timetable, Params::default()),
            devices: BTreeMap::new(),
            wake: None,
            effects: Vec::new(),
        }
    }

    /// Plays what was heard; every effect goes to `watch` with the time at which it was told.
    pub fn play(&mut self, heard: &Recording, mut watch: impl FnMut(Timestamp, &Effect)) {
        let Some(first) = heard.rows.first() else { return };
        self.step(first.received, Event::Tick, &mut watch);
        for row in &heard.rows {
            self.tick_until(row.received, &mut watch);
            if let Some(event) = self.judged(row, heard.period_s) {
                self.step(row.received, event, &mut watch);
            }
        }
        if let Some(last) = heard.rows.last() {
            self.tick_until(last.received.plus_s(5.0), &mut watch);
        }
    }

    /// Takes what was learned before.
    pub fn learn(&mut self, now: Timestamp, document: Arc<Document>) {
        self.step(now, Event::Learned(document), &mut |_, _| {});
    }

    /// What the rules make of a row: an event, or nothing.
    fn judged(&mut self, row: &Row, period_s: f64) -> Option<Event> {
        let (profile, state) = self.devices.entry(Arc::clone(&row.vehicle)).or_insert_with(|| {
            let profile = DeviceProfile {
                vehicle: Arc::clone(&row.vehicle),
                class: VehicleClass::Bus,
                tier: Tier::Token,
                period_s,
                clock_fix_allowed: false,
                simulated_is_live: false,
            };
            (profile, DeviceState::default())
        });
        if state.head_t() == Some(row.report.t) {
            return None;
        }
        let checked = check(row.report.clone(), profile, state, row.received, &self.checks);
        if !checked.is_live() {
            return None;
        }
        checked.ping.map(Event::Ping)
    }

    fn tick_until(&mut self, until: Timestamp, watch: &mut impl FnMut(Timestamp, &Effect)) {
        while let Some(wake) = self.wake.filter(|wake| *wake <= until) {
            self.wake = None;
            self.step(wake, Event::Tick, watch);
        }
    }

    fn step(&mut self, now: Timestamp, event: Event, watch: &mut impl FnMut(Timestamp, &Effect)) {
        self.tracker.step(now, event, &mut self.effects);
        for effect in self.effects.drain(..) {
            if let Effect::WakeAt(t) = effect {
                self.wake = Some(t);
            }
            watch(now, &effect);
        }
    }
}
