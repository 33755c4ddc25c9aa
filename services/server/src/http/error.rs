//! The only place that makes an HTTP status that is not success.
//!
//! Bodies are `{"error":{"code","message","request"}}`: a stable word, a sentence that says what to
//! change, and the request id that the log has too. Never internals.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A refusal, or a failure of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after_s: Option<u32>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after_s: None }
    }

    /// 400: the request can not be read.
    pub fn unreadable(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 401: who sent it is not known or not proven.
    pub fn unauthenticated(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }

    /// 403: known, but not allowed.
    pub fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// 404: there is no such thing.
    pub fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// 408: the body did not come in time.
    pub fn too_slow(message: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "timeout", message)
    }

    /// 413: more than a limit allows.
    pub fn too_large(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, code, message)
    }

    /// 415: a body of a kind that is not taken here.
    pub fn wrong_media(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media", message)
    }

    /// 422: readable, but its envelope makes no sense.
    pub fn unprocessable(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    /// 429: more often than agreed.
    pub fn too_often(retry_after_s: u32, message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate", message).retry_after(retry_after_s)
    }

    /// 503: not now; try again after `retry_after_s`.
    pub fn busy(retry_after_s: u32, message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message).retry_after(retry_after_s)
    }

    /// 507: the store failed; nothing was acknowledged; try again after `retry_after_s`.
    pub fn store_failed(retry_after_s: u32, message: impl Into<String>) -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "store", message).retry_after(retry_after_s)
    }

    /// 500: a fault of ours. The cause goes to the log, not to the caller.
    pub fn internal(cause: &anyhow::Error) -> Self {
        tracing::error!(cause = format!("{cause:#}"), "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the server failed; the log has the cause")
    }

    fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The status, for logs and tests.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable word, for logs and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What to change, for logs.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The answer, with its request id.
    pub(crate) fn answer(&self, request: &str) -> Response {
        let body = Body { error: Fault { code: self.code, message: &self.message, request } };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// What to say for an error status that a layer made without a body, such as 404 or 405.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (code, message) = match status {
            StatusCode::NOT_FOUND => ("not_found", "there is nothing at this path"),
            StatusCode::METHOD_NOT_ALLOWED => ("method", "this path does not take that method"),
            StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "the body is larger than this path takes"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ("media", "the content type is not taken here"),
            _ => ("refused", "the request can not be answered"),
        };
        Self::new(status, code, message)
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: Fault<'a>,
}

#[derive(Serialize)]
struct Fault<'a> {
    code: &'a str,
    message: &'a str,
    request: &'a str,
}

/// The header that carries the request id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The refusal travels as an extension; [`super::edge`] writes it with the request id.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(cause: anyhow::Error) -> Self {
        Self::internal(&cause)
    }
}
