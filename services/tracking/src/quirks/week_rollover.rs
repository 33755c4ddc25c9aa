//! GPS counts weeks modulo 1,024 (IS-GPS-200, 20.3.3.3.1.1): old receivers fall back 19.6 years when
//! the count wraps, and some have done so twice.

use gtfs::Timestamp;

/// One turn of the week counter, seconds.
const TURN_S: f64 = 1024.0 * 7.0 * 86_400.0;
/// How near to the server's time a corrected time must land, seconds.
const NEAR_S: f64 = 86_400.0;
/// Turns that can have happened since 1980, with one to spare.
const TURNS_MAX: u32 = 3;

/// `t` moved forward by whole turns, when that lands within a day of `now`.
#[must_use]
pub fn corrected(t: Timestamp, now: Timestamp) -> Option<Timestamp> {
    (1..=TURNS_MAX).map(|n| t.plus_s(f64::from(n) * TURN_S)).find(|moved| moved.since_s(now).abs() <= NEAR_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_that_fell_back_one_turn_is_put_right() {
        let now = Timestamp::from_s(1_795_136_525);
        assert_eq!(corrected(now.plus_s(-TURN_S - 3.0), now), Some(now.plus_s(-3.0)));
    }

    #[test]
    fn an_old_time_that_is_no_turn_away_stays_wrong() {
        let now = Timestamp::from_s(1_795_136_525);
        assert_eq!(corrected(now.plus_s(-TURN_S / 2.0), now), None);
    }
}
