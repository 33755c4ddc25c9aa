//! `/gtfs-rt/{trip-updates,vehicle-positions,alerts}.{pb,json}`: the feeds for other apps.
//!
//! A process that does not track serves what the tracking one sends over the bus. `Age` (RFC 9111, 5.1) says
//! how old the feed is; one that is too old to be live is not served.

use super::error::ApiError;
use super::public;
use crate::live::{Feed, Snapshot};
use crate::state::AppState;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json; charset=utf-8";
/// How long an answer may be kept, seconds: the feeds are made anew each second.
const MAX_AGE_S: u32 = 1;
/// When to try again while there is nothing to serve, seconds.
const RETRY_S: u32 = 5;

/// The routes of this file.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/gtfs-rt/{file}", get(feed))
}

async fn feed(
    State(app): State<AppState>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (feed, form) = named(&file)?;
    let snapshot = app.live.realtime.load_full().ok_or_else(|| nothing(&app))?;
    let now = app.clock.now();
    if snapshot.is_too_old(now) {
        let says =
            format!("the tracking process was last heard {} s ago; try again soon", snapshot.age_s(now));
        return Err(ApiError::busy(RETRY_S, says));
    }
    let etag = format!("W/\"{}-{}\"", snapshot.epoch, snapshot.timestamp_s);
    let mut response = public::unless_known(&headers, &etag, MAX_AGE_S, || form.answer(&snapshot, feed));
    response.headers_mut().insert(header::AGE, snapshot.age_s(now).into());
    Ok(response)
}

/// Why there is no feed at all.
fn nothing(app: &AppState) -> ApiError {
    let says = match app.feeds.current() {
        None => "no timetable is loaded yet; try again soon",
        Some(_) => "the tracking process was not heard yet; processes are joined with --bus redis://HOST",
    };
    ApiError::busy(RETRY_S, says)
}

#[derive(Clone, Copy)]
enum Form {
    Protobuf,
    Json,
}

impl Form {
    fn answer(self, snapshot: &Arc<Snapshot>, feed: Feed) -> Response {
        match self {
            Self::Protobuf => ([(header::CONTENT_TYPE, PROTOBUF)], snapshot.protobuf(feed)).into_response(),
            Self::Json => ([(header::CONTENT_TYPE, JSON)], snapshot.json(feed)).into_response(),
        }
    }
}

fn named(file: &str) -> Result<(Feed, Form), ApiError> {
    let unknown = || {
        ApiError::not_found(
            "feed",
            "there are trip-updates, vehicle-positions and alerts, each as .pb and as .json",
        )
    };
    let (name, extension) = file.rsplit_once('.').ok_or_else(unknown)?;
    let feed = match name {
        "trip-updates" => Feed::TripUpdates,
        "vehicle-positions" => Feed::VehiclePositions,
        "alerts" => Feed::Alerts,
        _ => return Err(unknown()),
    };
    match extension {
        "pb" => Ok((feed, Form::Protobuf)),
        "json" => Ok((feed, Form::Json)),
        _ => Err(unknown()),
    }
}
