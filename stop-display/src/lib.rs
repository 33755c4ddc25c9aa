//! The panel protocol and the text of a board: one model for every renderer.
//!
//! * [`frame`]: the JSON text frames of `GET /v1/panel`, both directions;
//! * [`board`]: the state a panel builds from them, the honesty ladder and the text it shows;
//! * [`words`]: the words, a file per language.
//!
//! The library does no IO, reads no clock and draws nothing: time is an argument in epoch seconds, a
//! drawing is a list of lines. It is kept light (serde and a CRC) because small boxes embed it. The
//! panel page in `web/` holds the same rules in TypeScript; the files in `golden/` bind the two.

pub mod board;
pub mod frame;
pub mod words;
