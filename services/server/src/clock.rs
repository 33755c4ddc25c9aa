//! The one clock of a process.
//!
//! Everything that needs the time is given it, or asks this. The demo runs on its own hour and
//! speed, a simulated month is set forward by whoever simulates it; every page, signature window and timer then follows. Measuring how long something took
//! is not telling the time: drivers use `tokio::time::Instant` for that.

use gtfs::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
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
    ByHand(watch::Sender<Timestamp>),
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

    /// A clock that stands at `start` until it is [`Clock::set`].
    #[must_use]
    pub fn by_hand(start: Timestamp) -> Self {
        Self(Arc::new(Kind::ByHand(watch::Sender::new(start))))
    }

    /// Sets a clock that is set by hand forward to `t`, never back; any other goes its own way.
    pub fn set(&self, t: Timestamp) {
        if let Kind::ByHand(now) = &*self.0 {
            now.send_if_modified(|now| {
                let is_later = t > *now;
                *now = t.max(*now);
                is_later
            });
        }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &*self.0 {
            Kind::System => system_now(),
            Kind::ByHand(now) => *now.borrow(),
            Kind::Demo { start, speed, origin } => start.plus_s(origin.elapsed().as_secs_f64() * speed),
        }
    }

    /// Simulated seconds per real second; 1 for the system clock, and for one that is set by hand.
    #[must_use]
    pub fn speed(&self) -> f64 {
        match &*self.0 {
            Kind::System | Kind::ByHand(_) => 1.0,
            Kind::Demo { speed, .. } => *speed,
        }
    }

    /// Whether this is not the machine's clock: pages must say so.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        !matches!(&*self.0, Kind::System)
    }

    /// Waits until the clock says `t`; returns at once when it is past.
    pub async fn sleep_until(&self, t: Timestamp) {
        if let Kind::ByHand(now) = &*self.0 {
            // It lives as long as this clock: the wait can not end in any other way.
            let _ = now.subscribe().wait_for(|now| *now >= t).await;
            return;
        }
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
        if let Kind::ByHand(now) = &*self.0 {
            let until = now.borrow().plus_s(duration.as_secs_f64());
            return self.sleep_until(until).await;
        }
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
    async fn a_clock_that_is_set_by_hand_stands_until_it_is_set_and_wakes_who_waits() {
        let start = Timestamp::from_s(1_800_000_000);
        let clock = Clock::by_hand(start);
        let wait = clock.sleep(Duration::from_secs(60));
        tokio::pin!(wait);
        let soon = tokio::time::timeout(Duration::from_secs(3_600), &mut wait);
        assert!(soon.await.is_err(), "nobody set it");
        clock.set(start.plus_s(61.0));
        wait.await;
        clock.set(start);
        assert_eq!(clock.now(), start.plus_s(61.0), "it never goes back");
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
