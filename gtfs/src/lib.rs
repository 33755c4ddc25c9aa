//! A GTFS feed becomes a flat, immutable [`Timetable`] and a list of [`Findings`].
//!
//! Pure: no clock, no network, no database. A feed is read once, checked row by row, and laid out
//! in arrays indexed by small typed integers, so that a day of operation touches little memory.
//!
//! What always holds: a broken row becomes a finding and loses nothing else; the same bytes give
//! the same timetable; nothing here iterates over a hash map where the order could be seen.

pub mod departures;
pub mod fares;
pub mod feed;
pub mod findings;
pub mod fixture;
pub mod geometry;
pub mod ids;
pub mod realtime;
pub mod report;
pub mod text;
pub mod time;
pub mod timetable;
pub mod visit;

pub use departures::{AimedCall, Every};
pub use feed::{Loaded, Source, Unusable, load};
pub use findings::{Finding, Findings, Severity};
pub use geometry::Projection;
pub use ids::*;
pub use text::{Lang, Text};
pub use time::{ServiceDay, ServiceTime, Timestamp};
pub use timetable::Timetable;
pub use visit::{StopVisit, VisitSource};
