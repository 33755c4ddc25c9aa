//! Claims that can not be true: of one vehicle that drives another line, of a fleet that runs another
//! feed.
//!
//! A claim is believed until a vehicle has been off its line, and surely on another, for three
//! minutes; then the console is told and the vehicle is assigned by evidence until the claim changes
//! or fits again. When most claims of the last hour are unknown it is the feed that is wrong: claims
//! say nothing then. What always holds: a dispatcher's word is never doubted.

use super::Tracker;
use super::ping::alert;
use crate::assign::{self, Claimed};
use crate::bid;
use crate::job::Bound;
use crate::{DatedTrip, Effect};
use gtfs::Timestamp;

/// Off its line for this long, seconds, a claim is looked at.
const LOOK_S: f64 = 45.0;
/// The other duty must be likelier than the claimed by this, nats,
const DOUBT_NATS: f64 = 6.0;
/// for this long, seconds.
const DOUBT_S: f64 = 180.0;
/// A claim that is this near to the best again is believed again, nats.
const BELIEVED_NATS: f64 = 1.0;
/// Claims are counted by the hour, seconds.
const HOUR_S: f64 = 3_600.0;
/// Fewer claims than this say nothing of the feed.
const CLAIMS_MIN: u32 = 20;

/// How many claims of the last one to two hours named something that the timetable has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Claims {
    since: Option<Timestamp>,
    /// Known and unknown, of this hour and of the one before.
    counts: [[u32; 2]; 2],
}

impl Claims {
    /// Counts a new claim; returns whether most are unknown.
    fn count(&mut self, now: Timestamp, known: bool) -> bool {
        if self.since.is_none_or(|since| now.since_s(since) >= HOUR_S) {
            (self.since, self.counts) = (Some(now), [[0, 0], self.counts[0]]);
        }
        self.counts[0][usize::from(!known)] += 1;
        let [known, unknown] = [0, 1].map(|at| self.counts[0][at] + self.counts[1][at]);
        known + unknown >= CLAIMS_MIN && known < unknown
    }
}

impl Tracker {
    /// Notes whether a new claim was known; says it once when most are not.
    pub(super) fn count_claim(&mut self, now: Timestamp, known: bool, effects: &mut Vec<Effect>) {
        let wrong = self.claims.count(now, known);
        if wrong && !self.counters.wrong_feed {
            let text = "most trips that vehicles claim are not in the timetable: it is probably not the feed in \
                        force; claims are ignored";
            effects.push(self.say("wrong_feed", text.into()));
        }
        self.counters.wrong_feed = wrong;
    }

    /// Looks at a claim whose vehicle is off its line; gives the vehicle up to the evidence when it has
    /// surely been doing something else for long enough.
    pub(super) fn doubt(&mut self, at: u32, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(claimed) = self.off_its_claim(at) else {
            self.vehicles[at as usize].doubt = None;
            return;
        };
        if !self.is_time_to_try(at, now) {
            return;
        }
        let vehicle = &mut self.vehicles[at as usize];
        vehicle.tried = Some(now);
        let bids = bid::bids(&self.timetable, &self.grid, vehicle, &self.params);
        let other =
            bids.iter().find(|bid| bid.run.dated != claimed && !bid.stands).map_or(0.0, |bid| bid.worth);
        let own = bids.iter().find(|bid| bid.run.dated == claimed).map_or(0.0, |bid| bid.worth);
        if other - own <= DOUBT_NATS {
            vehicle.doubt = None;
            return;
        }
        let since = *vehicle.doubt.get_or_insert(now);
        if now.since_s(since) < DOUBT_S {
            return;
        }
        vehicle.doubt = None;
        vehicle.doubted = Some(vehicle.ping.claim.clone());
        let text = "drives another line than the trip it claims; it is assigned by where it is";
        effects.push(alert("claim_contradicted", vehicle, text));
        self.release(at, now, effects);
        self.vehicles[at as usize].bids = bids;
    }

    /// The trip that a vehicle claims, when it has not been on its line for a while.
    fn off_its_claim(&self, at: u32) -> Option<DatedTrip> {
        let vehicle = &self.vehicles[at as usize];
        let job = vehicle.job.as_ref().filter(|job| matches!(job.bound, Bound::Trip | Bound::Block))?;
        let run = job.run()?;
        let off_s = match &job.track {
            Some(track) => track.off(vehicle.ping.t).1,
            None => vehicle.ping.t.since_s(run.origin),
        };
        (off_s >= LOOK_S && !job.on_line).then_some(run.dated)
    }

    /// Whether the claim of a vehicle was found untrue and still is.
    pub(super) fn is_doubted(&mut self, at: u32, now: Timestamp) -> bool {
        let vehicle = &mut self.vehicles[at as usize];
        if vehicle.doubted.as_ref() != Some(&vehicle.ping.claim) {
            vehicle.doubted = None;
            return false;
        }
        let best = vehicle.bids.first().map_or(0.0, |bid| bid.worth);
        let t = vehicle.ping.t;
        let claimed = assign::claimed(&self.timetable, &vehicle.ping.claim, &vehicle.sights, t, &self.params);
        let Claimed::Runs(runs, _) = claimed else { return true };
        let of_claim = |bid: &&bid::Bid| runs.first().is_some_and(|run| run.dated == bid.run.dated);
        let fits = vehicle.bids.iter().find(of_claim).is_some_and(|bid| bid.worth >= best - BELIEVED_NATS);
        if fits && vehicle.age_s(now) < self.params.no_data_s {
            vehicle.doubted = None;
            return false;
        }
        true
    }
}
