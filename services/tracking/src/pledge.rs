//! Predictions held to their word: a sample of what was told of each call, kept until it is reached.
//!
//! Sampled once a minute, as the scorer does, and not when a prediction changes: what changes oftenest
//! is not what riders see longest. Far calls are sampled every third minute. What always holds: a
//! vehicle has at most [`PLEDGES_MAX`] of them, and each is settled once or given up.

use crate::DatedTrip;
use crate::gamma::Gamma;
use crate::learned::calibration::{Fell, Phase};
use gtfs::Timestamp;
use gtfs::time::MICROS;

/// Predictions of one vehicle that are followed at a time; more are not followed.
const PLEDGES_MAX: usize = 128;
/// Predictions further ahead are not followed, seconds.
const AHEAD_S_MAX: f64 = 1_800.0;
/// Nor nearer ones: the ping that settles them is on its way, seconds.
const AHEAD_S_MIN: f64 = 10.0;
/// Up to this far ahead calls are sampled each minute, seconds,
const NEAR_S: f64 = 360.0;
/// others once in so many minutes.
const FAR_MINUTES: i64 = 3;
/// What came of a prediction is learned when this many times its time to go have passed, though its
/// call be reached sooner: else those that came early would be learned before those that come late,
/// and on the first day every vehicle would seem to be early.
const RIPE: f64 = 1.5;
/// A prediction is given up when its call was not reached this long after the last sampled moment
/// it could be for, seconds.
const GIVEN_UP_S: f64 = 3_600.0;

/// One prediction that was told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pledge {
    dated: DatedTrip,
    call: u16,
    phase: Phase,
    /// Age of the fix, seconds.
    age_s: f32,
    /// When it stood.
    made: Timestamp,
    /// As predicted, before calibration: seconds after the fix.
    mean_s: f32,
    var_s2: f32,
    /// What came of it, once its call was reached.
    fell: Option<(Timestamp, f32)>,
}

/// The predictions of one vehicle that are followed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pledges {
    open: Vec<Pledge>,
    /// The minute of the last sample.
    minute: i64,
}

impl Pledges {
    /// Whether a new minute has begun since the last sample; if so, it is the one sampled now.
    pub(crate) fn is_due(&mut self, now: Timestamp) -> bool {
        let minute = now.0.div_euclid(60 * MICROS);
        let due = self.minute != minute;
        self.minute = minute;
        due
    }

    /// Hands out what is ripe.
    pub(crate) fn reap(&mut self, now: Timestamp, mut report: impl FnMut(&Fell)) {
        self.open.retain(|pledge| {
            let since_s = now.since_s(pledge.made);
            match pledge.fell {
                Some((arrival, gap_s)) if since_s >= pledge.ripe_s() => {
                    report(&pledge.fell(arrival, f64::from(gap_s)));
                    false
                }
                _ => since_s < GIVEN_UP_S,
            }
        });
    }

    /// Follows a prediction made from the fix of `age_s` ago, if it is this minute's turn.
    pub(crate) fn follow(
        &mut self,
        dated: DatedTrip,
        call: u16,
        phase: Phase,
        arrival: Gamma,
        age_s: f64,
        made: Timestamp,
    ) {
        let ahead_s = arrival.mean_s - age_s;
        let turn = ahead_s < NEAR_S || (self.minute + i64::from(call)) % FAR_MINUTES == 0;
        if !turn || !(AHEAD_S_MIN..=AHEAD_S_MAX).contains(&ahead_s) || self.open.len() >= PLEDGES_MAX {
            return;
        }
        self.open.push(Pledge {
            dated,
            call,
            phase,
            age_s: age_s as f32,
            made,
            mean_s: arrival.mean_s as f32,
            var_s2: arrival.var_s2 as f32,
            fell: None,
        });
    }

