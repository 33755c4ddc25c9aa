//! The board of one stop as a panel holds it, and the text every renderer draws from it.
//!
//! [`Board`] is the state built from frames; [`View`] is what to show of it for one second in one
//! language; [`proof`] is the hash of that. A web page, a terminal, an LED and the server that checks
//! them all use this one model (the page in TypeScript, bound by the golden files).
//!
//! What always holds: rows are sorted and bounded by [`ROWS_MAX`]; a past departure is never shown as
//! coming; nothing is called live above its rung; there is always something to show, if only the name
//! of the stop. The model reads no clock and does not know how frames travel.

pub mod countdown;
#[cfg(test)]
mod golden_tests;
pub mod local;
mod pages;
mod proof;
mod rung;
mod state;
mod tiles;
mod view;

pub use countdown::{Around, Countdown, Mark};
pub use pages::{Page, pages};
pub use proof::{proof, thai_canonical};
pub use rung::{HOLD_S, LIVE_S, rung};
pub use state::{Applied, Board};
pub use tiles::TileView;
pub use view::{AlertView, Extra, ROWS_MAX, RowView, View, view};
