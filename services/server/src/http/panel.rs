//! `GET /v1/panel`: boards pushed to panels (with a token) and phones (without) over WebSocket.
//!
//! One task per connection, which remembers only the number of the state its reader has. Newest wins:
//! a reader that falls behind gets the deltas it lacks or a snapshot, never a queue. The rules of the
//! protocol are in `stop_display::frame`.

mod conversation;
mod enrolled;
mod pace;

use super::error::ApiError;
use crate::state::AppState;
use axum::Router;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::get;
use conversation::Conversation;
use stop_display::frame::FROM_PANEL_BYTES_MAX;

/// Per connection: what is read at once, bytes. The library's default would cost 128 KiB each.
const READ_BUFFER_BYTES: usize = 4_096;
/// Per connection: 0 hands each frame to the socket at once.
const WRITE_BUFFER_BYTES: usize = 0;
/// Per connection: what may wait for a slow socket, bytes.
const WRITE_BUFFER_BYTES_MAX: usize = 64 * 1024;
/// After how long a reader over the limit may come back, seconds.
const FULL_RETRY_S: u32 = 5;

/// The routes of this file.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/v1/panel", get(upgrade))
}

async fn upgrade(
    State(app): State<AppState>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    if app.live.sockets.is_full() || app.stopping.is_cancelled() {
        return Err(ApiError::busy(FULL_RETRY_S, "no more panels can be served; try again soon"));
    }
    let token = bearer(&headers);
    Ok(upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .max_message_size(FROM_PANEL_BYTES_MAX)
        .max_frame_size(FROM_PANEL_BYTES_MAX)
        .on_upgrade(|socket| Conversation::hold(app, socket, token)))
}

/// The token of an `Authorization: Bearer` header.
fn bearer(headers: &HeaderMap) -> Option<Box<str>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(|token| token.trim().into())
}
