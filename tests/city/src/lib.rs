//! A seeded city: a feed, days of operation to the metre, what its devices report, the exact truth,
//! and the best prediction that anyone could make.
//!
//! Everything follows from one number ([`World::seed`]). It is a witness, not a judge: it proves laws
//! (progress never falls, boards stay sorted, the same log gives the same bytes) and shows what the
//! engine gains and loses when one assumption at a time is broken. How good predictions are, real
//! recordings say.
//!
//! Pure but for its caller: no clock, no files. What always holds: the same seed gives the same bytes
//! on every machine; the truth is exact, by the engine's own definition of an arrival.

pub mod day;
pub mod devices;
pub mod dice;
pub mod laws;
mod motion;
pub mod network;
pub mod operate;
pub mod oracle;
pub mod tide;
pub mod tides;
pub mod told;
pub mod town;
pub mod traffic;
pub mod walk;
pub mod world;

pub use day::{Day, Duty, Visit};
pub use network::Network;
pub use world::{Devices, World};

use gtfs::ServiceDay;

/// The first `n` days of the simulation: from Monday 2 November 2026.
#[must_use]
pub fn days(n: usize) -> Vec<ServiceDay> {
    let first = ServiceDay::parse("20261102").into_iter();
    first.flat_map(|first| std::iter::successors(Some(first), |day| Some(day.next()))).take(n).collect()
}
