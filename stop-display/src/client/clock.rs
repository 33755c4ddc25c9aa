//! The corrected clock: cheap boxes drift, so time comes from the server's `now` and a monotonic counter.

use std::collections::VecDeque;
use std::time::{SystemTime, UNIX_EPOCH};

/// Samples kept. A `now` can only be late (the way here takes time), so the largest estimate wins.
const SAMPLES_MAX: usize = 20;
/// A sample this far from the estimate means the server's own clock jumped, seconds.
const JUMP_S: f64 = 5.0;

/// Epoch seconds of the box: right or wrong, it is all there is before the server speaks.
#[expect(clippy::disallowed_methods, reason = "a panel has no server clock before the first frame")]
pub(crate) fn box_now_s() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// Server time from samples; `mono_s` arguments are seconds of a monotonic counter.
#[derive(Debug)]
pub(crate) struct Clock {
    samples: VecDeque<(f64, f64)>,
    rate: f64,
    /// Server time minus box time when last known, seconds; kept with the cache.
    pub(crate) box_offset_s: f64,
}

impl Clock {
    pub(crate) fn new(box_offset_s: f64) -> Self {
        Self { samples: VecDeque::new(), rate: 1.0, box_offset_s }
    }

    /// Takes a server time in; `rate` when the frame names how fast the server's clock runs.
    pub(crate) fn sample(&mut self, now: i64, rate: Option<f64>, mono_s: f64, box_s: f64) {
        let now = now as f64;
        let rate = rate.unwrap_or(self.rate);
        let jumped = (self.now_s(mono_s, box_s) - now).abs() > JUMP_S * rate.max(1.0);
        if rate != self.rate || jumped {
            self.rate = rate;
            self.samples.clear();
        }
        self.samples.push_back((now, mono_s));
        if self.samples.len() > SAMPLES_MAX {
            self.samples.pop_front();
        }
        self.box_offset_s = self.now_s(mono_s, box_s) - box_s;
    }

    /// Epoch seconds: from the server, or from the box and its last known offset.
    pub(crate) fn now_s(&self, mono_s: f64, box_s: f64) -> f64 {
        let estimates = self.samples.iter().map(|(now, at)| now + (mono_s - at) * self.rate);
        estimates.reduce(f64::max).unwrap_or(box_s + self.box_offset_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_with_the_shortest_way_wins() {
        let mut clock = Clock::new(0.0);
        clock.sample(1_000, None, 10.0, 0.0);
        clock.sample(1_001, None, 13.0, 0.0); // two seconds late
        assert_eq!(clock.now_s(14.0, 0.0), 1_004.0);
    }

    #[test]
    fn before_the_first_frame_the_kept_offset_counts() {
        assert_eq!(Clock::new(-3_600.0).now_s(5.0, 10_000.0), 6_400.0);
    }

    #[test]
    fn a_server_whose_clock_jumped_is_followed_at_once() {
        let mut clock = Clock::new(0.0);
        clock.sample(9_000, None, 10.0, 0.0);
        clock.sample(1_000, None, 11.0, 0.0);
        assert_eq!(clock.now_s(12.0, 0.0), 1_001.0);
    }

    #[test]
    fn a_demo_clock_that_runs_faster_is_followed() {
        let mut clock = Clock::new(0.0);
        clock.sample(1_000, Some(10.0), 0.0, 0.0);
        assert_eq!(clock.now_s(3.0, 0.0), 1_030.0);
    }
}
