//! `/panel/{stop}`: the panel page, and what it is made of under `/panel-web/`.
//!
//! The page is built from `stop-display/web` and embedded; a server built without it shows a board that
//! it draws itself and that the browser fetches again, so that a screen works without Node.

use super::frame::Frame;
use super::rows::{Departure, StopLink, board_view};
use super::stop::LostPage;
use crate::http::assets;
use crate::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use stop_display::board::View;

/// How many departures the page drawn here shows.
const ROWS_MAX: usize = 6;

/// The routes of this file.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/panel/{stop}", get(panel)).route("/panel-web/{*path}", get(part))
}

#[derive(Debug, Deserialize)]
struct Asked {
    lang: Option<String>,
    plain: Option<String>,
}

#[derive(Template)]
#[template(path = "panel.html")]
struct PanelPage {
    f: Frame,
    stop: StopLink,
    view: View,
    rows: Vec<Departure>,
    /// The address that shows the board in the other language.
    next: String,
}

async fn panel(
    State(app): State<AppState>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let built = assets::panel_web("index.html").filter(|_| asked.plain.is_none());
    let common = app.live.common.load_full();
    let f = Frame::of(&app, common.as_deref(), asked.lang.as_deref(), &headers);
    let known =
        common.as_ref().and_then(|common| Some((common.timetable.stop(&id)?, app.live.hub.topic(&id)?)));
    match (built, known, common) {
        // A panel that starts before the timetable is loaded must not be turned away.
        (Some(page), _, None) | (Some(page), Some(_), _) => with_policy(page, &headers),
        (None, Some((stop, topic)), Some(common)) => {
            let view = board_view(&app, &topic, f.now, f.lang);
            let rows = view.rows.iter().take(ROWS_MAX).cloned().map(Departure::from).collect();
            let next = format!("/panel/{id}?plain=1&lang={}", f.w.other_tag);
            let stop = StopLink::of(&common, stop, f.lang);
            super::page(StatusCode::OK, PanelPage { f, stop, view, rows, next }.render())
        }
        _ => super::page(StatusCode::NOT_FOUND, LostPage { f }.render()),
    }
}

async fn part(Path(path): Path<String>) -> Response {
    assets::panel_web(&path).unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

/// Older browsers do not count a WebSocket to the same host as `'self'`: the host is named.
fn with_policy(mut page: Response, headers: &HeaderMap) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|host| is_host(host));
    let sockets = host.map_or_else(String::new, |host| format!(" ws://{host} wss://{host}"));
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; \
         connect-src 'self'{sockets}; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    page
}

/// A host and port, and nothing that could end a policy.
fn is_host(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
}
