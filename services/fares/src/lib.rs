//! Taps become journeys, charges and settlements; pure.
//!
//! In this release: the types that tap storage needs. No clock, no database, no float: money is whole satang.

pub mod money;
pub mod tap;

pub use money::Satang;
pub use tap::{Tap, TapId, TapKind};
