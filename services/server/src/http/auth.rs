//! Who sends: proven by a signature or by a token in the path.
//!
//! The body is read here, because a signature is over its bytes. Nothing of it is understood yet.

use super::error::ApiError;
use super::peer;
use crate::ingest::body::{self, BodyLimits};
use crate::ingest::device::{Device, SigningKey};
use crate::ingest::signature::{Parameters, Signed, header, sign_reply};
use crate::ingest::{body::unpack, note};
use crate::state::AppState;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use gtfs::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use store::Nonce;
use tracking::Tier;

/// A request whose sender is known.
#[derive(Debug)]
pub(super) struct Proven {
    /// The device.
    pub(super) device: Arc<Device>,
    /// How it proved itself.
    pub(super) tier: Tier,
    /// What the reply is signed with; `None` when the request was not signed.
    pub(super) signed: Option<ProvenKey>,
    /// When the last byte was here.
    pub(super) received: Timestamp,
    /// The body, unpacked.
    pub(super) body: Bytes,
}

/// The key of a signed request.
#[derive(Clone, Debug)]
pub(super) struct ProvenKey {
    key: SigningKey,
    nonce: Arc<str>,
}

impl Proven {
    /// The key that it was signed with; empty when it was not.
    #[must_use]
    pub(super) fn key_id(&self) -> Arc<str> {
        self.signed.as_ref().map_or_else(|| "".into(), |signed| Arc::clone(&signed.key.key_id))
    }

    /// The nonce to store with the records.
    #[must_use]
    pub(super) fn nonce(&self) -> Option<Nonce> {
        self.signed.as_ref().map(|signed| Nonce {
            key_id: Arc::clone(&signed.key.key_id),
            nonce: Arc::clone(&signed.nonce),
            received: self.received,
        })
    }
}

/// A JSON answer, signed when the request was.
pub(super) fn answer(app: &AppState, signed: Option<&ProvenKey>, body: Vec<u8>) -> Response {
    let json = (axum::http::header::CONTENT_TYPE, "application/json");
    let Some(ProvenKey { key, nonce }) = signed else { return ([json], body).into_response() };
    let headers = sign_reply(&key.key, &key.key_id, app.clock.now().s(), nonce, 200, &body);
    let signature = [
        (header::CONTENT_DIGEST, headers.digest),
        (header::SIGNATURE_INPUT, headers.input),
        (header::SIGNATURE, headers.signature),
    ];
    ([json], signature, body).into_response()
}

/// Proves a signed request (RFC 9421) and reads its body.
///
/// # Errors
/// 401 `signature`, `key` or `clock`, and what is wrong with the body.
pub(super) async fn signed(app: &AppState, request: Request) -> Result<Proven, ApiError> {
    let (parts, body) = request.into_parts();
    let signed = signature_headers(&parts.headers)?;
    let parameters = signed.parameters().map_err(|e| failed(app, "signature", &e.to_string()))?;
    let (device, key) = key_of(app, &parameters).await?;
    from_its_network(app, &device, &parts)?;
    in_window(app, &parameters)?;
    let limits = limits(app);
    let sent = body::read(&parts.headers, body, limits).await?;
    signed
        .verify(&key.key, &parameters, parts.method.as_str(), parts.uri.path(), &sent)
        .map_err(|e| failed(app, "signature", &e.to_string()))?;
    let received = app.clock.now();
    device.lane.lock().key_used(&key.kid, received);
    let proven_key = ProvenKey { key, nonce: parameters.nonce.as_str().into() };
    Ok(Proven {
        device,
        tier: Tier::Signed,
        signed: Some(proven_key),
        received,
        body: unpacked(&parts.headers, sent, limits)?,
    })
}

/// Reads the body of a request whose sender holds a token.
///
/// # Errors
/// 401 `token`, and what is wrong with the body.
pub(super) async fn token(app: &AppState, token: &str, request: Request) -> Result<Proven, ApiError> {
    let Some(device) = holder(app, token) else {
        note(app, "(a token)", "pings", "token", &[]).await;
        let message = "the token is not known or was revoked; see padriew device rotate";
        return Err(ApiError::unauthenticated("token", message));
    };
    let (parts, body) = request.into_parts();
    from_its_network(app, &device, &parts)?;
    let body = read(app, &parts, body).await?;
    Ok(Proven { device, tier: Tier::Token, signed: None, received: app.clock.now(), body })
}

