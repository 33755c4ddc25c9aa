//! Taps become journeys, charges and settlements; pure.
//!
//! No clock, no database, no hash, no float: time is an argument, money is whole satang.

pub mod journal;
pub mod leg;
pub mod money;
pub mod tap;

pub use journal::{Account, Journal, JournalKind, Posting};
pub use leg::{Leg, LegId, LegStatus, Price};
pub use money::Satang;
pub use tap::{Tap, TapId, TapKind, TapLine};
