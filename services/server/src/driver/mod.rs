//! The tasks that own a core: they take events in, step it, and perform what follows.
//!
//! The cores know nothing of tasks, clocks or sockets; these files know nothing of rules.

pub mod fares;
pub mod feed;
pub mod learned;
pub mod lease;
pub mod others;
pub mod panels;
pub mod relay;
pub mod retention;
pub mod tracking;
pub mod visits;
