//! Where along its trip's line is a vehicle? A monotone one-dimensional hidden Markov model.
//!
//! Not a road-network matcher: the trip is known (or being tried), only the distance along it is
//! sought. A few hypotheses are kept, so that a loop or an out-and-back line is decided by evidence
//! and not by the nearest point. What always holds: progress never falls while a track lives; what
//! has been passed stays passed.

mod likelihood;
mod track;
mod trial;

#[cfg(test)]
mod tests;

pub(crate) use track::{Sight, Track};
pub(crate) use trial::{Ended, trial};
