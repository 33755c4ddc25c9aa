//! Money that comes and goes outside the rides: files of others, people behind cards, permissions.

pub mod execute;
pub mod identity;
pub mod reconcile;
pub mod tariff;

use chrono_tz::Tz;
use gtfs::{ServiceDay, Timestamp};

/// The zone of the books (fares design, section 11).
pub const BOOKS_ZONE: Tz = chrono_tz::Asia::Bangkok;
/// A day of the books begins at 03:00 (fares design, section 11).
const DAY_BEGINS_S: f64 = 3.0 * 3600.0;

/// The day in whose books stands what is posted at `now`.
#[must_use]
pub fn posting_day(now: Timestamp) -> ServiceDay {
    ServiceDay::of(now.plus_s(-DAY_BEGINS_S), BOOKS_ZONE)
}

/// How a card is named in the audit log: by a part of the SHA-256 of its token, so that who has the token finds it,
/// and nobody else learns it.
#[must_use]
pub fn card_shown(card: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(card.as_bytes());
    format!("card:{}", crate::ingest::seal::hex(digest.get(..8).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_the_books_runs_from_three_to_three_in_bangkok() {
        let day = ServiceDay::parse("20261120").unwrap();
        let at = |seconds| day.at(BOOKS_ZONE, gtfs::ServiceTime(seconds));
        assert_eq!(posting_day(at(3 * 3600)), day);
        assert_eq!(posting_day(at(27 * 3600 - 1)), day);
        assert_eq!(posting_day(at(3 * 3600 - 1)), day.previous());
    }

    #[test]
    fn a_card_is_shown_without_its_token() {
        assert_eq!(card_shown("abc"), "card:ba7816bf8f01cfea");
    }
}
