//! What has been told of each call, and when it is worth telling anew.
//!
//! Two listeners, two rules. The feed (GTFS-realtime) gets a new value when it moved by more than
//! 10 s or 0.15 σ, changed its minute, or moved at all and is 20 s old. The board gets a value when its minute
//! would be another and the time moved by 0.6 σ later or 0.3 σ earlier, or when the time shown has passed.
//! What always holds of both: calls in order, arrival not after departure.

use crate::gamma::{Warp, Z};
use crate::learned::calibration::Curve;
use crate::params::Params;
use crate::predict::Expected;
use crate::visit::Seen;
use gtfs::Timestamp;
use gtfs::time::MICROS;

/// The three published moments of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Moments {
    pub(crate) arrival: Timestamp,
    pub(crate) departure: Timestamp,
    /// 10 %, 50 %, 90 % of the arrival.
    pub(crate) quantiles: [Timestamp; 3],
}

/// What has been told of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Told {
    /// Anything at all has been told.
    pub(crate) known: bool,
    pub(crate) arrived: bool,
    pub(crate) departed: bool,
    pub(crate) skipped: bool,
    /// Passed at a time that nobody saw: nothing to tell the feed.
    pub(crate) unseen: bool,
    /// To the feed.
    pub(crate) feed: Moments,
    /// To the board.
    pub(crate) board: Moments,
    told: Timestamp,
}

impl Told {
    /// What the feed has been told of a call still to come.
    pub(crate) fn standing(&self) -> Option<Moments> {
        (self.known && !self.arrived && !self.departed).then_some(self.feed)
    }

    /// The same, of which only what was observed is still told.
    pub(crate) fn observed_only(&self) -> Self {
        Self { known: self.known && self.arrived, ..*self }
    }
}

/// Whose value changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) feed: bool,
    pub(crate) board: bool,
}

impl std::ops::BitOrAssign for Changed {
    fn bitor_assign(&mut self, other: Self) {
        self.feed |= other.feed;
        self.board |= other.board;
    }
}

/// A smaller move is none, seconds: at the edge of a minute it would change the label all the same.
const MOVED_S_MIN: f64 = 1.0;
/// A board's minute rises when the time moved by this share of its standard deviation: less is as likely
/// to be taken back in a minute. Found on both recordings (docs/accuracy.md).
const RISE_SIGMA: f64 = 0.6;
/// And falls from this share on: who comes too late for the vehicle loses more than who comes too early.
const FALL_SIGMA: f64 = 0.3;
/// A time is told at most this much before its median, seconds. Somebody on the way to the stop needs
/// a margin in seconds, not a share of what nobody can know half an hour ahead: beyond some ten
/// minutes the 40 % point only costs accuracy (docs/accuracy.md has both recordings without and with).
const MARGIN_S_MAX: f64 = 15.0;
/// Two calls of a trip are told at least this far apart: consumers want increasing times.
const APART: i64 = MICROS;

/// The time to tell, from the quantiles of [`Gamma::quantiles`]: the 40 % point, but at most
/// [`MARGIN_S_MAX`] before the median.
fn told_s([_, p40, p50, _]: &[f64; 4]) -> f64 {
    p40.max(p50 - MARGIN_S_MAX)
}

/// The moments of a call that is ahead: a little early as the time, no departure before it may.
pub(crate) fn moments(expected: &Expected, curve: &Curve, fix: Timestamp, now: Timestamp) -> Moments {
    let elapsed_s = now.since_s(fix).max(0.0);
    let after_s = |s: f64| Timestamp(fix.0 + (s * 1e6) as i64);
    let warp = curve.at(expected.arrival.mean_s - elapsed_s);
    let quantiles_s = expected.arrival.quantiles(elapsed_s, &warp);
    let told_s = told_s(&quantiles_s);
    let [p10, _, p50, p90] = quantiles_s.map(after_s);
    let arrival = after_s(told_s);
    let departure = after_s(departure_s(expected, told_s, elapsed_s)).max(arrival);
    Moments {
        arrival,
        departure: expected.not_before.map_or(departure, |aimed| departure.max(aimed)),
        quantiles: [p10, p50, p90],
    }
}

