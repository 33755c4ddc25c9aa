//! Giving duties to the vehicles that claim none: all of them at once, one vehicle a duty.
//!
//! Nothing is given that is not sure: the whole must be likelier by a margin with it than without.
//! What has been given is taken away again only when somebody else surely has it, or when its vehicle
//! surely does something else. Vehicles with a claim are not asked; what they have is not on offer.

use super::Tracker;
use crate::Effect;
use crate::assign;
use crate::auction::{KNOT_MAX, Offer, settle};
use crate::bid::{Bid, Lot};
use crate::job::Bound;
use crate::run::Run;
use crate::vehicle::Freshness;
use gtfs::Timestamp;
use rustc_hash::FxHashSet;

/// To take a vehicle from a trip to another needs this much more, nats (start).
const SWITCH_NATS: f64 = 2.0;

/// Vehicles without a claim that are looked at for the sake of one; of a larger fleet each waits for
/// the auction of all.
const ASKED_MAX: usize = 1_000;

impl Tracker {
    /// Settles who has what, unless that was done a moment ago.
    pub(super) fn auction(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if self.auctioned.is_some_and(|last| now.since_s(last) < self.params.auction_s) {
            return;
        }
        self.auctioned = Some(now);
        let bidders: Vec<u32> = (0..self.vehicles.len() as u32).filter(|&at| self.bids(at)).collect();
        self.award(&bidders, now, effects);
    }

    /// Settles what one vehicle gets, which has just been heard of and has nothing to do: among those
    /// that compete with it. They are all that its part of the great auction would have.
    pub(super) fn auction_about(&mut self, at: u32, now: Timestamp, effects: &mut Vec<Effect>) {
        let rivals = self.rivals(at);
        self.award(&rivals, now, effects);
    }

    /// The vehicles that compete with one, directly or through others, and itself, in order; none when
    /// they are too many to be settled, or so many are to be looked at that the great auction must do.
    fn rivals(&self, at: u32) -> Vec<u32> {
        let lots = |at: u32| self.vehicles[at as usize].bids.iter().map(|bid| bid.lot);
        let (mut rivals, mut wanted) = (vec![at], lots(at).collect::<FxHashSet<Lot>>());
        let mut others: Vec<u32> =
            (0..self.vehicles.len() as u32).filter(|&other| other != at && self.bids(other)).collect();
        if others.len() > ASKED_MAX {
            return Vec::new();
        }
        loop {
            let before = rivals.len();
            others.retain(|&other| {
                let competes = rivals.len() <= KNOT_MAX && lots(other).any(|lot| wanted.contains(&lot));
                if competes {
                    rivals.push(other);
                    wanted.extend(lots(other));
                }
                !competes
            });
            if rivals.len() > KNOT_MAX {
                return Vec::new();
            }
            if rivals.len() == before {
                rivals.sort_unstable();
                return rivals;
            }
        }
    }

    /// Gives `bidders` what the best whole surely has them on.
    fn award(&mut self, bidders: &[u32], now: Timestamp, effects: &mut Vec<Effect>) {
        if bidders.is_empty() {
            return;
        }
        let taken = self.claimed_lots();
        let (offers, bids, lots) = self.offers(bidders, &taken);
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
        let of = |(index, &at): (usize, &u32)| {
            let bids = self.vehicles[at as usize].bids.iter();
            let open = bids.filter_map(|bid| self.open(at, bid)).filter(|bid| !taken.contains(&bid.lot));
            open.map(|bid| (index, bid)).collect::<Vec<_>>()
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

    /// What of a bid is on offer. A vehicle that has just come to the end of a trip looks most like being
    /// on it still: that speaks for the rest of its duty, and for nobody else's.
    fn open(&self, at: u32, bid: &Bid) -> Option<Bid> {
        if self.trips.cancelled.contains(&bid.run.dated) {
            return None;
        }
        if !self.trips.over.contains_key(&bid.run.dated) {
            return Some(*bid);
        }
        let run = self.present(at).filter(|run| Lot::of(&self.timetable, run) == bid.lot)?;
        Some(Bid { run, ..*bid })
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
