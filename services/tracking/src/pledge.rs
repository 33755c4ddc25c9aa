//! Predictions held to their word: a sample of what was told of each call, kept until it is reached.
//!
//! Sampled once a minute, as the scorer does, and not when a prediction changes: what changes oftenest
//! is not what riders see longest. Far calls are sampled every sixth minute. What always holds: a
//! vehicle has at most [`PLEDGES_MAX`] of them, and each is settled once or given up.

use crate::DatedTrip;
use crate::gamma::Gamma;
use crate::learned::calibration::{Fell, Phase};
use crate::score::Judged;
use gtfs::Timestamp;
use gtfs::time::MICROS;

/// Predictions of one vehicle that are followed at a time; more are not followed.
const PLEDGES_MAX: usize = 64;
/// Predictions further ahead are not followed, seconds.
const AHEAD_S_MAX: f64 = 1_800.0;
/// Nor nearer ones: the ping that settles them is on its way, seconds.
const AHEAD_S_MIN: f64 = 10.0;
/// Up to this far ahead calls are sampled each minute, seconds,
const NEAR_S: f64 = 360.0;
/// others once in so many minutes.
const FAR_MINUTES: i64 = 6;
/// What came of a prediction is learned when this many times its time to go have passed, though its
/// call be reached sooner: else those that came early would be learned before those that come late,
/// and on the first day every vehicle would seem to be early.
const RIPE: f64 = 1.5;
/// A prediction is given up when its call was not reached this long after it was expected, seconds;
/// with that a promise is a ghost (as in the scorer of logs),
const GIVEN_UP_S: f64 = 1_800.0;
/// if it was told to be at most this far away, seconds.
const PROMISED_S: f64 = 600.0;

/// One prediction that was told. There are dozens per vehicle, so it is kept small.
#[derive(Clone, Copy, Debug)]
struct Pledge {
    dated: DatedTrip,
    /// When it stood, whole epoch seconds; what follows is relative to that.
    made_s: u32,
    /// As predicted, before calibration: seconds after the fix.
    mean_s: f32,
    var_s2: f32,
    /// When its call was reached, seconds; not a number before that.
    came_s: f32,
    /// As told, 10 %, the published value, 90 %: tenths of a second.
    told_ds: [u16; 3],
    /// Age of the fix, tenths of a second.
    age_ds: i16,
    /// Timetable between this call and the one before, seconds.
    gap_s: u16,
    call: u16,
    phase: Phase,
    /// The first of its call to promise it within [`PROMISED_S`].
    promise: bool,
}

/// A prediction as it is handed in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    pub(crate) dated: DatedTrip,
    pub(crate) call: u16,
    pub(crate) phase: Phase,
    /// As predicted, before calibration.
    pub(crate) arrival: Gamma,
    /// Age of the fix it counts from, seconds.
    pub(crate) age_s: f64,
    /// When it stood.
    pub(crate) made: Timestamp,
    /// 10 %, the published value, 90 %, as told.
    pub(crate) told: [Timestamp; 3],
}

