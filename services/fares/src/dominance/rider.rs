//! A rider who taps as he should, for some days.

use super::{History, Line};
use crate::ride::{Place, PlacedTap, Ride, RideCall, RideKey};
use crate::tap::{TapId, TapKind};
use crate::tariff::Tariff;
use gtfs::time::MICROS;
use gtfs::{ServiceDay, ServiceTime, Timestamp};
use std::sync::Arc;

/// Rides a day, and days.
const RIDES_MAX: u64 = 8;
const DAYS_MAX: u64 = 3;
/// The first day is one of so many after the tariff begins.
const BEGINS_DAYS: u64 = 28;
/// Nobody leaves home before, and boards after, this hour of the service day.
const FIRST_S: i64 = 5 * 3600;
const LAST_S: i64 = 22 * 3600;
/// A ride that would end later is not made, so that no ride is of two days.
const HOME_S: i64 = 24 * 3600;
/// Seconds.
const MINUTE: i64 = 60;

/// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014): the same numbers
/// from the same number, on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `n` - 1; 0 for none.
    fn below(&mut self, n: u64) -> u64 {
        self.roll().checked_rem(n).unwrap_or(0)
    }

    fn seconds(&mut self, from_min: i64, to_min: i64) -> i64 {
        let span = u64::try_from((to_min - from_min) * MINUTE).unwrap_or(0);
        from_min * MINUTE + i64::try_from(self.below(span + 1)).unwrap_or(0)
    }

    fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }
}

/// The history of a number.
pub(super) fn history(tariff: &Tariff, lines: &[Line], number: u64) -> History {
    let mut dice = Dice(number);
    let riders = &tariff.rows().riders;
    let category = riders.get(dice.index(riders.len() + 1)).map_or("", |rider| &*rider.id);
    let mut history = History { category: category.into(), ..History::default() };
    let begin = tariff.service_day_of(tariff.valid_from()).next();
    let mut day = (0..dice.below(BEGINS_DAYS)).fold(begin, |day, _| day.next());
    for _ in 0..=dice.below(DAYS_MAX) {
        a_day(&mut history, tariff, lines, day, &mut dice);
        day = day.next();
    }
    history
}

fn a_day(history: &mut History, tariff: &Tariff, lines: &[Line], day: ServiceDay, dice: &mut Dice) {
    let mut t_s = FIRST_S + dice.seconds(0, 5 * 60);
    for _ in 0..=dice.below(RIDES_MAX) {
        let Some(line) = lines.get(dice.index(lines.len())) else { return };
        // Riders who also tap off are those of whom a tap can be missing.
        let line = if tariff.rule(&line.network).tap_off { line } else { &lines[dice.index(lines.len())] };
        let Some(trip) = trip(line, t_s, dice) else { continue };
        if trip.on_s > LAST_S || trip.off_s > HOME_S {
            return;
        }
        ride(history, tariff, line, day, &trip, dice);
        t_s = trip.off_s + if dice.below(8) == 0 { dice.seconds(60, 300) } else { dice.seconds(1, 110) };
    }
}

/// A trip, and where and when the rider gets on and off; seconds of the day.
struct Trip {
    board: usize,
    alight: usize,
    /// When it leaves its first stop, and from a stop to the next.
    begins_s: i64,
    leg_s: i64,
    on_s: i64,
    off_s: i64,
}

fn trip(line: &Line, t_s: i64, dice: &mut Dice) -> Option<Trip> {
    let last = line.stops.len().checked_sub(1).filter(|last| *last > 0)?;
    let board = dice.index(last);
    let alight = board + 1 + dice.index(last - board);
    if line.stops[board] == line.stops[alight] {
        return None;
    }
    let leg_s = dice.seconds(2, 12);
    let of_call = |call: usize| i64::try_from(call).unwrap_or(0) * leg_s;
    let leaves_s = t_s + dice.seconds(0, 10);
    let off_s = leaves_s + of_call(alight - board) + dice.seconds(0, 1);
    Some(Trip { board, alight, begins_s: leaves_s - of_call(board), leg_s, on_s: t_s, off_s })
}

fn ride(history: &mut History, tariff: &Tariff, line: &Line, day: ServiceDay, trip: &Trip, dice: &mut Dice) {
    let rule = tariff.rule(&line.network);
    let at = |s: i64| Timestamp(day.at(tariff.tz(), ServiceTime(0)).0 + s * MICROS);
    let number = history.rides.len() + 1;
    let (vehicle, name): (Arc<str>, Arc<str>) =
        (format!("vehicle {number}").into(), format!("trip {number}").into());
    let calls = (1u32..).zip(&line.stops).map(|(sequence, stop)| RideCall {
        sequence,
        stop: Arc::clone(stop),
        aimed: at(trip.begins_s + i64::from(sequence - 1) * trip.leg_s),
        arrived: None,
        left: None,
    });
    let ride = Ride {
        key: RideKey { day, trip: name, start_s: 0 },
        route: Arc::clone(&line.route),
        agency: "".into(),
        vehicle: Arc::clone(&vehicle),
        calls: calls.collect(),
    };
    let is_pier = rule.tap_off && rule.ends_anywhere && dice.below(3) > 0;
    let mut tap = |call: usize, t_s: i64, kind: TapKind| {
        let mut place = Place {
            network: Arc::clone(&line.network),
            stop: Arc::clone(&line.stops[call]),
            ..Place::default()
        };
        if !is_pier {
            place.route = Arc::clone(&line.route);
            place.vehicle = Arc::clone(&vehicle);
            place.ride = Some(Arc::new(ride.key.clone()));
            place.sequence = ride.calls.get(call).map(|call| call.sequence);
        }
        let seq = i64::try_from(history.taps.len()).unwrap_or(i64::MAX);
        let terminal = Arc::clone(if is_pier { &place.stop } else { &vehicle });
        let id = TapId { terminal, epoch: 1, seq };
        history.taps.push(PlacedTap { id, t: at(t_s), kind, pax: 1, denied: false, place: Arc::new(place) });
    };
    tap(trip.board, trip.on_s, TapKind::On);
    if rule.tap_off {
        tap(trip.alight, trip.off_s, TapKind::Off);
    }
    history.rides.insert(ride.key.clone(), ride);
}
