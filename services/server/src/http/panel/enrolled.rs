//! Which stop an enrolled panel shows, once its token is proven.

use super::conversation::End;
use crate::live::NotEnrolled;
use crate::state::AppState;
use stop_display::frame::close;

/// The stop_id of a panel.
pub(super) fn stop_of(app: &AppState, panel: &str, token: &str) -> Result<String, End> {
    app.live.enrolled.stop_of(panel, token).map(|stop| stop.to_string()).map_err(|why| match why {
        NotEnrolled::Unknown => End::Close(close::UNKNOWN, "no such panel"),
        NotEnrolled::Token => {
            app.metrics.auth_failed("panel");
            End::Close(close::TOKEN, "wrong token")
        }
    })
}
