//! A journey priced leg by leg, for people who ask what it will cost.
//!
//! The ledger prices legs itself, because it knows which taps made them and what earlier legs counted to
//! a cap; this is the same sum without caps.

use super::{Ask, Fare, Ridden, Tariff};
use crate::money::Satang;

/// A leg that somebody means to ride.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ride<'a> {
    /// What is asked.
    pub ask: Ask<'a>,
    /// route_id; empty when it does not matter.
    pub route: &'a str,
}

/// A leg of a journey, priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Alone.
    pub fare: Fare,
    /// What changing takes off it; `None` when it begins a chain.
    pub change: Option<Satang>,
    /// What the rider pays.
    pub pays: Satang,
}

impl Tariff {
    /// What each leg costs, in the order ridden; `None` for a leg that no rule covers. Such a leg ends a chain.
    #[must_use]
    pub fn journey(&self, rides: &[Ride<'_>]) -> Vec<Option<Step>> {
        let mut chain: Option<(Ridden<'_>, u32)> = None;
        let mut steps = Vec::with_capacity(rides.len());
        for Ride { ask, route } in rides {
            let Some(fare) = self.fare(ask) else {
                chain = None;
                steps.push(None);
                continue;
            };
            let Ask { start, end, rider, medium, .. } = *ask;
            let next = Ridden { group: fare.group, route, start, end, alone: fare.alone, rider, medium };
            let change = chain.and_then(|(before, hops)| self.transfer(&before, &next, hops));
            chain = match (chain, change) {
                (Some((before, hops)), Some(_)) => {
                    Some((self.joined(&before, &next), hops.saturating_add(1)))
                }
                _ => Some((next, 0)),
            };
            // What changing takes off is no more than the leg costs: no sum here can leave the range.
            let pays = Satang(fare.alone.0 + change.unwrap_or_default().0);
            steps.push(Some(Step { fare, change, pays }));
        }
        steps
    }
}
