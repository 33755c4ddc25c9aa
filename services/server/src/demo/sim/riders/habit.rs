//! When people go where: to work or school and back, to the market, to lunch, on a trip at the weekend.

use super::person::{Category, Rider};
use super::ways::{Lift, Ways};
use chrono::{Datelike as _, Weekday};
use gtfs::{ServiceDay, StopIdx};
use rand::RngExt as _;
use rand::rngs::StdRng;

/// Most journeys of a card in a day.
pub(super) const JOURNEYS_MAX: usize = 4;
/// Share of weekdays on which people go to work or school; the old and monks to market or temple.
const WORKDAY_SHARE: f64 = 0.85;
/// Likewise for a way out and back at the weekend.
const WEEKEND_SHARE: f64 = 0.45;
/// Share of days at work with a way out and back in the middle.
const ERRAND_SHARE: f64 = 0.15;
/// Share of those who come back another way, such as in a friend's car.
const OTHER_WAY_SHARE: f64 = 0.1;
/// An errand takes at least and at most, seconds.
const ERRAND_S: std::ops::Range<f64> = 1_200.0..3_600.0;

/// From one place to another, with one card.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Journey {
    pub(super) lifts: Vec<Lift>,
}

/// Where somebody means to go, at what hour.
struct Outing {
    out_h: f64,
    back_h: f64,
    has_errand: bool,
}

/// The journeys of a rider's day, 0 to [`JOURNEYS_MAX`], each after the one before.
pub(super) fn journeys(rider: &Rider, ways: &Ways<'_>, day: ServiceDay, rng: &mut StdRng) -> Vec<Journey> {
    let Some(outing) = outing(rider.category, day, rng) else { return Vec::new() };
    let mut made = Vec::new();
    let river = rider.river;
    let Some(there_s) = go(ways, (rider.home, rider.work), river, outing.out_h * 3600.0, &mut made) else {
        return made;
    };
    let mut free_s = there_s;
    if outing.has_errand
        && let Some(shop) = ways.town.anywhere(rng)
    {
        let begin_s = free_s.max((outing.out_h + outing.back_h) * 1800.0);
        if let Some(at_s) = go(ways, (rider.work, shop), None, begin_s, &mut made) {
            let done_s = at_s + rng.random_range(ERRAND_S);
            free_s = go(ways, (shop, rider.work), None, done_s, &mut made).unwrap_or(done_s);
        }
    }
    if !rng.random_bool(OTHER_WAY_SHARE) {
        let back_s = free_s.max(outing.back_h * 3600.0);
        go(ways, (rider.work, rider.home), river.map(|(a, b)| (b, a)), back_s, &mut made);
    }
    made.truncate(JOURNEYS_MAX);
    made
}

fn outing(category: Category, day: ServiceDay, rng: &mut StdRng) -> Option<Outing> {
    let is_weekend = matches!(day.0.weekday(), Weekday::Sat | Weekday::Sun);
    if !rng.random_bool(if is_weekend { WEEKEND_SHARE } else { WORKDAY_SHARE }) {
        return None;
    }
    let has_errand = rng.random_bool(ERRAND_SHARE);
    // The mean of two is a hill with soft feet.
    let mut hour = |from: f64, to: f64| (rng.random_range(from..to) + rng.random_range(from..to)) / 2.0;
    let (out_h, back_h) = match category {
        _ if is_weekend => (hour(8.0, 15.0), 0.0),
        Category::Adult => (hour(6.0, 9.5), hour(15.5, 19.5)),
        Category::Student => (hour(6.0, 8.2), hour(14.8, 17.5)),
        Category::Senior => (hour(6.5, 11.0), 0.0),
        Category::Monk => (hour(7.0, 14.0), 0.0),
    };
    let back_h = if back_h > 0.0 { back_h } else { out_h + hour(1.0, 4.0) };
    Some(Outing { out_h, back_h, has_errand })
}

/// Adds a journey, if there is a way that is not all on foot, and says when it ends; `None` when there is no way.
fn go(
    ways: &Ways<'_>,
    (from, to): (StopIdx, StopIdx),
    river: Option<(StopIdx, StopIdx)>,
    after_s: f64,
    made: &mut Vec<Journey>,
) -> Option<f64> {
    let by_river = river.and_then(|piers| by_river(ways, (from, to), piers, after_s));
    let (lifts, at_s) = by_river.or_else(|| ways.find(from, to, after_s, false))?;
    if !lifts.is_empty() {
        made.push(Journey { lifts });
    }
    Some(at_s)
}

fn by_river(
    ways: &Ways<'_>,
    (from, to): (StopIdx, StopIdx),
    (pier, other): (StopIdx, StopIdx),
    after_s: f64,
) -> Option<(Vec<Lift>, f64)> {
    let (mut lifts, at_s) = ways.find(from, pier, after_s, false)?;
    let (sail, at_s) = ways.find(pier, other, at_s, true)?;
    let (last, at_s) = ways.find(other, to, at_s, false)?;
    lifts.extend(sail);
    lifts.extend(last);
    Some((lifts, at_s))
}
