//! A store in memory, for tests of the engine alone: it keeps what effects say and answers what the engine asks.

use fares::engine::{CardHistory, Effect, LegRecord, PostedLeg, Share, TapRecord};
use fares::ride::{Ride, RideKey};
use fares::{Account, Journal, Leg, LegId, Satang, Tap, TapId};
use gtfs::{ServiceDay, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Default)]
pub(crate) struct Books {
    pub(crate) taps: Vec<Arc<Tap>>,
    pub(crate) records: BTreeMap<i64, TapRecord>,
    pub(crate) legs: BTreeMap<LegId, (LegRecord, Option<Share>)>,
    pub(crate) holds: BTreeMap<LegId, Leg>,
    pub(crate) rides: BTreeMap<RideKey, Ride>,
    pub(crate) balances: BTreeMap<Account, Satang>,
    pub(crate) denied: BTreeSet<Arc<str>>,
    pub(crate) journals: Vec<Journal>,
    pub(crate) suspected: BTreeSet<(TapId, TapId)>,
    causes: BTreeSet<Arc<str>>,
    /// Which cards have a leg in the books of a day.
    posted: BTreeSet<(ServiceDay, Arc<str>)>,
}

impl Books {
    /// Takes what a driver would store in one transaction.
    pub(crate) fn store(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Tap(record) => {
                    let before = self.records.insert(record.row, (**record).clone());
                    assert_eq!(record.rev, before.map_or(1, |before| before.rev + 1));
                }
                Effect::Leg(posted) => {
                    let PostedLeg { record, share } = (**posted).clone();
                    self.posted.insert((record.posting_day, Arc::clone(&record.leg.card)));
                    let rev = record.rev;
                    let before = self.legs.insert(record.leg.id.clone(), (record, share));
                    let before = before.map_or(0, |(before, _)| before.rev);
                    assert!(rev == before + 1 || rev == before);
                }
                Effect::Hold(_, id, Some(leg)) => _ = self.holds.insert(id.clone(), (**leg).clone()),
                Effect::Hold(_, id, None) => assert!(self.holds.remove(id).is_some()),
                Effect::Ride(ride) => _ = self.rides.insert(ride.key.clone(), (**ride).clone()),
                Effect::Journal(journal) => self.journal(journal),
                Effect::Deny(card, true) => assert!(self.denied.insert(Arc::clone(card))),
                Effect::Deny(card, false) => assert!(self.denied.remove(card)),
                Effect::Suspect(found) => {
                    _ = self.suspected.insert((found.first.tap.clone(), found.second.tap.clone()))
                }
                Effect::Need(..) | Effect::NeedRides(_) | Effect::WakeAt(_) => {}
            }
        }
    }

    fn journal(&mut self, journal: &Journal) {
        assert_eq!(journal.imbalance(), Some(Satang(0)), "{journal:?}");
        assert!(self.causes.insert(Arc::clone(&journal.cause)), "twice: {}", journal.cause);
        for posting in &journal.postings {
            self.balances.entry(posting.account.clone()).or_default().0 += posting.debit.0;
        }
        self.journals.push(journal.clone());
    }

    /// What the engine asks for.
    pub(crate) fn history(&self, card: &Arc<str>, from: Timestamp) -> CardHistory {
        let of_card = |record: &&TapRecord| record.card == *card && record.tap.t >= from;
        let raw = |record: &TapRecord| Some(Arc::clone(&self.taps[usize::try_from(record.row).unwrap()]));
        let legs =
            self.legs.values().filter(|(record, _)| record.leg.card == *card && record.leg.start >= from);
        CardHistory {
            card: Arc::clone(card),
            from,
            balance: Satang(-self.balance(&Account::Card(Arc::clone(card))).0),
            is_denied: self.denied.contains(card),
            taps: self.records.values().filter(of_card).map(|record| (record.clone(), raw(record))).collect(),
            legs: legs
                .map(|(record, share)| PostedLeg { record: record.clone(), share: share.clone() })
                .collect(),
            holds: self
                .holds
                .values()
                .filter(|leg| leg.card == *card)
                .map(|leg| (leg.id.clone(), leg.price.charge))
                .collect(),
            ..CardHistory::default()
        }
    }

    /// Debits less credits.
    pub(crate) fn balance(&self, account: &Account) -> Satang {
        self.balances.get(account).copied().unwrap_or_default()
    }

    /// Cards that have a leg, or a correction of one, in the books of `day`, or will have when it is cut.
    pub(crate) fn touched(&self, day: ServiceDay) -> BTreeSet<Arc<str>> {
        let posted =
            self.posted.iter().filter(|(posted, _)| *posted == day).map(|(_, card)| Arc::clone(card));
        let held = self.holds.values().filter(|leg| leg.service_day <= day).map(|leg| Arc::clone(&leg.card));
        posted.chain(held).collect()
    }

    /// What a reader of the books at the end sees: the same whatever the order of arrival was.
    pub(crate) fn outcome(&self) -> String {
        let mut lines = Vec::new();
        for (account, balance) in self.balances.iter().filter(|(_, balance)| balance.0 != 0) {
            lines.push(format!("{account} {balance}"));
        }
        for (record, share) in self.legs.values() {
            let leg = &record.leg;
            if leg.status == fares::LegStatus::Withdrawn {
                continue;
            }
            let off = leg.off.as_ref().map_or_else(String::new, ToString::to_string);
            let share = share.as_ref().map_or(0, |share| share.amount.0);
            lines.push(format!(
                "{} {off} {} {} {}>{} {} {}{}{} = {} share {share} waived {}",
                leg.id,
                leg.status.word(),
                leg.service_day,
                leg.from,
                leg.to,
                leg.trip,
                leg.price.alone,
                leg.price.transfer,
                leg.price.capped,
                leg.price.charge,
                record.waived,
            ));
        }
        for record in self.records.values() {
            let (fate, leg) = record.fate.parts();
            let leg = leg.map_or_else(String::new, ToString::to_string);
            lines.push(format!("{} {fate} {leg}", record.tap.id));
        }
        lines.sort();
        lines.join("\n")
    }
}