/// The departure, likewise a little early; the arrival's and the dwell when only that lies between.
fn departure_s(expected: &Expected, arrival_s: f64, elapsed_s: f64) -> f64 {
    if expected.departure.var_s2 > expected.arrival.var_s2 {
        return told_s(&expected.departure.quantiles(elapsed_s, &Warp(Z)));
    }
    arrival_s + (expected.departure.mean_s - expected.arrival.mean_s)
}

/// Tells the feed and the board, where it is worth it. With `along` the trip is told anyway, because
/// of a call before this one: whatever moved goes along, so that a trip speaks seldom and whole.
pub(crate) fn tell(
    told: &mut Told,
    fresh: Moments,
    sd_s: f64,
    along: bool,
    now: Timestamp,
    params: &Params,
) -> Changed {
    if !told.known {
        *told = Told { known: true, feed: fresh, board: fresh, told: now, ..*told };
        return Changed { feed: true, board: true };
    }
    let moved_s = fresh
        .arrival
        .since_s(told.feed.arrival)
        .abs()
        .max(fresh.departure.since_s(told.feed.departure).abs());
    let enough = moved_s > params.publish_change_s.max(params.publish_change_sigma * sd_s);
    let moved = moved_s >= MOVED_S_MIN;
    let old = moved && (along || now.since_s(told.told) >= params.publish_refresh_s);
    let relabelled = || minute(fresh.arrival, now) != minute(told.feed.arrival, now);
    let overdue = told.feed.arrival < now && !told.arrived && moved_s > 0.0;
    let feed = enough || old || overdue || (moved && relabelled());
    if feed {
        told.feed = fresh;
        told.told = now;
    }
    Changed { feed, board: tell_board(told, fresh, sd_s, now) }
}

fn tell_board(told: &mut Told, fresh: Moments, sd_s: f64, now: Timestamp) -> bool {
    // A departure that is held back (terminals) counts as the time shown.
    let shown = |m: &Moments| if m.departure.since_s(m.arrival) > 60.0 { m.departure } else { m.arrival };
    let later_s = shown(&fresh).since_s(shown(&told.board));
    // An arrival that has passed unseen is no longer to be read as coming, whatever is shown beside it.
    let gone = |m: &Moments| !told.arrived && m.arrival < now;
    let overdue = shown(&told.board) < now || (gone(&told.board) && !gone(&fresh));
    let sigmas = if later_s > 0.0 { RISE_SIGMA } else { FALL_SIGMA };
    let enough = later_s.abs() >= MOVED_S_MIN.max(sigmas * sd_s);
    let relabelled = || minute(shown(&fresh), now) != minute(shown(&told.board), now);
    let news = overdue || (enough && relabelled());
    if news {
        told.board = fresh;
    }
    news
}

/// The minute a display shows.
fn minute(t: Timestamp, now: Timestamp) -> i64 {
    (t.0 - now.0).div_euclid(60 * MICROS)
}

/// Takes over what has been observed of a call by the fix at `fix`.
pub(crate) fn observe(told: &mut Told, seen: &Seen, fix: Timestamp) -> Changed {
    let news = (seen.arrived, seen.departed) != (told.arrived, told.departed);
    if !news {
        return Changed::default();
    }
    (told.arrived, told.departed) = (seen.arrived, seen.departed);
    told.unseen = seen.departed && (seen.arrival.is_none() || seen.departure.is_none());
    // It is there by now, however long it has been.
    if let Some(arrival) = seen.arrival.or(seen.arrived.then_some(fix)) {
        for moments in [&mut told.feed, &mut told.board] {
            moments.arrival = arrival;
            moments.quantiles = [arrival; 3];
            moments.departure = moments.departure.max(arrival);
        }
    }
    if let Some(departure) = seen.departure {
        told.feed.departure = departure;
        told.board.departure = departure;
    }
    Changed { feed: told.known, board: told.known }
}

