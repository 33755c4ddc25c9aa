//! `/metrics`, for loopback and listed addresses.

use super::error::ApiError;
use crate::state::AppState;
use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use std::net::SocketAddr;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The routes of this file.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/metrics", get(metrics))
}

async fn metrics(
    State(app): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
) -> Result<impl IntoResponse, ApiError> {
    if !peer.ip().is_loopback() && !app.config.http.metrics_allowed.contains(&peer.ip()) {
        return Err(ApiError::not_found("not_found", "there is nothing at this path"));
    }
    let health = app.writer.health();
    app.metrics.queue_fill("live", health.live_fill_ratio.into());
    app.metrics.queue_fill("backfill", health.backfill_fill_ratio.into());
    let taps = app.taps.writer.health();
    app.metrics.queue_fill("taps", taps.live_fill_ratio.into());
    app.metrics.queue_fill("taps_backfill", taps.backfill_fill_ratio.into());
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], app.metrics.text()))
}
