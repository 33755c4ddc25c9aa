//! How predictions do, for `/metrics`, `GET /v1/accuracy`, and the boards that must not claim to be live.
//!
//! The tracking core scores; here its figures are only kept and named. What always holds: a board's
//! predictions are called off only when no route at its stop is trusted.

use crate::live::Common;
use crate::metrics::Metrics;
use arc_swap::{ArcSwap, ArcSwapOption};
use gtfs::{RouteIdx, StopIdx, Timestamp};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tracking::score::{Accuracy, HORIZON_NAMES, Score};

/// One window and horizon of `/metrics`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CellLabels {
    /// `last_30_min`, `today`, `days_28`.
    window: &'static str,
    /// Minutes to the actual arrival, `0-3` to `20-30`, or `all`.
    horizon: &'static str,
}

type Gauges = Family<CellLabels, Gauge<f64, AtomicU64>>;

/// The figures at an instant, of a timetable.
#[derive(Debug)]
pub struct Scored {
    /// When.
    pub at: Timestamp,
    /// Whose routes they are.
    pub common: Arc<Common>,
    /// The figures.
    pub accuracy: Accuracy,
}

/// The newest figures.
#[derive(Debug)]
pub struct LiveAccuracy {
    scored: ArcSwapOption<Scored>,
    /// stop_id of the stops at which no route is trusted.
    distrusted: ArcSwap<HashSet<Box<str>>>,
    mae_s: Gauges,
    bias_s: Gauges,
    held: Gauges,
    benchmark: Gauges,
    samples: Family<CellLabels, Gauge>,
    routes_distrusted: Gauge,
}

impl LiveAccuracy {
    /// No figures yet; registers its gauges.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        let accuracy = Self {
            scored: ArcSwapOption::empty(),
            distrusted: ArcSwap::default(),
            mae_s: Family::default(),
            bias_s: Family::default(),
            held: Family::default(),
            benchmark: Family::default(),
            samples: Family::default(),
            routes_distrusted: Gauge::default(),
        };
        metrics.register(|registry| {
            registry.register(
                "eta_mae_seconds",
                "Mean absolute error of arrivals told",
                accuracy.mae_s.clone(),
            );
            registry.register(
                "eta_bias_seconds",
                "Mean error; positive when vehicles come later",
                accuracy.bias_s.clone(),
            );
            registry.register(
                "eta_interval_coverage",
                "Share of arrivals between p10 and p90, 0.8 is wanted",
                accuracy.held.clone(),
            );
            registry.register(
                "eta_benchmark",
                "Share right by the ETA Accuracy Benchmark",
                accuracy.benchmark.clone(),
            );
            registry.register("eta_samples", "Predictions scored", accuracy.samples.clone());
            let lost = accuracy.routes_distrusted.clone();
            registry.register("eta_routes_distrusted", "Routes whose predictions are not told", lost);
        });
        accuracy
    }

    /// The newest figures; `None` where this process does not track.
    #[must_use]
    pub fn scored(&self) -> Option<Arc<Scored>> {
        self.scored.load_full()
    }

    /// Whether any route at a stop has predictions that may be shown.
    #[must_use]
    pub fn trusts(&self, stop_id: &str) -> bool {
        !self.distrusted.load().contains(stop_id)
    }

    /// Takes over new figures.
    pub fn put(&self, scored: Scored) {
        let windows = &scored.accuracy.all;
        for (window, score) in WINDOWS.iter().zip([&windows.recent, &windows.today, &windows.days]) {
            self.gauge(window, score);
        }
        let lost: HashSet<RouteIdx> =
            scored.accuracy.routes.iter().filter(|row| !row.trusted).map(|row| row.route).collect();
        self.routes_distrusted.set(lost.len() as i64);
        if !lost.is_empty() || !self.distrusted.load().is_empty() {
            self.distrusted.store(Arc::new(stops_without_trust(&scored.common, &lost)));
        }
        self.scored.store(Some(Arc::new(scored)));
    }

    fn gauge(&self, window: &'static str, score: &Score) {
        let set = |gauges: &Gauges, horizon: &'static str, value: Option<f64>| {
            if let Some(value) = value {
                gauges.get_or_create(&CellLabels { window, horizon }).set(value);
            }
        };
        let tally = &score.tally;
        set(&self.mae_s, "all", tally.mae_all_s());
        set(&self.bias_s, "all", tally.bias_s());
        set(&self.held, "all", tally.interval_coverage());
        set(&self.benchmark, "all", tally.benchmark());
        self.samples.get_or_create(&CellLabels { window, horizon: "all" }).set(tally.n() as i64);
        for (at, horizon) in HORIZON_NAMES.into_iter().enumerate() {
            set(&self.mae_s, horizon, tally.mae_s(at));
            set(&self.bias_s, horizon, tally.bias_at_s(at));
            set(&self.held, horizon, tally.interval_coverage_at(at));
            set(&self.benchmark, horizon, tally.right_at(at));
            self.samples.get_or_create(&CellLabels { window, horizon }).set(tally.n_at(at) as i64);
        }
    }
}

/// The windows by name, in the order of [`tracking::score::Windows`].
pub const WINDOWS: [&str; 3] = ["last_30_min", "today", "days_28"];

fn stops_without_trust(common: &Common, lost: &HashSet<RouteIdx>) -> HashSet<Box<str>> {
    let timetable = &common.timetable;
    let stops = timetable.stops.iter().enumerate().filter(|(at, _)| {
        let mut routes = super::routes_at(timetable, StopIdx::new(*at)).peekable();
        routes.peek().is_some() && routes.all(|route| lost.contains(&route))
    });
    stops.map(|(_, stop)| stop.id.clone()).collect()
}
