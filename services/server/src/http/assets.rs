//! Files that pages need: the style sheet, the script and the icon of the rider pages, and the built
//! panel page. Embedded in the program; a debug build reads them from disk.

use crate::state::AppState;
use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;
use std::borrow::Cow;

/// The version of the rider pages' own files; part of their address, so that they may be kept for ever.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "-1");
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

#[derive(RustEmbed)]
#[folder = "assets"]
struct Own;

#[derive(RustEmbed)]
#[folder = "../../stop-display/web/dist"]
#[allow_missing = true]
struct PanelWeb;

/// The routes of this file.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/assets/{version}/{file}", get(own)).route("/favicon.ico", get(icon))
}

/// The version in addresses under `/assets/`.
pub(super) fn version() -> &'static str {
    VERSION
}

/// A file of the built panel page; `None` when there is none, or the page was not built.
pub(super) fn panel_web(path: &str) -> Option<Response> {
    let data = PanelWeb::get(path).map(|file| file.data).or_else(|| built_since(path))?;
    let keep = if path.starts_with("assets/") { FOR_EVER } else { ASK_AGAIN };
    let mut response = answer(path, data, keep);
    if path == "sw.js" {
        response.headers_mut().insert("service-worker-allowed", HeaderValue::from_static("/panel/"));
    }
    Some(response)
}

/// A debug build also serves a panel page that was built after the program was.
fn built_since(path: &str) -> Option<Cow<'static, [u8]>> {
    let path = std::path::Path::new(path);
    let is_plain = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if !cfg!(debug_assertions) || !is_plain {
        return None;
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../stop-display/web/dist");
    std::fs::read(std::path::Path::new(folder).join(path)).ok().map(Cow::Owned)
}

async fn own(Path((version, file)): Path<(String, String)>) -> Response {
    let keep = if version == VERSION { FOR_EVER } else { ASK_AGAIN };
    Own::get(&file)
        .map_or_else(|| StatusCode::NOT_FOUND.into_response(), |found| answer(&file, found.data, keep))
}

async fn icon() -> Response {
    let found = Own::get("icon.svg");
    found.map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |file| answer("icon.svg", file.data, ASK_AGAIN),
    )
}

fn answer(path: &str, data: Cow<'static, [u8]>, keep: &'static str) -> Response {
    let body = match data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    ([(header::CONTENT_TYPE, media_type(path)), (header::CACHE_CONTROL, keep)], body).into_response()
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}
