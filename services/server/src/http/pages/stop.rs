//! `/s/{stop}`: the rider page of a stop, and what the code on its pole points to.
//!
//! `?part=rows` answers with the rows alone, which the script asks for again.

use super::frame::Frame;
use super::rows::{Departure, StopLink, board_view, rung_word};
use crate::live::{Common, finder};
use crate::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use gtfs::StopIdx;
use serde::Deserialize;
use std::sync::Arc;
use stop_display::board::View;

/// How many stops nearby are named.
const NEARBY_MAX: usize = 5;

/// The routes of this file.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/s/{stop}", get(stop))
}

#[derive(Debug, Deserialize)]
struct Asked {
    lang: Option<String>,
    part: Option<String>,
}

#[derive(Template)]
#[template(path = "stop.html")]
struct StopPage {
    f: Frame,
    stop: StopLink,
    view: View,
    rung: &'static str,
    rows: Vec<Departure>,
    twins: Vec<StopLink>,
    nearby: Vec<StopLink>,
    lat: f64,
    lon: f64,
}

#[derive(Template)]
#[template(path = "rows.html")]
struct RowsPart {
    f: Frame,
    view: View,
    rung: &'static str,
    rows: Vec<Departure>,
}

#[derive(Template)]
#[template(path = "lost.html")]
pub(super) struct LostPage {
    pub(super) f: Frame,
}

async fn stop(
    State(app): State<AppState>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let common = app.live.common.load_full();
    let f = Frame::of(&app, common.as_deref(), asked.lang.as_deref(), &headers);
    let found = common.and_then(|common| {
        let stop = common.timetable.stop(&id)?;
        Some((common, stop, app.live.hub.topic(&id)?))
    });
    let Some((common, stop, topic)) = found else {
        return super::page(StatusCode::NOT_FOUND, LostPage { f }.render());
    };
    let view = board_view(&app, &topic, f.now, f.lang);
    let rows = view.rows.iter().cloned().map(Departure::from).collect();
    let rendered = if asked.part.as_deref() == Some("rows") {
        RowsPart { f, rung: rung_word(view.rung), view, rows }.render()
    } else {
        whole(f, &common, stop, view, rows).render()
    };
    super::page(StatusCode::OK, rendered)
}

fn whole(f: Frame, common: &Arc<Common>, stop: StopIdx, view: View, rows: Vec<Departure>) -> StopPage {
    let row = &common.timetable.stops[stop.at()];
    let around = finder::near(&common.timetable, row.lat, row.lon);
    let others = around.iter().filter(|(_, other)| *other != stop);
    let is_twin = |other: StopIdx| common.timetable.stops[other.at()].name.plain == row.name.plain;
    let link = |m: f64, other: StopIdx| StopLink {
        distance_m: format!("{m:.0}"),
        ..StopLink::of(common, other, f.lang)
    };
    let twins =
        others.clone().filter(|(_, other)| is_twin(*other)).map(|(m, other)| link(*m, *other)).collect();
    let nearby = others
        .filter(|(_, other)| !is_twin(*other))
        .take(NEARBY_MAX)
        .map(|(m, other)| link(*m, *other))
        .collect();
    StopPage {
        stop: StopLink::of(common, stop, f.lang),
        rung: rung_word(view.rung),
        view,
        rows,
        twins,
        nearby,
        lat: row.lat,
        lon: row.lon,
        f,
    }
}
