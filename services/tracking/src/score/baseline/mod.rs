//! What a simpler predictor would have told at the same moments, computed on the spot.
//!
//! Each is one small file. All are causal: [`Predictor::look`](super::predictor::Predictor::look) gives a
//! moment, and nothing that happened after it is used. None ever tells a time in the past, but for the
//! timetable, which tells what it tells.

mod last_stop;
mod links;
mod position;
mod timetable;
mod travel;

pub(super) use last_stop::{AtLastStop, Rounding};
pub(super) use links::{By, ByLinks};
pub(super) use position::AtPosition;
pub(super) use timetable::Aimed;
pub(super) use travel::Travels;
