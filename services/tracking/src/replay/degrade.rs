//! A recording made worse on purpose, to see how what is told of it gets worse.
//!
//! Seeded and pure: the same recording, degradation and seed give the same rows. What always holds: a
//! row's fate hangs only on the seed, its vehicle and its time, so that a repeated row is repeated
//! still, and one fault does not change the dice of another.

use super::{Recording, Row};
use gtfs::Timestamp;
use gtfs::timetable::Plane;
use std::collections::HashMap;
use std::sync::Arc;

/// What is done to a recording; the default does nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Degrade {
    /// Of all dice below.
    pub seed: u64,
    /// Every claim of a trip, block or route is dropped.
    pub forget_trips: bool,
    /// A report less than this after the last one kept of its vehicle is dropped, seconds.
    pub thin_s: f64,
    /// Of every report, the probability that it is dropped.
    pub drop_share: f64,
    /// How wrong the clocks of some vehicles are, seconds; half of them fast, half slow.
    pub shift_s: f64,
    /// One vehicle in this many has such a clock; 0 and 1 mean every vehicle.
    pub shift_one_in: u32,
    /// Every position is moved by normal noise east and north; its root mean square distance, metres.
    pub jitter_m: f64,
}

/// What a number drawn is for.
#[derive(Clone, Copy)]
enum Die {
    Drop = 1,
    Shift = 2,
    Sign = 3,
    Radius = 4,
    Angle = 5,
}

impl Degrade {
    /// The recording, made worse.
    #[must_use]
    pub fn apply(&self, recording: &Recording) -> Recording {
        let mut kept: HashMap<Arc<str>, Timestamp> = HashMap::new();
        let rows = recording.rows.iter().filter(|row| self.keeps(row, &mut kept)).map(|row| self.worse(row));
        let unreadable = recording.unreadable.clone();
        let unreadable_count = recording.unreadable_count;
        let mut worse =
            Recording { rows: rows.collect(), unreadable, unreadable_count, period_s: recording.period_s };
        worse.measure();
        worse
    }

    fn keeps(&self, row: &Row, kept: &mut HashMap<Arc<str>, Timestamp>) -> bool {
        if self.share(row, Some(row.report.t), Die::Drop) < self.drop_share {
            return false;
        }
        let t = row.report.t;
        let last = kept.get(&row.vehicle).copied();
        if self.thin_s > 0.0 && last.is_some_and(|last| t != last && t.since_s(last) < self.thin_s) {
            return false;
        }
        kept.insert(Arc::clone(&row.vehicle), t);
        true
    }

    fn worse(&self, row: &Row) -> Row {
        let mut worse = row.clone();
        let report = &mut worse.report;
        if self.forget_trips {
            report.claim = crate::Claim::default();
        }
        if self.jitter_m > 0.0 && report.lat.is_finite() && report.lon.is_finite() {
            // Box and Muller, Ann. Math. Stat. 29, 1958: the squared radius of a plane normal is
            // exponential, its angle even.
            let radius = 1.0 - self.share(row, Some(row.report.t), Die::Radius);
            let radius_m = self.jitter_m * libm::sqrt(-libm::log(radius));
            let angle = std::f64::consts::TAU * self.share(row, Some(row.report.t), Die::Angle);
            let plane = Plane::around(report.lat, report.lon);
            let (north, east) = libm::sincos(angle);
            (report.lat, report.lon) = plane.lat_lon([(radius_m * east) as f32, (radius_m * north) as f32]);
        }
        if self.share(row, None, Die::Shift) * f64::from(self.shift_one_in.max(1)) < 1.0 {
            let sign = if self.share(row, None, Die::Sign) < 0.5 { -1.0 } else { 1.0 };
            report.t = report.t.plus_s(sign * self.shift_s);
        }
        worse
    }

