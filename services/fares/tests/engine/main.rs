//! The fare engine as a driver runs it: taps late, doubled, out of order, restarts at any moment. The books are the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails should say so")]

mod books;
mod drive;
mod laws;
mod shadow;
mod stories;
mod town;
