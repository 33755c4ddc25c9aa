//! Products, rules and caps of a tariff file. A concession given in percent becomes rows of its own, so
//! that what is charged is what is published.

use super::fill::{Filler, WHOLE};
use super::mark::{Amount, Mark};
use super::words::{COUNTED, PAYS};
use super::{LADDER_AREAS_MAX, Ladder, Leg, Product, Transfer};
use crate::money::Satang;
use crate::tariff::cap::{Cap, Period};
use crate::tariff::rows::Rows;
use gtfs::fares::{FareLegRule, FareProduct, FareTransferRule, Money, RiderCategory};
use std::collections::BTreeMap;

impl Filler<'_> {
    /// An amount for every rider category: what is said, or the percentage, or nothing of its own. One
    /// amount for all where there are no categories.
    pub(super) fn for_riders(
        &mut self,
        amount: Money,
        said: &BTreeMap<String, Mark<Amount>>,
        key: &str,
    ) -> Vec<(Box<str>, Money)> {
        for (rider, amount) in said {
            if !self.rows.riders.iter().any(|there| *there.id == **rider) {
                self.say(
                    &amount.span(),
                    key,
                    format_args!("rider category \"{rider}\" is not defined: add it, or correct the id"),
                );
            }
        }
        if self.rows.riders.is_empty() {
            return vec![("".into(), amount)];
        }
        let mut amounts = Vec::new();
        for at in 0..self.rows.riders.len() {
            let RiderCategory { id, is_default, .. } = self.rows.riders[at].clone();
            let own = match (said.get(&*id), is_default, self.percents.get(&*id)) {
                (Some(said), ..) => Some(self.amount(said, key)),
                (None, true, _) => Some(amount),
                (None, false, percent) => percent.map(|percent| percent_of(amount, *percent)),
            };
            amounts.extend(own.map(|amount| (id, amount)));
        }
        amounts
    }

    pub(super) fn product(&mut self, product: &Product) {
        let there = self.rows.products.iter().any(|there| *there.id == **product.id.get_ref());
        if !self.is_new(&product.id, "product.id", there) {
            return;
        }
        let amount = self.amount(&product.amount, "product.amount");
        let amounts = self.for_riders(amount, &product.riders, "product.riders");
        let known = |rows: &Rows, id: &str| rows.media.iter().any(|medium| *medium.id == *id);
        let media: Vec<Box<str>> =
            product.media.iter().map(|medium| self.known(Some(medium), "product.media", known)).collect();
        let media = if media.is_empty() { vec!["".into()] } else { media };
        for (rider, amount) in amounts {
            for medium in &media {
                self.rows.products.push(FareProduct {
                    id: product.id.get_ref().as_str().into(),
                    name: product.name.as_str().into(),
                    rider_category: rider.clone(),
                    media: medium.clone(),
                    amount,
                });
            }
        }
    }

    /// Gives every product of a feed a row for each category that the feed does not know and whose
    /// percentage the file gives. A category that the feed sells to keeps the feed's prices: it may have
    /// products of its own, beside which a percentage of the others would be a second price.
    pub(super) fn concessions(&mut self) {
        let default = self.rows.riders.iter().find(|rider| rider.is_default).map(|rider| rider.id.clone());
        let Some(default) = default else { return };
        let full: Vec<FareProduct> =
            self.rows.products.iter().filter(|row| *row.rider_category == *default).cloned().collect();
        for (rider, percent) in &self.percents {
            if self.rows.products.iter().any(|row| *row.rider_category == **rider) {
                continue;
            }
            for row in &full {
                let (rider_category, amount) = (rider.as_str().into(), percent_of(row.amount, *percent));
                self.rows.products.push(FareProduct { rider_category, amount, ..row.clone() });
            }
        }
    }

    pub(super) fn leg(&mut self, leg: &Leg) {
        let network = self.known(leg.network.as_ref(), "leg.network", has_network);
        let from_area = self.known(leg.from.as_ref(), "leg.from", has_area);
        let to_area = self.known(leg.to.as_ref(), "leg.to", has_area);
        let frame = |rows: &Rows, id: &str| rows.frames.iter().any(|frame| *frame.group == *id);
        let from_timeframe = self.known(leg.from_timeframe.as_ref(), "leg.from_timeframe", frame);
        let to_timeframe = self.known(leg.to_timeframe.as_ref(), "leg.to_timeframe", frame);
        let product = self.known(Some(&leg.product), "leg.product", has_product);
        self.rows.priorities |= leg.priority.is_some();
        self.rows.leg_rules.push(FareLegRule {
            leg_group: leg.group.as_str().into(),
            network,
            from_area,
            to_area,
            from_timeframe,
            to_timeframe,
            product,
            priority: leg.priority,
        });
    }

    pub(super) fn ladder(&mut self, ladder: &Ladder) {
        let network = self.known(Some(&ladder.network), "ladder.network", has_network);
        let steps = ladder.products.get_ref();
        let products: Vec<Box<str>> =
            steps.iter().map(|id| self.known(Some(id), "ladder.products", has_product)).collect();
        let areas: Vec<Box<str>> =
            ladder.areas.iter().map(|id| self.known(Some(id), "ladder.areas", has_area)).collect();
        if areas.len() > LADDER_AREAS_MAX {
            let what = format!("a ladder has at most {LADDER_AREAS_MAX} areas");
            self.say(&ladder.network.span(), "ladder.areas", what);
            return;
        }
        if products.is_empty() {
            self.say(&ladder.products.span(), "ladder.products", "give one product at least");
            return;
        }
        for (i, from) in areas.iter().enumerate() {
            for (j, to) in areas.iter().enumerate().filter(|(j, _)| *j != i) {
                let product = &products[i.abs_diff(j).min(products.len()) - 1];
                self.rows.leg_rules.push(FareLegRule {
                    leg_group: ladder.group.as_str().into(),
                    network: network.clone(),
                    from_area: from.clone(),
                    to_area: to.clone(),
                    from_timeframe: "".into(),
                    to_timeframe: "".into(),
                    product: product.clone(),
                    priority: None,
                });
            }
        }
    }

    pub(super) fn transfer(&mut self, transfer: &Transfer) {
        let group = |rows: &Rows, id: &str| rows.leg_rules.iter().any(|rule| *rule.leg_group == *id);
        let from_leg_group = self.known(transfer.from.as_ref(), "transfer.from", group);
        let to_leg_group = self.known(transfer.to.as_ref(), "transfer.to", group);
        let product = self.known(transfer.product.as_ref(), "transfer.product", has_product);
        let Some(kind) = self.word(&transfer.pays, "transfer.pays", &PAYS) else { return };
        if let Some(count) = &transfer.count
            && (from_leg_group != to_leg_group || *count.get_ref() == 0)
        {
            let what = "a count is 1 or more, and only for changes within one leg group";
            self.say(&count.span(), "transfer.count", what);
        }
        let limit = match (&transfer.within_s, &transfer.counted) {
            (None, None) => None,
            (Some(limit_s), Some(counted)) => {
                self.word(counted, "transfer.counted", &COUNTED).map(|kind| (*limit_s.get_ref(), kind))
            }
            (Some(alone), None) => {
                let what = "say how it counts: counted = \"end-to-start\" for the time between two legs";
                self.say(&alone.span(), "transfer.within_s", what);
                None
            }
            (None, Some(alone)) => {
                self.say(&alone.span(), "transfer.counted", "say within how many seconds: within_s");
                None
            }
        };
        let count = transfer.count.as_ref().map(|count| *count.get_ref());
        self.rows.transfer_rules.push(FareTransferRule {
            from_leg_group,
            to_leg_group,
            count,
            limit,
            kind,
            product,
        });
    }

    pub(super) fn cap(&mut self, cap: &super::Cap) {
        let there = self.rows.caps.iter().any(|there| *there.id == **cap.id.get_ref());
        self.is_new(&cap.id, "cap.id", there);
        let networks = cap.networks.get_ref();
        if networks.is_empty() {
            self.say(&cap.networks.span(), "cap.networks", "name the networks whose rides count");
        }
        let networks =
            networks.iter().map(|id| self.known(Some(id), "cap.networks", has_network).into()).collect();
        let period = Period::parse(cap.period.get_ref());
        if period.is_none() {
            self.say(&cap.period.span(), "cap.period", "write day, week, month or a number such as 30 days");
        }
        let amount = self.amount(&cap.amount, "cap.amount");
        let amounts = self.for_riders(amount, &cap.riders, "cap.riders");
        self.rows.caps.push(Cap {
            id: cap.id.get_ref().as_str().into(),
            networks,
            amounts: amounts
                .into_iter()
                .map(|(rider, amount)| (rider.into(), Satang(amount.minor)))
                .collect(),
            period: period.unwrap_or(Period::Day),
            counts_default: cap.counts_default.unwrap_or(true),
        });
    }
}

fn has_network(rows: &Rows, id: &str) -> bool {
    rows.networks.iter().any(|network| *network.id == *id)
}

fn has_area(rows: &Rows, id: &str) -> bool {
    rows.areas.iter().any(|area| *area.id == *id)
}

fn has_product(rows: &Rows, id: &str) -> bool {
    rows.products.iter().any(|product| *product.id == *id)
}

/// A share of an amount, down to whole satang: in the rider's favour for fares and credits alike.
fn percent_of(amount: Money, percent: u32) -> Money {
    let share = (i128::from(amount.minor) * i128::from(percent)).div_euclid(i128::from(WHOLE));
    // A share of 100 percent at most is within the range of the whole.
    Money { minor: i64::try_from(share).unwrap_or(amount.minor), ..amount }
}
