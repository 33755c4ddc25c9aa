//! In what situation a prediction was made.

use std::fmt;

/// The situation of a trip when it was predicted: the `kind` column of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Its vehicle has left the first stop. What a log without the column means.
    #[default]
    MidTrip,
    /// Its vehicle is on it and has not left the first stop.
    Terminal,
    /// Its vehicle is still on an earlier trip of the block.
    Next,
    /// It runs by headway.
    Frequency,
    /// It is a boat.
    Ferry,
    /// It is in no timetable.
    Added,
}

impl Kind {
    /// All, in the order shown.
    pub const ALL: [Self; 6] =
        [Self::MidTrip, Self::Terminal, Self::Next, Self::Frequency, Self::Ferry, Self::Added];

    /// The word in a log.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::MidTrip => "mid-trip",
            Self::Terminal => "terminal",
            Self::Next => "next",
            Self::Frequency => "frequency",
            Self::Ferry => "ferry",
            Self::Added => "added",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
