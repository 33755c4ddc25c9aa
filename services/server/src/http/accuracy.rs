//! `GET /v1/accuracy`: how predictions do, by route and by minutes to go, as the server scores them itself.
//!
//! `{"at": epoch s, "all": windows, "routes": [{"id", "name", "ok", ...windows}]}`, where windows are
//! `last_30_min`, `today` (the service day) and `days_28` (up to 28 finished days, which
//! outlive a restart), each `{"n", "mae_s", "bias_s", "benchmark", "mbta", "inside_80", "arrivals", "unpredicted",
//! "ghosts", "horizons": [{"min", "n", "mae_s", "bias_s", "benchmark", "inside_80"}]}`. Shares are 0 to
//! 1; a figure that nothing stands behind is null; errors are positive when vehicles came later than told.
//! `ok` is false while a route's predictions are not told because they did not hold.

use super::error::ApiError;
use super::public;
use crate::live::{Scored, WINDOWS, route_info};
use crate::state::AppState;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use std::collections::BTreeMap;
use tracking::score::{HORIZON_NAMES, Score, Windows};

/// How long an answer may be kept, seconds: figures are renewed that often.
const MAX_AGE_S: u32 = 10;
/// When to try again while nothing has been scored, seconds.
const RETRY_S: u32 = 10;

/// The routes of this file.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/v1/accuracy", get(accuracy))
}

async fn accuracy(State(app): State<AppState>, headers: HeaderMap) -> Result<Response, ApiError> {
    let scored = app.live.accuracy.scored().ok_or_else(|| {
        ApiError::busy(RETRY_S, "this process has scored nothing; ask the one that runs the tracking role")
    })?;
    let etag = format!("W/\"{}-{}\"", app.live.epoch, scored.at.0);
    Ok(public::unless_known(&headers, &etag, MAX_AGE_S, || Json(AccuracyWire::of(&scored)).into_response()))
}

#[derive(Serialize)]
struct AccuracyWire {
    at: i64,
    all: WindowsWire,
    routes: Vec<RouteWire>,
}

/// By the names of [`WINDOWS`].
type WindowsWire = BTreeMap<&'static str, ScoreWire>;

#[derive(Serialize)]
struct RouteWire {
    id: String,
    name: String,
    ok: bool,
    #[serde(flatten)]
    windows: WindowsWire,
}

#[derive(Serialize)]
struct ScoreWire {
    n: u64,
    mae_s: Option<f64>,
    bias_s: Option<f64>,
    benchmark: Option<f64>,
    mbta: Option<f64>,
    inside_80: Option<f64>,
    arrivals: u64,
    unpredicted: u64,
    ghosts: u64,
    horizons: Vec<HorizonWire>,
}

#[derive(Serialize)]
struct HorizonWire {
    min: &'static str,
    n: u64,
    mae_s: Option<f64>,
    bias_s: Option<f64>,
    benchmark: Option<f64>,
    inside_80: Option<f64>,
}

impl AccuracyWire {
    fn of(scored: &Scored) -> Self {
        let timetable = &scored.common.timetable;
        let routes = scored.accuracy.routes.iter().map(|row| RouteWire {
            id: timetable.routes[row.route.at()].id.to_string(),
            name: route_info(timetable, row.route).name,
            ok: row.trusted,
            windows: windows(&row.windows),
        });
        Self { at: scored.at.s(), all: windows(&scored.accuracy.all), routes: routes.collect() }
    }
}

fn windows(windows: &Windows) -> WindowsWire {
    let scores = [&windows.recent, &windows.today, &windows.days];
    WINDOWS.into_iter().zip(scores.map(ScoreWire::from)).collect()
}

impl From<&Score> for ScoreWire {
    fn from(score: &Score) -> Self {
        let tally = &score.tally;
        let horizons = HORIZON_NAMES.into_iter().enumerate().map(|(at, min)| HorizonWire {
            min,
            n: tally.n_at(at),
            mae_s: tally.mae_s(at).map(tenth),
            bias_s: tally.bias_at_s(at).map(tenth),
            benchmark: tally.right_at(at).map(thousandth),
            inside_80: tally.interval_coverage_at(at).map(thousandth),
        });
        Self {
            n: tally.n(),
            mae_s: tally.mae_all_s().map(tenth),
            bias_s: tally.bias_s().map(tenth),
            benchmark: tally.benchmark().map(thousandth),
            mbta: score.mbta.average().map(thousandth),
            inside_80: tally.interval_coverage().map(thousandth),
            arrivals: score.arrivals,
            unpredicted: score.unpredicted,
            ghosts: score.ghosts,
            horizons: horizons.collect(),
        }
    }
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn thousandth(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}
