//! What does not add up: a list, and what people do about it.

use super::caller::Caller;
use super::{Asked, Page, failed, json};
use crate::http::error::ApiError;
use crate::state::AppState;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use bytes::Bytes;
use gtfs::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{DiscrepancyState, StoredDiscrepancy};

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/v1/finance/discrepancies", get(list))
        .route("/v1/finance/discrepancies/{id}/assign", post(assign))
        .route("/v1/finance/discrepancies/{id}/resolve", post(resolve))
}

async fn list(
    State(app): State<AppState>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page<DiscrepancyShown>>, ApiError> {
    let word = asked.state.as_deref().unwrap_or("open");
    let state = DiscrepancyState::from_word(word).ok_or_else(|| {
        ApiError::unreadable("state", format!("{word:?} is none of open, assigned, resolved"))
    })?;
    let rows = app.db.discrepancies(state, asked.after(), asked.limit()).await.map_err(failed)?;
    let now = app.clock.now();
    let rows = rows.iter().map(|row| (row.id.to_string(), DiscrepancyShown::of(row, now))).collect();
    Ok(Json(Page::of(rows, asked.limit())))
}

#[derive(Debug, Deserialize)]
struct Assign {
    owner: String,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    reason: String,
}

async fn assign(
    State(app): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<DiscrepancyShown>, ApiError> {
    let owner = json::<Assign>(&body)?.owner;
    if app.db.operator(&owner).await.map_err(failed)?.is_none_or(|operator| operator.revoked.is_some()) {
        return Err(ApiError::unprocessable("owner", format!("there is no operator {owner:?}")));
    }
    let done = app.db.discrepancy_assign(id, &owner, &caller.actor(&app, "")).await.map_err(failed)?;
    changed(&app, id, done).await
}

async fn resolve(
    State(app): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<DiscrepancyShown>, ApiError> {
    let reason = json::<Resolve>(&body)?.reason;
    let by = caller.actor(&app, &reason);
    let done = app.db.discrepancy_resolve(id, &reason, &by).await.map_err(failed)?;
    changed(&app, id, done).await
}

async fn changed(app: &AppState, id: i64, done: bool) -> Result<Json<DiscrepancyShown>, ApiError> {
    let stored = app.db.discrepancy(id).await.map_err(failed)?;
    match stored {
        None => Err(ApiError::not_found("discrepancy", format!("there is no discrepancy {id}"))),
        Some(_) if !done => Err(ApiError::unprocessable("resolved", format!("discrepancy {id} is resolved"))),
        Some(row) => Ok(Json(DiscrepancyShown::of(&row, app.clock.now()))),
    }
}

#[derive(Debug, Serialize)]
struct DiscrepancyShown {
    id: i64,
    kind: Arc<str>,
    subject: Arc<str>,
    amount_satang: Option<i64>,
    day: String,
    found_us: i64,
    age_s: i64,
    detail: Arc<str>,
    owner: Arc<str>,
    state: &'static str,
    changed_us: i64,
    resolution: Arc<str>,
}

impl DiscrepancyShown {
    fn of(row: &StoredDiscrepancy, now: Timestamp) -> Self {
        Self {
            id: row.id,
            kind: Arc::clone(&row.found.kind),
            subject: Arc::clone(&row.found.subject),
            amount_satang: row.found.amount.map(|amount| amount.0),
            day: row.found.day.to_string(),
            found_us: row.found.found.0,
            age_s: now.s() - row.found.found.s(),
            detail: Arc::clone(&row.found.detail),
            owner: Arc::clone(&row.owner),
            state: row.state.word(),
            changed_us: row.changed.0,
            resolution: Arc::clone(&row.resolution),
        }
    }
}
