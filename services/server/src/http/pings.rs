//! `POST /v1/pings`, signed, and `POST /v1/pings/{token}`: a verdict per record, an ack when all is on disk.

mod reply;

use super::auth::{self, Proven};
use super::error::ApiError;
use crate::ingest::record::NO_BOOT;
use crate::ingest::{Incoming, accept, wire};
use crate::state::AppState;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use reply::Reply;

/// The adapter's name in the store and in the metrics.
const SOURCE: &str = "pings";

/// The routes of this file.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/v1/pings", post(signed)).route("/v1/pings/{token}", post(by_token))
}

async fn signed(State(app): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let proven = auth::signed(&app, request).await?;
    take(&app, proven).await
}

async fn by_token(
    State(app): State<AppState>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let proven = auth::token(&app, &token, request).await?;
    take(&app, proven).await
}

async fn take(app: &AppState, proven: Proven) -> Result<Response, ApiError> {
    let batch = wire::read(&proven.body, proven.received, app.config.ingest.records_max)?;
    let boot = numbered(batch.boot.as_deref(), proven.signed.is_some())?;
    app.metrics.unknown_fields(SOURCE, batch.unknown_fields);
    let nonce = proven.nonce();
    let Proven { device, tier, signed, received, body } = proven;
    let incoming = Incoming { device, tier, source: SOURCE, boot, nonce, records: batch.records, received };
    let outcome = accept(app, incoming, || raw(&body)).await?;
    let reply = Reply::of(&outcome, batch.boot.as_deref(), app.clock.now());
    Ok(auth::answer(app, signed.as_ref(), reply.json()?))
}

/// The boot of numbered records; `None` when the sender has no sequence, which only a token allows.
fn numbered(boot: Option<&str>, signed: bool) -> Result<Option<std::sync::Arc<str>>, ApiError> {
    match boot {
        Some(NO_BOOT) => Err(ApiError::unprocessable("envelope", "boot \"-\" is reserved; use another word")),
        None if signed => {
            Err(ApiError::unprocessable("envelope", "boot is missing; signed records are numbered"))
        }
        boot => Ok(boot.map(Into::into)),
    }
}

/// The bytes of each record, for the quarantine.
fn raw(body: &Bytes) -> Vec<Bytes> {
    wire::raw_records(body).into_iter().map(|raw| body.slice_ref(raw)).collect()
}
