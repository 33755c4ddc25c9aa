//! The HTTP surface: each file exports `router()`, and this merges them.
//!
//! A handler is three lines: extract, one call, reply. Statuses are made in [`error`] alone,
//! headers that every answer carries in [`edge`] alone.

pub mod accept;
mod accuracy;
mod assets;
mod auth;
mod departures;
pub mod edge;
pub mod error;
mod finance;
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
mod taps;
mod terminals;
mod timed_io;
mod traccar;

use crate::role::Role;
use crate::state::AppState;
use axum::Router;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

/// Every route of the process, wrapped in what every answer carries.
pub fn router(app: &AppState) -> Router {
    let mut routes = Router::new().merge(health::router()).merge(metrics::router());
    if app.config.runs(Role::Ingest) {
        routes = routes
            .merge(pings::router())
            .merge(taps::router())
            .merge(terminals::router())
            .merge(osmand::router())
            .merge(traccar::router());
    }
    if app.config.runs(Role::Web) {
        routes = routes.merge(panel::router()).merge(readable()).merge(finance::router(app));
    }
    edge::wrap(routes, app).with_state(app.clone())
}

/// What people and apps read: sent compressed to those who can unpack it.
fn readable() -> Router<AppState> {
    let worth_it = DefaultPredicate::new()
        .and(NotForContentType::const_new("application/zip"))
        .and(NotForContentType::const_new("font/"));
    Router::new()
        .merge(departures::router())
        .merge(accuracy::router())
        .merge(stops::router())
        .merge(realtime::router())
        .merge(assets::router())
        .merge(pages::router())
        .layer(CompressionLayer::new().compress_when(worth_it))
}

/// What the legacy OsmAnd listener serves, and nothing else.
pub fn legacy_router(app: &AppState) -> Router {
    edge::wrap(osmand::legacy_router(), app).with_state(app.clone())
}
