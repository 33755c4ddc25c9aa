//! The frames of `GET /v1/panel`: JSON text, one object each, `k` names the kind.
//!
//! Times are epoch seconds UTC, texts are per language. A reader ignores keys and kinds it does not
//! know, and a missing optional key is omitted, not null; so either side may be newer than the other.
//! `v` in `hello` changes only when a field changes its meaning.
//!
//! These types do no IO and check no permission; the server and the client decide what to do.

mod from_panel;
mod parts;
#[cfg(test)]
mod tests;
mod to_panel;

pub use from_panel::{Ack, Cap, FromPanel, Hello, PanelHb, Resume, Rung, Token};
pub use parts::{Alert, Cfg, Fill, Level, RouteInfo, Row, SchedCall, Source, State, StopInfo, Text, Tile};
pub use to_panel::{Bye, Cmd, Delta, EtaHealth, FrameAge, Op, ServerHb, Snap, Takeover, ToPanel};

/// The protocol version a `hello` names.
pub const PROTOCOL_V: u32 = 1;
/// How often the server sends a heartbeat, seconds.
pub const SERVER_HB_S: u64 = 15;
/// How often a panel sends its heartbeat, seconds.
pub const PANEL_HB_S: u64 = 30;
/// A link without any frame for this long is dead: close it and try again, seconds.
pub const LINK_DEAD_S: u64 = 35;
/// A `hello` must arrive within this time of the upgrade, seconds.
pub const HELLO_WITHIN_S: u64 = 5;
/// The largest frame a panel may send, bytes.
pub const FROM_PANEL_BYTES_MAX: usize = 4096;

/// Why a connection was closed: WebSocket close codes of the protocol.
pub mod close {
    /// The server restarts; come back inside the window of `bye`.
    pub const RESTART: u16 = 1012;
    /// The reader was too slow.
    pub const TOO_SLOW: u16 = 4008;
    /// Too many messages.
    pub const TOO_MANY: u16 = 4029;
    /// The token is wrong.
    pub const TOKEN: u16 = 4401;
    /// No such stop or panel.
    pub const UNKNOWN: u16 = 4404;
    /// No `hello` in time.
    pub const NO_HELLO: u16 = 4408;
    /// A newer connection of the same panel took over.
    pub const REPLACED: u16 = 4409;
}
