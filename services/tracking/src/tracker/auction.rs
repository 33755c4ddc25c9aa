//! Giving duties to the vehicles that claim none: all of them at once, one vehicle a duty.
//!
//! Nothing is given that is not sure: the whole must be likelier by a margin with it than without.
//! What has been given is taken away again only when somebody else surely has it, or when its vehicle
//! surely does something else. Vehicles with a claim are not asked; what they have is not on offer.

use super::Tracker;
use crate::Effect;
use crate::assign;
use crate::auction::{Offer, settle};
use crate::bid::{Bid, Lot};
use crate::job::Bound;
use crate::run::Run;
use crate::vehicle::Freshness;
use gtfs::Timestamp;
use rustc_hash::FxHashSet;

/// To take a vehicle from a trip to another needs this much more, nats (start).
const SWITCH_NATS: f64 = 2.0;

impl Tracker {
    /// Settles who has what, unless that was done less than `after_s` ago.
    pub(super) fn auction(&mut self, now: Timestamp, after_s: f64, effects: &mut Vec<Effect>) {
        if self.auctioned.is_some_and(|last| now.since_s(last) < after_s) {
            return;
        }
        self.auctioned = Some(now);
        let bidders: Vec<u32> = (0..self.vehicles.len() as u32).filter(|&at| self.bids(at)).collect();
        if bidders.is_empty() {
            return;
        }
        let taken = self.claimed_lots();
        let (offers, bids, lots) = self.offers(&bidders, &taken);
        let awards = settle(bidders.len(), lots.len(), &offers);
        let mut given: Vec<(u32, Run)> = Vec::new();
        for (&at, award) in bidders.iter().zip(&awards) {
            let Some(bid) = award.offer.map(|offer| bids[offer]) else { continue };
            let present = self.present(at);
            let switch = if present.is_some() { SWITCH_NATS } else { 0.0 };
            let sure = award.margin.min(bid.lead) >= self.params.margin_nats + switch
                && award.way_margin >= self.params.way_margin_nats
                && award.share >= self.params.posterior_min;
            if sure && !bid.stands && present.is_none_or(|run| run.dated != bid.run.dated) {
                given.push((at, bid.run));
            }
        }
        self.hand_over(&given, now, effects);
    }

    /// Whether a vehicle takes part.
    fn bids(&self, at: u32) -> bool {
        let vehicle = &self.vehicles[at as usize];
        !vehicle.bids.is_empty()
            && vehicle.freshness != Freshness::Silent
            && vehicle.job.as_ref().is_none_or(|job| job.bound == Bound::Automatic)
    }

    /// The duties of vehicles that claim them. Never iterated.
    fn claimed_lots(&self) -> FxHashSet<Lot> {
        let claimed = self.vehicles.iter().filter(|vehicle| vehicle.freshness != Freshness::Silent);
        let jobs = claimed.filter_map(|vehicle| vehicle.job.as_ref());
        jobs.filter(|job| job.bound > Bound::Automatic)
            .filter_map(|job| job.run())
            .map(|run| Lot::of(&self.timetable, run))
            .collect()
    }

    /// The offers of all bidders, the bid behind each, and all lots in order.
    fn offers(&self, bidders: &[u32], taken: &FxHashSet<Lot>) -> (Vec<Offer>, Vec<Bid>, Vec<Lot>) {
        let open = |at: u32, bid: &Bid| {
            let own = self.present(at).is_some_and(|run| run.dated == bid.run.dated);
            let over = self.trips.over.contains_key(&bid.run.dated) && !own;
            !over && !taken.contains(&bid.lot) && !self.trips.cancelled.contains(&bid.run.dated)
        };
        let of = |(index, &at): (usize, &u32)| {
            let bids = self.vehicles[at as usize].bids.iter();
            bids.filter(move |bid| open(at, bid)).map(move |bid| (index, *bid)).collect::<Vec<_>>()
        };
        let all: Vec<(usize, Bid)> = bidders.iter().enumerate().flat_map(of).collect();
        let mut lots: Vec<Lot> = all.iter().map(|(_, bid)| bid.lot).collect();
        lots.sort_unstable();
        lots.dedup();
        let offer = |(bidder, bid): &(usize, Bid)| {
            let lot = lots.partition_point(|lot| *lot < bid.lot);
            Offer { bidder: *bidder, lot, worth: bid.worth, way: bid.run.pattern.at() }
        };
        let offers = all.iter().map(offer).collect();
        (offers, all.into_iter().map(|(_, bid)| bid).collect(), lots)
    }

    fn present(&self, at: u32) -> Option<Run> {
        self.vehicles[at as usize].job.as_ref().and_then(|job| job.run().copied())
    }

    /// Takes what is given from whoever has it, then gives it.
    fn hand_over(&mut self, given: &[(u32, Run)], now: Timestamp, effects: &mut Vec<Effect>) {
        for (winner, run) in given {
            let lot = Lot::of(&self.timetable, run);
            for at in 0..self.vehicles.len() as u32 {
                let automatic = |job: &crate::job::Job| job.bound == Bound::Automatic;
                let has = self.vehicles[at as usize].job.as_ref().filter(|job| automatic(job));
                let same =
                    has.and_then(|job| job.run()).is_some_and(|run| Lot::of(&self.timetable, run) == lot);
                if same && at != *winner {
                    self.release(at, now, effects);
                }
            }
        }
        for &(at, run) in given {
            let runs = assign::from_run(&self.timetable, run);
            self.give(at, runs, Bound::Automatic, now, true, effects);
            self.mark(at);
        }
    }
}
