//! What the process counts about itself, for `/metrics`. No label carries a vehicle, device or card.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

/// Bucket limits of durations, seconds: 0.5 ms to 10 s.
pub const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
/// Bucket limits of how late a ping is, seconds.
const DELAY_SECONDS: [f64; 9] = [0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 600.0, 86_400.0];

/// Bucket limits of records in a commit.
const COMMIT_ROWS: [f64; 7] = [1.0, 8.0, 64.0, 256.0, 512.0, 1024.0, 2048.0];

/// One label named `kind`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct KindLabel {
    /// What is counted.
    pub kind: &'static str,
}

/// One label named `queue`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct QueueLabel {
    /// Which queue.
    pub queue: &'static str,
}

/// One label named `task`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TaskLabel {
    /// The name given to the supervisor.
    pub task: &'static str,
}

/// Route and status of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct HttpLabels {
    /// The matched route pattern, never the path.
    pub route: String,
    /// The status code.
    pub status: u16,
}

/// What became of records.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RecordLabels {
    /// `pings`, `osmand`, `traccar`, ...
    pub source_kind: &'static str,
    /// `ok`, `flag`, `hist`, `dup`, `rej`.
    pub verdict: &'static str,
    /// The code of a flag or refusal, else empty.
    pub code: &'static str,
}

/// The metrics of a process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Mutex<Registry>,
    restarts: Family<TaskLabel, Counter>,
    http: Family<HttpLabels, Histogram>,
    auth_failures: Family<KindLabel, Counter>,
    records: Family<RecordLabels, Counter>,
    ack_s: Histogram,
    delay_s: Histogram,
    thinned: Counter,
    untracked: Counter,
    unknown_fields: Family<KindLabel, Counter>,
    commit_s: Histogram,
    commit_rows: Histogram,
    queue_fill: Family<QueueLabel, Gauge<f64, AtomicU64>>,
    connections: Gauge,
    refused_connections: Family<KindLabel, Counter>,
}

impl Default for Inner {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("padriew");
        let inner = Self {
            restarts: Family::default(),
            http: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            auth_failures: Family::default(),
            records: Family::default(),
            ack_s: Histogram::new(SECONDS),
            delay_s: Histogram::new(DELAY_SECONDS),
            thinned: Counter::default(),
            untracked: Counter::default(),
            unknown_fields: Family::default(),
            commit_s: Histogram::new(SECONDS),
            commit_rows: Histogram::new(COMMIT_ROWS),
            queue_fill: Family::default(),
            connections: Gauge::default(),
            refused_connections: Family::default(),
            registry: Mutex::default(),
        };
        registry.register("task_restarts", "Tasks started again after a failure", inner.restarts.clone());
        registry.register(
            "http_request_seconds",
            "From the head read to the answer made",
            inner.http.clone(),
        );
        registry.register("auth_failures", "Requests refused for who sent them", inner.auth_failures.clone());
        registry.register("ingest_records", "Records by what became of them", inner.records.clone());
        registry.register("ingest_ack_seconds", "From body read to answer", inner.ack_s.clone());
        registry.register("ingest_delay_seconds", "From measured to received", inner.delay_s.clone());
        registry.register("ingest_thinned", "Live pings stored but not tracked (R15)", inner.thinned.clone());
        registry.register(
            "ingest_untracked",
            "Live pings that the tracker had no room for",
            inner.untracked.clone(),
        );
        registry.register("ingest_unknown_fields", "Fields that are not known", inner.unknown_fields.clone());
        registry.register("commit_seconds", "Group commits, begin to synced", inner.commit_s.clone());
        registry.register("commit_rows", "Records in a group commit", inner.commit_rows.clone());
        registry.register("queue_fill_ratio", "Waiting to its limit", inner.queue_fill.clone());
        registry.register("connections", "Open connections", inner.connections.clone());
        let refused = inner.refused_connections.clone();
        registry.register("connections_refused", "Connections refused by a limit", refused);
        Self { registry: Mutex::new(registry), ..inner }
    }
}

impl Metrics {
    /// Lets another part register what it counts, under the prefix `padriew_`. Counters must be
    /// registered without `_total`; the format adds it.
    pub fn register(&self, with: impl FnOnce(&mut Registry)) {
        with(&mut self.0.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    /// The text that Prometheus reads (OpenMetrics 1.0).
    #[must_use]
    pub fn text(&self) -> String {
        let registry = self.0.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut text = String::new();
        // Writing to a String can not fail.
        let _ = encode(&mut text, &registry);
        text
    }

    /// A task was started again.
    pub fn task_restarted(&self, task: &'static str) {
        self.0.restarts.get_or_create(&TaskLabel { task }).inc();
    }

    /// A request was answered.
    pub fn http(&self, route: &str, status: u16, seconds: f64) {
        self.0.http.get_or_create(&HttpLabels { route: route.to_owned(), status }).observe(seconds);
    }

    /// A request was refused for who sent it: `signature`, `clock`, `nonce`, `key`, `token`, ...
    pub fn auth_failed(&self, kind: &'static str) {
        self.0.auth_failures.get_or_create(&KindLabel { kind }).inc();
    }

    /// Records met a verdict.
    pub fn records(&self, source_kind: &'static str, verdict: &'static str, code: &'static str, n: u64) {
        self.0.records.get_or_create(&RecordLabels { source_kind, verdict, code }).inc_by(n);
    }

    /// A batch was answered after its commit.
    pub fn acked(&self, seconds: f64) {
        self.0.ack_s.observe(seconds);
    }

    /// A record arrived this long after it was measured.
    pub fn delayed(&self, seconds: f64) {
        self.0.delay_s.observe(seconds);
    }

    /// Live pings were stored, but the queue to the tracker was full.
    pub fn untracked(&self, n: u64) {
        self.0.untracked.inc_by(n);
    }

    /// Records had fields that are not known.
    pub fn unknown_fields(&self, kind: &'static str, n: u64) {
        if n > 0 {
            self.0.unknown_fields.get_or_create(&KindLabel { kind }).inc_by(n);
        }
    }

    /// The writer committed.
    pub fn committed(&self, rows: usize, seconds: f64) {
        self.0.commit_rows.observe(rows as f64);
        self.0.commit_s.observe(seconds);
    }

    /// How full a queue is, 0 to 1.
    pub fn queue_fill(&self, queue: &'static str, ratio: f64) {
        self.0.queue_fill.get_or_create(&QueueLabel { queue }).set(ratio);
    }

    /// Live pings were stored but kept from the tracker.
    pub fn thinned(&self, n: u64) {
        self.0.thinned.inc_by(n);
    }

    /// A connection opened (+1) or closed (-1).
    pub fn connections(&self, by: i64) {
        self.0.connections.inc_by(by);
    }

    /// A connection was refused: `process`, `address`.
    pub fn connection_refused(&self, kind: &'static str) {
        self.0.refused_connections.get_or_create(&KindLabel { kind }).inc();
    }
}