    /// A number from 0 to 1, of a vehicle and, where given, a time.
    fn share(&self, row: &Row, t: Option<Timestamp>, die: Die) -> f64 {
        let mut state = mix(self.seed ^ (die as u64) << 56);
        for &byte in row.vehicle.as_bytes() {
            state = mix(state ^ u64::from(byte));
        }
        state = mix(state ^ t.map_or(0, |t| t.0 as u64));
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// One step of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hundred vehicles, a report each 10 s for 1,000 s.
    fn recording() -> Recording {
        let mut csv = String::from("event_timestamp,vehicle_id,trip_id_scheduled,latitude,longitude\n");
        for vehicle in 0..100 {
            for at in 0..100 {
                let (minute, second) = (at * 10 / 60, at * 10 % 60);
                csv += &format!("2026-01-15T10:{minute:02}:{second:02}Z,v{vehicle},t,13.7,101.0\n");
            }
        }
        Recording::read(csv.as_bytes()).unwrap()
    }

    fn kept(degrade: Degrade) -> usize {
        degrade.apply(&recording()).rows.len()
    }

    #[test]
    fn nothing_asked_changes_nothing() {
        let (before, after) = (recording(), Degrade::default().apply(&recording()));
        assert!(before.rows.iter().zip(&after.rows).all(|(a, b)| a.report == b.report));
        assert_eq!(before.rows.len(), after.rows.len());
    }

    #[test]
    fn thinning_leaves_a_report_a_minute_and_says_so_in_the_period() {
        let thin = Degrade { thin_s: 60.0, ..Degrade::default() }.apply(&recording());
        assert_eq!((thin.rows.len(), thin.period_s), (1_700, 60.0));
    }

    #[test]
    fn a_fifth_of_the_reports_is_dropped_and_another_seed_drops_others() {
        let dropped = |seed| kept(Degrade { drop_share: 0.2, seed, ..Degrade::default() });
        assert!((7_800..8_200).contains(&dropped(1)), "{}", dropped(1));
        assert_ne!(dropped(1), dropped(2));
        assert_eq!(dropped(1), dropped(1));
    }

    #[test]
    fn noise_has_the_distance_asked_for_and_no_bias() {
        let noisy = Degrade { jitter_m: 25.0, ..Degrade::default() }.apply(&recording());
        let plane = Plane::around(13.7, 101.0);
        let moved: Vec<[f32; 2]> = noisy.rows.iter().map(|r| plane.xy(r.report.lat, r.report.lon)).collect();
        let n = moved.len() as f32;
        let square: f32 = moved.iter().map(|xy| xy[0] * xy[0] + xy[1] * xy[1]).sum();
        assert!(((square / n).sqrt() - 25.0).abs() < 1.0, "{}", (square / n).sqrt());
        assert!((moved.iter().map(|xy| xy[0]).sum::<f32>() / n).abs() < 1.0);
    }

    #[test]
    fn one_vehicle_in_five_has_a_wrong_clock_and_keeps_it() {
        let degrade = Degrade { shift_s: 40.0, shift_one_in: 5, ..Degrade::default() };
        let (before, after) = (recording(), degrade.apply(&recording()));
        let mut by_vehicle: std::collections::BTreeMap<Arc<str>, Vec<f64>> = Default::default();
        for (a, b) in before.rows.iter().zip(&after.rows) {
            by_vehicle.entry(Arc::clone(&a.vehicle)).or_default().push(b.report.t.since_s(a.report.t));
        }
        assert!(by_vehicle.values().all(|shifts| shifts.iter().all(|s| *s == shifts[0])));
        let shifted = by_vehicle.values().filter(|shifts| shifts[0] != 0.0).count();
        assert!((10..30).contains(&shifted), "{shifted}");
    }

    #[test]
    fn forgetting_drops_every_claim() {
        let blind = Degrade { forget_trips: true, ..Degrade::default() }.apply(&recording());
        assert!(blind.rows.iter().all(|row| row.report.claim == crate::Claim::default()));
    }
}
