//! The HTTP surface: each file exports `router()`, and this merges them.
//!
//! A handler is three lines: extract, one call, reply. Statuses are made in [`error`] alone,
//! headers that every answer carries in [`edge`] alone.

pub mod accept;
mod departures;
pub mod edge;
pub mod error;
mod health;
mod metrics;
mod panel;
mod public;
mod realtime;
mod timed_io;

use crate::state::AppState;
use axum::Router;

/// Every route of the process, wrapped in what every answer carries.
pub fn router(app: &AppState) -> Router {
    let routes = Router::new()
        .merge(health::router())
        .merge(metrics::router())
        .merge(panel::router())
        .merge(departures::router())
        .merge(realtime::router());
    edge::wrap(routes, app).with_state(app.clone())
}
