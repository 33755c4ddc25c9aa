//! `POST /v1/taps`, signed: taps of a fare terminal, or its heartbeat; an ack when all is on disk.

mod reply;

use super::auth::{self, Proven};
use super::error::ApiError;
use crate::ingest::taps::{self, Incoming, wire};
use crate::state::AppState;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use gtfs::Timestamp;
use reply::Reply;

/// The routes of this file.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/v1/taps", post(signed))
}

async fn signed(State(app): State<AppState>, request: Request) -> Result<Response, ApiError> {
    // The moment that the clocks of the request are compared with: its head is here, its body may take long.
    let received = app.clock.now();
    let proven = auth::signed(&app, request).await?;
    take(&app, proven, received).await
}

async fn take(app: &AppState, proven: Proven, received: Timestamp) -> Result<Response, ApiError> {
    let (nonce, key_id) = (proven.nonce(), proven.key_id());
    let Proven { device, signed, body, .. } = proven;
    let request = match wire::read(&body, received) {
        Ok(request) => request,
        Err(refusal) => return Err(taps::keep_body(app, &device, &body, refusal).await),
    };
    let outcome = taps::accept(app, Incoming { device, key_id, nonce, request, body }).await?;
    let reply = Reply { outcome: &outcome, now: app.clock.now() };
    Ok(auth::answer(app, signed.as_ref(), reply.json()?))
}
