//! `POST /v1/traccar/{token}`: positions that a Traccar server forwards.
//!
//! The token is the forwarder's, a device registered for `traccar-forwarder`. It speaks for devices
//! registered for `traccar` and for no others, and proves itself, not them: trust tier T0. A record that
//! the rules refuse is answered 200, because Traccar would send it again.

use super::auth::{self, Proven};
use super::error::ApiError;
use crate::ingest::{Incoming, accept, note, traccar};
use crate::state::AppState;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::routing::post;
use tracking::Tier;

/// The adapter's name in the store, the registry and the metrics.
const SOURCE: &str = "traccar";
/// What a forwarder is registered for.
const FORWARDER: &str = "traccar-forwarder";

/// The routes of this file.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/v1/traccar/{token}", post(forwarded))
}

async fn forwarded(
    State(app): State<AppState>,
    Path(token): Path<String>,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let proven = auth::token(&app, &token, request).await?;
    take(&app, proven).await
}

async fn take(app: &AppState, proven: Proven) -> Result<StatusCode, ApiError> {
    if *proven.device.row.protocol != *FORWARDER {
        return Err(ApiError::forbidden("token", "the token is not that of a traccar-forwarder"));
    }
    let decoded = traccar::decode(&proven.body)
        .map_err(|e| ApiError::unreadable("json", format!("the body can not be read: {e}")))?;
    let known = app.ingest.registry.device(&decoded.unique_id);
    let Some(device) = known.filter(|device| *device.row.protocol == *SOURCE) else {
        note(app, &decoded.unique_id, SOURCE, "key", &proven.body).await;
        return Err(ApiError::not_found("device", "uniqueId is not a device registered for traccar"));
    };
    let Some(record) = decoded.record else { return Ok(StatusCode::OK) };
    let incoming = Incoming {
        device,
        tier: Tier::Legacy,
        source: SOURCE,
        boot: None,
        nonce: None,
        records: vec![record],
        received: proven.received,
    };
    accept(app, incoming, || vec![proven.body.clone()]).await?;
    Ok(StatusCode::OK)
}
