//! The one clock of a process.
//!
//! Everything that needs the time is given it, or asks this. The demo runs on its own hour and
//! speed; every page, signature window and timer then follows. Measuring how long something took
//! is not telling the time: drivers use `tokio::time::Instant` for that.

use gtfs::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Longest single sleep: a system clock that is stepped is noticed within this.
const SLEEP_SLICE_MAX: Duration = Duration::from_secs(30);

/// Tells the time, and waits for it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Kind>);

#[derive(Debug)]
enum Kind {
    System,
    Demo { start: Timestamp, speed: f64, origin: Instant },
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(Kind::System))
    }

    /// A clock that says `start` now and runs `speed` times as fast as real time (at least 0.01).
    #[must_use]
    pub fn demo(start: Timestamp, speed: f64) -> Self {
        Self(Arc::new(Kind::Demo { start, speed: speed.max(0.01), origin: Instant::now() }))
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &*self.0 {
            Kind::System => system_now(),
            Kind::Demo { start, speed, origin } => start.plus_s(origin.elapsed().as_secs_f64() * speed),
        }
    }

    /// Simulated seconds per real second; 1 for the system clock.
    #[must_use]
    pub fn speed(&self) -> f64 {
        match &*self.0 {
            Kind::System => 1.0,
            Kind::Demo { speed, .. } => *speed,
        }
    }

    /// Whether this is the demo's clock: pages must say so.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        matches!(&*self.0, Kind::Demo { .. })
    }

    /// Waits until the clock says `t`; returns at once when it is past.
    pub async fn sleep_until(&self, t: Timestamp) {
        loop {
            let left_s = t.since_s(self.now()) / self.speed();
            if left_s <= 0.0 {
                return;
            }
            tokio::time::sleep(Duration::from_secs_f64(left_s.min(SLEEP_SLICE_MAX.as_secs_f64()))).await;
        }
    }

    /// Waits for `duration` of this clock's time.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration.div_f64(self.speed())).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "the only reading of the system clock")]
fn system_now() -> Timestamp {
    Timestamp(chrono::Utc::now().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_demo_clock_starts_at_its_hour_and_runs_at_its_speed() {
        let start = Timestamp::from_s(1_800_000_000);
        let clock = Clock::demo(start, 60.0);
        assert_eq!(clock.now().s(), start.s());
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(clock.now().s(), start.s() + 600);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_a_demo_hour_takes_a_real_minute_at_sixty_times_the_speed() {
        let start = Timestamp::from_s(1_800_000_000);
        let clock = Clock::demo(start, 60.0);
        let begun = Instant::now();
        clock.sleep_until(start.plus_s(3600.0)).await;
        let took_s = begun.elapsed().as_secs_f64();
        assert!((59.9..60.2).contains(&took_s), "{took_s}");
    }
}
