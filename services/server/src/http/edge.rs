//! What every answer carries: a request id, the time by our clock, and the security headers.
//!
//! Also where refusals get their body and requests are counted and timed.

use super::error::{ApiError, REQUEST_ID};
use crate::state::AppState;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::Instant;
use tracing::Instrument;

/// `reliability` 5. A page that needs more sets its own policy.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; \
    manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Headers that a handler may set otherwise, and every other answer has.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), "geolocation=(self)"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];
/// One year, in seconds; sent only when the public address is https.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=31536000; includeSubDomains";

/// The id of a request: in the log, in its answer's header and in error bodies.
#[derive(Clone, Debug)]
pub struct RequestId(pub Arc<str>);

#[derive(Clone)]
struct Edge {
    app: AppState,
    prefix: Arc<str>,
    count: Arc<AtomicU64>,
    https: bool,
}

/// Wraps routes in all of it.
pub fn wrap(routes: Router<AppState>, app: &AppState) -> Router<AppState> {
    let edge = Edge {
        app: app.clone(),
        prefix: format!("{:08x}", rand::random::<u32>()).into(),
        count: Arc::default(),
        https: app.config.public_url.starts_with("https://"),
    };
    routes.fallback(nowhere).layer(middleware::from_fn_with_state(edge, around))
}

async fn nowhere() -> StatusCode {
    StatusCode::NOT_FOUND
}

async fn around(State(edge): State<Edge>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let count = edge.count.fetch_add(1, Ordering::Relaxed);
    let id: Arc<str> = format!("{}-{count:x}", edge.prefix).into();
    let route = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    let span = tracing::debug_span!("request", %id);
    let mut response = next.run(request).instrument(span).await;
    if let Some(error) = refusal(&response) {
        let mut answer = error.answer(&id);
        keep_headers(&mut answer, &response);
        response = answer;
    }
    finish(&edge, &mut response, &id);
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    edge.app.metrics.http(route, response.status().as_u16(), begun.elapsed().as_secs_f64());
    response
}

/// The refusal an answer stands for; `None` when it has a body of its own.
fn refusal(response: &Response) -> Option<ApiError> {
    if let Some(error) = response.extensions().get::<ApiError>() {
        return Some(error.clone());
    }
    let status = response.status();
    let bodiless = !response.headers().contains_key(header::CONTENT_TYPE);
    (bodiless && (status.is_client_error() || status.is_server_error())).then(|| ApiError::of_status(status))
}

/// What the handler said besides, such as `Allow`.
fn keep_headers(answer: &mut Response, from: &Response) {
    for (name, value) in from.headers() {
        if name != header::CONTENT_LENGTH && name != header::CONTENT_TYPE {
            answer.headers_mut().insert(name, value.clone());
        }
    }
}

fn finish(edge: &Edge, response: &mut Response, id: &str) {
    let headers = response.headers_mut();
    for (name, value) in &HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if edge.https {
        let hsts = HeaderValue::from_static(STRICT_TRANSPORT_SECURITY);
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(hsts);
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    if let Ok(date) = HeaderValue::from_str(&http_date(edge.app.clock.now())) {
        headers.insert(header::DATE, date);
    }
}

/// IMF-fixdate (RFC 9110, 5.6.7).
#[must_use]
pub fn http_date(t: gtfs::Timestamp) -> String {
    t.utc().unwrap_or_default().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_written_as_http_has_it() {
        assert_eq!(http_date(gtfs::Timestamp::from_s(784_111_777)), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
