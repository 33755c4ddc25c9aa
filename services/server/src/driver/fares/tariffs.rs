//! Which versions of the tariff are in force: told to the engine when they change, and never by a deployment.
//!
//! The database is asked every few seconds, so that every process has the same versions well before they apply.

use crate::prices;
use fares::Tariffs;
use gtfs::{Timestamp, Timetable};
use std::collections::HashSet;
use std::sync::Arc;
use store::{Db, StoreError, TariffState, TariffVersion};

/// Who must still agree is said so long before a version would apply, seconds.
const SOON_S: f64 = 86_400.0;

/// What was told.
#[derive(Debug, Default)]
pub struct InForce {
    tariffs: Tariffs,
    /// The files of the configuration, or what the feed publishes.
    base: Tariffs,
    approved: Vec<Arc<str>>,
    feed: Option<Arc<Timetable>>,
    is_begun: bool,
    warned: HashSet<(Arc<str>, TariffState)>,
}

impl InForce {
    /// Every version, as it was told last.
    #[must_use]
    pub fn all(&self) -> &Tariffs {
        &self.tariffs
    }

    /// Every version, when that changed; files are those of the configuration.
    ///
    /// # Errors
    /// When the database does not answer, or an approved version can not be used any more.
    pub async fn news(
        &mut self,
        db: &Db,
        files: &Tariffs,
        timetable: Option<&Arc<Timetable>>,
        now: Timestamp,
    ) -> Result<Option<Tariffs>, StoreError> {
        let versions = db.tariff_versions().await?;
        self.warn(&versions, now);
        let approved = prices::approved(&versions);
        let is_new_feed = files.all().is_empty()
            && timetable.is_some_and(|new| self.feed.as_ref().is_none_or(|old| !Arc::ptr_eq(old, new)));
        if self.is_begun && approved == self.approved && !is_new_feed {
            return Ok(None);
        }
        let read = prices::of_database(db, &approved).await?;
        if !files.all().is_empty() {
            self.base = files.clone();
        } else if let Some(timetable) = timetable {
            let first = read.first().map(|tariff| tariff.valid_from());
            self.base = published(timetable, first).unwrap_or_else(|| std::mem::take(&mut self.base));
            self.feed = Some(Arc::clone(timetable));
        }
        if self.approved != approved {
            tracing::info!(approved = approved.join(", "), "versions of the tariff that were approved");
        }
        self.is_begun = true;
        (self.approved, self.tariffs) = (approved, prices::together(&self.base, &read));
        Ok(Some(self.tariffs.clone()).filter(|tariffs| !tariffs.all().is_empty()))
    }

    /// Says once which versions nobody agreed to in time, and which soon will be such.
    fn warn(&mut self, versions: &[TariffVersion], now: Timestamp) {
        for known in versions {
            let (version, state) = (&known.version, known.state(now));
            let left_s = known.valid_from.since_s(now);
            let is_due = match state {
                TariffState::Proposed => left_s < SOON_S,
                TariffState::Lapsed => left_s > -SOON_S,
                TariffState::Approved | TariffState::Withdrawn => false,
            };
            if !is_due || !self.warned.insert((Arc::clone(version), state)) {
                continue;
            }
            let approvals = known.decisions.len();
            match state {
                TariffState::Proposed => {
                    tracing::warn!(%version, approvals, left_s, "a tariff is not approved, and is to apply soon");
                }
                _ => {
                    tracing::warn!(%version, approvals, "a tariff was not approved in time: it never applies")
                }
            }
        }
    }
}

/// The tariff that the feed publishes, where no file says what riders pay.
fn published(timetable: &Timetable, first: Option<Timestamp>) -> Option<Tariffs> {
    match prices::of_feed(timetable, first) {
        Ok(Some(tariffs)) => Some(tariffs),
        Ok(None) => {
            if first.is_none() {
                tracing::warn!("there is no tariff: taps are kept, and priced once fares.tariff names one");
            }
            None
        }
        Err(failure) => {
            tracing::error!(failure = format!("{failure:#}"), "taps are kept, but not priced");
            None
        }
    }
}
