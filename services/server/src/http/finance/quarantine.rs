//! Taps that could not be read: a list by age, one with its bytes, and what a person makes of it.

use super::caller::Caller;
use super::{Asked, failed, json};
use crate::http::error::ApiError;
use crate::ingest::taps::wire;
use crate::state::AppState;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use bytes::Bytes;
use gtfs::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use store::Change;
use store::tap_quarantine::{QuarantineState, QuarantinedTap};

/// Seconds of a day, for ages.
const DAY_S: f64 = 86_400.0;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/v1/finance/quarantine", get(list))
        .route("/v1/finance/quarantine/{id}", get(one))
        .route("/v1/finance/quarantine/{id}/inject", post(inject))
        .route("/v1/finance/quarantine/{id}/dismiss", post(dismiss))
}

/// What was refused; the bytes, which may name a card, only when it is asked for alone.
#[derive(Debug, Serialize)]
struct QuarantineShown {
    id: i64,
    received_us: i64,
    age_d: i64,
    terminal: Arc<str>,
    epoch: Option<u32>,
    seq: Option<i64>,
    code: Arc<str>,
    detail: Arc<str>,
    state: &'static str,
    settled_by: Arc<str>,
    reason: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
}

impl QuarantineShown {
    fn of(row: QuarantinedTap, now: Timestamp) -> Self {
        Self {
            id: row.id,
            received_us: row.clock.received.0,
            age_d: (now.since_s(row.clock.received) / DAY_S) as i64,
            terminal: row.terminal,
            epoch: row.epoch,
            seq: row.seq,
            code: row.code,
            detail: row.detail,
            state: row.state.word(),
            settled_by: row.settled_by,
            reason: row.reason,
            raw: None,
        }
    }
}

/// What nobody has dealt with, or what is `?state=fixed` or `dismissed`, oldest first.
async fn list(
    State(app): State<AppState>,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<QuarantineShown>>, ApiError> {
    let word = asked.state.as_deref().unwrap_or("open");
    let state = QuarantineState::from_word(word).ok_or_else(|| {
        ApiError::unreadable("state", format!("{word:?} is none of open, fixed, dismissed"))
    })?;
    let rows = app.db.taps_in_quarantine(state, asked.limit()).await.map_err(failed)?;
    let now = app.clock.now();
    Ok(Json(rows.into_iter().map(|row| QuarantineShown::of(row, now)).collect()))
}

async fn one(
    State(app): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<i64>,
) -> Result<Json<QuarantineShown>, ApiError> {
    let row = known(&app, id).await?;
    let subject = format!("tap_quarantine:{id}");
    let change = Change { action: "tap_quarantine_read".into(), subject, ..Change::default() };
    app.db.audit(&caller.actor(&app, ""), &change).await.map_err(failed)?;
    let raw = String::from_utf8_lossy(&row.raw).into_owned();
    Ok(Json(QuarantineShown { raw: Some(raw), ..QuarantineShown::of(row, app.clock.now()) }))
}

/// A tap as a person has mended it: all its fields as on the wire, but for the number, which stays.
#[derive(Deserialize)]
struct Inject<'a> {
    reason: String,
    #[serde(borrow)]
    tap: &'a RawValue,
}

#[derive(Debug, Serialize)]
struct Injected {
    tap: String,
}

async fn inject(
    State(app): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<Injected>, ApiError> {
    let asked: Inject<'_> = serde_json::from_slice(&body)
        .map_err(|error| ApiError::unreadable("json", format!("the body can not be read: {error}")))?;
    let row = known(&app, id).await?;
    let by = caller.actor(&app, &asked.reason);
    let block = wire::mended(asked.tap, &row)?;
    let tap = app.db.tap_mend(&row, block, asked.tap.get().as_bytes(), &by).await.map_err(failed)?;
    Ok(Json(Injected { tap: tap.to_string() }))
}

#[derive(Debug, Deserialize)]
struct Dismiss {
    reason: String,
}

async fn dismiss(
    State(app): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<QuarantineShown>, ApiError> {
    let reason = json::<Dismiss>(&body)?.reason;
    let row = known(&app, id).await?;
    app.db.tap_dismiss(&row, &caller.actor(&app, &reason)).await.map_err(failed)?;
    Ok(Json(QuarantineShown::of(known(&app, id).await?, app.clock.now())))
}

async fn known(app: &AppState, id: i64) -> Result<QuarantinedTap, ApiError> {
    let found = app.db.tap_quarantined(id).await.map_err(failed)?;
    found.ok_or_else(|| ApiError::not_found("quarantine", format!("there is no quarantined tap {id}")))
}
