//! Taps become journeys, charges and settlements; pure.
//!
//! No clock, no database, no hash, no float: time is an argument, money is whole satang.

pub mod apportion;
mod autofill;
pub mod books;
pub mod breaker;
mod cap;
pub mod card;
pub mod clone;
pub mod command;
pub mod dominance;
pub mod engine;
pub mod invariants;
pub mod journal;
pub mod journey;
pub mod leg;
pub mod money;
pub mod oracle;
pub mod place;
pub mod post;
pub mod rate;
pub mod reconcile;
pub mod replay;
pub mod retime;
pub mod ride;
pub mod settle;
pub mod shadow;
pub mod silence;
pub mod tap;
pub mod tariff;

pub use books::Books;
pub use command::FareCommand;
pub use invariants::Breach;
pub use journal::{Account, Journal, JournalKind, Posting};
pub use leg::{Leg, LegId, LegStatus, Price};
pub use money::Satang;
pub use tap::{Tap, TapId, TapKind, TapLine};
pub use tariff::{Tariff, Tariffs};

pub use post::{Movement, Occasion, PostError, post};
pub use reconcile::Discrepancy;
