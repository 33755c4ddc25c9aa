//! Rider pages, rendered on the server: complete without JavaScript, in Thai and English.
//!
//! The departures are drawn from the same board model as panels (`stop_display::board`), with the time
//! of the server's clock. A small script asks for the same rows again; it formats nothing itself.

mod frame;
mod index;
mod panel;
mod rows;
mod stop;
mod words;

use crate::state::AppState;
use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

/// The routes of this folder.
pub(super) fn router() -> Router<AppState> {
    Router::new().merge(index::router()).merge(stop::router()).merge(panel::router())
}

/// A rendered page as an answer. Pages hold times: nobody keeps them.
fn page(status: StatusCode, rendered: askama::Result<String>) -> Response {
    match rendered {
        Ok(html) => {
            let mut response = (status, Html(html)).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
            response
        }
        Err(failure) => super::error::ApiError::internal(&failure.into()).into_response(),
    }
}
