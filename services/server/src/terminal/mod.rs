//! A fare terminal's side of `POST /v1/taps`: what it writes down, sends, and may forget.
//!
//! [`Memory`] is pure: no clock, no network, no chance; a simulator gives it all of these. [`TerminalClient`]
//! signs, posts and proves the answer. The demo's terminals and the load program are made of the two.

mod client;
mod list;
mod memory;
mod reply;

pub use fares::tap::TapKind;

pub use client::{Spoken, TAPS_PATH, TerminalClient, TerminalKey};
pub use list::CardList;
pub use memory::{Memory, Moment, Sent, Touch};
pub use reply::{Reply, ReplyDelta, ReplyQuote};
