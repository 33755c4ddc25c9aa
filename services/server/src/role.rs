//! What a process does. One program; `--roles` says which parts of it run.

use std::fmt;
use std::str::FromStr;

/// A part of the server that a process may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Takes pings and other reports.
    Ingest,
    /// Runs the tracking core of the feed.
    Tracking,
    /// Runs the fare engine.
    Fares,
    /// Serves panels, riders and feeds.
    Web,
}

impl Role {
    /// Every role, as in the default configuration.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Tracking, Self::Fares, Self::Web];

    /// The word in the configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Tracking => "tracking",
            Self::Fares => "fares",
            Self::Web => "web",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.word() == word)
            .ok_or_else(|| format!("\"{word}\" is not a role; use ingest, tracking, fares or web"))
    }
}
