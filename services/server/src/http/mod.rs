//! The HTTP surface: each file exports `router()`, and this merges them.
//!
//! A handler is three lines: extract, one call, reply. Statuses are made in [`error`] alone,
//! headers that every answer carries in [`edge`] alone.

pub mod accept;
mod assets;
mod auth;
mod departures;
pub mod edge;
pub mod error;
mod health;
mod metrics;
mod osmand;
mod pages;
mod panel;
mod peer;
mod pings;
mod public;
mod realtime;
mod stops;
mod timed_io;
mod traccar;

use crate::role::Role;
use crate::state::AppState;
use axum::Router;

/// Every route of the process, wrapped in what every answer carries.
pub fn router(app: &AppState) -> Router {
    let mut routes = Router::new().merge(health::router()).merge(metrics::router());
    if app.config.runs(Role::Ingest) {
        routes = routes.merge(pings::router()).merge(osmand::router()).merge(traccar::router());
    }
    if app.config.runs(Role::Web) {
        routes = routes
            .merge(panel::router())
            .merge(departures::router())
            .merge(stops::router())
            .merge(realtime::router())
            .merge(assets::router())
            .merge(pages::router());
    }
    edge::wrap(routes, app).with_state(app.clone())
}

/// What the legacy OsmAnd listener serves, and nothing else.
pub fn legacy_router(app: &AppState) -> Router {
    edge::wrap(osmand::legacy_router(), app).with_state(app.clone())
}
