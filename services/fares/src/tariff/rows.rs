//! What a tariff is made from, and published as: GTFS-Fares v2 rows, and our extensions.
//!
//! Every id is text, so that rows say the same without the timetable that they came with.

use super::cap::Cap;
use super::frames::{Days, Frame};
use super::limits::Limits;
use crate::money::Satang;
use chrono_tz::Tz;
use gtfs::Timestamp;
use gtfs::fares::{FareLegRule, FareMedia, FareProduct, FareTransferRule, Named, RiderCategory};
use std::fmt;
use std::sync::Arc;

/// One version, as rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Its name.
    pub version: Arc<str>,
    /// From when on it applies.
    pub valid_from: Timestamp,
    /// The zone of times of day.
    pub tz: Tz,
    /// ISO 4217 letters; every amount is in it.
    pub currency: [u8; 3],
    /// `rider_categories.txt`.
    pub riders: Vec<RiderCategory>,
    /// `fare_media.txt`.
    pub media: Vec<FareMedia>,
    /// `networks.txt`, and what each asks of riders.
    pub networks: Vec<Network>,
    /// `route_networks.txt`: network_id and route_id.
    pub route_networks: Vec<(Box<str>, Box<str>)>,
    /// `areas.txt`.
    pub areas: Vec<Named>,
    /// `stop_areas.txt`: area_id and stop_id; the platforms of a station have rows of their own.
    pub stop_areas: Vec<(Box<str>, Box<str>)>,
    /// `timeframes.txt`.
    pub frames: Vec<Frame>,
    /// The days of each service_id that [`Rows::frames`] names.
    pub days: Vec<Days>,
    /// `fare_products.txt`.
    pub products: Vec<FareProduct>,
    /// `fare_leg_rules.txt`.
    pub leg_rules: Vec<FareLegRule>,
    /// Whether `fare_leg_rules.txt` has a column rule_priority: an empty network or area then means any,
    /// otherwise only those that no other rule names.
    pub priorities: bool,
    /// `fare_transfer_rules.txt`.
    pub transfer_rules: Vec<FareTransferRule>,
    /// Whether changing from a route to itself counts as a change; GTFS says nothing of it, so it does.
    pub same_route_changes: bool,
    /// Whether the time to change within one leg group counts from the first leg of the chain (GTFS
    /// reference, duration_limit_type) and not from the leg before.
    pub limit_from_first: bool,
    /// Sorted by [`super::cap::sort`] once they are a tariff.
    pub caps: Vec<Cap>,
    /// Constants.
    pub limits: Limits,
}

/// A network, and what it asks of riders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// network_id.
    pub id: Box<str>,
    /// network_name.
    pub name: Box<str>,
    /// Riders tap off too.
    pub tap_off: bool,
    /// A leg may be ended at another terminal of the network than the vehicle's.
    pub ends_anywhere: bool,
    /// rider_category_id and the least that a leg costs; a category that is not here pays at least the
    /// cheapest of the network's products.
    pub minimum: Vec<(Box<str>, Satang)>,
}

impl Default for Rows {
    /// No prices, in baht, with GTFS's meaning of everything.
    fn default() -> Self {
        Self {
            version: "".into(),
            valid_from: Timestamp(0),
            tz: Tz::Asia__Bangkok,
            currency: *b"THB",
            riders: Vec::new(),
            media: Vec::new(),
            networks: Vec::new(),
            route_networks: Vec::new(),
            areas: Vec::new(),
            stop_areas: Vec::new(),
            frames: Vec::new(),
            days: Vec::new(),
            products: Vec::new(),
            leg_rules: Vec::new(),
            priorities: false,
            transfer_rules: Vec::new(),
            same_route_changes: true,
            limit_from_first: true,
            caps: Vec::new(),
            limits: Limits::default(),
        }
    }
}

/// Why rows are no tariff: each line says what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Refused(pub Vec<String>);

impl Refused {
    /// For one reason.
    #[must_use]
    pub fn one(reason: String) -> Self {
        Self(vec![reason])
    }
}

/// One reason a line.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}
