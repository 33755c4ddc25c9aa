//! Performs the effects of the tracking core.

use crate::driver::visits::{Observed, with_ids};
use crate::live::{Common, Known, Publisher, Relay, Scored};
use crate::state::AppState;
use crate::tenure::Tenure;
use ::tracking::score::Accuracy;
use ::tracking::{Effect, OperatorAlert, Ping};
use gtfs::{StopVisit, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How often timetable windows are looked at.
const RENEW_EVERY: Duration = Duration::from_secs(60);

/// Hands effects on to where they are seen.
pub(super) struct Performer {
    app: AppState,
    publisher: Publisher,
    common: Option<Arc<Common>>,
    known: Known,
    visits: mpsc::Sender<Observed>,
    tenure: Tenure,
    relay: Relay,
    /// When each ping that no frame shows yet was received.
    unshown: Vec<Instant>,
    frames_due: Option<Instant>,
    renew_at: Instant,
}

impl Performer {
    pub(super) fn new(app: AppState, visits: mpsc::Sender<Observed>, tenure: Tenure) -> Self {
        let relay = app.live.relay.under(tenure.lease.epoch);
        let publisher = Publisher::new(Arc::clone(&app.live.hub), app.live.epoch).relaying(relay.clone());
        Self {
            app,
            publisher,
            common: None,
            known: Known::default(),
            visits,
            tenure,
            relay,
            unshown: Vec::new(),
            frames_due: None,
            renew_at: Instant::now(),
        }
    }

    /// A timetable took over: boards get its stops, and what was known of the old trips is forgotten.
    pub(super) fn install(&mut self, common: Arc<Common>, now: Timestamp) {
        self.publisher.install(&common, now);
        self.known.forget();
        self.app.live.common.store(Some(Arc::clone(&common)));
        self.common = Some(common);
    }

    /// A ping is on its way into the core.
    pub(super) fn heard(&mut self, ping: &Ping, now: Timestamp, at: Instant) {
        let waited_s = (now.since_s(ping.received) / self.app.clock.speed()).clamp(0.0, 60.0);
        self.unshown.push(at.checked_sub(Duration::from_secs_f64(waited_s)).unwrap_or(at));
        self.publisher.measured(ping.t);
    }

    pub(super) fn perform(&mut self, effect: Effect, now: Timestamp) {
        self.known.learn(&effect);
        match effect {
            Effect::Board(stop, board) => {
                let at = Instant::now();
                self.publisher.board(stop, board, now, at);
                for received in self.unshown.drain(..) {
                    self.app.live.counted.ping_to_frame((at - received).as_secs_f64());
                }
            }
            Effect::Visit(visit) => self.store(&visit),
            Effect::Alert(alert) => log(&alert),
            Effect::Position(_)
            | Effect::PositionGone(_)
            | Effect::TripUpdate(_)
            | Effect::TripUpdateGone(_)
            | Effect::WakeAt(_) => {}
        }
    }

    /// Figures of how predictions do.
    pub(super) fn scored(&self, accuracy: Accuracy, at: Timestamp) {
        if let Some(common) = &self.common {
            self.app.live.accuracy.put(Scored { at, common: Arc::clone(common), accuracy });
        }
    }

    /// The core has built boards from every ping it was given: those that changed none caused no frame.
    pub(super) fn told(&mut self) {
        self.unshown.clear();
    }

    /// Takes in what an effect of the past says of a trip or a vehicle; it is not performed.
    pub(super) fn learn(&mut self, effect: &Effect) {
        self.known.learn(effect);
    }

    /// A position was measured at `t`.
    pub(super) fn measured(&self, t: Timestamp) {
        self.publisher.measured(t);
    }

    fn store(&self, visit: &StopVisit) {
        let counted = &self.app.live.counted;
        let row = self.common.as_ref().and_then(|common| with_ids(&common.timetable, visit));
        let observed = row.map(|visit| Observed { visit, lease: self.tenure.lease.clone() });
        let queued = observed.is_some_and(|observed| self.visits.try_send(observed).is_ok());
        if queued { counted.visits(1) } else { counted.visits_lost(1) }
    }

    /// Sends frames that have waited, and makes the next snapshot when one is due.
    pub(super) fn settle(&mut self, now: Timestamp) {
        let at = Instant::now();
        self.frames_due = self.publisher.flush(now, at);
        self.publisher.stepped(now);
        if at >= self.renew_at {
            self.publisher.renew_places(now);
            self.renew_at = at + RENEW_EVERY;
        }
        let snapshot = self.common.as_ref().and_then(|common| self.known.snapshot(common, now));
        if let Some(mut snapshot) = snapshot {
            self.relay.send_realtime(&mut snapshot);
            self.app.live.realtime.store(Some(Arc::new(snapshot)));
        }
    }

    /// Since when visits may not have been stored, because nobody tracked.
    pub(super) fn unserved_since(&self, now: Timestamp) -> Timestamp {
        now.plus_s(-self.tenure.gap_s * self.app.clock.speed())
    }

    /// This process no longer tracks: what it said last is taken back, boards fall to the timetable
    /// until whoever tracks now has spoken.
    pub(super) fn withdraw(&mut self, now: Timestamp) {
        self.app.live.realtime.store(None);
        self.app.live.relay.disown();
        if let Some(common) = self.common.take() {
            self.publisher.install(&common, now);
        }
    }

    /// When frames that wait may leave.
    pub(super) fn due(&self) -> Option<Instant> {
        self.frames_due
    }
}

fn log(alert: &OperatorAlert) {
    tracing::warn!(code = alert.code, vehicle = alert.vehicle.as_deref(), "{}", alert.text);
}
