//! A token bucket that is told the time, so that it holds in the demo's fast hours too.
//!
//! The `governor` crate would need its own notion of a clock; this is the whole algorithm.

use gtfs::Timestamp;

/// Allows `per_s` things a second, and `burst` at once after a rest.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    used: f64,
    at: Timestamp,
}

/// How much a bucket allows.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Things a second.
    pub per_s: f64,
    /// Things at once.
    pub burst: f64,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { used: 0.0, at: Timestamp(i64::MIN / 2) }
    }
}

impl Bucket {
    /// Takes `n` at `now`.
    ///
    /// # Errors
    /// Seconds until `n` will be allowed; nothing is taken.
    pub fn take(&mut self, now: Timestamp, n: f64, rate: Rate) -> Result<(), f64> {
        let passed_s = now.since_s(self.at.min(now));
        self.used = (self.used - passed_s * rate.per_s).max(0.0);
        self.at = now;
        let over = self.used + n - rate.burst;
        if over > 0.0 {
            return Err(over / rate.per_s.max(f64::MIN_POSITIVE));
        }
        self.used += n;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_s: 2.0, burst: 60.0 };

    #[test]
    fn sixty_at_once_then_two_a_second_and_the_rest_are_told_how_long_to_wait() {
        let (mut bucket, start) = (Bucket::default(), Timestamp::from_s(1_000));
        assert_eq!((0..70).filter(|_| bucket.take(start, 1.0, RATE).is_ok()).count(), 60);
        assert_eq!(bucket.take(start, 1.0, RATE), Err(0.5));
        let later = start.plus_s(5.0);
        assert_eq!((0..70).filter(|_| bucket.take(later, 1.0, RATE).is_ok()).count(), 10);
    }

    #[test]
    fn a_clock_that_steps_back_gives_nothing_and_takes_nothing() {
        let (mut bucket, start) = (Bucket::default(), Timestamp::from_s(1_000));
        assert!(bucket.take(start, 60.0, RATE).is_ok());
        assert!(bucket.take(start.plus_s(-500.0), 1.0, RATE).is_err());
        assert!(bucket.take(start.plus_s(-499.0), 2.0, RATE).is_ok());
    }
}
