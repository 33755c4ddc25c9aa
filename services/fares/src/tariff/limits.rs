//! The constants that a tariff carries (fares design, section 11), with our defaults.

use crate::tap::PAX_MAX;

/// Constants of pairing, correcting and lending. Seconds, metres and counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A second tap at the same vehicle within this is the first one repeated.
    pub repeat_s: u32,
    /// Tapping off at the same stop within this: changed his mind, nothing is charged.
    pub void_s: u32,
    /// That often a day.
    pub voids_per_day: u32,
    /// Longest journey between tap-on and tap-off.
    pub journey_s_max: u32,
    /// Longest journey as a multiple of the aimed trip time, percent.
    pub journey_aimed_percent: u32,
    /// And so much more.
    pub journey_aimed_plus_s: u32,
    /// A trip that ended so long ago can not be tapped off any more.
    pub trip_end_grace_s: u32,
    /// A tap-on-only leg ends this long after boarding at the latest, for the sake of changes.
    pub chain_end_s_max: u32,
    /// Service days begin this long after local midnight.
    pub day_boundary_s: u32,
    /// So near the edge of a timeframe the rider has the cheaper side of it.
    pub peak_grace_s: u32,
    /// Missing tap-offs that are filled in, for each card and month.
    pub autofills_per_month: u32,
    /// Longest walk from the stop where a rider is taken to have got off to his next tap.
    pub autofill_walk_m: u32,
    /// A habit is looked for in so many days,
    pub habit_days: u32,
    /// needs so many complete legs,
    pub habit_legs_min: u32,
    /// of which so many percent end at one stop.
    pub habit_percent_min: u32,
    /// A tap that comes later than this posts only credits.
    pub late_days: u32,
    /// A tap that comes later than this moves no money.
    pub expired_days: u32,
    /// May board when the balance, holds taken off, is the least fare.
    pub board_with_minimum: bool,
    /// May end at the default fare below zero.
    pub end_below_zero: bool,
    /// Riders on one tap.
    pub pax_max: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            repeat_s: 60,
            void_s: 120,
            voids_per_day: 2,
            journey_s_max: 4 * 3600,
            journey_aimed_percent: 200,
            journey_aimed_plus_s: 1800,
            trip_end_grace_s: 1800,
            chain_end_s_max: 3600,
            day_boundary_s: 3 * 3600,
            peak_grace_s: 180,
            autofills_per_month: 3,
            autofill_walk_m: 750,
            habit_days: 60,
            habit_legs_min: 3,
            habit_percent_min: 80,
            late_days: 30,
            expired_days: 56,
            board_with_minimum: true,
            end_below_zero: true,
            pax_max: PAX_MAX,
        }
    }
}

impl Limits {
    /// The longest journey on a trip that is to take `aimed_s` (section 11: 2 × aimed + 30 min, ≤ 4 h).
    #[must_use]
    pub fn journey_s(&self, aimed_s: u32) -> u32 {
        let of_aimed = u64::from(aimed_s) * u64::from(self.journey_aimed_percent) / 100;
        let longest = of_aimed.saturating_add(u64::from(self.journey_aimed_plus_s));
        u32::try_from(longest).unwrap_or(u32::MAX).min(self.journey_s_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journey_may_take_twice_its_time_and_half_an_hour_but_never_more_than_four_hours() {
        let limits = Limits::default();
        assert_eq!(
            [0, 1200, 6300, 6301, u32::MAX].map(|s| limits.journey_s(s)),
            [1800, 4200, 14400, 14400, 14400]
        );
    }
}
