//! `padriew demo`: a simulated town in one process.
//!
//! [`sim`] is pure: timetable, seed and time in, what each vehicle does out. [`fleet`] posts it, as
//! real signed requests over loopback, to the same server that a real fleet would use; [`terminals`]
//! does so with the taps of simulated riders. Nothing in here reaches around the HTTP surface. Every
//! position says `SIM`.

pub(crate) mod banner;
pub mod client;
pub(crate) mod desk;
pub(crate) mod fleet;
pub mod network;
pub mod sim;
pub(crate) mod start;
pub(crate) mod terminals;
