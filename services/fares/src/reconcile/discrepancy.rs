//! Something that does not add up and that a person must look at.

use crate::money::Satang;
use gtfs::{ServiceDay, Timestamp};
use std::sync::Arc;

/// A thing that does not add up. Nothing is fixed silently: it has an owner and an age until a person resolves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discrepancy {
    /// A stable word, such as `no_psp` or `card_clone`.
    pub kind: Arc<str>,
    /// What made it; the same text twice is the same discrepancy.
    pub cause: Arc<str>,
    /// What it is about: a reference, a terminal, a tap. Never a card token in clear where a tap will do.
    pub subject: Arc<str>,
    /// How much money, where it is about money; below zero where we have too little.
    pub amount: Option<Satang>,
    /// The day that it is about.
    pub day: ServiceDay,
    /// When it was found.
    pub found: Timestamp,
    /// One sentence for a person.
    pub detail: Arc<str>,
}
