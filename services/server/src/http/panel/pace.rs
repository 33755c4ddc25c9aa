//! How often a panel may speak: ten messages in any ten seconds.

use std::time::Duration;
use tokio::time::Instant;

/// Messages that a reader may send within [`WINDOW`].
pub(super) const MESSAGES_MAX: u8 = 10;
/// The window of [`MESSAGES_MAX`].
pub(super) const WINDOW: Duration = Duration::from_secs(10);

/// A bucket that holds [`MESSAGES_MAX`] and drains over [`WINDOW`].
#[derive(Debug, Default)]
pub(super) struct Pace {
    empty_at: Option<Instant>,
}

impl Pace {
    /// Counts a message in; false when there were too many.
    pub(super) fn allows(&mut self, now: Instant) -> bool {
        let each = WINDOW / u32::from(MESSAGES_MAX);
        let empty_at = self.empty_at.map_or(now, |at| at.max(now)) + each;
        if empty_at > now + WINDOW {
            return false;
        }
        self.empty_at = Some(empty_at);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_messages_at_once_are_taken_the_eleventh_is_not_until_a_second_later() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        assert!((0..10).all(|_| pace.allows(start)));
        assert!(!pace.allows(start));
        assert!(pace.allows(start + Duration::from_secs(1)));
        assert!(!pace.allows(start + Duration::from_secs(1)));
    }
}
