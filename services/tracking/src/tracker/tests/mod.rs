//! The tracker as its driver sees it: events in, effects out.

mod automatic;
mod boards;
mod detours;
mod drive;
mod following;
mod placing;
mod properties;
mod swap;
mod trust;
