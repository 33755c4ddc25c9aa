//! What was learned before comes back at start, and is given on to be saved.

use super::Driver;
use crate::driver::learned;
use crate::memory::FEED;
use ::tracking::Event;
use ::tracking::learned::Document;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often what was learned is saved, when there is anything new: what a crash may lose, less the
/// half hour that a start learns again from the stored pings.
pub(super) const SAVE_EVERY: Duration = Duration::from_secs(300);

impl Driver {
    /// The newest stored version of what was learned. One that can not be read is said aloud and left
    /// where it is: then the core starts from its priors.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn recall(&mut self) -> anyhow::Result<Option<Arc<Document>>> {
        let newest = self.app.db.learned_newest(FEED).await?;
        self.memory.knows(newest);
        if newest == 0 {
            tracing::info!(
                "nothing was learned before: predictions start from the timetable and stated priors"
            );
            return Ok(None);
        }
        match learned::read(&self.app, newest).await {
            Ok(document) => {
                tracing::info!(
                    version = newest,
                    visits = document.visits(),
                    "what was learned is there again"
                );
                self.visits_remembered = document.visits();
                Ok(Some(Arc::new(document)))
            }
            Err(failure) => {
                let failure = format!("{failure:#}");
                tracing::error!(failure, "what was learned can not be read; starting from stated priors");
                Ok(None)
            }
        }
    }

    /// Gives the lessons on to be saved when it is time and there are new ones.
    pub(super) fn remember_if_due(&mut self) {
        if self.remembered.elapsed() >= SAVE_EVERY {
            self.remember();
        }
    }

    /// Gives the lessons on to be saved when there are new ones.
    pub(super) fn remember(&mut self) {
        self.remembered = Instant::now();
        let Some(tracker) = &self.tracker else { return };
        let visits = tracker.visits_learned();
        if visits != self.visits_remembered {
            self.visits_remembered = visits;
            self.memory.give(tracker.lessons(self.app.clock.now()));
        }
    }

    /// Somebody stored another version: it takes the place of what was learned so far.
    pub(super) fn take_foreign(&mut self, document: Option<Arc<Document>>) {
        let (Some(tracker), Some(document)) = (&mut self.tracker, document) else { return };
        tracker.step(self.app.clock.now(), Event::Learned(document), &mut self.effects);
        self.visits_remembered = tracker.visits_learned();
    }
}
