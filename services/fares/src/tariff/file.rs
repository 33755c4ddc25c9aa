//! The tariff file: what a person writes, as TOML, and where a mistake in it is.
//!
//! A file is a whole tariff, or lies over the fare files of a feed and adds what GTFS has no place for: caps, limits,
//! what a network asks of riders, concessions. Amounts are text, so that none passes through a float.
//!
//! An unknown key is a mistake, and every mistake names the file, the line, the key and what to change.

mod fill;
mod mark;
mod prices;
mod words;

use super::rows::{Refused, Rows};
use mark::{Amount, Mark};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::value::Datetime;

/// Bytes of a tariff file; the sample's has 4 kB.
pub const FILE_BYTES_MAX: usize = 256 << 10;
/// Areas of a ladder, which has a rule for each pair of them.
pub const LADDER_AREAS_MAX: usize = 500;

/// Reads a tariff file over some rows: those of a feed, or [`empty`].
///
/// # Errors
/// One reason a line: file, line, key, what to change.
pub fn read(name: &str, text: &str, over: Rows) -> Result<Rows, Refused> {
    if text.len() > FILE_BYTES_MAX {
        return Err(Refused::one(format!("{name} is {} bytes: more than {FILE_BYTES_MAX}", text.len())));
    }
    let file: File = toml::from_str(text).map_err(|e| {
        let line = e.span().map_or(1, |span| mark::line(text, span.start));
        Refused::one(format!("{name} line {line}: {}", e.message()))
    })?;
    fill::fill(name, text, file, over)
}

/// What a tariff file begins with when there is no feed under it: our meaning of changes. Nobody changes
/// from a route to itself, and the time to change counts from the leg before (fares design, section 6).
#[must_use]
pub fn empty() -> Rows {
    Rows { same_route_changes: false, limit_from_first: false, ..Rows::default() }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Option<Mark<String>>,
    valid_from: Option<Mark<Datetime>>,
    timezone: Option<Mark<String>>,
    currency: Option<Mark<String>>,
    same_route_changes: Option<bool>,
    limit_from_first: Option<bool>,
    #[serde(default)]
    rider: Vec<Rider>,
    #[serde(default)]
    medium: Vec<Medium>,
    #[serde(default)]
    network: Vec<Network>,
    #[serde(default)]
    area: Vec<Area>,
    #[serde(default)]
    service: Vec<Service>,
    #[serde(default)]
    timeframe: Vec<Timeframe>,
    #[serde(default)]
    product: Vec<Product>,
    #[serde(default)]
    leg: Vec<Leg>,
    #[serde(default)]
    ladder: Vec<Ladder>,
    #[serde(default)]
    transfer: Vec<Transfer>,
    #[serde(default)]
    cap: Vec<Cap>,
    #[serde(default)]
    limits: Limits,
}

/// A rider category.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rider {
    id: Mark<String>,
    name: Option<String>,
    default: Option<bool>,
    /// Of the default category's amounts, down to whole satang. Over a feed: of its products for a category
    /// that is new, of caps and minimums for one that it knows.
    percent: Option<Mark<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Medium {
    id: Mark<String>,
    #[serde(default)]
    name: String,
    kind: Mark<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Network {
    id: Mark<String>,
    name: Option<String>,
    #[serde(default)]
    routes: Vec<Mark<String>>,
    tap_off: Option<bool>,
    ends_anywhere: Option<bool>,
    minimum: Option<Mark<Amount>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Area {
    id: Mark<String>,
    #[serde(default)]
    name: String,
    stops: Vec<Mark<String>>,
}

/// The days of a service_id of the feed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    id: Mark<String>,
    #[serde(default)]
    weekdays: Vec<Mark<String>>,
    #[serde(default)]
    also: Vec<Mark<Datetime>>,
    #[serde(default)]
    except: Vec<Mark<Datetime>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Timeframe {
    group: Mark<String>,
    start: Mark<String>,
    end: Mark<String>,
    service: Mark<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Product {
    id: Mark<String>,
    #[serde(default)]
    name: String,
    /// For the default category.
    amount: Mark<Amount>,
    /// For others, instead of their percentage.
    #[serde(default)]
    riders: BTreeMap<String, Mark<Amount>>,
    /// Any medium when empty.
    #[serde(default)]
    media: Vec<Mark<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Leg {
    #[serde(default)]
    group: String,
    network: Option<Mark<String>>,
    from: Option<Mark<String>>,
    to: Option<Mark<String>>,
    from_timeframe: Option<Mark<String>>,
    to_timeframe: Option<Mark<String>>,
    product: Mark<String>,
    priority: Option<u32>,
}

/// Areas in a row: the price of a leg is by how far apart they are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ladder {
    #[serde(default)]
    group: String,
    network: Mark<String>,
    areas: Vec<Mark<String>>,
    /// For 1, 2, 3 apart; the last one for all that are further.
    products: Mark<Vec<Mark<String>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Transfer {
    from: Option<Mark<String>>,
    to: Option<Mark<String>>,
    count: Option<Mark<u32>>,
    within_s: Option<Mark<u32>>,
    counted: Option<Mark<String>>,
    pays: Mark<String>,
    product: Option<Mark<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cap {
    id: Mark<String>,
    networks: Mark<Vec<Mark<String>>>,
    period: Mark<String>,
    /// For the default category.
    amount: Mark<Amount>,
    /// For others, instead of their percentage.
    #[serde(default)]
    riders: BTreeMap<String, Mark<Amount>>,
    counts_default: Option<bool>,
}

/// Every constant, as [`super::limits::Limits`] names it; one that is not given keeps its value.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    repeat_s: Option<u32>,
    void_s: Option<u32>,
    voids_per_day: Option<u32>,
    journey_s_max: Option<u32>,
    journey_aimed_percent: Option<u32>,
    journey_aimed_plus_s: Option<u32>,
    trip_end_grace_s: Option<u32>,
    chain_end_s_max: Option<u32>,
    day_boundary_s: Option<Mark<u32>>,
    peak_grace_s: Option<Mark<u32>>,
    autofills_per_month: Option<u32>,
    autofill_walk_m: Option<u32>,
    habit_days: Option<u32>,
    habit_legs_min: Option<u32>,
    habit_percent_min: Option<Mark<u32>>,
    late_days: Option<Mark<u32>>,
    expired_days: Option<u32>,
    board_with_minimum: Option<bool>,
    end_below_zero: Option<bool>,
    pax_max: Option<Mark<u8>>,
}

#[cfg(test)]
mod tests;
