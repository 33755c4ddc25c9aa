//! The fare engine: events in, effects out.

pub mod event;

pub use event::{CardHistory, Effect, Event, LegRecord, PostedLeg, Quote, TapFate, TapRecord};
