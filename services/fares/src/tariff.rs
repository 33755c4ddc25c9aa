//! What a ride costs: one immutable, dated version of all prices.
//!
//! A [`Tariff`] is made from [`Rows`], which are GTFS-Fares v2 rows and our extensions (caps, limits,
//! what a network asks of a rider). The same rows are charged and published, so the planner's price is
//! the price charged. Ids are interned when a tariff is made: pricing a leg allocates nothing.
//!
//! It knows no card, journey or ledger; it does not decide which legs a rider made, nor sum them under a
//! cap. What always holds: a fare is never below zero, a change never makes two legs dearer than they
//! would be apart, and of several fares that fit the rider pays the lowest.

pub mod cap;
mod change;
pub mod check;
mod compile;
pub mod dated;
pub mod export;
pub mod feed;
pub mod file;
pub mod frames;
pub mod journey;
pub mod limits;
mod price;
pub mod rows;

pub use cap::{Cap, Period};
pub use dated::Tariffs;
pub use limits::Limits;
pub use rows::{Refused, Rows};

use crate::money::Satang;
use chrono_tz::Tz;
use compile::Compiled;
use gtfs::{ServiceDay, Timestamp};
use std::sync::Arc;

/// A leg to be priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask<'a> {
    /// network_id.
    pub network: &'a str,
    /// stop_id of boarding; empty when unknown.
    pub from: &'a str,
    /// stop_id of alighting; empty when unknown or not asked for.
    pub to: &'a str,
    /// When it began.
    pub start: Timestamp,
    /// When it ended; `start` when unknown.
    pub end: Timestamp,
    /// rider_category_id; empty or unknown: the default category.
    pub rider: &'a str,
    /// fare_media_id; empty: any.
    pub medium: &'a str,
}

/// What a leg costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fare {
    /// For the default rider category.
    pub full: Satang,
    /// For this rider, without a change or a cap.
    pub alone: Satang,
    /// Which transfer rules apply to it.
    pub group: GroupIdx,
    /// The product and the rider category of its row, `bus adult`.
    pub product: Arc<str>,
}

/// A leg group (leg_group_id), by its number within one tariff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupIdx(pub u16);

impl GroupIdx {
    /// Of a leg rule without a leg_group_id: no transfer rule applies to it.
    pub const NONE: Self = Self(u16::MAX);
}

/// A leg that was ridden and priced, as a transfer rule looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ridden<'a> {
    /// [`Fare::group`].
    pub group: GroupIdx,
    /// route_id; empty when unknown.
    pub route: &'a str,
    /// When it began.
    pub start: Timestamp,
    /// When it ended, or is taken to have ended (fares design, section 6: chain end).
    pub end: Timestamp,
    /// [`Fare::alone`].
    pub alone: Satang,
    /// rider_category_id; empty or unknown: the default category.
    pub rider: &'a str,
    /// fare_media_id; empty: any.
    pub medium: &'a str,
}

/// What a network asks of a rider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetworkRule {
    /// Riders tap off too; otherwise one tap is a whole leg.
    pub tap_off: bool,
    /// A leg may be ended at another terminal of the network than the vehicle's: piers.
    pub ends_anywhere: bool,
    /// The least that a leg of the default rider category costs.
    pub minimum: Satang,
}

/// One version of all prices.
#[derive(Debug)]
pub struct Tariff {
    rows: Rows,
    compiled: Compiled,
}

impl Tariff {
    /// The tariff of some rows.
    ///
    /// # Errors
    /// Names the rows that can not be used: ids that lead nowhere, mixed currencies, more of something
    /// than can be counted, caps that are neither nested nor disjoint.
    pub fn new(mut rows: Rows) -> Result<Self, Refused> {
        cap::sort(&mut rows.caps);
        if rows.priorities {
            // An empty one is zero (GTFS reference, rule_priority).
            rows.leg_rules.iter_mut().for_each(|rule| rule.priority = rule.priority.or(Some(0)));
        }
        let compiled = Compiled::of(&rows)?;
        cap::nested_or_disjoint(&rows.caps).map_err(Refused::one)?;
        Ok(Self { rows, compiled })
    }

    /// The tariff of a tariff file.
    ///
    /// # Errors
    /// One reason a line: file, line, key, what to change.
    pub fn from_file(name: &str, text: &str) -> Result<Self, Refused> {
        Self::new(file::read(name, text, file::empty())?)
    }

    /// The tariff of a feed's fare files, and of a tariff file over them: its name and text.
    ///
    /// # Errors
    /// Names the rows, or the lines of the file, that can not be used.
    pub fn from_feed(timetable: &gtfs::Timetable, over: Option<(&str, &str)>) -> Result<Self, Refused> {
        let rows = feed::rows(timetable);
        Self::new(match over {
            Some((name, text)) => file::read(name, text, rows)?,
            None => rows,
        })
    }

    /// What it was made from.
    #[must_use]
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Shorter periods first, then fewer networks: the order in which they are applied.
    #[must_use]
    pub fn caps(&self) -> &[Cap] {
        &self.rows.caps
    }

    /// The network of a route.
    #[must_use]
    pub fn network_of(&self, route: &str) -> Option<&Arc<str>> {
        self.compiled.network_of(route)
    }

    /// What a network asks; one tap and nothing as the minimum where it is unknown.
    #[must_use]
    pub fn rule(&self, network: &str) -> NetworkRule {
        self.compiled.rule(network)
    }

    /// The least that a leg of a network costs this rider.
    #[must_use]
    pub fn minimum(&self, network: &str, rider: &str) -> Satang {
        self.compiled.minimum(network, rider)
    }

    /// The constants that go with the prices.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.rows.limits
    }

    /// Its name, written into everything that it priced.
    #[must_use]
    pub fn version(&self) -> &Arc<str> {
        &self.rows.version
    }

    /// From when on it applies.
    #[must_use]
    pub fn valid_from(&self) -> Timestamp {
        self.rows.valid_from
    }

    /// The zone of its times of day.
    #[must_use]
    pub fn tz(&self) -> Tz {
        self.rows.tz
    }

    /// rider_category_id of riders of whom nothing is known; empty when there are no categories.
    #[must_use]
    pub fn default_rider(&self) -> &str {
        self.compiled.default_rider()
    }

    /// The category that counts for a rider: his own when the tariff knows it, else the default one.
    #[must_use]
    pub fn category<'a>(&'a self, rider: &'a str) -> &'a str {
        if self.compiled.knows_rider(rider) { rider } else { self.default_rider() }
    }

    /// leg_group_id of a group.
    #[must_use]
    pub fn group_id(&self, group: GroupIdx) -> &str {
        self.compiled.group_id(group)
    }

    /// The group of a leg_group_id: what a leg that another version priced is to this one.
    #[must_use]
    pub fn group_named(&self, id: &str) -> GroupIdx {
        self.compiled.group_named(id)
    }

    /// The service day of an instant, where no trip says otherwise: days begin at
    /// [`Limits::day_boundary_s`] after local midnight.
    #[must_use]
    pub fn service_day_of(&self, t: Timestamp) -> ServiceDay {
        frames::service_day_of(t, self.rows.tz, self.rows.limits.day_boundary_s)
    }
}

#[cfg(test)]
mod tests;
