//! Taps become journeys, charges and settlements; pure.
//!
//! No clock, no database, no hash, no float: time is an argument, money is whole satang.

pub mod books;
pub mod command;
pub mod invariants;
pub mod journal;
pub mod leg;
pub mod money;
pub mod post;
pub mod reconcile;
pub mod settle;
pub mod tap;

pub use books::Books;
pub use command::FareCommand;
pub use invariants::Breach;
pub use journal::{Account, Journal, JournalKind, Posting};
pub use leg::{Leg, LegId, LegStatus, Price};
pub use money::Satang;
pub use post::{Movement, Occasion, PostError, post};
pub use reconcile::Discrepancy;
pub use tap::{Tap, TapId, TapKind};
