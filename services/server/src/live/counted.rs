//! What the live side counts, for `/metrics`.

use super::sockets::Sockets;
use crate::metrics::{KindLabel, Metrics, SECONDS};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

/// Counters of sockets, frames and the tracking driver.
#[derive(Debug)]
pub struct Counted {
    sockets: Family<KindLabel, Gauge>,
    frames: Family<KindLabel, Counter>,
    slow_closed: Counter,
    ping_to_frame_s: Histogram,
    step_s: Histogram,
    pings: Counter,
    visits: Counter,
    visits_lost: Counter,
}

impl Counted {
    /// Registers them.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        let counted = Self {
            sockets: Family::default(),
            frames: Family::default(),
            slow_closed: Counter::default(),
            ping_to_frame_s: Histogram::new(SECONDS),
            step_s: Histogram::new(SECONDS),
            pings: Counter::default(),
            visits: Counter::default(),
            visits_lost: Counter::default(),
        };
        metrics.register(|registry| {
            registry.register("ws_connections", "Open sockets", counted.sockets.clone());
            registry.register("ws_frames", "Frames handed to sockets", counted.frames.clone());
            registry.register(
                "ws_slow_closed",
                "Readers closed for being too slow",
                counted.slow_closed.clone(),
            );
            let latency = counted.ping_to_frame_s.clone();
            registry.register(
                "ping_to_frame_seconds",
                "From a ping received to the frame it caused",
                latency,
            );
            registry.register(
                "tracking_step_seconds",
                "One batch through the tracking core",
                counted.step_s.clone(),
            );
            registry.register("tracking_pings", "Pings given to the tracking core", counted.pings.clone());
            registry.register("tracking_visits", "Stop visits observed", counted.visits.clone());
            let lost = counted.visits_lost.clone();
            registry.register(
                "tracking_visits_lost",
                "Stop visits that were not stored: the queue was full, or the lease was lost",
                lost,
            );
        });
        counted
    }

    /// Sockets whose number is seen here.
    #[must_use]
    pub fn sockets(&self) -> Sockets {
        Sockets::counted_in(&self.sockets)
    }

    /// Frames of a kind were handed to a socket.
    pub fn frames_sent(&self, kind: &'static str, n: u64) {
        self.frames.get_or_create(&KindLabel { kind }).inc_by(n);
    }

    /// A reader was closed for being too slow.
    pub fn slow_closed(&self) {
        self.slow_closed.inc();
    }

    /// A frame was published this long after the ping that caused it was received, real seconds.
    pub fn ping_to_frame(&self, seconds: f64) {
        self.ping_to_frame_s.observe(seconds);
    }

    /// The core took a batch of pings this long, real seconds.
    pub fn stepped(&self, pings: usize, seconds: f64) {
        self.pings.inc_by(pings as u64);
        self.step_s.observe(seconds);
    }

    /// Stop visits found the queue to the database full, or the lease passed to another process.
    pub fn visits_lost(&self, n: usize) {
        self.visits_lost.inc_by(n as u64);
    }

    /// Stop visits were observed.
    pub fn visits(&self, n: usize) {
        self.visits.inc_by(n as u64);
    }
}
