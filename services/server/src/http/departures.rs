//! `GET /v1/stops/{id}/departures`: the board of a stop as one snapshot frame.
//!
//! The way for a panel whose network blocks WebSocket, and for anybody's own page. The body is the very
//! frame that `/v1/panel` sends first; `?sv=` with the version that the caller has leaves the 36 hours
//! of timetable out, as does leaving `sv` away.

use super::error::ApiError;
use super::public;
use crate::state::AppState;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

const JSON: &str = "application/json; charset=utf-8";
/// How long an answer may be kept, seconds.
const MAX_AGE_S: u32 = 1;

/// The routes of this file.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/v1/stops/{id}/departures", get(departures))
}

#[derive(Debug, Deserialize)]
struct Asked {
    sv: Option<String>,
}

async fn departures(
    State(app): State<AppState>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let topic = app.live.hub.topic(&id).ok_or_else(|| {
        ApiError::not_found("stop", "there is no such stop; /v1/stops?q= finds them by name")
    })?;
    let now = app.clock.now();
    topic.mark_read(now);
    let board = topic.board();
    let etag = format!("W/\"{}-{}\"", board.ep, board.seq);
    Ok(public::unless_known(&headers, &etag, MAX_AGE_S, || {
        let sv = asked.sv.as_deref().unwrap_or(&board.place.sched().sv);
        ([(header::CONTENT_TYPE, JSON)], board.snapshot(now, sv)).into_response()
    }))
}
