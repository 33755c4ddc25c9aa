//! Trackers that send their wall clock with a `Z` behind it: seven hours ahead in Thailand. Usual
//! where a fitter has set the zone on a device whose protocol has none.

use gtfs::Timestamp;

/// `t` with the zone's offset taken off.
#[must_use]
pub fn corrected(t: Timestamp, zone_offset_s: i32) -> Timestamp {
    t.plus_s(-f64::from(zone_offset_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_hours_are_taken_off_in_bangkok() {
        assert_eq!(corrected(Timestamp::from_s(100_000), 7 * 3600), Timestamp::from_s(100_000 - 25_200));
    }
}