    /// The call was reached, `gap_s` of timetable after the one before.
    pub(crate) fn settle(&mut self, dated: DatedTrip, call: u16, arrival: Timestamp, gap_s: f64) {
        for pledge in self.open.iter_mut().filter(|pledge| pledge.call == call && pledge.dated == dated) {
            pledge.fell = pledge.fell.or(Some((arrival, gap_s as f32)));
        }
    }

    /// Forgets all: the trips they speak of have other names now.
    pub(crate) fn clear(&mut self) {
        self.open.clear();
    }
}

impl Pledge {
    /// Nothing is learned of it before this long after it was made, seconds.
    fn ripe_s(&self) -> f64 {
        RIPE * f64::from(self.mean_s - self.age_s)
    }

    fn fell(&self, arrival: Timestamp, gap_s: f64) -> Fell {
        let (mean_s, age_s) = (f64::from(self.mean_s), f64::from(self.age_s));
        let gamma = Gamma { mean_s, var_s2: f64::from(self.var_s2) };
        let to_go_s = mean_s - age_s;
        Fell {
            phase: self.phase,
            to_go_s,
            residual: gamma.deviate(arrival.since_s(self.made) + age_s),
            gap_s,
            every_s: if to_go_s < NEAR_S { 60.0 } else { 60.0 * FAR_MINUTES as f64 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gtfs::{ServiceDay, ServiceTime, TripIdx};

    fn trip() -> DatedTrip {
        let day = ServiceDay::parse("20261124").unwrap();
        DatedTrip { trip: TripIdx(0), day, start: ServiceTime(0) }
    }

    fn told(now: Timestamp, call: u16, ahead_s: f64) -> Pledges {
        let mut pledges = Pledges::default();
        assert!(pledges.is_due(now));
        let arrival = Gamma { mean_s: ahead_s, var_s2: 400.0 };
        pledges.follow(trip(), call, Phase::MidTrip, arrival, 0.0, now);
        pledges
    }

    const NOON: Timestamp = Timestamp(1_795_500_000 * MICROS);

    #[test]
    fn what_came_of_a_prediction_is_learned_once_and_not_before_late_ones_could_have_come() {
        let mut pledges = told(NOON, 3, 300.0);
        pledges.settle(trip(), 3, NOON.plus_s(280.0), 60.0);
        let mut learned = Vec::new();
        pledges.reap(NOON.plus_s(300.0), |fell| learned.push(*fell));
        assert!(learned.is_empty());
        pledges.reap(NOON.plus_s(460.0), |fell| learned.push(*fell));
        pledges.reap(NOON.plus_s(500.0), |fell| learned.push(*fell));
        assert_eq!(learned.len(), 1);
        assert_eq!(learned[0].to_go_s, 300.0);
        assert!((-1.2..-0.8).contains(&learned[0].residual), "{:?}", learned[0]);
    }

    #[test]
    fn a_minute_is_sampled_once() {
        let mut pledges = told(NOON, 3, 300.0);
        assert!(!pledges.is_due(NOON.plus_s(20.0)));
        assert!(pledges.is_due(NOON.plus_s(60.0)));
    }

    #[test]
    fn a_call_that_is_never_reached_is_given_up() {
        let mut pledges = told(NOON, 3, 300.0);
        pledges.settle(trip(), 4, NOON.plus_s(280.0), 60.0);
        pledges.reap(NOON.plus_s(GIVEN_UP_S), |_| {});
        assert!(pledges.open.is_empty());
    }

    #[test]
    fn a_vehicle_with_no_end_of_calls_keeps_a_bounded_number() {
        let mut pledges = Pledges::default();
        for minute in 0..60 {
            let now = NOON.plus_s(60.0 * f64::from(minute));
            pledges.is_due(now);
            for call in 0..200 {
                let arrival = Gamma { mean_s: 200.0, var_s2: 400.0 };
                pledges.follow(trip(), call, Phase::MidTrip, arrival, 0.0, now);
            }
        }
        assert_eq!(pledges.open.len(), PLEDGES_MAX);
    }
}