/// What is handed out at the end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reaped<'a> {
    /// Where an arrival fell.
    Fell(&'a Fell),
    /// A call of a trip that was told within ten minutes, and nobody came.
    Ghost(DatedTrip),
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

    /// Hands out what is ripe, and each promise that nobody kept.
    pub(crate) fn reap(&mut self, now: Timestamp, mut report: impl FnMut(Reaped<'_>)) {
        self.open.retain(|pledge| {
            let since_s = now.since_s(pledge.made());
            if pledge.is_settled() {
                let ripe = since_s >= RIPE * pledge.ahead_s();
                if ripe {
                    report(Reaped::Fell(&pledge.fell()));
                }
                return !ripe;
            }
            let given_up = since_s >= pledge.ahead_s() + GIVEN_UP_S;
            if given_up && pledge.promise {
                report(Reaped::Ghost(pledge.dated));
            }
            !given_up
        });
    }

    /// Follows a prediction, if it is this minute's turn.
    pub(crate) fn follow(&mut self, said: &Said) {
        let ahead_s = said.arrival.mean_s - said.age_s;
        let turn = ahead_s < NEAR_S || (self.minute + i64::from(said.call)) % FAR_MINUTES == 0;
        if !turn || !(AHEAD_S_MIN..=AHEAD_S_MAX).contains(&ahead_s) || self.open.len() >= PLEDGES_MAX {
            return;
        }
        let made_s = u32::try_from(said.made.s()).unwrap_or_default();
        let made = Timestamp::from_s(i64::from(made_s));
        let age_s = said.age_s - said.made.since_s(made);
        let told_ds = said.told.map(|told| (10.0 * told.since_s(made)).round() as u16);
        let is_it = |pledge: &&Pledge| pledge.call == said.call && pledge.dated == said.dated;
        let near = said.told[1].since_s(said.made) <= PROMISED_S;
        let promise = near && !self.open.iter().filter(is_it).any(|pledge| pledge.promise);
        self.open.push(Pledge {
            dated: said.dated,
            made_s,
            mean_s: said.arrival.mean_s as f32,
            var_s2: said.arrival.var_s2 as f32,
            came_s: f32::NAN,
            told_ds,
            age_ds: (10.0 * age_s).round() as i16,
            gap_s: 0,
            call: said.call,
            phase: said.phase,
            promise,
        });
    }

    /// The call was reached, `gap_s` of timetable after the one before: reports how each prediction of
    /// it did. Those of calls before it will never be known; that of the next is no ghost any more.
    pub(crate) fn settle(
        &mut self,
        dated: DatedTrip,
        call: u16,
        arrival: Timestamp,
        gap_s: f64,
        mut report: impl FnMut(&Judged),
    ) {
        self.open.retain_mut(|pledge| {
            if pledge.dated != dated || pledge.is_settled() {
                return true;
            }
            if pledge.call == call {
                pledge.came_s = arrival.since_s(pledge.made()) as f32;
                pledge.gap_s = gap_s as u16;
                report(&pledge.judged());
            }
            pledge.promise &= pledge.call != call + 1;
            pledge.call >= call
        });
    }

    /// Forgets all: the trips they speak of have other names now.
    pub(crate) fn clear(&mut self) {
        self.open.clear();
    }
}

impl Pledge {
    fn made(&self) -> Timestamp {
        Timestamp::from_s(i64::from(self.made_s))
    }

    fn is_settled(&self) -> bool {
        !self.came_s.is_nan()
    }

    fn age_s(&self) -> f64 {
        f64::from(self.age_ds) / 10.0
    }

    /// Time still to go when it was made, as predicted, seconds.
    fn ahead_s(&self) -> f64 {
        f64::from(self.mean_s) - self.age_s()
    }

    fn judged(&self) -> Judged {
        let to_go_s = f64::from(self.came_s);
        let [low_s, told_s, high_s] = self.told_ds.map(|ds| f64::from(ds) / 10.0);
        let inside = low_s <= to_go_s && to_go_s <= high_s;
        Judged { to_go_s, to_predicted_s: told_s, error_s: to_go_s - told_s, inside }
    }

    fn fell(&self) -> Fell {
        let gamma = Gamma { mean_s: self.mean_s.into(), var_s2: self.var_s2.into() };
        let to_go_s = self.ahead_s();
        Fell {
            phase: self.phase,
            to_go_s,
            residual: gamma.deviate(f64::from(self.came_s) + self.age_s()),
            gap_s: self.gap_s.into(),
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
        pledges.follow(&said(now, call, ahead_s));
        pledges
    }

    fn said(made: Timestamp, call: u16, ahead_s: f64) -> Said {
        Said {
            dated: trip(),
            call,
            phase: Phase::MidTrip,
            arrival: Gamma { mean_s: ahead_s, var_s2: 400.0 },
            age_s: 0.0,
            made,
            told: [-30.0, -5.0, 30.0].map(|s| made.plus_s(ahead_s + s)),
        }
    }

    fn learned(pledges: &mut Pledges, now: Timestamp) -> (Vec<Fell>, u32) {
        let (mut fell, mut ghosts) = (Vec::new(), 0);
        pledges.reap(now, |reaped| match reaped {
            Reaped::Fell(one) => fell.push(*one),
            Reaped::Ghost(_) => ghosts += 1,
        });
        (fell, ghosts)
    }

    const NOON: Timestamp = Timestamp(1_795_500_000 * MICROS);

    #[test]
    fn what_came_of_a_prediction_is_learned_once_and_not_before_late_ones_could_have_come() {
        let mut pledges = told(NOON, 3, 300.0);
        let mut judged = Vec::new();
        for _ in 0..2 {
            pledges.settle(trip(), 3, NOON.plus_s(280.0), 60.0, |one| judged.push(*one));
        }
        let as_told = Judged { to_go_s: 280.0, to_predicted_s: 295.0, error_s: -15.0, inside: true };
        assert_eq!(judged, [as_told]);
        assert!(learned(&mut pledges, NOON.plus_s(300.0)).0.is_empty());
        let (fell, ghosts) = learned(&mut pledges, NOON.plus_s(460.0));
        assert_eq!((fell.len(), ghosts, learned(&mut pledges, NOON.plus_s(500.0)).0.len()), (1, 0, 0));
        assert_eq!(fell[0].to_go_s, 300.0);
        assert!((-1.2..-0.8).contains(&fell[0].residual), "{:?}", fell[0]);
    }

    #[test]
    fn a_pledge_stays_small_because_there_are_dozens_per_vehicle() {
        assert!(size_of::<Pledge>() <= 44);
    }

    #[test]
    fn a_minute_is_sampled_once() {
        let mut pledges = told(NOON, 3, 300.0);
        assert!(!pledges.is_due(NOON.plus_s(20.0)));
        assert!(pledges.is_due(NOON.plus_s(60.0)));
    }

    #[test]
    fn a_call_told_for_minutes_and_never_reached_is_one_ghost() {
        let mut pledges = told(NOON, 3, 300.0);
        for minute in 1..4 {
            let now = NOON.plus_s(60.0 * f64::from(minute));
            assert!(pledges.is_due(now));
            pledges.follow(&said(now, 3, 300.0));
        }
        assert_eq!(learned(&mut pledges, NOON.plus_s(2_000.0)), (vec![], 0));
        assert_eq!(learned(&mut pledges, NOON.plus_s(2_400.0)), (vec![], 1));
        assert!(pledges.open.is_empty());
    }

    #[test]
    fn a_vehicle_seen_at_the_call_before_or_after_is_no_ghost() {
        for (told_call, seen_call) in [(4, 3), (3, 4)] {
            let mut pledges = told(NOON, told_call, 300.0);
            pledges.settle(trip(), seen_call, NOON.plus_s(280.0), 60.0, |_| {});
            assert_eq!(learned(&mut pledges, NOON.plus_s(3_000.0)), (vec![], 0));
        }
    }

    #[test]
    fn a_vehicle_with_no_end_of_calls_keeps_a_bounded_number() {
        let mut pledges = Pledges::default();
        for minute in 0..60 {
            let now = NOON.plus_s(60.0 * f64::from(minute));
            pledges.is_due(now);
            for call in 0..200 {
                pledges.follow(&said(now, call, 200.0));
            }
        }
        assert_eq!(pledges.open.len(), PLEDGES_MAX);
    }
}