/// The earliest that the next call of a trip may be, for each listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    feed: Timestamp,
    board: Timestamp,
}

impl Order {
    /// Before the first call anything goes.
    pub(crate) fn new() -> Self {
        Self { feed: Timestamp(i64::MIN), board: Timestamp(i64::MIN) }
    }

    /// Puts the next call in order: its arrival after the departure before it, its departure not
    /// before its arrival, its quantiles around the arrival. Says what had to move.
    pub(crate) fn put(&mut self, told: &mut Told) -> Changed {
        let (arrived, departed) = (told.arrived, told.departed);
        Changed {
            feed: in_order(&mut told.feed, &mut self.feed, arrived, departed),
            board: in_order(&mut told.board, &mut self.board, arrived, departed),
        }
    }
}

fn in_order(moments: &mut Moments, earliest: &mut Timestamp, arrived: bool, departed: bool) -> bool {
    let Moments { arrival, departure, quantiles: [p10, p50, p90] } = *moments;
    let right = arrived || (*earliest <= arrival && p10 <= arrival && arrival <= p50 && p50 <= p90);
    let moves = !(right && (departed || arrival <= departure));
    if !right {
        let arrival = arrival.max(*earliest);
        let p50 = p50.max(arrival);
        (moments.arrival, moments.quantiles) = (arrival, [p10.min(arrival), p50, p90.max(p50)]);
    }
    if !departed && departure < moments.arrival {
        moments.departure = moments.arrival;
    }
    *earliest = Timestamp(moments.departure.0.saturating_add(APART));
    moves
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_500_000 * MICROS);

    fn moments(arrival_s: f64) -> Moments {
        let arrival = NOW.plus_s(arrival_s);
        Moments { arrival, departure: arrival, quantiles: [arrival; 3] }
    }

    /// A call told to come in `before_s`, now expected in `after_s`, give or take 100 s: is the board told?
    fn board_is_told(before_s: f64, after_s: f64) -> bool {
        let mut told =
            Told { known: true, board: moments(before_s), feed: moments(before_s), ..Told::default() };
        let changed = tell(&mut told, moments(after_s), 100.0, false, NOW, &Params::default()).board;
        assert_eq!(told.board == moments(after_s), changed);
        changed
    }

    #[test]
    fn a_board_keeps_its_minute_until_the_time_moved_by_more_than_may_be_taken_back() {
        assert!(!board_is_told(470.0, 520.0), "8 instead of 7, within what nobody knows");
        assert!(board_is_told(470.0, 535.0));
        assert!(!board_is_told(490.0, 475.0));
        assert!(board_is_told(490.0, 455.0), "an earlier vehicle is told sooner than a later one");
        assert!(!board_is_told(425.0, 475.0), "the minute is the same");
    }

    #[test]
    fn a_board_whose_time_has_passed_is_told_the_new_one_at_once() {
        assert!(board_is_told(-1.0, 20.0));
    }

    #[test]
    fn the_feed_is_told_what_the_board_holds_back() {
        let mut told = Told { known: true, board: moments(470.0), feed: moments(470.0), ..Told::default() };
        let changed = tell(&mut told, moments(520.0), 100.0, false, NOW, &Params::default());
        assert_eq!((changed, told.feed), (Changed { feed: true, board: false }, moments(520.0)));
    }

    #[test]
    fn what_is_put_in_order_says_whether_it_moved() {
        let mut told = Told { known: true, feed: moments(60.0), board: moments(60.0), ..Told::default() };
        let mut order = Order::new();
        assert_eq!(order.put(&mut told), Changed::default());
        let mut next = Told { known: true, feed: moments(60.0), board: moments(90.0), ..Told::default() };
        assert_eq!(order.put(&mut next), Changed { feed: true, board: false });
        assert_eq!(next.feed.arrival, NOW.plus_s(61.0));
        assert!(next.feed.departure >= next.feed.arrival && next.feed.quantiles[1] >= next.feed.arrival);
    }
}
