//! `POST /v1/terminals/enrol`: a terminal takes the code that it was given at the depot for its own key, once.
//!
//! Whoever has the code gets the key, so nothing of either is ever logged, and a wrong one says no more than that.

use super::error::ApiError;
use super::peer;
use crate::http::edge::RequestId;
use crate::ingest::enroll;
use crate::ingest::seal::hex;
use crate::state::AppState;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{Actor, DeviceKind};

/// Bytes of a request.
const BODY_BYTES_MAX: usize = 1_024;

/// The routes of this file.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/v1/terminals/enrol", post(enrol)).layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

#[derive(Deserialize)]
struct Asked {
    terminal: String,
    code: String,
}

#[derive(Serialize)]
struct Enrolled {
    keyid: String,
    key: String,
    epoch_min: u32,
}

async fn enrol(State(app): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let by = caller(&app, &request);
    let (parts, body) = request.into_parts();
    let body: Bytes = super::auth::read(&app, &parts, body).await?;
    let asked: Asked = serde_json::from_slice(&body).map_err(|_says_the_code| {
        ApiError::unreadable("json", "send {\"terminal\":\"T-0412\",\"code\":\"...\"}")
    })?;
    within_tries(&app, &by)?;
    let enrolled = taken(&app, &asked, &by).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(enrolled)).into_response())
}

async fn taken(app: &AppState, asked: &Asked, by: &Actor) -> Result<Enrolled, ApiError> {
    let refused = || {
        app.metrics.auth_failed("code");
        let message = "the code is wrong, used, older than a day, or was tried too often; padriew terminal code gives another";
        ApiError::unauthenticated("code", message)
    };
    let device =
        app.ingest.registry.device(&asked.terminal).filter(|device| device.row.kind == DeviceKind::Terminal);
    let terminal = device.map(|device| Arc::clone(&device.row.id)).ok_or_else(refused)?;
    let (db, server_key) = (&app.db, &app.ingest.server_key);
    let key = enroll::key_for_code(db, server_key, &terminal, &asked.code, by).await?.ok_or_else(refused)?;
    // So that it signs at once.
    let _ = app.ingest.registry.refresh(db).await;
    let epoch_min = app.taps.terminal(&terminal).map_or(1, |terminal| terminal.epoch_min);
    Ok(Enrolled { keyid: key.key_id, key: hex(&key.secret), epoch_min })
}

fn within_tries(app: &AppState, by: &Actor) -> Result<(), ApiError> {
    app.taps.tries_code(by.at).map_err(|wait_s| {
        ApiError::too_often(
            wait_s.ceil().clamp(1.0, 60.0) as u32,
            "too many tries; wait, then send the code again",
        )
    })
}

fn caller(app: &AppState, request: &Request) -> Actor {
    let sender = peer::sender(request.extensions(), request.headers(), &app.config.http.trusted_proxies);
    let id = request.extensions().get::<RequestId>();
    Actor {
        at: app.clock.now(),
        who: "a terminal".into(),
        role: "code".into(),
        address: sender.to_string().into(),
        reason: "".into(),
        request_id: id.map_or_else(|| "".into(), |id| Arc::clone(&id.0)),
    }
}
