//! `/v1/osmand/{token}`, for OsmAnd, Traccar Client and phone trackers like them; and the opt-in
//! legacy listener, where `/?id=` is all there is.
//!
//! An empty 200 means that the record is on disk. Unknown senders get 400 (form 1) or 404 (form 2),
//! which is what stock apps expect.

use super::auth;
use super::error::ApiError;
use crate::ingest::device::Device;
use crate::ingest::osmand::{Decoded, decode_form, decode_json};
use crate::ingest::{Incoming, accept, note};
use crate::state::AppState;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::get;
use bytes::Bytes;
use gtfs::Timestamp;
use std::sync::Arc;
use tracking::Tier;

/// The adapter's name in the store, the registry and the metrics.
const SOURCE: &str = "osmand";

/// The routes of this file.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/v1/osmand/{token}", get(by_token).post(by_token))
}

/// The routes of the legacy listener (trust tier T0).
pub(super) fn legacy_router() -> Router<AppState> {
    Router::new().route("/", get(by_id).post(by_id))
}

async fn by_token(
    State(app): State<AppState>,
    Path(token): Path<String>,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let message = Message::read(&app, request).await?;
    let Some(device) = auth::holder(&app, &token) else {
        note(&app, "(a token)", SOURCE, "token", &[]).await;
        return Err(message.unknown("the token is not known or was revoked"));
    };
    message.take(&app, device, Tier::Token).await
}

async fn by_id(State(app): State<AppState>, request: Request) -> Result<StatusCode, ApiError> {
    let message = Message::read(&app, request).await?;
    let id = message.decoded(None)?.id.unwrap_or_default();
    // Only devices that are registered as no better: a signed one must not be spoken for by its id.
    let legacy =
        |device: &Arc<Device>| &*device.row.protocol == SOURCE && device.row.tier_max == Tier::Legacy;
    let Some(device) = app.ingest.registry.device(&id).filter(legacy) else {
        note(&app, &id, SOURCE, "key", &message.sent).await;
        return Err(message.unknown("the id is not registered for this listener"));
    };
    message.take(&app, device, Tier::Legacy).await
}

/// A request, read but not understood.
struct Message {
    parts: Parts,
    sent: Bytes,
    is_json: bool,
    received: Timestamp,
}

impl Message {
    async fn read(app: &AppState, request: Request) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let body = auth::read(app, &parts, body).await?;
        let is_json = body.first() == Some(&b'{');
        let query = parts.uri.query().unwrap_or_default();
        let sent = if is_json { body } else { [query.as_bytes(), b"&", &body].concat().into() };
        Ok(Self { parts, sent, is_json, received: app.clock.now() })
    }

    fn decoded(&self, device: Option<&Device>) -> Result<Decoded, ApiError> {
        if self.is_json {
            return decode_json(&self.sent, self.received)
                .map_err(|e| ApiError::unreadable("json", format!("the body can not be read: {e}")));
        }
        let unit = device.map(Device::osmand_unit).unwrap_or_default();
        Ok(decode_form(&self.sent, self.received, unit))
    }

    fn unknown(&self, message: &str) -> ApiError {
        if self.is_json {
            ApiError::not_found("device", message)
        } else {
            ApiError::unreadable("device", message)
        }
    }

    async fn take(&self, app: &AppState, device: Arc<Device>, tier: Tier) -> Result<StatusCode, ApiError> {
        auth::from_its_network(app, &device, &self.parts)?;
        let decoded = self.decoded(Some(&device))?;
        if decoded.id.is_some_and(|id| *id != *device.row.id) {
            return Err(self.unknown("the id is not that of the token's device"));
        }
        let Some(record) = decoded.record else { return Ok(StatusCode::OK) };
        let incoming = Incoming {
            device,
            tier,
            source: SOURCE,
            boot: None,
            nonce: None,
            records: vec![record],
            received: self.received,
        };
        accept(app, incoming, || vec![self.sent.clone()]).await?;
        Ok(StatusCode::OK)
    }
}
