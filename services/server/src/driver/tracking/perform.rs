//! Performs the effects of the tracking core.

use crate::driver::visits::with_ids;
use crate::live::{Common, Known, Publisher};
use crate::state::AppState;
use ::tracking::{Effect, OperatorAlert, Ping};
use gtfs::{StopVisit, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use store::Visit;
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
    visits: mpsc::Sender<Visit>,
    /// When each ping that no frame shows yet was received.
    unshown: Vec<Instant>,
    frames_due: Option<Instant>,
    renew_at: Instant,
}

impl Performer {
    pub(super) fn new(app: AppState, visits: mpsc::Sender<Visit>) -> Self {
        let epoch = app.live.epoch;
        let publisher = Publisher::new(Arc::clone(&app.live.hub), epoch).relaying(app.live.relay.clone());
        Self {
            app,
            publisher,
            common: None,
            known: Known::default(),
            visits,
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
        match row.map(|row| self.visits.try_send(row)) {
            Some(Ok(())) => counted.visits(1),
            Some(Err(_)) | None => counted.visit_lost(),
        }
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
        if let Some(snapshot) = snapshot {
            self.app.live.realtime.store(Some(Arc::new(snapshot)));
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
