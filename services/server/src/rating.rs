//! Whether rides are being priced, or wait for a person: for `/healthz`, `/readyz` and `/metrics`.

use crate::metrics::Metrics;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::{Arc, Mutex, PoisonError};

/// What this process knows of it. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Rating(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    halted: Mutex<Option<Arc<str>>>,
    gauge: Gauge,
}

impl Rating {
    /// Pricing goes on, as far as is known.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        let rating = Self::default();
        let gauge = rating.0.gauge.clone();
        metrics.register(|registry| {
            registry.register(
                "fares_halted",
                "1 while rides wait to be priced until a person decides",
                gauge,
            );
        });
        rating
    }

    /// Why rides wait; `None` while they are priced.
    #[must_use]
    pub fn halted(&self) -> Option<Arc<str>> {
        self.0.halted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes it; whether that is news.
    pub(crate) fn set(&self, why: Option<Arc<str>>) -> bool {
        self.0.gauge.set(i64::from(why.is_some()));
        let mut halted = self.0.halted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = *halted != why;
        *halted = why;
        is_news
    }
}
