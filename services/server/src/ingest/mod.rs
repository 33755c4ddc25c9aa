//! How reports get in: one adapter per protocol, one path for all.
//!
//! An adapter decodes bytes into [`record::Record`]s and knows nothing else. What follows is the same
//! for every protocol: the rules, the store's group commit, the answer, and only then the tracker.

pub mod body;
pub mod osmand;
pub mod record;
pub mod seal;
pub mod signature;
pub mod traccar;
pub mod wire;
