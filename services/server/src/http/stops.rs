//! Stops and lines for other people's pages: `GET /v1/stops?q=|near=`, `/v1/stops/{id}`, `/v1/routes`,
//! and the timetable itself at `/gtfs.zip`.

use super::error::ApiError;
use super::public;
use crate::live::{Common, finder, mode_word, route_info, route_infos_at};
use crate::state::AppState;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use gtfs::{RouteIdx, StopIdx};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use stop_display::frame::Text;

/// How long answers may be kept, seconds: names change with a feed, not with the minute.
const MAX_AGE_S: u32 = 60;
/// When to try again while no timetable is loaded, seconds.
const RETRY_S: u32 = 5;

/// The routes of this file.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/v1/stops", get(find))
        .route("/v1/stops/{id}", get(stop))
        .route("/v1/routes", get(routes))
        .route("/gtfs.zip", get(feed))
}

#[derive(Debug, Deserialize)]
struct Asked {
    q: Option<String>,
    near: Option<String>,
}

#[derive(Serialize)]
struct Stops {
    stops: Vec<StopWire>,
}

#[derive(Serialize)]
struct StopWire {
    id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    code: String,
    name: Text,
    /// `stop` or `pier`.
    kind: String,
    lat: f64,
    lon: f64,
    #[serde(skip_serializing_if = "String::is_empty")]
    platform: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    wheelchair: Option<bool>,
    /// route_id of the lines that call here.
    routes: Vec<String>,
    /// Straight-line distance from `near`, metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_m: Option<u32>,
}

#[derive(Serialize)]
struct Routes {
    routes: Vec<RouteWire>,
}

#[derive(Serialize)]
struct RouteWire {
    id: String,
    name: String,
    long_name: Text,
    color: String,
    text_color: String,
    mode: &'static str,
    agency: Text,
}

async fn find(
    State(app): State<AppState>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let common = common(&app)?;
    let stops = match (&asked.near, &asked.q) {
        (Some(near), _) => {
            let (lat, lon) = place(near)?;
            let near = finder::near(&common.timetable, lat, lon);
            near.into_iter().map(|(m, stop)| StopWire::of(&common, stop, Some(m.round() as u32))).collect()
        }
        (None, Some(q)) => {
            common.finder.by_name(q).into_iter().map(|stop| StopWire::of(&common, stop, None)).collect()
        }
        (None, None) => {
            return Err(ApiError::unreadable("question", "ask with ?q=name or ?near=latitude,longitude"));
        }
    };
    Ok(answer(&common, &headers, &Stops { stops }))
}

async fn stop(
    State(app): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let common = common(&app)?;
    let stop = common.timetable.stop(&id).ok_or_else(|| {
        ApiError::not_found("stop", "there is no such stop; /v1/stops?q= finds them by name")
    })?;
    Ok(answer(&common, &headers, &StopWire::of(&common, stop, None)))
}

async fn routes(State(app): State<AppState>, headers: HeaderMap) -> Result<Response, ApiError> {
    let common = common(&app)?;
    let routes =
        (0..common.timetable.routes.len()).map(|at| RouteWire::of(&common, RouteIdx::new(at))).collect();
    Ok(answer(&common, &headers, &Routes { routes }))
}

async fn feed(State(app): State<AppState>, headers: HeaderMap) -> Result<Response, ApiError> {
    let file = app.live.feed_file.load_full().ok_or_else(|| {
        ApiError::not_found("feed", "this server does not hand out its timetable as a file")
    })?;
    let etag = format!("\"{:016x}\"", file.hash);
    Ok(public::unless_known(&headers, &etag, MAX_AGE_S, || {
        let named = "attachment; filename=\"gtfs.zip\"";
        let headers = [(header::CONTENT_TYPE, "application/zip"), (header::CONTENT_DISPOSITION, named)];
        (headers, file.zip.clone()).into_response()
    }))
}

fn common(app: &AppState) -> Result<Arc<Common>, ApiError> {
    let loaded = app.live.common.load_full();
    loaded.ok_or_else(|| ApiError::busy(RETRY_S, "no timetable is loaded yet; try again soon"))
}

/// JSON that stands for as long as the feed does.
fn answer(common: &Common, headers: &HeaderMap, body: &impl Serialize) -> Response {
    let etag = format!("W/\"{:016x}\"", common.timetable.feed.hash);
    public::unless_known(headers, &etag, MAX_AGE_S, || Json(body).into_response())
}

/// `latitude,longitude` in degrees.
fn place(text: &str) -> Result<(f64, f64), ApiError> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    text.split_once(',')
        .and_then(|(lat, lon)| Some((number(lat)?, number(lon)?)))
        .filter(|(lat, lon)| (-90.0..=90.0).contains(lat) && (-180.0..=180.0).contains(lon))
        .ok_or_else(|| {
            ApiError::unreadable("near", "near is latitude,longitude in degrees, such as near=13.69,101.07")
        })
}

impl StopWire {
    fn of(common: &Common, stop: StopIdx, distance_m: Option<u32>) -> Self {
        let row = &common.timetable.stops[stop.at()];
        let info = common.words.stop(&common.timetable, stop);
        Self {
            id: info.id,
            code: row.code.to_string(),
            name: info.name,
            kind: info.kind,
            lat: row.lat,
            lon: row.lon,
            platform: row.platform.to_string(),
            wheelchair: row.wheelchair,
            routes: route_infos_at(&common.timetable, stop).into_keys().collect(),
            distance_m,
        }
    }
}

impl RouteWire {
    fn of(common: &Common, route: RouteIdx) -> Self {
        let row = &common.timetable.routes[route.at()];
        let info = route_info(&common.timetable, route);
        Self {
            id: row.id.to_string(),
            name: info.name,
            long_name: common.words.text(&row.long_name),
            color: info.color,
            text_color: info.text,
            mode: mode_word(row.mode),
            agency: common.words.text(&common.timetable.agencies[row.agency.at()].name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_latitude_and_longitude_in_that_order() {
        assert_eq!(place("13.69, 101.07").ok(), Some((13.69, 101.07)));
        for wrong in ["101.07,13.69", "13.69", "north,east", "91,0", "nan,0"] {
            assert_eq!(place(wrong).err().map(|refusal| refusal.code()), Some("near"), "{wrong}");
        }
    }
}
