//! What was learned as one document: versioned, independent of any feed's indexes, the same bytes for
//! the same learning.
//!
//! It does no IO and knows no part by name. What always holds: a part that can not be read is refused
//! with a sentence and loses nothing else; what is written, read and written again is the same bytes.
//! JSON, because people and other programs read it: 20,000 road pieces are a few MB, and pack well.

use super::names::{Bound, Names, Naming, RouteRef};
use super::part::{SavedPart, Taken};
use super::show::Section;
use super::{KINDS, Learned};
use crate::score::SavedScores;
use gtfs::{Timestamp, Timetable};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use thiserror::Error;

/// What the document says it is.
const FORMAT: &str = "padriew-learned";
/// Version of everything outside the parts.
const VERSION: u32 = 1;
/// A longer document is not read, bytes.
pub const DOCUMENT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Everything learned, outside the process that learned it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Document {
    format: String,
    version: u32,
    /// When it was saved, and its weights were right; microseconds UTC.
    saved_us: i64,
    feed: FeedName,
    /// Stop visits behind it.
    visits: u64,
    names: Names,
    parts: BTreeMap<String, SavedPart>,
    /// How predictions did: not learned, but kept with it. Read only when it is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scores: Option<Box<RawValue>>,
}

/// The feed something was learned on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedName {
    /// feed_publisher_name, else the first agency's name.
    pub publisher: String,
    /// feed_version.
    pub version: String,
    /// [`gtfs::timetable::FeedInfo::hash`], hexadecimal.
    pub hash: super::names::Hex64,
}

/// Why a document can not be read at all.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DocumentError {
    /// Not JSON, or not of this shape.
    #[error("this is not a document of what was learned, make one with padriew model export: {0}")]
    Unreadable(String),
    /// Made by a newer program.
    #[error("this document has version {0}, this program reads up to {VERSION}: use a newer program")]
    Newer(u32),
    /// Longer than [`DOCUMENT_BYTES_MAX`].
    #[error("this document has {0} bytes, at most {DOCUMENT_BYTES_MAX} are read")]
    TooLong(usize),
}

/// What became of one part of a document when it was taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartTaken {
    /// Its name.
    pub part: String,
    /// Its rows; or why it was refused.
    pub taken: Result<Taken, String>,
}

/// One part of a document, laid out for people.
#[derive(Clone, Debug, PartialEq)]
pub struct PartShown {
    /// Its name.
    pub part: String,
    /// Its version; `None` when nothing of it is in the document.
    pub version: Option<u32>,
    /// How long it is, bytes.
    pub byte_count: usize,
    /// Its tables; or why it can not be read.
    pub sections: Result<Vec<Section>, String>,
}

