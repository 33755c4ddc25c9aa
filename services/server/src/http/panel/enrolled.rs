//! Which stop an enrolled panel shows, once its token is proven.

use super::conversation::End;
use crate::state::AppState;
use stop_display::frame::close;

/// The stop_id of a panel.
pub(super) async fn stop_of(_app: &AppState, _panel: &str, _token: &str) -> Result<String, End> {
    Err(End::Close(close::UNKNOWN, "no such panel"))
}
