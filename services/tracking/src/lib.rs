//! Pings go in; positions, stop visits, predictions and boards come out.
//!
//! Pure: [`Tracker::step`] is the only way in, [`Effect`]s are the only way out, and `now` is an
//! argument. No clock, no randomness, no IO; the same events give the same effects, to the byte.

mod assign;
mod auction;
mod bid;
pub mod board;
mod boarding;
mod boards;
pub mod check;
mod days;
mod detour;
pub mod effect;
pub mod event;
mod gamma;
mod grid;
mod job;
pub mod learned;
mod matching;
pub mod params;
pub mod ping;
mod pledge;
mod predict;
mod publish;
pub mod quirks;
pub mod replay;
mod run;
pub mod score;
mod tracker;
mod vehicle;
mod visit;

pub use board::{CallSource, CallState, MonitoredCall, StopBoard};
pub use effect::{CallUpdate, DatedTrip, Effect, OperatorAlert, TripState, TripUpdate, VehiclePosition};
pub use event::{Command, Event, Tap, Tide};
pub use params::Params;
pub use ping::{Claim, Ev, Occupancy, Ping, Provenance, Tier};
pub use tracker::{Counters, Lessons, Tracker, VEHICLES_MAX};