/// Whether a device may come from where it comes from.
///
/// # Errors
/// 403 `network`.
pub(super) fn from_its_network(app: &AppState, device: &Device, parts: &Parts) -> Result<(), ApiError> {
    let from = peer::sender(&parts.extensions, &parts.headers, &app.config.http.trusted_proxies);
    if device.may_come_from(from) {
        return Ok(());
    }
    app.metrics.auth_failed("network");
    let message = format!("{} is not registered for {from}; see padriew device list", device.row.id);
    Err(ApiError::forbidden("network", message))
}

/// The device that holds a token; remembers that it was used.
pub(super) fn holder(app: &AppState, token: &str) -> Option<Arc<Device>> {
    let (device, kid) = app.ingest.registry.holder(token)?;
    device.lane.lock().key_used(&kid, app.clock.now());
    Some(device)
}

/// Reads and unpacks a body.
///
/// # Errors
/// What is wrong with it.
pub(super) async fn read(app: &AppState, parts: &Parts, body: axum::body::Body) -> Result<Bytes, ApiError> {
    let limits = limits(app);
    let sent = body::read(&parts.headers, body, limits).await?;
    unpacked(&parts.headers, sent, limits)
}

fn unpacked(headers: &HeaderMap, sent: Bytes, limits: BodyLimits) -> Result<Bytes, ApiError> {
    Ok(match unpack(headers, &sent, limits)? {
        std::borrow::Cow::Borrowed(_) => sent,
        std::borrow::Cow::Owned(unpacked) => unpacked.into(),
    })
}

fn limits(app: &AppState) -> BodyLimits {
    let ingest = &app.config.ingest;
    BodyLimits {
        sent_max: ingest.body_bytes_max,
        unpacked_max: ingest.unpacked_bytes_max,
        ratio_max: ingest.unpacked_ratio_max,
        time_max: Duration::from_secs(app.config.http.body_s_max),
    }
}

fn signature_headers(headers: &HeaderMap) -> Result<Signed<'_>, ApiError> {
    let get = |name: &'static str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.ok_or_else(|| {
            let message =
                format!("the {name} header is missing; sign the request, or post to /v1/pings/TOKEN");
            ApiError::unauthenticated("signature", message)
        })
    };
    Ok(Signed {
        input: get(header::SIGNATURE_INPUT)?,
        signature: get(header::SIGNATURE)?,
        digest: get(header::CONTENT_DIGEST)?,
    })
}

async fn key_of(app: &AppState, parameters: &Parameters) -> Result<(Arc<Device>, SigningKey), ApiError> {
    let key_id = parameters.key_id.as_str();
    let id = key_id.rsplit_once(':').map_or(key_id, |(device, _)| device);
    let Some(device) = app.ingest.registry.device(id) else {
        note(app, id, "pings", "key", &[]).await;
        let message =
            format!("\"{id}\" is not a registered device, or is suspended; see padriew device list");
        return Err(ApiError::unauthenticated("key", message));
    };
    match device.key(key_id).cloned() {
        Some(key) => Ok((device, key)),
        None => Err(failed(app, "key", &format!("\"{key_id}\" is not a live key of the device"))),
    }
}

fn in_window(app: &AppState, parameters: &Parameters) -> Result<(), ApiError> {
    let ahead_s = parameters.created_s - app.clock.now().s();
    if ahead_s.abs() <= app.config.ingest.signature_window_s {
        return Ok(());
    }
    let message = format!(
        "created is {ahead_s} s from the server's time; take the time from this reply's Date and sign again"
    );
    Err(failed(app, "clock", &message))
}

fn failed(app: &AppState, code: &'static str, message: &str) -> ApiError {
    app.metrics.auth_failed(code);
    ApiError::unauthenticated(code, message)
}
