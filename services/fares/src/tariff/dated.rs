//! All versions of the tariff; the time of travel chooses.

use super::Tariff;
use gtfs::Timestamp;
use std::sync::Arc;

/// Versions by [`Tariff::valid_from`]. A version applies until the next one does.
#[derive(Clone, Debug, Default)]
pub struct Tariffs(Vec<Arc<Tariff>>);

impl Tariffs {
    /// Some versions, in any order; of two that begin at one instant the later in the list applies.
    #[must_use]
    pub fn new(mut versions: Vec<Arc<Tariff>>) -> Self {
        versions.sort_by_key(|tariff| tariff.valid_from());
        Self(versions)
    }

    /// Adds a version.
    pub fn insert(&mut self, tariff: Arc<Tariff>) {
        let at = self.0.partition_point(|other| other.valid_from() <= tariff.valid_from());
        self.0.insert(at, tariff);
    }

    /// The version that applies at an instant; `None` before the first.
    #[must_use]
    pub fn at(&self, t: Timestamp) -> Option<&Arc<Tariff>> {
        let next = self.0.partition_point(|tariff| tariff.valid_from() <= t);
        self.0[..next].last()
    }

    /// Every version, oldest first.
    #[must_use]
    pub fn all(&self) -> &[Arc<Tariff>] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tariff::Rows;

    #[test]
    fn the_time_of_travel_chooses_the_version() {
        let version = |name: &str, from_s| {
            let rows =
                Rows { version: name.into(), valid_from: Timestamp::from_s(from_s), ..Rows::default() };
            Arc::new(Tariff::new(rows).unwrap())
        };
        let mut tariffs = Tariffs::new(vec![version("b", 200), version("a", 100)]);
        tariffs.insert(version("b2", 200));
        let at = |s| tariffs.at(Timestamp::from_s(s)).map(|tariff| tariff.version().to_string());
        assert_eq!(
            [99, 100, 199, 200, 900].map(at),
            [None, Some("a".to_owned()), Some("a".to_owned()), Some("b2".to_owned()), Some("b2".to_owned())]
        );
    }
}