#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is no such document, or a newer program's.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        if bytes.len() > DOCUMENT_BYTES_MAX {
            return Err(DocumentError::TooLong(bytes.len()));
        }
        let unreadable = |error: serde_json::Error| DocumentError::Unreadable(error.to_string());
        let head: Head = serde_json::from_slice(bytes).map_err(unreadable)?;
        if head.format != FORMAT {
            return Err(DocumentError::Unreadable(format!("its format is {:?}", head.format)));
        }
        if head.version > VERSION {
            return Err(DocumentError::Newer(head.version));
        }
        serde_json::from_slice(bytes).map_err(unreadable)
    }

    /// Writes it: the same document gives the same bytes.
    ///
    /// # Errors
    /// Never for a document that was read or saved; serde has no way to say so.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DocumentError> {
        serde_json::to_vec(self).map_err(|error| DocumentError::Unreadable(error.to_string()))
    }

    /// When it was saved.
    #[must_use]
    pub fn saved(&self) -> Timestamp {
        Timestamp(self.saved_us)
    }

    /// The feed it was learned on.
    #[must_use]
    pub fn feed(&self) -> &FeedName {
        &self.feed
    }

    /// How many stop visits are behind it.
    #[must_use]
    pub fn visits(&self) -> u64 {
        self.visits
    }

    /// The routes and stops it speaks of.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Every part laid out for people; with `route` what is known of that one. A part that is not in the
    /// document shows what is believed without it.
    #[must_use]
    pub fn show(&self, route: Option<RouteRef>) -> Vec<PartShown> {
        let known = KINDS.iter().map(|kind| {
            let saved = self.parts.get(kind.name);
            shown(kind.name, saved, (kind.show)(saved, &self.names, route))
        });
        let strange = self.parts.iter().filter(|(name, _)| KINDS.iter().all(|kind| kind.name != *name));
        known.chain(strange.map(|(name, saved)| shown(name, Some(saved), Err(UNKNOWN.to_owned())))).collect()
    }

    /// The same at `now` without what was seen of a route; and how many rows that were.
    #[must_use]
    pub fn without(&self, route: RouteRef, now: Timestamp) -> (Self, u64) {
        let (mut fresh, mut dropped) = (Self { saved_us: now.0, ..self.clone() }, 0);
        for kind in &KINDS {
            let Some(part) = fresh.parts.get_mut(kind.name) else { continue };
            if let Ok((left, rows)) = (kind.forget)(part, route) {
                *part = left;
                dropped += rows;
            }
        }
        (fresh, dropped)
    }

    /// A document in which nothing was seen: everything it is taken over by starts from its priors.
    #[must_use]
    pub fn empty(now: Timestamp) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            saved_us: now.0,
            feed: FeedName::default(),
            visits: 0,
            names: Names::default(),
            parts: BTreeMap::new(),
            scores: None,
        }
    }

    /// The same with how predictions did.
    #[must_use]
    pub(crate) fn with_scores(self, scores: &SavedScores) -> Self {
        Self { scores: serde_json::value::to_raw_value(scores).ok(), ..self }
    }

    /// How predictions did, where it was kept and this program can read it.
    pub(crate) fn scores(&self) -> Option<SavedScores> {
        self.scores.as_ref().and_then(|scores| serde_json::from_str(scores.get()).ok())
    }

    /// The same without how predictions did: those were another server's.
    #[must_use]
    pub fn without_scores(self) -> Self {
        Self { scores: None, ..self }
    }
}

fn shown(name: &str, saved: Option<&SavedPart>, sections: Result<Vec<Section>, String>) -> PartShown {
    PartShown {
        part: name.to_owned(),
        version: saved.map(|saved| saved.version),
        byte_count: saved.map_or(0, |saved| saved.data.get().len()),
        sections,
    }
}

const UNKNOWN: &str = "this program does not know it: use a newer program";

impl Learned {
    /// Everything as one document, right at `now`. A part that can not be written is left out.
    pub(crate) fn document(&self, timetable: &Timetable, now: Timestamp) -> Document {
        let mut naming = Naming::new(timetable);
        let mut parts = BTreeMap::new();
        for part in self.parts() {
            if let Ok(saved) = part.write(&mut naming) {
                parts.insert(part.named().to_owned(), saved);
            }
        }
        let publisher = match &*timetable.feed.publisher {
            "" => timetable.agencies.first().map_or_else(String::new, |agency| agency.name.to_string()),
            publisher => publisher.to_owned(),
        };
        let version = String::from(&*timetable.feed.version);
        Document {
            format: FORMAT.to_owned(),
            version: VERSION,
            saved_us: now.0,
            feed: FeedName { publisher, version, hash: super::names::Hex64(timetable.feed.hash) },
            visits: self.visits,
            names: naming.done(),
            parts,
            scores: None,
        }
    }

    /// Takes a document over, in place of what was learned so far, faded by its age at `now`. A document
    /// without any part makes everything forgotten.
    pub(crate) fn take(
        &mut self,
        document: &Document,
        timetable: &Timetable,
        now: Timestamp,
    ) -> Vec<PartTaken> {
        if document.parts.is_empty() {
            *self = Self::new(timetable);
        }
        let bound = Bound::new(&document.names, timetable);
        let mut outcome = Vec::new();
        for (name, saved) in &document.parts {
            let mut parts = self.parts_mut();
            let taken = match parts.iter_mut().find(|part| part.named() == name) {
                Some(part) => part.read(saved, &bound),
                None => Err(UNKNOWN.to_owned()),
            };
            outcome.push(PartTaken { part: name.clone(), taken });
        }
        self.visits = document.visits;
        self.aged = Some(document.saved());
        self.pass(now);
        outcome
    }
}

#[cfg(test)]
mod tests;
