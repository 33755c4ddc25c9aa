//! When to connect again, so that a thousand panels never knock at once.

use std::time::Duration;

/// First and last ceiling of the exponential wait.
const FIRST: Duration = Duration::from_secs(1);
const LAST: Duration = Duration::from_secs(60);
/// Refused for good reason (token, unknown stop, replaced): try again this seldom.
const REFUSED: Duration = Duration::from_secs(60);
const DOUBLINGS_MAX: u32 = 10;

/// How long to wait, from the panel's own slot and a random number in 0..1 that the caller draws.
#[derive(Debug)]
pub(crate) struct Backoff {
    slot: u32,
    tries: u32,
}

impl Backoff {
    /// `name` decides the slot: the same after every restart.
    pub(crate) fn new(name: &str) -> Self {
        Self { slot: fnv1a(name), tries: 0 }
    }

    /// After `bye`: a random time inside its window.
    pub(crate) fn after_bye(&mut self, window_ms: [u32; 2], random: f64) -> Duration {
        self.tries = 0;
        let width = f64::from(window_ms[1].saturating_sub(window_ms[0]));
        Duration::from_millis(u64::from(window_ms[0]) + (width * random) as u64)
    }

    /// After a silent loss: first the slot, then full-jitter exponential for ever.
    pub(crate) fn after_loss(&mut self, window_ms: u32, random: f64) -> Duration {
        let tries = self.tries;
        self.tries = tries.saturating_add(1);
        if tries == 0 {
            return Duration::from_millis(u64::from(self.slot % window_ms.max(1)));
        }
        let ceiling = LAST.min(FIRST * 2_u32.pow(tries.min(DOUBLINGS_MAX)));
        ceiling.mul_f64(random)
    }

    /// After a refusal.
    pub(crate) fn after_refusal(&self, random: f64) -> Duration {
        REFUSED.mul_f64(0.5 + random)
    }

    /// The link has been stable for a minute.
    pub(crate) fn stable(&mut self) {
        self.tries = 0;
    }
}

/// FNV-1a, 32 bit (Fowler, Noll, Vo), as in the panel page.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_panels_spread_over_the_whole_window() {
        let waits = (0..1_000).map(|n| Backoff::new(&format!("P-{n:04}")).after_loss(5_000, 0.5));
        let mut tenths = [0; 10];
        waits.for_each(|wait| tenths[usize::try_from(wait.as_millis()).unwrap() / 500] += 1);
        assert!(tenths.iter().all(|&n| n > 50), "{tenths:?}");
    }

    #[test]
    fn waits_grow_to_a_minute_and_start_again_after_a_stable_link() {
        let mut backoff = Backoff::new("P-1");
        let waits: Vec<u64> = (0..9).map(|_| backoff.after_loss(5_000, 1.0).as_secs()).collect();
        assert_eq!(waits[1..], [2, 4, 8, 16, 32, 60, 60, 60]);
        backoff.stable();
        assert!(backoff.after_loss(5_000, 1.0) < Duration::from_secs(5));
    }

    #[test]
    fn after_bye_the_wait_is_inside_its_window() {
        let mut backoff = Backoff::new("P-1");
        assert_eq!(backoff.after_bye([1_200, 6_200], 0.0).as_millis(), 1_200);
        assert_eq!(backoff.after_bye([1_200, 6_200], 0.5).as_millis(), 3_700);
        assert_eq!(backoff.after_bye([6_200, 1_200], 0.5).as_millis(), 6_200);
    }
}
