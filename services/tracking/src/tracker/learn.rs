//! What was learned goes out as a document, and comes back: from before a start, or over a feed change.

use super::Tracker;
use crate::learned::{Document, Learned, PartTaken};
use crate::score::LiveScores;
use crate::{Effect, Tide};
use gtfs::{Timestamp, Timetable};
use std::sync::Arc;

/// What was learned, taken out of the tracker; writing it may happen elsewhere.
#[derive(Clone, Debug)]
pub struct Lessons {
    learned: Learned,
    scores: LiveScores,
    timetable: Arc<Timetable>,
    at: Timestamp,
}

impl Lessons {
    /// As one document.
    #[must_use]
    pub fn document(&self) -> Document {
        self.learned.document(&self.timetable, self.at).with_scores(&self.scores.saved(&self.timetable))
    }
}

impl Tracker {
    /// A copy of everything learned by `now`. Cheap beside writing it down, which [`Lessons::document`] does.
    #[must_use]
    pub fn lessons(&self, now: Timestamp) -> Lessons {
        let (learned, scores) = (self.learned.clone(), self.live.clone());
        Lessons { learned, scores, timetable: Arc::clone(&self.timetable), at: now }
    }

    /// How many stop visits were learned from, ever: when it has not changed, nothing was learned.
    #[must_use]
    pub fn visits_learned(&self) -> u64 {
        self.learned.visits
    }

    pub(super) fn on_learned(&mut self, now: Timestamp, document: &Document, effects: &mut Vec<Effect>) {
        let outcome = self.learned.take(document, &self.timetable, now);
        effects.extend(outcome.iter().filter_map(|part| self.complaint(part)));
    }

    /// After a start: what this server had learned by now, and how its predictions had done. Both take the
    /// place of what the pings before that moment gave, so that nothing counts twice.
    pub(super) fn on_recalled(&mut self, now: Timestamp, document: &Document, effects: &mut Vec<Effect>) {
        self.on_learned(now, document, effects);
        if let Some(scores) = document.scores() {
            self.live = LiveScores::recalled(&scores, &self.timetable);
        }
    }

    /// Keeps what still applies under the timetable now in force.
    pub(super) fn relearn(&mut self, old: &Timetable, now: Timestamp, effects: &mut Vec<Effect>) {
        let document = self.learned.document(old, now);
        self.learned = Learned::new(&self.timetable);
        self.on_learned(now, &document, effects);
    }

    /// What somebody says of a stream counts as one passage more.
    pub(super) fn on_tide(&mut self, tide: &Tide, effects: &mut Vec<Effect>) {
        match self.timetable.route(&tide.route) {
            Some(route) if tide.along_mps.is_finite() => {
                self.learned.currents.told(route, tide.t, tide.along_mps);
            }
            _ => {
                let text =
                    format!("a tide for route {} is left out: no such route, or no number", tide.route);
                effects.push(self.say("tide_unknown", text));
            }
        }
    }

    fn complaint(&self, outcome: &PartTaken) -> Option<Effect> {
        let part = &outcome.part;
        match &outcome.taken {
            Err(why) => {
                Some(self.say("learned_refused", format!("what was learned of {part} is left out: {why}")))
            }
            Ok(taken) if taken.out_of_range > 0 => {
                let text = format!(
                    "{} rows of {part} hold numbers that can not be and are left out",
                    taken.out_of_range
                );
                Some(self.say("learned_refused", text))
            }
            Ok(taken) if taken.unbound > 0 => {
                let (lost, all) = (taken.unbound, taken.rows + taken.unbound);
                let text =
                    format!("{lost} of {all} rows of {part} are about what this timetable does not have");
                Some(self.say("learned_unbound", text))
            }
            Ok(_) => None,
        }
    }
}
